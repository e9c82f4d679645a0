"""One thing that is wrong with a coverage, or worth a look."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.crs import areas_m2
from geo.steps import Step
from geo.topology import Unit

ERRORS = (
    "gap", "overlap", "outside_parent", "invalid", "orientation", "sliver", "not_contiguous",
    "duplicate_code", "duplicate_name", "code_form",
)  # fmt: skip
WARNINGS = (
    "households_few", "households_many", "load_uneven", "area_small", "area_large", "leaves_line", "changes_often",
)  # fmt: skip

# Degrees, 1 mm: what is narrower, on the average, is two roundings of one border and no land.
NARROW = 1e-8


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was found, where, how large, and a mend where that is safe."""

    id: str  # the same as long as it is the same fault of the same units
    kind: str  # of ERRORS or WARNINGS
    severity: Literal["error", "warning"]
    units: tuple[str, ...]  # keys: whose shape, who overlaps, who borders on the gap
    size: float
    unit: str  # of the size: m², m, households, or '' for a count or a ratio
    lon: float  # a place in it
    lat: float
    geometry: BaseGeometry | None  # what overlaps, is missing, is outside …
    mend: Step | None  # a step that mends it and does nothing else; None: a person decides
    values: Mapping[str, str | int | float] = field(default_factory=dict)  # for its words


def finding(
    kind: str,
    units: Sequence[Unit],
    *,
    size: float,
    unit: str,
    at: BaseGeometry | tuple[float, float],
    geometry: BaseGeometry | None = None,
    mend: Step | None = None,
    mark: str = "",
    **values: str | int | float,
) -> Finding:
    """`at`: its place, or a geometry to take one in. `mark` tells several of one kind and the same units apart."""
    keys = tuple(one.key for one in units)
    lon, lat = at if isinstance(at, tuple) else place_in(at)
    return Finding(
        id=hashlib.blake2b("|".join((kind, *keys, mark)).encode(), digest_size=8).hexdigest(),
        kind=kind,
        severity="error" if kind in ERRORS else "warning",
        units=keys,
        size=round(float(size), 2),
        unit=unit,
        lon=round(lon, 7),
        lat=round(lat, 7),
        geometry=geometry,
        mend=mend,
        values={"name": units[0].name if units else "", "size": round(float(size), 2), **values},
    )


def place_in(geometry: BaseGeometry) -> tuple[float, float]:
    """A point of the geometry; in polygons, inside of the largest."""
    point = shapely.point_on_surface(geometry if geometry.geom_type == "Polygon" else _largest(geometry))
    if shapely.is_empty(point):
        lon, lat = shapely.get_coordinates(geometry)[0].tolist()
        return lon, lat
    return float(point.x), float(point.y)


def _largest(geometry: BaseGeometry) -> BaseGeometry:
    parts = shapely.get_parts(geometry)
    sizes = shapely.area(parts) if shapely.get_dimensions(geometry) == 2 else shapely.length(parts)
    largest: BaseGeometry = parts[int(np.argmax(sizes))]
    return largest


def land(geometry: BaseGeometry, tolerance_m2: float) -> tuple[list[BaseGeometry], list[float]]:
    """The polygons of what an overlay gave that are more than rounding, the largest first, and their m²."""
    parts = shapely.get_parts(geometry)
    parts = parts[shapely.get_type_id(parts) == 3]
    parts = parts[2 * shapely.area(parts) > NARROW * shapely.length(parts)]
    if len(parts) == 0:
        return [], []
    sizes = areas_m2(parts)
    order = [i for i in np.argsort(-sizes, kind="stable").tolist() if sizes[i] >= tolerance_m2]
    return [parts[i] for i in order], [float(sizes[i]) for i in order]
