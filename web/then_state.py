"""A whole first view of a past moment, in the form of the live one."""

from collections.abc import Sequence
from datetime import datetime

from config.database import Connection
from screen.past import check_moment, read_rows, sensors_of_those_within, sensors_within
from web.notices import SHOWN, Notices, OpenIncident, WarningInForce
from web.state import (
    CITY_AT_MOST,
    DIVISION_AT_MOST,
    Board,
    Clock,
    Counts,
    LastValue,
    OpenAlert,
    OpenRun,
    Shown,
    Snapshot,
    Station,
    Task,
    alerted_sensors,
    check_division,
    read_clock,
    read_layer_stamp,
)

_OF_NO_EVENT = 0  # the live stream does not go on from a past moment


def read_past(connection: Connection, at: datetime, division: int | None = None) -> Snapshot:
    """Everything at one moment, in the scope of the connection, which must not be in a transaction.

    Its clock stands at that moment. `division`: only its stations. Raises NoSuchMoment, DivisionUnknownError.
    """
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        check_moment(connection, at, read_clock(connection).now)
        check_division(connection, division)
        board = read_past_board(connection, at)
        shown, sensors = _in_view(connection, at, division, board)
        return Snapshot(
            event_id=_OF_NO_EVENT,
            board=board,
            stations=read_rows(connection, "stations", Station, ids=sensors, at=at),
            values=read_rows(connection, "values", LastValue, ids=sensors, at=at),
            stations_shown=shown,
        )


def _in_view(connection: Connection, at: datetime, division: int | None, board: Board) -> tuple[Shown, Sequence[int]]:
    """By the rule of the live screen: all of them, where they are not too many to be drawn one by one."""
    sensors = sensors_within(connection, at, division, CITY_AT_MOST if division is None else DIVISION_AT_MOST)
    if sensors is not None:
        return "all", sensors
    return "alerts", sensors_of_those_within(connection, sorted(alerted_sensors(board)), at, division)


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
