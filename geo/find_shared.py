"""Findings of units together: what overlaps, what nobody has, what leaves its parent.

Those of one parent are looked at together. Units of different parents can only overlap where one of them leaves
its own parent, or where the parents overlap themselves: such units are looked at one by one.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from config.boundary_settings import BoundarySettings
from geo.examined import array, polygonal
from geo.finding import NARROW, Finding, finding, land
from geo.mends import clipped, filled, separated
from geo.topology import Coverage, Parent, Unit, joined

Polygons = NDArray[np.object_]


def of_parent(coverage: Coverage, parent_id: int, settings: BoundarySettings) -> Iterator[Finding]:
    """overlap, gap and outside_parent among the children of one parent."""
    units = [coverage.units[key] for key in coverage.children[parent_id]]
    shapes = _sound(units)
    crossed = np.flatnonzero(~shapely.is_empty(shapely.coverage_invalid_edges(shapes)))
    yield from _overlaps(units, shapes, crossed, settings)
    together = shapely.union_all(shapes) if len(crossed) else shapely.coverage_union_all(shapes)
    parent = coverage.parent_of(units[0])
    if parent is None:
        # Land that the level encloses and nobody has; an enclave that is meant looks the same.
        holes = [shapely.Polygon(ring) for part in shapely.get_parts(together) for ring in part.interiors]
        yield from _gaps(None, units, shapely.MultiPolygon(holes), settings)
        return
    if parent.whole:
        yield from _gaps(parent, units, shapely.difference(parent.geometry, together), settings)
    for i in np.flatnonzero(~shapely.covers(parent.room, shapes)).tolist():
        yield from _outside(parent, units[i], shapes[i], settings)


def _sound(units: Iterable[Unit]) -> Polygons:
    """The geometries, invalid ones mended for the looking."""
    shapes = array(units)
    wrong = ~shapely.is_valid(shapes)
    shapes[wrong] = shapely.make_valid(shapes[wrong], method="structure", keep_collapsed=False)
    return shapes


def _overlaps(
    units: Sequence[Unit], shapes: Polygons, asked: NDArray[np.int64], settings: BoundarySettings
) -> Iterator[Finding]:
    """Pairs that overlap, at least one of the units with those indices among them."""
    if len(asked) == 0:
        return
    first, second = shapely.STRtree(shapes).query(shapes[asked], predicate="intersects")
    first = asked[first]
    once = (first < second) | ((first > second) & ~np.isin(second, asked))
    yield from _pairs(units, shapes, first[once], second[once], settings)


def _pairs(
    units: Sequence[Unit],
    shapes: Polygons,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    settings: BoundarySettings,
) -> Iterator[Finding]:
    # Neighbours that only touch are nearly all: told apart by a relation, which is cheaper than cutting.
    meeting = shapely.relate_pattern(shapes[first], shapes[second], "T********")
    first, second = first[meeting], second[meeting]
    for a, b, shared in zip(first, second, shapely.intersection(shapes[first], shapes[second]), strict=True):
        one, other = sorted((units[a], units[b]), key=lambda unit: unit.key)
        pieces, sizes = land(shared, settings.tolerance_m2)
        if pieces:
            yield finding(
                "overlap", [one, other], size=sum(sizes), unit="m²", at=pieces[0], geometry=polygonal(shared),
                mend=separated(one, other), other=other.name,
            )  # fmt: skip


def across_parents(coverage: Coverage, looked: frozenset[str], settings: BoundarySettings) -> Iterator[Finding]:
    """overlap of units of different parents, one of `looked` among them."""
    if len(coverage.children) < 2 or not looked:
        return
    boxes = [coverage.units[key].bounds for key in looked if key in coverage.units]
    near = coverage.near(joined(boxes)) if len(boxes) < len(coverage.units) and boxes else list(coverage.units)
    units = [coverage.units[key] for key in near]
    strangers = np.array(_strangers(coverage, units), dtype=np.int64)
    if len(strangers) == 0:
        return
    shapes = _sound(units)
    parent = np.array([coverage.tile_of(unit) for unit in units])
    own = np.array([unit.key in looked for unit in units])
    first, second = shapely.STRtree(shapes).query(shapes[strangers], predicate="intersects")
    first = strangers[first]
    wanted = (parent[first] != parent[second]) & (own[first] | own[second])
    wanted &= (first < second) | ((first > second) & ~np.isin(second, strangers))
    yield from _pairs(units, shapes, first[wanted], second[wanted], settings)


def _strangers(coverage: Coverage, units: Sequence[Unit]) -> list[int]:
    """Indices of units that are not known to stay within a parent which is its own."""
    groups: dict[int, list[int]] = {}
    for i, unit in enumerate(units):
        groups.setdefault(coverage.tile_of(unit), []).append(i)
    found: list[int] = []
    for parent_id, group in groups.items():
        parent = coverage.parent_of(units[group[0]])
        if parent is None or parent_id in coverage.entangled:
            found += group
            continue
        shapes = array(units[i] for i in group)
        found += [group[i] for i in np.flatnonzero(~shapely.covers(parent.room, shapes)).tolist()]
    return found


def _gaps(
    parent: Parent | None, units: Sequence[Unit], missing: BaseGeometry, settings: BoundarySettings
) -> Iterator[Finding]:
    if shapely.is_empty(missing):
        return
    for hole, size in zip(*land(missing, settings.tolerance_m2), strict=True):
        around = neighbours(units, hole)
        place = shapely.point_on_surface(hole)
        yield finding(
            "gap", around, size=size, unit="m²", at=(place.x, place.y), geometry=hole,
            mend=filled(around, hole), mark=f"{place.x:.6f} {place.y:.6f}", parent=parent.name if parent else "",
        )  # fmt: skip


def neighbours(units: Sequence[Unit], place: BaseGeometry) -> list[Unit]:
    """Those that border on a polygon, the one with the longest border first; the nearest where none does."""
    shapes = array(units)
    near = np.flatnonzero(shapely.dwithin(shapes, place, NARROW))
    if len(near) == 0:
        return [units[int(np.argmin(shapely.distance(shapes, place)))]]
    outline = shapely.boundary(place)
    shared = shapely.length(shapely.intersection(outline, shapely.buffer(shapes[near], NARROW)))
    return [units[near[i]] for i in np.argsort(-shared, kind="stable").tolist()]


def _outside(parent: Parent, unit: Unit, shape: BaseGeometry, settings: BoundarySettings) -> Iterator[Finding]:
    outside = shapely.difference(shape, parent.geometry)
    pieces, sizes = land(outside, settings.tolerance_m2)
    if pieces:
        yield finding(
            "outside_parent", [unit], size=sum(sizes), unit="m²", at=pieces[0], geometry=polygonal(outside),
            mend=clipped(unit, parent), parent=parent.name,
        )  # fmt: skip
