"""The thread that watches the database for all screens: notifications wake it, polling guarantees.

One connection and one set of queries serve every screen, however many there are. When
the database goes away the thread says so to the screens and connects again by itself.
"""

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import psycopg

from config.database import Connection, connect
from web.hub import Frame
from web.pace import Pace
from web.state import QUERIES, Board, Clock, LastValue, read_board, read_clock, read_last_event_id, read_last_values

log = logging.getLogger(__name__)

LIVE, READINGS = "shijing_live", "shijing_readings"
_EVENTS_AT_ONCE = 1000
# A pass over the last values takes at most this share of the time, however many sensors there are.
_VALUES_SHARE = 0.2


class Listener(threading.Thread):
    """Publishes frames: alert, run and divisions (resumable), board, readings, clock and status."""

    def __init__(self, database_url: str, publish: Callable[[Frame], None]) -> None:
        super().__init__(name="web-listener", daemon=True)
        self._url = database_url
        self._publish = publish
        self._stopping = threading.Event()
        self._last_id: int | None = None
        self._values: dict[int, tuple[datetime, float]] = {}
        self._board: Board | None = None
        self._clock: Clock | None = None
        self.passed_at = time.monotonic()  # of the last pass that the database answered, or of our start

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                with connect(self._url, "web-live", autocommit=True) as connection:
                    self._watch(connection)
            except psycopg.Error as error:  # gone, restarting, or not migrated yet: all of it passes
                log.warning("the live stream lost the database and tries again: %s", str(error).strip())
                self._publish(Frame(event="status", data={"database": False}))
                self._stopping.wait(0.5 + random.random())

    def stop(self) -> None:
        """End the thread; returns when it has ended."""
        self._stopping.set()
        self.join()

    def _watch(self, connection: Connection) -> None:
        connection.execute("listen shijing_live")
        connection.execute("listen shijing_readings")
        if self._last_id is None:
            self._last_id = read_last_event_id(connection)
        self._publish(Frame(event="status", data={"database": True}))
        paces = _Paces()
        while not self._stopping.is_set():
            self._pass(connection, paces)
            wait = paces.wait(time.monotonic())
            for note in connection.notifies(timeout=wait, stop_after=1):
                paces.wake(note.channel)

    def _pass(self, connection: Connection, paces: "_Paces") -> None:
        if paces.events.take(time.monotonic()) and self._publish_events(connection):
            paces.board.ask()
        if paces.board.take(time.monotonic()):
            self._publish_board(connection)
        if paces.values.take(time.monotonic()):
            began = time.monotonic()
            self._publish_values(connection)
            self._publish_clock(connection)
            paces.values.slow_to((time.monotonic() - began) / _VALUES_SHARE)
        if paces.beat.take(time.monotonic()) and self._clock is not None:
            self._publish(Frame(event="clock", data=self._clock))
        self.passed_at = time.monotonic()

    def _publish_events(self, connection: Connection) -> bool:
        cursor = connection.execute(QUERIES["events_since"], {"after": self._last_id, "limit": _EVENTS_AT_ONCE})
        rows = cursor.fetchall()
        for number, kind, payload in rows:
            self._publish(Frame(event=kind, data=payload, id=number))
            self._last_id = number
        return bool(rows)

    def _publish_board(self, connection: Connection) -> None:
        board = read_board(connection, read_clock(connection))
        if self._board is None or replace(board, clock=self._board.clock) != self._board:
            self._publish(Frame(event="board", data=board))
        self._board = board

    def _publish_values(self, connection: Connection) -> None:
        changed = [value for value in read_last_values(connection) if self._is_news(value)]
        if changed:
            self._values.update({value.id: (value.time, value.value) for value in changed})
            self._publish(Frame(event="readings", data=changed))

    def _is_news(self, value: LastValue) -> bool:
        return self._values.get(value.id) != (value.time, value.value)

    def _publish_clock(self, connection: Connection) -> None:
        clock = read_clock(connection)
        if clock.injected and clock != self._clock:
            self._publish(Frame(event="clock", data=clock))
        self._clock = clock


class _Paces:
    """How often each part is read: at most, and at least."""

    def __init__(self) -> None:
        self.events = Pace(least_s=0, most_s=1)
        self.board = Pace(least_s=0.5, most_s=3)
        self.values = Pace(least_s=0.5, most_s=2)
        self.beat = Pace(least_s=5, most_s=5)

    def wake(self, channel: str) -> None:
        (self.events if channel == LIVE else self.values).ask()

    def wait(self, now: float) -> float:
        """Seconds until one of them is due; at most half a second, so that a stop is heard."""
        return min(0.5, *(pace.wait(now) for pace in (self.events, self.board, self.values, self.beat)))
