"""What can be told of the look without a browser: contrast, and words in both languages."""

import re
from itertools import product
from pathlib import Path

import pytest

import web

STATIC = Path(web.__file__).parent / "static"
_TOKENS = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6});", (STATIC / "screen.css").read_text()))


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb (WCAG 2.1)."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio, 1 to 21 (WCAG 2.1)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(
    ("ink", "ground"),
    list(
        product(
            ["text", "soft", "calm", "crimson", "orange", "yellow", "blue"], ["ground", "panel", "raised", "urgent"]
        )
    ),
)
def test_everything_is_read_from_four_metres(ink: str, ground: str) -> None:
    assert contrast(_TOKENS[ink], _TOKENS[ground]) >= 7


def test_levels_on_the_canvas_have_the_colours_of_the_style_sheet() -> None:
    drawn = re.search(r"COLOURS = \{(.*?)\}", (STATIC / "levels.js").read_text())
    assert drawn is not None
    for level, colour in re.findall(r'(\w+): "(#\w+)"', drawn[1]):
        assert colour == _TOKENS[level]


def strings() -> dict[str, str]:
    """The table of strings.js: key → its two texts."""
    table = (STATIC / "strings.js").read_text().split("const table = {")[1].split("\n};")[0]
    entries = re.findall(r'^  (?:"([^"]+)"|(\w+)): \{(.*?)\},?$', table, re.DOTALL | re.MULTILINE)
    return {quoted or bare: texts for quoted, bare, texts in entries}


def test_every_string_is_there_in_both_languages() -> None:
    for key, texts in strings().items():
        zh = re.search(r'zh: "([^"]+)"', texts)
        en = re.search(r'en: "([^"]+)"', texts)
        assert zh is not None, key
        assert en is not None, key
        assert set(re.findall(r"\{\w+\}", zh[1])) == set(re.findall(r"\{\w+\}", en[1])), key


def test_every_string_that_is_asked_for_is_there_and_none_is_idle() -> None:
    sources = "".join(path.read_text() for path in STATIC.glob("*.js") if path.name != "strings.js")
    sources += (STATIC.parent / "templates/screen.html").read_text()
    known = strings()
    asked = set(re.findall(r'\bt\("([\w.]+)"', sources)) | set(re.findall(r'data-(?:t|label)="([\w.]+)"', sources))
    assert asked <= set(known)
    plain = {key for key in known if "." not in key}
    assert {key for key in plain if f'"{key}"' not in sources} == set()


def test_our_alerts_never_take_the_name_of_an_official_warning() -> None:
    assert "预警信号" not in (STATIC / "strings.js").read_text()
