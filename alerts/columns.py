"""The NumPy columns that the kernel works on. Times are whole microseconds since 1970 UTC."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int32]
Rows = NDArray[np.int64]
Times = NDArray[np.int64]
Floats = NDArray[np.float64]
Counts = NDArray[np.int32]
Flags = NDArray[np.bool_]
Keys = NDArray[np.complex128]

NEVER = int(np.iinfo(np.int64).min)  # before every time; no arithmetic with it


@dataclass(frozen=True, kw_only=True)
class Past:
    """Readings that were judged before, of sensors that a late one came for: three columns of one length."""

    sensor: Ids
    time: Times
    value: Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """Readings in the order in which they arrived: three columns of one length."""

    sensor: Ids
    time: Times  # event time, µs
    value: Floats  # in the sensor's unit and datum
    past: Past | None = None  # what `late_needs` asked for; None where nothing came late

    @cached_property
    def by_sensor(self) -> tuple[Rows, Rows]:
        """[n] its rows in order of sensor, those of one sensor as they came, and the sensor of each."""
        # One sort of sensor and row in a single number is several times as fast as a stable argsort.
        keys = np.sort((self.sensor.astype(np.int64) << 32) | np.arange(len(self.sensor)))
        return keys & 0xFFFFFFFF, keys >> 32

    def take(self, rows: Rows) -> "Batch":
        """The rows named, rising and each once; all of them are the batch itself."""
        if len(rows) == len(self.sensor):
            return self
        return Batch(sensor=self.sensor[rows], time=self.time[rows], value=self.value[rows])


NOTHING = Batch(sensor=np.zeros(0, np.int32), time=np.zeros(0, np.int64), value=np.zeros(0))


class Heads(Protocol):
    """How far each sensor was heard."""

    def heads(self, sensors: Rows) -> Times:
        """[n] time of the newest reading of each; NEVER for one that was never heard of."""
        ...


def spans(starts: Rows, lengths: Rows) -> tuple[Rows, Rows]:
    """The indices of many spans laid end to end, and for each index the number of its span."""
    of = np.repeat(np.arange(len(lengths)), lengths)
    begins = np.cumsum(lengths) - lengths
    return (starts - begins)[of] + np.arange(len(of)), of


def keys(major: Rows, time: Times) -> Keys:
    """One column that sorts by two: NumPy orders complex numbers by their real part, then the other.

    Exact for ids and for µs of the years 1685 to 2255, as far as a float64 counts one by one.
    """
    made = np.empty(len(major), np.complex128)
    made.real, made.imag = major, time
    return made


def segments(of: Rows) -> Rows:
    """The first index of every stretch of equal numbers."""
    return np.flatnonzero(begins(of))


def begins(of: Rows) -> Flags:
    """Whether a stretch of equal numbers begins there."""
    first = np.ones(len(of), bool)
    np.not_equal(of[1:], of[:-1], out=first[1:])
    return first
