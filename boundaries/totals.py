"""Totals of history under either map: nothing is rewritten, nothing is lost, and nothing is counted twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from config.database import Connection
from config.queries import Queries
from geo.hits import Hits, fresh_hits
from geo.lineage import counterparts

QUERIES = Queries(Path(__file__).parent / "totals_queries.sql")

What = Literal["readings", "alerts", "events", "runs"]
Level = Literal["district", "township", "grid"]

_POINTS: dict[What, tuple[str, ...]] = {"readings": ("place",), "alerts": ("place", "alert"), "events": ("event",)}


@dataclass(frozen=True, kw_only=True)
class Counted:
    """What is counted, by divisions of which level, from `since` until before `until`, both on the hour.

    `map_at`: the instant whose map is laid under it; None: each as divided at its own time.
    """

    what: What
    level: Level
    since: datetime
    until: datetime
    map_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Total:
    """How many of a month, of a grade, in a division."""

    division_id: int | None  # None: the map has no division of that level there, or it is not known where it was
    code: str | None
    name: str | None
    parent: str | None
    month: datetime  # its first instant, Beijing's
    grade: str  # blue … red of alerts (the highest that each reached) and runs; else empty
    count: int


def totals(connection: Connection, asked: Counted) -> list[Total]:
    """By the division's code, month and grade; what is in none comes last. In the scope of the connection.

    Readings are counted by the hourly rollups, so also those that were dropped since.
    """
    named = {**vars(asked), **_fresh(connection, asked).as_parameters(), **_moved(connection, asked)}
    query = "totals_of_readings" if asked.what == "readings" else "totals_of_things"
    rows = connection.execute(QUERIES[query], named).fetchall()
    names = _names(connection, {row[0] for row in rows if row[0] is not None}, asked)
    found = [_total(names.get(division), division, month, grade, count) for division, month, grade, count in rows]
    return sorted(found, key=lambda one: (one.division_id is None, one.code or "", one.division_id or 0, one.month,
                                          _GRADES.index(one.grade)))  # fmt: skip


_GRADES = ("", "blue", "yellow", "orange", "red")


def _total(
    name: tuple[str, str, str | None] | None, division: int | None, month: datetime, grade: str, count: int
) -> Total:
    code, called, parent = name or (None, None, None)
    return Total(
        division_id=division, code=code, name=called, parent=parent, month=month, grade=grade, count=int(count)
    )


def _fresh(connection: Connection, asked: Counted) -> Hits:
    """What was not yet written down of the points that are counted."""
    hits = Hits()
    if asked.what == "readings" and asked.map_at is None:
        return hits  # by sensor_divisions
    for kind in _POINTS.get(asked.what, ()):
        hits = hits.with_(fresh_hits(connection, kind=kind))
    return hits


def _moved(connection: Connection, asked: Counted) -> dict[str, list[int]]:
    """What the map has instead of divisions that it does not have."""
    if asked.what == "readings" or asked.map_at is None:
        return {"moved_from": [], "moved_to": []}
    strays = connection.execute(QUERIES["strays"], vars(asked)).fetchall()
    heirs = counterparts(connection, [(division, at) for division, at in strays], asked.map_at)
    return {"moved_from": [division for division, _ in heirs], "moved_to": list(heirs.values())}


def _names(connection: Connection, ids: set[int], asked: Counted) -> dict[int, tuple[str, str, str | None]]:
    rows = connection.execute(QUERIES["named_in"], {"ids": list(ids), "at": asked.map_at or asked.until}).fetchall()
    return {division: (code, name, parent) for division, code, name, parent in rows}


def by_division(rows: Sequence[Total]) -> dict[int | None, int]:
    """The sums of all months and grades."""
    sums: dict[int | None, int] = {}
    for one in rows:
        sums[one.division_id] = sums.get(one.division_id, 0) + one.count
    return sums
