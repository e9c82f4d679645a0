"""Which polygon holds a point, for millions of points a second.

The plane is cut into cells. Most cells lie in one polygon (or none) and answer by one
look-up. A cell that a single border crosses answers by the side of that border, decided
by an orientation test with a proven error bound. What remains (cells with a vertex,
overlaps, points too near a border for the bound) is asked of the exact geometry.
"""

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.raster import (
    NOBODY,
    OUTSIDE,
    Borders,
    Frame,
    Ints,
    borders_of,
    covered_centres,
    edges_of,
    expand,
    touched_cells,
)

_CHUNK = 65_536  # points at a time: fewer calls, while the working arrays (0.5 MB each) stay in a cache
_BYTES_PER_CELL = 4
# (3 + 16 u) u for u = 2**-53: Shewchuk 1997, "Adaptive precision floating-point arithmetic", orient2d stage A.
_SIDE_ERROR = 3.3306690738754716e-16

Cells = NDArray[np.int32]


class Locator:
    """Finds the polygon of each point.

    `polygons`: N valid shapely Polygons or MultiPolygons, lon/lat degrees; empty ones and
    None are held by their index and never found. They may overlap and leave gaps. A point on
    a border belongs to the polygon with the lowest index of those that touch it, and so
    does a point where polygons overlap. `memory_mb` bounds the raster.
    """

    def __init__(self, polygons: Sequence[BaseGeometry | None], *, memory_mb: int = 64) -> None:
        self._polygons = np.array(polygons, dtype=object)
        edges = edges_of(self._polygons)
        if len(edges.x1) == 0:
            self._frame = Frame(x=0, y=0, cells_per_x=1, cells_per_y=1, columns=1, rows=1)
            self._cells: Cells = np.full(1, OUTSIDE, dtype=np.int32)
            return
        shapely.prepare(self._polygons)
        self._borders = borders_of(edges)
        self._frame = Frame.over(
            shapely.total_bounds(self._polygons), _cell_count(len(self._borders.x), memory_mb * 2**20)
        )
        touching, touched = touched_cells(self._borders, self._frame)
        self._fill(touching, touched, *covered_centres(edges, self._frame))

    def _fill(self, touching: Ints, touched: Ints, owner: Ints, covered: Ints) -> None:
        """The raster: a polygon's index, OUTSIDE, -2 - border, or below those -2 - borders - crowd."""
        borders = self._borders
        cells = np.full(self._frame.columns * self._frame.rows, OUTSIDE, dtype=np.int32)
        cells[covered] = owner  # the last written stays: the lowest index
        edge_count = np.bincount(touched, minlength=len(cells))
        alone = (edge_count[touched] == 1) & borders.simple[touching]
        cells[touched[alone]] = -2 - touching[alone]
        beneath = _beneath(borders, cells, edge_count, owner, covered)
        alone &= ~np.isin(touched, beneath[1])
        crowded = np.unique(np.concatenate([touched[~alone], beneath[1]]))
        cells[crowded] = -2 - len(borders.x) - np.arange(len(crowded))
        self._cells = cells
        in_crowd = cells[touched] < -1 - len(borders.x)
        present = _present(borders, touching[in_crowd], touched[in_crowd])
        inhabitants = tuple(np.concatenate(pair) for pair in zip(present, beneath, strict=True))
        self._first_candidate, self._candidates = _candidates(borders, crowded, *inhabitants)

    def locate(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.int32]:
        """The index of each point's polygon, or -1: int32[n] for lon, lat float64[n] in degrees (NaN: -1)."""
        found = np.empty(len(lon), dtype=np.int32)
        for start in range(0, len(lon), _CHUNK):
            part = slice(start, start + _CHUNK)
            self._locate_chunk(lon[part], lat[part], found[part])
        return found

    def _locate_chunk(self, lon: NDArray[np.float64], lat: NDArray[np.float64], found: Cells) -> None:
        np.take(self._cells, self._flat(lon, lat), out=found, mode="clip")
        mixed = np.flatnonzero(found < OUTSIDE)
        if len(mixed):
            found[mixed] = self._settle(-2 - found[mixed], lon[mixed], lat[mixed])

    def _flat(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> Cells:
        frame = self._frame
        column = _clamped((lon - frame.x) * frame.cells_per_x, frame.columns)
        row = _clamped((lat - frame.y) * frame.cells_per_y, frame.rows)
        row *= frame.columns
        row += column
        return row

    def _settle(self, code: Cells, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> Cells:
        """Points of mixed cells; `code` is a border, or from `len(borders)` on a crowded cell."""
        borders = self._borders
        answer = np.empty(len(code), dtype=np.int32)
        unsure = code >= len(borders.x)
        single = np.flatnonzero(~unsure)
        border = code[single]
        rising = borders.dx[border] * (lat[single] - borders.y[border])
        running = borders.dy[border] * (lon[single] - borders.x[border])
        side = rising - running
        near = np.abs(side) <= _SIDE_ERROR * (np.abs(rising) + np.abs(running))
        answer[single] = np.where(side > 0, borders.left[border], borders.right[border])
        unsure[single[near]] = True
        answer[answer == NOBODY] = OUTSIDE
        rest = np.flatnonzero(unsure)
        answer[rest] = self._ask_geometry(code[rest], lon[rest], lat[rest])
        return answer

    def _ask_geometry(self, code: Cells, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> Cells:
        """The lowest candidate that covers each point, border included."""
        first, last = self._first_candidate[code], self._first_candidate[code + 1]
        answer = np.full(len(code), OUTSIDE, dtype=np.int32)
        asked = np.arange(len(code))
        turn = 0
        while len(asked := asked[first[asked] + turn < last[asked]]):
            candidate = self._candidates[first[asked] + turn]
            inside = shapely.intersects_xy(self._polygons[candidate], lon[asked], lat[asked])
            answer[asked[inside]] = candidate[inside]
            asked = asked[~inside]
            turn += 1
        return answer


def _cell_count(borders: int, memory: int) -> int:
    """Enough cells that few of them hold a vertex, within the memory."""
    return int(np.clip(borders * 384, 4096, memory // _BYTES_PER_CELL))


def _clamped(position: NDArray[np.float64], count: int) -> Cells:
    """Cell numbers 0 … count - 1; what lies outside, and NaN, goes to the empty ring."""
    np.fmax(position, 0, out=position)
    np.fmin(position, count - 1, out=position)
    return position.astype(np.int32)


def _beneath(borders: Borders, cells: Cells, edge_count: Ints, owner: Ints, covered: Ints) -> tuple[Ints, Ints]:
    """(polygon, cell) pairs where a polygon lies beneath the borders of others: it holds the centre of
    a mixed cell. In a cell of several borders it may also be one of theirs."""
    mixed = np.flatnonzero(edge_count[covered])
    owner, covered = owner[mixed], covered[mixed]
    border = -2 - cells[covered]
    single = border >= 0
    border[~single] = 0
    expected = single & ((borders.left[border] == owner) | (borders.right[border] == owner))
    return owner[~expected], covered[~expected]


def _present(borders: Borders, touching: Ints, touched: Ints) -> tuple[Ints, Ints]:
    """(polygon, cell) pairs where a border of the polygon touches the cell."""
    pair, owner = expand(borders.first_owner[touching], borders.first_owner[touching + 1] - 1)
    return borders.owners[owner], touched[pair]


def _candidates(borders: Borders, crowded: Ints, owner: Ints, cell: Ints) -> tuple[Ints, Ints]:
    """For each border, then each crowded cell, its polygons in rising order, as offsets and values."""
    owners = int(owner.max(initial=0)) + 1
    pairs = np.unique(np.searchsorted(crowded, cell) * owners + owner)
    first = np.searchsorted(pairs // owners, np.arange(len(crowded) + 1))
    return (
        np.concatenate([borders.first_owner[:-1], len(borders.owners) + first]),
        np.concatenate([borders.owners, pairs % owners]),
    )
