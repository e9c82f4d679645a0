"""How far a border moved: the farthest vertex, the land that changes hands, and the shift of the whole."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from geo.crs import GEOGRAPHIC, gauss_kruger_zone, project

_NONE_M = 0.01
_NONE_M2 = 1.0


@dataclass(frozen=True, kw_only=True)
class Moved:
    """One border beside the one before."""

    farthest_m: float  # of any vertex of one from the other
    changed_m2: float  # land that one has and the other has not
    area_m2: float  # the new area less the old one
    shift: tuple[float, float]  # of the centroid, east and north, metres

    @property
    def is_none(self) -> bool:
        """Nothing that anybody could see."""
        return self.changed_m2 < _NONE_M2 or self.farthest_m < _NONE_M


def moved(before: Any, after: Any) -> Moved:
    """Two lon/lat polygons, measured in the Gauss-Krüger zone of the first."""
    zone = gauss_kruger_zone(float(shapely.get_x(shapely.centroid(before))))
    old, new = project(np.array([before, after], dtype=object), GEOGRAPHIC, zone)
    old, new = (shape if shapely.is_valid(shape) else shapely.make_valid(shape) for shape in (old, new))
    centre = shapely.get_coordinates(shapely.centroid([old, new]))
    east, north = (centre[1] - centre[0]).tolist()
    return Moved(
        farthest_m=max(_farthest(old, new), _farthest(new, old)),
        changed_m2=float(shapely.area(shapely.symmetric_difference(old, new))),
        area_m2=float(shapely.area(new) - shapely.area(old)),
        shift=(east, north),
    )


def _farthest(one: Any, other: Any) -> float:
    """Of the vertices of one from the border of the other: by a tree of its edges, for there may be 100,000 of both."""
    points, ring = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(other)), return_index=True)
    edges = np.stack([points[:-1], points[1:]], axis=1)[ring[:-1] == ring[1:]]
    tree = shapely.STRtree(shapely.linestrings(edges))
    _, far = tree.query_nearest(shapely.points(shapely.get_coordinates(one)), all_matches=False, return_distance=True)
    return float(far.max(initial=0.0))
