"""Sensors are placed again where boundaries change, and nowhere else: what `assign_sensors` does for all, for few.

From the date of effect on; what `sensor_divisions` says of the time before stays as it is.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import shapely
from psycopg import Cursor, sql
from psycopg.rows import TupleRow
from shapely.geometry.base import BaseGeometry

from config.queries import Queries

_QUERIES = Queries(Path(__file__).with_name("replacing_queries.sql"))


@dataclass(frozen=True, kw_only=True)
class Redrawn:
    """A level of which some divisions get other outlines."""

    level: str
    before: frozenset[int]  # all divisions of the level that the change is about: they may be left
    touched: Sequence[BaseGeometry]  # the land that is drawn anew, as it was and as it will be
    after: Mapping[int, BaseGeometry]  # all of them as they will be
    districts: Mapping[int, int]  # of townships: the district that each will lie in


@dataclass(frozen=True, kw_only=True)
class Replaced:
    """What came of it."""

    sensors: int  # that stand on the land
    moved: tuple[int, ...]  # sensors of which any row changed
    closed: int
    opened: int


def place_again(cursor: Cursor[TupleRow], redrawn: Redrawn, effective: datetime, recorded: datetime) -> Replaced:
    """Write again where the sensors on the touched land belong from `effective` on, in the open transaction.

    From here to the commit every batch of readings waits: nothing that takes long comes after it.
    """
    places = standing_on(cursor, redrawn.touched)
    hits = found_in(places, redrawn.after)
    named = {
        "level": redrawn.level,
        "before": numbers(redrawn.before),
        "effective": effective,
        "recorded": recorded,
        "places": numbers(row[0] for row in places),
        "hit_places": numbers(place for place, _ in hits),
        "hit_divisions": numbers(division for _, division in hits),
        "townships": numbers(redrawn.districts),
        "districts": numbers(redrawn.districts.values()),
    }
    for table in ("rows_here", "land_here", "placed_again", "kept_places"):
        cursor.execute(_QUERIES[f"create_{table}"], named)
        cursor.execute(sql.SQL("analyze {}").format(sql.Identifier(table)))
    closed = cursor.execute(_QUERIES["close_places"], named).fetchall()
    opened = cursor.execute(_QUERIES["open_places"], named).fetchall()
    cursor.execute(_QUERIES["drop_placed_again"])
    return Replaced(
        sensors=len({row[1] for row in places}),
        moved=tuple(sorted({row[0] for row in [*closed, *opened]})),
        closed=len(closed),
        opened=len(opened),
    )


def numbers(values: Iterable[int]) -> str:
    """As PostgreSQL writes an array; tens of thousands of numbers one by one take longer than what is asked."""
    return "{" + ",".join(map(str, values)) + "}"


def standing_on(cursor: Cursor[TupleRow], land: Sequence[BaseGeometry]) -> list[tuple[int, int, float, float]]:
    """(place id, sensor id, lon, lat) of the known places on land that is touched, its border included."""
    if not len(land):
        return []
    shapes = np.array(land, dtype=object)
    west, south, east, north = shapely.total_bounds(shapes).tolist()
    rows = cursor.execute(
        _QUERIES["places_within"], {"west": west, "south": south, "east": east, "north": north}
    ).fetchall()
    if not rows:
        return []
    points = shapely.points([row[2] for row in rows], [row[3] for row in rows])
    on, _ = shapely.STRtree(shapes).query(points, predicate="intersects")
    return [rows[index] for index in np.unique(on).tolist()]


def found_in(
    places: Sequence[tuple[int, int, float, float]], divisions: Mapping[int, BaseGeometry]
) -> list[tuple[int, int]]:
    """(place id, division id): where several hold it at once, on a shared border, the lowest division has it."""
    if not places or not divisions:
        return []
    ids = sorted(divisions)
    tree = shapely.STRtree(np.array([divisions[one] for one in ids], dtype=object))
    points = shapely.points([row[2] for row in places], [row[3] for row in places])
    point, polygon = tree.query(points, predicate="intersects")
    lowest: dict[int, int] = {}
    for index, division in zip(point.tolist(), polygon.tolist(), strict=True):
        place = places[index][0]
        lowest[place] = min(ids[division], lowest.get(place, ids[division]))
    return sorted(lowest.items())
