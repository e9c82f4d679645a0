"""Lines that an editor may snap to: roads and waters, and the borders of what the units tile."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import shapely

from boundaries.bases import Base
from geo.lines import lines_in
from geo.topology import Bounds


@dataclass(frozen=True, kw_only=True)
class SnapLine:
    """One line, lon/lat CGCS2000."""

    kind: str  # road, railway, river, water; parent
    name: str
    geometry: Any


@dataclass(frozen=True, kw_only=True)
class SnapLines:
    """Those of a box; `more`: there were too many, look closer."""

    lines: tuple[SnapLine, ...]
    more: bool


def snap_lines(base: Base, box: Bounds, *, most_vertices: int) -> SnapLines:
    """What crosses a box, whole: the borders first, then what is nearest to its middle."""
    found = [*_borders(base, box), *_ground(box)]
    kept: list[SnapLine] = []
    vertices = 0
    for line in found:
        vertices += int(shapely.get_num_coordinates(line.geometry))
        if vertices > most_vertices:
            break
        kept.append(line)
    return SnapLines(lines=tuple(kept), more=len(kept) < len(found))


def _borders(base: Base, box: Bounds) -> Iterable[SnapLine]:
    parents = {parent.id: parent for parent in base.coverage.parents.values() if parent.geometry is not None}
    area = shapely.box(*box)
    for parent in parents.values():
        border = shapely.boundary(parent.geometry)
        if shapely.intersects(border, area):
            yield SnapLine(kind="parent", name=parent.name, geometry=border)


def _ground(box: Bounds) -> list[SnapLine]:
    area = shapely.box(*box)
    middle = shapely.centroid(area)
    lines = [SnapLine(kind=one.kind, name=one.name, geometry=one.geometry) for one in lines_in(box)]
    return sorted(lines, key=lambda line: float(shapely.distance(line.geometry, middle)))
