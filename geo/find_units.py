"""Findings of single units: their shape, their size, their code."""

from collections.abc import Iterator, Sequence

import numpy as np
import shapely

from config.boundary_settings import BoundarySettings
from geo.crs import areas_m2, lengths_m
from geo.examined import array, place_of_fault
from geo.finding import Finding, finding
from geo.mends import coded, given_part, made_valid, merged_away, rewound
from geo.rings import oriented
from geo.topology import Coverage, Unit, measure

CODE_DIGITS = {"district": 6, "township": 9, "village": 12, "grid": 15, "microgrid": 17}
_METRE = 1 / 80_000  # degrees, more than a metre is anywhere here: what cannot be a sliver is not measured


def shapes(coverage: Coverage, units: Sequence[Unit], settings: BoundarySettings) -> Iterator[Finding]:
    """invalid, orientation, sliver, not_contiguous."""
    if not units:
        return
    geometries = array(units)
    valid = shapely.is_valid(geometries)
    for i in np.flatnonzero(~valid).tolist():
        place = place_of_fault(geometries[i])
        mend = made_valid(units[i])
        yield finding("invalid", [units[i]], size=0, unit="", at=place, geometry=shapely.Point(place), mend=mend)
    turned = shapely.equals_identical(geometries, oriented(geometries))
    for i in np.flatnonzero(valid & ~turned).tolist():
        yield finding("orientation", [units[i]], size=0, unit="", at=geometries[i], mend=rewound(units[i]))
    yield from _slivers(coverage, [unit for unit, sound in zip(units, valid, strict=True) if sound], settings)
    for i in np.flatnonzero(valid & (shapely.get_num_geometries(geometries) > 1)).tolist():
        yield from _apart(coverage, units[i], settings)


def _slivers(coverage: Coverage, units: Sequence[Unit], settings: BoundarySettings) -> Iterator[Finding]:
    geometries = array(units)
    areas, outlines = shapely.area(geometries), shapely.length(geometries)
    width = settings.sliver_width_m * _METRE
    likely = (2 * areas < width * outlines) | (areas < settings.sliver_area_m2 * _METRE**2)
    for i in np.flatnonzero(likely).tolist():
        unit = units[i]
        width_m = 2 * unit.area_m2 / float(lengths_m(geometries[i : i + 1])[0])
        if width_m < settings.sliver_width_m or unit.area_m2 < settings.sliver_area_m2:
            yield finding(
                "sliver", [unit], size=unit.area_m2, unit="m²", at=unit.geometry, geometry=unit.geometry,
                mend=merged_away(coverage, unit), width=round(width_m, 2),
            )  # fmt: skip


def _apart(coverage: Coverage, unit: Unit, settings: BoundarySettings) -> Iterator[Finding]:
    """A unit of several parts, unless that is allowed, or its parent is in pieces there itself."""
    if unit.code and unit.code in settings.parts_allowed:
        return
    parts = sorted(shapely.get_parts(unit.geometry).tolist(), key=lambda part: -float(part.area))
    parent = coverage.parent_of(unit)
    if parent is not None and shapely.get_num_geometries(parent.geometry) > 1:
        pieces = shapely.get_parts(parent.geometry)
        held = [int(np.argmax(shapely.area(shapely.intersection(pieces, part)))) for part in parts]
        parts = [parts[0], *(part for i, part in enumerate(parts) if i and held[i] in held[:i])]
    if len(parts) < 2:
        return
    smallest = parts[-1]
    yield finding(
        "not_contiguous", [unit], size=_m2(smallest), unit="m²", at=smallest, geometry=smallest,
        mend=given_part(coverage, unit, smallest), parts=len(parts),
    )  # fmt: skip


def _m2(geometry: shapely.Geometry) -> float:
    return float(areas_m2(np.array([geometry], dtype=object))[0])


def sizes(coverage: Coverage, units: Sequence[Unit], settings: BoundarySettings) -> Iterator[Finding]:
    """households_few, households_many, area_small, area_large: of grids."""
    if coverage.level != "grid":
        return
    measure(units)
    for unit in units:
        if unit.households is not None:
            yield from _bounded(unit, "households", unit.households, settings.households_min, settings.households_max)
        yield from _bounded(unit, "area", unit.area_m2, settings.area_min_m2, settings.area_max_m2)


def _bounded(unit: Unit, what: str, value: float, least: float, most: float) -> Iterator[Finding]:
    low, high = ("few", "many") if what == "households" else ("small", "large")
    if least <= value <= most:
        return
    kind, bound = (f"{what}_{low}", least) if value < least else (f"{what}_{high}", most)
    yield finding(
        kind, [unit], size=value, unit="households" if what == "households" else "m²", at=unit.geometry, bound=bound
    )


def codes(coverage: Coverage, units: Sequence[Unit]) -> Iterator[Finding]:
    """code_form: a code must have the digits of its level."""
    digits = CODE_DIGITS.get(coverage.level)
    if digits is None:
        return
    for unit in units:
        if not (unit.code.isascii() and unit.code.isdecimal() and len(unit.code) == digits):
            yield finding(
                "code_form", [unit], size=0, unit="", at=unit.geometry, mend=coded(coverage, unit, digits),
                code=unit.code or "–", digits=digits,
            )  # fmt: skip
