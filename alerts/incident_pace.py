"""How an incident goes on: its newest minutes of event time, the rate of its alerts, the way it spreads."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from geo.motion import Motion, motion_of_centre

MINUTE_US = 60_000_000
NEWEST_MINUTES = 60  # [D] that had an alert: older ones say nothing of what goes on now
RATE_MINUTES = 10


class Minute(NamedTuple):
    """The alerts that were raised in one minute, and the centre of the located ones (degrees)."""

    minute: int  # since 1970 UTC
    alerts: int
    located: int
    lon: float
    lat: float

    def plus(self, other: "Minute") -> "Minute":
        """Both together."""
        located = self.located + other.located
        share = other.located / located if located else 0.0
        lon, lat = self.lon + (other.lon - self.lon) * share, self.lat + (other.lat - self.lat) * share
        return Minute(self.minute, self.alerts + other.alerts, located, lon, lat)


Pace = tuple[Minute, ...]  # in order of time


def minute_of(opened_at: int, lon: float | None, lat: float | None) -> Minute:
    """The minute of one alert; event time in µs."""
    if lon is None or lat is None:
        return Minute(opened_at // MINUTE_US, 1, 0, 0.0, 0.0)
    return Minute(opened_at // MINUTE_US, 1, 1, lon, lat)


def joined(*parts: Iterable[Minute]) -> Pace:
    """All of them, each minute once; the newest."""
    by_minute: dict[int, Minute] = {}
    for one in (minute for part in parts for minute in part):
        known = by_minute.get(one.minute)
        by_minute[one.minute] = one if known is None else known.plus(one)
    return tuple(by_minute[minute] for minute in sorted(by_minute)[-NEWEST_MINUTES:])


def per_minute(pace: Iterable[Minute], now: int) -> float:
    """Alerts a minute over the last ten that have begun at `now`, event time in µs."""
    this = now // MINUTE_US
    return sum(one.alerts for one in pace if this - RATE_MINUTES < one.minute <= this) / RATE_MINUTES


def spread(pace: Iterable[Minute]) -> Motion | None:
    """Which way the centre of new alerts moves."""
    found = np.array([one for one in pace if one.located], dtype=np.float64).reshape(-1, 5)
    return motion_of_centre(found[:, 3], found[:, 4], found[:, 0] * 60, found[:, 2])
