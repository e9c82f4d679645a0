"""Writes readings, each once: the key is (sensor, time), and the first value stored under it stays.

Almost every batch is new, so it is copied in at once (binary COPY straight from NumPy
columns, inside a savepoint). Only where the database finds a key that is there already
is the batch looked up, and what is missing copied again.
"""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from psycopg import errors
from psycopg.adapt import Dumper
from psycopg.pq import Format

from config.database import Connection
from config.queries import Queries

_queries = Queries(Path(__file__).with_name("store_queries.sql"))

_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US
_POSTGRES_EPOCH_US = 946_684_800_000_000  # 2000-01-01 UTC
_POSTGRES_EPOCH_DAY = 10_957
_INT4, _DATE, _TIMESTAMPTZ = 23, 1082, 1184  # pg_type oids, fixed for ever

# Each look-up that follows a violation sees one more committed writer of the same keys.
_TRIES = 5

_COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
_COPY_TRAILER = struct.pack(">h", -1)
_COPY_ROW = np.dtype(
    [
        ("fields", ">i2"),
        ("sensor_bytes", ">i4"),
        ("sensor", ">i4"),
        ("time_bytes", ">i4"),
        ("time", ">i8"),
        ("value_bytes", ">i4"),
        ("value", ">f8"),
        ("late_bytes", ">i4"),
        ("late", "?"),
        ("judged_bytes", ">i4"),
        ("judged", "?"),
        ("suspect_bytes", ">i4"),
        ("suspect", "?"),
    ]
)


@dataclass(frozen=True, kw_only=True)
class Readings:
    """Accepted readings as columns of one length, in arrival order; values are never NaN."""

    sensor: NDArray[np.int32]  # sensors.id
    time_us: NDArray[np.int64]  # event time, µs since 1970 UTC
    value: NDArray[np.float64]  # in the sensor's unit
    late: NDArray[np.bool_]
    judged: NDArray[np.bool_]
    suspect: NDArray[np.bool_] | None = None  # a step beyond what the sensor can do; None: none is

    def __post_init__(self) -> None:
        assert not np.isnan(self.value).any(), "a NaN is no reading: quarantine it"

    def take(self, rows: NDArray[np.intp]) -> "Readings":
        return Readings(
            sensor=self.sensor[rows],
            time_us=self.time_us[rows],
            value=self.value[rows],
            late=self.late[rows],
            judged=self.judged[rows],
            suspect=None if self.suspect is None else self.suspect[rows],
        )

    def __len__(self) -> int:
        return len(self.sensor)


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What became of each input row: exactly one of the masks is true for it."""

    new: NDArray[np.bool_]
    repeat: NDArray[np.bool_]  # the same key and value were stored before, or came earlier in the batch
    conflict: NDArray[np.bool_]  # another value is stored under the key, and stays


class ReadingsStore:
    """Stores readings; remembers which days have a partition. One for each writing process."""

    def __init__(self) -> None:
        self._known_days: set[int] = set()  # since 1970

    def store(self, connection: Connection, readings: Readings) -> Stored:
        """Store what is not stored yet, in the caller's open transaction (READ COMMITTED).

        Raises psycopg.errors.UniqueViolation where other writers of the same keys keep
        committing in between; the caller rolls back and tries the batch again.
        """
        first = _first_of_each_key(readings)
        keys = np.flatnonzero(first == np.arange(len(readings)))
        kept = np.full(len(readings), np.nan)
        kept[keys] = self._store_keys(connection, readings.take(keys))
        new = np.isnan(kept)
        kept = np.where(new, readings.value, kept)[first]
        new[first != np.arange(len(readings))] = False
        same = kept == readings.value
        return Stored(new=new, repeat=same & ~new, conflict=~same)

    def _store_keys(self, connection: Connection, readings: Readings) -> NDArray[np.float64]:
        """The value that was there before under each key, NaN where there was none and ours is stored now."""
        before = np.full(len(readings), np.nan)
        for tries_left in reversed(range(_TRIES)):
            missing = readings.take(np.flatnonzero(np.isnan(before)))
            if not len(missing):
                break
            try:
                self._copy_in(connection, missing)
                break
            except errors.UniqueViolation:
                if not tries_left:
                    raise
                before = _stored_values(connection, readings)
        return before

    def _copy_in(self, connection: Connection, readings: Readings) -> None:
        self._ensure_days(connection, readings)
        try:
            _copy(connection, readings)
        except errors.CheckViolation:  # no partition: dropped by age, or made in a transaction that was rolled back
            self._known_days.clear()
            self._ensure_days(connection, readings)
            _copy(connection, readings)
        hours = np.unique(readings.time_us // _HOUR_US) * _HOUR_US
        _execute(connection, "mark_rollups", hours=_timestamps(hours))

    def _ensure_days(self, connection: Connection, readings: Readings) -> None:
        days = np.unique(readings.time_us // _DAY_US)
        if self._known_days.issuperset(days.tolist()):
            return
        _execute(connection, "ensure_days", days=_array(days - _POSTGRES_EPOCH_DAY, ">i4", _DATE))
        self._known_days.update(days.tolist())


def _first_of_each_key(readings: Readings) -> NDArray[np.intp]:
    """For each row, the first row of the batch with the same (sensor, time)."""
    order = np.lexsort((readings.time_us, readings.sensor))  # stable: arrival order within a key
    sensor, time_us = readings.sensor[order], readings.time_us[order]
    starts = np.ones(len(order), dtype=bool)
    starts[1:] = (sensor[1:] != sensor[:-1]) | (time_us[1:] != time_us[:-1])
    first = np.empty(len(order), dtype=np.intp)
    first[order] = order[starts][np.cumsum(starts) - 1]
    return first


def _copy(connection: Connection, readings: Readings) -> None:
    rows = np.empty(len(readings), dtype=_COPY_ROW)
    rows["fields"] = 6
    rows["sensor_bytes"], rows["sensor"] = 4, readings.sensor
    rows["time_bytes"], rows["time"] = 8, readings.time_us - _POSTGRES_EPOCH_US
    rows["value_bytes"], rows["value"] = 8, readings.value
    rows["late_bytes"], rows["late"] = 1, readings.late
    rows["judged_bytes"], rows["judged"] = 1, readings.judged
    rows["suspect_bytes"], rows["suspect"] = 1, False if readings.suspect is None else readings.suspect
    with connection.transaction(), connection.cursor().copy(_queries["copy_readings"]) as copy:
        copy.write(_COPY_HEADER + rows.tobytes() + _COPY_TRAILER)


def _stored_values(connection: Connection, readings: Readings) -> NDArray[np.float64]:
    time = readings.time_us
    values = _execute(
        connection,
        "stored_values",
        sensor=_array(readings.sensor, ">i4", _INT4),
        time=_timestamps(time),
        oldest=_moment(time.min()),
        newest=_moment(time.max()),
    )
    return np.array(values, dtype=np.float64)  # None becomes NaN


def _moment(time_us: np.int64) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(time_us))


class _Array(bytes):
    """A PostgreSQL array in its binary form, made without a Python object for each element."""


class _ArrayDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: _Array) -> bytes:
        return bytes(obj)


def _array(column: NDArray[np.generic], width: str, oid: int) -> _Array:
    elements = np.empty(len(column), dtype=[("bytes", ">i4"), ("element", width)])
    elements["bytes"], elements["element"] = elements.dtype["element"].itemsize, column
    return _Array(struct.pack(">iiiii", 1, 0, oid, len(column), 1) + elements.tobytes())


def _timestamps(time_us: NDArray[np.int64]) -> _Array:
    return _array(time_us - _POSTGRES_EPOCH_US, ">i8", _TIMESTAMPTZ)


def _execute(connection: Connection, query: str, **parameters: object) -> object:
    """The first column of the statement's first row."""
    with connection.cursor(binary=True) as cursor:
        cursor.adapters.register_dumper(_Array, _ArrayDumper)
        # Planned for these very bounds each time: a generic plan would lock every day there is.
        cursor.execute(_queries[query], parameters, prepare=False)
        row = cursor.fetchone()
    return row[0] if row else None
