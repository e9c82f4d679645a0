"""Levels of divisions, kept until one of them changes: what tiles and the OGC API are made of."""

import hashlib
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.types.range import TimestamptzRange

from access.scope import Scope
from config.database import Connection, connect
from geo.snapshot import Instants, Snapshot, read_instants, read_snapshot, read_span, read_visible
from web.state import QUERIES

Key = TypeVar("Key")
Value = TypeVar("Value")
# A reader's connection, opened only when something is not kept yet: whoever waits for what another makes holds none.
Reading = Callable[[], AbstractContextManager[Connection]]

_SNAPSHOTS = 4  # a level of 62,000 grids takes some 150 MB with its tiles
_SCOPES = 256


class Kept(Generic[Key, Value]):
    """The last few things made, the one asked for longest ago going first; safe to share between threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._made: dict[Key, Value] = {}
        self._making: dict[Key, threading.Lock] = {}

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """What was made for the key, or is made now: once, however many ask. Other keys do not wait for that."""
        with self._lock:
            if key in self._made:
                self._made[key] = value = self._made.pop(key)
                return value
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                if key in self._made:
                    return self._made[key]
            try:
                value = make()
                with self._lock:
                    while len(self._made) >= self._most:
                        del self._made[next(iter(self._made))]
                    self._made[key] = value
            finally:  # what could not be made leaves nothing behind either
                with self._lock:
                    self._making.pop(key, None)
            return value


@dataclass(frozen=True, kw_only=True)
class Stamp:
    """What a level is asked for, and a number that moves on when divisions change."""

    number: int
    at: datetime
    recorded: datetime | None


@dataclass(frozen=True, kw_only=True)
class KeptLevel:
    """A level at an instant; `tag` is the same as long as it shows the same."""

    tag: str
    snapshot: Snapshot


def read_stamp(connection: Connection, at: datetime | None, recorded: datetime | None) -> Stamp:
    """One row of the database; `at` is the pipeline's clock where nobody names another instant."""
    row = connection.execute(QUERIES["division_stamp"]).fetchone()
    assert row is not None
    number, clock = row
    return Stamp(number=number, at=at or clock, recorded=recorded)


class Stamps:
    """Reads stamps on a connection of its own, and by the owner: every tile begins with one, and nothing of what a
    stamp tells is anybody's secret. Safe to share between threads."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._lock = threading.Lock()
        self._kept: Connection | None = None

    def read(self, at: datetime | None, recorded: datetime | None) -> Stamp:
        """As of now; raises psycopg.OperationalError where the database is away."""
        with self._lock:
            if self._kept is not None:
                try:
                    return read_stamp(self._kept, at, recorded)
                except psycopg.OperationalError:  # it was restarted: its connections are dead, and told of nothing
                    self._let_go()
            self._kept = connect(self._url, "web-stamps", autocommit=True)
            return read_stamp(self._kept, at, recorded)

    def close(self) -> None:
        """Let go of the connection."""
        with self._lock:
            self._let_go()

    def _let_go(self) -> None:
        if self._kept is not None:
            self._kept.close()
        self._kept = None


class Levels:
    """Snapshots of levels at the instants that are asked for."""

    def __init__(self) -> None:
        self._instants: Kept[tuple[str, int], Instants] = Kept(16)
        self._snapshots: Kept[str, KeptLevel] = Kept(_SNAPSHOTS)
        self._visible: Kept[tuple[Scope, int], NDArray[np.int64]] = Kept(_SCOPES)

    def tag(self, reading: Reading, level: str, stamp: Stamp) -> str:
        """The same for two stamps with nothing between them that the level would show."""

        def made() -> Instants:
            with reading() as connection:
                return read_instants(connection, level)

        instants = self._instants.get((level, stamp.number), made)
        known = instants.known[-1].isoformat() if instants.known else ""  # another database may count as far
        told = f"{level} {stamp.number} {known} {instants.span(stamp.at, stamp.recorded)}"
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    def read(self, reading: Reading, level: str, stamp: Stamp) -> KeptLevel:
        """The level at the stamp's instant, whole: whoever shows it shows what is `visible`."""
        tag = self.tag(reading, level, stamp)

        def made() -> KeptLevel:
            with reading() as connection:
                return KeptLevel(tag=tag, snapshot=read_snapshot(connection, level, stamp.at, recorded=stamp.recorded))

        return self._snapshots.get(tag, made)

    def read_span(self, reading: Reading, level: str, stamp: Stamp, asked: TimestamptzRange) -> KeptLevel:
        """All that the level was in a span of time, as known at the stamp."""
        told = f"{self.tag(reading, level, stamp)} {asked.lower} {asked.upper}"
        tag = hashlib.sha256(told.encode()).hexdigest()[:16]

        def made() -> KeptLevel:
            with reading() as connection:
                return KeptLevel(tag=tag, snapshot=read_span(connection, level, asked, recorded=stamp.recorded))

        return self._snapshots.get(tag, made)

    def visible(self, reading: Reading, scope: Scope, stamp: Stamp) -> NDArray[np.int64] | None:
        """The divisions that the scope shows, by today's map: its own, and those they lie in. None: all."""
        if scope.everywhere:
            return None

        def made() -> NDArray[np.int64]:
            with reading() as connection:
                return read_visible(connection)

        return self._visible.get((scope, stamp.number), made)
