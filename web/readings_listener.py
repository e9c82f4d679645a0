"""The thread that tells screens of readings: a batch says what it wrote, and each screen hears what concerns it.

A notification names a batch by partition and number; the batches since the last one are read, at most ten times a
second. Notifications wake and numbers guarantee: where one is missing, where the connection was lost (a crash empties
what batches say), where somebody tells of readings without a number, and every ten minutes in any case, the newest
readings of all sensors are read instead.
"""

import logging
import random
import threading
import time

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql

from access.errors import ScopeRefused
from access.readers import ReaderLogin
from access.scope import EVERYWHERE, as_reader
from config.database import Connection, connect
from ingest.newest import unpack_newest
from web.hub import Frame, Hub
from web.interests import Interests
from web.last_values import LastValues
from web.pace import Pace
from web.state import QUERIES, Clock, read_clock

log = logging.getLogger(__name__)

READINGS = "shijing_readings"
# Reading all sensors takes at most this share of the time, however many there are and whoever asks for it.
_WHOLE_SHARE = 0.2


class ReadingsListener(threading.Thread):
    """Publishes the frames `readings` and `clock`."""

    def __init__(self, login: ReaderLogin, hub: Hub, interests: Interests) -> None:
        super().__init__(name="web-readings", daemon=True)
        self._login = login
        self._hub = hub
        self._interests = interests
        self._stopping = threading.Event()
        self._values = LastValues()
        self._marks: dict[str, int] = {}  # the last batch that was read, by partition
        self._clock: Clock | None = None
        self.passed_at = time.monotonic()  # of the last pass that the database answered, or of our start

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                with connect(self._login.url(), "web-readings", autocommit=True) as connection:
                    self._watch(connection)
            except (psycopg.Error, ScopeRefused) as error:  # the screens are told of it by the other listener
                log.warning("readings are not told for now, and the database is tried again: %s", str(error).strip())
                self._stopping.wait(0.5 + random.random())

    def stop(self) -> None:
        """End the thread; returns when it has ended."""
        self._stopping.set()
        if self.ident is not None:
            self.join()

    def _watch(self, connection: Connection) -> None:
        connection.execute(sql.SQL("listen {}").format(sql.Identifier(READINGS)))
        as_reader(connection)
        self._login.narrow(connection, EVERYWHERE)
        self._marks = {}
        paces = _Paces()
        while not self._stopping.is_set():
            self._pass(connection, paces)
            for note in connection.notifies(timeout=paces.wait(time.monotonic()), stop_after=1):
                paces.wake(note.payload)

    def _pass(self, connection: Connection, paces: "_Paces") -> None:
        if paces.whole.take(time.monotonic()):
            began = time.monotonic()
            self._publish_whole(connection)
            paces.whole.slow_to((time.monotonic() - began) / _WHOLE_SHARE)
        if paces.batches.take(time.monotonic()) and not self._publish_batches(connection):
            paces.whole.ask()
        if paces.clock.take(time.monotonic()):
            self._publish_clock(connection)
        self.passed_at = time.monotonic()

    def _publish_batches(self, connection: Connection) -> bool:
        """What was committed since the last time; False where some of it is gone already."""
        marks = {"partitions": list(self._marks), "numbers": list(self._marks.values())}
        changed, whole = [np.empty(0, dtype=np.intp)], True
        for partition, number, readings in connection.execute(QUERIES["batches_since"], marks).fetchall():
            if number != self._marks.get(partition, 0) + 1:
                log.info("batches of partition %s before %d were missed: all sensors are read", partition, number)
                whole = False
            self._marks[partition] = number
            changed.append(self._values.take(unpack_newest(readings)))
        self._publish(connection, np.unique(np.concatenate(changed)))
        return whole

    def _publish_whole(self, connection: Connection) -> None:
        """The marks first: a batch that is committed meanwhile is read twice, and that changes nothing."""
        self._marks = dict(connection.execute(QUERIES["batch_marks"]).fetchall())
        self._publish(connection, self._values.take_whole(connection.execute(QUERIES["newest_of_all"]).fetchall()))

    def _publish(self, connection: Connection, changed: NDArray[np.intp]) -> None:
        """To whom it concerns. (Who comes from now on has all of it in the first view.)"""
        if not len(changed):
            return
        interests = self._hub.interests()
        self._interests.keep_only(interests)
        for interest in interests:
            shown = self._interests.of(connection, interest, changed)
            if len(shown):
                self._hub.publish_from_thread(Frame(event="readings", data=self._values.of(shown)), interest)

    def _publish_clock(self, connection: Connection) -> None:
        clock = read_clock(connection)
        if clock.injected and clock != self._clock:
            self._hub.publish_from_thread(Frame(event="clock", data=clock))
        self._clock = clock


class _Paces:
    """How often each part is read: at most, and at least."""

    def __init__(self) -> None:
        self.batches = Pace(least_s=0.1, most_s=1)
        self.whole = Pace(least_s=0.5, most_s=600)
        self.clock = Pace(least_s=0.5, most_s=2)
        self._all = (self.batches, self.whole, self.clock)

    def wake(self, payload: str) -> None:
        """By a partition and its batch's number, "-" where nothing was stored; a partition alone: who knows what."""
        self.clock.ask()
        match payload.split(" "):
            case [_, "-"]:
                return
            case [_, _]:
                self.batches.ask()
            case _:
                self.whole.ask()

    def wait(self, now: float) -> float:
        """Seconds until one of them is due; at most half a second, so that a stop is heard."""
        return min(0.5, *(pace.wait(now) for pace in self._all))
