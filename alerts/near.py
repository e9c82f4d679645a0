"""Which places lie within some metres of which."""

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from alerts.columns import Floats, Rows

_SEMI_MAJOR_M, _FLATTENING = 6_378_137.0, 1 / 298.257222101  # CGCS2000
_M_PER_DEGREE = 110_500.0  # of latitude, nowhere less


def within(lon: Sequence[float], lat: Sequence[float], radius_m: float) -> tuple[Rows, Rows]:
    """Pairs of places, each with itself too: the one in the middle, and one that lies no farther than `radius_m`.

    Straight lines through the ellipsoid: a millimetre short of the ground at 10 km.
    """
    x, y = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
    high = radius_m / _M_PER_DEGREE
    wide = high / np.maximum(np.cos(np.radians(np.abs(y) + high)), 1e-6)
    boxes = shapely.box(x - wide, y - high, x + wide, y + high)
    middle, near = shapely.STRtree(shapely.points(x, y)).query(boxes, predicate="intersects")
    place = _cartesian(x, y)
    close = np.linalg.norm(place[middle] - place[near], axis=1) <= radius_m
    order = np.lexsort((near[close], middle[close]))
    return middle[close][order], near[close][order]


def _cartesian(lon: Floats, lat: Floats) -> NDArray[np.float64]:
    """[n, 3] metres from the centre of the earth."""
    eccentricity = _FLATTENING * (2 - _FLATTENING)
    along, up = np.radians(lon), np.radians(lat)
    normal = _SEMI_MAJOR_M / np.sqrt(1 - eccentricity * np.sin(up) ** 2)
    flat = normal * np.cos(up)
    return np.stack([flat * np.cos(along), flat * np.sin(along), normal * (1 - eccentricity) * np.sin(up)], axis=1)
