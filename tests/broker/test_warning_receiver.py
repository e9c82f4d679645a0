"""Official warnings over MQTT, as a real process with a real broker: acknowledged after the commit, none lost."""

import os
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from alerts.warnings_list import listing, refused
from commands.children import Child
from config.database import Connection, connect
from config.settings import BrokerSettings
from geo.defaults import import_defaults
from ingest.replay import Publisher
from tests.broker.conftest import Mosquitto
from tests.database.warning_messages import cap, ends, info

TOPIC = "cq/warning/500114"


@pytest.fixture
def receiver(database_url: str, point_at_broker: BrokerSettings, tmp_path: Path) -> Iterator[Callable[[], Child]]:
    """Starts the process; again after it was killed."""
    with connect(database_url, "test", autocommit=True) as connection:
        import_defaults(connection)
    started: list[Child] = []

    def start() -> Child:
        child = Child(
            name="warnings",
            arguments=["warning", "receive", "--database", database_url],
            log_file=tmp_path / "logs" / "warnings.log",
        )
        child.start()
        child.await_ready()
        started.append(child)
        return child

    yield start
    for child in started:
        child.ask_to_stop()
        child.await_end()


def now(hours: float = 0) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).replace(microsecond=0).isoformat()


def fresh(identifier: str, **changed: Any) -> bytes:
    return cap(identifier, info(effective=now(-0.01), expires=now(1)), sent=now(-0.01), **changed)


def states(url: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as own:
        return own.execute("select kind, level, state from alerts order by id").fetchall()


def count(url: str) -> int:
    with psycopg.connect(url, autocommit=True) as own:
        row = own.execute("select count(*) from warnings").fetchone()
    assert row is not None
    return int(row[0])


def test_a_warning_comes_raises_an_alert_and_is_cancelled(
    connection: Connection, database_url: str, publisher: Publisher, receiver: Any, eventually: Any
) -> None:
    receiver()
    publisher.publish(TOPIC, fresh("one"))
    eventually(lambda: states(database_url) == [("warning", "orange", "open")])
    publisher.publish(TOPIC, b"<alert>")
    publisher.publish(TOPIC, cap("two", sent=now(), msgType="Cancel", references=ends("one")))
    eventually(lambda: states(database_url) == [("warning", "orange", "resolved")])
    assert [row["origin"] for row in refused(connection)] == [TOPIC]
    assert [row["source"] for row in listing(connection)] == ["mqtt", "mqtt"]


def test_a_warning_ends_by_itself(database_url: str, publisher: Publisher, receiver: Any, eventually: Any) -> None:
    receiver()
    soon = info(effective=now(-0.01), expires=(datetime.now(UTC) + timedelta(seconds=3)).isoformat()[:19] + "+00:00")
    publisher.publish(TOPIC, cap("one", soon, sent=now(-0.01)))
    eventually(lambda: states(database_url) == [("warning", "orange", "open")])
    eventually(lambda: states(database_url) == [("warning", "orange", "resolved")])


def test_killed_at_any_moment_it_loses_nothing(
    connection: Connection, database_url: str, publisher: Publisher, receiver: Any, eventually: Any
) -> None:
    sent = 40
    child = receiver()
    for number in range(sent):
        publisher.publish(TOPIC, fresh(f"w{number}"))
        if number in (10, 25):
            eventually(lambda: count(database_url) > number - 10)  # noqa: B023  called at once
            os.kill(child.process.pid, signal.SIGKILL)
            child.await_end()
            child = receiver()
    eventually(lambda: count(database_url) == sent)
    assert states(database_url) == [("warning", "orange", "open")]
    assert refused(connection) == []


def test_it_waits_for_a_broker_that_was_away(
    mosquitto: Mosquitto, database_url: str, publisher: Publisher, receiver: Any, eventually: Any
) -> None:
    child = receiver()
    publisher.publish(TOPIC, fresh("one"))
    eventually(lambda: count(database_url) == 1)
    child.ask_to_stop()
    child.await_end()
    publisher.publish(TOPIC, fresh("two"))
    publisher.confirm()
    mosquitto.restart()
    receiver()
    eventually(lambda: count(database_url) == 2)
