"""The sheet on which one step is drawn: rings of units, changed freely, then joined and examined as a whole.

What leaves it (`finished`) is exact: what borders on each other has the same vertices on both sides.
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.examined import examined
from geo.rings import Edge, Point, Shape, beside, box_of, edges, geometry_of, rings, shape_of, with_points
from geo.topology import ON_EDGE, ON_PARENT, Change, Coverage, Parent, StepRefused, Unit, joined

Floats = NDArray[np.float64]


class Sheet:
    """One step in the making; the coverage itself is not touched."""

    def __init__(self, coverage: Coverage) -> None:
        self.coverage = coverage
        self._shapes: dict[str, Shape] = {}  # as they are now
        self._drawn: dict[str, Shape] = {}  # those that are changed
        self._about: dict[str, Unit] = {}  # units with other words, or new ones
        self._gone: dict[str, None] = {}

    def shape(self, key: str) -> Shape:
        """The rings of a unit, with what was drawn so far."""
        if key in self._drawn:
            return self._drawn[key]
        if key not in self._shapes:
            self._shapes[key] = shape_of(self.coverage.unit(key).geometry)
        return self._shapes[key]

    def draw(self, key: str, shape: Shape) -> None:
        self._drawn[key] = shape

    def about(self, unit: Unit) -> None:
        """Other words for a unit, or a new unit; its geometry is what was drawn, else its own."""
        self._about[unit.key] = unit

    def remove(self, key: str) -> None:
        self._gone[key] = None
        self._drawn.pop(key, None)

    def near(self, points: Iterable[Point]) -> list[str]:
        """Units that may have one of the points."""
        return [key for key in self.coverage.near(box_of(list(points))) if key not in self._gone]

    def parents(self, keys: Iterable[str]) -> list[Parent]:
        """What the units must lie in, each once."""
        found = {}
        for key in keys:
            if parent := self.coverage.parent_of(self.coverage.unit(key)):
                found[parent.id] = parent
        return list(found.values())

    def insert(self, edge: Edge, points: list[Point]) -> list[str]:
        """Put points into an edge, in all units that have it; which these are."""
        a, b = edge
        having = [key for key in self.near([a, b]) if any(e in ((a, b), (b, a)) for e in edges(self.shape(key)))]
        for key in having:
            self.draw(key, with_points(self.shape(key), {edge: points}))
        return having

    def finished(self, *, strict: bool = True) -> Change:
        """The change, with shared vertices on both sides.

        Raises StepRefused where a shape would be invalid, and, if `strict`, where the coverage would break.
        """
        units = self._units()
        self._join(units)
        before: dict[str, Unit | None] = {key: self.coverage.units.get(key) for key in (*self._gone, *units)}
        after: dict[str, Unit | None] = {**dict.fromkeys(self._gone), **units}
        same = [key for key, unit in after.items() if unit is not None and _same(before[key], unit)]
        for key in same:
            del before[key], after[key]
        change = Change(before=before, after=after)
        if not after:
            raise StepRefused("nothing")
        examined(self.coverage, change, strict=strict)
        return change

    def _units(self) -> dict[str, Unit]:
        units = {}
        for key in {**self._drawn, **self._about}:
            unit = self._about.get(key) or self.coverage.unit(key)
            if key in self._drawn:
                unit = replace(unit, geometry=_geometry(self._drawn[key], unit))
            units[key] = unit
        return units

    def _join(self, units: dict[str, Unit]) -> None:
        """Where a new vertex lies on an edge, or an old one on a new edge, it becomes a vertex of both."""
        drawn = {key: self._drawn[key] for key in units if key in self._drawn}
        if not drawn:
            return
        had = {edge for key in (*drawn, *self._gone) if key in self.coverage.units for edge in self._edges_before(key)}
        new_edges = [e for shape in drawn.values() for e in edges(shape) if e not in had and (e[1], e[0]) not in had]
        if not new_edges:
            return
        had_points = {a for a, _ in had}
        new_points = {a for shape in drawn.values() for ring in rings(shape) for a in ring if a not in had_points}
        box = joined(units[key].bounds for key in drawn)
        local = {key: self.shape(key) for key in self.coverage.near(box) if key not in self._gone} | drawn
        for key, points in _unjoined(local, new_points, new_edges).items():
            unit = units.get(key) or self.coverage.unit(key)
            together = with_points(local[key], points)
            geometry = _geometry(together, unit)
            if geometry.is_valid or not unit.geometry.is_valid:  # a spike thinner than rounding is left as it is
                self._drawn[key], units[key] = together, replace(unit, geometry=geometry)

    def _edges_before(self, key: str) -> Iterable[Edge]:
        if key not in self._shapes:
            self._shapes[key] = shape_of(self.coverage.unit(key).geometry)
        return edges(self._shapes[key])


def _same(before: Unit | None, after: Unit) -> bool:
    """Nothing is other, down to the bytes."""
    if before is None or replace(before, geometry=after.geometry) != after:
        return False
    return before.geometry is after.geometry or bool(shapely.to_wkb(before.geometry) == shapely.to_wkb(after.geometry))


def _geometry(shape: Shape, unit: Unit) -> shapely.Geometry:
    if (geometry := geometry_of(shape)) is None:
        raise StepRefused("collapsed", name=unit.name)
    return geometry


def _unjoined(
    local: dict[str, Shape], new_points: set[Point], new_edges: list[Edge]
) -> dict[str, dict[Edge, list[Point]]]:
    """By unit and edge: the vertices of others that lie on it. Only where a point or the edge is new."""
    owned = [(key, edge) for key, shape in local.items() for edge in edges(shape)]
    rows = np.array([(*a, *b) for _, (a, b) in owned])
    fresh = {*new_edges, *((b, a) for a, b in new_edges)}
    new_edge = np.array([edge in fresh for _, edge in owned])
    new_point = np.array([a in new_points for _, (a, _) in owned])
    places = np.unique(rows[new_point | _in_boxes(rows, rows[new_edge]), :2], axis=0)
    tree = shapely.STRtree(shapely.linestrings(rows.reshape(-1, 2, 2)))
    have = {key: {a for a, _ in edges(shape)} for key, shape in local.items()}  # a ring must not touch itself
    found: dict[str, dict[Edge, list[Point]]] = {}
    for at, on in tree.query(shapely.points(places), predicate="dwithin", distance=ON_EDGE).T.tolist():
        point, (key, edge) = (float(places[at, 0]), float(places[at, 1])), owned[on]
        if point not in have[key] and (point in new_points or new_edge[on]):
            have[key].add(point)
            found.setdefault(key, {}).setdefault(edge, []).append(point)
    return found


def _in_boxes(rows: Floats, boxed: Floats) -> NDArray[np.bool_]:
    """Which edges start in the box around those others."""
    if len(boxed) == 0:
        return np.zeros(len(rows), dtype=bool)
    ends = boxed.reshape(-1, 2)
    low, high = ends.min(axis=0) - ON_EDGE, ends.max(axis=0) + ON_EDGE
    inside: NDArray[np.bool_] = ((rows[:, :2] >= low) & (rows[:, :2] <= high)).all(axis=1)
    return inside


def on_parent(parent: Parent, point: Point) -> bool:
    """The point lies on the border of the parent, up to rounding."""
    return bool((beside(parent.edges, point)[0] <= ON_PARENT).any())
