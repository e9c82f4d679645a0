"""What is dropped by its age of arrival, and what must not change by it: sums, and the number screens resume from."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from config.database import Connection
from config.settings import DatabaseSettings
from ingest.upkeep import Retention, UpkeepReport, run_upkeep
from web.state import QUERIES, read_last_event_id, read_snapshot
from web.stream import MISSED_AT_MOST

pytestmark = pytest.mark.storage

NOW = datetime(2026, 5, 20, 10, 30, tzinfo=UTC)


def upkeep(connection: Connection, **keep: int) -> UpkeepReport:
    return run_upkeep(connection, now=NOW, wall=NOW, ahead_days=0, keep=Retention(**keep))


def test_each_has_a_setting_with_a_default() -> None:
    settings = DatabaseSettings()
    assert (settings.live_events_days, settings.intake_days) == (7, 400)
    assert (settings.released_quarantine_days, settings.held_quarantine_days) == (180, 400)


def refuse(connection: Connection, name: str, state: str, *, first: int, last: int, released: int | None) -> None:
    """Days before NOW."""
    connection.execute(
        "insert into quarantine"
        " (fingerprint, partition, reason, detail, topic, payload, first_seen, last_seen, state, released_at)"
        " values (%(name)s::text::bytea, 'cq', 'malformed', '', %(name)s, '', %(first)s, %(last)s, %(state)s, %(at)s)",
        {
            "name": name,
            "state": state,
            "first": NOW - timedelta(days=first),
            "last": NOW - timedelta(days=last),
            "at": None if released is None else NOW - timedelta(days=released),
        },
    )


@pytest.fixture
def quarantine(connection: Connection) -> Connection:
    refuse(connection, "held", "held", first=900, last=31, released=None)
    refuse(connection, "held, and seen again since", "held", first=900, last=29, released=None)
    refuse(connection, "requested", "requested", first=900, last=800, released=None)
    refuse(connection, "released", "released", first=900, last=800, released=31)
    refuse(connection, "released of late", "released", first=900, last=800, released=29)
    return connection


def topics(connection: Connection) -> set[str]:
    return {topic for (topic,) in connection.execute("select topic from quarantine").fetchall()}


def test_released_quarantine_is_forgotten(quarantine: Connection) -> None:
    everything = topics(quarantine)
    assert upkeep(quarantine).forgotten == 0
    assert topics(quarantine) == everything
    assert upkeep(quarantine, released=30).forgotten == 1
    assert everything - topics(quarantine) == {"released"}


def test_held_quarantine_is_dropped_only_when_not_seen_for_long_and_never_in_silence(
    quarantine: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    everything = topics(quarantine)
    with caplog.at_level(logging.WARNING):
        assert upkeep(quarantine, held=30).dropped_held == 1
    assert everything - topics(quarantine) == {"held"}
    assert [record.getMessage() for record in caplog.records] == [
        "upkeep: 1 entries held in quarantine, not seen for 30 days, were dropped without being put through"
    ]
    caplog.clear()
    assert upkeep(quarantine, held=30).dropped_held == 0
    assert caplog.records == [], "said when it happens, not every minute"


def sums(connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute(
        "select partition, sum(messages), sum(readings), sum(stored), sum(repeats), sum(quarantined), sum(late),"
        " sum(unlocated), max(last_at) from intake group by 1 order by 1"
    ).fetchall()


def test_old_minutes_of_the_books_become_days_and_every_sum_stays(connection: Connection) -> None:
    connection.execute("insert into partitions (name) values ('one'), ('two')")
    connection.execute(
        "insert into intake select name, minute, minute + interval '40 s', n, n * 2, n * 3, n * 4, n * 5, n * 6, n * 7"
        " from partitions, generate_series(%(now)s - interval '3 days', %(now)s, '7 min') with ordinality m (at, n),"
        " lateral (select date_trunc('minute', at) as minute)",
        {"now": NOW},
    )
    before = sums(connection)
    oldest_kept = datetime(2026, 5, 19, tzinfo=UTC)
    minutes = connection.execute("select count(*) from intake where minute < %s", (oldest_kept,)).fetchone()
    assert minutes is not None
    assert upkeep(connection, intake=1).summed_minutes == minutes[0]
    assert sums(connection) == before
    days = connection.execute("select distinct minute from intake where minute < %s order by 1", (oldest_kept,))
    assert [day for (day,) in days] == [datetime(2026, 5, day, tzinfo=UTC) for day in (17, 18)]
    assert upkeep(connection, intake=1).summed_minutes == 0
    assert sums(connection) == before


def test_a_minute_at_midnight_is_part_of_its_day(connection: Connection) -> None:
    midnight = datetime(2026, 5, 1, tzinfo=UTC)
    connection.execute("insert into partitions (name) values ('cq')")
    for minute in (midnight, midnight + timedelta(minutes=1)):
        connection.execute(
            "insert into intake (partition, minute, last_at, stored) values ('cq', %(at)s, %(at)s, 5)", {"at": minute}
        )
    assert upkeep(connection, intake=1).summed_minutes == 1
    kept = connection.execute("select minute, last_at, stored from intake").fetchall()
    assert kept == [(midnight, midnight + timedelta(minutes=1), 10)]


def tell(connection: Connection, *, days_ago: float) -> int:
    row = connection.execute("select log_live_event('alert', '{}')").fetchone()
    assert row is not None
    at = NOW - timedelta(days=days_ago)
    connection.execute("update live_events set recorded_at = %s where id = %s", (at, row[0]))
    return int(row[0])


def missed(connection: Connection, after: int) -> list[int]:
    """What the stream sends first to a screen that saw `after`; a whole snapshot follows in any case."""
    snapshot = read_snapshot(connection)
    bounds = {"after": after, "upto": snapshot.event_id, "limit": MISSED_AT_MOST}
    return [number for number, _, _ in connection.execute(QUERIES["missed_events"], bounds).fetchall()]


def test_old_live_events_are_dropped(connection: Connection) -> None:
    old, _, kept, newest = (tell(connection, days_ago=days) for days in (9, 8, 6, 0))
    assert upkeep(connection, live_events=7).dropped_events == 2
    assert missed(connection, old) == [kept, newest]
    assert missed(connection, kept) == [newest]
    assert upkeep(connection, live_events=7).dropped_events == 0


def test_the_newest_live_event_is_kept_however_old(connection: Connection) -> None:
    """Its number is the snapshot's: a screen that came back would else take every later event for one it has seen."""
    for _ in range(3):
        newest = tell(connection, days_ago=30)
    assert upkeep(connection, live_events=7).dropped_events == 2
    assert read_last_event_id(connection) == newest
    assert tell(connection, days_ago=0) == newest + 1


def test_a_large_arrears_of_events_is_worked_off_in_pieces(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.upkeep._EVENTS_AT_ONCE", 2)
    for _ in range(4):
        tell(connection, days_ago=30)
    assert [upkeep(connection, live_events=7).dropped_events for _ in range(3)] == [2, 1, 0]
