"""The thread that watches the database for all phones: one query for an event, however many phones it concerns.

It alone knows the order of things: what a new phone is told at first and what happens meanwhile are read here, one
after the other. It also keeps the rows that say which phones are there: a beat for all of them in one statement.
"""

import logging
import random
import select
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from access.rights import Role
from config.database import Connection, connect
from dispatch.clock import now_of
from web.pace import Pace
from web.worker_cards import QUERIES, Told, cards
from web.worker_phones import Phone, Phones

log = logging.getLogger(__name__)

RIGHT = "tasks.answer"
_EVENTS_AT_ONCE = 1000
_RUNS_KEPT = 10_000
_STALE_S = 60  # six beats: nobody keeps that row any more
_WAIT_S = 0.5  # at most, so that a stop is heard


class PhoneLine(threading.Thread):
    """Tells phones of their tasks, and the dispatcher which phones are there."""

    def __init__(
        self, database_url: str, phones: Phones, roles: Mapping[str, Role], clock: Callable[[], datetime]
    ) -> None:
        super().__init__(name="phone-line", daemon=True)
        self._url = database_url
        self._phones = phones
        self._clock = clock  # by which sessions go
        self._answering = {name for name, role in roles.items() if RIGHT in role.rights}
        self._stopping = threading.Event()
        self._waker, self._wakes = socket.socketpair()
        self._waker.setblocking(False)
        self._last_id: int | None = None
        self._runs: dict[int, tuple[object, object]] = {}  # level and state as last told
        self._welcomed: dict[UUID, Phone] = {}  # those with a row

    def wake(self) -> None:
        """A phone has come or gone; from any thread."""
        with suppress(BlockingIOError, OSError):  # full: it wakes anyhow; closed: nobody is left to be told
            self._waker.send(b"w")

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                with connect(self._url, "web-phones", autocommit=True, by_index=True) as connection:
                    self._watch(connection)
            except psycopg.Error as error:  # gone, restarting, or not migrated yet: all of it passes
                log.warning("phones wait for the database: %s", str(error).strip())
                self._runs.clear()  # their changes may not have been told
                self._stopping.wait(0.5 + random.random())

    def stop(self) -> None:
        """End the thread; returns when it has ended."""
        self._stopping.set()
        self.wake()
        self.join()
        self._waker.close()
        self._wakes.close()

    def _watch(self, connection: Connection) -> None:
        for channel in ("shijing_live", "shijing_access"):
            connection.execute(f"listen {channel}".encode())
        if self._last_id is None:
            row = connection.execute(QUERIES["last_event"]).fetchone()
            assert row is not None
            self._last_id = row[0]
        paces = _Paces()
        while not self._stopping.is_set():
            self._pass(connection, paces)
            self._wait(connection, paces)
        connection.execute(QUERIES["phones_gone"], {"ids": list(self._welcomed)})

    def _wait(self, connection: Connection, paces: "_Paces") -> None:
        """Until a phone or the database has something to say, or something is due."""
        ready, _, _ = select.select([connection.fileno(), self._wakes.fileno()], [], [], paces.wait(time.monotonic()))
        if self._wakes.fileno() in ready:
            self._wakes.recv(4096)
            paces.phones.ask()
        for note in connection.notifies(timeout=0):
            (paces.events if note.channel == "shijing_live" else paces.access).ask()

    def _pass(self, connection: Connection, paces: "_Paces") -> None:
        if paces.events.take(time.monotonic()):
            self._tell_events(connection)
        if paces.phones.take(time.monotonic()):
            self._keep_rows(connection)
        if paces.beat.take(time.monotonic()):
            self._beat(connection, list(self._welcomed.values()))
            connection.execute(QUERIES["phones_swept"], {"stale_s": _STALE_S})
        if paces.access.take(time.monotonic()):
            self._let_go(connection)

    def _tell_events(self, connection: Connection) -> None:
        rows = connection.execute(
            QUERIES["events_since"], {"after": self._last_id, "limit": _EVENTS_AT_ONCE}
        ).fetchall()
        if not rows:
            return
        if len(self._phones):
            self._tell(connection, [told for _, told in rows])
        self._last_id = rows[-1][0]  # last: what a lost connection cut off is told again

    def _tell(self, connection: Connection, events: Sequence[Mapping[str, Any]]) -> None:
        named = [number for told in events for number in told.get("assignment_ids", ())]
        runs = self._changed_runs(told for told in events if "assignment_ids" not in told)
        if runs:
            named += [row[0] for row in connection.execute(QUERIES["assignments_of_runs"], {"runs": runs})]
        people = self._concerned(connection, named)
        at = now_of(connection)
        found = cards(connection, people, at, assignments=sorted(set(named)))
        self._phones.tell_from_thread(found, at)
        self._mark_sent(connection, found, at)

    def _concerned(self, connection: Connection, assignments: Sequence[int]) -> set[UUID]:
        """Who has a phone here and was called for one of these: of thousands, often one."""
        rows = connection.execute(QUERIES["called_for"], {"assignments": sorted(set(assignments))})
        return {person for (person,) in rows if self._phones.is_here(person)}

    def _changed_runs(self, told: Iterable[Mapping[str, Any]]) -> list[int]:
        """Those that rose, fell or ended: a batch tells of a run also where only another alert has joined it."""
        changed = []
        for one in told:
            stands = (one.get("level"), one.get("state"))
            if self._runs.get(one["run_id"]) != stands:
                changed.append(one["run_id"])
            self._runs[one["run_id"]] = stands
        for number in list(self._runs)[:-_RUNS_KEPT]:
            del self._runs[number]
        return sorted(set(changed))

    def _mark_sent(self, connection: Connection, found: Mapping[UUID, Sequence[Told]], at: datetime) -> None:
        # Each is in the queue of its stream: what a crash loses on the way is told again at the next connection.
        assignments = [card.id for own in found.values() for card in own if card.open]
        if assignments:
            named = {"assignments": assignments, "people": list(found), "at": at}
            connection.execute(QUERIES["sent"], named)

    def _keep_rows(self, connection: Connection) -> None:
        """New phones get a row and all their tasks; the rows of those that are gone go, too."""
        here = {phone.id: phone for phone in self._phones.all()}
        gone = [number for number in self._welcomed if number not in here]
        if gone:
            connection.execute(QUERIES["phones_gone"], {"ids": gone})
            for number in gone:
                del self._welcomed[number]
        new = [phone for phone in here.values() if phone.id not in self._welcomed]
        if new:
            self._beat(connection, new)
            at = now_of(connection)
            found = cards(connection, {phone.person_id for phone in new}, at)
            self._phones.welcome_from_thread(new, found, at)
            self._mark_sent(connection, found, at)
            self._welcomed.update((phone.id, phone) for phone in new)

    def _beat(self, connection: Connection, phones: list[Phone]) -> None:
        if phones:
            named = {"ids": [phone.id for phone in phones], "people": [phone.person_id for phone in phones]}
            connection.execute(QUERIES["phones_beat"], named)

    def _let_go(self, connection: Connection) -> None:
        """Of those whose session is over, whose role has ended, or whose account is somebody else's now."""
        phones = self._phones.all()
        if not phones:
            return
        named = {"hashes": list({phone.session_hash for phone in phones}), "now": self._clock()}
        rows = connection.execute(QUERIES["let_in"], named).fetchall()
        held = {(bytes(token), person) for token, person, roles in rows if self._answering.intersection(roles)}
        over = [phone for phone in phones if (phone.session_hash, phone.person_id) not in held]
        if over:
            self._phones.end_from_thread(over)


class _Paces:
    """How often each part is done: at most, and at least."""

    def __init__(self) -> None:
        self.events = Pace(least_s=0.1, most_s=1)  # receipts of a storm make events of their own
        self.phones = Pace(least_s=0.05, most_s=5)  # after a restart all of them come at once
        self.beat = Pace(least_s=10, most_s=10)
        self.access = Pace(least_s=0.2, most_s=60)

    def wait(self, now: float) -> float:
        return min(_WAIT_S, *(pace.wait(now) for pace in (self.events, self.phones, self.beat, self.access)))
