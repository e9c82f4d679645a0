"""Closure figures: whatever was reported and done in whatever order, they are what a plain count says."""

import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access.accounts import add_account
from config.database import Connection
from events.errors import Refused
from events.figures import Closure, Period, closure, step_times
from events.flow import By
from events.kinds import LEVELS
from events.sweep import mark_overdue
from tests.database.events_seed import (
    IN_FAR,
    IN_GRID,
    IN_OTHER_GRID,
    IN_TOWNSHIP,
    IN_VILLAGE,
    EventTown,
    event_town,
    say,
    set_clock,
    tap,
    told,
)
from tests.database.people_seed import DISTRICT, FAR, GRID, OTHER_GRID, TOWNSHIP, VILLAGE

T0 = datetime(2026, 1, 1, tzinfo=UTC)
PLACES = {"grid": IN_GRID, "other": IN_OTHER_GRID, "village": IN_VILLAGE, "township": IN_TOWNSHIP, "far": IN_FAR}
WITHIN: dict[str, set[str]] = {
    DISTRICT: {"grid", "other", "village", "township"},
    TOWNSHIP: {"grid", "other", "village", "township"},
    VILLAGE: {"grid", "village"},
    GRID: {"grid"},
    OTHER_GRID: {"other"},
    FAR: {"far"},
}
ACTS = [
    ("accept", {}), ("handle", {"choice": "done"}), ("handle", {"choice": "nothing"}), ("verify", {}),
    ("return", {"choice": "undone"}), ("up", {"choice": "beyond"}),
]  # fmt: skip
_times = iter(range(10**9))  # each example has a time of its own: steps are never taken back


@dataclass
class Told:
    """One event as the test saw it: when each thing was, and nothing of the schema."""

    place: str
    reported: datetime
    urgent: bool
    last: datetime
    closed_level: str | None = None
    closed: datetime | None = None
    late: bool = False
    overdue: bool = False
    steps: list[tuple[str, float]] = field(default_factory=list)


steps_of = st.lists(
    st.tuples(
        st.integers(0, 4),  # which event
        st.sampled_from([*range(len(ACTS)), 99]),  # 99: a sweep
        st.sampled_from(["grid", "village", "township", "district"]),  # who
        st.integers(0, 400),  # minutes later
    ),
    max_size=25,
)
reports = st.lists(
    st.tuples(st.sampled_from(list(PLACES)), st.sampled_from(["road", "gas", "flooding", "wire"]), st.integers(0, 90)),
    min_size=1,
    max_size=5,
)


@pytest.fixture
def made(connection: Connection, tmp_path: Path) -> EventTown:
    set_clock(connection, T0)
    return event_town(connection, tmp_path)


@pytest.fixture
def hands(connection: Connection) -> list[By]:
    return [By(account=add_account(connection, f"{level}{n}"), level=level) for n in (1, 2) for level in LEVELS]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=reports, acts=steps_of)
def test_figures_are_what_a_plain_count_says(
    connection: Connection, made: EventTown, hands: list[By], said: list[tuple[str, str, int]], acts: list[tuple]
) -> None:
    begin = T0 + timedelta(days=100 * next(_times))
    at, history, numbers = begin, [], []
    for place, kind, minutes in said:
        at += timedelta(minutes=minutes)
        set_clock(connection, at)
        number = say(connection, made, kind=kind, where=PLACES[place]).event_id
        numbers.append(number)
        history.append(Told(place=place, reported=at, urgent=told(connection, number).urgent, last=at))
    for turn, (which, act, who, minutes) in enumerate(acts):
        at += timedelta(minutes=minutes)
        set_clock(connection, at)
        if act == 99:
            sweep(connection, numbers, history, at)
        else:
            one = which % len(numbers)
            by = next(hand for hand in hands[4 * (turn % 2) :] if hand.level == who)
            follow(connection, numbers[one], history[one], ACTS[act], by, at)
    end = begin + timedelta(days=50)
    for within in (None, *WITHIN):
        period = Period(
            since=begin, until=end, within=None if within is None else made.divisions[within], by="township"
        )
        meant = [one for one in history if within is None or one.place in WITHIN[within]]
        assert {(one.of_all, one.division_id): counts(one) for one in closure(connection, period)} == {
            (True, None): plain(meant),
            **{
                (False, made.divisions[code]): plain(there)
                for code in (TOWNSHIP, FAR)
                if (there := [one for one in meant if (one.place == "far") == (code == FAR)])
            },
        }
        found = {one.act: (one.count, one.median_s, one.p90_s) for one in step_times(connection, period) if one.of_all}
        assert found == {act: pytest.approx(times) for act, times in plain_times(meant).items()}


def follow(
    connection: Connection, number: int, one: Told, act: tuple[str, dict[str, str]], by: By, at: datetime
) -> None:
    """Try it, and note by what it changed how it went."""
    before = told(connection, number)
    try:
        tap(connection, number, act[0], by, **act[1])
    except Refused:
        return
    now = told(connection, number)
    one.late = one.late or (before.due_at is not None and at > before.due_at)
    one.overdue = False
    first = {"reported": "accepted"}.get(before.state) if act[0] in ("accept", "handle") else None
    ends = first or {"handle": "handled", "verify": "verified"}.get(act[0])
    if ends is not None and at > one.last:
        one.steps.append((ends, (at - one.last).total_seconds()))
    one.last = at
    if now.state == "closed":
        one.closed, one.closed_level = at, now.closed_level
        one.steps.append(("whole", (at - one.reported).total_seconds()))


def sweep(connection: Connection, numbers: list[int], history: list[Told], at: datetime) -> None:
    before = [told(connection, number) for number in numbers]
    mark_overdue(connection, at)
    for number, one, was in zip(numbers, history, before, strict=True):
        if was.due_at is not None and was.due_at < at and was.overdue_at is None:
            moved = told(connection, number).level != was.level
            one.late, one.overdue = True, not moved
            one.last = at if moved else one.last


def counts(one: Closure) -> tuple[int, ...]:
    return (
        one.reported, one.urgent, one.closed, one.closed_grid, one.closed_village, one.closed_township,
        one.closed_district, one.was_late, one.overdue,
    )  # fmt: skip


def plain(history: Iterable[Told]) -> tuple[int, ...]:
    there = list(history)
    return (
        len(there),
        sum(one.urgent for one in there),
        sum(one.closed is not None for one in there),
        *(sum(one.closed_level == level for one in there) for level in LEVELS),
        sum(one.late for one in there),
        sum(one.overdue for one in there),
    )


def plain_times(history: Iterable[Told]) -> dict[str, tuple[int, float, float]]:
    taken = defaultdict(list)
    for one in history:
        for act, seconds in one.steps:
            taken[act].append(seconds)
    return {act: (len(found), statistics.median(found), ninth(found)) for act, found in taken.items()}


def ninth(values: list[float]) -> float:
    """Nine of ten are not longer: between two values in proportion."""
    ordered = sorted(values)
    place = 0.9 * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def test_of_nothing_there_is_nothing(connection: Connection, made: EventTown) -> None:
    [of_all] = closure(connection, Period(since=T0, until=T0))
    assert (of_all.reported, of_all.rate(), of_all.within_grid(), of_all.within_village()) == (0, None, None, None)
    assert step_times(connection, Period(since=T0, until=T0)) == []
