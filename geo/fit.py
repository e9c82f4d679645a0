"""Units fitted to a parent whose border moved: cut where they stick out, and the new land given away."""

from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.apply_words import drawn
from geo.examined import array, polygonal
from geo.finding import NARROW, land
from geo.steps import Replace
from geo.topology import DECIMALS, Coverage, Parent, StepRefused, Unit

SMALLEST_M2 = 1.0  # less is rounding
_GRID = 10.0**-DECIMALS  # so that nothing has to be rounded afterwards, which could make it invalid
LARGEST_LOSS = 0.5  # what loses more of its land is not the same any more: a person draws it anew


def fit(coverage: Coverage, parent: Parent, *, along: Sequence[BaseGeometry] = ()) -> Replace | None:
    """The step after which the children tile the parent as they tiled it before; None where they do already.

    `coverage` still has the parent's former polygon under the id of `parent`, which has the new one. New land goes
    to the unit with the longest border to it, and so do parts that were cut off; what was nobody's stays nobody's.
    `along`: outlines that the new land had so far (other parents' units); it is given away in pieces of these.
    To be applied with the new parent in the coverage (`with_parent`). Raises StepRefused where a unit would lose
    most of its land.
    """
    units = [coverage.units[key] for key in coverage.children.get(parent.id, ())]
    if not units or parent.geometry is None:
        return None
    shapes = [_cut(unit, parent) for unit in units]
    _give(_pieces(_new_land(coverage, parent, units, shapes), along), shapes)
    changed = [(unit, shape) for unit, shape in zip(units, shapes, strict=True) if shape is not unit.geometry]
    return (
        Replace(units=[drawn(unit, geometry=_rounded(shape)) for unit, shape in changed], snap=False)
        if changed
        else None
    )


def with_parent(coverage: Coverage, parent: Parent) -> Coverage:
    """The coverage with another polygon for a parent."""
    parents = {key: parent if known.id == parent.id else known for key, known in coverage.parents.items()}
    return Coverage(units=coverage.units, parents=parents, level=coverage.level)


def _cut(unit: Unit, parent: Parent) -> BaseGeometry:
    """The largest piece of the unit in the parent; other pieces of any size would lie apart."""
    if parent.room.covers(unit.geometry):
        return unit.geometry
    inside = polygonal(shapely.intersection(unit.geometry, parent.geometry, grid_size=_GRID))
    if inside.area < (1 - LARGEST_LOSS) * unit.geometry.area:
        raise StepRefused("does_not_fit", name=unit.name, unit=unit.key, parent=parent.name)
    parts = shapely.get_parts(inside)
    if len(parts) <= shapely.get_num_geometries(unit.geometry):
        return inside
    return parts[int(np.argmax(shapely.area(parts)))]


def _new_land(
    coverage: Coverage, parent: Parent, units: Sequence[Unit], shapes: Sequence[BaseGeometry]
) -> list[BaseGeometry]:
    """What the units do not have of the parent, and was not nobody's before; the largest piece first."""
    missing = shapely.difference(parent.geometry, shapely.union_all(np.array(shapes, dtype=object)), grid_size=_GRID)
    before = coverage.parent_of(units[0])
    if before is not None and before.geometry is not None:
        nobodys = shapely.difference(before.geometry, shapely.union_all(array(units)))
        missing = shapely.difference(missing, nobodys)
    return land(missing, SMALLEST_M2)[0]


def _pieces(new_land: list[BaseGeometry], along: Sequence[BaseGeometry]) -> list[BaseGeometry]:
    """The new land cut along known outlines, and what lies in none of them; the largest piece first."""
    if not new_land or not along:
        return new_land
    whole, known = shapely.union_all(np.array(new_land, dtype=object)), np.array(along, dtype=object)
    known = known[shapely.STRtree(known).query(whole, predicate="intersects")]
    parts = [*shapely.intersection(known, whole, grid_size=_GRID)]
    parts.append(shapely.difference(whole, shapely.union_all(known), grid_size=_GRID))
    pieces = [piece for part in parts for piece in land(polygonal(part), SMALLEST_M2)[0]]
    return sorted(pieces, key=lambda piece: -piece.area)


def _give(pieces: list[BaseGeometry], shapes: list[BaseGeometry]) -> None:
    """Each piece to the shape with the longest border to it; one that borders on none yet waits for its turn."""
    left = list(pieces)
    while left:
        heirs = ((piece, _bordering(piece, shapes)) for piece in left)
        piece, heir = next(((piece, heir) for piece, heir in heirs if heir is not None), (left[0], None))
        if heir is None:
            heir = int(np.argmin(shapely.distance(np.array(shapes, dtype=object), piece)))
        shapes[heir] = shapely.union(shapes[heir], piece, grid_size=_GRID)
        left = [other for other in left if other is not piece]


def _bordering(piece: BaseGeometry, shapes: Sequence[BaseGeometry]) -> int | None:
    """Which shape shares the longest border with a piece; None where each shares a mere corner."""
    every = np.array(shapes, dtype=object)
    near = np.flatnonzero(shapely.dwithin(every, piece, NARROW))
    shared = shapely.length(shapely.intersection(shapely.boundary(piece), shapely.buffer(every[near], NARROW)))
    return int(near[np.argmax(shared)]) if len(near) and shared.max() > 4 * NARROW else None


def _rounded(shape: BaseGeometry) -> BaseGeometry:
    parts = shapely.get_parts(polygonal(shape))
    whole = parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts.tolist())
    rounded: BaseGeometry = shapely.transform(whole, lambda points: np.round(points, DECIMALS))
    return rounded
