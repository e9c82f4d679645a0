"""Cloud-optimised GeoTIFFs as tiles: warped into Web Mercator, each window from the overview that fits it."""

import math
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import ColorInterp, Resampling
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.transform import from_bounds
from rasterio.vrt import WarpedVRT
from rasterio.warp import calculate_default_transform, transform_bounds

from imagery.errors import LayerBroken, TileRefused
from imagery.layers import HIGHEST, Look
from imagery.pictures import SIZE, Picture, written
from imagery.relief import shaded_pixels
from imagery.source import Extent
from imagery.squares import HALF, degrees_of, square_of

_WORLD = "EPSG:3857"
_WIDEST = 16  # pixels of the file for one of a tile, each way: a tile never reads more than 4096 × 4096
_ELEVATIONS = ("int16", "uint16", "int32", "float32", "float64")
_GDAL = {"GDAL_NUM_THREADS": "1", "GDAL_TIFF_INTERNAL_MASK": "YES"}
_WARP_MIB = 64


class GeoTiff:
    """One file; raises LayerBroken for what is none, has no place, or cannot be drawn.

    `look`: `relief` draws elevations of one band as hill shade, `picture` bytes as they are; `auto` by what is stored.
    """

    def __init__(self, path: Path, look: Look = "auto") -> None:
        self._path = path
        if not path.is_file():
            raise LayerBroken(f"{path}: there is no such file: mend path")
        try:
            with rasterio.Env(**_GDAL), rasterio.open(path, driver="GTiff") as found:
                self._relief = _is_relief(found, look, path)
                self._bands, self._palette = _bands(found), _palette(found)
                self._factors = [1, *found.overviews(1)]
                self._metres = _metres(found)
                self.extent = self._extent(found)
        except (RasterioError, ValueError, OverflowError) as error:
            raise LayerBroken(f"{path}: it is no GeoTIFF that can be drawn: {error}") from error

    def _extent(self, found: DatasetReader) -> Extent:
        if found.crs is None:
            raise LayerBroken(f"{self._path}: it names no reference system: gdal_edit.py -a_srs EPSG:4490 {self._path}")
        west, south, east, north = transform_bounds(found.crs, "EPSG:4326", *found.bounds)
        highest = min(HIGHEST, max(0, math.ceil(math.log2(2 * HALF / SIZE / self._metres) - 0.01)))
        coarsest = self._metres * self._factors[-1] * _WIDEST
        lowest = max(0, math.ceil(math.log2(2 * HALF / SIZE / coarsest)))
        if found.width * found.height / self._factors[-1] ** 2 <= (_WIDEST * SIZE) ** 2:
            lowest = 0  # all of it is no more than that
        return Extent(min_zoom=min(lowest, highest), max_zoom=highest, bounds=(west, south, east, north))

    @property
    def needs_overviews(self) -> bool:
        """Whether it is so large without overviews that the whole of it cannot be drawn at once."""
        return len(self._factors) == 1 and self.extent.max_zoom - self.extent.min_zoom < 5 and self.extent.min_zoom > 8

    def tile(self, z: int, x: int, y: int) -> Picture | None:
        """A tile of 256 × 256; what the file does not cover is transparent."""
        if z < self.extent.min_zoom:
            return None
        try:
            with rasterio.Env(**_GDAL):
                return written(self._relief_of(z, x, y) if self._relief else self._pixels_of(z, x, y))
        except (RasterioError, ValueError, MemoryError) as error:
            raise TileRefused(f"{self._path}: {z}/{x}/{y} cannot be read: {error}") from error

    def _pixels_of(self, z: int, x: int, y: int) -> NDArray[np.uint8]:
        bands, covered = self._read(z, x, y, margin=0)
        pixels = np.zeros((SIZE, SIZE, 4), np.uint8)
        if self._palette is not None:
            shown: NDArray[np.uint8] = np.take(self._palette, bands[0].astype(np.uint8), axis=0)
            shown[:, :, 3] = np.minimum(shown[:, :, 3], np.where(covered, 255, 0))
            return shown
        pixels[:, :, :3] = np.moveaxis(bands, 0, 2) if len(bands) == 3 else bands[0][:, :, None]
        pixels[:, :, 3] = covered
        pixels[covered == 0] = 0
        return pixels

    def _relief_of(self, z: int, x: int, y: int) -> NDArray[np.uint8]:
        bands, covered = self._read(z, x, y, margin=1)
        _, south, _, north = degrees_of(z, x, y)
        cell_m = 2 * HALF / 2**z / SIZE * math.cos(math.radians((south + north) / 2))
        exaggeration = min(4.0, max(1.0, 1.3 ** (14 - z)))  # from far away mountains are flat
        return shaded_pixels(bands[0].astype(np.float32), covered > 0, cell_m, exaggeration)

    def _read(self, z: int, x: int, y: int, margin: int) -> tuple[NDArray[np.generic], NDArray[np.uint8]]:
        """The bands of a tile, and how much of each pixel is covered."""
        west, south, east, north = square_of(z, x, y)
        pixel, side = (east - west) / SIZE, SIZE + 2 * margin
        place = (west - margin * pixel, south - margin * pixel, east + margin * pixel, north + margin * pixel)
        level, wide = self._level(pixel)
        options = {} if level is None else {"overview_level": level}
        with (
            rasterio.open(self._path, driver="GTiff", **options) as found,
            WarpedVRT(
                found,
                crs=_WORLD,
                transform=from_bounds(*place, side, side),
                width=side,
                height=side,
                resampling=self._resampling(wide),
                warp_mem_limit=_WARP_MIB,
                add_alpha=found.nodata is None and ColorInterp.alpha not in found.colorinterp,
            ) as warped,
        ):
            bands: NDArray[np.generic] = warped.read(self._bands)
            covered: NDArray[np.uint8] = warped.dataset_mask()
            return bands, covered

    def _level(self, pixel: float) -> tuple[int | None, float]:
        """Which overview a pixel of so many metres is read from, and how many of its pixels it is wide."""
        wanted = pixel / self._metres
        fitting = [number for number, factor in enumerate(self._factors) if factor <= wanted * 1.3]
        number = fitting[-1] if fitting else 0
        return (number - 1 if number else None), wanted / self._factors[number]

    def _resampling(self, wide: float) -> Resampling:
        if self._palette is not None:
            return Resampling.nearest
        if wide > 2:
            return Resampling.average
        return Resampling.cubic if self._relief and wide < 0.7 else Resampling.bilinear


def _is_relief(found: DatasetReader, look: Look, path: Path) -> bool:
    kinds = {str(kind) for kind in found.dtypes}
    elevations = found.count == 1 and kinds <= set(_ELEVATIONS)
    if look == "relief" and found.count != 1:
        raise LayerBroken(f"{path}: look = 'relief' needs one band of elevations; it has {found.count} bands")
    if look == "picture" or (look == "auto" and not elevations):
        if kinds != {"uint8"}:
            raise LayerBroken(
                f"{path}: a picture has bands of bytes; these are {', '.join(sorted(kinds))}:"
                " gdal_translate -ot Byte -scale (docs/base-maps.md)"
            )
        return False
    return True


def _bands(found: DatasetReader) -> list[int]:
    colours = [n for n, what in enumerate(found.colorinterp, start=1) if what != ColorInterp.alpha]
    return colours[:3] if len(colours) >= 3 else colours[:1]


def _palette(found: DatasetReader) -> NDArray[np.uint8] | None:
    if found.colorinterp[0] != ColorInterp.palette:
        return None
    colours = np.zeros((256, 4), np.uint8)
    for number, colour in found.colormap(1).items():
        colours[number] = colour
    return colours


def _metres(found: DatasetReader) -> float:
    """How wide a pixel is in Web Mercator."""
    if found.crs is None:
        return 1.0
    moved, width, _ = calculate_default_transform(found.crs, _WORLD, found.width, found.height, *found.bounds)
    if not width or not moved.a > 0:
        raise ValueError("its place is outside of the map")
    return float(moved.a)
