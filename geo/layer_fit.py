"""How well a layer fits what we have, taken to be in one system or another: that tells GCJ-02 from WGS 84."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.crs import BD09, GCJ02
from geo.datums import DATUMS
from geo.errors import CrsError
from geo.layer_file import in_degrees
from geo.layer_known import Drawn, Known

Shapes = NDArray[np.object_]
_SAMPLE = 80  # features looked at
_SIMPLER = 2e-4  # of a feature's extent
_AROUND = (104.0, 27.0, 111.5, 33.5)  # degrees: the city and some more; where nothing is known, it lies there
_INSIDE = 0.3  # what lying inside a division counts, beside covering it


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One way to read the coordinates."""

    crs: str
    swapped: bool = False  # north before east
    score: float = 0.0  # 0 … 1: how much of it covers what we have; -1: it does not lie here
    level: str = ""  # the level that it was held against

    @property
    def key(self) -> str:
        return f"{self.crs}{' yx' if self.swapped else ''}"


def parse_key(key: str) -> Candidate:
    """What a candidate's key stands for; any system may be named so."""
    swapped = key.endswith(" yx")
    return Candidate(crs=key.removesuffix(" yx").strip(), swapped=swapped)


def candidates(shapes: Shapes, declared: str | None) -> list[Candidate]:
    """The systems whose range of coordinates suits a layer; the declared one first."""
    west, south, east, north = shapely.total_bounds(shapes)
    found = [Candidate(crs=declared)] if declared else []
    found += _of_ranges((west, east), (south, north), swapped=False)
    found += _of_ranges((south, north), (west, east), swapped=True)
    if declared:
        found.append(Candidate(crs=declared, swapped=True))
    return list({one.key: one for one in found}.values())


def _of_ranges(x: tuple[float, float], y: tuple[float, float], *, swapped: bool) -> list[Candidate]:
    if 70 < x[0] <= x[1] < 140 and 3 < y[0] <= y[1] < 55:
        names = ["EPSG:4490", GCJ02, BD09, "EPSG:4214", "EPSG:4610"]
    elif 3e5 < y[0] <= y[1] < 6.2e6 and 1e5 <= x[0] <= x[1] < 1e6:
        zones = [(3, 35), (3, 36), (3, 37), (6, 18), (6, 19)]
        names = [one.in_zone(degrees=d, zone=z, prefixed=False) for one in DATUMS for d, z in zones]
        names += ["EPSG:32648", "EPSG:32649"]
    elif 3e5 < y[0] <= y[1] < 6.2e6 and 1.3e7 <= x[0] <= x[1] < 4.6e7 and int(x[0] // 1e6) == int(x[1] // 1e6):
        zone = int(x[0] // 1e6)
        degrees = 3 if zone >= 25 else 6
        names = (
            [one.in_zone(degrees=degrees, zone=zone, prefixed=True) for one in DATUMS] if zone < 24 or zone > 24 else []
        )
    elif 1.1e7 < x[0] <= x[1] < 1.3e7 and 3e6 < y[0] <= y[1] < 4e6:
        names = ["EPSG:3857"]
    else:
        names = []
    return [Candidate(crs=name, swapped=swapped) for name in names]


def _prefixed(zone: int) -> list[str]:
    """The systems whose eastings begin with that zone's number: 13 … 23 are 6-degree zones, 25 … 45 3-degree ones."""
    if zone == 24:
        return []
    return [one.in_zone(degrees=3 if zone >= 25 else 6, zone=zone, prefixed=True) for one in DATUMS]


def ranked(shapes: Shapes, names: Sequence[str], known: Known, declared: str | None) -> list[Candidate]:
    """The candidates, the best fitting first; of those that fit alike, the declared one, then CGCS2000."""
    sample, called = _sample(shapes, names)
    scored = [_scored(sample, called, known, one) for one in candidates(shapes, declared)]
    return sorted(scored, key=lambda one: -round(one.score, 3))


def _sample(shapes: Shapes, names: Sequence[str]) -> tuple[Shapes, list[str]]:
    """Some of a layer, simplified: what lies where is told by the outlines."""
    chosen = np.unique(np.linspace(0, len(shapes) - 1, min(len(shapes), _SAMPLE)).astype(int))
    some = shapes[chosen]
    bounds = shapely.bounds(some)
    extents = np.maximum(bounds[:, 2] - bounds[:, 0], bounds[:, 3] - bounds[:, 1])
    simple = shapely.make_valid(shapely.simplify(some, extents * _SIMPLER), method="structure", keep_collapsed=False)
    kept = ~shapely.is_empty(simple)
    return simple[kept], [names[i] for i in chosen[kept].tolist()]


def _scored(sample: Shapes, names: Sequence[str], known: Known, one: Candidate) -> Candidate:
    try:
        moved = in_degrees(sample, one.crs, swapped=one.swapped)
    except CrsError:
        return Candidate(crs=one.crs, swapped=one.swapped, score=-1.0)
    bounds = shapely.total_bounds(moved)
    if not np.isfinite(bounds).all() or not _meets(bounds):
        return Candidate(crs=one.crs, swapped=one.swapped, score=-1.0)
    best = max(((fit(moved, names, drawn), level) for level, drawn in known.drawn.items()), default=(0.0, ""))
    return Candidate(crs=one.crs, swapped=one.swapped, score=best[0], level=best[1])


def _meets(bounds: NDArray[np.float64]) -> bool:
    west, south, east, north = _AROUND
    return bool(bounds[0] < east and bounds[2] > west and bounds[1] < north and bounds[3] > south)


def fit(moved: Shapes, names: Sequence[str], drawn: Drawn) -> float:
    """How well shapes cover the polygons of a level: those of the same name, else those that they cover best; or
    all together what they tile; else how far each lies within one."""
    alike = float(np.mean([_best(shape, name, drawn) for shape, name in zip(moved, names, strict=True)]))
    return max(alike, _together(moved, drawn), _INSIDE * _within(moved, drawn))


def _best(shape: shapely.Geometry, name: str, drawn: Drawn) -> float:
    same = drawn.places.get(name, ()) if name else ()
    near = [int(i) for i in drawn.tree.query(shape)]
    chosen = [i for i in near if i in same] or ([] if same else near)
    return max((_ratio(shape, drawn.shapes[i]) for i in chosen), default=0.0)


def _ratio(one: shapely.Geometry, other: shapely.Geometry) -> float:
    """What two areas share of what they cover together."""
    if not shapely.intersects(one, other):
        return 0.0
    common = shapely.area(shapely.intersection(one, other))
    return float(common / (shapely.area(one) + shapely.area(other) - common))


def _together(moved: Shapes, drawn: Drawn) -> float:
    """The whole layer against the polygons that it covers for the greater part."""
    whole = shapely.union_all(shapely.buffer(moved, 0))
    near = [int(i) for i in drawn.tree.query(whole)]
    covered = [i for i in near if shapely.area(shapely.intersection(drawn.shapes[i], whole)) > drawn.shapes[i].area / 2]
    return _ratio(whole, shapely.union_all(drawn.shapes[covered])) if covered else 0.0


def _within(moved: Shapes, drawn: Drawn) -> float:
    shares = []
    for shape in moved:
        parts = [shapely.area(shapely.intersection(shape, drawn.shapes[i])) for i in drawn.tree.query(shape).tolist()]
        shares.append(max(parts, default=0.0) / max(shapely.area(shape), 1e-15))
    return float(np.mean(shares)) if shares else 0.0
