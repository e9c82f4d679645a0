"""Polygons as lists of points, to be changed vertex by vertex, and back.

A ring is open here (its last point is not the first one again), and keeps the order that it had.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.topology import DECIMALS, Bounds

Point = tuple[float, float]
Edge = tuple[Point, Point]
Ring = list[Point]
Shape = list[list[Ring]]  # parts, each its exterior and its holes


def rounded(point: Sequence[float]) -> Point:
    """The point as steps write it."""
    return round(point[0], DECIMALS), round(point[1], DECIMALS)


def shape_of(geometry: BaseGeometry) -> Shape:
    """The rings of a (Multi)Polygon."""
    return [[_ring(ring) for ring in (part.exterior, *part.interiors)] for part in shapely.get_parts(geometry)]


def _ring(ring: BaseGeometry) -> Ring:
    return [(x, y) for x, y in shapely.get_coordinates(ring)[:-1].tolist()]


def geometry_of(shape: Shape) -> BaseGeometry | None:
    """The (Multi)Polygon, oriented by the right-hand rule; None where nothing of it has an area.

    Points that follow each other at one place become one; parts and holes that collapse so are left out.
    """
    parts = []
    for exterior, *holes in shape:
        if len(outline := _without_repeats(exterior)) > 2:
            kept = [ring for ring in map(_without_repeats, holes) if len(ring) > 2]
            parts.append(shapely.Polygon(outline, kept))
    if not parts:
        return None
    geometry = parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
    return oriented(geometry)


def _without_repeats(ring: Ring) -> Ring:
    return [point for i, point in enumerate(ring) if point != ring[i - 1]]


def oriented(geometry: BaseGeometry) -> BaseGeometry:
    """By the right-hand rule (RFC 7946): exteriors against the clock, holes with it."""
    turned: BaseGeometry = shapely.orient_polygons(geometry, exterior_cw=False)
    return turned


def rings(shape: Shape) -> Iterator[Ring]:
    for part in shape:
        yield from part


def edges(shape: Shape) -> Iterator[Edge]:
    """Every edge once, in the direction of its ring."""
    for ring in rings(shape):
        yield from zip(ring, [*ring[1:], *ring[:1]], strict=True)


def changed_rings(shape: Shape, change: Callable[[Ring], Ring]) -> Shape:
    return [[change(ring) for ring in part] for part in shape]


def with_points(shape: Shape, points: dict[Edge, list[Point]]) -> Shape:
    """The shape with points in edges, which are named in either direction; along an edge they are put in order."""
    both = {**points, **{(b, a): inserted for (a, b), inserted in points.items()}}

    def filled(ring: Ring) -> Ring:
        out: Ring = []
        for a, b in zip(ring, [*ring[1:], *ring[:1]], strict=True):
            out.append(a)
            if inserted := both.get((a, b)):
                out += sorted(set(inserted) - {a, b}, key=lambda p: (p[0] - a[0]) ** 2 + (p[1] - a[1]) ** 2)
        return out

    return changed_rings(shape, filled)


def box_of(points: Sequence[Point]) -> Bounds:
    """The box around points."""
    lon, lat = zip(*points, strict=True)
    return min(lon), min(lat), max(lon), max(lat)


def beside(edge_rows: NDArray[np.float64], point: Point) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of each edge (rows x1, y1, x2, y2): how far the point is from it, degrees, and where along it (0 … 1)."""
    x1, y1, x2, y2 = edge_rows.T
    dx, dy = x2 - x1, y2 - y1
    length2 = np.maximum(dx * dx + dy * dy, 1e-300)
    along = np.clip(((point[0] - x1) * dx + (point[1] - y1) * dy) / length2, 0.0, 1.0)
    return np.hypot(x1 + along * dx - point[0], y1 + along * dy - point[1]), along


def on_edge(edge: Sequence[float], along: float) -> Point:
    """The rounded point of an edge x1, y1, x2, y2 at a share of its way."""
    x1, y1, x2, y2 = edge
    return rounded((x1 + along * (x2 - x1), y1 + along * (y2 - y1)))
