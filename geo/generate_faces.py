"""What lines make of a polygon: faces with shared vertices, joined until each has the households of a grid."""

import heapq
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.generate_cut import DECIMALS, Floats, Piece, Plane

_GRAIN = 10.0**-DECIMALS
_ON = 2e-9  # degrees: rounding moves a vertex no further off its line


def faces_of(polygon: Any, courses: NDArray[np.object_]) -> list[Any]:
    """The faces of a polygon that lines cut it into; they tile it, and share every vertex.

    Lines that end inside it cut nothing from there on.
    """
    if len(courses) == 0:
        return [polygon]
    noded = shapely.union_all([shapely.boundary(polygon), *courses], grid_size=_GRAIN)
    rounded = shapely.transform(noded, lambda at: np.round(at, DECIMALS))
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(rounded)))
    inside = shapely.contains(polygon, shapely.point_on_surface(faces))
    return list(faces[inside])


def ranked_edges(
    faces: list[Any], lines: list[tuple[Any, int]], plane: Plane
) -> dict[tuple[int, int], tuple[float, float]]:
    """Of each pair of faces that share a border: its length, m, and the mean rank of the lines that it runs along."""
    owners: dict[tuple[Any, Any], list[int]] = defaultdict(list)
    for number, face in enumerate(faces):
        for ring in (face.exterior, *face.interiors):
            at = [(x, y) for x, y in shapely.get_coordinates(ring).tolist()]
            for a, b in pairwise(at):
                owners[(a, b) if a < b else (b, a)].append(number)
    shared = {edge: tuple(sorted(two)) for edge, two in owners.items() if len(two) == 2 and two[0] != two[1]}
    if not shared:
        return {}
    ends = np.array(list(shared))
    lengths = np.hypot(*((ends[:, 1] - ends[:, 0]) * plane.scale).T)
    ranks = _ranks(ends.mean(axis=1), lines)
    sums: dict[tuple[int, int], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for (one, other), length, rank in zip(shared.values(), lengths.tolist(), ranks.tolist(), strict=True):
        sums[one, other][0] += length
        sums[one, other][1] += length * rank
    return {pair: (length, ranked / length) for pair, (length, ranked) in sums.items()}


def _ranks(middles: Floats, lines: list[tuple[Any, int]]) -> Floats:
    ranks = np.zeros(len(middles))
    tree = shapely.STRtree([line for line, _ in lines])
    edge, line = tree.query(shapely.points(middles), predicate="dwithin", distance=_ON)
    np.maximum.at(ranks, edge, np.array([rank for _, rank in lines], dtype=float)[line])
    return ranks


@dataclass(kw_only=True, eq=False)
class _Group:
    """Faces that were joined."""

    members: list[int]
    weight: float
    area: float  # m²
    perimeter: float  # m
    beside: dict[int, tuple[float, float]] = field(default_factory=dict)  # group → length and rank of the border


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Households of a grid: wanted, and the bounds."""

    target: float
    least: float
    most: float

    def count(self, weight: float) -> int:
        """How many grids that many households make: the number that keeps the bounds best."""
        down = max(1, int(weight // self.target))
        return min((down, down + 1), key=lambda n: (self._out(weight / n), abs(weight / n - self.target)))

    def _out(self, each: float) -> float:
        return max(0.0, each / self.most - 1, 1 - each / self.least)

    def fit_one(self, weight: float) -> float:
        """The same for a single grid."""
        return 1 / (1 + 4 * self._out(weight))

    def fit(self, weight: float) -> float:
        """1 where that many households make whole grids within the bounds, less the further they are off."""
        return 1 / (1 + 4 * self._out(weight / self.count(weight)))


def grouped(
    pieces: list[Piece], borders: dict[tuple[int, int], tuple[float, float]], sizes: Sizes, plane: Plane, keep: float
) -> list[list[int]]:
    """The numbers of the pieces, joined so that no group has fewer households than a grid must have, if it can be.

    The smallest is joined first, to the neighbour with which it makes the most compact whole; `keep` (0 … 1) is how
    much a border along a line weighs against that.
    """
    groups = {
        number: _Group(
            members=[number],
            weight=piece.weight,
            area=plane.area(piece.polygon),
            perimeter=perimeter_m(piece.polygon, plane),
        )
        for number, piece in enumerate(pieces)
    }
    for (one, other), border in borders.items():
        groups[one].beside[other] = groups[other].beside[one] = border
    waiting = [(group.weight, number) for number, group in groups.items()]
    heapq.heapify(waiting)
    while waiting:
        weight, number = heapq.heappop(waiting)
        group = groups.get(number)
        if group is None or group.weight != weight or not group.beside:
            continue
        if weight >= sizes.least:
            break
        _join(groups, number, _best(groups, group, sizes, keep))
        heapq.heappush(waiting, (groups[number].weight, number))
    return [sorted(group.members) for group in groups.values()]


def perimeter_m(polygon: Any, plane: Plane) -> float:
    """How long the border of a polygon is, m."""
    flat = shapely.transform(polygon, lambda at: at * plane.scale)
    return float(flat.length)


def _best(groups: dict[int, _Group], group: _Group, sizes: Sizes, keep: float) -> int:
    def worth(number: int) -> tuple[float, int]:
        other, (length, rank) = groups[number], group.beside[number]
        around = group.perimeter + other.perimeter - 2 * length
        compact = 4 * np.pi * (group.area + other.area) / max(around, 1e-9) ** 2
        return float(compact * (1 - keep * rank / 4) * sizes.fit(group.weight + other.weight)), -number

    return max(group.beside, key=worth)


def _join(groups: dict[int, _Group], number: int, joined: int) -> None:
    group, other = groups[number], groups.pop(joined)
    length, _ = group.beside.pop(joined)
    group.members += other.members
    group.weight += other.weight
    group.area += other.area
    group.perimeter += other.perimeter - 2 * length
    for third, (more, rank) in other.beside.items():
        if third == number:
            continue
        before, ranked = group.beside.get(third, (0.0, 0.0))
        border = (before + more, (before * ranked + more * rank) / (before + more))
        group.beside[third] = groups[third].beside[number] = border
        del groups[third].beside[joined]
