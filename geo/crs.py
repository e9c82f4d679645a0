"""Coordinates: CGCS2000 in the database, Gauss-Krüger zones for areas, GCJ-02 and BD-09 at the edges.

All positions are x, y = lon, lat in that order (`always_xy`), float64 arrays. WGS 84 and
CGCS2000 differ by centimetres and are taken as one.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
import pyproj
import pyproj.exceptions
import shapely
from numpy.typing import NDArray

from geo.datums import system, target_of
from geo.errors import CrsError

Floats = NDArray[np.float64]
Pair = tuple[Floats, Floats]

GEOGRAPHIC = "EPSG:4490"  # CGCS2000, degrees
GCJ02 = "GCJ-02"  # the shifted system of Chinese web maps
BD09 = "BD-09"  # GCJ-02 shifted once more (Baidu)

# Constants of the published GCJ-02 formula: the Krasovsky 1940 ellipsoid.
_AXIS = 6378245.0
_ECCENTRICITY_2 = 0.00669342162296594323
_BD_TURN = np.pi * 3000.0 / 180.0
_PRECISION = 1e-10  # degrees: 0.01 mm


def gauss_kruger_zone(lon: float) -> str:
    """The CGCS2000 3-degree Gauss-Krüger zone whose central meridian is nearest: 'EPSG:4545' at 108° E."""
    return f"EPSG:{_zones(np.array([lon]))[0]}"


def _zones(lon: Floats) -> NDArray[np.int64]:
    """The EPSG numbers of the zones: 4534 (75° E) … 4554 (135° E)."""
    return 4534 + np.clip(np.round(lon / 3), 25, 45).astype(np.int64) - 25


@cache
def _transformer(source: str, target: str) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(source, target, always_xy=True)


def project(geometries: NDArray[np.object_], source: str, target: str) -> NDArray[np.object_]:
    """Geometries in another pyproj CRS, x/y order whatever the CRS's own axis order is."""
    transform = _transformer(source, target).transform
    moved: NDArray[np.object_] = shapely.transform(geometries, transform, interleaved=False)
    return moved


def _measured(geometries: NDArray[np.object_], measure: Callable[[NDArray[np.object_]], Floats]) -> Floats:
    """A planar measure of lon/lat geometries, each in the zone of its centroid."""
    zones = _zones(shapely.get_x(shapely.centroid(geometries)))
    measures = np.zeros(len(geometries))
    for zone in np.unique(zones):
        chosen = zones == zone
        measures[chosen] = measure(project(geometries[chosen], GEOGRAPHIC, f"EPSG:{zone}"))
    return measures


def areas_m2(geometries: NDArray[np.object_]) -> Floats:
    """The area of each non-empty lon/lat (Multi)Polygon in its Gauss-Krüger zone, m²."""
    return _measured(geometries, shapely.area)


def lengths_m(geometries: NDArray[np.object_]) -> Floats:
    """The length (of polygons: the perimeter) of each non-empty lon/lat geometry in its zone, m."""
    return _measured(geometries, shapely.length)


def _shift(lon: Floats, lat: Floats) -> Pair:
    """What GCJ-02 adds to a WGS 84 position, degrees (the published formula)."""
    x, y = lon - 105.0, lat - 35.0
    waves = 20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x))
    north += 2.0 / 3.0 * (waves + 20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi))
    north += 2.0 / 3.0 * (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0))
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x))
    east += 2.0 / 3.0 * (waves + 20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi))
    east += 2.0 / 3.0 * (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi))
    phi = np.radians(lat)
    magic = 1 - _ECCENTRICITY_2 * np.sin(phi) ** 2
    meridian = _AXIS * (1 - _ECCENTRICITY_2) / magic**1.5
    parallel = _AXIS / np.sqrt(magic) * np.cos(phi)
    return np.degrees(east / parallel), np.degrees(north / meridian)


def gcj02_from_wgs84(lon: Floats, lat: Floats) -> Pair:
    """GCJ-02 of WGS 84 positions. The formula holds in mainland China; elsewhere GCJ-02 is not used."""
    east, north = _shift(lon, lat)
    return lon + east, lat + north


def bd09_from_gcj02(lon: Floats, lat: Floats) -> Pair:
    """BD-09 of GCJ-02 positions (the published formula)."""
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD_TURN)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD_TURN)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def bd09_from_wgs84(lon: Floats, lat: Floats) -> Pair:
    """BD-09 of WGS 84 positions."""
    return bd09_from_gcj02(*gcj02_from_wgs84(lon, lat))


def _inverse(forward: Callable[[Floats, Floats], Pair], lon: Floats, lat: Floats) -> Pair:
    """The position that `forward` takes to lon, lat, by fixed-point steps until none is over 1e-10°."""
    x, y = np.array(lon, dtype=np.float64), np.array(lat, dtype=np.float64)
    if np.abs(x).max(initial=0) > 180 or np.abs(y).max(initial=0) > 90:
        raise CrsError("GCJ-02 and BD-09 are degrees, these are not: is the layer in metres?")
    for _ in range(30):
        there_x, there_y = forward(x, y)
        step_x, step_y = lon - there_x, lat - there_y
        x, y = x + step_x, y + step_y
        if max(np.abs(step_x).max(initial=0), np.abs(step_y).max(initial=0)) < _PRECISION:
            return x, y
    raise CrsError("GCJ-02 and BD-09 cannot be inverted here: are these positions in China?")


def wgs84_from_gcj02(lon: Floats, lat: Floats) -> Pair:
    """WGS 84 of GCJ-02 positions, to 1e-10°."""
    return _inverse(gcj02_from_wgs84, lon, lat)


def wgs84_from_bd09(lon: Floats, lat: Floats) -> Pair:
    """WGS 84 of BD-09 positions, to 1e-10°."""
    return _inverse(bd09_from_wgs84, lon, lat)


_SHIFTED = {GCJ02: (wgs84_from_gcj02, gcj02_from_wgs84), BD09: (wgs84_from_bd09, bd09_from_wgs84)}


@cache
def _converter(crs: str, *, back: bool) -> pyproj.Transformer:
    named = system(crs)
    there = pyproj.CRS(target_of(named))
    try:
        return pyproj.Transformer.from_crs(there if back else named, named if back else there, always_xy=True)
    except pyproj.exceptions.ProjError as error:
        raise CrsError(f"{crs} says nothing of a place on the earth: name a geographic or projected system") from error


def is_shifted(crs: str) -> bool:
    """Whether it is one of the shifted systems of web maps."""
    return crs.upper() in _SHIFTED


def to_cgcs2000(geometries: NDArray[np.object_], crs: str) -> NDArray[np.object_]:
    """Lon/lat CGCS2000 geometries from any CRS that pyproj knows, 'GCJ-02' or 'BD-09'; see geo.datums for old ones.

    Raises CrsError for a name that is none of these.
    """
    move = _SHIFTED[crs.upper()][0] if is_shifted(crs) else _converter(crs, back=False).transform
    moved: NDArray[np.object_] = shapely.transform(geometries, move, interleaved=False)
    return moved


def from_cgcs2000(geometries: NDArray[np.object_], crs: str) -> NDArray[np.object_]:
    """The way back: x/y in that CRS (east first) of lon/lat CGCS2000; raises CrsError."""
    move = _SHIFTED[crs.upper()][1] if is_shifted(crs) else _converter(crs, back=True).transform
    moved: NDArray[np.object_] = shapely.transform(geometries, move, interleaved=False)
    return moved
