"""A layer's shapes as a coverage: slivers, gaps and overlaps up to a width closed over shared vertices, the rest told.

All borders are noded together with those that stay beside them and those of the parents; each face goes to whoever
has it. What is narrower than the tolerance goes to one neighbour; what is wider stays as the file has it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.crs import areas_m2, lengths_m
from geo.layer_faults import LayerFault
from geo.mesh_cuts import cuts

Shapes = NDArray[np.object_]
_GRID = 1e-9  # degrees: what the product keeps
SMALLEST_M2 = 0.01  # below it is rounding, and closed without a word


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One division of the layer, or one that stays beside it."""

    shape: shapely.Geometry
    name: str
    rows: tuple[int, ...] = ()


@dataclass(kw_only=True)
class Mesh:
    """The shapes in the order given (None: nothing was left of it), and what was found."""

    shapes: list[shapely.Geometry | None]
    faults: list[LayerFault] = field(default_factory=list)


def mesh(pieces: Sequence[Piece], fixed: Sequence[Piece], room: shapely.Geometry | None, *, tolerance_m: float) -> Mesh:
    """Close what is narrower than the tolerance. `fixed` keeps its shape; `room`: what the parents cover, if known.

    All shapes are valid, in lon/lat.
    """
    if not pieces:
        return Mesh(shapes=[])
    every = [*pieces, *fixed]
    shapes = np.array([piece.shape for piece in every], dtype=object)
    faces = _faces(shapes, room)
    owners = _owners(faces, shapes)
    inside = _inside(faces, room)
    across = cuts(faces, owners, _narrow_gaps(faces, owners, inside, tolerance_m), tolerance_m)
    if len(across):
        faces = _faces(shapes, room, across)
        owners = _owners(faces, shapes)
        inside = _inside(faces, room)
    work = _Work(every=every, movable=len(pieces), faces=faces, owners=owners, inside=inside, tolerance_m=tolerance_m)
    return work.done()


def _narrow_gaps(
    faces: Shapes, owners: Sequence[Sequence[int]], inside: NDArray[np.bool_], tolerance_m: float
) -> list[int]:
    gaps = [i for i, own in enumerate(owners) if not own and inside[i]]
    if not gaps:
        return []
    return [gaps[i] for i in np.flatnonzero(_widths(faces[gaps])[1] <= tolerance_m).tolist()]


def _widths(faces: Shapes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Areas, m², and mean widths of what is long: twice the area by the perimeter, m."""
    sizes = areas_m2(faces)
    return sizes, 2 * sizes / np.maximum(lengths_m(faces), 1e-9)


def _faces(shapes: Shapes, room: shapely.Geometry | None, across: Shapes | None = None) -> Shapes:
    rings = shapely.get_rings(shapely.get_parts(shapes))
    if room is not None:
        rings = np.concatenate([rings, shapely.get_rings(shapely.get_parts(room))])
    if across is not None:
        rings = np.concatenate([rings, across])
    noded = shapely.union_all(rings, grid_size=_GRID)
    found: Shapes = shapely.get_parts(shapely.polygonize([noded]))
    kept: Shapes = found[shapely.area(found) > 0]
    return kept


def _owners(faces: Shapes, shapes: Shapes) -> list[list[int]]:
    face, owner = shapely.STRtree(shapes).query(shapely.point_on_surface(faces), predicate="within")
    found: list[list[int]] = [[] for _ in faces]
    for one, has in zip(face.tolist(), owner.tolist(), strict=True):
        found[one].append(has)
    return [sorted(some) for some in found]


def _inside(faces: Shapes, room: shapely.Geometry | None) -> NDArray[np.bool_]:
    if room is None:
        return np.ones(len(faces), dtype=bool)
    shapely.prepare(room)
    inside: NDArray[np.bool_] = shapely.contains(room, shapely.point_on_surface(faces))
    return inside


@dataclass(kw_only=True)
class _Work:
    """The faces while they are given to their owners."""

    every: list[Piece]
    movable: int  # the first so many of `every` may change
    faces: Shapes
    owners: list[list[int]]
    inside: NDArray[np.bool_]
    tolerance_m: float
    faults: list[LayerFault] = field(default_factory=list)

    def done(self) -> Mesh:
        odd = [
            i for i, own in enumerate(self.owners)
            if len(own) != 1 or (not self.inside[i] and own[0] < self.movable)
        ]  # fmt: skip
        gaps: list[tuple[int, float]] = []
        if odd:
            sizes, widths = _widths(self.faces[odd])
            for index, size, width in zip(odd, sizes.tolist(), widths.tolist(), strict=True):
                if self.owners[index]:
                    self._owned(index, size, narrow=width <= self.tolerance_m)
                elif self.inside[index]:
                    gaps.append((index, size if width > self.tolerance_m else -size))
        self._close(gaps)
        return Mesh(shapes=self._rebuilt(), faults=self.faults)

    def _owned(self, index: int, size: float, *, narrow: bool) -> None:
        """A face of several, or outside the parents."""
        own = self.owners[index]
        staying = [one for one in own if one >= self.movable]
        moving = [one for one in own if one < self.movable]
        if not moving:
            return
        outside = not self.inside[index]
        if narrow:
            self.owners[index] = staying or ([] if outside else moving[:1])
        self._tell("outside_parent" if outside and not staying else "overlap", index, size, own, mended=narrow)

    def _close(self, gaps: list[tuple[int, float]]) -> None:
        """Narrow gaps go to the neighbour with the longest border, wide ones are told; a negative size: narrow."""
        tree = shapely.STRtree(self.faces) if gaps else None
        while gaps and tree is not None:
            later = []
            for index, size in gaps:
                around = self._neighbours(index, tree)
                if not any(one < self.movable for one in around):
                    later.append((index, size))  # between those that stay, or other gaps
                    continue
                if size < 0:
                    self.owners[index] = [next(one for one in around if one < self.movable)]
                self._tell("gap", index, abs(size), around, mended=size < 0)
            gaps = [] if len(later) == len(gaps) else later

    def _neighbours(self, index: int, tree: shapely.STRtree) -> list[int]:
        """Who has the faces next to a face, the longest border first. Faces are noded: what they share is exact."""
        rim = shapely.boundary(self.faces[index])
        lengths: dict[int, float] = {}
        for near in tree.query(self.faces[index], predicate="touches").tolist():
            shared = float(shapely.length(shapely.intersection(rim, shapely.boundary(self.faces[near]))))
            for one in self.owners[near] if shared > 0 else ():
                lengths[one] = lengths.get(one, 0.0) + shared
        return sorted(lengths, key=lambda one: -lengths[one])

    def _tell(self, kind: str, index: int, size: float, whose: Sequence[int], *, mended: bool) -> None:
        if mended and size < SMALLEST_M2:
            return
        point = shapely.get_coordinates(shapely.point_on_surface(self.faces[index]))[0]
        self.faults.append(
            LayerFault(
                kind=kind, rows=tuple(row for i in whose for row in self.every[i].rows),
                names=tuple(self.every[i].name for i in whose[:6]), size=size, unit="m²",
                lon=float(point[0]), lat=float(point[1]), mended=mended,
            )
        )  # fmt: skip

    def _rebuilt(self) -> list[shapely.Geometry | None]:
        having: list[list[int]] = [[] for _ in range(self.movable)]
        for index, own in enumerate(self.owners):
            for one in own:
                if one < self.movable:
                    having[one].append(index)
        made: list[shapely.Geometry | None] = []
        for faces in having:
            if not faces:
                made.append(None)
                continue
            whole = shapely.coverage_union_all(self.faces[faces]) if len(faces) > 1 else self.faces[faces[0]]
            made.append(shapely.orient_polygons(_areal(whole)))
        return made


def _areal(shape: shapely.Geometry) -> shapely.Geometry:
    """A (Multi)Polygon, whatever collection it came in; rounded to what the product keeps."""
    parts = [part for part in shapely.get_parts(shape) if shapely.get_type_id(part) == 3]
    whole = parts[0] if len(parts) == 1 else shapely.multipolygons(parts)
    rounded: shapely.Geometry = shapely.transform(whole, lambda points: np.round(points, 9))
    return rounded
