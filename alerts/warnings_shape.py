"""Shapes of a CAP area: polygons ("lat,lon" pairs) and circles ("lat,lon radius in km"), WGS 84."""

import math
import re
from itertools import chain

import numpy as np
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from alerts.warnings import WarningRefused

MOST_POINTS = 20_000
_LARGEST_KM = 2_000
_SMALLEST_KM = 0.01  # a circle without a radius is a point: it lies in a township all the same
_CORNERS = 96  # of a circle: its area is 0.1 % short
_NUMBER = re.compile(r"[+-]?\d{1,3}(\.\d{0,15})?")
_EARTH = pyproj.Geod(ellps="WGS84")

Point = tuple[float, float]  # lon, lat


def polygon(text: str, where: str) -> BaseGeometry:
    """A valid lon/lat (Multi)Polygon from CAP's text; raises WarningRefused where it is none.

    A ring that crosses itself is divided into what it encloses.
    """
    pairs = text.split()
    mend = "write 'lat,lon' pairs, at least four, the last as the first"
    if not 4 <= len(pairs) <= MOST_POINTS:
        raise WarningRefused("area", where, f"a polygon of {len(pairs)} points (at most {MOST_POINTS} are read)", mend)
    ring = [_point(pair, where) for pair in pairs]
    if ring[0] != ring[-1]:
        raise WarningRefused("area", where, f"the polygon is not closed: {pairs[0]} … {pairs[-1]}", mend)
    shape = _polygonal(shapely.make_valid(shapely.Polygon(ring)))
    if shape.is_empty:
        raise WarningRefused("area", where, "the polygon encloses nothing", mend)
    return shape


def _polygonal(shape: BaseGeometry) -> BaseGeometry:
    parts = chain.from_iterable(shapely.get_parts(part) for part in shapely.get_parts(shape))
    return shapely.union_all([part for part in parts if part.geom_type == "Polygon"])


def circle(text: str, where: str) -> BaseGeometry:
    """A lon/lat Polygon around the circle; raises WarningRefused for what is no circle."""
    centre, _, radius = text.strip().partition(" ")
    lon, lat = _point(centre, where)
    try:
        km = float(radius)
    except ValueError:
        km = math.nan
    if not 0 <= km <= _LARGEST_KM:
        what = f"{radius.strip()[:40]!r} is no radius in kilometres (at most {_LARGEST_KM})"
        raise WarningRefused("area", where, what, "write the circle as '29.62,106.60 12.5'")
    turn = np.linspace(0, 360, _CORNERS, endpoint=False)
    metres = np.full(_CORNERS, max(km, _SMALLEST_KM) * 1000)
    x, y, _ = _EARTH.fwd(np.full(_CORNERS, lon), np.full(_CORNERS, lat), turn, metres)
    return shapely.Polygon(np.column_stack([x, y]))


def _point(pair: str, where: str) -> Point:
    lat_text, _, lon_text = pair.partition(",")
    if not (_NUMBER.fullmatch(lat_text) and _NUMBER.fullmatch(lon_text)):
        raise WarningRefused("area", where, f"{pair[:60]!r} is no position", "write 'lat,lon' in degrees: 29.62,106.60")
    lat, lon = float(lat_text), float(lon_text)
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        what = f"{pair!r} is no latitude and longitude"
        raise WarningRefused("area", where, what, "CAP writes the latitude first: 29.62,106.60")
    return lon, lat
