"""The locator answers what the exact geometry answers, borders included."""

import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from benchmarks.locate import generated_coverage, points_inside, township_polygons
from geo.locate import Locator

SQUARE = shapely.box(106.0, 29.0, 107.0, 30.0)


def _lowest_covering(polygons: NDArray[np.object_], lon: NDArray[np.float64], lat: NDArray[np.float64]) -> list[int]:
    """The rule of `Locator`, one polygon at a time."""
    answer = np.full(len(lon), -1)
    for index in reversed(range(len(polygons))):
        if polygons[index] is not None:
            answer[shapely.intersects_xy(polygons[index], lon, lat)] = index
    return answer.tolist()


def _awkward_points(polygons: NDArray[np.object_], rng: np.random.Generator) -> NDArray[np.float64]:
    """Points anywhere, on vertices, on the middle of edges, and a hair beside them."""
    corners = shapely.get_coordinates(polygons)
    middles = (corners[1:] + corners[:-1]) / 2
    low, high = corners.min(axis=0) - 0.2, corners.max(axis=0) + 0.2
    hair = corners + rng.choice([-1e-12, 0, 1e-12, 1e-9], corners.shape)
    return np.concatenate([rng.uniform(low, high, (2000, 2)), corners, middles, hair])


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 60), thin=st.booleans(), memory=st.sampled_from([1, 64]))
def test_agrees_with_the_exact_geometry_on_a_coverage(seed: int, count: int, thin: bool, memory: int) -> None:
    rng = np.random.default_rng(seed)
    polygons = generated_coverage(SQUARE, count, rng)
    if thin:  # gaps
        polygons = polygons[rng.random(len(polygons)) < 0.7]
    points = _awkward_points(polygons, rng) if len(polygons) else np.zeros((3, 2))
    lon, lat = points[:, 0].copy(), points[:, 1].copy()
    found = Locator(list(polygons), memory_mb=memory).locate(lon, lat)
    assert found.tolist() == _lowest_covering(polygons, lon, lat)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 12))
def test_agrees_where_polygons_overlap_have_holes_and_many_parts(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    centres = shapely.points(rng.uniform(106, 107, (count, 3, 2)))
    rings = shapely.difference(shapely.buffer(centres, 0.2, quad_segs=3), shapely.buffer(centres, 0.1, quad_segs=2))
    polygons = np.append(shapely.union_all(rings, axis=1), [SQUARE, SQUARE])  # twice: the lower index has it all
    points = _awkward_points(polygons, rng)
    lon, lat = points[:, 0].copy(), points[:, 1].copy()
    assert Locator(list(polygons)).locate(lon, lat).tolist() == _lowest_covering(polygons, lon, lat)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), columns=st.integers(1, 20), rows=st.integers(1, 20))
def test_agrees_on_borders_that_run_with_the_raster(seed: int, columns: int, rows: int) -> None:
    x, y = np.meshgrid(106 + np.arange(columns) * 0.05, 29 + np.arange(rows) * 0.05)
    polygons = np.asarray(shapely.box(x, y, x + 0.05, y + 0.05)).ravel()
    points = _awkward_points(polygons, np.random.default_rng(seed))
    lon, lat = points[:, 0].copy(), points[:, 1].copy()
    assert Locator(list(polygons)).locate(lon, lat).tolist() == _lowest_covering(polygons, lon, lat)


def test_a_shared_border_belongs_to_the_lower_index() -> None:
    west, east = shapely.box(106, 29, 106.5, 30), shapely.box(106.5, 29, 107, 30)
    border = np.array([106.5]), np.array([29.3])
    assert Locator([west, east]).locate(*border).tolist() == [0]
    assert Locator([east, west]).locate(*border).tolist() == [0]


def test_what_has_no_place_is_nowhere() -> None:
    lon = np.array([np.nan, np.inf, -np.inf, 1e300, 106.5, 0.0])
    lat = np.array([29.5, 29.5, np.nan, -1e300, 29.5, 0.0])
    assert Locator([None, SQUARE, shapely.Polygon()]).locate(lon, lat).tolist() == [-1, -1, -1, -1, 1, -1]


@pytest.mark.parametrize("polygons", [[], [None], [shapely.Polygon()]])
def test_no_polygons_hold_nothing(polygons: list[shapely.Polygon | None]) -> None:
    assert Locator(polygons).locate(np.array([106.5, np.nan]), np.array([29.5, 29.5])).tolist() == [-1, -1]
    assert Locator(polygons).locate(np.array([]), np.array([])).tolist() == []


def test_townships_as_geopandas_places_them() -> None:
    polygons = township_polygons()
    points = points_inside(shapely.box(*shapely.total_bounds(polygons)), 100_000, np.random.default_rng(3))
    found = Locator(list(polygons)).locate(points[:, 0].copy(), points[:, 1].copy())
    left = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(points[:, 0], points[:, 1]))
    joined = left.sjoin(geopandas.GeoDataFrame(geometry=list(polygons)), how="left", predicate="within")
    assert len(joined) == len(points)
    assert np.array_equal(joined["index_right"].fillna(-1).to_numpy(), found)
