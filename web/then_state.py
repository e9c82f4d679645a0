"""A whole first view of a past moment, in the form of the live one."""

from dataclasses import dataclass
from datetime import datetime

from config.database import Connection
from screen.past import Shown, check_moment, read_rows, sensors_shown
from web.notices import SHOWN, Notices, OpenIncident, WarningInForce
from web.state import (
    Board,
    Clock,
    Counts,
    LastValue,
    OpenAlert,
    OpenRun,
    Snapshot,
    Station,
    Task,
    read_clock,
    read_layer_stamp,
)

_OF_NO_EVENT = 0  # the live stream does not go on from a past moment


@dataclass(frozen=True, kw_only=True)
class Past(Snapshot):
    """The same as live; its clock stands at the moment that was asked for."""

    stations_shown: str  # all, alerts


def read_past(connection: Connection, at: datetime, division: int | None = None) -> Past:
    """Everything at one moment, in the scope of the connection, which must not be in a transaction.

    `division`: only its stations. Raises NoSuchMoment.
    """
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        check_moment(connection, at, read_clock(connection).now)
        shown = sensors_shown(connection, at, division)
        return Past(
            event_id=_OF_NO_EVENT,
            board=read_past_board(connection, at),
            stations=_stations(connection, at, shown),
            values=read_rows(connection, "values", LastValue, ids=shown.ids, at=at),
            stations_shown=shown.which,
        )


def _stations(connection: Connection, at: datetime, shown: Shown) -> list[Station]:
    return read_rows(connection, "stations", Station, ids=shown.ids, at=at)


def read_past_board(connection: Connection, at: datetime) -> Board:
    """Alerts, runs, their tasks, the counts, incidents and official warnings as they were."""
    runs = read_rows(connection, "runs", OpenRun, at=at)
    return Board(
        clock=Clock(now=at, injected=True),
        layers=read_layer_stamp(connection, at),
        alerts=read_rows(connection, "alerts", OpenAlert, at=at),
        runs=runs,
        tasks=read_rows(connection, "tasks", Task, runs=[run.id for run in runs], at=at),
        counts=_counts(connection, at),
        notices=_notices(connection, at),
    )


def _counts(connection: Connection, at: datetime) -> Counts:
    (counts,) = read_rows(connection, "counts", Counts, at=at)
    return counts


def _notices(connection: Connection, at: datetime) -> Notices:
    incidents = read_rows(connection, "incidents", OpenIncident, at=at)
    warnings = read_rows(connection, "warnings", WarningInForce, at=at)
    return Notices(
        incidents=incidents[:SHOWN],
        incident_count=len(incidents),
        warnings=warnings[:SHOWN],
        warning_count=len(warnings),
    )
