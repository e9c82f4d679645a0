"""What can be told of the look without a browser: contrast, and words in both languages."""

import re
from itertools import product
from pathlib import Path

import pytest

import web

STATIC = Path(web.__file__).parent / "static"
_SHEET = (STATIC / "screen.css").read_text()


def tokens(selector: str) -> dict[str, str]:
    """The colours that a rule of screen.css names."""
    rule = re.search(re.escape(selector) + r" \{(.*?)\n\}", _SHEET, re.DOTALL)
    assert rule is not None
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", rule[1]))


THEMES = {"dark": tokens(":root"), "light": tokens(':root[data-theme="light"]')}
INKS = ["text", "soft", "mark", "calm", "crimson", "amber", "gold", "azure"]
GROUNDS = ["ground", "panel", "raised", "float", "hover", "urgent", "well"]


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb (WCAG 2.1)."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio, 1 to 21 (WCAG 2.1)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("theme", "ink", "ground"), list(product(THEMES, INKS, GROUNDS)))
def test_everything_is_read_from_four_metres(theme: str, ink: str, ground: str) -> None:
    assert contrast(THEMES[theme][ink], THEMES[theme][ground]) >= 7


def test_the_light_theme_has_a_colour_for_everything_that_the_dark_one_has() -> None:
    assert THEMES["light"].keys() == THEMES["dark"].keys()


@pytest.mark.parametrize("theme", THEMES)
def test_signs_of_levels_stand_out_from_the_map_and_from_each_other(theme: str) -> None:
    colours = THEMES[theme]
    signs = [colours[level] for level in ("red", "orange", "yellow", "blue")]
    assert len(set(signs)) == 4
    if theme == "dark":  # by day an outline and the shape do it for yellow
        assert all(contrast(sign, colours["township-fill"]) >= 3 for sign in signs)


def test_what_is_drawn_on_canvas_asks_the_style_sheet() -> None:
    drawn = re.search(r"COLOURS = \{(.*?)\n\};", (STATIC / "levels.js").read_text(), re.DOTALL)
    assert drawn is not None
    assert set(re.findall(r'colour\("--(\w+)"\)', drawn[1])) == {"red", "orange", "yellow", "blue"}


PARTS = ("city", "ground", "scene", "now", "then", "manners", "figures")  # whose words are added to the table


def strings() -> dict[str, str]:
    """The table of strings.js and what the parts add to it: key → its two texts."""
    tables = [(STATIC / "strings.js").read_text().split("const table = {")[1].split("\n};")[0]]
    tables += [(STATIC / part / "strings.js").read_text().split("addWords({")[1].split("\n});")[0] for part in PARTS]
    found: dict[str, str] = {}
    for table in tables:
        entries = re.findall(r'^  (?:"([^"]+)"|(\w+)): \{(.*?)\},?$', table, re.DOTALL | re.MULTILINE)
        for quoted, bare, texts in entries:
            assert (quoted or bare) not in found, f"two strings are named {quoted or bare}"
            found[quoted or bare] = texts
    return found


def test_every_string_is_there_in_both_languages() -> None:
    for key, texts in strings().items():
        zh = re.search(r'zh: "([^"]+)"', texts)
        en = re.search(r'en: "([^"]+)"', texts)
        assert zh is not None, key
        assert en is not None, key
        assert set(re.findall(r"\{\w+\}", zh[1])) == set(re.findall(r"\{\w+\}", en[1])), key


def test_every_string_that_is_asked_for_is_there_and_none_is_idle() -> None:
    modules = [*STATIC.glob("*.js"), *(path for part in PARTS for path in (STATIC / part).glob("*.js"))]
    sources = "".join(path.read_text() for path in modules if path.name != "strings.js")
    sources += "".join((STATIC.parent / f"templates/{name}.html").read_text() for name in ("screen", "figures"))
    known = strings()
    asked = set(re.findall(r'\bt\("([\w.]+)"', sources)) | set(re.findall(r'data-(?:t|label)="([\w.]+)"', sources))
    assert asked <= set(known)
    plain = {key for key in known if "." not in key}
    assert {key for key in plain if f'"{key}"' not in sources} == set()


def test_our_alerts_never_take_the_name_of_an_official_warning() -> None:
    assert all("预警信号" not in path.read_text() for path in STATIC.rglob("strings.js"))
