"""The thread that watches the database for all screens: notifications wake it, polling guarantees.

What it does not tell is readings: they have a thread of their own (web/readings_listener.py).

One connection serves every screen, and one set of queries for each scope that screens have: what
a scope shows is the database's to say (access/scope.py). When the database goes away the thread
says so to the screens and connects again by itself. A screen whose session or roles have changed is
let go; it comes back as what it is now, or is asked to sign in.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import psycopg
from psycopg import sql

from access.errors import ScopeRefused
from access.readers import ReaderLogin
from access.scope import EVERYWHERE, Scope, as_reader
from config.database import Connection, connect
from web.hub import Frame, Hub, Interest
from web.interests import Interests
from web.pace import Pace
from web.state import (
    QUERIES,
    Board,
    alerted_sensors,
    read_board,
    read_clock,
    read_last_event_id,
    read_last_values,
    read_stations,
)

log = logging.getLogger(__name__)

LIVE, ACCESS, REGISTRY = "shijing_live", "shijing_access", "shijing_registry"
_EVENTS_AT_ONCE = 1000
# Reading the boards takes at most this share of the time, however many scopes there are.
_BOARDS_SHARE = 0.4


class Listener(threading.Thread):
    """Publishes frames: alert, run and divisions (resumable), board, stations and status."""

    def __init__(
        self, login: ReaderLogin, hub: Hub, interests: Interests, *, regained: Callable[[], None] = lambda: None
    ) -> None:
        """`regained` is called when the database is back after it was away."""
        super().__init__(name="web-listener", daemon=True)
        self._regained = regained
        self._was_lost = False
        self._login = login
        self._hub = hub
        self._publish = hub.publish_from_thread
        self._stopping = threading.Event()
        self._last_id: int | None = None
        self._interests = interests
        self._boards: dict[Scope, Board] = {}
        self._boards_upto = -1  # the last live event when they were read
        self._alerted: dict[Interest, frozenset[int]] = {}  # of those who are told of no others
        self.began = threading.Event()  # from here on it misses no event; a snapshot read earlier may
        self.passed_at = time.monotonic()  # of the last pass that the database answered, or of our start

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                with connect(self._login.url(), "web-live", autocommit=True) as connection:
                    self._watch(connection)
            except (psycopg.Error, ScopeRefused) as error:  # gone, restarting, or not migrated yet: all of it passes
                log.warning("the live stream lost the database and tries again: %s", str(error).strip())
                self._publish(Frame(event="status", data={"database": False}))
                self._was_lost = True
                self._stopping.wait(0.5 + random.random())

    @property
    def told_up_to(self) -> int:
        """The last live event that the screens were told of: what they ask for after it has to be of after it."""
        return self._last_id or 0

    def board_told(self, scope: Scope, last_event: int) -> Board | None:
        """What the screens of a scope were told last, where nothing has happened since; from any thread.

        Whoever joined the hub before hears of everything that differs from it.
        """
        boards, upto = self._boards, self._boards_upto
        return boards.get(scope) if upto == last_event == self._last_id else None

    def stop(self) -> None:
        """End the thread; returns when it has ended."""
        self._stopping.set()
        self.join()

    def _watch(self, connection: Connection) -> None:
        for channel in (LIVE, ACCESS, REGISTRY):
            connection.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
        as_reader(connection)
        self._login.narrow(connection, EVERYWHERE)
        self._interests.forget()
        if self._last_id is None:
            self._last_id = read_last_event_id(connection)
        self.began.set()
        if self._was_lost:
            self._was_lost = False
            self._regained()
        self._publish(Frame(event="status", data={"database": True}))
        paces = _Paces()
        while not self._stopping.is_set():
            self._pass(connection, paces)
            wait = paces.wait(time.monotonic())
            for note in connection.notifies(timeout=wait, stop_after=1):
                paces.wake(note.channel)

    def _pass(self, connection: Connection, paces: "_Paces") -> None:
        if paces.access.take(time.monotonic()):
            self._let_go()
        if paces.registry.take(time.monotonic()):
            self._interests.forget()
        if paces.events.take(time.monotonic()) and self._publish_events(connection):
            paces.board.ask()
        if paces.board.take(time.monotonic()):
            began = time.monotonic()
            self._publish_boards(connection)
            paces.board.slow_to((time.monotonic() - began) / _BOARDS_SHARE)
        if paces.beat.take(time.monotonic()):
            self._publish(Frame(event="clock", data=read_clock(connection)))
        self.passed_at = time.monotonic()

    def _let_go(self) -> None:
        """Of those whose session is over, or whose roles reach elsewhere by now."""
        for client in self._hub.clients():
            if client.still() != client.scope:
                self._hub.end_from_thread(client)

    def _publish_events(self, connection: Connection) -> bool:
        asked = {"after": self._last_id, "limit": _EVENTS_AT_ONCE}
        rows = connection.execute(QUERIES["events_since"], asked).fetchall()
        if not rows:
            return False
        frames = {number: Frame(event=kind, data=payload, id=number) for number, kind, payload in rows}
        self._last_id = rows[-1][0]
        if any(frame.event == "divisions" for frame in frames.values()):
            self._interests.forget()
        for scope in self._hub.scopes():
            with self._as(connection, scope):
                shown = connection.execute(QUERIES["events_shown"], {"ids": list(frames)}).fetchall()
            for (number,) in shown:
                self._publish(frames[number], scope)
        return True

    def _publish_boards(self, connection: Connection) -> None:
        clock, scopes = read_clock(connection), self._hub.scopes()
        self._boards_upto = -1
        upto = self._last_id or 0
        self._boards = {scope: board for scope, board in self._boards.items() if scope in scopes}
        for scope in scopes:
            with self._as(connection, scope):
                board = read_board(connection, clock)
            former = self._boards.get(scope)
            if former is None or replace(board, clock=former.clock) != former:
                self._publish(Frame(event="board", data=board), scope)
            self._boards[scope] = board
            self._interests.alert(scope, alerted_sensors(board))
        self._boards_upto = upto
        self._publish_alerted(connection)

    def _publish_alerted(self, connection: Connection) -> None:
        """To those who are told of sensors with an open alert only: which came to be such, and which are no longer."""
        interests = self._hub.interests()
        self._alerted = {interest: sensors for interest, sensors in self._alerted.items() if interest in interests}
        for interest in [one for one in interests if one.scope in self._boards]:
            board = self._boards[interest.scope]
            alerted = self._interests.alerted(connection, interest, alerted_sensors(board))
            former = self._alerted.get(interest, frozenset())
            if alerted is None or alerted == former:
                continue
            with self._as(connection, interest.scope):
                added = {
                    "stations": read_stations(connection, board.clock.now, alerted - former),
                    "values": read_last_values(connection, alerted - former),
                }
            self._publish(Frame(event="stations", data={**added, "gone": sorted(former - alerted)}), interest)
            self._alerted[interest] = alerted

    @contextmanager
    def _as(self, connection: Connection, scope: Scope) -> Iterator[None]:
        """Read as that scope for a while, and as everywhere again."""
        self._login.narrow(connection, scope)
        yield
        self._login.narrow(connection, EVERYWHERE)


class _Paces:
    """How often each part is read: at most, and at least."""

    def __init__(self) -> None:
        self.events = Pace(least_s=0, most_s=1)
        self.board = Pace(least_s=0.5, most_s=3)
        self.beat = Pace(least_s=5, most_s=5)
        self.access = Pace(least_s=0, most_s=60)
        self.registry = Pace(least_s=1, most_s=60)
        self._all = (self.events, self.board, self.beat, self.access, self.registry)

    def wake(self, channel: str) -> None:
        paces = {LIVE: self.events, ACCESS: self.access, REGISTRY: self.registry}
        paces[channel].ask()

    def wait(self, now: float) -> float:
        """Seconds until one of them is due; at most half a second, so that a stop is heard."""
        return min(0.5, *(pace.wait(now) for pace in self._all))
