"""Where narrow gaps are cut, so that each neighbour gets what lies before it.

A border that was drawn twice leaves one long sliver along many neighbours. Given as a whole to one of them it would
become a spike before all the others.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

_BEYOND = 3e-9  # degrees: the cut runs over its end, to be noded there
_SHARP = np.cos(np.radians(30))  # of the turn at a corner
_METRE = 1e-5  # degrees, about
_TIMES = 5  # a cut is at most so many times as long as what is narrow


def cuts(
    faces: NDArray[np.object_], owners: Sequence[Sequence[int]], narrow: Sequence[int], tolerance_m: float
) -> NDArray[np.object_]:
    """Lines across the gaps `narrow`: from where a neighbour's border begins, ends or turns to the other side."""
    if not narrow:
        return np.empty(0, dtype=object)
    tree, longest = shapely.STRtree(faces), _TIMES * tolerance_m * _METRE
    found = [line for index in narrow for line in _across(index, faces, owners, tree)]
    return np.array([line for line in found if 0 < shapely.length(line) <= longest], dtype=object)


def _across(
    index: int, faces: NDArray[np.object_], owners: Sequence[Sequence[int]], tree: shapely.STRtree
) -> Iterator[Any]:
    rim = shapely.boundary(faces[index])
    sides = _sides(index, rim, faces, owners, tree)
    if len(sides) < 2:
        return
    sides[-1] = shapely.difference(rim, shapely.union_all(list(sides.values())))  # nobody's: the parent's border
    for side in sides.values():
        for line in shapely.get_parts(shapely.line_merge(side)):
            for place in _places(shapely.get_coordinates(line)):
                point = shapely.points(place)
                # To each of the others: where two neighbours' corners meet a third border, all three are near.
                yield from (_cut(point, one) for one in sides.values() if not _meets(one, point))


def _meets(side: Any, point: Any) -> bool:
    return bool(shapely.is_empty(side) or shapely.intersects(side, point))


def _places(line: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """The ends of a line, and its sharp corners."""
    if len(line) < 2:
        return []
    steps = np.diff(line, axis=0)
    lengths = np.maximum(np.hypot(*steps.T), 1e-15)
    turns = (steps[:-1] * steps[1:]).sum(axis=1) / (lengths[:-1] * lengths[1:])
    return [line[0], line[-1], *line[1:-1][turns < _SHARP]]


def _sides(
    index: int, rim: Any, faces: NDArray[np.object_], owners: Sequence[Sequence[int]], tree: shapely.STRtree
) -> dict[int, Any]:
    """What of a gap's rim borders on each neighbour. Faces are noded: what they share is exact."""
    lines: dict[int, list[Any]] = {}
    for near in tree.query(faces[index], predicate="touches").tolist():
        shared = shapely.intersection(rim, shapely.boundary(faces[near]))
        for one in owners[near] if shapely.length(shared) > 0 else ():
            lines.setdefault(one, []).append(shared)
    return {one: shapely.union_all(some) for one, some in lines.items()}


def _cut(point: Any, opposite: Any) -> Any:
    ends = shapely.get_coordinates(shapely.shortest_line(point, opposite))
    length = float(np.hypot(*(ends[1] - ends[0])))
    if length > 0:
        ends[1] += (ends[1] - ends[0]) / length * _BEYOND
    return shapely.linestrings(ends)
