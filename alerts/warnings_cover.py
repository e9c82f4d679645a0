"""Which townships a warning covers: by division code first, else by its shapes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from alerts.warnings import Area
from config.database import Connection
from config.queries import Queries
from geo.crs import areas_m2
from geo.divisions import boundaries

QUERIES = Queries(Path(__file__).with_name("warning_queries.sql"))

_SLIVER = 0.01  # of the smaller of the two areas: shapes drawn by hand run along borders, not on them


def clock(connection: Connection) -> datetime:
    """The time that warnings go by: the told clock of a replay, else the database's."""
    row = connection.execute(QUERIES["clock"]).fetchone()
    assert row is not None
    told: datetime = row[0]
    return told


@dataclass(frozen=True, kw_only=True)
class Cover:
    """The townships of a warning, and what of it was not understood."""

    townships: tuple[int, ...]  # ids of divisions
    unknown_codes: tuple[str, ...]  # that name no division of ours


def cover(connection: Connection, areas: Iterable[Area], at: datetime) -> Cover:
    """The townships of all the areas, as divided at `at`.

    A code that we do not know counts as its township's (12 digits) where that is known. An area
    whose codes are all unknown is taken by its shapes.
    """
    areas = list(areas)
    known = townships_of(connection, {code for area in areas for code in area.codes}, at)
    townships: set[int] = set()
    shapes: list[BaseGeometry] = []
    for area in areas:
        found = {township for code in area.codes for township in known.get(code, ())}
        townships |= found
        shapes += [] if found else area.shapes
    unknown = dict.fromkeys(code for area in areas for code in area.codes if code not in known)
    return Cover(townships=tuple(sorted(townships | _of_shapes(connection, shapes, at))), unknown_codes=tuple(unknown))


def townships_of(connection: Connection, codes: set[str], at: datetime) -> dict[str, set[int]]:
    """The townships that each code stands for at that time; a code that we do not know is not among the answers."""
    asked = codes | {code[:9] for code in codes}
    found: dict[str, set[int]] = {}
    for code, township in connection.execute(QUERIES["townships_of_codes"], {"codes": sorted(asked), "at": at}):
        found.setdefault(code, set()).add(township)
    by_township = {code: found[code[:9]] for code in codes if len(code) == 12 and code[:9] in found}
    return {code: townships for code, townships in (by_township | found).items() if code in codes}


def _of_shapes(connection: Connection, shapes: Sequence[BaseGeometry], at: datetime) -> set[int]:
    """Townships that share more than a sliver with a shape; shapes lon/lat."""
    if not shapes:
        return set()
    drawn = boundaries(connection, "township", at)
    lands: NDArray[np.object_] = np.array([boundary.geometry for boundary in drawn], dtype=object)
    warned: NDArray[np.object_] = np.array(shapes, dtype=object)
    shape, land = shapely.STRtree(lands).query(warned, predicate="intersects")
    shared = shapely.intersection(warned[shape], lands[land])
    real = ~shapely.is_empty(shared) & (shapely.area(shared) > 0)
    shape, land, shared = shape[real], land[real], shared[real]
    if not len(shared):
        return set()
    sizes = np.array([boundary.area_m2 for boundary in drawn])[land]
    smaller = np.fmin(sizes, areas_m2(warned[shape]))
    chosen = land[areas_m2(shared) > _SLIVER * smaller]
    return {drawn[number].division_id for number in chosen.tolist()}
