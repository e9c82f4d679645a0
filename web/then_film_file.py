"""The film strip as a document of its own, its style inside: what the PDF is made of."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from web.then_film import Film

_FOLDER = Path(__file__).parent


def film_html(film: Film, words: dict[str, str], fonts: str, families: str) -> str:
    """`fonts`: rules of the fonts that it brings along, `families`: their names."""
    style = "".join(
        (_FOLDER / "static" / name).read_text(encoding="utf-8") for name in ("run-report.css", "then/film.css")
    )
    template = _environment().get_template("then_report_file.html")
    return template.render(
        film=film, words=words, style=style, fonts=fonts, families=families, zh=film.language == "zh"
    )


@cache
def _environment() -> Environment:
    return Environment(loader=FileSystemLoader(_FOLDER / "templates"), autoescape=True)
