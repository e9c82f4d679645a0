"""A unit cut along a line: faces whose vertices are those of the unit, of the line, and of where they meet.

No overlay makes up other points, so that what was one border before the cut is one after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.apply_vertices import MEANT, on_borders
from geo.rings import Edge, Point, beside, edges, rings, rounded, shape_of
from geo.sheet import Sheet
from geo.topology import ON_EDGE, StepRefused, Unit

# A line that meets the border this near to a vertex (1 cm) goes to the vertex.
AT_VERTEX = 1e-7


@dataclass(frozen=True, kw_only=True)
class Cut:
    """What a line makes of a unit."""

    faces: list[BaseGeometry]  # polygons that tile it
    part: list[int]  # of which part of the unit each is
    points: dict[Edge, list[Point]] = field(default_factory=dict)  # new vertices in edges of the unit


@dataclass(frozen=True, kw_only=True)
class _Meeting:
    """Where the line meets the border."""

    along: float  # the way from the line's start, degrees
    point: Point  # the vertex that it is, or will be
    edge: Edge | None  # in which that vertex is new


def cut(sheet: Sheet, unit: Unit, line: Sequence[Point]) -> Cut:
    """Cut along a line that does not cross itself; a closed one is the outline of a piece.

    Ends of the line inside the unit are left out: nothing is cut there.
    """
    if not unit.geometry.is_valid:
        raise StepRefused("broken", name=unit.name, unit=unit.key)
    drawn = shapely.LineString(line)
    if not drawn.is_simple:
        raise StepRefused("line_crosses")
    meetings = _meetings(sheet, unit, drawn)
    chains = _chains(unit, drawn, meetings)
    ends = {chain[i] for chain in chains for i in (0, -1)}
    points: dict[Edge, list[Point]] = {}
    for meeting in meetings:
        if meeting.edge and meeting.point in ends and meeting.point not in points.get(meeting.edge, ()):
            points.setdefault(meeting.edge, []).append(meeting.point)
    for edge, inserted in points.items():
        sheet.insert(edge, inserted)
    return _faces(sheet, unit, chains, points)


def _meetings(sheet: Sheet, unit: Unit, line: BaseGeometry) -> list[_Meeting]:
    """In the line's order; neighbouring ones at the same vertex are one."""
    owned = list(edges(shape_of(unit.geometry)))
    rows = np.array([(*a, *b) for a, b in owned])
    places = shapely.get_coordinates(shapely.intersection(shapely.boundary(unit.geometry), line)).tolist()
    ends = [] if line.is_closed else [line.coords[0], line.coords[-1]]
    places += [place for place in ends if beside(rows, place)[0].min() <= MEANT]
    found = []
    for place in places:
        distance, along = beside(rows, place)
        nearest = int(np.argmin(distance))
        way = float(shapely.line_locate_point(line, shapely.Point(place)))
        found.append(_meeting(sheet, unit, owned[nearest], float(along[nearest]), way))
    found.sort(key=lambda meeting: meeting.along)
    return [meeting for i, meeting in enumerate(found) if i == 0 or meeting.point != found[i - 1].point]


def _meeting(sheet: Sheet, unit: Unit, edge: Edge, along: float, way: float) -> _Meeting:
    (x1, y1), (x2, y2) = edge
    length = float(np.hypot(x2 - x1, y2 - y1))
    if min(along, 1 - along) * length <= AT_VERTEX:
        return _Meeting(along=way, point=edge[0] if along < 0.5 else edge[1], edge=None)
    place = on_borders(sheet, [unit.key], (x1 + along * (x2 - x1), y1 + along * (y2 - y1)))
    return _Meeting(along=way, point=place, edge=edge)


def _chains(unit: Unit, line: BaseGeometry, meetings: list[_Meeting]) -> list[list[Point]]:
    """The courses of the line through the unit, from border to border; a closed line within it is one course."""
    vertices = [rounded(point) for point in line.coords]
    ways = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(np.array(line.coords), axis=0).T))])
    if not meetings:
        inside = line.is_closed and unit.geometry.contains(line)
        return [vertices] if inside else []
    pairs = list(pairwise(meetings))
    stretches = [(a, b, ways, vertices) for a, b in pairs]
    if line.is_closed:  # the last stretch goes on over the start
        first, last = meetings[0], meetings[-1]
        again = _Meeting(along=first.along + ways[-1], point=first.point, edge=first.edge)
        stretches.append((last, again, np.concatenate([ways[:-1], ways + ways[-1]]), [*vertices[:-1], *vertices]))
    chains = []
    for a, b, at, points in stretches:
        middle = shapely.line_interpolate_point(line, ((a.along + b.along) / 2) % float(ways[-1]))
        if not _within(unit, middle):
            continue
        inner = [p for p, way in zip(points, at, strict=True) if a.along < way < b.along]
        chain = [a.point, *(p for p in inner if not (_at(p, a.point) or _at(p, b.point))), b.point]
        if len(chain) > 3 or chain[0] != chain[-1]:
            chains.append(chain)
    return chains


def _within(unit: Unit, point: BaseGeometry) -> bool:
    """Inside and not on the border."""
    return bool(unit.geometry.contains(point)) and unit.geometry.boundary.distance(point) > ON_EDGE


def _at(one: Point, other: Point) -> bool:
    return abs(one[0] - other[0]) <= AT_VERTEX and abs(one[1] - other[1]) <= AT_VERTEX


def _faces(sheet: Sheet, unit: Unit, chains: list[list[Point]], points: dict[Edge, list[Point]]) -> Cut:
    segments = [edge for ring in rings(sheet.shape(unit.key)) for edge in zip(ring, [*ring[1:], ring[0]], strict=True)]
    segments += [edge for chain in chains for edge in pairwise(chain)]
    lines = shapely.linestrings(np.array(list({tuple(sorted(edge)): None for edge in segments})))
    faces = shapely.get_parts(shapely.polygonize(lines))
    parts = shapely.get_parts(unit.geometry)
    inside, part = shapely.STRtree(parts).query(shapely.point_on_surface(faces), predicate="within")
    order = np.argsort(inside)
    return Cut(faces=list(faces[inside[order]]), part=part[order].tolist(), points=points)


def united(geometries: Sequence[BaseGeometry]) -> BaseGeometry:
    """One geometry of several that join; of some that overlap, too, but then with new vertices."""
    several = np.array(geometries, dtype=object)
    if shapely.coverage_is_valid(several):
        one: BaseGeometry = shapely.coverage_union_all(several)
        return one
    one = shapely.transform(shapely.union_all(several), lambda at: np.round(at, 9))
    return one
