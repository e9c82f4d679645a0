"""The divisions of one level as a coverage: what a draft edits.

All values are frozen; a change makes a new coverage that shares with the old one all that is the same, so
each state of a draft can be kept. Positions are lon/lat CGCS2000; what a step writes has 9 decimals.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.crs import areas_m2
from geo.errors import StepRefused

__all__ = ["Bounds", "Change", "Coverage", "Parent", "StepRefused", "Unit", "edges_of", "joined", "measure"]

Bounds = tuple[float, float, float, float]  # west, south, east, north

DECIMALS = 9  # of degrees: 0.1 mm
# A vertex that was rounded lies beside its edge by at most 0.71 units of the last decimal.
ON_EDGE = 2e-9
# Two roundings (the parent's border, then a vertex on it), with room.
ON_PARENT = 5e-9


@dataclass(frozen=True, kw_only=True)
class Unit:
    """One division of the coverage."""

    key: str  # 'd' and the division's id, or 'n' and a number for a new one
    division_id: int | None
    parent_id: int
    code: str
    name: str
    kind: str
    households: int | None
    geometry: BaseGeometry  # a non-empty Polygon or MultiPolygon
    derived: bool = False  # not an official line

    @cached_property
    def bounds(self) -> Bounds:
        west, south, east, north = shapely.bounds(self.geometry).tolist()
        return west, south, east, north

    @cached_property
    def area_m2(self) -> float:
        """In its Gauss-Krüger zone."""
        return float(areas_m2(np.array([self.geometry], dtype=object))[0])


@dataclass(frozen=True, kw_only=True)
class Parent:
    """What units must tile: the nearest ancestor that has a polygon (for grids of a village: the township)."""

    id: int
    name: str
    geometry: BaseGeometry | None
    code: str = ""
    whole: bool = True  # every child has a polygon: then they must tile it, else gaps are no fault

    @cached_property
    def edges(self) -> NDArray[np.float64]:
        """Its border as n rows of x1, y1, x2, y2."""
        return edges_of(self.geometry)

    @cached_property
    def room(self) -> Any:
        """Prepared: a little larger than the polygon, for what lies on its border up to rounding."""
        assert self.geometry is not None
        room = shapely.buffer(self.geometry, ON_PARENT, join_style="mitre", mitre_limit=2.0)
        shapely.prepare(room)
        return room


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a step did to each unit that it touched; None: it was not there, or is no longer."""

    before: Mapping[str, Unit | None]
    after: Mapping[str, Unit | None]

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(self.after)

    def back(self) -> "Change":
        """The change that takes this one back."""
        return Change(before=self.after, after=self.before)


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """Units of one level, and what they must tile."""

    units: Mapping[str, Unit]
    # By the `parent_id` of units: what they tile. Several parents (villages) may have the same one (a township).
    parents: Mapping[int, Parent]
    level: str = "grid"

    def with_(self, change: Change) -> "Coverage":
        """The coverage after a change."""
        units = dict(self.units)
        for key, unit in change.after.items():
            if unit is None:
                units.pop(key, None)
            else:
                units[key] = unit
        moved = replace(self, units=units)
        known = self.__dict__
        if (index := known.get("_index")) is not None:
            moved.__dict__["_index"] = index.moved(change.after, units)
        if "children" in known and all(map(_same_place, change.before.values(), change.after.values())):
            moved.__dict__["children"] = known["children"]
        if "entangled" in known:
            moved.__dict__["entangled"] = known["entangled"]
        return moved

    def without(self, change: Change) -> "Coverage":
        """The coverage before a change."""
        return self.with_(change.back())

    def unit(self, key: str) -> Unit:
        """Raises StepRefused where there is none."""
        if (unit := self.units.get(key)) is None:
            raise StepRefused("unknown_unit", unit=key)
        return unit

    def parent_of(self, unit: Unit) -> Parent | None:
        """What the unit must lie in; None where nothing is known of it."""
        parent = self.parents.get(unit.parent_id)
        return parent if parent is not None and parent.geometry is not None else None

    def tile_of(self, unit: Unit) -> int:
        """The id of what the unit tiles with its like; of nothing known: its own parent's."""
        parent = self.parents.get(unit.parent_id)
        return unit.parent_id if parent is None else parent.id

    def near(self, bounds: Bounds) -> list[str]:
        """The units whose bounding box meets that box (border and rounding included), in the coverage's order."""
        return self._index.near(bounds)

    @cached_property
    def children(self) -> Mapping[int, tuple[str, ...]]:
        """The units that must tile each parent, by its own id; those without by their parent_id."""
        keys: dict[int, list[str]] = {}
        for key, unit in self.units.items():
            keys.setdefault(self.tile_of(unit), []).append(key)
        return {parent: tuple(children) for parent, children in keys.items()}

    @cached_property
    def entangled(self) -> frozenset[int]:
        """The parents that overlap with another parent (by more than rounding)."""
        parents = [p for p in {p.id: p for p in self.parents.values()}.values() if p.geometry is not None]
        shapes = np.array([parent.geometry for parent in parents], dtype=object)
        if len(parents) < 2 or shapely.coverage_is_valid(shapes):
            return frozenset()
        first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
        first, second = first[first < second], second[first < second]
        shared = shapely.intersection(shapes[first], shapes[second])
        wide = 2 * shapely.area(shared) > ON_PARENT * np.maximum(shapely.length(shared), 1e-300)
        return frozenset(parents[i].id for i in np.concatenate([first[wide], second[wide]]).tolist())

    def new_keys(self) -> Iterator[str]:
        """Keys for new units: 'n' and the numbers after the highest in use."""
        number = max((int(key[1:]) for key in self.units if key[0] == "n"), default=0)
        while True:
            number += 1
            yield f"n{number}"

    @cached_property
    def _index(self) -> "_Boxes":
        return _Boxes.over(self.units)


def _same_place(before: Unit | None, after: Unit | None) -> bool:
    """Neither came, nor went, nor went to another parent."""
    return before is not None and after is not None and before.parent_id == after.parent_id


@dataclass(frozen=True, kw_only=True)
class _Boxes:
    """Bounding boxes of units: an array for those of some time ago, and what changed since beside it.

    A look at 2,000 boxes takes some microseconds, so that no tree is needed and nothing is rebuilt at a change.
    """

    keys: tuple[str, ...]
    boxes: NDArray[np.float64]  # n rows of west, south, east, north
    later: Mapping[str, Bounds | None] = field(default_factory=dict)

    @classmethod
    def over(cls, units: Mapping[str, Unit]) -> "_Boxes":
        geometries = np.array([unit.geometry for unit in units.values()], dtype=object)
        return cls(keys=tuple(units), boxes=shapely.bounds(geometries).reshape(-1, 4))

    def moved(self, after: Mapping[str, Unit | None], units: Mapping[str, Unit]) -> "_Boxes":
        later = {**self.later, **{key: unit.bounds if unit else None for key, unit in after.items()}}
        if len(later) > 64 + len(self.keys) // 16:
            return self.over(units)
        return replace(self, later=later)

    def near(self, bounds: Bounds) -> list[str]:
        west, south, east, north = (
            bounds[0] - ON_EDGE, bounds[1] - ON_EDGE, bounds[2] + ON_EDGE, bounds[3] + ON_EDGE,
        )  # fmt: skip
        boxes = self.boxes
        meets = (boxes[:, 0] <= east) & (boxes[:, 2] >= west) & (boxes[:, 1] <= north) & (boxes[:, 3] >= south)
        found = [self.keys[i] for i in np.flatnonzero(meets).tolist() if self.keys[i] not in self.later]
        found += [
            key
            for key, box in self.later.items()
            if box and box[0] <= east and box[2] >= west and box[1] <= north and box[3] >= south
        ]
        return found


def edges_of(geometry: BaseGeometry | None) -> NDArray[np.float64]:
    """The edges of all rings of a (Multi)Polygon: n rows of x1, y1, x2, y2."""
    if geometry is None:
        return np.empty((0, 4))
    rings = shapely.get_rings(shapely.get_parts(geometry))
    points, ring = shapely.get_coordinates(rings, return_index=True)
    edges: NDArray[np.float64] = np.hstack([points[:-1], points[1:]])[ring[:-1] == ring[1:]]
    return edges


def measure(units: Iterable[Unit]) -> None:
    """Measure the areas of those that were not measured yet, all at once: much cheaper than one by one."""
    left = [unit for unit in units if "area_m2" not in unit.__dict__]
    if left:
        sizes = areas_m2(np.array([unit.geometry for unit in left], dtype=object))
        for unit, size in zip(left, sizes.tolist(), strict=True):
            unit.__dict__["area_m2"] = size


def joined(boxes: Iterable[Bounds]) -> Bounds:
    """The box around boxes."""
    west, south, east, north = zip(*boxes, strict=True)
    return min(west), min(south), max(east), max(north)
