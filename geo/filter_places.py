"""Places of a filter: a geometry of each feature, and one that the filter has."""

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import shapely

from geo.errors import FilterWrong
from geo.filter_columns import Columns, Truth, brief, name_in, only

PLACED: dict[str, Callable[[Any, Any], Any]] = {
    "s_intersects": shapely.intersects, "s_disjoint": shapely.disjoint, "s_equals": shapely.equals,
    "s_touches": shapely.touches, "s_within": shapely.within, "s_contains": shapely.contains,
    "s_overlaps": shapely.overlaps, "s_crosses": shapely.crosses,
}  # fmt: skip


def ask_place(name: str, arguments: list[Any], columns: Columns) -> Truth:
    left, right = (_geometry(one, columns) for one in only(arguments, name, 2))
    if not isinstance(left, np.ndarray) and not isinstance(right, np.ndarray):
        left = np.full(columns.count, left, dtype=object)
    for one in (left, right):
        if not isinstance(one, np.ndarray):
            shapely.prepare(one)
    try:
        true = np.asarray(PLACED[name](left, right), bool)
    except shapely.errors.GEOSException as error:
        raise FilterWrong(f"{name}: {error}") from error
    return Truth(true=true, known=np.ones(columns.count, bool))


def _geometry(operand: Any, columns: Columns) -> Any:
    if (name := name_in(operand)) is not None:
        if name not in columns.geometries:
            raise FilterWrong(f"{name[:60]!r} is no geometry: take {', '.join(columns.geometries)}")
        return columns.geometries[name]
    return geometry_of(operand)


def geometry_of(operand: Any) -> Any:
    """A geometry that a filter has: GeoJSON, or a box; raises FilterWrong."""
    if isinstance(operand, dict) and set(operand) == {"bbox"}:
        box = operand["bbox"]
        if not isinstance(box, list) or len(box) not in (4, 6) or not all(isinstance(one, int | float) for one in box):
            raise FilterWrong("a bbox has 4 or 6 numbers")
        half = len(box) // 2
        return shapely.box(box[0], box[1], box[half], box[half + 1])
    if not isinstance(operand, dict) or "type" not in operand:
        raise FilterWrong(f"this is no geometry: {brief(operand)}")
    try:
        read = shapely.from_geojson(msgspec.json.encode(operand))
    except (shapely.errors.GEOSException, ValueError) as error:
        raise FilterWrong(f"this is no geometry: {error}") from error
    if read is None or not np.isfinite(shapely.get_coordinates(read)).all():
        raise FilterWrong("this geometry has no place")
    return read
