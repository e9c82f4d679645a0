"""Which way, and how fast, the centre of what is new moves."""

from dataclasses import dataclass
from math import atan2, degrees, hypot

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from geo.crs import GEOGRAPHIC, gauss_kruger_zone, project

Floats = NDArray[np.float64]

FEWEST_CENTRES = 4
SHORTEST_S = 60.0
SIGNIFICANCE = 3.0  # the velocity must be this many times its standard error: else it is scatter


@dataclass(frozen=True, kw_only=True)
class Motion:
    """A velocity on the ground."""

    m_per_h: float
    bearing: float  # degrees from true north, clockwise, 0 ≤ bearing < 360


def motion_of_centre(lon: Floats, lat: Floats, time_s: Floats, weight: Floats) -> Motion | None:
    """The motion of n centres (degrees CGCS2000, seconds, points in each): least squares of place against time.

    In the Gauss-Krüger zone of their mean longitude. None where there are too few centres, they are all of
    about one time, or no direction stands out from their scatter.
    """
    if len(lon) < FEWEST_CENTRES or np.ptp(time_s) < SHORTEST_S:
        return None
    middle = float(np.average(lon, weights=weight)), float(np.average(lat, weights=weight))
    zone = gauss_kruger_zone(middle[0])
    points = project(np.asarray(shapely.points(lon, lat), dtype=object), GEOGRAPHIC, zone)
    east, north, error = _velocity(shapely.get_coordinates(points), time_s, weight)
    speed = hypot(east, north)
    if speed * 3600 < 1.0 or speed < SIGNIFICANCE * error:
        return None
    turn = pyproj.Proj(zone).get_factors(*middle).meridian_convergence  # from true to grid north
    return Motion(m_per_h=speed * 3600, bearing=(degrees(atan2(east, north)) + turn) % 360)


def _velocity(places: Floats, time_s: Floats, weight: Floats) -> tuple[float, float, float]:
    """Metres a second to grid east and north, and the standard error of each."""
    time = time_s - np.average(time_s, weights=weight)
    offsets = places - np.average(places, axis=0, weights=weight)
    spread = float(weight @ time**2)
    slopes = (weight * time) @ offsets / spread
    residuals = offsets - np.outer(time, slopes)
    variance = float((weight @ residuals**2).sum()) / (2 * len(time) - 4)
    return float(slopes[0]), float(slopes[1]), (variance / spread) ** 0.5
