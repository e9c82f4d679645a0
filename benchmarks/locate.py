"""Locating points: the raster locator beside geopandas.sjoin, on the townships and on 70,000 grids."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import geopandas
import numpy as np
import shapely
from numpy.typing import NDArray

from geo.locate import Locator

TOWNSHIPS = Path(__file__).parents[1] / "geo" / "data" / "townships_derived.geojson"
Floats = NDArray[np.float64]
Polygons = NDArray[np.object_]
T = TypeVar("T")
ROUNDS = 5  # the best of them counts


def township_polygons() -> Polygons:
    """The township polygons of the default data."""
    layer = geopandas.read_file(TOWNSHIPS)
    polygons: Polygons = layer.geometry[layer.geometry.notna() & ~layer.geometry.is_empty].to_numpy()
    return polygons


def generated_coverage(outline: Any, count: int, rng: np.random.Generator) -> Polygons:
    """About `count` Voronoi cells that tile the outline: the size of a city's grid layer."""
    shapely.prepare(outline)
    seeds = points_inside(outline, count, rng)
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(seeds), extend_to=outline))
    cut = ~shapely.contains_properly(outline, cells)
    cells[cut] = shapely.intersection(cells[cut], outline)
    return np.asarray(cells)


def points_inside(outline: Any, count: int, rng: np.random.Generator) -> Floats:
    """`count` points spread evenly over the outline: float64[count, 2], lon/lat degrees."""
    low, high = np.array(outline.bounds[:2]), np.array(outline.bounds[2:])
    share = outline.area / float(np.prod(high - low))
    tried = rng.uniform(low, high, (int(count / share * 1.1) + 1000, 2))
    inside: Floats = tried[shapely.contains_xy(outline, tried)][:count]
    return inside


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    start = time.perf_counter()
    answer = work()
    return time.perf_counter() - start, answer


def _sjoin(polygons: Polygons, points: Floats) -> NDArray[np.int64]:
    """The index of each point's polygon by geopandas, -1 outside; the lowest where several match."""
    left = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(points[:, 0], points[:, 1]))
    right = geopandas.GeoDataFrame(geometry=list(polygons))
    joined = left.sjoin(right, how="left", predicate="within")["index_right"].groupby(level=0).min()
    found: NDArray[np.int64] = joined.fillna(-1).to_numpy().astype(np.int64)
    return found


def compare(polygons: Polygons, points: Floats, sjoin_points: int) -> dict[str, float | int]:
    """Points a second of both, and how many of `sjoin_points` points they place differently."""
    lon, lat = points[:, 0].copy(), points[:, 1].copy()
    build_s, locator = _timed(lambda: Locator(list(polygons)))
    ours_s = theirs_s = float("inf")
    for _ in range(ROUNDS):  # in turn, so that a busy moment of the machine meets both
        seconds, ours = _timed(lambda: locator.locate(lon, lat))
        ours_s = min(ours_s, seconds)
        seconds, theirs = _timed(lambda: _sjoin(polygons, points[:sjoin_points]))
        theirs_s = min(theirs_s, seconds)
    return {
        "polygons": len(polygons),
        "build_s": round(build_s, 3),
        "points_per_s": round(len(points) / ours_s),
        "sjoin_points_per_s": round(len(theirs) / theirs_s),
        "mismatches": int(np.count_nonzero(ours[:sjoin_points] != theirs)),
    }


def run(points: int = 2_000_000, *, sjoin_points: int = 300_000, grids: int = 70_000, seed: int = 1) -> dict[str, Any]:
    """Both layers in one run; points lie inside the city (those outside would be easier)."""
    rng = np.random.default_rng(seed)
    townships = township_polygons()
    city = shapely.coverage_union_all(townships)
    shapely.prepare(city)
    where = points_inside(city, points, rng)
    result: dict[str, Any] = {
        **compare(townships, where, sjoin_points),
        "points": points,
        "sjoin_points": sjoin_points,
        "cpus": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 2),
        "threads": 1,
        "best_of": ROUNDS,
    }
    if grids:
        result["grids"] = compare(generated_coverage(city, grids, rng), where, sjoin_points)
    return result
