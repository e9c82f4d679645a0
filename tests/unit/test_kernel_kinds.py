"""Each kind of rule by examples that a person can follow; what holds for all of them is in test_kernel_laws.py."""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pytest

from alerts import subjects
from alerts.columns import NEVER, NOTHING, Batch
from alerts.conditions import WarningInForce
from alerts.kernel import Transition, evaluate, suspect
from alerts.near import within
from alerts.pairs import RuleSet
from alerts.rules import AnyRule
from alerts.ruleset import compile_rules
from alerts.sensor_subjects import Subject
from alerts.state import State, initial_state
from alerts.state_rows import changed, orphans, persisted, restore

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
WORDS = {"zh": "试", "en": "Test"}
GATEWAY = 9


def a_rule(kind: str, **more: Any) -> AnyRule:
    common = {"id": kind, "number": 1, "label": WORDS, "first_action": WORDS}
    return msgspec.convert({"kind": kind, **common, **more}, AnyRule)  # type: ignore[arg-type]


def a_subject(sensor_id: int, quantity: str = "rain", unit: str = "mm", **more: Any) -> Subject:
    values: dict[str, Any] = {"datum": None, "levels": {}, "levels_datum": None, "name": f"s{sensor_id}"}
    return Subject(sensor_id=sensor_id, quantity=quantity, unit=unit, **(values | more))


def a_batch(*readings: tuple[int, int, float]) -> Batch:
    sensor, time, value = zip(*readings, strict=True)
    return Batch(sensor=np.array(sensor, np.int32), time=np.array(time, np.int64), value=np.array(value, np.float64))


def run(rules: RuleSet, *readings: tuple[int, int, float], now: int = NEVER) -> tuple[State, list[Transition]]:
    return evaluate(rules, initial_state(rules), a_batch(*readings), now)


def moved(told: Sequence[Transition]) -> list[tuple[int, int, str, str]]:
    return [(one.subject, one.time, one.to_level, one.reason) for one in told]


# Silence.


def quiet_rules(**more: Any) -> RuleSet:
    sensors = [a_subject(number, interval_s=60.0, gateway_id=GATEWAY, **more) for number in (1, 2)]
    return compile_rules([a_rule("silence", level="blue")], [*sensors, a_subject(3)])


def test_a_sensor_is_silent_from_the_instant_at_which_its_third_reading_was_due() -> None:
    rules = quiet_rules()
    state, told = run(rules, (1, 0, 1.0), (2, MINUTE, 1.0), (3, 0, 1.0), now=3 * MINUTE - 1)
    assert told == []
    state, told = evaluate(rules, state, NOTHING, 3 * MINUTE)
    assert moved(told) == [(1, 3 * MINUTE, "blue", "silent")]
    assert (told[0].pending_since, told[0].value) == (0, 180.0)
    assert evaluate(rules, state, NOTHING, 3 * MINUTE)[1] == []


def test_a_gateway_is_silent_once_all_behind_it_are_and_is_heard_with_the_first_of_them() -> None:
    rules, gateway = quiet_rules(), subjects.of("gateway", GATEWAY)
    state, _ = run(rules, (1, 0, 1.0), (2, MINUTE, 1.0))
    state, told = evaluate(rules, state, NOTHING, HOUR)
    assert moved(told) == [
        (1, 3 * MINUTE, "blue", "silent"),
        (2, 4 * MINUTE, "blue", "silent"),
        (gateway, 4 * MINUTE, "blue", "silent"),
    ]
    stored = restore(rules, persisted(rules, state), {1: (0, 1.0), 2: (MINUTE, 1.0), 3: (0, 1.0)})
    after, told = evaluate(rules, stored, a_batch((2, HOUR + SECOND, 1.0)), HOUR + SECOND)
    assert moved(told) == [(2, HOUR + SECOND, "none", "cleared"), (gateway, HOUR + SECOND, "none", "cleared")]
    rows = changed(rules, state, after)
    assert {(row.subject, row.state is None) for row in rows} == {(2, True), (gateway, True)}


def test_an_old_reading_out_of_a_backlog_does_not_end_silence_by_itself() -> None:
    rules = quiet_rules()
    state, _ = run(rules, (1, 0, 1.0))
    state, _ = evaluate(rules, state, NOTHING, HOUR)
    state, told = evaluate(rules, state, a_batch((1, 2 * MINUTE, 1.0)), HOUR)
    assert told == []
    state, told = evaluate(rules, state, a_batch((1, 59 * MINUTE, 1.0)), HOUR)
    assert moved(told)[0] == (1, 59 * MINUTE, "none", "cleared")


def test_who_was_never_heard_of_or_has_no_interval_is_not_silent() -> None:
    rules = quiet_rules()
    _, told = run(rules, (3, 0, 1.0), now=HOUR)
    assert told == []


# Suspect readings.


def test_a_step_beyond_the_limit_is_suspect_and_nothing_else() -> None:
    rule = a_rule("step", quantity="rain", unit="mm", limit=5.0, within_s=600.0)
    rules = compile_rules([rule], [a_subject(1), a_subject(2, "stage", "m")])
    state, told = run(rules, (1, 0, 1.0), (2, 0, 0.0))
    batch = a_batch(
        (1, MINUTE, 7.0), (1, 2 * MINUTE, 7.5), (2, MINUTE, 99.0), (1, 13 * MINUTE, 1.0), (1, -MINUTE, 50.0)
    )
    assert suspect(rules, state, batch).tolist() == [True, False, False, False, False]
    assert evaluate(rules, state, batch, NEVER)[1] == told == []


# Stuck values.


def test_a_full_window_without_movement_is_stuck_unless_it_rests() -> None:
    rule = a_rule("stuck", quantity="rain", unit="mm", level="blue", over_h=1.0, tolerance=0.1, at_least=3, resting=0.0)
    rules = compile_rules([rule], [a_subject(1), a_subject(2)])
    readings = [(s, t * 20 * MINUTE, v) for t in range(5) for s, v in ((1, 3.0 + t * 0.01), (2, 0.05))]
    state, told = run(rules, *readings)
    assert moved(told) == [(1, 60 * MINUTE, "blue", "raised")]
    _, told = evaluate(rules, state, a_batch((1, 100 * MINUTE, 3.2)), NEVER)
    assert moved(told) == [(1, 100 * MINUTE, "none", "cleared")]


# Conditions.


def condition(tree: dict[str, Any], **units: str) -> AnyRule:
    return a_rule("condition", units=units, levels={"orange": tree}, raise_after=1, clear_for_s=0.0)


def test_several_quantities_are_about_the_device_and_an_old_value_is_unknown() -> None:
    tree = {"all": [{"quantity": "rain", "above": 2.0}, {"quantity": "stage", "above": 3.0, "max_age_s": 60.0}]}
    sensors = [a_subject(1, device_id=5), a_subject(2, "stage", "m", device_id=5), a_subject(3, device_id=6)]
    rules = compile_rules([condition(tree, rain="mm", stage="m")], sensors)
    state, told = run(rules, (2, 0, 4.0), (1, 2 * MINUTE, 9.0), (3, 0, 9.0))
    assert told == []
    state, told = evaluate(rules, state, a_batch((2, 2 * MINUTE + 1, 3.0)), NEVER)
    assert moved(told) == [(subjects.of("device", 5), 2 * MINUTE + 1, "orange", "raised")]
    _, told = evaluate(rules, state, a_batch((1, 10 * MINUTE, 9.0)), NEVER)
    assert told == []  # the stage is too old to say that it is over
    _, told = evaluate(rules, state, a_batch((1, 10 * MINUTE, 1.0)), NEVER)
    assert moved(told) == [(subjects.of("device", 5), 10 * MINUTE, "none", "cleared")]


@pytest.mark.parametrize(
    ("when", "met"),
    [("2026-06-30T12:00", True), ("2026-06-30T15:59", False), ("2026-12-31T23:00", False), ("2026-09-30T16:30", False)],
)
def test_seasons_and_hours_are_those_of_chongqing(when: str, met: bool) -> None:
    """UTC in; 20:00 to 23:59 of May to September over there."""
    tree = {"all": [{"above": 1.0}, {"during": {"months": [5, 9], "hours": ["20:00", "23:59"]}}]}
    rules = compile_rules([condition(tree, rain="mm")], [a_subject(1)])
    us = int(np.datetime64(when, "us").astype(np.int64))
    assert bool(run(rules, (1, us, 5.0))[1]) == met


def test_hours_and_months_go_over_the_end() -> None:
    tree = {"all": [{"above": 1.0}, {"during": {"months": [11, 2], "hours": ["22:00", "06:00"]}}]}
    rules = compile_rules([condition(tree, rain="mm")], [a_subject(1)])
    for when, met in [("2026-01-15T17:00", True), ("2026-01-15T04:00", False), ("2026-03-15T17:00", False)]:
        us = int(np.datetime64(when, "us").astype(np.int64))
        assert bool(run(rules, (1, us, 5.0))[1]) == met, when


def test_an_official_warning_counts_where_and_while_it_is_in_force() -> None:
    tree = {"all": [{"above": 1.0}, {"warning": "11B37", "level": "yellow"}]}
    warnings = [
        WarningInForce(division_id=3, event="11B37", level="orange", from_us=MINUTE, to_us=2 * MINUTE),
        WarningInForce(division_id=3, event="11B37", level="blue", from_us=0, to_us=HOUR),
        WarningInForce(division_id=3, event="11B03", level="red", from_us=0, to_us=HOUR),
    ]
    there, elsewhere = a_subject(1, divisions=frozenset({3, 4})), a_subject(2, divisions=frozenset({4}))
    rules = compile_rules([condition(tree, rain="mm")], [there, elsewhere], warnings=warnings)
    readings = [(s, t, 5.0) for t in (MINUTE - 1, MINUTE, 2 * MINUTE - 1, 2 * MINUTE) for s in (1, 2)]
    assert moved(run(rules, *readings)[1]) == [
        (1, MINUTE, "orange", "raised"),
        (1, 2 * MINUTE, "none", "cleared"),
    ]


# Counts by distance.


def test_within_some_metres_of_one_another() -> None:
    middle, near = within([106.5, 106.5, 106.5, 107.5], [29.5, 29.508, 29.52, 29.5], 1000.0)
    pairs = set(zip(middle.tolist(), near.tolist(), strict=True))
    assert pairs == {(0, 0), (0, 1), (1, 0), (1, 1), (2, 2), (3, 3)}


def test_a_count_within_a_radius_is_about_the_sensor_in_the_middle() -> None:
    plain = a_rule(
        "threshold",
        quantity="rain",
        unit="mm",
        direction="above",
        levels={"blue": 2.0},
        raise_after=1,
        margin=0.0,
        clear_for_s=0.0,
    )
    count = a_rule("count", of="threshold", level="blue", within="radius_m", radius_m=1000.0, levels={"red": 2})
    places = [(1, 29.5), (2, 29.505), (3, 29.512), (4, 29.6)]
    rules = compile_rules([plain, count], [a_subject(number, lon=106.5, lat=lat) for number, lat in places])
    _, told = run(rules, *((number, number * SECOND, 5.0) for number, _ in places))
    assert [row for row in moved(told) if row[2] == "red"] == [
        (1, 2 * SECOND, "red", "raised"),
        (2, 2 * SECOND, "red", "raised"),
        (3, 3 * SECOND, "red", "raised"),
    ]


# Rules that change.


def test_what_no_rule_judges_any_more_is_told() -> None:
    rule = a_rule("silence", level="blue")
    rules = compile_rules([rule], [a_subject(1, interval_s=60.0), a_subject(2, interval_s=60.0)])
    state, _ = run(rules, (1, 0, 1.0), (2, 0, 1.0))
    state, _ = evaluate(rules, state, NOTHING, HOUR)
    rows = persisted(rules, state)
    fewer = compile_rules([rule], [a_subject(1, interval_s=60.0)])
    assert [row.subject for row in orphans(fewer, rows)] == [2]
    assert [row.subject for row in orphans(compile_rules([], []), rows)] == [1, 2]
    assert orphans(rules, rows) == []


def test_overrides_are_rules_of_their_own() -> None:
    rule = a_rule(
        "event",
        quantity="rain",
        level="red",
        unit="mm",
        override=[{"sensors": ["s1"], "enabled": False}, {"divisions": ["500105"], "raise_after": 2}],
    )
    codes = {"codes": frozenset({"500105", "500105013"})}
    rules = compile_rules([rule], [a_subject(1), a_subject(2), a_subject(3, **codes)])
    _, told = run(rules, *((number, time, 1.0) for time in (0, 1) for number in (1, 2, 3)))
    assert moved(told) == [(2, 0, "red", "raised"), (3, 1, "red", "raised")]
