"""Steps that change what is said of units, or take them as somebody else drew them; names and codes for new units."""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import shapely
import shapely.errors
import shapely.geometry
from shapely.geometry.base import BaseGeometry

from geo.rings import oriented, shape_of
from geo.sheet import Sheet
from geo.snapped import snapped
from geo.steps import Drawn, Rename, Replace
from geo.topology import DECIMALS, Change, Coverage, StepRefused, Unit

_NUMBERED = re.compile(r"^(.*?)(?:-(\d+))?$", re.DOTALL)


def rename(coverage: Coverage, step: Rename) -> Change:
    """Other words; what the step leaves out stays."""
    unit = coverage.unit(step.unit)
    said = {"name": step.name, "code": step.code, "kind": step.unit_kind, "households": step.households}
    new = replace(unit, **{field: value for field, value in said.items() if value is not None})  # type: ignore[arg-type]
    if new == unit:
        raise StepRefused("nothing")
    return Change(before={unit.key: unit}, after={unit.key: new})


def new_names(coverage: Coverage, unit: Unit) -> Iterator[str]:
    """Names that no unit of the same parent has: the unit's own with a number."""
    taken = {other.name for other in coverage.units.values() if other.parent_id == unit.parent_id}
    match = _NUMBERED.match(unit.name)
    base = match.group(1) if match else unit.name
    number = 1
    while True:
        number += 1
        if (name := f"{base}-{number}") not in taken:
            yield name


def new_codes(coverage: Coverage, unit: Unit) -> Iterator[str]:
    """Free codes after the highest that begins as the unit's own does; '' where none is left, or it has no digits."""
    digits = 2 if coverage.level == "microgrid" else 3
    prefix = unit.code[:-digits]
    if not (unit.code.isascii() and unit.code.isdecimal()) or not prefix:
        while True:
            yield ""
    used = {
        int(u.code[-digits:])
        for u in coverage.units.values()
        if u.code[:-digits] == prefix and u.code[-digits:].isdecimal()
    }
    number = max(used, default=0)
    while (number := number + 1) < 10**digits:
        yield f"{prefix}{number:0{digits}d}"
    while True:
        yield ""


def replace_units(coverage: Coverage, step: Replace) -> Change:
    """Units as drawn elsewhere: rounded, turned by the right-hand rule, their vertices joined with their neighbours'.

    They may overlap and leave gaps (the findings tell); a shape must be valid.
    """
    sheet = Sheet(coverage)
    for key in step.gone:
        coverage.unit(key)
        sheet.remove(key)
    keys = coverage.new_keys()
    named = {drawn.key for drawn in step.units if drawn.key}
    free = (key for key in keys if key not in named)
    units = [_unit(coverage, drawn, drawn.key or next(free)) for drawn in step.units]
    if len({unit.key for unit in units} | set(step.gone)) < len(units) + len(set(step.gone)):
        raise StepRefused("same_unit", unit=_twice([*(unit.key for unit in units), *step.gone]))
    for unit in snapped(coverage, units, step.gone) if step.snap else units:
        sheet.about(unit)
        before = coverage.units.get(unit.key)
        if before is None or before.geometry is not unit.geometry:
            sheet.draw(unit.key, shape_of(unit.geometry))
    return sheet.finished(strict=False)


def _twice(keys: Iterable[str]) -> str:
    seen: set[str] = set()
    return next(key for key in keys if key in seen or seen.add(key))  # type: ignore[func-returns-value]


def _unit(coverage: Coverage, drawn: Drawn, key: str) -> Unit:
    before = coverage.units.get(key)
    if drawn.parent_id not in coverage.parents:
        raise StepRefused("unknown_parent", parent=drawn.parent_id)
    geometry = polygon_of(drawn.geometry, drawn.name)
    if before is not None and shapely.equals_identical(before.geometry, geometry):
        geometry = before.geometry
    return Unit(
        key=key,
        division_id=int(key[1:]) if key[0] == "d" else None,
        parent_id=drawn.parent_id,
        code=drawn.code,
        name=drawn.name,
        kind=drawn.kind,
        households=drawn.households,
        geometry=geometry,
        derived=(before.derived if before else False) if drawn.derived is None else drawn.derived,
    )


# What shapely says of an object that is no GeoJSON geometry: it trusts what it is given to be one.
_NO_GEOMETRY = (shapely.errors.ShapelyError, AttributeError, LookupError, TypeError, ValueError, OverflowError)


def polygon_of(geojson: dict[str, Any], name: str) -> BaseGeometry:
    """The rounded and turned (Multi)Polygon of a GeoJSON geometry. Raises StepRefused."""
    try:
        geometry = shapely.force_2d(shapely.geometry.shape(geojson))
    except _NO_GEOMETRY as error:
        raise StepRefused("no_polygon", name=name) from error
    if geometry.geom_type not in ("Polygon", "MultiPolygon") or geometry.is_empty:
        raise StepRefused("no_polygon", name=name)
    west, south, east, north = geometry.bounds
    if not all(map(math.isfinite, geometry.bounds)) or west < -180 or east > 180 or south < -90 or north > 90:
        raise StepRefused("not_lonlat", name=name)
    return oriented(shapely.transform(geometry, lambda points: np.round(points, DECIMALS)))


def drawn(unit: Unit, **other: Any) -> Drawn:
    """The unit for a step that replaces it, with what is other."""
    said = {
        "key": unit.key,
        "name": unit.name,
        "code": unit.code,
        "parent_id": unit.parent_id,
        "kind": unit.kind,
        "households": unit.households,
        "derived": unit.derived,
        **other,
    }
    geometry = said.pop("geometry", unit.geometry)
    return Drawn(**said, geometry=geometry if isinstance(geometry, dict) else shapely.geometry.mapping(geometry))
