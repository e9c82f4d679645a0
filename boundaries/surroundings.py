"""What lies around a draft and in it, and is not changed by it: units next door, sensors, lines on the ground."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from boundaries.bases import Base, read_base
from boundaries.drafts import QUERIES, Draft
from config.database import Connection
from geo.divisions import boundaries
from geo.lines import ROAD, Line, lines_in
from geo.topology import Parent, Unit

_TOUCHES = 1e-6  # degrees, 0.1 m: neighbours whose shared border was drawn twice


@dataclass(frozen=True, kw_only=True)
class Around:
    """All of it, as it was when somebody last looked at the whole draft."""

    points: NDArray[np.float64]  # where its sensors stand: n rows of lon, lat
    lines: tuple[Line, ...]  # roads and waters that borders should follow
    counts: Mapping[int, int]  # how often the boundary of each division was changed in the last year
    neighbours: tuple[Unit, ...] | None = None  # None: nobody has asked yet


def around(connection: Connection, draft: Draft, base: Base) -> Around:
    """Without the neighbours."""
    ids = [unit.division_id for unit in base.coverage.units.values()]
    rows = connection.execute(QUERIES["changes_in_a_year"], {"ids": ids}).fetchall()
    bounds = None if base.root is None else tuple(shapely.bounds(base.root).tolist())
    return Around(
        points=sensor_points(connection, draft, base),
        lines=() if bounds is None else tuple(lines_in(bounds, least=ROAD, coarse=False)),
        counts=dict(rows),
    )


def neighbours_of(connection: Connection, draft: Draft, base: Base) -> tuple[Unit, ...]:
    """Units of the level that touch the root from outside; where next door has none, what lies next door itself."""
    if base.root is None:
        return ()
    reach = shapely.buffer(base.root, _TOUCHES)
    shapely.prepare(reach)
    found: list[Unit] = []
    for near in boundaries(connection, base.root_level, draft.base_at, recorded=draft.base_recorded):
        if near.division_id == draft.root_id or not shapely.intersects(reach, near.geometry):
            continue
        there = read_base(
            connection, near.division_id, draft.level, at=draft.base_at, recorded=draft.base_recorded
        ).coverage
        units = [unit for unit in there.units.values() if shapely.intersects(reach, unit.geometry)]
        found += units or _itself(there.parents, near.division_id)
    return tuple(found)


def _itself(parents: Mapping[int, Parent], division_id: int) -> list[Unit]:
    parent = parents[division_id]
    assert parent.geometry is not None
    return [
        Unit(
            key=f"d{division_id}", division_id=division_id, parent_id=division_id, code=parent.code, name=parent.name,
            kind="", households=None, geometry=parent.geometry,
        )
    ]  # fmt: skip


def sensor_points(connection: Connection, draft: Draft, base: Base) -> NDArray[np.float64]:
    """Where the sensors under the root stand now: n rows of lon, lat."""
    asked = {"root": draft.root_id, "everywhere": base.root_level == "city"}
    rows = connection.execute(QUERIES["sensors_under"], asked).fetchall()
    return np.array(rows, dtype=np.float64).reshape(-1, 2)


def counts_in(units: list[Unit], points: NDArray[np.float64]) -> list[int]:
    """How many of the points lie in each unit, its border included."""
    if not len(points) or not units:
        return [0] * len(units)
    polygons = np.array([unit.geometry for unit in units], dtype=object)
    unit, _ = shapely.STRtree(shapely.points(points)).query(polygons, predicate="intersects")
    counted: list[int] = np.bincount(unit, minlength=len(units)).tolist()
    return counted
