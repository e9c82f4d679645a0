"""Tallies by division: open alerts, sensors, silent ones, how fast calls are answered, how much is to do.

Counted by the database in the scope of the connection; a division that the scope does not hold has no row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from psycopg.rows import dict_row

from config.database import Connection
from config.queries import Queries

QUERIES = Queries(Path(__file__).with_name("queries.sql"))

Level = Literal["district", "township", "village", "grid"]


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What a division has at the moment."""

    id: int
    red: int = 0  # open alerts, as the board shows them
    orange: int = 0
    yellow: int = 0
    blue: int = 0
    sensors: int = 0
    silent: int = 0  # of the sensors: with an open alert of their silence
    answer_s: float | None = None  # median from call to answer in the last 24 h; None: nobody answered anything
    load: float | None = None  # open tasks for each worker on duty; None: there are tasks, and nobody is on duty


COLUMNS = tuple(Tally.__dataclass_fields__)


def read_tallies(connection: Connection, level: Level, under: int | None, at: datetime) -> list[Tally]:
    """Those of a level, by code; villages and grids, of the township (or village) that they are under."""
    places = _places(connection, level, under, at)
    given = {"level": level, "at": at, "places": [one for one, _ in places], "rows": [row for _, row in places]}
    told: dict[int, dict[str, Any]] = {row: {} for _, row in places}
    sensors = "sensors_tallied" if level in ("district", "township") else "sensors_below_tallied"
    for query in ("alerts_tallied", sensors, "answers_tallied"):
        for counts in _rows(connection, query, given):
            told[counts.pop("row")] |= counts
    loads = _loads(connection, given)
    return [Tally(id=row, **counts, load=loads.get(row, 0.0)) for row, counts in told.items()]


def shown_level(connection: Connection, division: int, at: datetime) -> str | None:
    """The level of a division that the scope holds or lies in; None: there is no such one then."""
    row = connection.execute(QUERIES["level_shown"], {"id": division, "at": at}).fetchone()
    return None if row is None else str(row[0])


def _places(connection: Connection, level: Level, under: int | None, at: datetime) -> Sequence[tuple[int, int]]:
    """Each place whose alerts and sensors count for a row, and that row."""
    query = {"district": "districts_tallied", "township": "townships_tallied"}.get(level, "places_below")
    return connection.execute(QUERIES[query], {"level": level, "under": under, "at": at}).fetchall()


def _loads(connection: Connection, given: dict[str, Any]) -> dict[int, float | None]:
    """Of the divisions with open tasks."""
    tasks = {one["row"]: one["tasks"] for one in _rows(connection, "tasks_tallied", given)}
    if not tasks:
        return {}
    workers = _rows(connection, "workers_tallied", {"rows": list(tasks), "at": given["at"]})
    on_duty = {one["row"]: one["workers"] for one in workers}
    return {row: round(count / on_duty[row], 2) if row in on_duty else None for row, count in tasks.items()}


def _rows(connection: Connection, query: str, given: dict[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(QUERIES[query], given).fetchall()
