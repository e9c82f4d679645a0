"""Which divisions touch: those of one level that share a length of border, not a mere corner.

`division_touches` is derived from `boundary_versions` under the same two clocks; it is written
again when boundaries change.
"""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from psycopg import Cursor
from psycopg.rows import TupleRow

from config.database import Connection
from config.queries import Queries
from geo.crs import lengths_m
from geo.divisions import lock_divisions

_QUERIES = Queries(Path(__file__).with_name("adjacency_queries.sql"))

Polygons = NDArray[np.object_]
Numbers = NDArray[np.int64]
Metres = NDArray[np.float64]

SHORTEST_BORDER_M = 1.0  # what is shorter is a corner that was drawn twice


@dataclass(frozen=True, kw_only=True)
class TouchesReport:
    """What a refresh found and changed; a pair counts once for each of its two orders."""

    touching: int
    closed: int  # rows that no longer hold
    opened: int  # rows written

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def borders(polygons: Polygons, *, shortest_m: float = SHORTEST_BORDER_M) -> tuple[Numbers, Numbers, Metres]:
    """The pairs of N non-empty valid lon/lat (Multi)Polygons that share a border: indices a < b, and its length.

    The length is that of the one's border which lies on or in the other (the longer of both ways), in its
    Gauss-Krüger zone, m: for a clean coverage the shared border itself; polygons that overlap share one, too.
    """
    first, second = shapely.STRtree(polygons).query(polygons, predicate="intersects").astype(np.int64)
    once = first < second
    first, second = first[once], second[once]
    outlines = shapely.boundary(polygons)
    shared = _lengths(shapely.intersection(outlines[first], outlines[second]))
    crossing = np.flatnonzero(shapely.relate_pattern(polygons[first], polygons[second], "T********"))
    for one, other in ((first[crossing], second[crossing]), (second[crossing], first[crossing])):
        inside = _lengths(shapely.intersection(outlines[one], polygons[other]))
        shared[crossing] = np.maximum(shared[crossing], inside)
    long = shared >= shortest_m
    return first[long], second[long], shared[long]


def _lengths(lines: Polygons) -> Metres:
    """Lengths in metres, 0 for points and for nothing at all."""
    lengths = np.zeros(len(lines))
    extended = np.flatnonzero(shapely.length(lines) > 0)
    if len(extended):
        lengths[extended] = lengths_m(lines[extended])
    return lengths


def refresh_touches(connection: Connection) -> TouchesReport:
    """Write again which divisions touch and when, in one transaction; touch only the rows that changed."""
    with connection.transaction(), connection.cursor() as cursor:
        recorded = {"recorded": lock_divisions(cursor)}
        touching = _write_wanted(cursor)
        closed = cursor.execute(_QUERIES["close_touches"], recorded).rowcount
        opened = cursor.execute(_QUERIES["open_touches"], recorded).rowcount
        cursor.execute(_QUERIES["drop_touches"])
        return TouchesReport(touching=touching, closed=closed, opened=opened)


def refresh_touches_of(
    cursor: Cursor[TupleRow], divisions: Collection[int], effective: datetime, recorded: datetime
) -> TouchesReport:
    """The same for the pairs of these divisions alone, of one level, from `effective` on, in the open transaction.

    Looked for among themselves and those that any of them touched so far: what is drawn anew within a parent has no
    other neighbours than its predecessors had, so name these, too.
    """
    named = {"recorded": recorded, "divisions": sorted(divisions), "effective": effective}
    touching = _write_pairs(cursor, cursor.execute(_QUERIES["bordering_boundaries_of"], named).fetchall())
    cursor.execute(_QUERIES["only_touches_of"], named)
    cursor.execute(_QUERIES["create_touches_before"], named)
    cursor.execute(_QUERIES["add_touches_before"])
    cursor.execute("analyze wanted_touches")
    closed = cursor.execute(_QUERIES["close_touches_of"], named).rowcount
    opened = cursor.execute(_QUERIES["open_touches"], named).rowcount
    cursor.execute(_QUERIES["drop_touches_before"])
    cursor.execute(_QUERIES["drop_touches"])
    return TouchesReport(touching=touching, closed=closed, opened=opened)


def refresh_missing_touches(connection: Connection) -> TouchesReport | None:
    """The same where nothing was derived yet from boundaries that are there; else None."""
    missing = connection.execute(_QUERIES["touches_missing"]).fetchone()
    return refresh_touches(connection) if missing == (True,) else None


def _write_wanted(cursor: Cursor[TupleRow]) -> int:
    """The temporary table `wanted_touches`: division_touches as it should be; how many rows."""
    return _write_pairs(cursor, cursor.execute(_QUERIES["bordering_boundaries"]).fetchall())


def _write_pairs(cursor: Cursor[TupleRow], rows: list[TupleRow]) -> int:
    cursor.execute(_QUERIES["create_borders"])
    with cursor.copy(_QUERIES["copy_borders"]) as copy:
        for level in sorted({row[2] for row in rows}):
            for pair in _pairs([row for row in rows if row[2] == level]):
                copy.write_row(pair)
    cursor.execute("analyze borders")
    wanted = cursor.execute(_QUERIES["create_wanted_touches"]).rowcount
    cursor.execute("analyze wanted_touches")
    return wanted


def _pairs(rows: list[TupleRow]) -> list[tuple[int, int, float]]:
    """(boundary id, boundary id, shared metres) of one level, boundaries of whatever time."""
    ids, divisions = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    first, second, shared = borders(shapely.from_wkb([row[3] for row in rows]))
    others = divisions[first] != divisions[second]  # versions of one division lie on each other
    first, second, shared = first[others], second[others], np.round(shared[others], 3)
    return list(zip(ids[first].tolist(), ids[second].tolist(), shared.tolist(), strict=True))


def touching(
    connection: Connection, divisions: Collection[int], at: datetime, *, recorded: datetime | None = None
) -> dict[int, frozenset[int]]:
    """For each division that was asked for, those that touched it at that instant.

    `recorded`: when the database is asked; None for what it knows now.
    """
    asked = {"divisions": sorted(divisions), "at": at, "recorded": recorded}
    rows = connection.execute(_QUERIES["touching"], asked).fetchall()
    ids = np.array([row[0] for row in rows], dtype=np.int64)
    starts = [0, *(np.flatnonzero(np.diff(ids)) + 1).tolist(), len(rows)]
    found = {rows[a][0]: frozenset(row[1] for row in rows[a:b]) for a, b in pairwise(starts) if a < b}
    return {division: found.get(division, frozenset()) for division in divisions}
