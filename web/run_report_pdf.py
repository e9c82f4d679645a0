"""A run's report as a document of its own: HTML with its styles inside, and from that a PDF (WeasyPrint).

The letters are those of the pages' own font, which comes as a hundred files of some letters each. WeasyPrint takes
files of one name for one font and draws the letters of another, so each file is given a name of its own. Only those
that the report needs are read.
"""

import logging
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from dispatch.paper import Paper, Table
from web.assets import VENDOR
from web.errors import BusyError, NotConfiguredError

log = logging.getLogger(__name__)

_PATIENCE_S = 120
_FOLDER = Path(__file__).parent
_FONT = VENDOR / "noto-sans-sc"
_FACE = re.compile(r"@font-face\s*{[^}]*}")
_RANGE = re.compile(r"unicode-range:\s*([^;]+);")
_SOURCE = re.compile(r"url\(\.?/?files/([^)]+)\)")
# Of the pages' margins.
_ALWAYS = frozenset(map(ord, "演练，并非实情·EXERCISE, NOT REAL0123456789/"))

LACKS_PANGO = (
    "this server cannot make a PDF: WeasyPrint needs the system's library Pango."
    " Debian: apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0; then start the server again."
    " The page can be printed, and Word files are made without it"
)
LACKS_PANGO_ZH = (
    "本服务器不能生成 PDF：WeasyPrint 需要系统库 Pango。Debian 上请安装 libpango-1.0-0、libpangoft2-1.0-0、"
    "libharfbuzz-subset0 后重启服务。网页打印和 Word 文件不受影响"
)


@cache
def lacks_pango() -> bool:
    """Whether the system's libraries that a PDF is made with are missing; asked once."""
    try:
        import weasyprint  # noqa: F401  # it loads them
    except OSError:
        return True
    return False


def report_html(paper: Paper, *, fonts: str = "", families: str = "") -> str:
    """The report as a page of its own, for a file or a PDF; `fonts`: rules of the fonts that it brings along."""
    style = (_FOLDER / "static" / "run-report.css").read_text(encoding="utf-8")
    given = {"paper": paper, "style": style, "fonts": fonts, "families": families, "zh": paper.language == "zh"}
    return _environment().get_template("run_report_file.html").render(**given, columns=columns, in_file=True)


def report_pdf(paper: Paper) -> bytes:
    """The report as PDF, A4; raises NotConfiguredError where the system lacks what it is made with.

    In a process of its own, which gives way to others: a long run takes seconds of a core, and the pages of this server
    would wait for them. Raises BusyError where it takes too long.
    """
    return pdf_of(paper.text(), lambda fonts, families: report_html(paper, fonts=fonts, families=families))


def pdf_of(text: str, html_of: Callable[[str, str], str]) -> bytes:
    """Of another document of that kind: its letters, and its HTML with rules and names of the fonts that have them."""
    if lacks_pango():
        raise NotConfiguredError(LACKS_PANGO)
    faces = list(_faces(text))
    html = html_of("\n".join(face for _, face in faces), ", ".join(f'"{name}"' for name, _ in faces))
    try:
        command = [sys.executable, "-m", "web.pdf_drawing", _FONT.as_uri()]
        done = subprocess.run(command, input=html.encode(), capture_output=True, check=True, timeout=_PATIENCE_S)
    except subprocess.TimeoutExpired as error:
        raise BusyError(
            f"the PDF was not made within {_PATIENCE_S} s: print the page, or take the Word file"
        ) from error
    except subprocess.CalledProcessError as error:
        log.error("a PDF could not be made: %s", error.stderr.decode(errors="replace")[-2000:])
        raise
    return done.stdout


def columns(table: Table) -> list[str]:
    """How each column of a table is set."""
    kinds = {table.wide: "wide"} | dict.fromkeys(table.numbers, "number") | dict.fromkeys(table.times, "time")
    return [kinds.get(place, "") for place in range(len(table.head))]


@cache
def _environment() -> Environment:
    return Environment(loader=FileSystemLoader(_FOLDER / "templates"), autoescape=True)


def _faces(text: str) -> Iterator[tuple[str, str]]:
    """The font's files that hold a letter of the text, the Latin ones first: a name, and a rule for each."""
    needed = {ord(char) for char in text} | _ALWAYS
    found = [(ranges, face) for ranges, face in _known_faces() if any(start <= char <= end for start, end in ranges
                                                                     for char in needed)]  # fmt: skip
    found.sort(key=lambda one: one[0])
    for number, (_, face) in enumerate(found):
        yield f"sc{number}", face.replace("@name@", f"sc{number}")


@cache
def _known_faces() -> tuple[tuple[tuple[tuple[int, int], ...], str], ...]:
    """Each file of the font: which letters it has, and its rule with a stand-in for the name."""
    sheet = (_FONT / "index.css").read_text(encoding="utf-8")
    return tuple((_ranges(face), _rule(face)) for face in _FACE.findall(sheet))


def _rule(face: str) -> str:
    file = _SOURCE.search(face)
    assert file is not None, face
    source = (_FONT / "files" / file[1]).as_uri()
    return f'@font-face {{ font-family: "@name@"; font-weight: 100 900; src: url("{source}") format("woff2"); }}'


def _ranges(face: str) -> tuple[tuple[int, int], ...]:
    told = _RANGE.search(face)
    assert told is not None, face
    pairs = (part.strip()[2:].partition("-") for part in told[1].split(","))
    return tuple((int(start, 16), int(end or start, 16)) for start, _, end in pairs)
