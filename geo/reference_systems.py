"""Reference systems by their OGC names: which way round their axes are, and the way to CGCS2000 and back.

Stored positions are lon/lat CGCS2000. WGS 84 and CGCS2000 are taken as one (geo/crs.py).
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from geo.crs import GEOGRAPHIC, project

Polygons = NDArray[np.object_]

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
STORED = f"{_EPSG}4490"
_DEGREES, _METRES = 9, 4  # decimals: 0.1 mm


@dataclass(frozen=True, kw_only=True)
class System:
    """One reference system, as clients name it."""

    uri: str
    code: str  # for PROJ
    swapped: bool  # its first axis is the northing or the latitude
    degrees: bool

    def shown(self, polygons: Polygons) -> Polygons:
        """Stored polygons in this system, its own axis order, to 0.1 mm."""
        moved = polygons if self.degrees else project(polygons, GEOGRAPHIC, self.code)
        decimals = _DEGREES if self.degrees else _METRES

        def told(points: NDArray[np.float64]) -> NDArray[np.float64]:
            turned = points[:, ::-1] if self.swapped else points
            return np.round(turned, decimals)

        shown: Polygons = shapely.transform(moved, told)
        return shown

    def stored(self, geometries: Polygons) -> Polygons:
        """Geometries of this system, in its own axis order, as lon/lat CGCS2000 to 9 decimals."""
        turned = shapely.transform(geometries, lambda points: points[:, ::-1]) if self.swapped else geometries
        moved = turned if self.degrees else project(turned, self.code, GEOGRAPHIC)
        stored: Polygons = shapely.transform(moved, lambda points: np.round(points, _DEGREES))
        return stored


@cache
def systems() -> dict[str, System]:
    """Those that are offered, by their URI; the first is the one where none is asked for."""
    codes = ("4490", "4326", "4544", "4545", "4546", "3857")
    offered = [System(uri=CRS84, code="OGC:CRS84", swapped=False, degrees=True), *map(_of_epsg, codes)]
    return {one.uri: one for one in offered}


def _of_epsg(code: str) -> System:
    crs = pyproj.CRS.from_epsg(int(code))
    first = crs.axis_info[0].direction
    return System(uri=_EPSG + code, code=f"EPSG:{code}", swapped=first == "north", degrees=crs.is_geographic)
