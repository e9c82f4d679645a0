"""What a pipeline does when its memory is behind, or the database refuses a batch again and again."""

import json
import threading
from collections.abc import Callable
from typing import Any, cast

import pytest
from psycopg import errors

from alerts.pipeline import Pipeline
from alerts.report import transitions
from config.database import Connection
from config.settings import PipelineSettings
from ingest.gather import Message
from ingest.scenario import SCENARIOS
from ingest.sensor_files import import_sensors
from ingest.session import MqttSession

pytestmark = pytest.mark.storage

CLOCK = Message(topic="cq/clock", payload=b'{"time":"2020-08-20T12:00:00+08:00"}', mid=1)
Step = list[Message] | Callable[[], object]


class Script:
    """In place of the session: hands over batches, may do something between them, then stops the pipeline."""

    may_connect = False
    steady_s, waiting, window = 3600.0, 0, 2000

    def __init__(self, *steps: Step, connected: bool = True) -> None:
        self.connected = connected
        self.stop = threading.Event()
        self.acknowledged: list[Message] = []
        self._steps = iter(steps)

    def take(self, **_: object) -> list[Message]:
        step = next(self._steps, self.stop.set)
        if isinstance(step, list):
            return list(step)
        step()
        return []

    def acknowledge(self, messages: list[Message]) -> None:
        self.acknowledged += messages

    def close(self) -> None:
        """Nothing is open."""


def run(url: str, *steps: Step) -> list[Message]:
    script = Script(*steps)
    Pipeline(PipelineSettings(), url, cast(MqttSession, script), follow_clock=True).run(script.stop)
    return script.acknowledged


def stage(value: float, hour: int, station: str = "cuntan") -> Message:
    told = {"value": value, "time": f"2020-08-20T{hour:02}:00:00+08:00", "unit": "m", "datum": "wusong"}
    return Message(topic=f"cq/500105/{station}/stage", payload=json.dumps(told).encode(), mid=1)


@pytest.fixture
def url(database_url: str, connection: Connection) -> str:
    assert import_sensors(connection, SCENARIOS / "flood-2020-08" / "sensors.csv").errors == []
    return database_url


def raised(connection: Connection) -> list[tuple[str, str]]:
    return [(one["from"], one["to"]) for one in transitions(connection)]


def test_a_memory_that_is_behind_is_built_again(url: str, connection: Connection) -> None:
    """Another process stored and judged the same readings: what comes next is judged by what is stored."""
    quiet = [stage(170, 3), stage(170, 4)]
    started = [CLOCK, stage(184, 1)]

    def elsewhere() -> None:
        # As a second pipeline on the same topics would leave it: stored, and the latches released.
        connection.execute(
            "insert into readings select id, t, 170, false, true from sensors,"
            " unnest(array['2020-08-20 03:00+08', '2020-08-20 04:00+08']::timestamptz[]) t where name = 'cuntan'"
        )
        connection.execute("delete from rule_states")
        connection.execute("update alerts set state = 'resolved', resolved_at = now()")

    run(url, started, elsewhere, quiet, [stage(184, 5)])
    assert raised(connection) == [("none", "orange"), ("none", "orange")]


def test_a_message_that_the_database_always_refuses_is_set_aside_and_the_rest_goes_on(
    url: str, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alerts.pipeline._PATIENCE", 1)
    connection.execute(
        "create function refuse() returns trigger language plpgsql as"
        " $$ begin raise exception 'no room for %', new.value using errcode = '53200'; end $$"
    )
    connection.execute("select ensure_readings_partition('2020-08-20'), ensure_readings_partition('2020-08-19')")
    connection.execute(
        "create trigger refuse before insert on readings for each row when (new.value = 181) execute function refuse()"
    )
    messages = [CLOCK, stage(180, 1), stage(181, 2), stage(182, 3)]
    assert run(url, messages) == messages
    kept: list[tuple[Any, ...]] = connection.execute("select reason, detail from quarantine").fetchall()
    assert [reason for reason, _ in kept] == ["database"]
    assert "no room for 181" in kept[0][1]
    assert connection.execute("select array_agg(value order by time) from readings").fetchone() == ([180, 182],)
    assert connection.execute("select sum(readings - stored - repeats - quarantined) from intake").fetchone() == (0,)


def test_a_broken_connection_is_waited_for_however_often_it_breaks(url: str, connection: Connection) -> None:
    def cut() -> None:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where application_name = 'shijing-pipeline' and datname = current_database()"
        )

    steps: list[Step] = [[CLOCK]]
    for hour in range(1, 8):
        steps += [cut, [stage(170 + hour, hour)]]
    assert len(run(url, *steps)) == 8
    assert connection.execute("select count(*) from readings").fetchone() == (7,)


def test_a_registry_changed_just_before_a_batch_counts_for_it(url: str, connection: Connection) -> None:
    def register() -> None:
        connection.execute("insert into devices (name) values ('street')")
        connection.execute(
            "insert into sensors (name, device_id, quantity, unit)"
            " select 'street', id, 'water_depth', 'cm' from devices where name = 'street'"
        )

    depth = Message(
        topic="cq/500103/street/water_depth", payload=b'{"value":3,"time":"2020-08-20T11:59:00+08:00"}', mid=1
    )
    run(url, [CLOCK], register, [depth])
    assert connection.execute("select count(*) from quarantine").fetchone() == (0,)
    assert connection.execute("select count(*) from readings").fetchone() == (1,)


def test_a_clock_that_was_followed_is_forgotten_by_who_does_not_follow(url: str, connection: Connection) -> None:
    run(url, [CLOCK])
    assert connection.execute("select clock is not null from partitions").fetchone() == (True,)
    script = Script()
    Pipeline(PipelineSettings(), url, cast(MqttSession, script), follow_clock=False).run(script.stop)
    assert connection.execute("select clock from partitions").fetchone() == (None,)


def test_only_its_own_partition_is_put_through_again(url: str, connection: Connection) -> None:
    run(url, [CLOCK, stage(170, 1, station="nowhere")])
    connection.execute("update quarantine set state = 'requested', partition = 'other'")
    run(url, [CLOCK])
    assert connection.execute("select state, count from quarantine").fetchone() == ("requested", 1)


def beat(url: str, connection: Connection, script: Script) -> tuple[Any, ...]:
    Pipeline(PipelineSettings(), url, cast(MqttSession, script), follow_clock=True).run(script.stop)
    row = connection.execute("select seen_at > claimed_at, cut_off_at is null from partitions").fetchone()
    assert row is not None
    return row


def test_a_batch_is_a_heartbeat_and_an_idle_look_is_one(url: str, connection: Connection) -> None:
    assert beat(url, connection, Script([CLOCK])) == (True, True)
    assert beat(url, connection, Script(lambda: None)) == (True, True)


def test_the_heartbeat_tells_that_the_broker_is_gone(url: str, connection: Connection) -> None:
    assert beat(url, connection, Script(lambda: None, connected=False)) == (True, False)
    assert beat(url, connection, Script(lambda: None)) == (True, True)


def test_a_batch_that_is_rolled_back_is_no_heartbeat(
    url: str, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipeline that tries and tries gets nothing done; /health must not call that alive."""
    monkeypatch.setattr("alerts.pipeline._PATIENCE", 0)
    connection.execute("alter table intake add constraint no check (messages < 1)")
    script = Script([CLOCK])
    with pytest.raises(errors.CheckViolation):
        Pipeline(PipelineSettings(), url, cast(MqttSession, script), follow_clock=True).run(script.stop)
    assert connection.execute("select seen_at = claimed_at from partitions").fetchone() == (True,)
