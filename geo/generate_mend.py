"""Pieces cut up into grids; and snakes between two lines, which are put together with a neighbour and cut anew."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from geo.generate_cut import Piece, Plane, Seams, cut
from geo.generate_faces import Sizes, perimeter_m, ranked_edges
from geo.generate_holes import cut_across, joined
from geo.generate_township import Township

_SNAKE = 0.4  # Polsby-Popper: what is less compact is mended, if it can be
_BETTER = 1.15  # how much more compact the least of them must be
_LEAST_M2 = 25  # a tower may have more households than a grid is to have: it is cut no smaller
_NEIGHBOURS = 3  # that are tried


@dataclass(frozen=True, kw_only=True, eq=False)
class Making:
    """What the steps of one generation have in common."""

    township: Township
    keep: float  # how much a border along a line weighs
    courses: NDArray[np.object_]  # the lines that cut
    ranks: NDArray[np.int8]
    sizes: Sizes
    plane: Plane
    seams: Seams
    rng: np.random.Generator


def cut_up(making: Making, piece: Piece) -> list[Piece]:
    """A piece cut again and again, until each is one grid."""
    grids, waiting = [], [(piece, making.sizes.count(piece.weight))]
    while waiting:
        one, wanted = waiting.pop()
        wanted = min(wanted, int(making.plane.area(one.polygon) / _LEAST_M2))
        halves = []
        if wanted > 1 and len(one.points) > 1:
            way = cut_across if one.polygon.interiors else cut
            halves = way(one, wanted, making.plane, making.seams)
        waiting += halves
        if not halves:
            grids.append(one)
    return grids


def mended(making: Making, grids: list[Piece]) -> list[Piece]:
    """The grids with fewer snakes among them, and fewer that are out of bounds."""
    whole = [_with_seams(making, grid) for grid in grids]
    for _ in range(2):
        beside = _beside(making, whole)
        worth = [_worth(making, [grid]) for grid in whole]
        worst_first = np.argsort(worth, kind="stable").tolist()
        gone: set[int] = set()
        new: list[Piece] = []
        for number in worst_first:
            if worth[number] >= _SNAKE:
                break
            near = [n for n in beside.get(number, [])[:_NEIGHBOURS] if n not in gone]
            if number in gone or not near:
                continue
            found = _recut(making, whole, number, near)
            if found is not None:
                neighbour, pieces = found
                gone |= {number, neighbour}
                new += pieces
        kept = [grid for number, grid in enumerate(whole) if number not in gone]
        whole = [_with_seams(making, grid) for grid in [*kept, *new]]
        if not new:
            break
    return whole


def _with_seams(making: Making, grid: Piece) -> Piece:
    return Piece(polygon=making.seams.polygon(grid.polygon), points=grid.points, weights=grid.weights)


def _beside(making: Making, grids: list[Piece]) -> dict[int, list[int]]:
    """The neighbours of each, with the longest border first."""
    borders: dict[int, list[tuple[float, int]]] = {}
    for (one, other), (length, _) in ranked_edges([grid.polygon for grid in grids], [], making.plane).items():
        borders.setdefault(one, []).append((-length, other))
        borders.setdefault(other, []).append((-length, one))
    return {number: [other for _, other in sorted(found)] for number, found in borders.items()}


def _worth(making: Making, grids: list[Piece]) -> float:
    """How compact the least compact is, less where households are out of bounds."""
    return min(
        4 * np.pi * making.plane.area(grid.polygon) / perimeter_m(grid.polygon, making.plane) ** 2
        * making.sizes.fit_one(grid.weight)
        for grid in grids
    )  # fmt: skip


def _recut(making: Making, grids: list[Piece], number: int, near: list[int]) -> tuple[int, list[Piece]] | None:
    """The best of the ways to put a grid together with a neighbour and cut them anew; None where none is better."""
    best: tuple[float, int, list[Piece], Seams] | None = None
    for neighbour in near:
        two = [grids[number], grids[neighbour]]
        trial = making.seams.copy()
        pieces = cut_up(replace(making, seams=trial), joined(two))
        gain = _worth(making, pieces) / max(_worth(making, two), 1e-9)
        if gain >= _BETTER and (best is None or gain > best[0]):
            best = gain, neighbour, pieces, trial
    if best is None:
        return None
    making.seams.take(best[3])
    return best[1], best[2]
