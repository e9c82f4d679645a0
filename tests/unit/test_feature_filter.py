"""CQL2 filters over a handful of features, beside what the standard says they mean."""

from typing import Any

import numpy as np
import pytest
import shapely

from geo.errors import FilterWrong
from geo.feature_filter import MOST_CHARACTERS, matching, read_filter
from geo.filter_columns import Columns

_DAY = 86_400.0


def columns() -> Columns:
    """甲 0…10 °E since ever, 乙 10…20 from 1970-01-02, 丙 20…30 until 1970-01-04, and one that nothing is known of."""
    since = np.array([-np.inf, _DAY, 0.0, _DAY])
    until = np.array([np.inf, np.inf, 3 * _DAY, 2 * _DAY])
    return Columns(
        count=4,
        properties={
            "name": np.array(["江北", "渝中区", "Ab%c", None], dtype=object),
            "households": np.array([300, 500, 800, None], dtype=object),
            "derived": np.array([True, False, True, None], dtype=object),
        },
        times={"since": (since, since), "until": (until, until), "valid": (since, until)},
        geometries={"geometry": np.array([shapely.box(10 * i, 0, 10 * i + 10, 10) for i in range(4)])},
    )


def found(text: str) -> list[int]:
    return np.flatnonzero(matching(read_filter(text, "cql2-text"), columns())).tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("households = 500", [1]),
        ("households <> 500", [0, 2]),
        ("households >= 500", [1, 2]),
        ("500 > households", [0]),
        ("NOT households = 500", [0, 2]),  # nothing is neither equal nor unequal
        ("households IS NULL", [3]),
        ("households IS NOT NULL", [0, 1, 2]),
        ("households BETWEEN 300 AND 500", [0, 1]),
        ("households NOT BETWEEN 300 AND 500", [2]),
        ("households IN (300, 800)", [0, 2]),
        ("name IN ('江北', '渝中区')", [0, 1]),
        ("name NOT IN ('江北')", [1, 2]),
        ("CASEI(name) IN (CASEI('AB%c'), '江北')", [0, 2]),
        ("name = '江北' OR households = 800", [0, 2]),
        ("name = '江北' AND households = 800", []),
        ("name = '江北' OR households IS NULL", [0, 3]),
        ("NOT (name = '江北' OR households = 800)", [1]),
        ("name LIKE '%中%'", [1]),
        ("name LIKE '江_'", [0]),
        ("name LIKE '_北_'", []),
        (r"name LIKE 'Ab\%c'", [2]),
        (r"name LIKE 'Ab\%d'", []),
        ("name NOT LIKE '江%'", [1, 2]),
        ("CASEI(name) LIKE CASEI('aB%')", [2]),
        ("CASEI(name) = CASEI('AB%C')", [2]),
        ("derived = TRUE", [0, 2]),
        ("derived", [0, 2]),
        ("NOT derived", [1]),
        ("name < '渝'", [0, 2]),
        ("S_INTERSECTS(geometry, POINT(5 5))", [0]),
        ("S_INTERSECTS(geometry, BBOX(5, 5, 15, 6))", [0, 1]),
        ("S_INTERSECTS(geometry, POINT(10 5))", [0, 1]),
        ("S_WITHIN(geometry, BBOX(-1, -1, 21, 11))", [0, 1]),
        ("S_CONTAINS(geometry, POINT(10 5))", []),
        ("S_DISJOINT(geometry, POLYGON((0 0, 9 0, 9 9, 0 0)))", [1, 2, 3]),
        ("S_TOUCHES(geometry, BBOX(10, 0, 20, 10))", [0, 2]),
        ("S_EQUALS(geometry, BBOX(10, 0, 20, 10))", [1]),
        ("S_OVERLAPS(geometry, BBOX(5, -5, 15, 15))", [0, 1]),
        ("S_CROSSES(geometry, LINESTRING(-5 5, 5 5))", [0]),
        ("T_AFTER(since, TIMESTAMP('1970-01-01T12:00:00Z'))", [1, 3]),
        ("T_BEFORE(until, DATE('1970-01-03'))", []),  # the day begins at 16:00 UTC of the day before
        ("T_BEFORE(until, DATE('1970-01-04'))", [3]),
        ("T_DURING(valid, INTERVAL('1970-01-01', '1970-01-10'))", [2, 3]),
        ("T_INTERSECTS(valid, INTERVAL('1970-01-05T00:00:00Z', '..'))", [0, 1]),
        ("T_CONTAINS(valid, TIMESTAMP('1970-01-03T12:00:00Z'))", [0, 1, 2]),
        ("T_EQUALS(INTERVAL(since, until), INTERVAL('1970-01-02T00:00:00Z', '1970-01-03T00:00:00Z'))", [3]),
        ("T_STARTS(valid, INTERVAL('1970-01-02T00:00:00Z', '..'))", [3]),
        ("T_STARTEDBY(valid, INTERVAL('1970-01-02T00:00:00Z', '1970-01-03T00:00:00Z'))", [1]),
        ("T_FINISHES(valid, INTERVAL('1970-01-01T12:00:00Z', '1970-01-03T00:00:00Z'))", [3]),
        ("T_MEETS(valid, INTERVAL('1970-01-04T00:00:00Z', '..'))", [2]),
        ("T_OVERLAPS(valid, INTERVAL('1970-01-02T12:00:00Z', '1970-02-01T00:00:00Z'))", [2, 3]),
        ("since >= TIMESTAMP('1970-01-02T00:00:00Z')", [1, 3]),
        ("since IS NULL", [0]),
    ],
)
def test_a_filter_means_what_the_standard_says(text: str, expected: list[int]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "name =", "nothing = 1", "name = 1", "households < 'x'", "name LIKE households", "1 + households = 2",
        "S_INTERSECTS(name, POINT(1 2))", "S_INTERSECTS(geometry, 5)", "T_AFTER(name, DATE('2020-01-01'))",
        "T_AFTER(since, '2020-01-01')", "T_AFTER(since, TIMESTAMP('2020-13-01T00:00:00Z'))", "foo(name) = 1",
        "accenti(name) = 'x'", "A_CONTAINS(name, ('a'))", "name LIKE '%a%b%c%d%e%f%g%h%i%j%k%'", "5",
        "(" * 3000 + "derived" + ")" * 3000, "NOT " * 3000 + "derived", "name = '" + "x" * MOST_CHARACTERS + "'",
        "1" + "+1" * 3000 + " = households", "S_INTERSECTS(geometry, POINT(1))", "name IN ()",
        "T_AFTER(since, DATE('2020-02-30'))",
        " OR ".join(["derived = TRUE"] * 200), "name IN (households)", "BETWEEN(1,2)", "households BETWEEN 1", "",
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_with_words(text: str) -> None:
    with pytest.raises(FilterWrong, match=r"\w"):
        found(text)


def _json(expression: str) -> list[int]:
    return np.flatnonzero(matching(read_filter(expression, "cql2-json"), columns())).tolist()


def test_the_same_in_json() -> None:
    assert _json('{"op": "in", "args": [{"property": "households"}, [300, 800]]}') == [0, 2]
    place = '{"type": "Point", "coordinates": [5, 5]}'
    assert _json(f'{{"op": "s_intersects", "args": [{{"property": "geometry"}}, {place}]}}') == [0]
    assert _json('{"op": "and", "args": [true, {"property": "derived"}]}') == [0, 2]


@pytest.mark.parametrize(
    "value",
    ["[]", "{}", "5", '{"op": 1}', '{"op": "and"}', '{"op": "=", "args": 3}', '{"op": "=", "args": [1]}', "{",
     '{"op": "not", "args": []}', '{"op": "in", "args": [{"property": "name"}, "x"]}',
     '{"op": "=", "args": [{"property": []}, 1]}', '{"op": "like", "args": [{"property": "name"}, {"op": "casei"}]}',
     '{"op": "s_intersects", "args": [{"property": "geometry"}, {"bbox": [1, 2, "x", 4]}]}',
     '{"op": "t_after", "args": [{"property": "since"}, {"timestamp": 5}]}',
     '{"op": "t_during", "args": [{"property": "valid"}, {"interval": [1, 2]}]}',
     '{"op": "=", "args": [{"property": "name"}, [1]]}', '{"op": "=", "args": [{"property": "name"}, {"date": []}]}'],
)  # fmt: skip
def test_json_that_is_no_filter_is_refused(value: Any) -> None:
    with pytest.raises(FilterWrong, match=r"\w"):
        _json(value)
