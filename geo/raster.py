"""The raster behind `geo.locate`: which cells lie in one polygon, and what the others hold.

Everything here is conservative: a cell counts as touched when an edge passes within
`_MARGIN` of it, so that rounding can never make a touched cell look clear.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

OUTSIDE = -1
NOBODY = np.iinfo(np.int32).max  # no polygon on that side; sorts after every index
_MARGIN = 1e-6  # in cells


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A rectangle cut into cells, with one ring of empty cells around what is in it; x, y in degrees."""

    x: float
    y: float
    cells_per_x: float
    cells_per_y: float
    columns: int
    rows: int

    @classmethod
    def over(cls, bounds: Floats, cells: int) -> "Frame":
        """About `cells` cells over `bounds` (min x, min y, max x, max y), square on the ground."""
        x0, y0, x1, y1 = (float(v) for v in bounds)
        width, height = max(x1 - x0, 1e-9), max(y1 - y0, 1e-9)
        narrowing = max(np.cos(np.radians((y0 + y1) / 2)), 0.01)
        columns = int(np.clip(np.sqrt(cells * width * narrowing / height), 1, cells))
        rows = max(cells // columns, 1)
        # The cells of the data are 1 … n; a point left, right, above or below falls in the ring.
        per_x, per_y = columns / (width * (1 + 1e-9)), rows / (height * (1 + 1e-9))
        return cls(
            x=x0 - (1 + 1e-3) / per_x,
            y=y0 - (1 + 1e-3) / per_y,
            cells_per_x=per_x,
            cells_per_y=per_y,
            columns=columns + 3,
            rows=rows + 3,
        )

    def across(self, x: Floats) -> Floats:
        return (x - self.x) * self.cells_per_x

    def up(self, y: Floats) -> Floats:
        return (y - self.y) * self.cells_per_y


@dataclass(frozen=True, kw_only=True)
class Edges:
    """Every ring edge once per ring, directed so that its polygon lies on the left; degrees."""

    polygon: Ints
    x1: Floats
    y1: Floats
    x2: Floats
    y2: Floats


@dataclass(frozen=True, kw_only=True)
class Borders:
    """Every edge once, however many polygons share it; degrees, polygon indices or NOBODY."""

    x: Floats  # one end
    y: Floats
    dx: Floats  # to the other end
    dy: Floats
    left: Ints
    right: Ints
    simple: NDArray[np.bool_]  # at most one polygon on each side
    # The polygons of border b, rising: owners[first_owner[b]:first_owner[b + 1]].
    first_owner: Ints
    owners: Ints


def edges_of(polygons: NDArray[np.object_]) -> Edges:
    """The edges of N (Multi)Polygons; empty ones have none."""
    parts, owner = shapely.get_parts(polygons, return_index=True)
    rings, part = shapely.get_rings(shapely.orient_polygons(parts), return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    same = (ring[1:] == ring[:-1]) & np.any(points[1:] != points[:-1], axis=1)
    start, end = points[:-1][same], points[1:][same]
    return Edges(
        polygon=owner[part][ring[:-1][same]].astype(np.int64),
        x1=start[:, 0],
        y1=start[:, 1],
        x2=end[:, 0],
        y2=end[:, 1],
    )


def borders_of(edges: Edges) -> Borders:
    """Join the edges that run between the same two vertices."""
    count = len(edges.x1)
    vertices, index = np.unique(
        np.concatenate([edges.x1 + 1j * edges.y1, edges.x2 + 1j * edges.y2]), return_inverse=True
    )
    start, end = index[:count], index[count:]
    low, high = np.minimum(start, end), np.maximum(start, end)
    keys, border = np.unique(low * len(vertices) + high, return_inverse=True)
    forward = start < end
    one, other = vertices[keys // len(vertices)], vertices[keys % len(vertices)]
    left, twice_left = _side(edges.polygon, border, forward, len(keys))
    right, twice_right = _side(edges.polygon, border, ~forward, len(keys))
    span = other - one
    polygons = int(edges.polygon.max()) + 1
    claims = np.unique(border * polygons + edges.polygon)
    return Borders(
        x=one.real.copy(),
        y=one.imag.copy(),
        dx=span.real.copy(),
        dy=span.imag.copy(),
        left=left,
        right=right,
        simple=~(twice_left | twice_right),
        first_owner=np.searchsorted(claims // polygons, np.arange(len(keys) + 1)),
        owners=claims % polygons,
    )


def _side(polygon: Ints, border: Ints, chosen: NDArray[np.bool_], count: int) -> tuple[Ints, NDArray[np.bool_]]:
    side = np.full(count, NOBODY, dtype=np.int64)
    side[border[chosen]] = polygon[chosen]
    return side, np.bincount(border[chosen], minlength=count) > 1


def expand(first: Ints, last: Ints) -> tuple[Ints, Ints]:
    """Each range first … last (inclusive, may be empty) written out: index of the range, value."""
    sizes = np.maximum(last - first + 1, 0)
    source = np.repeat(np.arange(len(first)), sizes)
    offset = np.arange(len(source)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return source, first[source] + offset


def touched_cells(borders: Borders, frame: Frame) -> tuple[Ints, Ints]:
    """All (border, flat cell) pairs where the border passes through or within the margin of the cell."""
    x1, y1 = frame.across(borders.x), frame.up(borders.y)
    x2, y2 = frame.across(borders.x + borders.dx), frame.up(borders.y + borders.dy)
    low, high = np.minimum(y1, y2), np.maximum(y1, y2)
    border, row = expand(_cell(low - _MARGIN), _cell(high + _MARGIN))
    # The stretch of the edge inside this row, and the columns it covers.
    rise = (y2 - y1)[border]
    level = np.abs(rise) < 2 * _MARGIN
    slope = np.divide((x2 - x1)[border], rise, out=np.zeros_like(rise), where=~level)
    bottom = np.clip(row - _MARGIN, low[border], high[border])
    top = np.clip(row + 1 + _MARGIN, low[border], high[border])
    at_bottom = x1[border] + (bottom - y1[border]) * slope
    at_top = x1[border] + (top - y1[border]) * slope
    at_bottom, at_top = np.where(level, x1[border], at_bottom), np.where(level, x2[border], at_top)
    reach, column = expand(
        _cell(np.minimum(at_bottom, at_top) - _MARGIN), _cell(np.maximum(at_bottom, at_top) + _MARGIN)
    )
    return border[reach], row[reach] * frame.columns + column


def _cell(position: Floats) -> Ints:
    return np.floor(position).astype(np.int64)


def covered_centres(edges: Edges, frame: Frame) -> tuple[Ints, Ints]:
    """All (polygon, flat cell) pairs where the cell's centre is in the polygon, the last polygon first."""
    x1, y1 = frame.across(edges.x1), frame.up(edges.y1)
    x2, y2 = frame.across(edges.x2), frame.up(edges.y2)
    # Rows whose centre line the edge crosses, the lower end counted and the upper not.
    low, high = np.minimum(y1, y2), np.maximum(y1, y2)
    edge, row = expand(_first_centre(low), _first_centre(high) - 1)
    slope = (x2 - x1)[edge] / (y2 - y1)[edge]
    x = x1[edge] + (row + 0.5 - y1[edge]) * slope
    polygon = edges.polygon[edge]
    order = np.lexsort((x, row, -polygon))
    first = _first_centre(x[order][0::2])
    last = _first_centre(x[order][1::2]) - 1
    span, column = expand(first, last)
    return polygon[order][0::2][span], row[order][0::2][span] * frame.columns + column


def _first_centre(position: Floats) -> Ints:
    """The first cell whose centre is at or after the position."""
    return np.ceil(position - 0.5).astype(np.int64)
