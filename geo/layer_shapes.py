"""Each shape of a layer by itself: mended where that is safe, else left out with the reason."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.crs import areas_m2
from geo.layer_faults import LayerFault
from geo.layer_file import Feature

Shapes = NDArray[np.object_]
CRUMB_M2 = 1.0  # parts and holes below that are nobody's land


@dataclass(frozen=True, kw_only=True)
class Mended:
    """The features with sound shapes; those of `unsound` rows are only good for telling where they lie."""

    features: list[Feature]
    unsound: frozenset[int]
    faults: list[LayerFault]


def mend_shapes(features: Sequence[Feature], *, loop_m2: float) -> Mended:
    """Repeated vertices, rings the wrong way round, crumbs, and loops up to `loop_m2` where a border crosses itself."""
    shapes = np.array([feature.geometry for feature in features], dtype=object)
    faults: list[LayerFault] = []
    shapes, twice = _without_repeats(shapes)
    faults += _together("duplicate_vertices", features, twice > 0)
    valid = shapely.is_valid(shapes)
    unsound: set[int] = set()
    for index in np.flatnonzero(~valid).tolist():
        shapes[index], told = _uncrossed(features[index], shapes[index], loop_m2)
        faults.append(told)
        if told.left_out:
            unsound.add(features[index].row)
    for index in _crumbly(shapes):
        shapes[index], size = _without_crumbs(shapes[index])
        if size:
            faults.append(_fault("crumb", features[index], shapes[index], size, mended=True))
    turned = shapely.orient_polygons(shapes)
    wrong = np.array([not _is_right(shape) for shape in shapes], dtype=bool)
    faults += _together("orientation", features, wrong)
    mended = [replace(one, geometry=shape) for one, shape in zip(features, turned, strict=True)]
    return Mended(features=mended, unsound=frozenset(unsound), faults=faults)


def _without_repeats(shapes: Shapes) -> tuple[Shapes, NDArray[np.int64]]:
    slim = shapely.remove_repeated_points(shapes)
    gone = shapely.is_empty(slim)
    slim[gone] = shapes[gone]
    return slim, shapely.get_num_coordinates(shapes) - shapely.get_num_coordinates(slim)


def _is_right(shape: Any) -> bool:
    """Outer rings counter-clockwise."""
    return all(shapely.is_ccw(shapely.get_exterior_ring(part)) for part in shapely.get_parts(shape))


def _uncrossed(feature: Feature, shape: Any, loop_m2: float) -> tuple[Any, LayerFault]:
    """A valid shape, and how much of it is in doubt: the loops, and what the two ways of reading it disagree on."""
    where = shapely.is_valid_reason(shape).partition("[")[2].rstrip("]").split()
    whole = shapely.make_valid(shape, method="structure", keep_collapsed=False)
    even = shapely.buffer(shapely.make_valid(shape, method="linework"), 0)
    parts = sorted(shapely.get_parts(whole), key=lambda part: -float(part.area))
    meant = shapely.get_num_geometries(shape)
    loops, doubt = parts[meant:], shapely.symmetric_difference(whole, even)
    size = sum(_m2(loop) for loop in loops) + _m2(doubt)
    safe = size <= loop_m2 and len(parts) > 0
    if safe:
        whole = shapely.multipolygons(parts[:meant]) if meant > 1 else parts[0]
    fault = _fault("self_crossing", feature, shape, size, mended=safe)
    if len(where) == 2:
        fault = replace(fault, lon=float(where[0]), lat=float(where[1]))
    return whole, replace(fault, left_out=not safe)


def _m2(shape: Any) -> float:
    if shape is None or shapely.is_empty(shape) or shapely.area(shape) == 0:
        return 0.0
    return float(areas_m2(np.array([shape], dtype=object))[0])


def _crumbly(shapes: Shapes) -> list[int]:
    """Shapes with more than one part, or with holes."""
    holes = [sum(shapely.get_num_interior_rings(part) for part in shapely.get_parts(shape)) for shape in shapes]
    many = shapely.get_num_geometries(shapes) > 1
    return [i for i in range(len(shapes)) if (many[i] or holes[i]) and not shapely.is_empty(shapes[i])]


def _without_crumbs(shape: Any) -> tuple[Any, float]:
    """The shape without tiny parts and holes, and how large they were together; never without all its parts."""
    parts, sizes = shapely.get_parts(shape), []
    kept, largest = [], max(range(len(parts)), key=lambda i: float(parts[i].area))
    for index, part in enumerate(parts):
        rings = [shapely.get_interior_ring(part, i) for i in range(shapely.get_num_interior_rings(part))]
        tiny = [ring for ring in rings if _m2(shapely.polygons(ring)) < CRUMB_M2]
        sizes += [_m2(shapely.polygons(ring)) for ring in tiny]
        if index != largest and _m2(part) < CRUMB_M2:
            sizes.append(_m2(part))
            continue
        holes = [ring for ring in rings if ring not in tiny]
        kept.append(shapely.polygons(shapely.get_exterior_ring(part), holes or None) if tiny else part)
    if not sizes:
        return shape, 0.0
    return (kept[0] if len(kept) == 1 else shapely.multipolygons(kept)), max(sum(sizes), 1e-4)


def _fault(kind: str, feature: Feature, shape: Any, size: float, *, mended: bool) -> LayerFault:
    point = shapely.get_coordinates(shape)[0]
    return LayerFault(
        kind=kind, rows=(feature.row,), names=(feature.title(),), size=size, unit="m²",
        lon=float(point[0]), lat=float(point[1]), mended=mended,
    )  # fmt: skip


def _together(kind: str, features: Sequence[Feature], which: NDArray[np.bool_]) -> list[LayerFault]:
    """One fault of many rows: told once."""
    having = [features[i] for i in np.flatnonzero(which).tolist()]
    if not having:
        return []
    point = shapely.get_coordinates(having[0].geometry)[0]
    return [
        LayerFault(
            kind=kind, rows=tuple(one.row for one in having), names=tuple(one.title() for one in having[:5]),
            lon=float(point[0]), lat=float(point[1]), mended=True,
        )
    ]  # fmt: skip
