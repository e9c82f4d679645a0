"""Events as pages and the API show them: read in the scope of whoever asks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from psycopg.rows import class_row

from config.database import Connection
from config.queries import Queries
from events.kinds import LEVELS, Level
from people.duty import on_duty_for

QUERIES = Queries(Path(__file__).with_name("list_queries.sql"))
OWN_SINCE = timedelta(days=7)  # how long a worker's own are listed after they were closed

_OWN_LEVELS = ("grid", "village")

Row = TypeVar("Row")


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event; lon/lat in degrees, CGCS2000."""

    id: int
    kind: str
    urgent: bool
    way: str
    happened_at: datetime
    reported_at: datetime
    lon: float | None
    lat: float | None
    grid_id: int | None
    village_id: int | None
    township_id: int
    district_id: int | None
    reporter: UUID | None
    actor: UUID
    state: str
    level: Level  # that has it
    division_id: int
    assigned_to: UUID | None
    since: datetime
    due_at: datetime | None
    overdue_at: datetime | None
    was_late: bool
    handled_level: Level | None
    handled_by: UUID | None
    result: str | None
    closed_level: Level | None
    closed_at: datetime | None
    alert_id: int | None
    exercise: bool
    has_text: bool
    has_photo: bool
    erased_at: datetime | None

    def place_ids(self) -> list[int]:
        """From the smallest up."""
        found = [getattr(self, f"{level}_id") for level in LEVELS]
        return [one for one in found if one is not None]


@dataclass(frozen=True, kw_only=True)
class Step:
    """What was done with one."""

    id: int
    time: datetime
    act: str
    state: str
    level: Level
    division_id: int
    person_id: UUID | None
    actor: UUID | None
    result: str | None
    reason: str | None
    since: datetime | None
    late: bool


@dataclass(frozen=True, kw_only=True)
class Tallies:
    """How many there are."""

    open: int
    urgent: int
    overdue: int
    reported: int
    handled: int
    closed_today: int


@dataclass(frozen=True, kw_only=True)
class Position:
    """One on a map."""

    id: int
    kind: str
    urgent: bool
    state: str
    level: Level
    late: bool
    lon: float
    lat: float


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which of them."""

    ids: Sequence[int] | None = None
    state: str | None = None  # a state, or open
    level: str | None = None  # that has it, or closed it
    kind: str | None = None
    overdue: bool = False
    urgent: bool = False
    within: int | None = None  # a division, with all in it
    since: datetime | None = None  # when it was reported
    until: datetime | None = None
    after: tuple[bool, int] | None = None  # urgent and open, number: what the page before ended with


@dataclass(frozen=True, kw_only=True)
class Own:
    """One of a worker's."""

    event: Event
    may_act: bool  # whether the next step is theirs to take


def events(connection: Connection, wanted: Wanted, *, most: int) -> list[Event]:
    """What is urgent and open first, then the newest."""
    urgent, number = wanted.after or (None, None)
    asked = {
        **{name: value for name, value in vars(wanted).items() if name not in ("after", "ids")},
        "ids": None if wanted.ids is None else list(wanted.ids),
        "after_urgent": urgent,
        "after_id": number,
        "most": most,
    }
    return _rows(connection, Event, "list", asked)


def event(connection: Connection, number: int) -> Event | None:
    """One of the scope."""
    return next(iter(events(connection, Wanted(ids=[number]), most=1)), None)


def steps(connection: Connection, number: int) -> list[Step]:
    """What was done with one, the oldest first."""
    return _rows(connection, Step, "steps", {"event": number})


def tallies(connection: Connection, *, today: datetime) -> Tallies:
    """How many there are in the scope; `today`: when the day began."""
    return _rows(connection, Tallies, "tallies", {"today": today})[0]


def positions(connection: Connection, *, most: int) -> list[Position]:
    """Open ones on the map."""
    return _rows(connection, Position, "positions", {"most": most})


def waits_for(connection: Connection, person_id: UUID | None, *, at: datetime) -> set[int]:
    """Divisions of the scope where something waits that nobody has, and somebody is on duty for them."""
    waiting = [row[0] for row in connection.execute(QUERIES["waiting_at"])]
    return _on_duty_at(connection, waiting, person_id, at)


def own(
    owner: Connection,
    account: UUID,
    person_id: UUID | None,
    mine: set[int],
    *,
    at: datetime,
    most: int,
    number: int | None = None,
) -> list[Own]:
    """A worker's: given to them, reported by them wherever that was, or waiting in `mine` (as `waits_for`).

    On the server's own connection: what is one's own may lie beside one's scope.
    """
    asked = {
        "account": account,
        "person": person_id,
        "since": at - OWN_SINCE,
        "most": most,
        "event": number,
        "mine": sorted(mine),
    }
    found = _rows(owner, Event, "own", asked)
    return [Own(event=one, may_act=_may_act(one, account, person_id, mine)) for one in found]


def _may_act(one: Event, account: UUID, person_id: UUID | None, mine: set[int]) -> bool:
    """Whether a worker may take the next step of one: it is theirs, and at a level that they are of."""
    if one.level not in _OWN_LEVELS or one.state not in ("reported", "accepted", "assigned"):
        return False
    if one.assigned_to is not None:
        return one.assigned_to == person_id
    return (one.state == "reported" and one.division_id in mine) or (
        one.level == "grid" and _is_own(one, account, person_id)
    )


def _is_own(one: Event, account: UUID, person_id: UUID | None) -> bool:
    return one.actor == account or (person_id is not None and person_id in (one.reporter, one.assigned_to))


def _on_duty_at(connection: Connection, divisions: Iterable[int], person_id: UUID | None, at: datetime) -> set[int]:
    """For which of these somebody answers by a post of that very division."""
    asked = sorted(divisions)
    if person_id is None or not asked:
        return set()
    found = on_duty_for(connection, [(division, None) for division in asked], at)
    return {
        division
        for division, there in zip(asked, found, strict=True)
        if any(one.person_id == person_id and one.division_id == division for one in there)
    }


def _rows(connection: Connection, kind: type[Row], query: str, asked: Mapping[str, object]) -> list[Row]:
    with connection.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(QUERIES[query], asked).fetchall()
