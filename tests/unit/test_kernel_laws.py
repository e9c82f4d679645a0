"""Laws of the kernel for every kind of rule at once: batches, crash points, and the order of arrival do not matter."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from alerts import subjects
from alerts.columns import NEVER, Batch, Past
from alerts.kernel import Transition, evaluate, late_needs, placed
from alerts.pairs import RuleSet
from alerts.rules import AnyRule
from alerts.ruleset import compile_rules
from alerts.sensor_subjects import Subject
from alerts.state import initial_state
from alerts.state_rows import Readings, StateRow, changed, persisted, restore

SECOND = 1_000_000
LATENESS_S = 3.0
Reading = tuple[int, int, float]  # sensor, time in µs, value

WORDS = {"zh": "试", "en": "Test"}
GRID, OTHER = 70, 71


def a_rule(kind: str, name: str, **more: Any) -> AnyRule:
    common = {"id": name, "number": 1, "label": WORDS, "first_action": WORDS, "lateness_s": LATENESS_S}
    return msgspec.convert({"kind": kind, **common, **more}, AnyRule)  # type: ignore[arg-type]


def graded(name: str, quantity: str = "rain", **more: Any) -> AnyRule:
    unit = {"rain": "mm", "stage": "m"}[quantity]
    base: dict[str, Any] = {"quantity": quantity, "unit": unit, "direction": "above", "raise_after": 1, "margin": 0.5}
    return a_rule("threshold", name, **(base | {"clear_for_s": 1.0} | more))


def conditioned(name: str, levels: dict[str, Any], **more: Any) -> AnyRule:
    return a_rule("condition", name, units={"rain": "mm", "stage": "m"}, levels=levels, **more)


RULES: dict[str, AnyRule] = {
    rule.id: rule
    for rule in [
        graded("plain", levels={"blue": 2.0, "orange": 4.0}, raise_after=2),
        graded("held", levels={"yellow": 3.0}, hold_s=2.0, clear_for_s=0.0),
        graded("low", direction="below", levels={"red": 1.0}, quantity="stage", clear_for_s=0.0),
        graded("sum", measure={"of": "sum", "over_s": 3.0}, levels={"blue": 4.0, "red": {"value": 9.0, "over_s": 5.0}}),
        graded("mean", measure={"of": "mean", "over_s": 4.0, "full": True}, levels={"orange": 2.0}, clear_for_s=0.0),
        graded("band", direction="between", levels={"yellow": {"low": 1.0, "high": 3.0}}, clear_for_s=2.0),
        graded("rise", "stage", measure={"of": "change", "over_s": 2.0}, levels={"blue": 1.0, "red": 3.0}),
        graded("rate", "stage", measure={"of": "rate", "over_s": 1.0, "per": "h", "abs": True}, levels={"red": 3600.0}),
        a_rule("stuck", "stuck", quantity="stage", unit="m", level="blue", over_h=3 / 3600, tolerance=0.4, at_least=3),
        conditioned(
            "device",
            {
                "blue": {
                    "any": [{"quantity": "rain", "above": 3.0}, {"quantity": "stage", "above": 4.0, "margin": 1.0}]
                },
                "red": {
                    "all": [
                        {"quantity": "rain", "of": "sum", "over_s": 4.0, "above": 3.0},
                        {"not": {"quantity": "stage", "below": 2.0, "max_age_s": 3.0}},
                        {"during": {"hours": ["08:00", "20:00"]}},
                    ]
                },
            },
            raise_after=2,
            clear_for_s=1.0,
        ),
        conditioned("formula", {"orange": {"expression": "rain + stage", "above": 6.0, "max_age_s": 2.0}}),
        graded("earlier", measure={"of": "sum", "over_s": 2.0, "ago_s": 1.5}, levels={"blue": 3.0, "orange": 6.0}),
        conditioned(
            "terms",
            {
                "yellow": {
                    "expression": "recent + 0.5 * before - max(rise, 0) + stage",
                    "terms": [
                        {"name": "recent", "quantity": "rain", "of": "sum", "over_s": 2.0},
                        {"name": "before", "quantity": "rain", "of": "mean", "over_s": 3.0, "ago_s": 2.0},
                        {"name": "rise", "quantity": "stage", "of": "change", "over_s": 1.0, "ago_s": 1.0},
                    ],
                    "above": 5.0,
                    "margin": 1.0,
                    "max_age_s": 3.0,
                },
            },
            raise_after=1,
            clear_for_s=1.0,
        ),
        a_rule(
            "condition",
            "preceding",
            units={"rain": "mm"},
            levels={
                "orange": {
                    "expression": "recent + 0.67 * before",
                    "terms": [
                        {"name": "recent", "of": "sum", "over_s": 2.0},
                        {"name": "before", "of": "sum", "over_s": 4.0, "ago_s": 2.0},
                    ],
                    "above": 7.0,
                    "strict": True,
                }
            },
            raise_after=1,
            clear_for_s=0.0,
        ),
        a_rule("count", "two", of="plain", level="blue", within="grid", levels={"yellow": 2}, clear_for_s=0.0),
        a_rule("count", "counts", of="two", level="yellow", within="township", levels={"red": 1}, clear_for_s=0.0),
        a_rule(
            "count",
            "some",
            of="sum",
            level="blue",
            within="touching",
            levels={"blue": 1, "red": {"fraction": 0.6, "level": "red"}},
            clear_for_s=2.0,
            hold_s=1.0,
        ),
    ]
}

NEEDS = {"two": ["plain"], "some": ["sum"], "counts": ["two", "plain"]}

SENSORS = [
    Subject(
        sensor_id=number,
        quantity=quantity,
        unit={"rain": "mm", "stage": "m"}[quantity],
        datum=None,
        levels={},
        levels_datum=None,
        name=f"s{number}",
        device_id=device,
        grid_id=grid,
        township_id=60,
    )
    for number, quantity, device, grid in [
        (1, "rain", 1, GRID),
        (2, "stage", 1, GRID),
        (3, "stage", 2, GRID),
        (4, "rain", 2, GRID),
        (5, "rain", 3, OTHER),
    ]
]


def ready(names: Iterable[str]) -> RuleSet:
    touches = {GRID: frozenset({OTHER}), OTHER: frozenset({GRID})}
    return compile_rules([RULES[name] for name in names], SENSORS, touches=touches)


def a_batch(readings: Sequence[Reading]) -> Batch:
    sensor, time, value = zip(*readings, strict=True) if readings else ((), (), ())
    return Batch(sensor=np.array(sensor, np.int32), time=np.array(time, np.int64), value=np.array(value, np.float64))


class Store:
    """What the database would hold: the judged readings and the rows of the state."""

    def __init__(self, rules: RuleSet) -> None:
        self.rules = rules
        self.state = initial_state(rules)
        self.readings: list[Reading] = []
        self.rows: dict[tuple[str, int], StateRow] = {}
        self.told: list[Transition] = []

    def take(self, readings: Sequence[Reading]) -> None:
        """One batch, as the pipeline does it."""
        batch = a_batch(readings)
        judged = placed(self.rules, self.state, batch).judged
        batch = a_batch([row for row, good in zip(readings, judged, strict=True) if good])
        batch = replace(batch, past=self.past(late_needs(self.rules, self.state, batch)))
        after, told = evaluate(self.rules, self.state, batch, NEVER)
        for row in changed(self.rules, self.state, after):
            self.rows[row.rule_id, row.subject] = row
        self.readings += [row for row, good in zip(readings, judged, strict=True) if good]
        self.state = after
        self.told += told

    def past(self, needs: list[tuple[int, int]]) -> Past | None:
        asked = dict(needs)
        rows = [row for row in self.readings if row[0] in asked and row[1] >= asked[row[0]]]
        held = a_batch(rows)
        return Past(sensor=held.sensor, time=held.time, value=held.value) if needs else None

    def restart(self) -> None:
        """Forget everything but what is stored."""
        newest = {sensor: (time, value) for sensor, time, value in sorted(self.readings)}
        held = a_batch(self.readings[::-1])
        kept = Readings(sensor=held.sensor.astype(np.int64), time=held.time, value=held.value)
        self.state = restore(self.rules, self.rows.values(), newest, kept)


def folded(told: Iterable[Transition]) -> Counter[tuple[Any, ...]]:
    """The history: what was said, without what was taken back."""
    found: Counter[tuple[Any, ...]] = Counter()
    for one in told:
        key = (one.rule_id, one.subject, one.time, one.from_level, one.to_level, one.value)
        found[key] += -1 if one.retracts else 1
        assert found[key] in (0, 1), "said twice, or taken back what was not said"
    return +found


values = st.integers(0, 12).map(lambda n: n / 2)
histories = st.lists(
    st.tuples(st.sampled_from([1, 1, 1, 2, 2, 3, 4, 5]), st.integers(0, 30).map(lambda n: n * SECOND // 2), values),
    min_size=1,
    max_size=45,
    unique_by=lambda row: row[:2],
).map(lambda rows: sorted(rows, key=lambda row: (row[1], row[0])))
rule_names = st.sets(st.sampled_from(sorted(RULES)), min_size=1, max_size=5).map(
    lambda names: sorted(names.union(*(NEEDS.get(name, ()) for name in names)))
)
cuts = st.lists(st.integers(0, 45), max_size=8)
some = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def batches(rows: list[Reading], at: list[int]) -> list[list[Reading]]:
    edges = [0, *sorted(min(cut, len(rows)) for cut in at), len(rows)]
    return [rows[start:end] for start, end in pairwise(edges)]


def one_by_one(rules: RuleSet, rows: list[Reading]) -> Store:
    store = Store(rules)
    for row in rows:
        store.take([row])
    return store


# Found once: a count of a count, and readings of one instant that come one by one.
ONE_INSTANT = [(1, 0, 2.0), (4, 0, 2.0), (1, SECOND // 2, 2.0), (4, SECOND // 2, 2.0)]


@some
@example(names=["counts", "plain", "two"], rows=ONE_INSTANT, at=[])
@given(names=rule_names, rows=histories, at=cuts)
def test_live_is_replay_whatever_the_batches(names: list[str], rows: list[Reading], at: list[int]) -> None:
    rules = ready(names)
    live, replay = one_by_one(rules, rows), Store(rules)
    for batch in batches(rows, at):
        replay.take(batch)
    assert folded(replay.told) == folded(live.told)
    assert not any(one.retracts or one.reason == "corrected" for one in (*live.told, *replay.told))
    assert sorted(map(repr, replay.told)) == sorted(map(repr, live.told))
    assert replay.state == live.state
    assert {key: row.state for key, row in replay.rows.items() if row.state} == {
        (row.rule_id, row.subject): row.state for row in persisted(rules, live.state)
    }


def shuffled(rows: list[Reading], delays: list[int]) -> list[Reading]:
    """In order of an arrival that is late by no more than the lateness."""
    late = [(time + delays[number % len(delays)] * SECOND // 2, number) for number, (_, time, _) in enumerate(rows)]
    return [rows[number] for _, number in sorted(late)]


delays = st.lists(st.integers(0, int(LATENESS_S * 2)), min_size=1, max_size=45)


@some
@given(names=rule_names, rows=histories, late=delays, at=cuts)
def test_after_the_watermark_the_order_of_arrival_does_not_matter(
    names: list[str], rows: list[Reading], late: list[int], at: list[int]
) -> None:
    rules = ready(names)
    ordered, arrived = one_by_one(rules, rows), Store(rules)
    for batch in batches(shuffled(rows, late), at):
        arrived.take(batch)
    assert all(row in arrived.readings for row in rows if rules.most_lateness[row[0]])
    assert folded(arrived.told) == folded(ordered.told)
    assert arrived.state == ordered.state


busy = st.lists(
    st.tuples(st.sampled_from([1, 4, 5]), st.integers(0, 16).map(lambda n: n * SECOND // 2), values),
    min_size=8,
    max_size=45,
    unique_by=lambda row: row[:2],
).map(lambda rows: sorted(rows, key=lambda row: (row[1], row[0])))


@some
@given(rows=busy, late=delays, at=cuts)
def test_counts_of_late_members_are_those_of_members_in_order(
    rows: list[Reading], late: list[int], at: list[int]
) -> None:
    rules = ready(["plain", "sum", "two", "counts", "some"])
    ordered, arrived = one_by_one(rules, rows), Store(rules)
    for batch in batches(shuffled(rows, late), at):
        arrived.take(batch)
    assert folded(arrived.told) == folded(ordered.told)
    assert arrived.state == ordered.state


@some
@given(names=rule_names, rows=histories, late=delays, at=cuts)
def test_a_crash_at_any_point_changes_nothing(
    names: list[str], rows: list[Reading], late: list[int], at: list[int]
) -> None:
    rules = ready(names)
    whole, crashed = Store(rules), Store(rules)
    for batch in batches(shuffled(rows, late), at):
        whole.take(batch)
        crashed.restart()
        crashed.take(batch)
    assert list(map(repr, crashed.told)) == list(map(repr, whole.told))
    assert crashed.state == whole.state


@some
@given(names=rule_names, rows=histories, late=st.lists(st.integers(0, 30), min_size=1), at=cuts)
def test_what_comes_too_late_is_not_judged_and_rewrites_nothing(
    names: list[str], rows: list[Reading], late: list[int], at: list[int]
) -> None:
    """Any disorder: the result is that of the readings that were judged, and folding never goes wrong."""
    rules = ready(names)
    arrived = Store(rules)
    for batch in batches(shuffled(rows, late), at):
        arrived.take(batch)
    folded(arrived.told)
    levels: dict[tuple[str, int], str] = {}
    for one in sorted((key for key in folded(arrived.told)), key=lambda key: key[2]):
        assert levels.get(one[:2], "none") == one[3] or one[0] in (
            "two",
            "some",
            "counts",
            "device",
            "formula",
            "terms",
        )
        levels[one[:2]] = one[4]


def test_a_count_is_about_a_division() -> None:
    rules = ready(["plain", "two"])
    store = one_by_one(rules, [(s, t * SECOND, 5.0) for t in (1, 2) for s in (1, 4, 5)])
    assert [(one.subject, one.time, one.value) for one in store.told if one.rule_id == "two"] == [
        (subjects.of("division", GRID), 2 * SECOND, 2.0)
    ]
