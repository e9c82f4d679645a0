"""Sensors as the rules see them: what they read, how it may be compared, where they stand."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A sensor as the rules see it."""

    sensor_id: int
    quantity: str
    unit: str  # of its readings and its levels
    datum: str | None  # height system of its readings, where they are a stage
    levels: Mapping[str, float]  # its own: warning, guarantee, highest …
    levels_datum: str | None
    name: str = ""
    interval_s: float | None = None  # how often it reports
    device_id: int | None = None
    gateway_id: int | None = None  # the device that speaks for it
    lon: float | None = None  # degrees, CGCS2000
    lat: float | None = None
    grid_id: int | None = None
    township_id: int | None = None
    divisions: frozenset[int] = frozenset()  # all that it lies in
    codes: frozenset[str] = frozenset()  # of these
