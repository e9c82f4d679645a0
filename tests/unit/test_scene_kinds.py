"""Kinds of things and their schema: what ships holds together, and values are what it says."""

import re
from pathlib import Path

import pytest

import web
from config.errors import ConfigError
from scene.kinds import Attribute, load_kinds, shipped_kinds
from scene.rows import names_of, read_rows
from scene.values import ValueWrong, shown, value_of

ICONS = Path(web.__file__).parent / "static" / "scene" / "icons.svg"


def test_sixteen_kinds_ship_each_with_a_sign_of_its_own() -> None:
    kinds = shipped_kinds()
    drawn = dict(re.findall(r'<symbol id="(\w+)"[^>]*>(.*?)</symbol>', ICONS.read_text(encoding="utf-8")))
    assert len(kinds) == 16
    assert list(drawn) == list(kinds)
    assert len(set(drawn.values())) == 16
    assert {kind.group for kind in kinds.values()} == {"house", "land", "object", "body"}


def test_no_two_columns_of_a_kind_are_called_alike() -> None:
    for kind in shipped_kinds().values():
        heads = [head.lower() for zh_en in names_of(kind).values() for head in set(zh_en)]
        assert len(heads) == len(set(heads)), kind.id


NUMBER = Attribute(zh="数", en="n", type="number", least=0, most=100)
WHOLE = Attribute(zh="数", en="n", type="integer", least=1)
CHOICE = Attribute(zh="类", en="c", type="choice", choices={"fire": ("消防站", "fire station")})
URL, DAY, TEXT = (Attribute(zh="x", en="x", type=one) for one in ("url", "date", "text"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "schema", "value"),
    [
        ("2.5", NUMBER, 2.5), ("12", WHOLE, 12), ("3.0", WHOLE, 3), ("消防站", CHOICE, "fire"),
        ("FIRE", CHOICE, "fire"),
        ("Fire station", CHOICE, "fire"), ("http://10.1.2.3:8080/a?b=c", URL, "http://10.1.2.3:8080/a?b=c"),
        ("2026/1/5", DAY, "2026-01-05"), ("2026-11-27", DAY, "2026-11-27"), ("<b>'\"=1", TEXT, "<b>'\"=1"),
    ],
)  # fmt: skip
def test_what_the_schema_allows_is_taken(text: str, schema: Attribute, value: object) -> None:
    assert value_of(text, schema) == value


@pytest.mark.parametrize(
    ("text", "schema", "what"),
    [
        ("nan", NUMBER, "no_number"), ("1e999", NUMBER, "no_number"), ("-1", NUMBER, "too_small"),
        ("101", NUMBER, "too_large"), ("2.5", WHOLE, "no_integer"), ("5 人", WHOLE, "no_integer"),
        ("警察", CHOICE, "choice"), ("javascript:alert(1)", URL, "no_url"), ("file:///etc/passwd", URL, "no_url"),
        ("http://", URL, "no_url"), ("http://a:99999/", URL, "no_url"), ("http://x/ y", URL, "no_url"),
        ("rtsp://10.1.2.3/1", URL, "no_url"), ("http://admin:12345@10.1.2.3/", URL, "url_secret"),
        ("2026-13-01", DAY, "no_date"), ("明天", DAY, "no_date"), ("a\x00b", TEXT, "no_text"),
        ("a\u202eb", TEXT, "no_text"), ("长" * 501, TEXT, "too_long"),
    ],
)  # fmt: skip
def test_what_it_does_not_is_told(text: str, schema: Attribute, what: str) -> None:
    with pytest.raises(ValueWrong) as told:
        value_of(text, schema)
    assert told.value.what == what


def test_values_are_shown_in_words() -> None:
    assert shown("fire", CHOICE, "zh") == "消防站"
    assert shown("fire", CHOICE, "en") == "fire station"
    assert shown(3.0, NUMBER, "zh") == "3"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[Big]\nzh="大"\nen="b"\ngroup="house"\nmin_zoom=1', "small letters"),
        ('[a]\nzh="大"\nen="b"\ngroup="sky"\nmin_zoom=1', "sky"),
        ('[a]\nzh="大"\nen="b"\ngroup="house"\nmin_zoom=1\n[a.attributes]\nname={zh="n",en="n",type="text"}', "name"),
        ('[a]\nzh="大"\nen="b"\ngroup="house"\nmin_zoom=1\n[a.attributes]\nc={zh="n",en="n",type="choice"}', "choices"),
    ],
)
def test_a_file_of_kinds_that_does_not_hold_together_says_where(text: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "kinds.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=told):
        load_kinds(file)


def test_geojson_of_strangers_is_told_by_feature() -> None:
    kind = shipped_kinds()["shelter"]
    raw = (
        b'{"type": "FeatureCollection", "features": [3, {"geometry": null}, {"geometry": {"type": "Point"}},'
        b'{"geometry": {"type": "Point", "coordinates": [106.5, 29.5]},'
        b' "properties": {"name": {"a": 1}, "capacity": 5}},'
        b'{"geometry": {"type": "Polygon", "coordinates": [[[0,0],[1,1],[0,1],[1,0],[0,0]]]},'
        b' "properties": {"name": "x", "capacity": 5}},'
        b'{"geometry": {"type": "Point", "coordinates": [106.5, 29.5]}, "properties": {"name": "y", "capacity": 5}}]}'
    )
    told = read_rows("a.geojson", raw, kind)
    assert [row.name for row in told.rows] == ["y"]
    assert {fault.row for fault in told.faults if fault.what == "no_shape"} == {1, 2, 3, 5}
    assert {fault.row for fault in told.faults if fault.what == "no_text"} == {4}
