"""Rule files: those shipped, and what a fault in one says."""

from pathlib import Path

import pytest

from alerts.errors import AlertsError, EditedFileError
from alerts.rule_fault_words import in_chinese
from alerts.rule_kinds import EventRule, Rule, SilenceRule, WarningRule
from alerts.rule_measures import Measure
from alerts.rule_needs import units
from alerts.rules import Levels, Threshold, load_rule, load_rules
from config.settings import CONFIG
from ingest.quantities import load_quantities

SHIPPED = load_rules(CONFIG / "rules")
BY_ID = {rule.id: rule for rule in SHIPPED}

GOOD = """\
# A rule of the test's own.
id = "test"
number = 6
kind = "threshold"
label = {zh = "试", en = "Test"}
first_action = {zh = "试", en = "Test"}
quantity = "stage"
unit = "m"
direction = "above"
raise_after = 2
margin = 0.2
clear_for_s = 1800

[levels]
blue = {from = "warning", offset = -0.5}
yellow = 3.0
red = 4
"""


def test_the_flood_rule_is_the_one_asked_for() -> None:
    flood = BY_ID["river-stage"]
    assert isinstance(flood, Rule)
    assert (flood.number, flood.quantity, flood.unit, flood.direction) == (6, "stage", "m", "above")
    assert flood.graded() == {
        "blue": Threshold(from_="warning", offset=-0.5),
        "yellow": Threshold(from_="warning"),
        "orange": Threshold(from_="guarantee"),
        "red": Threshold(from_="highest"),
    }
    assert (flood.raise_after, flood.margin, flood.margin_fraction, flood.clear_for_s) == (1, 0.2, None, 1800)


def test_every_row_of_the_list_is_shipped() -> None:
    numbers = {rule.number for rule in SHIPPED}
    assert numbers >= set(range(1, 29))
    assert all(number > 100 for number in numbers - set(range(1, 29)))  # of ours


def test_shipped_rules_speak_of_known_quantities_in_their_units() -> None:
    quantities = load_quantities()
    for rule in SHIPPED:
        assert units(rule) == {name: quantities[name].unit for name in units(rule)}


def test_gas_events_and_the_river_raise_at_once_and_the_rest_after_two_samples() -> None:
    judged = [rule for rule in SHIPPED if isinstance(rule, Rule | EventRule)]
    at_once = {rule.number for rule in judged if rule.raise_after == 1}
    assert at_once == {6, 16, 17, 18, 21, 24, 27}
    assert {rule.raise_after for rule in judged if rule.number not in at_once} == {2}


def test_what_is_shipped_is_never_called_by_the_word_that_the_law_reserves() -> None:
    for rule in SHIPPED:
        assert "预警" not in rule.label.zh + rule.first_action.zh
        assert "warning" not in rule.label.en.lower()


HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
ALL = ("blue", "yellow", "orange", "red")

# The list of default rules: file, measure, and the value of each level with the hours of its window.
ROWS = [
    ("rain", "sum", {"blue": (50, 12), "yellow": (50, 6), "orange": (50, 3), "red": (100, 3)}),
    *(
        (f"flash-flood-{hours}h", "sum", {grade: (value, hours) for grade, value in zip(ALL, values, strict=True)})
        for hours, values in [
            (1, (35, 45, 60, 80)),
            (3, (55, 75, 100, 120)),
            (6, (70, 95, 120, 150)),
            (24, (100, 130, 160, 200)),
        ]
    ),
    ("river-rise", "rate", {"blue": (0.3, 1), "yellow": (0.5, 1), "orange": (1.0, 1), "red": (1.5, 1)}),
    ("water-depth", "value", {"blue": (3, 0), "yellow": (10, 0), "orange": (25, 0), "red": (40, 0)}),
    ("underpass-depth", "value", {"yellow": (0, 0), "red": (25, 0)}),
    ("slope-tangent-angle", "value", {"blue": (45, 0), "yellow": (45, 0), "orange": (80, 0), "red": (85, 0)}),
    *(
        (name, "change", {grade: (value, 24) for grade, value in zip(ALL, values, strict=True)})
        for name, values in [
            ("crack-change", (2, 5, 10, 20)),
            ("displacement-change", (2, 5, 10, 20)),
            ("tilt-change", (0.1, 0.3, 0.5, 1.0)),
        ]
    ),
    ("forest-fire", "value", {"yellow": (3, 0), "orange": (4, 0), "red": (5, 0)}),
    ("combustible-gas", "value", {"yellow": (10, 0), "orange": (25, 0), "red": (50, 0)}),
    ("carbon-monoxide", "value", {"yellow": (24, 0), "red": (160, 0)}),
    ("oxygen-low", "value", {"orange": (19.5, 0)}),
    ("oxygen-high", "value", {"orange": (23.5, 0)}),
    ("residual-current", "value", {"yellow": (300, 0), "orange": (500, 0)}),
    ("cable-temperature", "value", {"yellow": (70, 0), "orange": (90, 0), "red": (110, 0)}),
    ("air-quality", "mean", {"yellow": (150, 24), "orange": (200, 24), "red": (300, 24)}),
    ("manhole-tilt", "value", {"orange": (15, 0)}),
    ("elder-water-leak", "rate", {"yellow": (2, 24)}),
    ("elder-bathroom-dwell", "value", {"orange": (240, 0)}),
    ("elder-bedroom-dwell", "value", {"orange": (600, 0)}),
]


@pytest.mark.parametrize(("name", "of", "levels"), ROWS)
def test_graded_rows_are_those_of_the_list(name: str, of: str, levels: dict[str, tuple[float, float]]) -> None:
    rule = BY_ID[name]
    assert isinstance(rule, Rule)
    measures = rule.measures()
    found = {grade: (one.value, measures[grade].over_us / HOUR_US) for grade, one in rule.graded().items()}
    assert found == levels
    assert {measure.of for measure in measures.values()} == {of}
    assert rule.direction == ("below" if name == "oxygen-low" else "above")
    assert all(measure.absolute == (of == "change") for measure in measures.values())
    assert all(measure.full == (of == "mean") for measure in measures.values())


def test_what_counts_only_beyond_its_threshold() -> None:
    strict = {
        (rule.id, grade)
        for rule in SHIPPED
        if isinstance(rule, Rule)
        for grade, one in rule.graded().items()
        if one.strict
    }
    assert strict == {
        ("underpass-depth", "yellow"),
        ("slope-tangent-angle", "yellow"),
        ("oxygen-low", "orange"),
        ("oxygen-high", "orange"),
        ("manhole-tilt", "orange"),
        ("elder-water-leak", "yellow"),
    }


def test_rates_are_per_hour_for_rivers_and_per_day_for_water_meters() -> None:
    per = {
        rule.id: measure.per_us for rule in SHIPPED if isinstance(rule, Rule) for measure in rule.measures().values()
    }
    assert {name: span for name, span in per.items() if span} == {"river-rise": HOUR_US, "elder-water-leak": DAY_US}


def test_three_days_of_heat() -> None:
    heat = BY_ID["heat"]
    assert isinstance(heat, Rule)
    assert {grade: one.value for grade, one in heat.graded().items()} == {"yellow": 3, "orange": 37, "red": 40}
    measures = heat.measures()
    assert measures["yellow"] == Measure(of="days", over_us=4 * DAY_US, at_least=35)
    assert measures["orange"] == measures["red"] == Measure()


def test_little_water() -> None:
    low = BY_ID["elder-water-low"]
    assert isinstance(low, Rule)
    hours = {grade: measure.over_us / HOUR_US for grade, measure in low.measures().items()}
    assert hours == {"orange": 12, "red": 24}
    assert {(one.low, one.high) for one in low.graded().values()} == {(-0.5, 0.01)}


def test_what_has_to_last() -> None:
    held = {rule.id: rule.hold_s for rule in SHIPPED if isinstance(rule, Rule) and rule.hold_s}
    assert held == {"manhole-tilt": 1800}


def test_rows_of_other_kinds() -> None:
    events = {rule.number: (rule.quantity, rule.level) for rule in SHIPPED if isinstance(rule, EventRule)}
    assert events == {21: ("smoke", "red"), 24: ("lift", "red"), 27: ("sos", "red")}
    assert [(rule.number, rule.event) for rule in SHIPPED if isinstance(rule, WarningRule)] == [(13, "11B37")]
    (silence,) = [rule for rule in SHIPPED if isinstance(rule, SilenceRule)]
    assert (silence.number, silence.level, silence.intervals) == (28, "blue", 3)
    assert silence.subjects == ("sensor", "gateway")


def write(folder: Path, text: str, name: str = "test.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_file(tmp_path: Path) -> None:
    rule = load_rule(write(tmp_path, GOOD))
    assert isinstance(rule, Rule)
    assert rule.levels == Levels(blue=Threshold(from_="warning", offset=-0.5), yellow=3.0, red=4.0)
    assert list(rule.graded()) == ["blue", "yellow", "red"]
    assert load_rules(tmp_path) == [rule]


FAULTS = [
    ("id = ", "ids = ", 2, "unknown field `ids`", "did you mean `id`"),
    ('id = "test"', 'id = "Test"', 2, "matching regex", "small letters"),
    ('id = "test"', 'id = "other"', 2, "'other'", "file's own name"),
    ("number = 6", "number = 0", 3, ">= 1", "number = 6"),
    ("number = 6", 'number = "6"', 3, "got `str`", "number = 6"),
    ("number = 6", "number = true", 3, "got `bool`", "number = 6"),
    ('"threshold"', '"treshold"', 4, "treshold", 'kind = "threshold"'),
    ('zh = "试", en = "Test"}\nfirst', 'zh = "试"}\nfirst', 5, "missing required field `en`", "English"),
    ('quantity = "stage"', 'quantity = ""', 7, "length >= 1", "registered"),
    ('unit = "m"\n', "", 1, "missing required field `unit`", 'unit = "m"'),
    ('"above"', '"over"', 9, "'over'", '"above" or direction = "below"'),
    ("raise_after = 2", "raise_after = 0", 10, ">= 1", "samples in a row"),
    ("raise_after = 2", "raise_after = 1.5", 10, "got `float`", "samples in a row"),
    ("margin = 0.2", "margin = -0.2", 11, ">= 0", "at least 0"),
    ("margin = 0.2", "margin = nan", 11, "margin: ", "at least 0"),
    ("margin = 0.2", "margin = 0.2\nmargin_fraction = 0.1", 11, "either a `margin`", "margin_fraction"),
    ("margin = 0.2\n", "", 1, "either a `margin`", "margin_fraction"),
    ("clear_for_s = 1800", "clear_for_s = inf", 12, "1000000000", "at least 0"),
    ('{from = "warning", offset = -0.5}', "{offset = -0.5}", 15, "either a `value` or `from`", "write"),
    ('{from = "warning", offset = -0.5}', '{from = "warning", ofset = 1}', 15, "`ofset`", "did you mean `offset`"),
    ('{from = "warning", offset = -0.5}', "{value = 1.0, offset = 1.0}", 15, "`offset` goes with", "write"),
    ('{from = "warning", offset = -0.5}', "nan", 15, "levels.blue: ", "write a number"),
    ("yellow = 3.0", "yellow = inf", 16, "levels.yellow: ", "write a number"),
    ("yellow = 3.0", 'yellow = "3"', 16, "got `str`", "write a number"),
    ("yellow = 3.0", "yellow = 5.0", 14, "yellow 5, red 4", "no milder"),
    ("red = 4", "purple = 4", 17, "`purple`", "keys that are known"),
    ("red = 4", "red = 4\nred = 5", 18, "not TOML", "key = value"),
    ("red = 4", "red = ", 17, "not TOML", "key = value"),
    (GOOD[GOOD.index("blue =") :], "", 14, "`levels` is empty", "at least one of"),
]


@pytest.mark.parametrize(("old", "new", "line", "reason", "mend"), FAULTS)
def test_a_fault_is_named_with_file_line_reason_and_remedy(
    tmp_path: Path, old: str, new: str, line: int, reason: str, mend: str
) -> None:
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(EditedFileError) as caught:
        load_rules(tmp_path)
    said = str(caught.value)
    assert said.startswith(f"{path}:"), said
    assert caught.value.line == line, said
    assert reason in caught.value.reason, said
    assert mend in caught.value.mend, said
    assert in_chinese(caught.value.reason), said
    assert in_chinese(caught.value.mend), said


def test_one_fault_among_files_names_its_file(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    wrong = write(tmp_path, GOOD.replace("number = 6", "number = -1").replace('"test"', '"wrong"'), "wrong.toml")
    with pytest.raises(EditedFileError, match=r"wrong\.toml:3:"):
        load_rules(tmp_path)
    assert wrong.exists()


def test_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "test.toml").write_bytes(b"id = 1\nunit = '\xff'\n")
    with pytest.raises(EditedFileError, match=r"test\.toml:2: not UTF-8"):
        load_rules(tmp_path)


def test_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "test.toml").mkdir()
    for load in (lambda: load_rules(tmp_path), lambda: load_rule(tmp_path / "test.toml")):
        with pytest.raises(EditedFileError, match=r"test\.toml:1: cannot be read: Is a directory"):
            load()


def test_an_empty_folder_is_no_silent_peace(tmp_path: Path) -> None:
    with pytest.raises(AlertsError, match="no rule files"):
        load_rules(tmp_path)


def test_downward_levels_fall(tmp_path: Path) -> None:
    falling = GOOD.replace('"above"', '"below"').replace("red = 4", "red = 2")
    rule = load_rule(write(tmp_path, falling))
    assert isinstance(rule, Rule)
    assert rule.direction == "below"
    with pytest.raises(EditedFileError, match="out of order for below"):
        load_rule(write(tmp_path, GOOD.replace('"above"', '"below"')))
