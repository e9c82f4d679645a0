"""The divisions that a layer is held against: with their polygons, their parents and what those lie in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import shapely

from config.database import Connection
from geo.divisions import Division, all_of, boundaries
from geo.layer_file import Feature

LEVELS = ("city", "district", "township", "village", "grid")
# What a draft may be of (a coverage that one person can look at).
_ROOTS = {"district": ("city",), "township": ("city", "district"), "grid": ("district", "township")}
_DIGITS = {"city": 6, "district": 6, "township": 9, "grid": 15}
_ABOVE = {"district": "city", "township": "district", "grid": "township"}


@dataclass(frozen=True, kw_only=True)
class Ground:
    """One level at an instant."""

    level: str
    divisions: dict[int, Division]  # of the level
    above: dict[int, Division]  # all that are above it
    shapes: dict[int, Any]  # of the level: Division id → polygon
    parent_shapes: dict[int, Any]

    @property
    def digits(self) -> int:
        return _DIGITS[self.level]

    @property
    def new_kind(self) -> str:
        """The kind of a new division of which nothing is said."""
        return "网格" if self.level == "grid" else ""

    @cached_property
    def codes(self) -> frozenset[str]:
        return frozenset(division.code for division in self.divisions.values())

    @cached_property
    def _tree(self) -> tuple[list[int], shapely.STRtree]:
        return list(self.shapes), shapely.STRtree(list(self.shapes.values()))

    @cached_property
    def _parent_tree(self) -> tuple[list[int], shapely.STRtree]:
        return list(self.parent_shapes), shapely.STRtree(list(self.parent_shapes.values()))

    def title(self, division_id: int) -> str:
        """A division with the name of its parent."""
        division = self.divisions[division_id]
        return f"{self.name_of(division.parent_id)} {division.name}".strip()

    def name_of(self, division_id: int | None) -> str:
        division = self.above.get(division_id or 0) or self.divisions.get(division_id or 0)
        return "" if division is None else division.name

    def level_of(self, division_id: int) -> str:
        return self.above[division_id].level

    def rank(self, division_id: int) -> int:
        """The higher the level, the lower the number."""
        return LEVELS.index(self.level_of(division_id))

    def can_be_root(self, division_id: int) -> bool:
        return division_id in self.above and self.level_of(division_id) in _ROOTS.get(self.level, ())

    def chain(self, division_id: int | None) -> list[int]:
        """A division above the level and all above it, the nearest first."""
        found: list[int] = []
        while division_id is not None and division_id in self.above:
            found.append(division_id)
            division_id = self.above[division_id].parent_id
        return found

    def lies_under(self, parent_id: int | None, root_id: int) -> bool:
        return root_id in self.chain(parent_id)

    def parent_for(self, feature: Feature) -> int | None:
        """The parent of a new division: as its field says, else where it lies."""
        wanted = _ABOVE.get(self.level)
        named = [i for i, one in self.above.items() if one.level == wanted and one.name == feature.district != ""]
        if len(named) == 1:
            return named[0]
        ids, tree = self._parent_tree
        found = tree.query(shapely.point_on_surface(feature.geometry), predicate="within")
        return ids[int(found[0])] if len(found) else None

    def same_place(self, shape: Any, free: set[int], share: float) -> int | None:
        """The division of those free that covers the same land up to a share of both."""
        ids, tree = self._tree
        best, most = None, share
        for index in tree.query(shape).tolist():
            if ids[index] not in free or not shapely.is_valid(shape):
                continue
            other = self.shapes[ids[index]]
            common = shapely.area(shapely.intersection(shape, other))
            ratio = common / (shapely.area(shape) + shapely.area(other) - common)
            if ratio >= most:
                best, most = ids[index], ratio
        return best

    def room(self, parents: Sequence[int]) -> Any:
        """What the parents cover together; None where one of them has no polygon."""
        wanted = {self._drawn_above(parent) for parent in parents}
        if not wanted or None in wanted:
            return None
        return shapely.union_all([self.parent_shapes[i] for i in wanted if i is not None])

    def _drawn_above(self, division_id: int) -> int | None:
        """The nearest of a division and those above that has a polygon (villages have none)."""
        return next((one for one in self.chain(division_id) if one in self.parent_shapes), None)


def read_ground(connection: Connection, level: str, at: datetime) -> Ground:
    """The divisions of a level and what they lie in."""
    higher = LEVELS[: LEVELS.index(level)] if level in LEVELS else ()
    above = {division.id: division for one in higher for division in all_of(connection, one, at)}
    near = [boundary for one in higher[-2:] for boundary in boundaries(connection, one, at)]
    wanted = {"grid": ("township",)}.get(level, higher[-1:])
    return Ground(
        level=level,
        divisions={division.id: division for division in all_of(connection, level, at)},
        above=above,
        shapes={one.division_id: one.geometry for one in boundaries(connection, level, at)},
        parent_shapes={
            one.division_id: one.geometry
            for one in near
            if one.division_id in above and above[one.division_id].level in wanted
        },
    )


def middle(shape: Any) -> tuple[float, float]:
    """The centroid, degrees."""
    lon, lat = np.ravel(shapely.get_coordinates(shapely.centroid(shape)))
    return float(lon), float(lat)
