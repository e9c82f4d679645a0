"""A whole chain with real processes: database, broker, pipeline, and the flood to replay through them."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from psycopg import OperationalError

from alerts.fence import told_clock
from alerts.report import runs, transitions
from commands.children import Child
from commands.registry import prepare
from config.database import connect
from config.settings import BrokerSettings
from ingest.replay import Publisher, replay
from ingest.scenario import load_scenario

SCENARIO = load_scenario("flood-2020-08")
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
            return told_clock(connection, "cq")

    def log_file(self, name: str) -> Path:
        """Where another process of the chain may log."""
        return self._log.with_name(name)

    def log(self) -> str:
        """All that the pipeline has said so far."""
        return self._log.read_text(errors="replace")

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


def undisturbed(chain: Chain) -> dict[str, Any]:
    """The outcome of a replay as fast as it goes, with nothing in its way."""
    with chain.replaying(None) as done:
        assert done.wait(PATIENCE_S)
    chain.await_end()
    return chain.outcome()


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
