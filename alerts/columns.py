"""The NumPy columns that the kernel works on. Times are whole microseconds since 1970 UTC."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int32]
Rows = NDArray[np.int64]
Times = NDArray[np.int64]
Floats = NDArray[np.float64]
Counts = NDArray[np.int32]
Flags = NDArray[np.bool_]

NEVER = int(np.iinfo(np.int64).min)  # before every time; no arithmetic with it


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Readings in the order in which they arrived: three columns of one length."""

    sensor: Ids
    time: Times  # event time, µs
    value: Floats  # in the sensor's unit and datum


def spans(starts: Rows, lengths: Rows) -> tuple[Rows, Rows]:
    """The indices of many spans laid end to end, and for each index the number of its span."""
    of = np.repeat(np.arange(len(lengths)), lengths)
    begins = np.cumsum(lengths) - lengths
    return (starts - begins)[of] + np.arange(len(of)), of
