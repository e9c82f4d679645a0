"""Cutting a polygon in two along a straight line, short and by weight; the neighbours learn of the new corners.

All positions are lon/lat degrees; a plane around the polygon gives metres (`Plane`). What is cut shares every vertex
with what lies beside it, so that a coverage stays one: `Seams` remembers which edge got which corner.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Vertex = tuple[float, float]
Edge = tuple[Vertex, Vertex]

DECIMALS = 9  # degrees: 0.1 mm, as everywhere in the product
_METRES = 111_195.0  # of a degree of latitude, on a sphere: for comparing lengths, not for telling them
_TURNS = 16  # directions that are tried
_SNAP = 0.06  # of a grid's width: a cut that ends so near to a corner ends in it
_TRIES = 12
_FAIR = 0.08  # of a grid's households: a cut that is no further off is taken at once
_UNEVEN = 0.4  # of a grid's households
_NEVER = 1e9  # m
_DEAR = 3.0  # how much longer a cut may be that is one grid's households less off


@dataclass(frozen=True, kw_only=True, eq=False)
class Plane:
    """Metres around a latitude: directions as vectors that a position in degrees is multiplied by."""

    across: Floats  # float64[2, _TURNS]: the normals of the cuts
    along: Floats  # float64[2, _TURNS]: their directions
    scale: Floats  # float64[2]: metres of a degree

    @classmethod
    def at(cls, lat: float, turn: float) -> "Plane":
        """`turn`: by how much the first direction is turned, in parts of the step between two."""
        angles = (np.arange(_TURNS) + turn) * (np.pi / _TURNS)
        scale = np.array([_METRES * np.cos(np.radians(lat)), _METRES])
        normals = np.array([np.cos(angles), np.sin(angles)])
        directions = np.array([-np.sin(angles), np.cos(angles)])
        return cls(across=normals * scale[:, None], along=directions * scale[:, None], scale=scale)

    def feet(self, turns: NDArray[np.int64], offsets: Floats, near: Vertex) -> Floats:
        """The points of lines, degrees, that are nearest to a position: float64[n, 2]."""
        normals = (self.across / self.scale[:, None])[:, turns]
        middle = np.array(near) * self.scale
        off = offsets - middle @ normals
        feet: Floats = (middle + off[:, None] * normals.T) / self.scale
        return feet

    def steps(self, turns: NDArray[np.int64]) -> Floats:
        """One metre along lines, in degrees: float64[n, 2]."""
        steps: Floats = (self.along / self.scale[:, None] / self.scale[:, None])[:, turns].T
        return steps

    def area(self, polygon: Any) -> float:
        """m² of a polygon in degrees."""
        return float(polygon.area * self.scale[0] * self.scale[1])


@dataclass(frozen=True, kw_only=True, eq=False)
class Piece:
    """A polygon, and where in it how much weighs."""

    polygon: Any
    points: Floats  # float64[n, 2]
    weights: Floats  # float64[n]

    @property
    def weight(self) -> float:
        return float(self.weights.sum())


class Seams:
    """The corners that edges got: an edge is cut once, and whoever has it from the other side learns of it here."""

    def __init__(self) -> None:
        self._corners: dict[Edge, Vertex] = {}

    def cut(self, a: Vertex, b: Vertex, corner: Vertex) -> None:
        self._corners[(a, b) if a < b else (b, a)] = corner

    def copy(self) -> "Seams":
        """The same, to try something with."""
        other = Seams()
        other._corners = dict(self._corners)
        return other

    def take(self, other: "Seams") -> None:
        """What was tried holds."""
        self._corners = other._corners

    def ring(self, vertices: list[Vertex]) -> list[Vertex]:
        """An open ring with the corners that its edges have got."""
        if not self._corners:
            return vertices
        whole: list[Vertex] = []
        for a, b in zip(vertices, [*vertices[1:], vertices[0]], strict=True):
            whole.append(a)
            whole.extend(self._between(a, b))
        return whole

    def _between(self, a: Vertex, b: Vertex) -> Iterator[Vertex]:
        corner = self._corners.get((a, b) if a < b else (b, a))
        if corner is not None:
            yield from self._between(a, corner)
            yield corner
            yield from self._between(corner, b)

    def polygon(self, polygon: Any) -> Any:
        """A polygon with the corners that its edges have got."""
        rings = [open_ring(polygon.exterior), *(open_ring(ring) for ring in polygon.interiors)]
        shell, *holes = [self.ring(ring) for ring in rings]
        return shapely.Polygon(shell, holes)


def open_ring(ring: Any) -> list[Vertex]:
    """The vertices of a ring, the first not again at the end."""
    return [(x, y) for x, y in shapely.get_coordinates(ring).tolist()][:-1]


@dataclass(frozen=True, kw_only=True, eq=False)
class StraightLines:
    """Straight lines through a polygon: arrays of one length."""

    turns: NDArray[np.int64]  # which direction
    offsets: Floats  # m
    shares: Floats  # of the weight, below


def candidates(piece: Piece, count: int, plane: Plane) -> StraightLines:
    """The lines that part the weight so that each side has that of whole grids."""
    heights = np.ascontiguousarray((piece.points @ plane.across).T)
    order = np.argsort(heights, axis=1, kind="stable")
    sums = np.cumsum(piece.weights[order], axis=1)
    sums /= sums[:, -1:]
    shares = [k / count for k in _counts(count)]
    rows = np.arange(len(heights))
    offsets, reached = [], []
    for share in shares:
        at = np.minimum(np.argmax(sums >= share - 1e-12, axis=1), heights.shape[1] - 2)
        offsets.append((heights[rows, order[rows, at]] + heights[rows, order[rows, at + 1]]) / 2)
        reached.append(sums[rows, at])
    return StraightLines(
        turns=np.tile(rows, len(shares)), offsets=np.concatenate(offsets), shares=np.concatenate(reached)
    )


def _counts(count: int) -> list[int]:
    """How many of `count` grids may lie on one side."""
    low = max(1, int(np.ceil(count * 0.36)))
    every = max(1, (count - 2 * low) // 6)
    return sorted({*range(low, count - low + 1, every), count // 2, count - count // 2})


@dataclass(frozen=True, kw_only=True, eq=False)
class _Chord:
    """A cut from one edge of the shell to another: the numbers of the edges, and how far along each."""

    first: int
    second: int
    at_first: float
    at_second: float
    length: float  # m
    cost: float  # the same, dearer where the sides would be uneven


def _chords(ring: Floats, lines: StraightLines, plane: Plane, count: int) -> list[_Chord]:
    """All ways along the lines from border to border, the cheapest first."""
    heights = ring @ plane.across[:, lines.turns] - lines.offsets
    along = ring @ plane.along[:, lines.turns]
    above = heights > 0
    crossing = above != np.roll(above, -1, axis=0)
    crossings = np.count_nonzero(crossing, axis=0)
    chords = _lone(heights, along, crossing, np.flatnonzero(crossings == 2), lines.shares, count)
    if (crossings > 2).any():
        sums = _swept(ring)
        for number in np.flatnonzero(crossings > 2).tolist():
            edges = np.flatnonzero(crossing[:, number])
            chords += _several(ring, sums, heights[:, number], along[:, number], edges, count)
    return sorted(chords, key=lambda chord: chord.cost)


def _lone(
    heights: Floats,
    along: Floats,
    crossing: NDArray[np.bool_],
    numbers: NDArray[np.int64],
    shares: Floats,
    count: int,
) -> list[_Chord]:
    """The chords of lines that cross the border twice: the cheapest of them."""
    last = len(heights) - 1
    ends = [np.argmax(crossing[:, numbers], axis=0), last - np.argmax(crossing[::-1, numbers], axis=0)]
    places, where = [], []
    for edge in ends:
        after = (edge + 1) % len(heights)
        at = heights[edge, numbers] / (heights[edge, numbers] - heights[after, numbers])
        places.append(at)
        where.append(along[edge, numbers] * (1 - at) + along[after, numbers] * at)
    lengths = np.abs(where[0] - where[1])
    costs = [
        _cost(length, _off(share, count))
        for length, share in zip(lengths.tolist(), shares[numbers].tolist(), strict=True)
    ]
    return [
        _Chord(
            first=int(ends[0][i]),
            second=int(ends[1][i]),
            at_first=float(places[0][i]),
            at_second=float(places[1][i]),
            length=float(lengths[i]),
            cost=costs[i],
        )
        for i in np.argsort(costs, kind="stable")[:_TRIES].tolist()
    ]


def _several(
    ring: Floats, sums: Floats, heights: Floats, along: Floats, edges: NDArray[np.int64], count: int
) -> list[_Chord]:
    """The chords of a line that crosses the border more often: what lies beyond one is told by its area, at first."""
    after = (edges + 1) % len(ring)
    at = heights[edges] / (heights[edges] - heights[after])
    where = along[edges] * (1 - at) + along[after] * at
    ends = ring[edges] * (1 - at[:, None]) + ring[after] * at[:, None]
    order = np.argsort(where, kind="stable").tolist()
    chords = []
    for i, j in zip(order[0::2], order[1::2], strict=True):
        first, second = (i, j) if i < j else (j, i)
        one, other = int(edges[first]), int(edges[second])
        off = _off(_share(ring, sums, one, other, ends[[first, second]]), count)
        if off > _UNEVEN * 2:
            continue
        length = float(where[j] - where[i])
        chords.append(
            _Chord(
                first=one,
                second=other,
                at_first=float(at[first]),
                at_second=float(at[second]),
                length=length,
                cost=_cost(length, off),
            )
        )
    return chords


def _swept(ring: Floats) -> Floats:
    """Twice the signed areas that the ring's edges sweep from its first vertex, summed up to each vertex."""
    x, y = (ring - ring[0]).T
    after_x, after_y = np.roll(x, -1), np.roll(y, -1)
    return np.concatenate([[0.0], np.cumsum(x * after_y - after_x * y)])


def _share(ring: Floats, sums: Floats, one: int, other: int, ends: Floats) -> float:
    """How much of the ring's area lies on the side of a chord that has the vertices after edge `one` up to `other`."""
    start, end = ends - ring[0]
    x, y = (ring - ring[0])[one + 1]
    left, low = (ring - ring[0])[other]
    area = sums[other] - sums[one + 1]
    area += start[0] * y - x * start[1] + left * end[1] - end[0] * low + end[0] * start[1] - start[0] * end[1]
    return abs(float(area / sums[-1]))


def _off(share: float, count: int) -> float:
    """By how much of a grid's households the grids of the smaller side are off."""
    below = min(max(round(share * count), 1), count - 1)
    return abs(share * count - below) / min(below, count - below)


def _cost(length: float, off: float) -> float:
    """What a cut costs, m; so uneven a one is for want of any other."""
    return length * (1 + _DEAR * off) if off <= _UNEVEN else (1 + off) * _NEVER


def cut(piece: Piece, count: int, plane: Plane, seams: Seams) -> list[tuple[Piece, int]]:
    """Two pieces without holes, and how many grids each is for; nothing where no straight line does it."""
    ring = seams.ring(open_ring(piece.polygon.exterior))
    whole = np.array(ring)
    snap = _SNAP * float(np.sqrt(plane.area(piece.polygon) / count))
    best: tuple[float, list[tuple[Piece, int]], list[tuple[Edge, Vertex]]] | None = None
    for chord in _chords(whole, candidates(piece, count, plane), plane, count)[:_TRIES]:
        made = _made(piece, ring, whole, chord, plane, snap)
        if made is None:
            continue
        halves, corners = made
        share = halves[0].weight / piece.weight
        off = _off(share, count)
        cost = _cost(chord.length, off)
        if best is None or cost < best[0]:
            below = min(max(round(share * count), 1), count - 1)
            best = cost, [(halves[0], below), (halves[1], count - below)], corners
        if off <= _FAIR:
            break
    if best is None:
        return []
    for (a, b), corner in best[2]:
        seams.cut(a, b, corner)
    return best[1]


def _made(
    piece: Piece, ring: list[Vertex], whole: Floats, chord: _Chord, plane: Plane, snap: float
) -> tuple[list[Piece], list[tuple[Edge, Vertex]]] | None:
    """The two sides of a chord; None where its ends are too near to each other, or a side would not be valid.

    A chord whose end was drawn into a corner may run outside: then a side turns the other way.
    """
    turn = shapely.is_ccw(shapely.linearrings(ring))
    for within in (snap, 0.0):
        first, one = _end(ring, whole, chord.first, chord.at_first, plane, within)
        second, other = _end(ring, whole, chord.second, chord.at_second, plane, within)
        sides = _sides(ring, chord, first, second)
        if min(len(side) for side in sides) < 3:
            continue
        halves = [shapely.Polygon(side) for side in sides]
        if all(half.is_valid and half.area > 0 and shapely.is_ccw(half.exterior) == turn for half in halves):
            inside = shapely.contains_xy(halves[0], piece.points)
            return (
                [
                    Piece(polygon=half, points=piece.points[mine], weights=piece.weights[mine])
                    for half, mine in zip(halves, (inside, ~inside), strict=True)
                ],
                [*one, *other],
            )
    return None


def _end(
    ring: list[Vertex], whole: Floats, edge: int, at: float, plane: Plane, snap: float
) -> tuple[Vertex, list[tuple[Edge, Vertex]]]:
    """Where a chord ends, and the corner that its edge gets, if it does not end in one."""
    a, b = ring[edge], ring[(edge + 1) % len(ring)]
    length = float(np.hypot(*((np.array(b) - np.array(a)) * plane.scale)))
    if min(at, 1 - at) * length <= snap:
        return (a if at < 0.5 else b), []
    x, y = np.round(whole[edge] * (1 - at) + whole[(edge + 1) % len(ring)] * at, DECIMALS).tolist()
    corner = (x, y)
    return corner, [] if corner in (a, b) else [((a, b), corner)]


def _sides(ring: list[Vertex], chord: _Chord, first: Vertex, second: Vertex) -> list[list[Vertex]]:
    """The two rings that a chord makes of one."""
    i, j = chord.first, chord.second
    return [
        _without_twins([first, *ring[i + 1 : j + 1], second]),
        _without_twins([second, *ring[j + 1 :], *ring[: i + 1], first]),
    ]


def _without_twins(ring: list[Vertex]) -> list[Vertex]:
    return [vertex for vertex, before in zip(ring, [ring[-1], *ring[:-1]], strict=True) if vertex != before]
