"""Units that come from elsewhere, their vertices drawn to those that are there.

Many programs write six or seven decimals. Without this, each of their edits would leave a seam of slivers.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.rings import oriented
from geo.topology import ON_EDGE, Coverage, Unit, joined

SEAM = 1e-6  # degrees, some 0.1 m: nearer vertices are one


def snapped(coverage: Coverage, units: Sequence[Unit], gone: Collection[str]) -> list[Unit]:
    """The units with each vertex at the nearest one of those that stay, of their own before, or of their parents."""
    drawn = [u for u in units if _is_drawn(coverage, u)]
    if not drawn:
        return list(units)
    there = _Nearest.to(_vertices(coverage, drawn, gone), SEAM)
    units = [_drawn_to(there, unit) if _is_drawn(coverage, unit) else unit for unit in units]
    own = shapely.get_coordinates([unit.geometry for unit in units if _is_drawn(coverage, unit)])
    among = _Nearest.to(np.unique(own, axis=0), ON_EDGE)
    return [_drawn_to(among, unit) if _is_drawn(coverage, unit) else unit for unit in units]


def _is_drawn(coverage: Coverage, unit: Unit) -> bool:
    before = coverage.units.get(unit.key)
    return before is None or before.geometry is not unit.geometry


def _vertices(coverage: Coverage, drawn: list[Unit], gone: Collection[str]) -> NDArray[np.float64]:
    """Of units near and of parents; rounded ones alone (9 decimals)."""
    box = joined(unit.bounds for unit in drawn)
    there: list[Any] = [coverage.units[key].geometry for key in coverage.near(box) if key not in gone]
    parents = {parent.id: parent.geometry for unit in drawn if (parent := coverage.parent_of(unit))}
    west, south, east, north = box
    points = shapely.get_coordinates([*there, *parents.values()])
    near = (
        (points[:, 0] >= west - SEAM)
        & (points[:, 0] <= east + SEAM)
        & (points[:, 1] >= south - SEAM)
        & (points[:, 1] <= north + SEAM)
    )
    vertices: NDArray[np.float64] = np.unique(points[near], axis=0)
    return vertices


@dataclass(frozen=True, kw_only=True)
class _Nearest:
    """The vertices that others are drawn to."""

    vertices: NDArray[np.float64]
    tree: shapely.STRtree
    reach: float

    @classmethod
    def to(cls, vertices: NDArray[np.float64], reach: float) -> "_Nearest":
        return cls(vertices=vertices, tree=shapely.STRtree(shapely.points(vertices)), reach=reach)

    def of(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """For each point the nearest vertex within reach, of some at once the first; else itself."""
        if self.reach > ON_EDGE:
            asked, nearest = self.tree.query_nearest(shapely.points(points), max_distance=self.reach, all_matches=False)
        else:
            asked, nearest = self.tree.query(shapely.points(points), predicate="dwithin", distance=self.reach)
            first = np.lexsort((nearest, asked))
            asked, once = np.unique(asked[first], return_index=True)
            nearest = nearest[first][once]
        there = points.copy()
        there[asked] = self.vertices[nearest]
        return there


def _drawn_to(nearest: _Nearest, unit: Unit) -> Unit:
    geometry = shapely.transform(unit.geometry, nearest.of)
    if shapely.equals_identical(geometry, unit.geometry) or not shapely.is_valid(geometry):
        return unit
    return replace(unit, geometry=oriented(geometry))
