"""Steps that mend findings, where a machine may offer one. None: a person decides."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.apply_words import drawn, new_codes, new_names
from geo.examined import array, polygonal
from geo.finding import NARROW
from geo.rings import oriented
from geo.steps import MOST_POINTS, Merge, Rename, Replace, Step, Transfer
from geo.topology import DECIMALS, Coverage, Parent, Unit

_GRID = 10.0**-DECIMALS  # overlays are made on it: rounded afterwards, they could become invalid


def _redrawn(unit: Unit, geometry: BaseGeometry) -> Step | None:
    """The unit with another shape, if that is one."""
    shape = shapely.transform(polygonal(geometry), lambda points: np.round(points, DECIMALS))
    if shapely.is_empty(shape) or not shapely.is_valid(shape):
        return None
    single = shapely.get_parts(shape)
    return Replace(units=[drawn(unit, geometry=single[0] if len(single) == 1 else shape)], snap=False)


def made_valid(unit: Unit) -> Step | None:
    """The rings as they are, what they enclose taken once."""
    return _redrawn(unit, shapely.make_valid(unit.geometry, method="structure", keep_collapsed=False))


def rewound(unit: Unit) -> Step | None:
    """The same rings, by the right-hand rule."""
    return Replace(units=[drawn(unit, geometry=oriented(unit.geometry))], snap=False)


def filled(around: Sequence[Unit], hole: BaseGeometry) -> Step | None:
    """The gap goes to the first of those units that becomes one shape with it."""
    for unit in around:
        if not shapely.is_valid(unit.geometry):
            continue
        whole = shapely.union_all(np.array([unit.geometry, hole], dtype=object), grid_size=_GRID)
        step = _redrawn(unit, whole)
        if step and shapely.get_num_geometries(whole) <= shapely.get_num_geometries(unit.geometry):
            return step
    return None


def separated(one: Unit, other: Unit) -> Step | None:
    """What two have goes to the smaller one: it could not do without."""
    if not (shapely.is_valid(one.geometry) and shapely.is_valid(other.geometry)):
        return None
    smaller, larger = sorted((one, other), key=lambda unit: (unit.geometry.area, unit.key))
    return _redrawn(larger, shapely.difference(larger.geometry, smaller.geometry, grid_size=_GRID))


def clipped(unit: Unit, parent: Parent) -> Step | None:
    """What of it lies in its parent."""
    if not shapely.is_valid(unit.geometry) or parent.geometry is None:
        return None
    return _redrawn(unit, shapely.intersection(unit.geometry, parent.geometry, grid_size=_GRID))


def merged_away(coverage: Coverage, unit: Unit) -> Step | None:
    """Into the neighbour of the same parent with the longest border."""
    around = _bordering(coverage, unit, unit.geometry)
    return Merge(units=[unit.key], into=around[0].key) if around else None


def given_part(coverage: Coverage, unit: Unit, part: BaseGeometry) -> Step | None:
    """A part goes to the neighbour of the same parent with the longest border."""
    outline = shapely.get_coordinates(part.exterior).tolist()
    around = _bordering(coverage, unit, part)
    if not around or len(outline) > MOST_POINTS:
        return None
    return Transfer(from_=unit.key, to=around[0].key, piece=[(lon, lat) for lon, lat in outline])


def _bordering(coverage: Coverage, unit: Unit, place: BaseGeometry) -> list[Unit]:
    """Others of the same parent that share a length of border with that place, the longest first."""
    west, south, east, north = place.bounds
    near = [coverage.units[key] for key in coverage.near((west, south, east, north)) if key != unit.key]
    same = [u for u in near if coverage.tile_of(u) == coverage.tile_of(unit)]
    if not same:
        return []
    shared = shapely.length(shapely.intersection(shapely.boundary(place), shapely.boundary(array(same))))
    return [same[i] for i in np.argsort(-shared, kind="stable").tolist() if shared[i] > NARROW]


def numbered(coverage: Coverage, unit: Unit) -> Step | None:
    """Its own name with a number."""
    return Rename(unit=unit.key, name=next(new_names(coverage, unit)))


def coded(coverage: Coverage, unit: Unit, digits: int) -> Step | None:
    """The next free code like its own, or like that of a sibling."""
    siblings = [u for u in coverage.units.values() if u.parent_id == unit.parent_id]
    like = [u for u in (unit, *siblings) if len(u.code) == digits and u.code.isascii() and u.code.isdecimal()]
    if not like:
        return None
    code = next(new_codes(coverage, replace(unit, code=like[0].code)))
    return Rename(unit=unit.key, code=code) if code else None
