"""The ground that comes with the product, as vector tiles: water, roads, railways and stations, with their names.

Where from, under which licence and how good: geo/data/README.md. Layers of a tile: `water` (polygons), `road` and
`rail` (lines), `station` (points).
"""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray

from geo.lines import DATA, features_of
from geo.tile_encoding import EXTENT, FeatureTable, Integers, Property, encode_lines, encode_points, encode_tile
from geo.tiles import BUFFER, mercator

ATTRIBUTION = "© OpenStreetMap contributors (ODbL); Chongqing-GeoAI (MIT)"
ZOOMS = (11, 16)  # below, the whole of what there is would be a finger wide; above, the last ones are drawn larger
_SLACK = 6.0  # tile units that a line may be off: less than half a pixel
_LABEL_BUFFER = 512  # units around a tile, so that a station's name at the seam is known to both

# From which zoom on a class is drawn. Slip roads come with the streets, steps and paths where somebody walks.
_FROM = {
    **dict.fromkeys(("trunk", "primary"), 11),
    **dict.fromkeys(("secondary", "rail", "subway", "monorail"), 12),
    **dict.fromkeys(("tertiary", "trunk_link", "primary_link", "secondary_link", "funicular"), 13),
    **dict.fromkeys(("residential", "unclassified", "tertiary_link", "living_street", "pedestrian"), 14),
    "service": 15,
}
_WALKED = 16

_Encode = Callable[[str, FeatureTable, Integers, NDArray[np.object_]], bytes]


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One thing to be drawn, lon/lat; `begins`: the zoom from which it is."""

    geometry: Any
    begins: int
    properties: Mapping[str, Property]


class GroundLayer:
    """Things of one kind, from which the layer of any tile is cut; safe to share between threads."""

    def __init__(self, name: str, features: Sequence[Feature], encode: _Encode, *, buffer: int = BUFFER) -> None:
        self._name, self._encode, self._buffer = name, encode, buffer
        shapes = np.array([one.geometry for one in features] + [None], dtype=object)[:-1]
        self._world = shapely.transform(shapes, mercator)
        self._begins = np.array([one.begins for one in features], np.int64)
        self._table = FeatureTable(range(1, len(features) + 1), [one.properties for one in features])
        self._tree = shapely.STRtree(self._world)

    def tile(self, z: int, x: int, y: int) -> bytes:
        """The layer of a tile; b"" where nothing is drawn."""
        scale = float(2**z * EXTENT)
        box = np.array([x * EXTENT, y * EXTENT, (x + 1) * EXTENT, (y + 1) * EXTENT], float)
        box += np.array([-1, -1, 1, 1]) * self._buffer
        found = np.sort(self._tree.query(shapely.box(*box / scale)))
        found = found[self._begins[found] <= z]
        shapes = shapely.transform(self._world[found], lambda points: points * scale)
        shapes = shapely.clip_by_rect(shapely.simplify(shapes, _SLACK), *box)
        drawn = ~shapely.is_empty(shapes)
        moved = shapely.transform(shapes[drawn], lambda points: points - (x * EXTENT, y * EXTENT))
        return self._encode(self._name, self._table, found[drawn], moved)


class Ground:
    """All layers of the ground."""

    def __init__(self, layers: Sequence[GroundLayer], bounds: tuple[float, float, float, float]) -> None:
        self._layers = layers
        self.bounds = bounds  # west, south, east, north of what is drawn, degrees

    def tile(self, z: int, x: int, y: int) -> bytes:
        """A tile's bytes; b"" where there is nothing."""
        return b"".join(layer.tile(z, x, y) for layer in self._layers)


@cache
def shipped_ground() -> Ground:
    """What comes with the product."""
    water = [_drawn(one, 11) for one in _of("water")]
    roads = _joined([_drawn(one, _begins(one)) for one in _of("road")])
    rails = _joined([_drawn(one, _begins(one)) for one in _of("railway")])
    stations = list(_stations())
    west, south, east, north = shapely.total_bounds([one.geometry for one in (*water, *roads, *stations)]).tolist()
    return Ground(
        [
            GroundLayer("water", water, encode_tile),
            GroundLayer("road", roads, encode_lines),
            GroundLayer("rail", rails, encode_lines),
            GroundLayer("station", stations, encode_points, buffer=_LABEL_BUFFER),
        ],
        (west, south, east, north),
    )


def _of(kind: str) -> Iterator[dict[str, Any]]:
    return (one for one in features_of(DATA / "osm_yuzhong.geojson.gz") if one["properties"]["kind"] == kind)


def _drawn(feature: dict[str, Any], begins: int) -> Feature:
    told = feature["properties"]
    properties: dict[str, Property] = {
        "class": told["class"],
        "name": told.get("name") or "",
        "tunnel": bool(told.get("tunnel")),
    }
    shape = shapely.from_geojson(orjson.dumps(feature["geometry"]))
    return Feature(geometry=shape, begins=begins, properties=properties)


def _begins(feature: dict[str, Any]) -> int:
    return _FROM.get(feature["properties"]["class"], _WALKED)


def _joined(features: list[Feature]) -> list[Feature]:
    """With the pieces that a road was cut into put together again: a name needs the length."""
    of: dict[tuple[Property, ...], list[Feature]] = {}
    for feature in features:
        of.setdefault(tuple(feature.properties.values()), []).append(feature)
    return [
        replace(pieces[0], geometry=shapely.line_merge(shapely.union_all([one.geometry for one in pieces])))
        for pieces in of.values()
    ]


def _stations() -> Iterator[Feature]:
    """Where lines cross, the name comes earlier."""
    with (DATA / "metro_stations.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            lines = row["lines"].split(";")
            yield Feature(
                geometry=shapely.Point(float(row["lon"]), float(row["lat"])),
                begins=12 if len(lines) > 1 else 13,
                properties={"name": row["name"], "lines": " ".join(lines), "crossing": len(lines) > 1},
            )
