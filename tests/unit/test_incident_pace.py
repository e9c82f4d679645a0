"""Rate and direction: alerts by minute, the motion of their centre, true bearings."""

from math import cos, radians, sin

import numpy as np
import pyproj
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.incident_pace import MINUTE_US, NEWEST_MINUTES, Minute, joined, minute_of, per_minute, spread
from geo.motion import Motion, motion_of_centre

GEOD = pyproj.Geod(ellps="GRS80")


def front(
    lon: float, lat: float, bearing: float, m_per_h: float, minutes: int = 30, scatter_m: float = 0.0
) -> Motion | None:
    """Centres a minute apart along a geodesic, as ellipsoidal geometry (not a projection) places them."""
    luck = np.random.default_rng(7)
    distance = np.arange(minutes) / 60 * m_per_h
    lons, lats, _ = GEOD.fwd(np.full(minutes, lon), np.full(minutes, lat), np.full(minutes, bearing), distance)
    away, turn = np.abs(luck.normal(0, scatter_m, minutes)), luck.uniform(0, 360, minutes)
    lons, lats, _ = GEOD.fwd(lons, lats, turn, away)
    return motion_of_centre(np.array(lons), np.array(lats), np.arange(minutes) * 60.0, np.ones(minutes))


@given(
    lon=st.floats(105.3, 110.2), lat=st.floats(28.2, 32.2), bearing=st.floats(0, 359.9), m_per_h=st.floats(50, 20_000)
)
def test_speed_and_true_bearing_anywhere_in_the_city(lon: float, lat: float, bearing: float, m_per_h: float) -> None:
    """Across the border of two zones and 1.5° off a meridian, where grid north is 0.8° off."""
    found = front(lon, lat, bearing, m_per_h)
    assert found is not None
    assert found.m_per_h == pytest.approx(m_per_h, rel=0.001)
    assert abs((found.bearing - bearing + 180) % 360 - 180) < 0.1


def test_scatter_has_no_direction_and_a_front_shows_through_it() -> None:
    assert front(106.5, 29.5, 90, 0.0, scatter_m=2000) is None
    found = front(106.5, 29.5, 90, 5000, minutes=60, scatter_m=500)
    assert found is not None and found.bearing == pytest.approx(90, abs=10)


def test_too_few_centres_or_too_short_a_time_have_no_direction() -> None:
    assert front(106.5, 29.5, 90, 5000, minutes=3) is None
    assert motion_of_centre(np.arange(9) / 9 + 106, np.full(9, 29.5), np.arange(9) * 1.0, np.ones(9)) is None


def test_a_centre_of_many_weighs_more() -> None:
    time = np.arange(8) * 60.0
    lon, lat = 106.5 + np.arange(8) * 0.001, np.full(8, 29.5)
    lat[5] = 29.9  # one stray alert beside hundreds
    weight = np.where(np.arange(8) == 5, 1.0, 1e6)
    found = motion_of_centre(lon, lat, time, weight)
    assert found is not None and found.bearing == pytest.approx(90, abs=1)


def test_minutes_are_joined_and_the_newest_kept() -> None:
    here = [minute_of(number * MINUTE_US // 2, 106.0 + number, 29.0) for number in range(4)]
    assert joined(here[:3], here[3:]) == (Minute(0, 2, 2, 106.5, 29.0), Minute(1, 2, 2, 108.5, 29.0))
    unlocated = minute_of(30, None, None)
    assert joined(here[:1], [unlocated]) == (Minute(0, 2, 1, 106.0, 29.0),)
    assert joined([unlocated], here[:1]) == (Minute(0, 2, 1, 106.0, 29.0),)
    many = joined(minute_of(number * MINUTE_US, None, None) for number in range(100))
    assert [one.minute for one in many] == list(range(100 - NEWEST_MINUTES, 100))


def test_the_rate_is_that_of_the_last_ten_minutes() -> None:
    pace = joined(minute_of(minute * MINUTE_US, None, None) for minute in [0, 0, 0, 5, 9, 10])
    assert per_minute(pace, 9 * MINUTE_US) == 0.5
    assert per_minute(pace, 10 * MINUTE_US + 1) == 0.3
    assert per_minute(pace, 100 * MINUTE_US) == 0
    assert spread(pace) is None


def test_an_incident_of_fronts_spreads() -> None:
    steps = [
        (106.5 + 0.01 * i * sin(radians(30)) / cos(radians(29.5)), 29.5 + 0.01 * i * cos(radians(30))) for i in range(9)
    ]
    found = spread(joined(minute_of(i * 10 * MINUTE_US, *step) for i, step in enumerate(steps)))
    assert found is not None and found.bearing == pytest.approx(30, abs=0.5)
