"""Mapbox vector tiles (specification 2.1), one layer of polygons, lines or points each, written by NumPy for all
features at once. Tiles of several layers are the tiles of one layer, one after another.

A tile is a grid of `EXTENT` × `EXTENT` units, y downwards. Rings are written as the specification asks: outer ones
clockwise as they are seen, holes the other way, no ring without an area, no vertex twice in a row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

EXTENT = 4096
Property = str | int | bool
Integers = NDArray[np.int64]

_MOVE_TO, _LINE_TO, _CLOSE = 1, 2, 7
_POINT, _LINE, _POLYGON = b"\x18\x01", b"\x18\x02", b"\x18\x03"


@dataclass(frozen=True, kw_only=True)
class _Rings:
    """Rings of polygons in tile units, not closed; each with the feature that it is of."""

    points: Integers  # [n, 2]
    starts: Integers  # of each ring, in points
    sizes: Integers
    features: Integers  # ascending


class FeatureTable:
    """Ids and properties of features that tiles are cut from, encoded once for all tiles.

    Ids are not negative. All features have the same keys, in the same order.
    """

    def __init__(self, ids: Sequence[int], properties: Sequence[Mapping[str, Property]]) -> None:
        self.keys = tuple(properties[0]) if properties else ()
        numbers: dict[tuple[type, Property], int] = {}  # True is 1 and not the same
        rows = [
            [numbers.setdefault((type(value), value), len(numbers)) for value in one.values()] for one in properties
        ]
        self._values = [_field(4, _value(value)) for _, value in numbers]
        self._numbers = np.array(rows, np.int64).reshape(len(ids), len(self.keys))
        self.heads = [b"\x08" + _varint(one) for one in ids]

    def tags(self, features: Integers) -> tuple[list[bytes], bytes]:
        """Of each feature pairs of numbers, of a key and of a value; and the values that they speak of."""
        count, keys = len(features), len(self.keys)
        used, places = np.unique(self._numbers[features], return_inverse=True)
        pairs = np.empty((count, keys, 2), np.int64)
        pairs[:, :, 0] = np.arange(keys)
        pairs[:, :, 1] = places.reshape(count, keys)
        encoded, ends = _varints(pairs.reshape(-1))
        cuts = [0, *ends[2 * keys - 1 :: 2 * keys].tolist()] if keys else [0] * (count + 1)
        tags = [encoded[cuts[i] : cuts[i + 1]] for i in range(count)]
        return tags, b"".join([self._values[number] for number in used.tolist()])


def encode_tile(layer: str, table: FeatureTable, features: Integers, polygons: NDArray[np.object_]) -> bytes:
    """The bytes of a tile with one layer; b"" where nothing is left to be drawn.

    `features`: numbers in the table, whose `polygons` are given: (Multi)Polygons in tile units, not rounded. What has
    no area left in whole units is left out.
    """
    rings = _rings(polygons)
    if not len(rings.starts):
        return b""
    drawn, geometries = _geometries(rings)
    return _layer(layer, table, features[drawn], _POLYGON, geometries)


def encode_lines(layer: str, table: FeatureTable, features: Integers, lines: NDArray[np.object_]) -> bytes:
    """The same of (Multi)LineStrings in tile units. What has no length left in whole units is left out."""
    courses, feature_of_line = shapely.get_parts(lines, return_index=True)
    coordinates, line_of_point = shapely.get_coordinates(courses, return_index=True)
    points = np.rint(coordinates).astype(np.int64)
    begins = np.diff(line_of_point, prepend=-1) != 0
    kept = begins.copy()
    kept[1:] |= (points[1:] != points[:-1]).any(axis=1)
    sizes = np.bincount(line_of_point[kept], minlength=len(courses))
    long = sizes > 1
    kept &= long[line_of_point]
    sizes, owners = sizes[long], feature_of_line[long]
    if not len(sizes):
        return b""
    drawn, geometries = _open_geometries(points[kept], sizes, owners)
    return _layer(layer, table, features[drawn], _LINE, geometries)


def encode_points(layer: str, table: FeatureTable, features: Integers, points: NDArray[np.object_]) -> bytes:
    """The same of Points in tile units."""
    if not len(points):
        return b""
    zigzag = np.rint(shapely.get_coordinates(points)).astype(np.int64)
    zigzag = (zigzag << 1) ^ (zigzag >> 63)
    numbers = np.insert(zigzag.reshape(-1), np.arange(len(points)) * 2, 1 << 3 | _MOVE_TO)
    encoded, ends = _varints(numbers)
    cuts = [0, *ends[2::3].tolist()]
    geometries = [encoded[cuts[i] : cuts[i + 1]] for i in range(len(points))]
    return _layer(layer, table, features, _POINT, geometries)


def _layer(layer: str, table: FeatureTable, kept: Integers, kind: bytes, geometries: list[bytes]) -> bytes:
    tags, values = table.tags(kept)
    told = [_field(1, layer.encode())]
    for feature, tag, geometry in zip(kept.tolist(), tags, geometries, strict=True):
        told.append(_field(2, table.heads[feature] + _field(2, tag) + kind + _field(4, geometry)))
    told += [_field(3, key.encode()) for key in table.keys]
    told += [values, b"\x28", _varint(EXTENT), b"\x78\x02"]  # extent, and version 2
    return _field(3, b"".join(told))


def _value(value: Property) -> bytes:
    if isinstance(value, bool):
        return b"\x38" + (b"\x01" if value else b"\x00")
    if isinstance(value, int):
        return b"\x20" + _varint(value & 0xFFFFFFFFFFFFFFFF)
    return _field(1, value.encode())


def _varint(value: int) -> bytes:
    if value < 128:
        return bytes((value,))
    told = bytearray()
    while value > 127:
        told.append(value & 127 | 128)
        value >>= 7
    told.append(value)
    return bytes(told)


def _field(number: int, content: bytes) -> bytes:
    """A field with a length."""
    return bytes((number << 3 | 2,)) + _varint(len(content)) + content


def _rings(polygons: NDArray[np.object_]) -> _Rings:
    """Those that have an area in whole units, turned as the specification asks."""
    if not len(polygons):
        return _Rings(points=np.empty((0, 2), np.int64), starts=_NONE, sizes=_NONE, features=_NONE)
    parts, feature_of_part = shapely.get_parts(polygons, return_index=True)
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    coordinates, ring_of_point = shapely.get_coordinates(rings, return_index=True)
    points, sizes = _without_repeats(np.rint(coordinates).astype(np.int64), ring_of_point, len(rings))
    starts = np.cumsum(sizes) - sizes
    areas = _doubled_areas(points, starts, sizes)
    outer = np.ones(len(rings), bool)
    outer[1:] = part_of_ring[1:] != part_of_ring[:-1]
    kept = areas != 0
    kept &= kept[outer][np.cumsum(outer) - 1]  # no hole without what it is a hole of
    order = _turned(starts, sizes, kept, (areas > 0) != outer)
    sizes = sizes[kept]
    return _Rings(
        points=points[order],
        starts=np.cumsum(sizes) - sizes,
        sizes=sizes,
        features=feature_of_part[part_of_ring[kept]],
    )


_NONE = np.empty(0, np.int64)


def _without_repeats(points: Integers, ring_of_point: Integers, count: int) -> tuple[Integers, Integers]:
    """Points that differ from the one after them (so not the last of a ring, which is its first), and how many."""
    differs = np.zeros(len(points), bool)
    differs[:-1] = (points[1:] != points[:-1]).any(axis=1) & (ring_of_point[1:] == ring_of_point[:-1])
    return points[differs], np.bincount(ring_of_point[differs], minlength=count)


def _doubled_areas(points: Integers, starts: Integers, sizes: Integers) -> Integers:
    """Twice the signed area of each ring; positive: clockwise as it is seen, for y goes downwards."""
    if not len(points):
        return np.zeros(len(sizes), np.int64)
    after = np.arange(1, len(points) + 1)
    filled = sizes > 0
    after[(starts + sizes - 1)[filled]] = starts[filled]
    crossed = points[:, 0] * points[after, 1] - points[after, 0] * points[:, 1]
    areas = np.zeros(len(sizes), np.int64)
    areas[filled] = np.add.reduceat(crossed, starts[filled])
    return areas


def _turned(starts: Integers, sizes: Integers, kept: NDArray[np.bool_], backwards: NDArray[np.bool_]) -> Integers:
    """The order of points in which the kept rings are written, some of them from their end."""
    sizes_kept = sizes[kept]
    within = np.arange(sizes_kept.sum()) - np.repeat(np.cumsum(sizes_kept) - sizes_kept, sizes_kept)
    from_end = np.repeat(backwards[kept], sizes_kept)
    steps = np.where(from_end, np.repeat(sizes_kept, sizes_kept) - 1 - within, within)
    order: Integers = np.repeat(starts[kept], sizes_kept) + steps
    return order


def _geometries(rings: _Rings) -> tuple[Integers, list[bytes]]:
    """The features that have rings, and the geometry of each: commands and zigzag deltas as varints."""
    ring_of_point = np.repeat(np.arange(len(rings.sizes)), rings.sizes)
    first_rings = np.flatnonzero(np.diff(rings.features, prepend=-1))
    deltas = np.diff(rings.points, axis=0, prepend=np.zeros((1, 2), np.int64))
    deltas[rings.starts[first_rings]] = rings.points[rings.starts[first_rings]]  # each feature begins at the corner
    zigzag = (deltas << 1) ^ (deltas >> 63)
    lengths = 2 * rings.sizes + 3
    begins = np.cumsum(lengths) - lengths
    numbers = np.empty(lengths.sum(), np.int64)
    numbers[begins] = 1 << 3 | _MOVE_TO
    numbers[begins + 3] = (rings.sizes - 1) << 3 | _LINE_TO
    numbers[begins + lengths - 1] = 1 << 3 | _CLOSE
    within = np.arange(len(rings.points)) - rings.starts[ring_of_point]
    places = begins[ring_of_point] + 1 + 2 * within + (within > 0)
    numbers[places], numbers[places + 1] = zigzag[:, 0], zigzag[:, 1]
    encoded, ends = _varints(numbers)
    cuts = [0, *ends[begins[first_rings[1:]] - 1].tolist(), len(encoded)]
    return rings.features[first_rings], [encoded[cuts[i] : cuts[i + 1]] for i in range(len(first_rings))]


def _open_geometries(points: Integers, sizes: Integers, owners: Integers) -> tuple[Integers, list[bytes]]:
    """The features that have lines, and the geometry of each; `owners`: of each line, ascending."""
    starts = np.cumsum(sizes) - sizes
    line_of_point = np.repeat(np.arange(len(sizes)), sizes)
    first_lines = np.flatnonzero(np.diff(owners, prepend=-1))
    deltas = np.diff(points, axis=0, prepend=np.zeros((1, 2), np.int64))
    deltas[starts[first_lines]] = points[starts[first_lines]]  # each feature begins at the corner
    zigzag = (deltas << 1) ^ (deltas >> 63)
    lengths = 2 * sizes + 2
    begins = np.cumsum(lengths) - lengths
    numbers = np.empty(lengths.sum(), np.int64)
    numbers[begins] = 1 << 3 | _MOVE_TO
    numbers[begins + 3] = (sizes - 1) << 3 | _LINE_TO
    within = np.arange(len(points)) - starts[line_of_point]
    places = begins[line_of_point] + 1 + 2 * within + (within > 0)
    numbers[places], numbers[places + 1] = zigzag[:, 0], zigzag[:, 1]
    encoded, ends = _varints(numbers)
    cuts = [0, *ends[begins[first_lines[1:]] - 1].tolist(), len(encoded)]
    return owners[first_lines], [encoded[cuts[i] : cuts[i + 1]] for i in range(len(first_lines))]


def _varints(numbers: Integers) -> tuple[bytes, Integers]:
    """Numbers below 2^35 as varints, and where each ends."""
    sizes = np.ones(len(numbers), np.int64)
    for bits in (7, 14, 21, 28):
        sizes += numbers >> bits > 0
    ends = np.cumsum(sizes)
    encoded = np.empty(sizes.sum(), np.uint8)
    begins = ends - sizes
    for byte in range(int(sizes.max(initial=0))):
        longer = sizes > byte
        goes_on = np.where(sizes[longer] > byte + 1, 128, 0)
        encoded[begins[longer] + byte] = (numbers[longer] >> (7 * byte) & 127) | goes_on
    return encoded.tobytes(), ends
