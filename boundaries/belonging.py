"""Where an alert, a run or an event belongs: then, as known then, and under today's map."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from config.database import Connection
from config.queries import Queries
from geo.history import Asked, Located, Sensor, Thing, Views, Within, views
from geo.lineage import counterparts

QUERIES = Queries(Path(__file__).parent / "history_queries.sql")

Kind = Literal["alert", "event", "run"]


def asked_of(
    connection: Connection, kind: Kind, number: int, *, now: datetime, recorded: datetime | None = None
) -> Asked | None:
    """The question for `geo.history.views`; None where the connection shows no such one.

    An alert is where its sensor stood when it was opened; what has neither sensor nor position is in the division
    that it was written for, and under today's map in the one where most of that lies now. `recorded`: None for the
    instant at which it was written down.
    """
    row = connection.execute(QUERIES[f"of_{kind}"], {"id": number}).fetchone()
    if row is None:
        return None
    at, written, sensor, located, division = row
    today: Thing | None = None
    if sensor is not None:
        thing: Thing = Sensor(id=sensor)
    elif located:
        thing = Located(kind="event" if kind == "event" else "alert", id=number)
    else:
        thing = Within(division_id=division)
        if division is not None:
            today = Within(division_id=counterparts(connection, [(division, at)], now).get((division, at)))
    return Asked(thing=thing, at=at, recorded=recorded or written, today=today)


def views_of(
    connection: Connection, kind: Kind, number: int, *, now: datetime | None = None, recorded: datetime | None = None
) -> Views | None:
    """The three answers for one alert, event or run; None where the connection shows no such one."""
    today = now or datetime.now(UTC)
    asked = asked_of(connection, kind, number, now=today, recorded=recorded)
    return None if asked is None else views(connection, [asked], now=today)[0]


def sensor_named(connection: Connection, named: str) -> int | None:
    """A sensor by its name or number, where the connection shows it."""
    row = connection.execute(QUERIES["sensor_named"], {"name": named}).fetchone()
    return None if row is None else int(row[0])
