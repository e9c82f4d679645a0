"""What a batch tells the screens: of each of its sensors the newest reading, packed into one value of the database."""

import numpy as np
from numpy.typing import NDArray

# Of a partition; a reader that falls further behind reads the newest of all sensors.
BATCHES_KEPT = 512
NEWEST = np.dtype([("sensor", "<i4"), ("time_us", "<i8"), ("value", "<f8")])  # µs since 1970 UTC


def pack_newest(sensor: NDArray[np.int32], time_us: NDArray[np.int64], value: NDArray[np.float64]) -> bytes | None:
    """Columns of a batch's stored readings, each key once, as the table live_batches keeps them; None of nothing."""
    if not len(sensor):
        return None
    order = np.argsort(time_us, kind="stable")
    # The row of each sensor's newest: of several for one place the last one stays, and no other place is read.
    last = np.empty(int(sensor.max()) + 1, dtype=np.intp)
    last[sensor[order]] = order
    rows = order[last[sensor[order]] == order]
    packed = np.empty(len(rows), dtype=NEWEST)
    packed["sensor"], packed["time_us"], packed["value"] = sensor[rows], time_us[rows], value[rows]
    return packed.tobytes()


def unpack_newest(told: bytes) -> NDArray[np.void]:
    """The rows of NEWEST that were packed."""
    return np.frombuffer(told, dtype=NEWEST)
