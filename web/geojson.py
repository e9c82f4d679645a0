"""Polygons as GeoJSON, many at once: a page waits for two thousand of them."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry


def polygons_told(geometries: Sequence[BaseGeometry]) -> list[dict[str, Any]]:
    """Each (Multi)Polygon as GeoJSON has it, in full precision."""
    parts, part_of = shapely.get_parts(np.array([*geometries, None], dtype=object)[:-1], return_index=True)
    rings, ring_of = shapely.get_rings(parts, return_index=True)
    points, point_of = shapely.get_coordinates(rings, return_index=True)
    chains = _cut(points.tolist(), point_of, len(rings))
    polygons = _cut(chains, ring_of, len(parts))
    told = _cut(polygons, part_of, len(geometries))
    return [_polygon(one.geom_type, coordinates) for one, coordinates in zip(geometries, told, strict=True)]


def _cut(values: list[Any], owners: Any, many: int) -> list[list[Any]]:
    """The values of each owner; those of one owner follow each other."""
    ends = np.searchsorted(owners, np.arange(many + 1)).tolist()
    return [values[begin:end] for begin, end in pairwise(ends)]


def _polygon(kind: str, coordinates: list[Any]) -> dict[str, Any]:
    return {"type": kind, "coordinates": coordinates[0] if kind == "Polygon" else coordinates}
