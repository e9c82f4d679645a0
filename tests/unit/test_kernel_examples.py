"""The kernel by examples that a person can follow, a changed rule set, and what must not be compared."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from alerts.columns import Batch
from alerts.kernel import Transition, evaluate, placed
from alerts.rules import Levels, Rule, Threshold, Words
from alerts.ruleset import RuleSet, Subject, compile_rules
from alerts.state import State, initial_state
from alerts.state_rows import carried_over, persisted

SECOND = 1_000_000
MINUTE = 60 * SECOND
Reading = tuple[int, int, float]  # sensor, time in µs, value


def a_rule(**changes: Any) -> Rule:
    """A rule on stages in m with levels at 1, 2, 3, 4 unless told otherwise."""
    values: dict[str, Any] = {
        "id": "test",
        "number": 6,
        "label": Words(zh="试", en="Test"),
        "first_action": Words(zh="试", en="Test"),
        "quantity": "stage",
        "unit": "m",
        "direction": "above",
        "levels": Levels(blue=1.0, yellow=2.0, orange=3.0, red=4.0),
        "raise_after": 1,
        "margin": 0.2,
        "clear_for_s": 1800.0,
    }
    if "margin_fraction" in changes:
        del values["margin"]
    return Rule(**(values | changes))


def a_subject(sensor_id: int, **changes: Any) -> Subject:
    """A stage sensor in m without a height system."""
    values: dict[str, Any] = {
        "sensor_id": sensor_id,
        "quantity": "stage",
        "unit": "m",
        "datum": None,
        "levels": {},
        "levels_datum": None,
    }
    return Subject(**(values | changes))


def a_batch(readings: list[Reading]) -> Batch:
    sensor, time, value = zip(*readings, strict=True) if readings else ((), (), ())
    return Batch(sensor=np.array(sensor, np.int32), time=np.array(time, np.int64), value=np.array(value, np.float64))


def run(rules: RuleSet, state: State, batches: list[list[Reading]]) -> tuple[State, list[Transition]]:
    told: list[Transition] = []
    for batch in batches:
        state, more = evaluate(rules, state, a_batch(batch), 0)
        told += more
    return state, told


# Examples that a person can follow.


def story(rule: Rule, readings: Sequence[tuple[float, float]], **subject: Any) -> list[tuple[float, str, str]]:
    """(minute, from, to) for readings of (minute, value)."""
    ruleset = compile_rules([rule], [a_subject(1, **subject)])
    rows = [(1, round(minute * MINUTE), value) for minute, value in readings]
    _, told = run(ruleset, initial_state(ruleset), [rows])
    return [(one.time / MINUTE, one.from_level, one.to_level) for one in told]


def test_released_by_the_reading_that_ends_the_hold_not_between() -> None:
    rule = a_rule(levels=Levels(yellow=2.0))
    assert story(rule, [(0, 2.0), (10, 1.7), (39, 1.7), (41, 1.7)]) == [(0, "none", "yellow"), (41, "yellow", "none")]
    assert story(rule, [(0, 2.0), (10, 1.7), (40, 1.7)])[1:] == [(40, "yellow", "none")]


def test_a_reading_on_the_clear_line_breaks_the_run() -> None:
    rule = a_rule(levels=Levels(yellow=2.0))
    assert story(rule, [(0, 2.0), (10, 1.7), (30, 1.8), (45, 1.7), (74, 1.7), (75, 1.7)])[1:] == [
        (75, "yellow", "none")
    ]


def test_without_a_hold_the_first_clear_reading_releases() -> None:
    assert story(a_rule(clear_for_s=0.0), [(0, 2.5), (1, 1.8), (2, 1.79), (3, 0.79)]) == [
        (0, "none", "yellow"),
        (2, "yellow", "blue"),
        (3, "blue", "none"),
    ]


def test_latches_that_one_reading_moves_give_one_transition() -> None:
    rule = a_rule(clear_for_s=0.0)
    assert story(rule, [(0, 9.0), (1, 0.0)]) == [(0, "none", "red"), (1, "red", "none")]


def test_each_level_counts_its_own_samples() -> None:
    rule = a_rule(raise_after=2, clear_for_s=0.0)
    assert story(rule, [(0, 1.0), (1, 2.0), (2, 1.5), (3, 2.0), (4, 2.0)]) == [
        (1, "none", "blue"),
        (4, "blue", "yellow"),
    ]


def test_downwards_mirrors() -> None:
    rule = a_rule(
        direction="below", levels=Levels(orange=Threshold(value=19.5, strict=True)), margin=0.5, clear_for_s=0.0
    )
    assert story(rule, [(0, 19.5), (1, 19.4), (2, 19.9), (3, 20.0)]) == [
        (1, "none", "orange"),
        (3, "orange", "none"),
    ]


def test_strictly_above_nought_clears_at_nought() -> None:
    rule = a_rule(levels=Levels(yellow=Threshold(value=0.0, strict=True)), margin_fraction=0.1, clear_for_s=0.0)
    assert story(rule, [(0, 0.0), (1, 0.001), (2, 0.0)]) == [(1, "none", "yellow"), (2, "yellow", "none")]


OWN = Levels(
    blue=Threshold(from_="warning", offset=-0.5),
    yellow=Threshold(from_="warning"),
    orange=Threshold(from_="guarantee"),
    red=Threshold(from_="highest"),
)


def test_decimal_lines_are_met_as_decimals() -> None:
    """180.5 - 0.2 is 180.3 for a reading of 180.3, though binary fractions say otherwise."""
    known = {"levels": {"warning": 180.5}, "datum": "wusong", "levels_datum": "wusong"}
    rule = a_rule(levels=OWN, clear_for_s=0.0)
    assert story(rule, [(0, 180.5), (1, 180.3), (2, 180.29)], **known)[1:] == [(2, "yellow", "blue")]
    for tenths in range(1000, 3000):
        ruleset = compile_rules([rule], [a_subject(1, **(known | {"levels": {"warning": tenths / 10}}))])
        assert ruleset.simple.clear[0, 1] == float(Decimal(tenths) / 10 - Decimal("0.2"))
        assert ruleset.simple.threshold[0, 0] == float(Decimal(tenths) / 10 - Decimal("0.5"))


def test_a_level_that_is_not_known_has_no_latch() -> None:
    rule = a_rule(levels=OWN, clear_for_s=0.0)
    readings = [(0.0, 400.0), (1.0, 0.0)]
    assert story(rule, readings, levels={"warning": 180.5}) == [(0, "none", "yellow"), (1, "yellow", "none")]
    assert story(rule, readings) == []


def test_a_sensor_the_rules_do_not_know_is_seen_but_not_judged() -> None:
    ruleset = compile_rules([a_rule()], [a_subject(1)])
    state, told = evaluate(ruleset, initial_state(ruleset), a_batch([(77, 5, 9.0), (1, 5, 9.0), (77, 5, 9.0)]), 0)
    assert [one.subject for one in told] == [1]
    assert state.watermark[77] == 5
    assert placed(ruleset, state, a_batch([(77, 5, 0.0), (77, 6, 0.0), (500, 1, 0.0)])).fresh.tolist() == [
        False,
        True,
        True,
    ]


def test_an_empty_batch_and_no_rules() -> None:
    nothing = compile_rules([], [])
    state = initial_state(nothing)
    assert evaluate(nothing, state, a_batch([]), 0) == (state, [])
    state, told = evaluate(nothing, state, a_batch([(3, 1, 1.0)]), 0)
    assert (told, state.watermark[3]) == ([], 1)


# A changed rule set.


def test_a_changed_rule_keeps_what_was_latched() -> None:
    subjects = [a_subject(1), a_subject(2)]
    old = compile_rules([a_rule(id="a"), a_rule(id="b")], subjects)
    state, _ = run(old, initial_state(old), [[(1, 1, 2.5), (2, 1, 0.0)]])
    stricter = a_rule(id="b", levels=Levels(blue=1.0, yellow=2.4), clear_for_s=0.0)
    new = compile_rules([stricter], [*subjects, a_subject(3)])
    carried = carried_over(old, state, new)
    latched = {"blue": {"latched": True}, "yellow": {"latched": True}}
    stored = [row.state for row in persisted(new, carried)]
    assert stored == [{"versions": [{"time": 1, "tie": 1, "value": 2.5} | latched]}]
    _, told = run(new, carried, [[(1, 2, 2.3), (1, 3, 2.1), (3, 1, 9.0)]])
    assert [(t.rule_id, t.subject, t.time, t.to_level) for t in told] == [("b", 1, 3, "blue"), ("b", 3, 1, "yellow")]


def test_a_latch_whose_level_is_gone_releases() -> None:
    old = compile_rules([a_rule(clear_for_s=0.0)], [a_subject(1)])
    state, _ = run(old, initial_state(old), [[(1, 1, 9.0)]])
    new = compile_rules([a_rule(clear_for_s=0.0, levels=Levels(blue=1.0))], [a_subject(1)])
    _, told = run(new, carried_over(old, state, new), [[(1, 2, 9.0)]])
    assert [(t.from_level, t.to_level) for t in told] == [("red", "blue")]


# What must not be compared.


def test_levels_in_another_datum_are_refused_and_told() -> None:
    rule = a_rule(levels=OWN)
    mixed = a_subject(7, levels={"warning": 181.0}, datum="wusong", levels_datum="huanghai")
    unnamed = a_subject(8, levels={"warning": 181.0}, datum="wusong", levels_datum=None)
    right = a_subject(9, levels={"warning": 181.0}, datum="unstated", levels_datum="unstated")
    ruleset = compile_rules([rule], [mixed, unnamed, right])
    assert [(one.rule_id, one.sensor_id) for one in ruleset.refused] == [("test", 7), ("test", 8)]
    assert "datum huanghai" in ruleset.refused[0].reason
    assert ruleset.pair("test", 7) is None
    assert ruleset.pair("test", 9) == 0
    _, told = run(ruleset, initial_state(ruleset), [[(7, 1, 999.0), (9, 1, 999.0)]])
    assert [one.subject for one in told] == [9]


def test_a_fixed_threshold_and_a_height_system_are_refused() -> None:
    ruleset = compile_rules([a_rule()], [a_subject(1, datum="wusong", levels_datum="wusong")])
    assert "names no datum" in ruleset.refused[0].reason


def test_another_unit_is_refused() -> None:
    ruleset = compile_rules([a_rule()], [a_subject(1, unit="cm"), a_subject(2, quantity="rain")])
    assert [one.reason for one in ruleset.refused] == [
        "the rule is in m, the sensor in cm: give the rule the sensor's unit"
    ]
