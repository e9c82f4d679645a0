"""The names that can be found, kept by one thread: read when the server has started, and anew when one changes.

What is kept knows no scope. It is narrowed to what a scope shows by asking the database as that scope, and what is
found is looked up there again, so a name that was kept too long is not told either.
"""

import logging
import threading
import time
from datetime import datetime

import psycopg

from access.scope import Scope
from config.database import Connection, connect
from screen.search import Found, NameIndex, NamesStamp, read_found, read_names, read_shown, read_span, read_stamp
from web.errors import BusyError
from web.levels_kept import Kept, Reading

log = logging.getLogger(__name__)

_CHANNEL = "listen shijing_registry"  # what the triggers of the registry's tables notify
_LATER_S = 5.0  # after the start, unless somebody asks before
_LOOK_S = 2.0  # between looks at whether something changed
_SHARE = 0.1  # of the time is spent on reading names, at most
_PATIENCE_S = 20.0  # of who asks before the names were read
_SCOPES = 32
_OLDEST_S = 60  # what is valid from a time on begins without anybody writing


class KeptNames(threading.Thread):
    """For the whole server; safe to ask from any thread."""

    def __init__(self, database_url: str) -> None:
        super().__init__(name="web-names", daemon=True)
        self._url = database_url
        self._stopping, self._wanted, self._read = threading.Event(), threading.Event(), threading.Event()
        self._index = NameIndex([])
        self._version = 0
        self._narrowed: Kept[tuple[Scope, int, int], NameIndex] = Kept(_SCOPES)

    def stop(self) -> None:
        """End the thread; returns when it has ended."""
        self._stopping.set()
        self._wanted.set()
        if self.is_alive():
            self.join()

    def find(self, reading: Reading, scope: Scope, asked: str) -> list[Found]:
        """What the scope shows of what is called so, the best first; raises BusyError before the names were read."""
        self._wanted.set()
        if not self._read.wait(_PATIENCE_S):
            raise BusyError("the names are still being read: ask again in a moment")
        index, at = self._index, self._at
        if not scope.everywhere:
            index = self._of(reading, scope, index, at)
        keys = index.find(asked)
        if not keys:
            return []
        with reading() as connection:
            return read_found(connection, keys, at)

    def _of(self, reading: Reading, scope: Scope, index: NameIndex, at: datetime) -> NameIndex:
        def made() -> NameIndex:
            with reading() as connection:
                return index.narrowed(read_shown(connection, at))

        return self._narrowed.get((scope, self._version, int(time.monotonic() // _OLDEST_S)), made)

    def run(self) -> None:
        self._wanted.wait(_LATER_S)
        while not self._stopping.is_set():
            try:
                with connect(self._url, "web-names", autocommit=True) as connection:
                    self._watch(connection)
            except psycopg.Error as error:  # gone, restarting, or not migrated yet: all of it passes
                log.warning("names cannot be read, and are tried again: %s", str(error).strip())
                self._stopping.wait(_LOOK_S)

    def _watch(self, connection: Connection) -> None:
        connection.execute(_CHANNEL)
        known: NamesStamp | None = None
        while not self._stopping.is_set():
            stamp = read_stamp(connection)
            told = list(connection.notifies(timeout=0))
            took = 0.0
            if known is None or told or not self._holds(known, stamp):
                began = time.monotonic()
                self._since, self._until = read_span(connection, stamp.at)
                self._index, self._at, known = read_names(connection, stamp.at), stamp.at, stamp
                self._version += 1
                self._read.set()
                took = time.monotonic() - began
            self._stopping.wait(max(_LOOK_S, took / _SHARE))

    def _holds(self, known: NamesStamp, now: NamesStamp) -> bool:
        return (
            (known.number, known.things) == (now.number, now.things)
            and (self._since is None or self._since <= now.at)
            and (self._until is None or now.at < self._until)
        )
