"""The whole engine as real processes, the stream of a small city through it, and all that has to come out of it."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from alerts.incident_settings import incident_settings
from alerts.report import runs, transitions
from alerts.rule_drafts import SHIPPED, read_files
from alerts.rule_sets import put_in_force
from commands.children import Child
from commands.registry import prepare, register
from config.database import Connection, connect
from config.settings import PROJECT, BrokerSettings
from ingest.replay import Publisher
from tests.broker.chain import PATIENCE_S, SCENARIO, Chain, eventually
from tests.broker.stream import BEGIN, CLOCK_TOPIC, END, FALL_SILENT, OWN_RULES, RETURN, Sent, sensors_csv, stream

SEED = 20200715
_READINGS = """
    select s.name, r.time, r.value, r.late, r.judged, r.suspect
    from readings r join sensors s on s.id = r.sensor_id order by 1, 2"""
# What was raised for a moment and taken back depends on what came together in a batch: not compared.
_STANDING = """
    alerts.id in (
        select alert_id from alert_transitions said where kind = 'level' group by alert_id
        having count(*) filter (where not retracts) > count(*) filter (where retracts))"""
# Whether a silence was found late goes by when somebody looked, and the hours of this stream pass in seconds: neither.
_ALERTS = f"""
    select rule_id, subject, kind, family, level, peak, state, value, opened_at, changed_at, resolved_at,
           late and kind <> 'silence' as late,
           case when resolved_at is null then
               (select hiding.rule_id from alerts hiding where hiding.id = alerts.inhibited_by) end as hidden_by
    from alerts where {_STANDING} order by rule_id, subject, opened_at"""
_INCIDENTS = f"""
    select family, level, peak, state, opened_at,
           array(select rule_id || ' ' || subject || ' ' || opened_at from alerts
                 where alerts.incident_id = incidents.id and {_STANDING} order by 1) as of
    from incidents
    where exists (select from alerts where alerts.incident_id = incidents.id and {_STANDING})
    order by family, opened_at, of"""

# When an incident changed last goes by what was said of its alerts, and so by what was taken back, too: it is not
# compared, but is a moment at which something was said of one of them, no earlier than the last of what still holds.
# (Where nothing was taken back that leaves one moment.)
_INCIDENTS_OUT_OF_TIME = f"""
    select id, changed_at from incidents
    where merged_into is null and not exists (select from incidents part where part.merged_into = incidents.id)
      and (changed_at < (select max(alerts.changed_at) from alerts where incident_id = incidents.id and {_STANDING})
           or not exists (select from alerts join alert_transitions said on said.alert_id = alerts.id
                          where incident_id = incidents.id and said.kind = 'level'
                            and said.time = incidents.changed_at))"""


def build_city(url: str, folder: Path) -> None:
    """Bring the city's sensors and rules into a database."""
    prepare(url, SCENARIO, say=lambda _: None)
    sensors = folder / "city.csv"
    sensors.write_text(sensors_csv(), encoding="utf-8")
    register(url, sensors)
    with connect(url, "test", autocommit=True) as connection:
        put_in_force(connection, read_files(SHIPPED) | OWN_RULES, author="test", note="the city's own")


class City(Chain):
    """A chain on a database of `build_city`; its pipeline may reach database and broker by another way."""

    def __init__(self, url: str, broker: BrokerSettings, folder: Path) -> None:
        self.way_to_database = url
        self.way_to_broker: dict[str, str] = {}
        super().__init__(url, broker, folder)

    def _new_pipeline(self) -> Child:
        child = super()._new_pipeline()
        child.arguments[child.arguments.index(self.url)] = self.way_to_database
        child.environment = self.way_to_broker
        return child

    @contextmanager
    def sending(self, messages: Sequence[Sent], seconds: float | None = None) -> Iterator[threading.Event]:
        """Publish beside the block, evenly over the seconds; the event is set when the broker has confirmed all."""
        done, failed = threading.Event(), []

        def work() -> None:
            try:
                _publish(self.broker, messages, seconds)
            except OSError as error:
                failed.append(error)
            finally:
                done.set()

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield done
        finally:
            thread.join()
        assert not failed

    def send_all(self, messages: Sequence[Sent]) -> None:
        """Publish, and wait until all of it is committed."""
        with self.sending(messages) as done:
            assert done.wait(PATIENCE_S)
        self.await_clock(messages)

    def await_clock(self, messages: Sequence[Sent]) -> None:
        """Until the last message of the clock, which comes after all others, is committed."""
        last = messages[-1].clock
        eventually(lambda: (told := self.clock()) is not None and told >= last)

    def await_silence(self) -> None:
        """Until the meters behind the gateway, the gateway and the lone one are known to be silent."""
        with connect(self.url, "test", autocommit=True) as connection:
            silent = "select count(*) from alerts where rule_id = 'device-offline' and state = 'open'"
            eventually(lambda: connection.execute(silent).fetchone() == (5,), patience_s=30)

    def await_tended(self) -> None:
        """Until the incidents whose time is over are closed, which happens about once a second."""
        settings, now = incident_settings(), self.clock()
        quiet = "select family, changed_at from incidents where state = 'open' and level = 'none'"
        with connect(self.url, "test", autocommit=True) as connection:
            eventually(
                lambda: all(
                    changed_at + timedelta(microseconds=settings.window_us(family)) > now
                    for family, changed_at in connection.execute(quiet)
                )
            )

    def outcome(self) -> dict[str, Any]:
        """Everything that must be the same whatever happened on the way."""
        self.await_tended()
        with connect(self.url, "test", autocommit=True) as connection:
            assert connection.execute(_INCIDENTS_OUT_OF_TIME).fetchall() == []
            return {
                "readings": connection.execute(_READINGS).fetchall(),
                "quarantine": connection.execute(
                    "select topic, reason, payload from quarantine order by 1, 2, 3"
                ).fetchall(),
                "transitions": sorted(transitions(connection), key=lambda one: tuple(one.values())),
                "alerts": connection.execute(_ALERTS).fetchall(),
                "incidents": connection.execute(_INCIDENTS).fetchall(),
                "runs": runs(connection),
                "books": _books(connection),
            }

    def ledger(self, *options: str) -> dict[str, Any]:
        """What `shijing ledger --json` says."""
        command = [sys.executable, "-m", "shijing", "ledger", "--json", "--database", self.url, *options]
        told = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
        assert told.stdout, told.stderr
        found: dict[str, Any] = json.loads(told.stdout)
        return found


def _publish(broker: BrokerSettings, messages: Sequence[Sent], seconds: float | None) -> None:
    publisher = Publisher(broker, "city")
    publisher.connect()
    begun, clock = time.monotonic(), None
    try:
        for number, message in enumerate(messages):
            if message.clock != clock:
                clock = message.clock
                publisher.publish(CLOCK_TOPIC, json.dumps({"time": clock.isoformat()}).encode())
            publisher.publish(message.topic, message.payload)
            ahead_s = (seconds or 0.0) * number / len(messages) - (time.monotonic() - begun)
            if ahead_s > 0:
                time.sleep(ahead_s)
        publisher.publish(CLOCK_TOPIC, json.dumps({"time": messages[-1].clock.isoformat()}).encode())
        publisher.confirm()
    finally:
        publisher.close()


def _books(connection: Connection) -> Any:
    return connection.execute(
        "select sum(readings - stored - repeats - quarantined), sum(stored) from intake"
    ).fetchone()


def busy() -> list[Sent]:
    """The part of the day in which everybody reports."""
    return stream(BEGIN, FALL_SILENT, SEED)


def quiet() -> list[Sent]:
    """A gateway and a lone meter are silent."""
    return stream(FALL_SILENT, RETURN, SEED + 1)


def back() -> list[Sent]:
    """And are back."""
    return stream(RETURN, END, SEED + 2)
