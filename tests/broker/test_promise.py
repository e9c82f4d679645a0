"""The promise, with real processes: whatever is killed, cut or restarted, each reading is stored once and
the alerts are those of an undisturbed run."""

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from psycopg import OperationalError

from alerts.report import runs, transitions
from commands.children import FENCED_STATUS, Child
from commands.figures import clock
from commands.registry import prepare
from config.database import connect
from config.embedded_database import embedded_database, start_server, stop_server
from config.folder import DataFolder
from config.settings import BrokerSettings
from ingest.embedded_broker import embedded_broker
from ingest.replay import Publisher, replay
from ingest.scenario import load_scenario

SCENARIO = load_scenario("flood-2020-08")
KILLS = 10
OUTAGE_S = 30
PATIENCE_S = 90


class Chain:
    """One database and one broker with a pipeline process between them, and the flood to replay."""

    def __init__(self, url: str, broker: BrokerSettings, folder: Path) -> None:
        self.url = url
        self.broker = broker
        self._log = folder / "logs" / "pipeline.log"
        self.pipeline = self._new_pipeline()
        prepare(url, SCENARIO, say=lambda _: None)

    def _new_pipeline(self) -> Child:
        return Child(
            name="pipeline", arguments=["pipeline", "--database", self.url, "--clock", "mqtt"], log_file=self._log
        )

    def start(self) -> Child:
        self.pipeline = self._new_pipeline()
        self.pipeline.start()
        self.pipeline.await_ready()
        return self.pipeline

    def kill(self) -> None:
        os.kill(self.pipeline.process.pid, signal.SIGKILL)
        self.pipeline.await_end()

    @contextmanager
    def replaying(self, seconds: float | None) -> Iterator[threading.Event]:
        """Replay beside the block; the event is set when all of it is confirmed by the broker."""
        done, stop, failed = threading.Event(), threading.Event(), []
        live_s = (SCENARIO.end - SCENARIO.live_from).total_seconds()

        def work() -> None:
            publisher = Publisher(self.broker, "flood")
            try:
                publisher.connect()
                replay(SCENARIO, publisher, speed=live_s / seconds if seconds else None, stop=stop)
            except OSError as error:
                failed.append(error)
            finally:
                publisher.close()
                done.set()

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield done
        finally:
            stop.set()
            thread.join()
        assert not failed

    def await_end(self) -> None:
        """Until the clock's last message, which comes after the last reading, is committed."""
        eventually(lambda: (told := self.clock()) is not None and told >= SCENARIO.end)

    def clock(self) -> Any:
        with connect(self.url, "test", autocommit=True) as connection:
            return clock(connection, "cq")

    def outcome(self) -> dict[str, Any]:
        """Everything that must be the same whatever happened on the way."""
        with connect(self.url, "test", autocommit=True) as connection:
            stored = connection.execute(
                "select s.name, r.time, r.value, r.late, r.judged from readings r join sensors s on s.id = r.sensor_id"
                " order by 1, 2"
            ).fetchall()
            faults = connection.execute("select topic, reason from quarantine order by 1, 2").fetchall()
            books = connection.execute("select sum(readings - stored - repeats - quarantined), sum(stored) from intake")
            return {
                "readings": stored,
                "quarantine": faults,
                "transitions": transitions(connection),
                "runs": runs(connection),
                "books": books.fetchone(),
                "tasks": connection.execute("select count(*) from tasks").fetchone(),
                "alerts": connection.execute("select count(*) from alerts").fetchone(),
            }


def eventually(condition: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    """Wait for a condition; a database that does not answer counts as not yet."""
    pause, waited = threading.Event(), 0.0
    while waited < patience_s:
        try:
            if condition():
                return
        except OperationalError:
            pass
        pause.wait(0.05)
        waited += 0.05
    pytest.fail(f"not within {patience_s} s")


@pytest.fixture
def point_at_broker(mosquitto: Any, monkeypatch: pytest.MonkeyPatch) -> BrokerSettings:
    """Processes started by the test find this broker in their environment."""
    settings: BrokerSettings = mosquitto.settings
    monkeypatch.setenv("SHIJING_MQTT_HOST", settings.host)
    monkeypatch.setenv("SHIJING_MQTT_PORT", str(settings.port))
    return settings


@pytest.fixture
def chain(database_url: str, point_at_broker: BrokerSettings, tmp_path: Path) -> Iterator[Chain]:
    built = Chain(database_url, point_at_broker, tmp_path)
    built.start()
    yield built
    built.pipeline.ask_to_stop()
    built.pipeline.await_end()


def _undisturbed(chain: Chain) -> dict[str, Any]:
    with chain.replaying(None) as done:
        assert done.wait(PATIENCE_S)
    chain.await_end()
    return chain.outcome()


@pytest.fixture(scope="module")
def expected(module_data_folder: DataFolder) -> Iterator[dict[str, Any]]:
    """The undisturbed run, on servers of its own."""
    data = module_data_folder
    with embedded_database(data) as url, embedded_broker(data) as broker, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHIJING_MQTT_PORT", str(broker.port))
        chain = Chain(url, broker, data.path)
        chain.start()
        outcome = _undisturbed(chain)
        chain.pipeline.ask_to_stop()
        assert chain.pipeline.await_end() == 0
        yield outcome


def test_an_undisturbed_run_stores_every_reading_once(chain: Chain, expected: dict[str, Any]) -> None:
    assert _undisturbed(chain) == expected
    assert len(expected["readings"]) == 174
    assert [reason for _, reason in expected["quarantine"]] == ["datum"]
    assert len(expected["transitions"]) == 17
    assert expected["books"] == (0, 174)
    assert not any(late for *_, late, _ in expected["readings"])
    # Sent once more, all of it: every reading is a repeat, and nothing else happens.
    assert _undisturbed(chain) == expected


def test_kill_9_ten_times_loses_nothing_and_repeats_nothing(chain: Chain, expected: dict[str, Any]) -> None:
    seed = random.randrange(2**32)
    moments = random.Random(seed)
    with chain.replaying(seconds=20) as done:
        for _ in range(KILLS):
            done.wait(moments.uniform(0.05, 0.8))
            chain.kill()
            chain.start()
        done.wait(PATIENCE_S)
    chain.await_end()
    assert differences(chain.outcome(), expected) == {}, f"seed {seed}"


def test_a_stopped_database_holds_everything_up_and_loses_nothing(
    point_at_broker: BrokerSettings, data_folder: DataFolder, expected: dict[str, Any]
) -> None:
    with embedded_database(data_folder) as url:
        pgdata = data_folder / "postgres"
        chain = Chain(url, point_at_broker, data_folder.path)
        pipeline = chain.start()
        with chain.replaying(seconds=10) as done:
            eventually(lambda: (told := chain.clock()) is not None and told > SCENARIO.live_from)
            stop_server(pgdata, start_server(pgdata).system_user)
            outage = time.monotonic() + OUTAGE_S  # the devices go on, the broker keeps what they say
            eventually(lambda: time.monotonic() > outage)
            start_server(pgdata)
            assert done.wait(PATIENCE_S)
        chain.await_end()
        assert pipeline.process.poll() is None, "the pipeline lived through it"
        assert differences(chain.outcome(), expected) == {}
        pipeline.ask_to_stop()
        assert pipeline.await_end() == 0


def test_a_restarted_broker_loses_nothing(chain: Chain, mosquitto: Any, expected: dict[str, Any]) -> None:
    with chain.replaying(seconds=10) as done:
        for _ in range(3):
            done.wait(1.5)
            mosquitto.stop()
            mosquitto.start()
        assert done.wait(PATIENCE_S)
    chain.await_end()
    assert differences(chain.outcome(), expected) == {}


def test_of_two_pipelines_by_mistake_the_newer_one_works(chain: Chain, expected: dict[str, Any]) -> None:
    former = chain.pipeline
    with chain.replaying(seconds=6) as done:
        done.wait(1.0)
        chain.start()
        assert former.await_end() == FENCED_STATUS
        assert done.wait(PATIENCE_S)
    chain.await_end()
    assert chain.pipeline.process.poll() is None
    assert differences(chain.outcome(), expected) == {}


def differences(have: dict[str, Any], want: dict[str, Any]) -> dict[str, Any]:
    """Only what is not the same, row by row."""
    return {
        name: {
            "too much": [row for row in have[name] if row not in want[name]],
            "missing": [row for row in want[name] if row not in have[name]],
        }
        if isinstance(want[name], list)
        else (have[name], want[name])
        for name in want
        if have[name] != want[name]
    }
