"""A batch's books by hand, for tests of what the screens are told."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from alerts.books import Tally, keep_books
from alerts.fence import Fence
from config.database import Connection
from ingest.newest import pack_newest
from ingest.quarantine import Caps

Told = tuple[int, datetime, float]  # sensor, time, value
CAPS = Caps()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def packed(readings: Sequence[Told]) -> bytes | None:
    """Readings as a batch stores them, in the order of their arrival."""
    return pack_newest(
        np.array([sensor for sensor, _, _ in readings], dtype=np.int32),
        np.array([(time - _EPOCH) // timedelta(microseconds=1) for _, time, _ in readings], dtype=np.int64),
        np.array([value for _, _, value in readings], dtype=np.float64),
    )


def tell(connection: Connection, readings: Sequence[Told], partition: str = "cq") -> None:
    """As the last statement of a batch's transaction does: the books, and what the screens are told."""
    counted = Tally(faults=[], received=len(readings), stored=len(readings), newest=packed(readings))
    keep_books(connection, Fence(partition=partition, epoch=1), [], counted, CAPS)
