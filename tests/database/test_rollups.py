"""The rollups are what an aggregation of the readings by hand gives, at every moment, on every server."""

import threading
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.database import Connection, connect
from ingest.store import Readings, ReadingsStore

pytestmark = pytest.mark.storage

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
START_US = 1_597_708_800_000_000  # 2020-08-18 00:00 UTC

VIEWS = {"readings_1m": MINUTE_US, "readings_1h": HOUR_US}

Answer = dict[tuple[int, int], tuple[float, ...]]


def random_readings(seed: int, count: int, *, hours: int = 5) -> Readings:
    """Readings of a few sensors over `hours` from before midnight, out of order, with edges of buckets among them."""
    random = np.random.default_rng(seed)
    time_us = START_US - HOUR_US + random.integers(0, hours * HOUR_US, count)
    edges = random.random(count) < 0.2
    time_us[edges] -= time_us[edges] % MINUTE_US
    return Readings(
        sensor=random.integers(1, 5, count).astype(np.int32),
        time_us=time_us,
        value=random.normal(180, 5, count),
        late=np.zeros(count, dtype=bool),
        judged=np.ones(count, dtype=bool),
    )


def store(connection: Connection, readings: Readings) -> None:
    with connection.transaction():
        ReadingsStore().store(connection, readings)


def refresh(connection: Connection, until: str = "infinity") -> int:
    row = connection.execute("call refresh_rollups(%s, null)", (until,)).fetchone()
    assert row is not None
    return int(row[0])


def by_hand(rows: list[tuple[int, int, float]], width_us: int) -> Answer:
    """(sensor, bucket µs) → (n, average, minimum, maximum, first, last), by NumPy alone."""
    if not rows:
        return {}
    sensor, time_us, value = (np.array(column) for column in zip(*sorted(rows), strict=True))
    keys, start, count = np.unique(
        np.stack([sensor, time_us // width_us * width_us], axis=1), axis=0, return_index=True, return_counts=True
    )
    answer = {}
    for (who, bucket), first, n in zip(keys.tolist(), start, count, strict=True):
        part = value[first : first + n]
        answer[who, bucket] = (float(n), part.mean(), part.min(), part.max(), part[0], part[-1])
    return answer


def raw(connection: Connection) -> list[tuple[int, int, float]]:
    return connection.execute(
        "select sensor_id, (extract(epoch from time) * 1000000)::bigint, value from readings"
    ).fetchall()


def answers(connection: Connection, view: str) -> Answer:
    rows = connection.execute(
        "select sensor_id, (extract(epoch from bucket) * 1000000)::bigint, n, average, minimum, maximum, first, last"
        f" from {view}"
    ).fetchall()
    found = {(row[0], row[1]): tuple(map(float, row[2:])) for row in rows}
    assert len(found) == len(rows), "a bucket is answered twice"
    return found


def assert_same(found: Answer, expected: Answer) -> None:
    assert found.keys() == expected.keys()
    for key, row in expected.items():
        assert found[key] == pytest.approx(row, rel=1e-12), key


def check(connection: Connection) -> None:
    """One snapshot for the readings and both views."""
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read")
        for view, width_us in VIEWS.items():
            assert_same(answers(connection, view), by_hand(raw(connection), width_us))


def test_right_before_and_after_a_refresh_and_with_late_readings(connection: Connection) -> None:
    for seed in range(3):
        store(connection, random_readings(seed, 400))
        check(connection)
        assert refresh(connection) > 0
        check(connection)
    assert refresh(connection) == 0


def test_an_hour_is_taken_over_when_it_is_over(connection: Connection) -> None:
    store(connection, random_readings(1, 500))  # 23:00 to 04:00
    assert refresh(connection, "2020-08-18 01:59:59Z") == 2
    check(connection)
    assert refresh(connection, "2020-08-18 02:00:00Z") == 1
    check(connection)


_step = st.one_of(
    st.integers(0, 2**32 - 1),  # a batch of this seed
    st.sampled_from(["2020-08-18 00:00:00Z", "2020-08-18 02:30:00Z", "infinity"]),  # a refresh until then
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(_step, max_size=8))
def test_right_after_any_course_of_batches_and_refreshes(connection: Connection, steps: list[int | str]) -> None:
    connection.execute("truncate readings, readings_1m_stored, readings_1h_stored, rollup_marks")
    for step in steps:
        if isinstance(step, int):
            store(connection, random_readings(step, 30))
        else:
            refresh(connection, step)
        check(connection)


def _in_thread(work: Callable[[], None]) -> Callable[[], None]:
    """Start the work; the function returned waits for its end and raises what it raised."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()

    def finish() -> None:
        thread.join()
        if failures:
            raise failures[0]

    return finish


def test_right_at_every_moment_beside_writers_and_refreshes(connection: Connection, database_url: str) -> None:
    done = threading.Event()

    def write() -> None:
        with connect(database_url, "writer", autocommit=True) as writer:
            for seed in range(60):
                store(writer, random_readings(seed, 40))

    def keep_refreshing() -> None:
        with connect(database_url, "refresher", autocommit=True) as refresher:
            while not done.is_set():
                refresh(refresher)

    write_ends, refresh_ends, refresh_too_ends = map(_in_thread, (write, keep_refreshing, keep_refreshing))
    try:
        for _ in range(40):
            check(connection)
    finally:
        write_ends()
        done.set()
        refresh_ends()
        refresh_too_ends()
    refresh(connection)
    check(connection)
    assert connection.execute("select count(*) from rollup_marks").fetchone() == (0,)


def test_a_batch_that_commits_after_the_refresh_looked_is_not_lost(connection: Connection, database_url: str) -> None:
    store(connection, random_readings(1, 50))
    with connect(database_url, "writer", autocommit=True) as writer:
        with writer.transaction():
            ReadingsStore().store(writer, random_readings(2, 50))
            refresh(connection)
            check(connection)
        check(connection)
    refresh(connection)
    check(connection)
