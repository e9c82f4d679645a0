"""The registry as columns, kept between requests, for each scope as that sees it: read anew only after it changed."""

import threading
import time

import psycopg

from access.scope import Scope
from alerts.registry_columns import Registry, load_registry
from config.database import Connection, connect

_CHANNEL = "listen shijing_registry"  # what the triggers of the registry's tables notify
_MOST = 8  # scopes; with 100,000 sensors each takes some megabytes
_OLDEST_S = 60.0  # what is valid from a time on begins without anybody writing


class KeptRegistry:
    """For the whole server; a connection of its own hears of changes from before the registry is read."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._lock = threading.Lock()
        self._ear: Connection | None = None
        self._kept: dict[Scope, tuple[Registry, float]] = {}

    def read(self, connection: Connection, scope: Scope) -> Registry:
        """As the connection, which shows the scope, sees it now; raises psycopg.Error where the database is away."""
        with self._lock:
            if not self._is_unchanged():
                self._kept.clear()
                self._listen()
            kept, read_at = self._kept.pop(scope, (None, 0.0))
            if kept is None or time.monotonic() - read_at > _OLDEST_S:
                kept, read_at = load_registry(connection), time.monotonic()
            while len(self._kept) >= _MOST:
                del self._kept[next(iter(self._kept))]  # the one that was asked for longest ago
            self._kept[scope] = (kept, read_at)
            return kept

    def close(self) -> None:
        """Let go of the connection."""
        with self._lock:
            if self._ear is not None:
                self._ear.close()
            self._ear = None
            self._kept.clear()

    def _is_unchanged(self) -> bool:
        if self._ear is None:
            return False
        try:
            self._ear.execute("select")  # what was committed by now is told with its answer
            return not list(self._ear.notifies(timeout=0))
        except psycopg.Error:  # the server was restarted: what was told meanwhile was not heard
            self._ear.close()
            self._ear = None
            return False

    def _listen(self) -> None:
        if self._ear is None:
            self._ear = connect(self._url, "web-registry", autocommit=True)
            self._ear.execute(_CHANNEL)
