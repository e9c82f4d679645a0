"""Would a change break the coverage? The examination at the end of every step, of what is near to it alone.

What was broken before (a layer with overlaps came in) can be mended step by step: there a change may not
make it worse.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.crs import areas_m2
from geo.topology import ON_EDGE, ON_PARENT, Change, Coverage, Parent, StepRefused, Unit, joined

Polygons = NDArray[np.object_]
_NOISE = 1e-14  # square degrees, 1 cm²: areas are sums of floats


def examined(coverage: Coverage, change: Change, *, strict: bool) -> None:
    """Raise StepRefused where shapes would be invalid, or (`strict`) leave their parent, overlap or leave a gap."""
    drawn = [u for k, u in change.after.items() if u is not None and not _same_shape(change.before[k], u)]
    if not drawn and None not in change.after.values():
        return
    _valid(change, drawn)
    if not strict:
        return
    _inside(coverage, change, drawn)
    others = _others(coverage, change)
    if drawn and not _joins(drawn, others):
        _told_apart(coverage, change, drawn, others)
    _land(coverage, change)


def _same_shape(before: Unit | None, after: Unit) -> bool:
    return before is not None and before.geometry is after.geometry


def array(units: Iterable[Unit]) -> Polygons:
    """The geometries of units."""
    return np.array([unit.geometry for unit in units], dtype=object)


def _valid(change: Change, drawn: list[Unit]) -> None:
    """What was invalid before may stay so: a neighbour of what is drawn."""
    shapes = array(drawn)
    for i in np.flatnonzero(~shapely.is_valid(shapes)).tolist():
        before = change.before[drawn[i].key]
        if before is not None and not before.geometry.is_valid:
            continue
        lon, lat = place_of_fault(shapes[i])
        raise StepRefused("invalid", name=drawn[i].name, unit=drawn[i].key, lon=lon, lat=lat)


def place_of_fault(geometry: Any) -> tuple[float, float]:
    """Where GEOS sees that a geometry is invalid: it says 'Self-intersection[106.5 29.5]'."""
    _, _, where = str(shapely.is_valid_reason(geometry)).partition("[")
    try:
        lon, lat = (float(part) for part in where.rstrip("]").split())
    except ValueError:
        lon, lat = shapely.get_coordinates(geometry)[0].tolist()
    return round(lon, 6), round(lat, 6)


def _inside(coverage: Coverage, change: Change, drawn: list[Unit]) -> None:
    """Nobody leaves the parent, or does so more than before."""
    for unit in drawn:
        parent = coverage.parent_of(unit)
        if parent is None or parent.room.covers(unit.geometry):
            continue
        before = change.before[unit.key]
        outside = outside_of(parent, unit)
        already = outside_of(parent, before) if before else shapely.Polygon()
        if outside.area > already.area + ON_EDGE * outside.length:
            grown = shapely.difference(outside, already)
            raise StepRefused("outside", name=unit.name, unit=unit.key, parent=parent.name, m2=_m2(grown))


def outside_of(parent: Parent, unit: Unit) -> Any:
    """What of a unit is not the parent's; more than rounding."""
    return shapely.difference(_sound(unit.geometry), parent.room)


def _sound(geometry: Any) -> Any:
    return (
        geometry
        if shapely.is_valid(geometry)
        else shapely.make_valid(geometry, method="structure", keep_collapsed=False)
    )


def _m2(geometry: Any) -> float:
    return 0.0 if shapely.is_empty(geometry) else round(float(areas_m2(np.array([geometry], dtype=object))[0]), 2)


def _others(coverage: Coverage, change: Change) -> list[Unit]:
    """The units beside those that change."""
    touched = [u.bounds for side in (change.before, change.after) for u in side.values() if u is not None]
    return [coverage.units[key] for key in coverage.near(joined(touched)) if key not in change.after]


def _joins(drawn: list[Unit], others: list[Unit]) -> bool:
    return bool(shapely.coverage_is_valid(array([*drawn, *others])))


def _told_apart(coverage: Coverage, change: Change, drawn: list[Unit], others: list[Unit]) -> None:
    """Something overlaps or is not joined: looked at parent by parent.

    Across a parent's border vertices may differ (each parent's network was made by itself), and nobody overlaps
    there, as each is inside of its own; unless nothing is known of that.
    """
    before = [unit for unit in change.before.values() if unit is not None]
    if any(coverage.parent_of(u) is None or coverage.tile_of(u) in coverage.entangled for u in drawn):
        _no_worse(before, drawn, others)
        return
    for tile in dict.fromkeys(coverage.tile_of(unit) for unit in drawn):
        own = [[unit for unit in units if coverage.tile_of(unit) == tile] for units in (before, drawn, others)]
        if not _joins(own[1], own[2]):
            _no_worse(*own)


def _no_worse(before: list[Unit], drawn: list[Unit], others: list[Unit]) -> None:
    """Refused where it was sound before, or overlaps more than before."""
    sound = not before or _joins(before, others)
    first, second, shared = _overlaps(drawn, others)
    if not sound:
        rounding = ON_EDGE * sum(unit.geometry.length for unit in drawn)
        if sum(shared) <= sum(_overlaps(before, others)[2]) + rounding:
            return
    if not shared:
        raise StepRefused("unjoined", name=drawn[0].name, unit=drawn[0].key)
    worst = int(np.argmax(shared))
    one, other = first[worst], second[worst]
    m2 = _m2(polygonal(shapely.intersection(_sound(one.geometry), _sound(other.geometry))))
    raise StepRefused("overlap", name=one.name, unit=one.key, other=other.name, other_unit=other.key, m2=m2)


def _overlaps(drawn: list[Unit], others: list[Unit]) -> tuple[list[Unit], list[Unit], list[float]]:
    """Pairs that overlap, at least one of them drawn, and by how many square degrees."""
    every = [*drawn, *others]
    shapes = np.array([_sound(unit.geometry) for unit in every], dtype=object)
    first, second = shapely.STRtree(shapes).query(shapes[: len(drawn)], predicate="intersects")
    once = first < second
    first, second = first[once], second[once]
    meeting = shapely.relate_pattern(shapes[first], shapes[second], "T********")
    first, second = first[meeting], second[meeting]
    shared = shapely.area(shapely.intersection(shapes[first], shapes[second])).tolist()
    return [every[i] for i in first.tolist()], [every[i] for i in second.tolist()], shared


def polygonal(geometry: Any) -> Any:
    """The polygons of whatever an overlay gave."""
    parts = shapely.get_parts(geometry)
    return shapely.MultiPolygon(parts[shapely.get_type_id(parts) == 3].tolist())


def _land(coverage: Coverage, change: Change) -> None:
    """What the changed units held together they hold still: else a gap came up. (More is a gap that was filled.)"""
    before = [unit for unit in change.before.values() if unit is not None]
    after = [unit for unit in change.after.values() if unit is not None]
    if any(coverage.parent_of(unit) is None for unit in before):
        return
    lost = sum(unit.geometry.area for unit in before) - sum(unit.geometry.area for unit in after)
    if lost <= _NOISE:
        return
    # Less overlap is no loss of land.
    gone = shapely.difference(*(shapely.union_all([_sound(u.geometry) for u in side]) for side in (before, after)))
    others = [_sound(unit.geometry) for unit in _others(coverage, change)]
    gone = polygonal(shapely.difference(gone, shapely.union_all(others)) if others else gone)
    parts = shapely.get_parts(gone)
    wide = parts[2 * shapely.area(parts) > ON_PARENT * shapely.length(parts)]
    if len(wide):
        raise StepRefused("gap", m2=_m2(shapely.MultiPolygon(wide.tolist())))
