"""What the screen shows, read in one snapshot of the database and typed at the query's edge."""

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

from psycopg import Cursor
from psycopg.rows import class_row

from config.database import Connection
from config.queries import Queries
from web.build import build_stamp
from web.errors import DivisionUnknownError
from web.notices import Notices, read_notices

QUERIES = Queries(Path(__file__).parent / "queries.sql")
T = TypeVar("T")

Shown = Literal["all", "alerts"]
CITY_AT_MOST = 2000  # sensors that are drawn one by one where no division is in view
DIVISION_AT_MOST = 5000


@dataclass(frozen=True, kw_only=True)
class Clock:
    """The pipeline's time: told by a scenario, or this machine's own."""

    now: datetime
    injected: bool


@dataclass(frozen=True, kw_only=True)
class Station:
    """A sensor, where it stands and which divisions that place belongs to; lon/lat in degrees, CGCS2000."""

    id: int
    name: str
    label: str
    quantity: str
    unit: str
    datum: str | None
    river: str
    levels: dict[str, Any]
    source: str
    interval_s: int | None
    lon: float | None
    lat: float | None
    township_id: int | None
    township: str | None
    district: str | None
    derived: bool | None  # the township's line is not an official one


@dataclass(frozen=True, kw_only=True)
class LastValue:
    """The newest reading of a sensor, and the value before it."""

    id: int  # of the sensor
    time: datetime
    value: float
    previous: float | None


@dataclass(frozen=True, kw_only=True)
class OpenAlert:
    """An alert that is open and neither put aside nor hidden behind a graver one; lon/lat in degrees, CGCS2000."""

    id: int
    rule_id: str
    subject: int  # alerts.subjects tells what it is
    kind: str
    family: str
    sensor_id: int | None  # None: about a device, a gateway, a division, or reported by a person
    sensor: str  # name of the subject
    label: str
    unit: str
    datum: str | None
    river: str
    quantity: str
    township_id: int | None  # None: unlocated
    township: str | None
    district: str | None
    level: str
    peak: str
    state: str
    value: float | None
    exercise: bool
    opened_at: datetime
    changed_at: datetime
    lon: float | None
    lat: float | None


@dataclass(frozen=True, kw_only=True)
class Task:
    """One task of a run."""

    run_id: int
    task_key: str
    post: str
    backup: str | None
    what: str
    after: list[str]
    due_at: datetime | None
    repeat_min: int | None
    state: str


@dataclass(frozen=True, kw_only=True)
class OpenRun:
    """A plan under way in a township."""

    id: int
    plan_id: str
    township_id: int
    township: str | None
    district: str | None
    level: str
    exercise: bool
    started_at: datetime


@dataclass(frozen=True, kw_only=True)
class Counts:
    """The books of the installation."""

    townships: int
    townships_located: int
    sensors: int
    readings: int
    late: int
    quarantined: int
    suppressed: int  # open alerts that are put aside
    inhibited: int  # and those hidden behind a graver one


@dataclass(frozen=True, kw_only=True)
class Board:
    """All that changes with alerts and runs; small enough to be sent whole."""

    clock: Clock
    layers: str  # the version of the map layers valid at the clock
    alerts: list[OpenAlert]
    runs: list[OpenRun]
    tasks: list[Task]
    counts: Counts
    notices: Notices


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A whole first view; `event_id` is the last live event that it includes."""

    event_id: int
    board: Board
    stations: list[Station]  # of the division in view
    values: list[LastValue]
    stations_shown: Shown = "all"  # alerts: only those with an open alert, for they are too many
    build: str = field(default_factory=build_stamp)  # differs after an update of the server


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The sensors that somebody has in view, and which of them are shown one by one."""

    sensors: frozenset[int] | None  # None: all of the scope, and they are too many
    shown: Shown

    def those(self, alerted: frozenset[int]) -> frozenset[int]:
        """Which are shown, of a scope with open alerts of these sensors."""
        if self.sensors is None or self.shown == "alerts":
            return alerted if self.sensors is None else alerted & self.sensors
        return self.sensors


def _filled(kind: type[T]) -> Callable[[Cursor[Any]], Callable[[Sequence[Any]], T]]:
    """As class_row, for a hundred thousand at once: the fields' names are checked once, and not set one by one."""

    def factory(cursor: Cursor[Any]) -> Callable[[Sequence[Any]], T]:
        names = [column.name for column in cursor.description or ()]
        if names and set(names) != {field.name for field in fields(kind)}:  # type: ignore[arg-type]
            raise TypeError(f"{kind.__name__} has other fields than {names}")

        def make(values: Sequence[Any]) -> T:
            one = object.__new__(kind)
            one.__dict__.update(zip(names, values, strict=True))
            return one

        return make

    return factory


def read_clock(connection: Connection) -> Clock:
    """The pipeline's clock."""
    row = connection.execute(QUERIES["clock"]).fetchone()
    assert row is not None
    injected, wall = row
    return Clock(now=injected or wall, injected=injected is not None)


def read_last_values(connection: Connection, sensors: Collection[int]) -> list[LastValue]:
    """The newest reading of each of these sensors that has one."""
    with connection.cursor(row_factory=_filled(LastValue)) as cursor:
        return cursor.execute(QUERIES["last_values"], {"sensors": list(sensors)}).fetchall()


def read_stations(connection: Connection, at: datetime, sensors: Collection[int]) -> list[Station]:
    """Those of these sensors that are in use, placed as at the given time."""
    with connection.cursor(row_factory=_filled(Station)) as cursor:
        return cursor.execute(QUERIES["stations"], {"at": at, "sensors": list(sensors)}).fetchall()


def read_seen(connection: Connection, division: int | None) -> Seen:
    """The sensors of the scope that lie in the division, None: all of the scope."""
    most = CITY_AT_MOST + 1 if division is None else None
    rows = connection.execute(QUERIES["sensors_in_view"], {"division": division, "most": most}).fetchall()
    if division is None and len(rows) > CITY_AT_MOST:
        return Seen(sensors=None, shown="alerts")
    shown: Shown = "alerts" if division is not None and len(rows) > DIVISION_AT_MOST else "all"
    return Seen(sensors=frozenset(row[0] for row in rows), shown=shown)


def check_division(connection: Connection, division: int | None) -> None:
    """Raises DivisionUnknownError where there is none, or it has nothing to do with the scope."""
    if division is None:
        return
    row = connection.execute(QUERIES["may_view"], {"division": division}).fetchone()
    if row is None or not row[0]:
        raise DivisionUnknownError("no such division in your scope")


def read_board(connection: Connection, clock: Clock) -> Board:
    """Open alerts, runs, their tasks, the counts, incidents and official warnings."""
    at = {"at": clock.now}
    with connection.cursor(row_factory=class_row(OpenAlert)) as cursor:
        alerts = cursor.execute(QUERIES["open_alerts"], at).fetchall()
    with connection.cursor(row_factory=class_row(OpenRun)) as cursor:
        runs = cursor.execute(QUERIES["open_runs"], at).fetchall()
    with connection.cursor(row_factory=class_row(Task)) as cursor:
        tasks = cursor.execute(QUERIES["open_tasks"]).fetchall()
    with connection.cursor(row_factory=class_row(Counts)) as cursor:
        counts = cursor.execute(QUERIES["counts"], at).fetchone()
    assert counts is not None
    layers = read_layer_stamp(connection, clock.now)
    notices = read_notices(connection, clock.now)
    return Board(clock=clock, layers=layers, alerts=alerts, runs=runs, tasks=tasks, counts=counts, notices=notices)


def read_layer_stamp(connection: Connection, at: datetime) -> str:
    """A short text that differs whenever a map layer at `at` can differ."""
    row = connection.execute(QUERIES["layer_stamp"], {"at": at}).fetchone()
    assert row is not None
    return hashlib.sha256(row[0].encode()).hexdigest()[:16]


def read_snapshot(
    connection: Connection, division: int | None = None, *, told: Callable[[int], Board | None] = lambda _: None
) -> Snapshot:
    """Everything at one moment of the database, stations and values of the division in view (None: of the scope).

    `told`: the board that the other screens of the scope were told and that holds up to a live event, if there is one;
    else it is read. `connection` must not be in a transaction. Raises DivisionUnknownError.
    """
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        check_division(connection, division)
        clock, last_event = read_clock(connection), read_last_event_id(connection)
        known = told(last_event)
        board = read_board(connection, clock) if known is None else replace(known, clock=clock)
        seen = read_seen(connection, division)
        sensors = seen.those(alerted_sensors(board))
        return Snapshot(
            event_id=last_event,
            board=board,
            stations=read_stations(connection, board.clock.now, sensors),
            values=read_last_values(connection, sensors),
            stations_shown=seen.shown,
        )


def alerted_sensors(board: Board) -> frozenset[int]:
    """Those with an open alert."""
    return frozenset(alert.sensor_id for alert in board.alerts if alert.sensor_id is not None)


def read_last_event_id(connection: Connection) -> int:
    """The newest live event's number, 0 before the first."""
    row = connection.execute(QUERIES["last_event_id"]).fetchone()
    assert row is not None
    return int(row[0])
