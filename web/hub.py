"""The fan-out of the live stream: one frame in, a bounded queue for every screen that it is for."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from access.scope import Scope

log = logging.getLogger(__name__)

QUEUE_FRAMES = 256
QUEUE_BYTES = 16 * 1024 * 1024  # a board of 5,000 alerts is about two


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One server-sent event; `id` only where a client may resume from it."""

    event: str
    data: Any  # whatever orjson can write, dataclasses and aware datetimes included
    id: int | None = None
    text: bytes = field(init=False)

    def __post_init__(self) -> None:
        head = b"" if self.id is None else b"id: %d\n" % self.id
        body = orjson.dumps(self.data, option=orjson.OPT_UTC_Z)
        object.__setattr__(self, "text", head + b"event: %s\ndata: %s\n\n" % (self.event.encode(), body))


@dataclass(frozen=True, kw_only=True)
class Interest:
    """What a screen may be shown, and what of it it has in view."""

    scope: Scope
    division: int | None = None  # None: all of the scope


class Client:
    """One connected screen: what it is told of, and how to find out whether it still may be."""

    def __init__(self, interest: Interest, still: Callable[[], Scope], limit: int = QUEUE_FRAMES) -> None:
        self.interest = interest
        self.still = still  # asks the database; a scope of nothing where the session is over
        self._queue: asyncio.Queue[Frame | None] = asyncio.Queue(limit)
        self._bytes = 0  # of what is queued

    @property
    def scope(self) -> Scope:
        """What it may be shown."""
        return self.interest.scope

    def offer(self, frame: Frame) -> bool:
        """Queue a frame; False where the client is too far behind, in frames or in bytes."""
        if self._bytes and self._bytes + len(frame.text) > QUEUE_BYTES:
            return False
        try:
            self._queue.put_nowait(frame)
        except asyncio.QueueFull:
            return False
        self._bytes += len(frame.text)
        return True

    def end(self) -> None:
        """Let go of what is queued and end the stream: the client comes back and resumes."""
        while not self._queue.empty():
            self._queue.get_nowait()
        self._bytes = 0
        self._queue.put_nowait(None)

    async def next(self, timeout_s: float) -> Frame | None:
        """The next frame, None at the end; raises TimeoutError after `timeout_s` of nothing."""
        frame = await asyncio.wait_for(self._queue.get(), timeout_s)
        self._bytes -= 0 if frame is None else len(frame.text)
        return frame


class Hub:
    """The connected screens; lives on the event loop that made it."""

    def __init__(self, limit: int = QUEUE_FRAMES) -> None:
        self._loop = asyncio.get_running_loop()
        self._limit = limit
        self._clients: set[Client] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._clients)

    def join(self, scope: Scope, still: Callable[[], Scope], division: int | None = None) -> Client:
        """Queue every frame of its scope and interest from now on for a new client."""
        client = Client(Interest(scope=scope, division=division), still, self._limit)
        if self._closed:
            client.end()
        else:
            self._clients.add(client)
        return client

    def leave(self, client: Client) -> None:
        self._clients.discard(client)

    def clients(self) -> list[Client]:
        """Those of now; from any thread."""
        return list(self._clients)

    def scopes(self) -> set[Scope]:
        """What the clients of now may be shown; from any thread."""
        return {client.scope for client in self.clients()}

    def interests(self) -> set[Interest]:
        """What the clients of now are told of; from any thread."""
        return {client.interest for client in self.clients()}

    def publish(self, frame: Frame, to: Scope | Interest | None = None) -> None:
        """Give a frame to every client of that scope or interest, None: to all; one that cannot keep up is dropped."""
        meant = [client for client in self._clients if to is None or to in (client.scope, client.interest)]
        for client in [client for client in meant if not client.offer(frame)]:
            log.warning("a screen read too slowly and was let go; it resumes by itself")
            self.leave(client)
            client.end()

    def publish_from_thread(self, frame: Frame, to: Scope | Interest | None = None) -> None:
        """The same from another thread; a frame after the loop's end is let go."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.publish, frame, to)

    def end_from_thread(self, client: Client) -> None:
        """End the stream of one client, from another thread: it comes back as what it is now, or not at all."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end, client)

    def _end(self, client: Client) -> None:
        if client in self._clients:
            self.leave(client)
            client.end()

    def close(self) -> None:
        """End every stream, so that a server that stops need not wait for them."""
        self._closed = True
        for client in list(self._clients):
            self.leave(client)
            client.end()
