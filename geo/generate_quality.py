"""How good a generated network is: figures that a planner may compare."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.crs import areas_m2, lengths_m

_NEAR = 2e-5  # degrees, about 2 m: a border so near to a line runs along it


@dataclass(frozen=True, kw_only=True)
class Quality:
    """Of the grids of one township, or of many."""

    grids: int
    households: int
    p5: float  # households of a grid
    p50: float
    p95: float
    within_bounds: int  # grids whose households are within the bounds that hold here
    compactness: float  # Polsby-Popper, mean: 1 is a circle, 0.785 a square
    compactness_p5: float
    border_m: float  # between two grids
    along_lines_m: float  # of that along lines
    not_contiguous: int  # must be 0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def measured(
    polygons: list[Any], households: list[int], courses: NDArray[np.object_], least: float, most: float
) -> Quality:
    """The figures of one township's grids."""
    shapes = np.array([*polygons, None], dtype=object)[:-1]
    counts = np.array(households, dtype=float)
    around = lengths_m(shapes)
    compact = 4 * np.pi * areas_m2(shapes) / around**2
    outside = float(lengths_m(np.array([shapely.coverage_union_all(shapes)], dtype=object))[0])
    p5, p50, p95 = np.percentile(counts, [5, 50, 95]).tolist()
    return Quality(
        grids=len(shapes),
        households=int(counts.sum()),
        p5=p5,
        p50=p50,
        p95=p95,
        within_bounds=int(np.count_nonzero((counts >= least) & (counts <= most))),
        compactness=float(compact.mean()),
        compactness_p5=float(np.percentile(compact, 5)),
        border_m=max(0.0, (float(around.sum()) - outside) / 2),
        along_lines_m=_along(shapes, courses),
        not_contiguous=int(np.count_nonzero(shapely.get_num_geometries(shapes) != 1)),
    )


def _along(shapes: NDArray[np.object_], courses: NDArray[np.object_]) -> float:
    """m of border between two grids that run along a line: told by the middle of each edge."""
    if len(courses) == 0 or len(shapes) < 2:
        return 0.0
    edges = _inner_edges(shapes)
    if len(edges) == 0:
        return 0.0
    near, _ = shapely.STRtree(courses).query(shapely.points(edges.mean(axis=1)), predicate="dwithin", distance=_NEAR)
    return float(lengths_m(shapely.linestrings(edges[np.unique(near)])).sum()) if len(near) else 0.0


def _inner_edges(shapes: NDArray[np.object_]) -> NDArray[np.float64]:
    """The edges that two polygons share, once each: float64[n, 2, 2]."""
    ends = []
    for ring in shapely.get_rings(shapes):
        at = shapely.get_coordinates(ring)
        pair = np.stack([at[:-1], at[1:]], axis=1)
        turned = (pair[:, 0, 0] > pair[:, 1, 0]) | ((pair[:, 0, 0] == pair[:, 1, 0]) & (pair[:, 0, 1] > pair[:, 1, 1]))
        pair[turned] = pair[turned][:, ::-1]
        ends.append(pair)
    rows, counts = np.unique(np.concatenate(ends).reshape(-1, 4), axis=0, return_counts=True)
    return rows[counts > 1].reshape(-1, 2, 2)
