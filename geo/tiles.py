"""Vector tiles of a coverage: simplified once for each zoom, clipped for each tile, encoded by `geo.tile_encoding`.

Tiles are those of the web (z, x, y; Web Mercator, y from the north); WGS 84 and CGCS2000 are taken as one. A level is
simplified as a coverage, so a border that two divisions share is one line at every zoom.
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.tile_encoding import EXTENT, FeatureTable, Property, encode_tile

Polygons = NDArray[np.object_]
Floats = NDArray[np.float64]

BUFFER = 64  # units around a tile, so that the stroke of a border is not cut at the seam
HIGHEST = 22
_TOLERANCE = 12.0  # tile units, the root of the area that a border may give or take: a screen pixel is 8 to 16
_WORTH = 0.05  # of the edges are shorter than that, else simplifying takes seconds and leaves out next to nothing


@dataclass(frozen=True, kw_only=True)
class TileFeature:
    """One division to be drawn; lon/lat degrees."""

    id: int
    geometry: object
    properties: Mapping[str, Property]


@dataclass(frozen=True, kw_only=True)
class _Zoom:
    """A level as it is drawn at one zoom: polygons in units of the whole world."""

    polygons: Polygons
    bounds: Floats  # west, north, east, south
    tree: shapely.STRtree


class TileSource:
    """A level at one instant, from which any tile is cut; safe to share between threads."""

    def __init__(self, layer: str, features: Iterable[TileFeature]) -> None:
        features = list(features)
        self._layer = layer
        self._ids = np.array([feature.id for feature in features], np.int64)
        self._table = FeatureTable(self._ids.tolist(), [feature.properties for feature in features])
        polygons = np.array([feature.geometry for feature in features], dtype=object)
        self.bounds: tuple[float, float, float, float] | None = _bounds(polygons)  # west, south, east, north, degrees
        self._world: Polygons = shapely.transform(polygons, mercator)
        self._edges = _edge_lengths(self._world)
        self._zooms: dict[int, _Zoom] = {}
        self._preparing = threading.Lock()

    def __len__(self) -> int:
        return len(self._ids)

    def tile(self, z: int, x: int, y: int, shown: NDArray[np.int64] | None = None) -> bytes:
        """A tile's bytes, b"" where nothing is drawn; of the divisions with the ids `shown`, or of all."""
        zoom = self.prepare(z)
        west, north = x * EXTENT, y * EXTENT
        box = (west - BUFFER, north - BUFFER, west + EXTENT + BUFFER, north + EXTENT + BUFFER)
        found: NDArray[np.int64] = np.sort(zoom.tree.query(shapely.box(*box)))
        if shown is not None:
            found = found[np.isin(self._ids[found], shown)]
        polygons = zoom.polygons[found]
        cut = ~_within(zoom.bounds[found], box)
        polygons[cut] = shapely.clip_by_rect(polygons[cut], *box)
        drawn = np.isin(shapely.get_type_id(polygons), (3, 6)) & ~shapely.is_empty(polygons)
        if not drawn.all():
            polygons, found = _areas_of(polygons, found)
        moved = shapely.transform(polygons, lambda points: points - (west, north))
        return encode_tile(self._layer, self._table, found, moved)

    def prepare(self, z: int) -> _Zoom:
        """The level as it is drawn at a zoom; made once."""
        if (made := self._zooms.get(z)) is not None:
            return made
        with self._preparing:
            if z not in self._zooms:
                self._zooms[z] = self._prepared(z)
            return self._zooms[z]

    def _prepared(self, z: int) -> _Zoom:
        scale = float(2**z * EXTENT)
        polygons = self._world
        if np.searchsorted(self._edges, _TOLERANCE / scale) > _WORTH * len(self._edges):
            polygons = shapely.coverage_simplify(polygons, _TOLERANCE / scale)
        polygons = shapely.transform(polygons, lambda points: points * scale)
        return _Zoom(polygons=polygons, bounds=shapely.bounds(polygons), tree=shapely.STRtree(polygons))


def mercator(points: Floats) -> Floats:
    """Lon/lat degrees in the square of the world, 0 to 1, y from the north."""
    x = (points[:, 0] + 180) / 360
    y = (1 - np.arcsinh(np.tan(np.radians(points[:, 1]))) / np.pi) / 2
    return np.column_stack([x, y])


def _edge_lengths(polygons: Polygons) -> Floats:
    """Ascending; those between the last vertex of a ring and the first of the next are among them, and do no harm."""
    steps = np.diff(shapely.get_coordinates(polygons), axis=0)
    lengths: Floats = np.sort(np.hypot(steps[:, 0], steps[:, 1]))
    return lengths


def _bounds(polygons: Polygons) -> tuple[float, float, float, float] | None:
    if not len(polygons):
        return None
    west, south, east, north = shapely.total_bounds(polygons).tolist()
    return west, south, east, north


def _within(bounds: Floats, box: tuple[float, float, float, float]) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = np.logical_and.reduce([*(bounds[:, :2] >= box[:2]).T, *(bounds[:, 2:] <= box[2:]).T])
    return inside


def _areas_of(polygons: Polygons, found: NDArray[np.int64]) -> tuple[Polygons, NDArray[np.int64]]:
    """The polygons among what a clip left: where a border runs along the box it leaves lines, too."""
    parts, of = shapely.get_parts(polygons, return_index=True)
    areas = shapely.get_type_id(parts) == 3
    kept, first = np.unique(of[areas], return_inverse=True)
    joined = shapely.multipolygons(parts[areas], indices=first) if len(kept) else np.empty(0, dtype=object)
    return joined, found[kept]
