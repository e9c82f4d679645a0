"""Layers whose tiles were cut in GCJ-02 or BD-09, drawn where they belong.

Such a layer has the squares of Web Mercator, but a place lies in them where its shifted coordinates are: some 500 m
(GCJ-02) or 1,200 m (BD-09) away. Each of our tiles is put together from those that its corners and what is between
are shifted into.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from geo.crs import bd09_from_wgs84, gcj02_from_wgs84, wgs84_from_bd09, wgs84_from_gcj02
from imagery.errors import TileRefused
from imagery.pictures import SIZE, Picture, opened, written
from imagery.source import Extent, Source
from imagery.squares import CHINA, Bounds, Floats, lonlat_of, meets, world_of

_Pair = tuple[Floats, Floats]
_Convert = Callable[[Floats, Floats], _Pair]

_CELLS = 8  # each way; between their corners the shift is taken to be linear
_MOST = 9  # tiles for one; the shift is nearly the same all over a tile, so four are the rule
_SHIFTS: dict[str, tuple[_Convert, _Convert]] = {
    "gcj02": (gcj02_from_wgs84, wgs84_from_gcj02),
    "bd09": (bd09_from_wgs84, wgs84_from_bd09),
}


class Shifted:
    """A source in `gcj02` or `bd09`, drawn in WGS 84."""

    def __init__(self, source: Source, datum: str) -> None:
        self._source = source
        self._there, back = _SHIFTS[datum]
        extent = source.extent
        bounds = CHINA if extent.bounds is None else _moved(extent.bounds, back)
        self.extent = Extent(min_zoom=extent.min_zoom, max_zoom=extent.max_zoom, bounds=bounds)

    def tile(self, z: int, x: int, y: int) -> Picture | None:
        """A tile of 256 × 256."""
        if not meets(CHINA, z, x, y):
            return None  # elsewhere nobody shifts
        corners = self._corners(z, x, y)
        low, high = np.floor(corners.min(axis=(0, 1))).astype(int), np.ceil(corners.max(axis=(0, 1))).astype(int)
        if np.prod(high - low) > _MOST:
            raise TileRefused(f"{z}/{x}/{y} would need {np.prod(high - low)} tiles of the layer")
        ground = self._together(z, low, high)
        if ground is None:
            return None
        mesh = list(_mesh((corners - low) * SIZE))
        moved = ground.transform((SIZE, SIZE), Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)
        return written(np.asarray(moved))

    def _corners(self, z: int, x: int, y: int) -> Floats:
        """Where the corners of the cells lie among the layer's tiles, [row, column, (x, y)]."""
        steps = np.arange(_CELLS + 1) / _CELLS
        columns, rows = np.meshgrid((x + steps) / 2**z, (y + steps) / 2**z)
        there = world_of(*self._there(*lonlat_of(columns, rows)))
        corners: Floats = np.stack(there, axis=-1) * 2**z
        return corners

    def _together(self, z: int, low: NDArray[Any], high: NDArray[Any]) -> Image.Image | None:
        """The layer's tiles side by side; None where there are none."""
        found = None
        for x in range(low[0], high[0]):
            for y in range(low[1], high[1]):
                tile = self._source.tile(z, x, y)
                if tile is None:
                    continue
                if found is None:
                    found = Image.new("RGBA", tuple(((high - low) * SIZE).tolist()))
                picture = opened(tile)
                if picture.size != (SIZE, SIZE):
                    picture = picture.resize((SIZE, SIZE), Image.Resampling.LANCZOS)
                found.paste(picture, ((x - int(low[0])) * SIZE, (y - int(low[1])) * SIZE))
        return found


def _mesh(corners: Floats) -> Any:
    """For each cell where it is drawn, and the corners that it is drawn from: NW, SW, SE, NE."""
    side = SIZE // _CELLS
    for row in range(_CELLS):
        for column in range(_CELLS):
            around = [(row, column), (row + 1, column), (row + 1, column + 1), (row, column + 1)]
            box = (column * side, row * side, (column + 1) * side, (row + 1) * side)
            yield box, tuple(float(one) for place in around for one in corners[place])


def _moved(bounds: Bounds, back: _Convert) -> Bounds | None:
    west, south, east, north = (
        max(bounds[0], CHINA[0]),
        max(bounds[1], CHINA[1]),
        min(bounds[2], CHINA[2]),
        min(bounds[3], CHINA[3]),
    )
    if west >= east or south >= north:
        return None
    lon, lat = back(np.array([west, east]), np.array([south, north]))
    return float(lon[0]), float(lat[0]), float(lon[1]), float(lat[1])
