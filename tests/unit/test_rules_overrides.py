"""Overrides: what a rule is for certain sensors and divisions, and what a fault in one says."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.errors import EditedFileError
from alerts.rule_levels import Threshold
from alerts.rule_needs import reaches
from alerts.rule_overrides import effective, fitting
from alerts.rules import parse_rules

HOUR_US = 3_600_000_000
RAIN = """\
id = "test"
number = 1
label = {zh = "试", en = "Test"}
first_action = {zh = "试", en = "Test"}
kind = "threshold"
quantity = "rain"
unit = "mm"
direction = "above"
measure = {of = "sum", over_h = 3}
raise_after = 2
margin_fraction = 0.1
clear_for_s = 1800
[levels]
blue = {value = 50.0, over_h = 12}
orange = 50.0
red = 100.0
"""  # 16 lines


def only(text: str) -> Any:
    (rule,) = parse_rules({Path("test.toml"): text.encode()})
    return rule


OVERRIDE = """
[[override]]
divisions = ["500114"]
levels = {blue = 40.0}

[[override]]
divisions = ["500114005"]
margin = 3.0
levels = {blue = 30.0, yellow = {value = 45.0, over_h = 6}}

[[override]]
sensors = ["a", "b"]
raise_after = 5

[[override]]
divisions = ["500"]
enabled = false

[[override]]
sensors = ["b"]
divisions = []
enabled = true
"""  # lines 17 on
OVERRIDE_FAULTS = [
    ('sensors = ["a", "b"]\n', "", 27, "either `sensors` or `divisions`", "names of sensors"),
    ('sensors = ["a", "b"]', 'sensors = ["a"]\ndivisions = ["50"]', 28, "either `sensors` or", "names of sensors"),
    ("raise_after = 5", "", 27, "changes nothing", "enabled = false"),
    ("raise_after = 5", "intervals = 5", 29, "nothing that this kind", "intervals = 3"),
    ("raise_after = 5", "raise_after = 0", 29, ">= 1", "raise_after = 2"),
    ('["500114"]', '["5001x4"]', 19, "matching regex", "division codes"),
    ("{blue = 40.0}", "{orange = 140.0}", 20, "orange 140, red 100", "no milder"),
    ("{blue = 40.0}", "{blue = '40'}", 20, "got `str`", "write a number"),
    ("margin = 3.0", "margin = 3.0\nmargin_fraction = 0.1", 24, "either a `margin`", "margin = 0.2"),
    ("margin = 3.0", "marjin = 3.0", 24, "`marjin`", "did you mean `margin`"),
]


@pytest.mark.parametrize(("old", "new", "line", "reason", "mend"), OVERRIDE_FAULTS)
def test_a_fault_of_an_override_is_named(old: str, new: str, line: int, reason: str, mend: str) -> None:
    assert old in OVERRIDE
    with pytest.raises(EditedFileError) as caught:
        only(RAIN + OVERRIDE.replace(old, new, 1))
    assert reason in caught.value.reason, caught.value
    assert caught.value.line == line, caught.value
    assert mend in caught.value.mend, caught.value


def test_the_most_particular_override_has_the_last_word() -> None:
    rule = only(RAIN + OVERRIDE)
    nested = frozenset({"50", "500", "500114", "500114005"})
    assert effective(rule, "x", frozenset({"51"})) == rule
    assert effective(rule, "a", nested) is None
    own = effective(rule, "b", nested)
    assert own is not None
    assert fitting(rule, "b", nested) == (3, 0, 1, 2, 4)
    assert own.levels.blue == Threshold(value=30.0, over_h=12)  # the window stays
    assert own.levels.yellow == Threshold(value=45.0, over_h=6)
    assert own.levels.red == Threshold(value=100.0)
    assert (own.margin, own.margin_fraction, own.raise_after) == (3.0, None, 5)
    county = effective(rule, None, frozenset({"500114"}))
    assert county is not None
    assert (county.levels.blue, county.margin_fraction) == (Threshold(value=40.0, over_h=12), 0.1)


@given(st.sets(st.sampled_from(["500", "500114", "500114005", "51"])), st.sampled_from([None, "a", "b", "c"]))
def test_subjects_with_the_same_overrides_have_the_same_rule(divisions: set[str], sensor: str | None) -> None:
    rule = only(RAIN + OVERRIDE)
    fits = fitting(rule, sensor, frozenset(divisions))
    ranks = [100 if rule.override[one].sensors else max(map(len, rule.override[one].divisions)) for one in fits]
    assert ranks == sorted(ranks)
    own = effective(rule, sensor, frozenset(divisions))
    assert (own is None) == ("500" in divisions and sensor != "b")


def test_an_override_lengthens_a_window() -> None:
    rule = only(RAIN + '[[override]]\nsensors = ["a"]\nlevels = {red = {value = 100.0, over_d = 2}}\n')
    assert reaches(rule) == {"rain": 48 * HOUR_US}
