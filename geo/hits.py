"""Which boundary versions touch which point: written down once, for neither a place nor a version ever changes.

Points are where sensors stood and where events were (`located_points`). `keep_hits` writes down what is new;
`fresh_hits` finds what was not yet written down, so that a question never waits for it and never misses it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import shapely
from psycopg.rows import TupleRow

from config.database import Connection
from config.queries import Queries

HISTORY_QUERIES = Queries(Path(__file__).parent / "history_queries.sql")

_MARGIN = 1e-5  # degrees: PostgreSQL compares boxes with a slack of its own


@dataclass(frozen=True, kw_only=True)
class Hits:
    """Pairs of a point and a boundary version that touches it, as columns."""

    kinds: list[str] = field(default_factory=list)  # 'place', 'event', or the asker's own
    points: list[int] = field(default_factory=list)
    boundaries: list[int] = field(default_factory=list)

    def as_parameters(self) -> dict[str, list[str] | list[int]]:
        return {"fresh_kinds": self.kinds, "fresh_points": self.points, "fresh_boundaries": self.boundaries}

    def with_(self, other: "Hits") -> "Hits":
        return Hits(
            kinds=self.kinds + other.kinds,
            points=self.points + other.points,
            boundaries=self.boundaries + other.boundaries,
        )


def keep_hits(connection: Connection) -> int:
    """Hold every new point against all boundaries and every new boundary against all points; how many were new.

    In one transaction, one at a time. Correct answers do not wait for it: it makes them cheap.
    """
    with connection.transaction():
        connection.execute(HISTORY_QUERIES["lock_hits"])
        number = connection.execute(HISTORY_QUERIES["changes_so_far"]).fetchone()  # before the boundaries are read
        points = connection.execute(HISTORY_QUERIES["untested_points"], {"kind": None, "ids": None}).fetchall()
        boundaries = connection.execute(HISTORY_QUERIES["untested_boundaries"]).fetchall()
        if number is not None:
            connection.execute(HISTORY_QUERIES["write_kept"], {"number": number[0]})
        if not points and not boundaries:
            return 0
        hits = _between(points, boundaries)
        if points:
            hits = hits.with_(_between(points, _around(connection, points)))
        if boundaries:
            tested = connection.execute(HISTORY_QUERIES["tested_points"], {"kind": None, "ids": None}).fetchall()
            hits = hits.with_(_between(tested, boundaries))
        connection.execute(HISTORY_QUERIES["write_hits"], hits.as_parameters())
        connection.execute(
            HISTORY_QUERIES["write_tested"], {"kinds": [p[0] for p in points], "points": [p[1] for p in points]}
        )
        connection.execute(HISTORY_QUERIES["write_boxes"], _boxes(boundaries))
        return len(points) + len(boundaries)


def fresh_hits(connection: Connection, *, kind: str | None = None, ids: Sequence[int] | None = None) -> Hits:
    """The hits of points (all, of a kind, of these ids) that were not written down yet; nothing is written."""
    asked = {"kind": kind, "ids": None if ids is None else list(ids)}
    points = connection.execute(HISTORY_QUERIES["untested_points"], asked).fetchall()
    boundaries = connection.execute(HISTORY_QUERIES["untested_boundaries"]).fetchall()
    hits = _between(points, boundaries)
    if points:
        hits = hits.with_(_between(points, _around(connection, points)))
    if boundaries:
        tested = connection.execute(HISTORY_QUERIES["tested_points"], asked).fetchall()
        hits = hits.with_(_between(tested, boundaries))
    return hits


def hits_of(connection: Connection, positions: Iterable[tuple[float, float]]) -> Hits:
    """The boundary versions, of whatever time, that touch each position (lon, lat); kind 'asked', points 0, 1, 2 …"""
    points: list[TupleRow] = [("asked", number, lon, lat) for number, (lon, lat) in enumerate(positions)]
    untested = connection.execute(HISTORY_QUERIES["untested_boundaries"]).fetchall()
    return _between(points, untested).with_(_between(points, _around(connection, points)))


def _around(connection: Connection, points: Sequence[TupleRow]) -> list[TupleRow]:
    """The tested boundaries whose box has one of the points."""
    asked = {"lons": [p[2] for p in points], "lats": [p[3] for p in points]}
    return connection.execute(HISTORY_QUERIES["boundaries_around"], asked).fetchall()


def _between(points: Sequence[TupleRow], boundaries: Sequence[TupleRow]) -> Hits:
    """Every (kind, id, lon, lat) against every (id, WKB)."""
    if not points or not boundaries:
        return Hits()
    places = shapely.points([p[2] for p in points], [p[3] for p in points])
    tree = shapely.STRtree(shapely.from_wkb([b[1] for b in boundaries]))
    found, within = tree.query(places, predicate="intersects")
    return Hits(
        kinds=[points[p][0] for p in found],
        points=[points[p][1] for p in found],
        boundaries=[boundaries[b][0] for b in within],
    )


def _boxes(boundaries: Sequence[TupleRow]) -> dict[str, list[float] | list[int]]:
    bounds = shapely.bounds(shapely.from_wkb([b[1] for b in boundaries])).reshape(-1, 4)
    bounds = bounds + np.array([-_MARGIN, -_MARGIN, _MARGIN, _MARGIN])
    west, south, east, north = bounds.T.tolist()
    return {"ids": [b[0] for b in boundaries], "west": west, "south": south, "east": east, "north": north}
