"""Stored readings straight into columns: binary COPY out, read by NumPy, in slices that fit into memory."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np

from alerts.columns import Batch
from alerts.ledger_account import QUERIES, Span
from config.database import Connection

_SLICE = 4_000_000  # readings: some 300 MB while they are sorted
_POSTGRES_EPOCH_US = 946_684_800_000_000  # 2000-01-01 UTC
_HEADER, _TRAILER = 19, 2
_ROW = np.dtype(
    [
        ("fields", ">i2"),
        ("sensor_bytes", ">i4"),
        ("sensor", ">i4"),
        ("time_bytes", ">i4"),
        ("time", ">i8"),
        ("value_bytes", ">i4"),
        ("value", ">f8"),
    ]
)


def copied(connection: Connection, query: str, **parameters: object) -> Batch:
    """The readings of a COPY of sensor, time and value, in order of time, then sensor."""
    with connection.cursor() as cursor, cursor.copy(QUERIES[query], parameters) as copy:
        data = b"".join(copy)
    rows = np.frombuffer(data, _ROW, offset=_HEADER, count=(len(data) - _HEADER - _TRAILER) // _ROW.itemsize)
    time = rows["time"].astype(np.int64) + _POSTGRES_EPOCH_US
    sensor = rows["sensor"].astype(np.int32)
    order = np.lexsort((sensor, time))
    return Batch(sensor=sensor[order], time=time[order], value=rows["value"].astype(np.float64)[order])


def slices(connection: Connection, span: Span) -> Iterator[tuple[datetime, datetime]]:
    """The span in pieces of whole hours, each of so many readings as fit into memory, by the books."""
    begin = span.since or _first(connection)
    if begin is None:
        return
    until = span.until or datetime.now(UTC) + timedelta(days=1)
    parameters = {"since": begin.isoformat(), "until": until.isoformat(), "kept": "-infinity"}
    booked = sorted(connection.execute(QUERIES["hours_in_the_books"], parameters).fetchall())
    held = 0
    for hour, stored in booked:
        if held and held + stored > _SLICE and hour > begin:
            yield begin, hour
            begin, held = hour, 0
        held += stored
    yield begin, until


def _first(connection: Connection) -> datetime | None:
    row = connection.execute(QUERIES["first_reading"]).fetchone()
    return row[0] if row else None
