"""Where an alert holds, as CAP 1.2 writes areas: polygons, a circle, geocodes.

CAP speaks WGS 84 and writes "lat,lon"; ours are lon/lat in CGCS2000, which differs from it by centimetres.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

# [D] What a receiver over a thin line can still draw. CAP has no holes: they are filled.
MOST_POINTS = 100
MOST_PARTS = 8
CIRCLE_KM = 0.5
_DIGITS = 5  # about a metre
_FIRST_TOLERANCE = 0.0002  # degrees, about 20 m


@dataclass(frozen=True, kw_only=True)
class Area:
    """An area in CAP's own notation; each part may be missing."""

    polygons: tuple[str, ...] = ()  # "lat,lon lat,lon …", closed, at least 4 pairs
    circle: str = ""  # "lat,lon radius", km
    geocodes: tuple[str, ...] = ()  # 12 digits each


def area_of(outline: bytes | None, point: tuple[float, float] | None, codes: tuple[str, ...]) -> Area:
    """The outline (WKB, lon/lat) where there is one, else a circle around the point (lon, lat)."""
    polygons = () if outline is None else polygons_of(shapely.from_wkb(outline))
    circle = "" if polygons or point is None else f"{_degrees(point[1])},{_degrees(point[0])} {CIRCLE_KM:g}"
    return Area(polygons=polygons, circle=circle, geocodes=tuple(dict.fromkeys(map(geocode, codes))))


def geocode(code: str) -> str:
    """A division's code at 12 digits: shorter ones with zeros behind, a grid's by its village."""
    return code[:12].ljust(12, "0")


def polygons_of(outline: BaseGeometry) -> tuple[str, ...]:
    """The outlines of the largest parts of a lon/lat (Multi)Polygon, simplified to MOST_POINTS each."""
    parts = [part for part in shapely.get_parts(outline) if part.geom_type == "Polygon" and not part.is_empty]
    parts.sort(key=lambda part: part.area, reverse=True)
    texts = [_ring(shapely.Polygon(part.exterior)) for part in parts[:MOST_PARTS]]
    return tuple(text for text in texts if text)


def _ring(polygon: BaseGeometry) -> str:
    """The outline in words; "" where nothing is left of it at a metre's precision."""
    tolerance = _FIRST_TOLERANCE
    simple = _rounded(polygon, 0.0)
    while simple is not None and shapely.get_num_coordinates(simple) > MOST_POINTS:
        simple = _rounded(polygon, tolerance)
        tolerance *= 1.6
    if simple is None:
        return ""
    # Counter-clockwise, as the specification recommends.
    pairs = shapely.get_coordinates(shapely.orient_polygons(simple).exterior)
    return " ".join(f"{_degrees(lat)},{_degrees(lon)}" for lon, lat in pairs)


def _rounded(polygon: BaseGeometry, tolerance: float) -> BaseGeometry | None:
    """Simplified and on the grid of the digits that are written, still valid; the largest part, without holes."""
    simple = shapely.set_precision(shapely.simplify(polygon, tolerance, preserve_topology=True), 10.0**-_DIGITS)
    parts = [part for part in shapely.get_parts(simple) if part.geom_type == "Polygon" and not part.is_empty]
    if not parts:
        return None
    return shapely.Polygon(max(parts, key=lambda part: part.area).exterior)


def _degrees(value: float) -> str:
    return f"{np.round(value, _DIGITS) + 0.0:.{_DIGITS}f}"
