"""The access log: who asked for what, written by a thread of its own so that no answer waits for it."""

import logging
import threading
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from config.database import Connection, connect
from config.queries import Queries

log = logging.getLogger(__name__)

QUERIES = Queries(Path(__file__).with_name("access_log_queries.sql"))

_EVERY_S = 1.0
_AT_THE_END_S = 10.0


@dataclass(frozen=True, kw_only=True)
class Access:
    """One request, answered."""

    at: datetime
    account: UUID | None  # None: nobody was signed in
    method: str
    route: str  # the template, /api/alerts/{alert}, not the path that was asked for
    status: int
    ms: float
    address: str  # of the client


class AccessLog:
    """Takes entries from any thread, and writes them every second; full, it drops the newest and counts them."""

    def __init__(self, database_url: str, *, at_most: int = 50_000, every_s: float = _EVERY_S) -> None:
        self._url = database_url
        self._at_most = at_most
        self._every_s = every_s
        self._waiting: deque[Access] = deque()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="access-log", daemon=True)
        self._connection: Connection | None = None  # the thread's
        self.written = 0
        self.dropped = 0  # since the start: told in /metrics and the log

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def add(self, entry: Access) -> None:
        """Take an entry; never waits."""
        with self._lock:
            if len(self._waiting) < self._at_most:
                self._waiting.append(entry)
            else:
                self.dropped += 1

    def stop(self) -> None:
        """Write what waits, and end; what a database that is away does not take within ten seconds is counted."""
        self._stop.set()
        self._thread.join(_AT_THE_END_S)
        with self._lock:
            lost = len(self._waiting)
            self.dropped += lost
            self._waiting.clear()
        if lost:
            log.error("access log: %d entries could not be written before the end and are lost", lost)

    def _run(self) -> None:
        told = 0
        while not self._stop.wait(self._every_s):
            self._attempt()
            if self.dropped > told:
                log.error("access log: %d entries were dropped, the database does not keep up", self.dropped - told)
                told = self.dropped
        self._attempt()
        self._close()

    def _attempt(self) -> None:
        try:
            self._flush()
        except psycopg.Error as error:
            log.warning("access log: waits for the database: %s", str(error).strip().partition("\n")[0])
            self._close()

    def _flush(self) -> None:
        """Write what waits now, all of it or nothing: then it waits on."""
        with self._lock:
            batch = list(self._waiting)
        if not batch:
            return
        if self._connection is None:
            self._connection = connect(self._url, "access-log")
        with self._connection.cursor() as cursor, cursor.copy(QUERIES["copy"]) as copy:
            for one in batch:
                copy.write_row(_row(one))
        self._connection.commit()
        with self._lock:
            for _ in batch:
                self._waiting.popleft()
        self.written += len(batch)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _row(one: Access) -> tuple[object, ...]:
    return one.at, one.account, _text(one.method), _text(one.route), one.status, one.ms, _text(one.address)


def _text(text: str) -> str:
    """What a text column takes: one entry that it does not take would hold up all others."""
    return text.replace("\0", "")[:200]


def every_access(connection: Connection, **asked: object) -> Generator[Access, None, None]:
    """As `accesses`, all of them, streamed by a cursor of the server; inside of a transaction."""
    with connection.cursor("accesses", row_factory=class_row(Access)) as cursor:
        cursor.itersize = 1000
        cursor.execute(QUERIES["list"], {**asked, "before": None, "most": None})
        yield from cursor


def accesses(
    connection: Connection,
    *,
    account: UUID | None = None,
    route: str | None = None,
    failed: bool = False,
    since: datetime | None = None,
    until: datetime | None = None,
    before: datetime | None = None,
    most: int = 100,
) -> list[Access]:
    """Requests, newest first; `route` is the beginning of one, `failed` those that were refused, `before` pages on."""
    asked = {
        "account": account,
        "route": route,
        "failed": failed,
        "since": since,
        "until": until,
        "before": before,
        "most": most,
    }
    with connection.cursor(row_factory=class_row(Access)) as cursor:
        return cursor.execute(QUERIES["list"], asked).fetchall()
