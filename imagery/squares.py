"""The squares of the web's tiles: z, x and y from the north, in Web Mercator (EPSG:3857)."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bounds = tuple[float, float, float, float]  # west, south, east, north, degrees

HALF = 20037508.342789244  # metres from the middle of the world to its edge
CHONGQING: Bounds = (105.28, 28.15, 110.2, 32.21)
CHINA: Bounds = (73.0, 3.0, 136.0, 54.0)


def square_of(z: int, x: int, y: int) -> Bounds:
    """West, south, east and north of a tile in metres."""
    side = 2 * HALF / 2**z
    return -HALF + x * side, HALF - (y + 1) * side, -HALF + (x + 1) * side, HALF - y * side


def degrees_of(z: int, x: int, y: int) -> Bounds:
    """The same in degrees."""
    lon, lat = lonlat_of(np.array([x, x + 1.0]) / 2**z, np.array([y + 1.0, y]) / 2**z)
    return float(lon[0]), float(lat[0]), float(lon[1]), float(lat[1])


def lonlat_of(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Degrees of places in the square of the world, 0 to 1, y from the north."""
    return x * 360 - 180, np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * y))))


def world_of(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """The places of degrees in the square of the world."""
    return (lon + 180) / 360, (1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2


def tile_at(lon: float, lat: float, z: int) -> tuple[int, int]:
    """The x and y of the tile that a place is in."""
    x, y = world_of(np.array([lon]), np.array([lat]))
    last = 2**z - 1
    return min(int(x[0] * 2**z), last), min(max(int(y[0] * 2**z), 0), last)


def meets(bounds: Bounds, z: int, x: int, y: int) -> bool:
    """Whether a tile shows something of what lies within bounds."""
    west, south, east, north = degrees_of(z, x, y)
    return west < bounds[2] and east > bounds[0] and south < bounds[3] and north > bounds[1]
