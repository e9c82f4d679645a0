"""The kernel against a slow, obviously right reading of its rules, one reading at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.columns import NEVER, Batch
from alerts.kernel import Transition, evaluate, placed
from alerts.levels import LEVELS
from alerts.rules import Levels, Rule, Threshold, Words
from alerts.ruleset import RuleSet, Subject, compile_rules
from alerts.state import State, initial_state
from alerts.state_rows import StateRow, carried_over, changed, persisted, restore

GRADES = LEVELS[1:]
SECOND = 1_000_000
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


# The reference: one latch, one reading at a time, as the words of the rule say.


@dataclass
class Latch:
    met: Any
    clear: Any
    raise_after: int
    clear_for: int
    is_set: bool = False
    in_a_row: int = 0
    run_began: int | None = None
    began: int | None = None  # the first of the samples in a row

    def read(self, time: int, value: float) -> None:
        if not self.is_set:
            self.in_a_row = self.in_a_row + 1 if self.met(value) else 0
            self.began = time if self.in_a_row == 1 else self.began
            if self.in_a_row == self.raise_after:
                self.is_set, self.in_a_row, self.run_began = True, 0, None
            return
        if not self.clear(value):
            self.run_began = None
            return
        if self.run_began is None:
            self.run_began = time
        if time - self.run_began >= self.clear_for:
            self.is_set, self.run_began = False, None


@dataclass
class Reference:
    rules: list[Rule]
    latches: dict[tuple[int, int], dict[str, Latch]] = field(default_factory=dict)
    seen: dict[int, int] = field(default_factory=dict)
    told: list[tuple[str, int, int, str, str, float]] = field(default_factory=list)

    def latch(self, rule: Rule, grade: str) -> Latch | None:
        threshold = rule.graded().get(grade)  # type: ignore[call-overload]
        if threshold is None:
            return None
        at = threshold.value
        up = rule.direction == "above"
        exact = Decimal(str(at))
        back = Decimal(str(rule.margin)) if rule.margin is not None else abs(exact) * Decimal(str(rule.margin_fraction))
        line = float(exact - back if up else exact + back)
        if threshold.strict:
            met = (lambda v: v > at) if up else (lambda v: v < at)
            clear = (lambda v: v <= line) if up else (lambda v: v >= line)
        else:
            met = (lambda v: v >= at) if up else (lambda v: v <= at)
            clear = (lambda v: v < line) if up else (lambda v: v > line)
        return Latch(met, clear, rule.raise_after, round(rule.clear_for_s * 1e6))

    def read(self, sensor: int, time: int, value: float) -> None:
        if time <= self.seen.get(sensor, NEVER):
            return
        self.seen[sensor] = time
        for number, rule in enumerate(self.rules):
            every = {grade: latch for grade in GRADES if (latch := self.latch(rule, grade)) is not None}
            latches = self.latches.setdefault((number, sensor), every)
            was = max((LEVELS.index(grade) for grade, latch in latches.items() if latch.is_set), default=0)
            for latch in latches.values():
                latch.read(time, value)
            now = max((LEVELS.index(grade) for grade, latch in latches.items() if latch.is_set), default=0)
            if now != was:
                self.told.append((rule.id, sensor, time, LEVELS[was], LEVELS[now], value))

    def not_at_rest(self) -> dict[tuple[str, int], dict[str, Any]]:
        return {
            (self.rules[number].id, sensor): told
            for (number, sensor), latches in self.latches.items()
            if (told := {grade: self._told(one) for grade, one in latches.items() if one.is_set or one.in_a_row})
        }

    @staticmethod
    def _told(latch: Latch) -> dict[str, Any]:
        if not latch.is_set:
            return {"count": latch.in_a_row, "since": latch.began}
        return {"latched": True} | ({} if latch.run_began is None else {"since": latch.run_began})


SENSORS = 4


@st.composite
def rule_lists(draw: st.DrawFn) -> list[Rule]:
    rules = []
    for number in range(draw(st.integers(1, 3))):
        direction = draw(st.sampled_from(["above", "below"]))
        fixed = sorted(draw(st.lists(st.integers(-3, 6), min_size=4, max_size=4)), reverse=direction == "below")
        strict = draw(st.lists(st.booleans(), min_size=4, max_size=4))
        has = draw(st.lists(st.booleans(), min_size=4, max_size=4).filter(any))
        levels = {
            grade: Threshold(value=value / 2, strict=beyond)
            for grade, value, beyond, is_there in zip(GRADES, fixed, strict, has, strict=True)
            if is_there
        }
        margin = draw(
            st.one_of(
                st.fixed_dictionaries({"margin": st.sampled_from([0.0, 0.2, 0.5, 1.0])}),
                st.fixed_dictionaries({"margin_fraction": st.sampled_from([0.0, 0.1, 0.5])}),
            )
        )
        rules.append(
            a_rule(
                id=f"r{number}",
                direction=direction,
                levels=Levels(**levels),
                raise_after=draw(st.integers(1, 3)),
                clear_for_s=draw(st.sampled_from([0.0, 1.0, 2.0, 5.0, 1.5])),
                **margin,
            )
        )
    return rules


values = st.one_of(
    st.integers(-8, 16).map(lambda n: n / 4), st.sampled_from([0.8, 1.8, 2.7, 0.9, 1.1, float("nan"), -0.2])
)
readings = st.lists(
    st.tuples(st.integers(1, SENSORS), st.integers(0, 40).map(lambda n: n * SECOND // 2), values),
    max_size=60,
    unique_by=lambda row: row[:2],
)


@st.composite
def batched(draw: st.DrawFn) -> tuple[list[Reading], list[list[Reading]]]:
    """Readings in order of time, and some way of cutting them into batches."""
    rows = sorted(draw(readings), key=lambda row: (row[1], row[0]))
    cuts = sorted(draw(st.lists(st.integers(0, len(rows)), max_size=6)))
    edges = [0, *cuts, len(rows)]
    return rows, [rows[start:end] for start, end in pairwise(edges)]


def ready(rules: list[Rule]) -> RuleSet:
    return compile_rules(rules, [a_subject(number) for number in range(1, SENSORS + 1)])


@settings(max_examples=500, deadline=None)
@given(rules=rule_lists(), cut=batched())
def test_same_as_one_reading_at_a_time(rules: list[Rule], cut: tuple[list[Reading], list[list[Reading]]]) -> None:
    rows, batches = cut
    reference = Reference(rules)
    for row in rows:
        reference.read(*row)
    ruleset = ready(rules)
    state, told = run(ruleset, initial_state(ruleset), batches)
    assert [(t.rule_id, t.subject, t.time, t.from_level, t.to_level) for t in told] == [t[:5] for t in reference.told]
    np.testing.assert_array_equal([t.value for t in told], [t[5] for t in reference.told])
    stored = {(row.rule_id, row.subject): now(row) for row in persisted(ruleset, state)}
    assert {key: levels for key, levels in stored.items() if levels} == reference.not_at_rest()
    seen = {number: int(time) for number, time in enumerate(state.watermark) if time != NEVER}
    assert seen == reference.seen


def now(row: StateRow) -> dict[str, Any]:
    """The levels that are not at rest after the last version."""
    assert row.state
    return {grade: told for grade, told in row.state["versions"][-1].items() if grade in GRADES}


def heads(state: State) -> dict[int, tuple[int, float]]:
    """What the database would say of the newest readings."""
    columns = zip(state.watermark.tolist(), state.last.tolist(), strict=True)
    return {number: head for number, head in enumerate(columns) if head[0] != NEVER}


@settings(max_examples=300, deadline=None)
@given(rows=readings, sizes=st.lists(st.integers(1, 9), min_size=1), lateness_s=st.sampled_from([0, 1, 4]))
def test_placed_is_told_by_all_that_came_before(rows: list[Reading], sizes: list[int], lateness_s: int) -> None:
    """Newer than the head, or behind it by no more than the lateness; whatever the batches were."""
    ruleset = ready([a_rule(lateness_s=float(lateness_s))])
    state, head = initial_state(ruleset), {}
    while rows:
        size = sizes[len(rows) % len(sizes)]
        batch, rows = rows[:size], rows[size:]
        found = placed(ruleset, state, a_batch(batch))
        for (sensor, time, _), fresh, judged, whole in zip(batch, found.fresh, found.judged, found.whole, strict=True):
            assert fresh == (time > head.get(sensor, NEVER))
            assert judged == whole == (time >= head.get(sensor, NEVER) - lateness_s * SECOND)
            head[sensor] = max(time, head.get(sensor, NEVER))
        state, _ = evaluate(ruleset, state, a_batch(batch), 0)


def columns_of(value: Any) -> list[np.ndarray[Any, Any]]:
    """Every NumPy column in a dataclass, nested ones too."""
    found = []
    for part in vars(value).values():
        if isinstance(part, np.ndarray):
            found.append(part)
        elif hasattr(part, "__dataclass_fields__"):
            found += columns_of(part)
        elif isinstance(part, tuple | list):
            found += [column for each in part if hasattr(each, "__dataclass_fields__") for column in columns_of(each)]
    return found


@settings(max_examples=200, deadline=None)
@given(rules=rule_lists(), cut=batched())
def test_pure(rules: list[Rule], cut: tuple[list[Reading], list[list[Reading]]]) -> None:
    """Nothing that is handed in is written to, and the same input gives the same output."""
    _, batches = cut
    ruleset = ready(rules)
    state = initial_state(ruleset)
    for rows in batches:
        batch = a_batch(rows)
        for column in (*columns_of(ruleset), *columns_of(state), *columns_of(batch)):
            column.flags.writeable = False
        after, told = evaluate(ruleset, state, batch, 0)
        assert after == evaluate(ruleset, state, batch, 7)[0]
        if not rows:
            assert (after, told) == (state, [])
        state = after


@settings(max_examples=300, deadline=None)
@given(rules=rule_lists(), cut=batched())
def test_what_is_stored_restores_the_state(rules: list[Rule], cut: tuple[list[Reading], list[list[Reading]]]) -> None:
    """At every batch, a store that took the changed rows holds the whole state."""
    _, batches = cut
    ruleset = ready(rules)
    state, stored = initial_state(ruleset), {}
    for batch in batches:
        after, _ = evaluate(ruleset, state, a_batch(batch), 0)
        for row in changed(ruleset, state, after):
            assert stored.get((row.rule_id, row.subject)) != row, "a row that did not change"
            stored[row.rule_id, row.subject] = row
        state = after
        assert restore(ruleset, stored.values(), heads(state)) == state
        assert restore(ruleset, persisted(ruleset, state), heads(state)) == state


@settings(max_examples=200, deadline=None)
@given(rules=rule_lists(), cut=batched())
def test_going_on_after_a_restart(rules: list[Rule], cut: tuple[list[Reading], list[list[Reading]]]) -> None:
    """State restored between batches, whatever the crash point, tells the same."""
    rows, batches = cut
    ruleset = ready(rules)
    whole, told = run(ruleset, initial_state(ruleset), [rows])
    state, again = initial_state(ruleset), []
    for batch in batches:
        state = restore(ruleset, persisted(ruleset, state), heads(state))
        state, more = evaluate(ruleset, state, a_batch(batch), 0)
        again += more
    assert repr(again) == repr(told)  # NaN is not equal to itself
    assert state == whole


one_sensor = st.lists(st.tuples(st.integers(1, 20), values), max_size=40)


@settings(max_examples=300, deadline=None)
@given(steps=one_sensor, raise_after=st.integers(1, 4), hold_s=st.integers(0, 20))
def test_latch_laws(steps: list[tuple[int, float]], raise_after: int, hold_s: int) -> None:
    """No raise without its samples, no release before its hold, and both only at a reading."""
    rule = a_rule(levels=Levels(red=2.0), raise_after=raise_after, clear_for_s=float(hold_s), margin=0.5)
    ruleset = ready([rule])
    times = np.cumsum([gap for gap, _ in steps]) * SECOND if steps else []
    history = [(1, int(time), value) for time, (_, value) in zip(times, steps, strict=True)]
    _, told = run(ruleset, initial_state(ruleset), [history])
    place = {time: number for number, (_, time, _) in enumerate(history)}
    for one in told:
        number = place[one.time]  # a reading's own time
        if one.to_level == "red":
            assert number + 1 >= raise_after
            assert all(value >= 2.0 for _, _, value in history[number + 1 - raise_after : number + 1])
        else:
            run_up = clear_run(history[: number + 1])
            assert run_up and one.time - run_up[0] >= hold_s * SECOND
    assert [one.to_level for one in told] == ["red", "none"] * (len(told) // 2) + ["red"] * (len(told) % 2)


def clear_run(history: Sequence[Reading]) -> list[int]:
    """The times of the unbroken run under 1.5 that ends the history."""
    times: list[int] = []
    for _, time, value in reversed(history):
        if not value < 1.5:
            break
        times.insert(0, time)
    return times


@settings(max_examples=100, deadline=None)
@given(rules=rule_lists(), cut=batched())
def test_carrying_over_to_the_same_rules_changes_nothing(
    rules: list[Rule], cut: tuple[list[Reading], list[list[Reading]]]
) -> None:
    ruleset = ready(rules)
    state, _ = run(ruleset, initial_state(ruleset), cut[1])
    assert carried_over(ruleset, state, ready(rules)) == state
