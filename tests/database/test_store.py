"""Readings are stored once: whatever comes in whatever batches, the first value under a key stays."""

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.database import Connection, connect
from ingest.store import Readings, ReadingsStore, Stored

pytestmark = pytest.mark.storage

HOUR_US = 3_600_000_000
START_US = 1_597_708_800_000_000  # 2020-08-18 00:00 UTC

Row = tuple[int, int, float]


def readings(rows: Iterable[Row], *, late: bool = False, judged: bool = True) -> Readings:
    sensor, time_us, value = zip(*rows, strict=True) if (rows := list(rows)) else ((), (), ())
    return Readings(
        sensor=np.array(sensor, dtype=np.int32),
        time_us=np.array(time_us, dtype=np.int64),
        value=np.array(value, dtype=np.float64),
        late=np.full(len(rows), late),
        judged=np.full(len(rows), judged),
    )


def stored_rows(connection: Connection) -> dict[tuple[int, int], float]:
    rows = connection.execute(
        "select sensor_id, (extract(epoch from time) * 1000000)::bigint, value from readings"
    ).fetchall()
    return {(sensor, time_us): value for sensor, time_us, value in rows}


def kinds(stored: Stored) -> list[str]:
    assert (stored.new.astype(int) + stored.repeat + stored.conflict == 1).all()
    names = np.array(["new", "repeat", "conflict"])
    return list(names[stored.repeat + 2 * stored.conflict])


def expected_kinds(before: dict[tuple[int, int], float], rows: list[Row]) -> list[str]:
    """The definition, one reading after the other; adds to `before` what is stored."""
    found = []
    for sensor, time_us, value in rows:
        if (sensor, time_us) not in before:
            before[sensor, time_us] = value
            found.append("new")
        else:
            found.append("repeat" if before[sensor, time_us] == value else "conflict")
    return found


# Few sensors, times and values, so that keys meet; times on both sides of a midnight.
_row = st.tuples(
    st.integers(1, 3),
    st.integers(-3, 3).map(lambda step: START_US + step * 7 * HOUR_US + step),
    st.sampled_from([0.0, -0.0, 1.5, -1e308, float("inf")]),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(_row, max_size=12), max_size=6))
def test_any_batches_are_stored_as_a_set(connection: Connection, batches: list[list[Row]]) -> None:
    connection.execute("truncate readings")
    store, expected = ReadingsStore(), dict[tuple[int, int], float]()
    for batch in batches:
        with connection.transaction():
            stored = store.store(connection, readings(batch))
        assert kinds(stored) == expected_kinds(expected, batch)
    assert stored_rows(connection) == expected


def test_a_large_batch_sent_again_is_all_repeats(connection: Connection) -> None:
    rows = [(n % 500, START_US + n * 1_000_003, float(n)) for n in range(10_000)]
    store = ReadingsStore()
    with connection.transaction():
        assert store.store(connection, readings(rows)).new.all()
    with connection.transaction():
        assert store.store(connection, readings(rows)).repeat.all()
    assert len(stored_rows(connection)) == 10_000


def test_flags_are_kept_with_the_reading(connection: Connection) -> None:
    with connection.transaction():
        ReadingsStore().store(connection, readings([(1, START_US, 2.5)], late=True, judged=False))
        ReadingsStore().store(connection, readings([(2, START_US, 2.5)], late=False, judged=True))
    rows = connection.execute("select sensor_id, late, judged from readings order by 1").fetchall()
    assert rows == [(1, True, False), (2, False, True)]


def test_a_rolled_back_batch_leaves_nothing_and_can_come_again(connection: Connection) -> None:
    store, batch = ReadingsStore(), readings([(1, START_US, 1.0)])
    with pytest.raises(ZeroDivisionError), connection.transaction():
        store.store(connection, batch)
        raise ZeroDivisionError
    assert stored_rows(connection) == {}
    with connection.transaction():  # the day it remembers was rolled back as well
        assert store.store(connection, batch).new.all()
    assert len(stored_rows(connection)) == 1


def test_a_reading_of_a_dropped_day_is_stored_again(connection: Connection) -> None:
    store = ReadingsStore()
    with connection.transaction():
        store.store(connection, readings([(1, START_US, 1.0)]))
    connection.execute("call refresh_rollups('infinity', null)")
    connection.execute("select drop_readings_before('2021-01-01')")
    assert stored_rows(connection) == {}
    with connection.transaction():
        assert store.store(connection, readings([(1, START_US + 1, 1.0)])).new.all()


def test_what_another_session_committed_is_a_repeat(connection: Connection, database_url: str) -> None:
    with connect(database_url, "other", autocommit=True) as other, connection.transaction():
        connection.execute("select 1")  # the transaction began before the other's
        with other.transaction():
            ReadingsStore().store(other, readings([(1, START_US, 1.0), (2, START_US, 1.0)]))
        stored = ReadingsStore().store(connection, readings([(1, START_US, 1.0), (2, START_US, 2.0), (3, START_US, 3)]))
    assert kinds(stored) == ["repeat", "conflict", "new"]


def test_nan_is_refused() -> None:
    with pytest.raises(AssertionError, match="NaN"):
        readings([(1, START_US, float("nan"))])


def test_every_batch_marks_the_hours_it_touched(connection: Connection) -> None:
    with connection.transaction():
        ReadingsStore().store(
            connection, readings([(1, START_US, 1.0), (1, START_US + HOUR_US, 1.0), (2, START_US, 1.0)])
        )
    rows = connection.execute("select sensor_id, bucket, n from readings_1h order by 1, 2").fetchall()
    assert [(sensor, n) for sensor, _, n in rows] == [(1, 1), (1, 1), (2, 1)]
