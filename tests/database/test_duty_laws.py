"""Whatever is changed in whatever order: who is on duty is what a plain reading of the history says, then as now."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from config.database import Connection
from people.absences import add_absence, end_absence
from people.duty import OnDuty, on_duty, on_duty_for
from people.errors import PeopleError
from people.holdings import add_shift, cancel_shift, end_post, hold_post
from people.persons import leave, renew_term
from tests.database.people_seed import GRID, NOW, OTHER_VILLAGE, TOWNSHIP, VILLAGE, Town, town

HOURS = 8  # the last one stands for all after it, too
PEOPLE = 4
POSTS = ("duty_officer", "grid_worker")  # in the order of rank
PLACES = (TOWNSHIP, VILLAGE, OTHER_VILLAGE, GRID)

Key = tuple[int, str, str]  # person, post, division's code
Hours = frozenset[int]


def hour(number: int) -> datetime:
    return NOW + timedelta(hours=number)


def span(since: int, until: int | None) -> Hours:
    return frozenset(range(since, HOURS if until is None else until))


@dataclass
class History:
    """What holds, hour by hour: sets instead of ranges, nothing of the schema."""

    terms: dict[int, Hours] = field(default_factory=lambda: {n: span(0, None) for n in range(PEOPLE)})
    held: dict[Key, Hours] = field(default_factory=dict)
    shifts: dict[Key, Hours] = field(default_factory=dict)
    away: dict[int, dict[int, int | None]] = field(default_factory=lambda: {n: {} for n in range(PEOPLE)})
    village: dict[int, str] = field(default_factory=lambda: dict.fromkeys(range(HOURS), VILLAGE))  # of the grid
    shift_ids: dict[int, tuple[Key, Hours]] = field(default_factory=dict)  # rows that nothing replaced
    absence_ids: dict[int, tuple[int, Hours]] = field(default_factory=dict)

    def answers(self, post: str, place: str, at: int) -> set[tuple[int, str, str, int | None]]:
        """(person, division, why, instead of), read as a person would."""
        way = {GRID: [GRID, self.village[at], TOWNSHIP], TOWNSHIP: [TOWNSHIP]}.get(place, [place, TOWNSHIP])
        for why, rows in (("shift", self.shifts), ("holder", self.held)):
            for where in way:
                there = [n for (n, held, at_place), hours in sorted(rows.items())
                         if (held, at_place) == (post, where) and at in hours]  # fmt: skip
                found = {n: (n, where, why, None) for n in there if at not in self.away[n]}
                for n in there:
                    stand_in = self.away[n].get(at)
                    if stand_in is not None and at not in self.away[stand_in]:
                        found.setdefault(stand_in, (stand_in, where, "stand_in", n))
                if found:
                    return set(found.values())
        return set()


@dataclass
class World:
    """The product, and what ought to be in it."""

    connection: Connection
    town: Town
    ids: list[UUID]
    history: History = field(default_factory=History)


def tried(allowed: bool, act: Callable[[], object]) -> int:
    """Do it; it is refused exactly where the history says so. The id of what was written, or 0."""
    if allowed:
        made = act()
        return made if isinstance(made, int) else 0
    with pytest.raises(PeopleError):
        act()
    return 0


@dataclass(frozen=True)
class Hold:
    who: int
    post: str
    place: str
    since: int
    length: int | None
    shift: bool

    def __call__(self, w: World) -> None:
        until = None if self.length is None else min(self.since + self.length, HOURS - 1 + self.shift)
        key, hours = (self.who, self.post, self.place), span(self.since, until)
        rows = w.history.shifts if self.shift else w.history.held
        allowed = bool(hours) and not hours & rows.get(key, Hours()) and hours <= w.history.terms[self.who]
        place, since, end = w.town.divisions[self.place], hour(self.since), None if until is None else hour(until)
        if self.shift:
            assert end is not None
            made = tried(
                allowed, lambda: add_shift(w.connection, w.ids[self.who], self.post, place, since=since, until=end)
            )
        else:
            made = tried(
                allowed, lambda: hold_post(w.connection, w.ids[self.who], self.post, place, since=since, until=end)
            )
        if allowed:
            rows[key] = rows.get(key, Hours()) | hours
            if self.shift:
                w.history.shift_ids[made] = (key, hours)


@dataclass(frozen=True)
class EndPost:
    who: int
    post: str
    place: str
    at: int

    def __call__(self, w: World) -> None:
        key = (self.who, self.post, self.place)
        hours = w.history.held.get(key, Hours())
        place = w.town.divisions[self.place]
        tried(
            bool(hours & span(self.at, None)),
            lambda: end_post(w.connection, w.ids[self.who], self.post, place, at=hour(self.at)),
        )
        w.history.held[key] = hours - span(self.at, None)


@dataclass(frozen=True)
class Cancel:
    which: int
    at: int | None

    def __call__(self, w: World) -> None:
        number = sorted(w.history.shift_ids)[self.which % len(w.history.shift_ids)] if w.history.shift_ids else 10**9
        key, hours = w.history.shift_ids.get(number, ((0, "", ""), Hours()))
        gone = hours if self.at is None else hours & span(self.at, None)
        at = None if self.at is None else hour(self.at)
        tried(bool(gone), lambda: cancel_shift(w.connection, number, at=at))
        if gone:
            w.history.shifts[key] -= gone
            del w.history.shift_ids[number]


@dataclass(frozen=True)
class Away:
    who: int
    since: int
    length: int | None
    stand_in: int | None

    def __call__(self, w: World) -> None:
        until = None if self.length is None else min(self.since + self.length, HOURS - 1)
        hours, other = span(self.since, until), self.stand_in
        allowed = bool(hours) and not hours & w.history.away[self.who].keys()
        allowed = allowed and (
            other is None
            or (other != self.who and hours <= w.history.terms[other] and not hours & w.history.away[other].keys())
        )
        end = None if until is None else hour(until)
        stand_in = None if other is None else w.ids[other]
        made = tried(
            allowed,
            lambda: add_absence(w.connection, w.ids[self.who], since=hour(self.since), until=end, stand_in_id=stand_in),
        )
        if allowed:
            w.history.away[self.who] |= dict.fromkeys(hours, other)
            w.history.absence_ids[made] = (self.who, hours)


@dataclass(frozen=True)
class Back:
    which: int
    at: int

    def __call__(self, w: World) -> None:
        number = (
            sorted(w.history.absence_ids)[self.which % len(w.history.absence_ids)] if w.history.absence_ids else 10**9
        )
        who, hours = w.history.absence_ids.get(number, (0, Hours()))
        gone = hours & span(self.at, None)
        tried(bool(gone), lambda: end_absence(w.connection, number, at=hour(self.at)))
        for at in gone:
            del w.history.away[who][at]
        if gone:
            del w.history.absence_ids[number]


@dataclass(frozen=True)
class Leave:
    who: int
    at: int

    def __call__(self, w: World) -> None:
        gone = span(self.at, None)
        allowed = bool(w.history.terms[self.who] & gone)
        tried(allowed, lambda: leave(w.connection, w.ids[self.who], at=hour(self.at)))
        if not allowed:
            return
        w.history.terms[self.who] -= gone
        for rows in (w.history.held, w.history.shifts):
            rows |= {key: hours - gone for key, hours in rows.items() if key[0] == self.who}
        left = {n: one for n, one in w.history.absence_ids.items() if one[1] & gone}
        w.history.absence_ids = {n: one for n, one in w.history.absence_ids.items()
                         if n not in left or self.who not in (one[0], w.history.away[one[0]][min(one[1])])}  # fmt: skip
        for n, hours in w.history.away.items():
            keep = {at: (None if at in gone and other == self.who else other) for at, other in hours.items()}
            w.history.away[n] = {at: other for at, other in keep.items() if n != self.who or at not in gone}
        w.history.shift_ids = {
            n: one for n, one in w.history.shift_ids.items() if one[0][0] != self.who or not one[1] & gone
        }


@dataclass(frozen=True)
class Renew:
    who: int
    since: int

    def __call__(self, w: World) -> None:
        hours = span(self.since, None)
        allowed = not hours & w.history.terms[self.who]
        tried(allowed, lambda: renew_term(w.connection, w.ids[self.who], since=hour(self.since)))
        if allowed:
            w.history.terms[self.who] |= hours


@dataclass(frozen=True)
class Regroup:
    """The grid goes to another village, from an hour on."""

    to: str
    at: int

    def __call__(self, w: World) -> None:
        grid = w.town.divisions[GRID]
        w.connection.execute(
            "with old as (update division_versions set recorded = tstzrange(lower(recorded), %(now)s)"
            " where division_id = %(grid)s and upper_inf(recorded) returning *)"
            " insert into division_versions (division_id, parent_id, code, name, source, valid, recorded)"
            " select division_id, parent, code, name, source, part, tstzrange(%(now)s, null) from old,"
            " lateral (values (parent_id, valid * tstzrange(null, %(at)s)), (%(to)s, valid * tstzrange(%(at)s, null)))"
            " as parts (parent, part) where not isempty(part)",
            {"grid": grid, "at": hour(self.at), "to": w.town.divisions[self.to], "now": clock(w.connection)},
        )
        w.history.village |= dict.fromkeys(span(self.at, None), self.to)


def clock(connection: Connection) -> datetime:
    row = connection.execute("select clock_timestamp()").fetchone()
    assert row is not None
    at: datetime = row[0]
    return at


who, at = st.integers(0, PEOPLE - 1), st.integers(0, HOURS - 1)
post = st.sampled_from(("grid_worker", *POSTS))
place = st.sampled_from((GRID, GRID, *PLACES))
length, which = st.integers(1, HOURS), st.integers(0, 5)
holds = st.builds(Hold, who, post, place, at, st.none() | length, st.just(False))
shifts = st.builds(Hold, who, post, place, at, length, st.just(True))
aways = st.builds(Away, who, at, st.none() | length, st.none() | who)
acts = st.one_of(
    holds,
    holds,
    shifts,
    aways,
    aways,
    st.builds(EndPost, who, post, place, at),
    st.builds(Cancel, which, st.none() | at),
    st.builds(Back, which, at),
    st.builds(Leave, who, at),
    st.builds(Renew, who, at),
    st.builds(Regroup, st.sampled_from((VILLAGE, OTHER_VILLAGE)), at),
)


@given(st.lists(acts, min_size=1, max_size=25))
@example([Hold(0, "grid_worker", GRID, 0, None, False), Hold(1, "grid_worker", TOWNSHIP, 1, 3, True)])
@example([Hold(0, "grid_worker", GRID, 0, None, False), Hold(3, "grid_worker", VILLAGE, 0, None, False),
          Away(0, 1, 6, 1), Away(1, 2, 2, 2), Back(1, 3)])  # fmt: skip
@example([Hold(0, "grid_worker", GRID, 0, None, False), Away(0, 2, 3, 1), Leave(1, 3), Leave(0, 6), Renew(0, 7)])
@example([Hold(0, "duty_officer", TOWNSHIP, 0, None, False), Hold(1, "duty_officer", VILLAGE, 1, 5, True),
          Regroup(OTHER_VILLAGE, 3), Away(1, 2, None, None), Back(0, 2), Cancel(0, 2)])  # fmt: skip
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_who_is_on_duty_is_what_the_history_says(
    connection: Connection, tmp_path: Path, sequence: list[Callable[..., None]]
) -> None:
    with connection.transaction(force_rollback=True):
        there = town(connection, tmp_path)
        ids = [there.person(connection, f"虚构{n}") for n in range(PEOPLE)]
        world = World(connection, there, ids)
        known = [(clock(connection), deepcopy(world.history))]
        for one in sequence:
            one(world)
            known.append((clock(connection), deepcopy(world.history)))
        for moment in range(HOURS):
            assert_same(world, world.history, moment, None)
        for number, (recorded, then) in enumerate(known):
            for moment in {number % HOURS, (number * 3 + 1) % HOURS, HOURS - 1}:
                assert_same(world, then, moment, recorded)


def assert_same(world: World, history: History, moment: int, known_at: datetime | None) -> None:
    """In the middle of the hour and at its very beginning, for every post and for one, from every division."""
    divisions = world.town.divisions
    pairs = [(place, asked) for place in PLACES for asked in (None, *POSTS)]
    for when in (hour(moment), hour(moment) + timedelta(minutes=30)):
        told = on_duty_for(world.connection, [(divisions[p], asked) for p, asked in pairs], when, known_at=known_at)
        for (place, asked), rows in zip(pairs, told, strict=True):
            for one in POSTS:
                expected = history.answers(one, place, moment) if asked in (None, one) else set()
                assert {shape(world, row) for row in rows if row.post == one} == expected
            assert len({(row.post, row.person_id) for row in rows}) == len(rows)
            assert [POSTS.index(row.post) for row in rows] == sorted(POSTS.index(row.post) for row in rows)
        alone = on_duty(world.connection, divisions[GRID], when, known_at=known_at)
        assert alone == told[pairs.index((GRID, None))]


def shape(world: World, row: OnDuty) -> tuple[int, str, str, int | None]:
    """A row in the words of the history."""
    code = next(code for code, number in world.town.divisions.items() if number == row.division_id)
    other = None if row.instead_of is None else world.ids.index(row.instead_of)
    return world.ids.index(row.person_id), code, row.why, other
