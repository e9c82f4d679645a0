"""Replays a scenario over MQTT as its devices would, and tells its clock in order with the readings.

The clock runs at `speed` times real time from `live_from` on; what is earlier, and all of it
at `speed` None, is sent as fast as the broker takes it.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
import paho.mqtt.client as mqtt

from config.settings import BrokerSettings
from ingest.errors import BrokerError
from ingest.scenario import Recorded, Scenario, recorded
from ingest.session import new_client

log = logging.getLogger(__name__)

CLOCK_TOPIC = "cq/clock"
_TICK_S = 0.25  # how often the clock is told while it runs
_CONFIRM_S = 60.0
_IN_FLIGHT = 100
_RECONNECT_S = (1, 5)


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a replay is."""

    published: int
    total: int
    clock: datetime


class Publisher:
    """QoS 1 publishing, in order also across a broken connection."""

    def __init__(self, broker: BrokerSettings, client_id: str) -> None:
        self._broker = broker
        self._broken = threading.Event()
        # Counted here: paho's own handle of a message published without a connection raises for ever.
        self._published = self._confirmed = 0
        self._client = new_client(mqtt.Client, broker, client_id, reconnect=True)
        self._client.reconnect_delay_set(*_RECONNECT_S)
        self._client.max_inflight_messages_set(_IN_FLIGHT)
        self._client.max_queued_messages_set(0)
        self._client.on_disconnect = lambda *_: self._broken.set()
        self._client.on_publish = self._on_publish

    def connect(self) -> None:
        """Connect, trying again for a while; raises BrokerError where no broker answers."""
        deadline = time.monotonic() + _CONFIRM_S
        while True:
            try:
                self._client.connect(self._broker.host, self._broker.port, self._broker.keepalive_s)
                break
            except OSError as error:
                if time.monotonic() > deadline:
                    raise BrokerError(f"no broker at {self._broker.host}:{self._broker.port}: {error}") from error
                time.sleep(0.2)
        self._client.loop_start()

    def publish(self, topic: str, payload: bytes) -> None:
        """Hand one message over; after a break only once all before it are confirmed, so that none overtakes."""
        if self._broken.is_set():
            self.confirm()
            self._broken.clear()
        self._published += 1
        self._client.publish(topic, payload, qos=1)

    def _on_publish(self, *_: object) -> None:
        self._confirmed += 1

    def confirm(self) -> None:
        """Wait until the broker has confirmed everything; raises BrokerError where it does not."""
        deadline = time.monotonic() + _CONFIRM_S
        while self._confirmed < self._published:
            if time.monotonic() > deadline:
                raise BrokerError("the broker does not confirm what is published: does it run, is its disk full?")
            time.sleep(0.01)

    def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()


def replay(
    scenario: Scenario,
    publisher: Publisher,
    *,
    speed: float | None,
    resume: datetime | None = None,
    stop: threading.Event,
    tell: Callable[[Progress], None] = lambda _: None,
) -> Progress:
    """Publish the scenario from `resume` (or its start) to its end; `tell` hears of the progress.

    Readings at `resume` itself are sent again: they are repeats, and are known as such.
    """
    begin = max(resume or scenario.start, scenario.start)
    rows = [row for row in recorded(scenario) if row.time >= begin]
    total = len(rows)
    published = 0
    clock = begin
    _tell_clock(publisher, begin)
    for clock, due in _beats(rows, scenario, begin, speed, stop):
        for row in due:
            # The clock first: a reading is never ahead of the clock that came before it.
            _tell_clock(publisher, row.time)
            publisher.publish(row.topic, row.payload)
            published += 1
        _tell_clock(publisher, clock)
        tell(Progress(published=published, total=total, clock=clock))
    publisher.confirm()
    return Progress(published=published, total=total, clock=clock)


def _tell_clock(publisher: Publisher, clock: datetime) -> None:
    publisher.publish(CLOCK_TOPIC, msgspec.json.encode({"time": clock.isoformat()}))


def _beats(
    rows: list[Recorded], scenario: Scenario, begin: datetime, speed: float | None, stop: threading.Event
) -> Iterator[tuple[datetime, list[Recorded]]]:
    """The scenario's clock as it moves on, each time with the readings that are due by then."""
    place = 0
    for clock in _clock(scenario, begin, speed, stop):
        due = place
        while due < len(rows) and rows[due].time <= clock:
            due += 1
        yield clock, rows[place:due]
        place = due


def _clock(scenario: Scenario, begin: datetime, speed: float | None, stop: threading.Event) -> Iterator[datetime]:
    if speed is not None:
        live = max(begin, scenario.live_from)
        started = time.monotonic()
        clock = live
        while clock < scenario.end:
            yield clock
            if stop.wait(_TICK_S):
                return
            clock = live + timedelta(seconds=(time.monotonic() - started) * speed)
    yield scenario.end
