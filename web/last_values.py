"""The newest reading of every sensor, kept in memory: columns by the sensor's number."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from ingest.newest import NEWEST
from web.state import LastValue

_NEVER = np.iinfo(np.int64).min
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_COLUMNS = np.dtype([("time_us", "i8"), ("value", "f8"), ("previous", "f8")])  # previous: NaN where none is known


class LastValues:
    """Takes what batches tell and what the database holds; whoever takes learns which sensors have other values now."""

    def __init__(self) -> None:
        self._known = _unknown(0)

    def take(self, newest: NDArray[np.void]) -> NDArray[np.intp]:
        """Rows of NEWEST, each sensor once. One older than what is known comes late, and changes nothing."""
        self._make_room(newest["sensor"])
        known = self._known
        newest = newest[newest["time_us"] > known["time_us"][newest["sensor"]]]
        at = newest["sensor"].astype(np.intp)
        known["previous"][at] = known["value"][at]
        known["time_us"][at], known["value"][at] = newest["time_us"], newest["value"]
        return at

    def take_whole(self, rows: Sequence[tuple[int, int, float, float | None]]) -> NDArray[np.intp]:
        """Sensor, time in µs, value, the one before: of all sensors, as the database holds them. So it is, then."""
        newest = np.array([row[:3] for row in rows], dtype=NEWEST)
        at = newest["sensor"].astype(np.intp)
        self._make_room(newest["sensor"])
        former, self._known = self._known, _unknown(len(self._known))
        self._known["time_us"][at], self._known["value"][at] = newest["time_us"], newest["value"]
        self._known["previous"][at] = [np.nan if row[3] is None else row[3] for row in rows]
        others: NDArray[np.bool_] = former["time_us"][at] != newest["time_us"]
        others |= former["value"][at] != newest["value"]
        return at[others]

    def of(self, sensors: NDArray[np.intp]) -> list[LastValue]:
        """As screens are told, of sensors that have one."""
        return [
            LastValue(
                id=sensor,
                time=_EPOCH + timedelta(microseconds=time_us),
                value=value,
                previous=None if np.isnan(previous) else previous,
            )
            for sensor, (time_us, value, previous) in zip(sensors.tolist(), self._known[sensors].tolist(), strict=True)
        ]

    def _make_room(self, sensor: NDArray[np.int32]) -> None:
        missing = (int(sensor.max()) + 1 if len(sensor) else 0) - len(self._known)
        if missing > 0:
            self._known = np.concatenate([self._known, _unknown(missing)])


def _unknown(size: int) -> NDArray[np.void]:
    columns = np.empty(size, dtype=_COLUMNS)
    columns["time_us"], columns["value"], columns["previous"] = _NEVER, np.nan, np.nan
    return columns
