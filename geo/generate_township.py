"""What a grid network is generated for, and what comes out."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.generate_cut import Floats
from geo.generate_quality import Quality


@dataclass(frozen=True, kw_only=True, eq=False)
class Township:
    """What a network is generated for; lon/lat CGCS2000."""

    id: int
    code: str  # 9 digits
    name: str
    polygon: Any  # (Multi)Polygon
    households: float  # all of them, where no point says how many live where
    points: Floats  # float64[n, 2]: where households are known to live
    weights: Floats  # float64[n]: how many
    courses: NDArray[np.object_]  # LineStrings that borders follow
    ranks: NDArray[np.int8]  # of the lines (geo/lines.py)
    water: NDArray[np.object_]  # polygons in which nobody lives


@dataclass(frozen=True, kw_only=True, eq=False)
class Grid:
    """One proposed grid."""

    number: int  # from 1, north-west to south-east
    code: str
    name: str
    households: int
    area_m2: float
    geometry: Any  # Polygon, right-hand rule


@dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """The proposed grids of one township."""

    township_id: int
    grids: tuple[Grid, ...]
    quality: Quality
    complex: bool  # the smaller grids were wanted
    points_outside: int = 0  # points that lie in no part of the township
