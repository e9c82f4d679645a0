"""Coordinates: the shifted systems both ways, zones, areas."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from benchmarks.locate import township_polygons
from geo import crs
from geo.errors import CrsError

LON = arrays(np.float64, 5, elements=st.floats(105, 110.5))
LAT = arrays(np.float64, 5, elements=st.floats(28, 32.5))


@settings(deadline=None)
@given(lon=LON, lat=LAT)
def test_gcj02_and_bd09_come_back(lon: np.ndarray, lat: np.ndarray) -> None:
    for there, back in (
        (crs.gcj02_from_wgs84, crs.wgs84_from_gcj02),
        (crs.bd09_from_wgs84, crs.wgs84_from_bd09),
    ):
        again = back(*there(lon, lat))
        assert np.abs(again[0] - lon).max() < 1e-10
        assert np.abs(again[1] - lat).max() < 1e-10


@settings(deadline=None)
@given(lon=LON, lat=LAT, zone=st.sampled_from(["EPSG:4544", "EPSG:4545", "EPSG:4546"]))
def test_zones_come_back(lon: np.ndarray, lat: np.ndarray, zone: str) -> None:
    points = shapely.points(lon, lat)
    again = crs.project(crs.project(points, crs.GEOGRAPHIC, zone), zone, crs.GEOGRAPHIC)
    assert np.abs(shapely.get_coordinates(again) - np.column_stack([lon, lat])).max() < 1e-9


def test_the_shift_of_gcj02_over_the_city() -> None:
    """Two independent point sets (AMap, GeoNames) differ by a median of 416 m and 278 m before conversion."""
    points = shapely.get_coordinates(shapely.point_on_surface(township_polygons()))
    lon, lat = points[:, 0], points[:, 1]
    shifted = crs.gcj02_from_wgs84(lon, lat)
    east = np.median(np.abs(shifted[0] - lon) * np.cos(np.radians(lat))) * 111_320
    north = np.median(np.abs(shifted[1] - lat)) * 110_850
    assert east == pytest.approx(416, abs=40)
    assert north == pytest.approx(278, abs=40)


def test_gcj02_of_a_known_point() -> None:
    """The pair that the libraries which publish the formula give as their example (Beijing)."""
    lon, lat = crs.gcj02_from_wgs84(np.array([116.404]), np.array([39.915]))
    assert (lon[0], lat[0]) == pytest.approx((116.41024449916938, 39.91640428150164), abs=1e-9)
    lon, lat = crs.bd09_from_gcj02(np.array([116.404]), np.array([39.915]))
    assert (lon[0], lat[0]) == pytest.approx((116.41036949371029, 39.92133699351022), abs=1e-9)


@pytest.mark.parametrize(
    ("lon", "zone"),
    [(105.3, "EPSG:4544"), (106.4, "EPSG:4544"), (106.6, "EPSG:4545"), (109.4, "EPSG:4545"), (109.6, "EPSG:4546")],
)
def test_zone_by_longitude(lon: float, zone: str) -> None:
    assert crs.gauss_kruger_zone(lon) == zone


def test_areas_are_not_those_of_web_mercator() -> None:
    square = shapely.box(106.5, 29.5, 106.51, 29.51)
    true = crs.areas_m2(np.array([square], dtype=object))[0]
    assert true == pytest.approx(1_074_000, rel=0.005)
    mercator = crs.project(np.array([square], dtype=object), crs.GEOGRAPHIC, "EPSG:3857")[0].area
    assert mercator / true == pytest.approx(1.32, abs=0.01)
    around = crs.lengths_m(np.array([square.exterior], dtype=object))[0]
    assert around == pytest.approx(2 * (970 + 1108.5), rel=0.005)


def test_to_cgcs2000_names_what_it_does_not_know() -> None:
    with pytest.raises(CrsError, match="'EPSG:0'"):
        crs.to_cgcs2000(np.array([shapely.Point(1, 2)], dtype=object), "EPSG:0")
    with pytest.raises(CrsError, match="in metres"):
        crs.wgs84_from_gcj02(np.array([3e5]), np.array([3e6]))
