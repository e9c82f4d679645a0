"""Writers of alerts that would have waited for each other: an act, a shelf and batches on connections of their own."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest

from alerts.actors import actor_of
from alerts.acts import resolve
from alerts.aftermath import settle_again
from alerts.instants import aware
from alerts.kernel import Transition
from alerts.levels import Level
from alerts.record import record
from alerts.rules import load_rules
from alerts.suppress import maintain, shelve
from config.database import Connection, connect
from config.settings import CONFIG
from tests.database.feed import until

RULES = load_rules(CONFIG / "rules")
START = 1_597_300_000_000_000
MINUTE = 60_000_000
LOWER, RED = "river-stage", "river-rise"  # two rules of one family

Work = Callable[[Connection], object]


@pytest.fixture
def sensor(connection: Connection) -> int:
    connection.execute("insert into partitions (name, clock) values ('cq', %s)", (aware(START),))
    row = connection.execute(
        "with device as (insert into devices (name) values ('gauge') returning id)"
        " insert into sensors (name, device_id, quantity, unit) select 'gauge', id, 'stage', 'm' from device"
        " returning id"
    ).fetchone()
    assert row is not None
    return int(row[0])


def move(rule: str, sensor: int, was: Level, is_: Level, minute: int = 0, *, retracts: bool = False) -> Transition:
    return Transition(
        rule_id=rule,
        subject=sensor,
        time=START + minute * MINUTE,
        from_level=was,
        to_level=is_,
        value=1.0,
        reason="raised" if was == "none" else "lowered",
        retracts=retracts,
    )


def write(connection: Connection, *told: Transition) -> None:
    with connection.transaction():
        record(connection, told, rules=RULES, plans=[])


def two_alerts(connection: Connection, sensor: int) -> tuple[int, int]:
    """A lower one and, written after it, the red one that hides it; their ids."""
    write(connection, move(LOWER, sensor, "none", "yellow"))
    write(connection, move(RED, sensor, "none", "red"))
    ids = [row[0] for row in connection.execute("select id from alerts order by id").fetchall()]
    return ids[0], ids[1]


def waiting(connection: Connection) -> set[str]:
    rows = connection.execute(
        "select split_part(application_name, '-', 2) from pg_stat_activity"
        " where datname = current_database() and wait_event_type = 'Lock'"
    )
    return {row[0] for row in rows}


@contextmanager
def holding(url: str, alert: int) -> Iterator[None]:
    """Another transaction has this alert's row until the end of the block."""
    with connect(url, "holding", autocommit=True) as other, other.transaction():
        other.execute("select from alerts where id = %s for no key update", (alert,))
        yield


def both(connection: Connection, url: str, held: int, first: Work, second: Work) -> None:
    """Both while the alert is held: each waits, then it is let go; raises what either was refused with."""

    def work(name: str, what: Work) -> None:
        with connect(url, name, autocommit=True) as own:
            what(own)

    with ThreadPoolExecutor(2) as pool:
        with holding(url, held):
            one = pool.submit(work, "first", first)
            until(lambda: "first" in waiting(connection))
            two = pool.submit(work, "second", second)
            until(lambda: {"first", "second"} <= waiting(connection))
        one.result(timeout=20)
        two.result(timeout=20)


def test_who_resolves_what_hides_another_and_a_batch_of_both(
    connection: Connection, database_url: str, sensor: int
) -> None:
    lower, red = two_alerts(connection, sensor)
    assert connection.execute("select inhibited_by from alerts order by id").fetchall() == [(red,), (None,)]
    lin = actor_of(connection, "林")
    both(
        connection,
        database_url,
        red,
        lambda own: resolve(own, red, actor=lin),
        lambda own: write(own, move(LOWER, sensor, "yellow", "blue", 1), move(RED, sensor, "red", "orange", 1)),
    )
    found = connection.execute("select id, state, level, inhibited_by from alerts order by id").fetchall()
    assert found == [(lower, "open", "blue", None), (red, "resolved", "orange", None)]


def test_who_shelves_one_alert_and_a_batch_of_two(connection: Connection, database_url: str, sensor: int) -> None:
    """A window that has begun holds the other one with the shelf."""
    lower, red = two_alerts(connection, sensor)
    lin = actor_of(connection, "林")
    ends = aware(START) + timedelta(hours=1)
    begins = aware(START) + timedelta(minutes=1)
    maintain(connection, subject=sensor, begins=begins, ends=ends, reason="x", actor=lin)
    connection.execute("update partitions set clock = %s", (begins,))
    both(
        connection,
        database_url,
        red,
        lambda own: shelve(own, alert_id=red, until=ends, reason="x", actor=lin),
        lambda own: write(own, move(LOWER, sensor, "yellow", "blue", 1), move(RED, sensor, "red", "orange", 1)),
    )
    found = connection.execute("select id, level, suppressed_by is not null from alerts order by id").fetchall()
    assert found == [(lower, "blue", True), (red, "orange", True)]


def test_a_correction_of_an_older_alert_and_a_batch(connection: Connection, database_url: str, sensor: int) -> None:
    """What a correction goes back to is locked with the rest, not after it."""
    write(connection, move(LOWER, sensor, "none", "yellow"), move(LOWER, sensor, "yellow", "none", 1))
    write(connection, move(RED, sensor, "none", "red", 1))
    write(connection, move(LOWER, sensor, "none", "blue", 90))
    old, red, new = (row[0] for row in connection.execute("select id from alerts order by id").fetchall())

    def of_both(own: Connection) -> None:
        with own.transaction():
            own.execute("select from alerts where id = any(%s) order by id for no key update", ([old, red, new],))

    both(
        connection,
        database_url,
        new,
        lambda own: write(own, move(LOWER, sensor, "none", "yellow", retracts=True)),
        of_both,
    )
    assert connection.execute("select revision from alerts order by id").fetchall() == [(1,), (0,), (0,)]


def test_what_another_writer_had_in_hand_is_hidden_a_moment_later(
    connection: Connection, database_url: str, sensor: int
) -> None:
    write(connection, move(LOWER, sensor, "none", "yellow"))
    with connect(database_url, "red", autocommit=True) as other:
        # As of a writer that began before the lower one was committed, and knew of no kin.
        other.execute(
            "insert into alerts (rule_id, subject, sensor_id, family, level, peak, state, opened_at, changed_at)"
            " select %s, subject, sensor_id, family, 'red', 'red', 'open', opened_at, changed_at from alerts",
            (RED,),
        )
    settle_again(connection, aware(START))
    hidden = "select rule_id, inhibited_by is not null from alerts order by id"
    assert connection.execute(hidden.encode()).fetchall() == [(LOWER, True), (RED, False)]
    told = connection.execute("select payload ->> 'reason' from live_events order by id desc limit 1").fetchone()
    assert told == ("inhibited",)
    settle_again(connection, aware(START))
    count = connection.execute("select count(*) from alert_transitions where reason = 'inhibited'").fetchone()
    assert count == (1,)
