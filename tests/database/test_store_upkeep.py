"""Days are made ahead and dropped by age, beside a running writer, from several sessions at once."""

import threading
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from psycopg import errors

from config.database import Connection, connect
from config.migrate import edition
from ingest.store import Readings, ReadingsStore
from ingest.upkeep import Retention, UpkeepReport, plan_upkeep, run_upkeep

pytestmark = pytest.mark.storage

NOW = datetime(2020, 8, 18, 2, 30, tzinfo=UTC)
DAY_US = 86_400_000_000


def store_at(connection: Connection, *times: datetime, sensor: int = 1) -> None:
    readings = Readings(
        sensor=np.full(len(times), sensor, dtype=np.int32),
        time_us=np.array([int(time.timestamp()) * 1_000_000 for time in times], dtype=np.int64),
        value=np.arange(len(times), dtype=np.float64),
        late=np.zeros(len(times), dtype=bool),
        judged=np.ones(len(times), dtype=bool),
    )
    with connection.transaction():
        ReadingsStore().store(connection, readings)


def times(connection: Connection, table: str = "readings", column: str = "time") -> list[datetime]:
    return [time for (time,) in connection.execute(f"select distinct {column} from {table} order by 1")]


def upkeep(connection: Connection, *, retention_days: int | None = None, now: datetime = NOW) -> UpkeepReport:
    return run_upkeep(connection, now=now, wall=now, ahead_days=3, keep=Retention(readings=retention_days))


def parts(connection: Connection) -> list[str]:
    rows = connection.execute(
        "select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid"
        " where i.inhparent = 'readings'::regclass order by 1"
    )
    return [name for (name,) in rows]


def test_the_plan_counts_in_utc_days() -> None:
    beijing_morning = datetime.fromisoformat("2020-08-19T07:59:00+08:00")  # still the 18th in UTC
    plan = plan_upkeep(now=beijing_morning, wall=beijing_morning, ahead_days=1, keep=Retention(readings=2, intake=3))
    assert [str(day) for day in plan.days] == ["2020-08-18", "2020-08-19"]
    assert plan.readings_before == datetime(2020, 8, 16, tzinfo=UTC)
    assert plan.intake_before == datetime(2020, 8, 15, tzinfo=UTC)


def test_readings_go_by_their_clock_and_all_else_by_the_machines() -> None:
    wall = datetime(2026, 5, 1, tzinfo=UTC)
    keep = Retention(readings=1, live_events=1, intake=1, released=1, held=1)
    plan = plan_upkeep(now=NOW, wall=wall, ahead_days=0, keep=keep)
    assert plan.readings_before == datetime(2020, 8, 17, tzinfo=UTC)
    yesterday = wall - timedelta(days=1)
    assert (plan.live_events_before, plan.intake_before) == (yesterday, yesterday)
    assert (plan.released_before, plan.held_before) == (yesterday, yesterday)


def test_nothing_is_dropped_without_a_retention() -> None:
    plan = plan_upkeep(now=NOW, wall=NOW, ahead_days=0, keep=Retention())
    assert (plan.readings_before, plan.live_events_before, plan.intake_before) == (None, None, None)
    assert (plan.released_before, plan.held_before) == (None, None)


def test_days_are_ready_before_their_readings(connection: Connection) -> None:
    if edition(connection) != "native":
        pytest.skip("chunks make themselves")
    assert upkeep(connection).postponed == ()
    made = ["readings_20200818", "readings_20200819", "readings_20200820", "readings_20200821"]
    assert parts(connection) == made
    upkeep(connection)
    assert parts(connection) == made


def test_every_day_has_a_part_of_its_own(connection: Connection) -> None:
    midnight = datetime(2020, 8, 18, tzinfo=UTC)
    store_at(connection, midnight - timedelta(seconds=1), midnight, midnight + timedelta(hours=23))
    rows = connection.execute("select tableoid, count(*) from readings group by 1 order by min(time)").fetchall()
    assert [count for _, count in rows] == [1, 2]


def test_drops_whole_days_exactly_by_age(connection: Connection) -> None:
    edge = datetime(2020, 8, 16, tzinfo=UTC)
    store_at(connection, edge - timedelta(days=9), edge - timedelta(seconds=1), edge, NOW)
    report = upkeep(connection, retention_days=2)
    assert (report.dropped_days, report.postponed) == (2, ())
    assert times(connection) == [edge, NOW]
    assert upkeep(connection, retention_days=2).dropped_days == 0


def test_rollups_outlive_their_readings_and_stay_as_they_were(connection: Connection) -> None:
    old = datetime(2020, 8, 10, 5, 20, tzinfo=UTC)
    store_at(connection, old, NOW)
    upkeep(connection, retention_days=2)
    store_at(connection, old + timedelta(seconds=1), sensor=2)  # later than late
    assert times(connection) == [old + timedelta(seconds=1), NOW]
    for _ in range(2):
        assert times(connection, "readings_1m", "bucket") == [old, NOW]
        rows = connection.execute("select sensor_id, n from readings_1h order by bucket").fetchall()
        assert rows == [(1, 1), (1, 1)]
        assert upkeep(connection, retention_days=2).postponed == ()
    assert times(connection) == [NOW]


def test_a_day_is_not_dropped_before_its_rollups_are_stored(connection: Connection) -> None:
    old = datetime(2020, 8, 10, tzinfo=UTC)
    store_at(connection, old)
    assert connection.execute("select drop_readings_before(%s)", (NOW,)).fetchone() == (0,)
    assert times(connection) == [old]


def test_gives_way_to_a_writer_and_comes_again(connection: Connection, database_url: str) -> None:
    store_at(connection, datetime(2020, 8, 10, tzinfo=UTC))
    with connect(database_url, "writer", autocommit=True) as writer, writer.transaction():
        writer.execute("select count(*) from readings")
        assert upkeep(connection, retention_days=2).postponed == ("drop_readings",)
    assert upkeep(connection, retention_days=2).dropped_days == 1


def test_the_same_day_made_by_sessions_at_once(connection: Connection, database_url: str) -> None:
    """The second waits for the first to commit; then the day is there."""
    with connect(database_url, "second", autocommit=True) as second:
        waiting = threading.Thread(target=store_at, args=(second, NOW), kwargs={"sensor": 2})
        with connection.transaction():
            store_at(connection, NOW)
            waiting.start()
            _wait_for_a_lock_or_the_end(database_url, waiting)
        waiting.join()
    assert connection.execute("select count(*) from readings").fetchone() == (2,)


def _wait_for_a_lock_or_the_end(database_url: str, thread: threading.Thread) -> None:
    with connect(database_url, "observer", autocommit=True) as observer:
        query = "select from pg_stat_activity where application_name = 'shijing-second' and wait_event_type = 'Lock'"
        while thread.is_alive() and not observer.execute(query).fetchall():
            thread.join(0.01)


def test_making_a_day_holds_up_no_reader_and_no_writer_of_another(connection: Connection, database_url: str) -> None:
    store_at(connection, NOW)
    with connect(database_url, "busy", autocommit=True) as busy, busy.transaction():
        store_at(busy, NOW + timedelta(seconds=1))
        busy.execute("select count(*) from readings")
        connection.execute("set lock_timeout = '100ms'")
        with connection.transaction():
            store_at(connection, NOW + timedelta(days=1))
            busy.execute("set local lock_timeout = '100ms'")
            store_at(busy, NOW + timedelta(seconds=2))
            busy.execute("select count(*) from readings where time < '2020-08-19'")


def test_a_reading_without_a_day_is_refused_by_the_database(connection: Connection) -> None:
    if edition(connection) != "native":
        pytest.skip("chunks make themselves")
    with pytest.raises(errors.CheckViolation, match="no partition"):
        connection.execute("insert into readings values (1, '2020-08-18', 1, false, true)")
