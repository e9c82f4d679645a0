"""Every kind of rule file by example, what a fault in one says, and overrides."""

from pathlib import Path
from typing import Any

import pytest

from alerts.errors import EditedFileError
from alerts.rule_checks import Limits
from alerts.rule_fault_words import in_chinese
from alerts.rule_kinds import ConditionRule, CountRule, EventRule, Rule, SilenceRule, StepRule, StuckRule, WarningRule
from alerts.rule_measures import Measure
from alerts.rule_needs import grades, quantities, reaches, units
from alerts.rule_trees import leaves, walk
from alerts.rules import parse_rules
from ingest.quantities import load_quantities

HOUR_US = 3_600_000_000
HEAD = """\
number = 1
label = {zh = "试", en = "Test"}
first_action = {zh = "试", en = "Test"}
"""  # lines 2 to 4, after the id
RAIN = """\
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
"""  # lines 5 to 16
SLOPE = """\
kind = "condition"
units = {rain = "mm", tilt = "degree"}
margin_fraction = 0.1
[levels]
yellow = {quantity = "rain", of = "sum", over_h = 24, above = 100.0}
[levels.orange]
all = [
    {quantity = "rain", of = "sum", over_h = 1, above = 20.0},
    {any = [{quantity = "tilt", above = {from = "high"}, margin = 0.5}, {expression = "tilt + rain / 9", above = 9}]},
    {not = {during = {months = [11, 3], hours = ["22:00", "06:00"]}}},
    {warning = "11B37", level = "orange"},
]
"""  # fmt: skip
BEFORE = """\
kind = "condition"
units = {rain = "mm", stage = "m"}
[levels.orange]
all = [
    {quantity = "stage", above = {from = "warning"}},
    {expression = "recent + 0.67 * before", above = 88.9, terms = [
        {name = "recent", quantity = "rain", of = "sum", over_d = 3},
        {name = "before", quantity = "rain", of = "sum", over_d = 15, ago_d = 3},
    ]},
]
"""
EVENT = 'kind = "event"\nquantity = "smoke"\nlevel = "red"\n'
COUNT = 'kind = "count"\nof = "other"\nlevel = "orange"\nwithin = "township"\n[levels]\norange = 3\n'
SILENCE = 'kind = "silence"\nlevel = "blue"\n'
STUCK = 'kind = "stuck"\nquantity = "rain"\nunit = "mm"\nlevel = "blue"\nover_h = 12\ntolerance = 0.0\n'
STEP = 'kind = "step"\nquantity = "rain"\nunit = "mm"\nlimit = 50.0\n'
WARNING = 'kind = "warning"\nevent = "11B37"\n'
KINDS = {
    "threshold": RAIN,
    "condition": SLOPE,
    "event": EVENT,
    "silence": SILENCE,
    "stuck": STUCK,
    "step": STEP,
    "warning": WARNING,
}


def content(name: str, text: str) -> bytes:
    return f'id = "{name}"\n{HEAD}{text}'.encode()


def parsed(limits: Limits | None = None, **texts: str) -> list[Any]:
    return parse_rules({Path(f"{name}.toml"): content(name, text) for name, text in texts.items()}, limits)


def only(text: str) -> Any:
    (rule,) = parsed(test=text)
    return rule


def test_levels_with_windows_of_their_own() -> None:
    rule = only(RAIN)
    assert isinstance(rule, Rule)
    three = Measure(of="sum", over_us=3 * HOUR_US)
    assert rule.measures() == {"blue": Measure(of="sum", over_us=12 * HOUR_US), "orange": three, "red": three}
    assert (rule.lateness_s, rule.reopen_s, rule.family) == (600, 1800, "rain")
    assert reaches(rule) == {"rain": 12 * HOUR_US}


def test_a_reading_itself_is_late_sooner_than_a_window() -> None:
    rule = only(RAIN.replace('measure = {of = "sum", over_h = 3}\n', "").replace("{value = 50.0, over_h = 12}", "20"))
    assert rule.lateness_s == 120
    assert reaches(rule) == {"rain": 0}
    assert set(rule.measures().values()) == {Measure()}


def test_what_is_written_stays() -> None:
    rule = only(f'family = "water"\nlateness_s = 60\nreopen_s = 0\n{EVENT}')
    assert (rule.family, rule.lateness_s, rule.reopen_s) == ("water", 60, 0)


def test_a_condition() -> None:
    rule = only(SLOPE)
    assert isinstance(rule, ConditionRule)
    orange = rule.graded()["orange"]
    assert [leaf.quantity or leaf.expression for leaf in leaves(orange)] == ["rain", "tilt", "tilt + rain / 9"]
    assert [node.form for _, node in walk(orange)] == [
        "all", "leaf", "any", "leaf", "expression", "not", "during", "warning",
    ]  # fmt: skip
    season = orange.parts[2].parts[0].during
    assert season is not None
    assert (season.months, season.hours_us) == ((11, 3), (22 * HOUR_US, 6 * HOUR_US))
    assert reaches(rule) == {"rain": 25 * HOUR_US, "tilt": HOUR_US}  # each value may be an hour old
    assert (rule.raise_after, rule.clear_for_s, rule.lateness_s) == (2, 1800, 600)


def test_an_expression_over_windows() -> None:
    rule = only(BEFORE)
    assert isinstance(rule, ConditionRule)
    _, formula = leaves(rule.graded()["orange"])
    assert {name: (one.quantity, one.measure) for name, one in formula.inputs("stage").items()} == {
        "recent": ("rain", Measure(of="sum", over_us=72 * HOUR_US)),
        "before": ("rain", Measure(of="sum", over_us=360 * HOUR_US, ago_us=72 * HOUR_US)),
    }
    assert reaches(rule) == {"rain": (360 + 72 + 1) * HOUR_US, "stage": HOUR_US}


def test_the_other_kinds() -> None:
    event, silence, stuck, step, warning = map(only, (EVENT, SILENCE, STUCK, STEP, WARNING))
    assert isinstance(event, EventRule)
    assert (event.raise_after, event.unit, event.lateness_s) == (1, "dimensionless", 120)
    assert isinstance(silence, SilenceRule)
    assert (silence.intervals, silence.subjects, silence.family) == (3, ("sensor", "gateway"), "device")
    assert isinstance(stuck, StuckRule)
    assert reaches(stuck) == {"rain": 36 * HOUR_US}
    assert isinstance(step, StepRule)
    assert reaches(step) == {"rain": HOUR_US}
    assert isinstance(warning, WarningRule)
    assert warning.event == "11B37"


def test_what_kinds_are_about() -> None:
    rules = {kind: only(text) for kind, text in KINDS.items()}
    assert {kind: grades(rule) for kind, rule in rules.items()} == {
        "threshold": ("blue", "orange", "red"),
        "condition": ("yellow", "orange"),
        "event": ("red",),
        "silence": ("blue",),
        "stuck": ("blue",),
        "step": (),
        "warning": ("blue", "yellow", "orange", "red"),
    }
    assert {kind: quantities(rule) for kind, rule in rules.items() if quantities(rule)} == {
        "threshold": ("rain",),
        "condition": ("rain", "tilt"),
        "event": ("smoke",),
        "stuck": ("rain",),
        "step": ("rain",),
    }
    assert dict(units(rules["condition"])) == {"rain": "mm", "tilt": "degree"}


def test_a_count() -> None:
    count, _ = parsed(test=f"{COUNT}red = {{fraction = 0.5, at_least = 5, level = 'red'}}\n", other=RAIN)
    assert isinstance(count, CountRule)
    shares = {grade: (one.at_least, one.fraction, one.level) for grade, one in count.graded().items()}
    assert shares == {"orange": (3, None, "orange"), "red": (5, 0.5, "red")}
    assert (count.raise_after, count.clear_for_s, count.lateness_s) == (1, 600, 600)


def test_between() -> None:
    text = RAIN.replace('"above"', '"between"').replace("{value = 50.0, over_h = 12}", "{low = 5, high = 10}")
    rule = only(text.replace("orange = 50.0\nred = 100.0", "orange = {low = 10, high = 99}"))
    assert {grade: (one.low, one.high) for grade, one in rule.graded().items()} == {
        "blue": (5, 10),
        "orange": (10, 99),
    }


FAULTS = [
    # text, old, new, line, reason, remedy
    (RAIN, '"threshold"', '"treshold"', 5, "treshold", "condition, count, silence"),
    (RAIN, '"rain"', '"rainn"', 6, "no quantity 'rainn'", "did you mean 'rain'"),
    (RAIN, '"rain"', '"xyz"', 6, "no quantity 'xyz'", "stage, rain"),
    (RAIN, '"mm"', '"kg"', 7, "not measured in 'kg'", "write 'mm'"),
    (RAIN, '"mm"', '"nonsense"', 7, "not measured in 'nonsense'", "write 'mm'"),
    (RAIN, ", over_h = 3}", "}", 15, '"sum" needs a window', "over_h = 3"),
    (RAIN, 'of = "sum", ', "", 14, "`over_h` goes with a window", "over_h = 3"),
    (RAIN, "over_h = 3}", "over_h = 3, over_s = 5}", 9, "one length", "over_s = 600"),
    (RAIN, "over_h = 3}", 'over_h = 3, per = "d"}', 9, "`per` goes with of = rate", "per ="),
    (RAIN, "over_h = 3}", "over_h = 3, abs = true}", 9, "`abs` goes with", "abs = true"),
    (RAIN, "over_h = 3}", "over_h = 3, at_least = 1}", 9, "`at_least` goes with of = days", "days"),
    (RAIN, "over_h = 3}", "over_d = 401}", 9, "<= 400", "400 days"),
    (RAIN, "over_h = 3}", "over_h = 0}", 9, "> 0", "over_h = 3"),
    (RAIN, '"sum", over_h = 3', '"days", over_d = 3', 9, "either `at_least` or `at_most`", "days"),
    (RAIN, '"sum", over_h = 3', '"days", at_least = 1, over_d = 2.5', 9, "whole days", "days"),
    (RAIN, '"sum", over_h = 3', '"days", at_least = 1, over_h = 30', 9, "whole days", "days"),
    (RAIN, "over_h = 12", "over_h = 12, full = 1", 14, "got `int`", "full = true"),
    (RAIN, "value = 50.0, over_h = 12", 'value = 5.0, of = "mean"', 14, '"mean" needs a window', "over_h = 3"),
    (RAIN, "orange = 50.0\nred = 100.0", "orange = 100.0\nred = 50.0", 13, "orange 100, red 50", "no milder"),
    (RAIN, "value = 50.0, ", 'from = "a", value = 5.0, ', 14, "either a `value` or `from`", "write a number"),
    (RAIN, "value = 50.0, ", "low = 5.0, ", 14, "both `low` and `high`", "low = 5.0"),
    (RAIN, "value = 50.0, ", "low = 5.0, high = 5.0, ", 14, "`low` 5 is not under `high` 5", "begins"),
    (RAIN, "value = 50.0, ", "low = 5.0, high = 6.0, strict = true, ", 14, "not with a band", "strict = true"),
    (RAIN, '"above"', '"between"', 14, "between means `low` and `high`", "low = 5.0"),
    (RAIN, "clear_for_s = 1800", "clear_for_s = 1800\nlateness_s = 100000", 13, "<= 86400", "lateness_s = 120"),
    (RAIN, "clear_for_s = 1800", "clear_for_s = 1800\nhold_s = -1", 13, ">= 0", "hold_s = 1800"),
    (EVENT, '"red"', '"purple"', 7, "purple", 'level = "blue"'),
    (EVENT, '"smoke"', '"smok"', 6, "no quantity 'smok'", "did you mean 'smoke'"),
    (SLOPE, '"degree"}', '"degree", tild = "m"}', 6, "'tild', which no condition", "units = {"),
    (SLOPE, 'units = {rain = "mm", tilt = "degree"}', "units = {}", 6, "names no quantity", "units = {"),
    (SLOPE, '"degree"}', '"degree", stage = "m"}', 6, "'stage', which no condition looks at", "units = {"),
    (SLOPE, 'quantity = "rain", of = "sum", over_h = 24', 'of = "sum", over_h = 24', 9, "which of `units`", "stage"),
    (SLOPE, 'quantity = "rain", of = "sum", over_h = 1,', 'quantity = "rian",', 12, "does not have 'rian'", "stage"),
    (SLOPE, ", above = 20.0}", "}", 12, "one of `above`, `below`", "above = 5.0"),
    (SLOPE, "above = 20.0}", "above = 20.0, below = 30.0}", 12, "one of `above`, `below`", "above = 5.0"),
    (SLOPE, "above = 20.0}", "above = 20.0, value = 3.0}", 12, "unknown field `value`", "write a number"),
    (SLOPE, "above = 20.0}", "above = 20.0, not = {above = 1.0}}", 12, "does not go with `not`", "write"),
    (SLOPE, "{not = {", "{not = {all = [], ", 14, ">= 1", "a list of conditions"),
    (SLOPE, "margin = 0.5", "margin = 0.5, margin_fraction = 0.1", 13, "either a `margin`", "margin = 0.2"),
    (SLOPE, "tilt + rain / 9", "tilt + open(1)", 13, "only min, max and abs", "names of quantities"),
    (SLOPE, "tilt + rain / 9", "tilt + stage", 13, "does not have 'stage'", "names of quantities"),
    (SLOPE, "tilt + rain / 9", "tilt.real", 13, "cannot read on from '.real'", "names of quantities"),
    (SLOPE, "tilt + rain / 9", "tilt +", 13, "does not parse", "names of quantities"),
    (SLOPE, "tilt + rain / 9", "1 + 2", 13, "names no quantity", "names of quantities"),
    (SLOPE, "tilt + rain / 9", "tilt ** rain", 13, "a power is a number", "names of quantities"),
    (SLOPE, "[11, 3]", "[0, 3]", 14, ">= 1", "months = [5, 9]"),
    (SLOPE, "[11, 3]", "[5, 13]", 14, "<= 12", "months = [5, 9]"),
    (SLOPE, "[11, 3]", "[5]", 14, "length 2", "months = [5, 9]"),
    (SLOPE, '"22:00"', '"25:00"', 14, "matching regex", 'hours = ["20:00"'),
    (SLOPE, '"22:00"', '"06:00"', 14, "no span", 'hours = ["20:00"'),
    (SLOPE, '{months = [11, 3], hours = ["22:00", "06:00"]}', "{}", 14, "`months` or `hours`", "months"),
    (SLOPE, '"11B37"', '"flood"', 15, "matching regex", "11B37"),
    (BEFORE, "ago_d = 3", "ago_d = 3, ago_h = 5", 12, "ends at one time, not `ago_h` and `ago_d` ago", "ago_h = 3"),
    (BEFORE, "ago_d = 3", "ago_d = 0", 12, "> 0", "ago_d = 3"),
    (BEFORE, "ago_d = 3", "ago_d = 401", 12, "<= 400", "ago_d = 3"),
    (BEFORE, 'of = "sum", over_d = 15, ', "", 12, "`ago_d` goes with of = sum or", "ago_d = 3"),
    (BEFORE, '"sum", over_d = 15', '"days", at_least = 1, over_d = 15', 12, "`ago_d` goes with of = sum or", "ago_d"),
    (BEFORE, ", over_d = 3}", "}", 11, '"sum" needs a window', "over_h = 3"),
    (BEFORE, '"sum", over_d = 15', '"summe", over_d = 15', 12, "'summe'", "sum, mean, min, max"),
    (BEFORE, 'name = "before"', 'name = "Before"', 12, "matching regex", 'name = "before"'),
    (BEFORE, 'name = "before", ', "", 12, "missing required field `name`", 'name = "before"'),
    (BEFORE, 'name = "before"', 'name = "recent"', 12, "two terms 'recent'", 'name = "before"'),
    (BEFORE, 'name = "before"', 'name = "since"', 12, "does not use 'since'", 'name = "before"'),
    (BEFORE, 'name = "before"', 'name = "max"', 12, "'max' is a function", 'name = "before"'),
    (
        BEFORE.replace("0.67 * before", "0.67 * stage"),
        'name = "before"',
        'name = "stage"',
        12,
        "is a quantity",
        "name =",
    ),
    (BEFORE, "0.67 * before", "0.67 * befor", 12, "does not use 'before'", 'name = "before"'),
    (BEFORE, "recent + 0.67 * before", "recent + 0.67 * before + tilt", 10, "does not have 'tilt'", "terms"),
    (BEFORE, 'name = "before", quantity = "rain"', 'name = "before"', 12, "which of `units`", "stage"),
    (BEFORE, 'name = "before", quantity = "rain"', 'name = "before", quantity = "rian"', 12, "have 'rian'", "stage"),
    (BEFORE, 'from = "warning"}}', 'from = "warning"}, terms = []}', 9, ">= 1", "terms = [{name"),
    (
        BEFORE,
        'from = "warning"}}',
        'from = "warning"}, terms = [{name = "a"}]}',
        9,
        "`terms` does not go with `leaf`",
        "terms = [{name",
    ),
    (COUNT, '"township"', '"city"', 8, "city", "touching"),
    (COUNT, '"township"', '"radius_m"', 1, "`radius_m` goes with", "radius_m = 500"),
    (COUNT, "orange = 3", "orange = 0", 10, ">= 1", "write"),
    (COUNT, "orange = 3", "orange = {}", 10, "`at_least` or `fraction`", "readings or subjects"),
    (COUNT, "orange = 3", "orange = {fraction = 1.5}", 10, "<= 1", "fraction = 0.5"),
    (COUNT, "orange = 3", "", 9, "`levels` is empty", "at least one of"),
    (COUNT, '"other"', '"othr"', 6, "no rule 'othr'", "did you mean 'other'"),
    (COUNT, '"other"', '"step"', 6, "raises no alerts", "another rule"),
    (COUNT, '"other"', '"test"', 6, "in a circle: test → test", "does not count this one"),
    (COUNT, 'level = "orange"', 'level = "red"', 7, "never is red", 'level = "orange"'),
    (SILENCE, 'level = "blue"', 'level = "blue"\nintervals = 0', 7, ">= 1", "intervals = 3"),
    (SILENCE, 'level = "blue"', 'level = "blue"\nquantities = ["x"]', 7, "no quantity 'x'", "stage, rain"),
    (SILENCE, 'level = "blue"', 'level = "blue"\nsubjects = []', 7, "`subjects` is empty", "gateway"),
    (STUCK, "over_h = 12", "over_h = 9601", 9, "400 days", "400 days"),
    (STUCK, "tolerance = 0.0", "tolerance = -1.0", 10, ">= 0", "tolerance = 0.0"),
    (STEP, "limit = 50.0", "limit = 0.0", 8, "> 0", "limit = 2.0"),
    (WARNING, '"11B37"', '"geohazard"', 6, "matching regex", "11B37"),
]


@pytest.mark.parametrize(("text", "old", "new", "line", "reason", "mend"), FAULTS)
def test_a_fault_is_named(text: str, old: str, new: str, line: int, reason: str, mend: str) -> None:
    assert text.count(old) == 1 or old == '"rain"'
    other = RAIN.replace("red = 100.0\n", "")
    with pytest.raises(EditedFileError) as caught:
        parsed(test=text.replace(old, new, 1), other=other, step=STEP)
    said = caught.value
    assert said.path == Path("test.toml")
    assert reason in said.reason, said
    assert said.line == line, said
    assert mend in said.mend, said
    assert in_chinese(said.reason), said.reason
    assert in_chinese(said.mend), said.mend


def test_windows_are_no_longer_than_readings_are_kept() -> None:
    limits = Limits(quantities=load_quantities(), retention_s=12 * 3600)
    assert parsed(limits, test=RAIN)
    for text, line in [(RAIN.replace("over_h = 12", "over_h = 13"), 9), (STUCK, 9), (SLOPE, 8)]:
        with pytest.raises(EditedFileError, match=r"readings are kept for 0\.5") as caught:
            parsed(limits, test=text)
        assert caught.value.line == line


def test_counts_do_not_go_in_a_circle() -> None:
    first, second = COUNT.replace("other", "second"), COUNT.replace("other", "first")
    with pytest.raises(EditedFileError, match="in a circle") as caught:
        parsed(first=first, second=second, rain=RAIN)
    assert caught.value.line == 6
    assert len(parsed(first=first, second=COUNT, other=RAIN)) == 3


def test_a_count_is_within_an_area_that_holds_what_it_counts() -> None:
    narrow = COUNT.replace('"township"', '"grid"').replace("other", "wide")
    with pytest.raises(EditedFileError, match="whole township, which lies in no grid"):
        parsed(test=narrow, wide=COUNT, other=RAIN)
    assert parsed(test=COUNT.replace("other", "near"), near=COUNT.replace('"township"', '"grid"'), other=RAIN)
