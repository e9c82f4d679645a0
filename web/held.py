"""Files between their preview and their import: kept in memory alone, for minutes, for whoever sent them."""

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

LASTS = timedelta(minutes=15)
MOST_BYTES = 96 << 20  # of all: beyond, the oldest are forgotten


@dataclass(frozen=True, kw_only=True)
class Held:
    """One file. What is in it is in no repr, and so in no log."""

    key: str
    purpose: str  # what it was previewed as: it is written as nothing else
    name: str
    raw: bytes = field(repr=False)
    until: datetime


class HeldFiles:
    """One file for an account at a time; the next one takes its place."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: OrderedDict[UUID, Held] = OrderedDict()

    def put(self, account_id: UUID, purpose: str, name: str, raw: bytes, *, now: datetime) -> str:
        """Keep it; the key that it is taken by."""
        held = Held(key=secrets.token_urlsafe(16), purpose=purpose, name=name, raw=raw, until=now + LASTS)
        with self._lock:
            self._held.pop(account_id, None)
            self._held[account_id] = held
            self._forget(now)
        return held.key

    def take(self, account_id: UUID, purpose: str, key: str, *, now: datetime) -> Held | None:
        """The file, once; None where it is not there (any more), is somebody else's or for something else."""
        with self._lock:
            self._forget(now)
            held = self._held.get(account_id)
            if held is None or held.purpose != purpose or not secrets.compare_digest(held.key.encode(), key.encode()):
                return None
            return self._held.pop(account_id)

    def _forget(self, now: datetime) -> None:
        for account_id, held in list(self._held.items()):
            if held.until <= now:
                del self._held[account_id]
        while sum(len(held.raw) for held in self._held.values()) > MOST_BYTES:
            self._held.popitem(last=False)
