"""Cutting a polygon that has holes: along a whole line, and what is too small goes back to its neighbour."""

from typing import Any

import numpy as np
import shapely

from geo.generate_cut import DECIMALS, Floats, Piece, Plane, Seams, Vertex, candidates, open_ring
from geo.generate_faces import Sizes, grouped, ranked_edges

_SMALL = 0.5  # of a grid: what is smaller goes back


def cut_across(piece: Piece, count: int, plane: Plane, seams: Seams) -> list[tuple[Piece, int]]:
    """The pieces on both sides of a line, and how many grids each is for; nothing where no line cuts it."""
    rings = [seams.ring(open_ring(ring)) for ring in (piece.polygon.exterior, *piece.polygon.interiors)]
    turn, offset = _shortest(piece, count, plane)
    normal, direction = plane.across[:, turn], plane.along[:, turn]
    ends: list[tuple[float, Vertex]] = []
    rings = [_with_corners(ring, normal, direction, offset, seams, ends) for ring in rings]
    ends.sort()
    chords = [[a, b] for (_, a), (_, b) in zip(ends[0::2], ends[1::2], strict=False) if a != b]
    sides = [[a, b] for ring in rings for a, b in zip(ring, [*ring[1:], ring[0]], strict=True)]
    found = shapely.get_parts(shapely.polygonize(shapely.linestrings([*sides, *chords])))
    faces = found[shapely.contains(piece.polygon, shapely.point_on_surface(found))]
    return _parted(piece, list(faces), count, plane) if len(faces) > 1 else []


def _shortest(piece: Piece, count: int, plane: Plane) -> tuple[int, float]:
    """The line with the least of its length inside."""
    lines = candidates(piece, count, plane)
    west, south, east, north = piece.polygon.bounds
    reach = float(np.hypot(*(np.array([east - west, north - south]) * plane.scale)))
    feet = plane.feet(lines.turns, lines.offsets, ((west + east) / 2, (south + north) / 2))
    steps = plane.steps(lines.turns) * reach
    crossing = shapely.intersection(shapely.linestrings(np.stack([feet - steps, feet + steps], axis=1)), piece.polygon)
    flat = shapely.transform(crossing, lambda at: at * plane.scale)
    best = int(np.argmin(shapely.length(flat)))
    return int(lines.turns[best]), float(lines.offsets[best])


def _with_corners(
    ring: list[Vertex],
    normal: Floats,
    direction: Floats,
    offset: float,
    seams: Seams,
    ends: list[tuple[float, Vertex]],
) -> list[Vertex]:
    """The ring with a corner wherever the line crosses it; each goes to `ends` with its place along the line."""
    at = np.array(ring)
    heights = at @ normal - offset
    after = np.roll(heights, -1)
    whole = []
    for i, (a, b) in enumerate(zip(ring, [*ring[1:], ring[0]], strict=True)):
        whole.append(a)
        if (heights[i] > 0) == (after[i] > 0):
            continue
        share = heights[i] / (heights[i] - after[i])
        x, y = np.round(np.array(a) * (1 - share) + np.array(b) * share, DECIMALS).tolist()
        ends.append((float(np.array([x, y]) @ direction), (x, y)))
        if (x, y) not in (a, b):
            seams.cut(a, b, (x, y))
            whole.append((x, y))
    return whole


def _parted(piece: Piece, faces: list[Any], count: int, plane: Plane) -> list[tuple[Piece, int]]:
    pieces, left = [], np.ones(len(piece.points), dtype=bool)
    for face in faces:
        mine = left & shapely.contains_xy(face, piece.points)
        left &= ~mine
        pieces.append(Piece(polygon=face, points=piece.points[mine], weights=piece.weights[mine]))
    each = piece.weight / count
    sizes = Sizes(target=each, least=each * _SMALL, most=each * 2)
    groups = grouped(pieces, ranked_edges(faces, [], plane), sizes, plane, 0.0)
    if len(groups) == 1:
        return []
    whole = [joined([pieces[i] for i in members]) for members in groups]
    return [(one, max(1, round(one.weight / each))) for one in whole]


def joined(pieces: list[Piece]) -> Piece:
    """Pieces that touch, as one."""
    if len(pieces) == 1:
        return pieces[0]
    return Piece(
        polygon=shapely.coverage_union_all([piece.polygon for piece in pieces]),
        points=np.concatenate([piece.points for piece in pieces]),
        weights=np.concatenate([piece.weights for piece in pieces]),
    )
