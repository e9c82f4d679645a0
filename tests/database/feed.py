"""A pipeline that runs in a thread, fed by hand in place of a broker."""

import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, cast

from alerts.pipeline import Pipeline
from config.settings import PipelineSettings
from ingest.gather import Message
from ingest.session import MqttSession

PATIENCE_S = 10


class Feed:
    """In place of the session: hands over what is sent, and knows what was acknowledged."""

    connected, may_connect = True, False
    steady_s, waiting, window = 3600.0, 0, 2000

    def __init__(self) -> None:
        self._waiting: queue.Queue[Message] = queue.Queue()
        self._acknowledged = 0
        self._sent = 0

    def take(self, *, wait_s: float, **_: object) -> list[Message]:
        try:
            return [self._waiting.get(timeout=wait_s)]
        except queue.Empty:
            return []

    def acknowledge(self, messages: list[Message]) -> None:
        self._acknowledged += len(messages)

    def close(self) -> None:
        """Nothing is open."""

    def send(self, topic: str, payload: dict[str, Any]) -> None:
        """Hand one message over; returns once it is committed."""
        self._sent += 1
        self._waiting.put(Message(topic=topic, payload=json.dumps(payload).encode(), mid=1))
        until(lambda: self._acknowledged == self._sent)

    def stage(self, value: float, time: datetime, station: str = "cuntan") -> None:
        """One stage of a gauge, with the clock told first."""
        self.send("cq/clock", {"time": time.isoformat()})
        told = {"value": value, "time": time.isoformat(), "unit": "m", "datum": "wusong"}
        self.send(f"cq/500105/{station}/stage", told)


def until(met: Callable[[], bool]) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + PATIENCE_S
    while not met():
        assert time.monotonic() < deadline, "never came true"
        time.sleep(0.02)


@contextmanager
def running_pipeline(url: str) -> Iterator[Feed]:
    """A pipeline on the database until the end of the block; raises what it ended with by itself."""
    feed, stop, failed = Feed(), threading.Event(), list[BaseException]()
    pipeline = Pipeline(PipelineSettings(), url, cast(MqttSession, feed), follow_clock=True)

    def work() -> None:
        try:
            pipeline.run(stop)
        except BaseException as error:  # noqa: BLE001 - told below, in the test's own thread
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield feed
    finally:
        stop.set()
        thread.join(PATIENCE_S)
        if failed:
            raise failed[0]
