"""Thousands of phones in one process: each a stream that it reads, a receipt for each card, an answer in the storm.

Raw HTTP/1.1 of asyncio: the machine is shared with the server that is measured, and a client library would take more
of it than the server does. For the same reason on uvloop, as the server.
"""

import asyncio
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.connection import Connection as Pipe
from typing import Any, cast
from uuid import uuid4

import orjson
import uvloop

from access.credentials import csrf_of

_AT_ONCE = 40  # that connect
_CARD_WITHIN_S = 60.0
_AGAIN_S = 0.5
_TRIES = 20
_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)


@dataclass
class Phone:
    """One, and what it has seen; times are time.monotonic(), which all processes of a machine share."""

    secret: str = field(repr=False)
    port: int
    ticket: str = ""
    assignments: list[int] = field(default_factory=list)
    shown_at: float = 0.0
    receipted_at: float = 0.0
    answered_ms: float = 0.0
    has_card: asyncio.Event = field(default_factory=asyncio.Event)
    is_connected: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self) -> None:
        """Read the stream until it is cancelled."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(self._head("GET", "/api/worker/stream") + b"\r\n")
        event = ""
        try:
            while line := await reader.readline():
                if line.startswith(b"event: "):
                    event = line[7:].strip().decode()
                elif line.startswith(b"data: ") and event in ("tasks", "cards"):
                    await self._take(event, orjson.loads(line[6:]))
        finally:
            writer.close()

    async def _take(self, event: str, told: dict[str, Any]) -> None:
        if event == "tasks":
            self.ticket = told["ticket"]
            self.is_connected.set()
        new = [card["id"] for card in told[event] if card["id"] not in self.assignments]
        if not new:
            return
        self.assignments += new
        self.shown_at = self.shown_at or time.monotonic()
        receipts = [{"assignment_id": number, "kind": "delivered"} for number in new]
        await self._post("/api/worker/receipts", {"receipts": receipts}, f"X-Shijing-Phone: {self.ticket}")
        self.receipted_at = self.receipted_at or time.monotonic()
        self.has_card.set()

    async def answer(self) -> bool:
        """收到, kept and sent again as a phone does until it is taken."""
        body = {
            "key": str(uuid4()),
            "assignment_id": self.assignments[0],
            "kind": "acknowledged",
            "tapped_at": datetime.now(UTC).isoformat(),
        }
        begun = time.monotonic()
        told = await self._post("/api/worker/answers", {"answers": [body]}, f"X-CSRF-Token: {csrf_of(self.secret)}")
        self.answered_ms = (time.monotonic() - begun) * 1000
        return bool(told["results"][0]["taken"])

    async def _post(self, path: str, body: Any, header: str) -> Any:
        for _ in range(_TRIES):
            status, told = await self._once(path, orjson.dumps(body), header)
            if status < 300:
                return orjson.loads(told) if told else {}
            await asyncio.sleep(_AGAIN_S)
        raise ConnectionError(f"{path} was never taken: {status} {told[:200]!r}")

    async def _once(self, path: str, body: bytes, header: str) -> tuple[int, bytes]:
        """On a connection of its own, as a phone that slept; as a browser it leaves the server to end that."""
        more = f"{header}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        exchange = _Exchange(self._head("POST", path) + more.encode() + body)
        await asyncio.get_running_loop().create_connection(lambda: exchange, "127.0.0.1", self.port)
        return await exchange.answered

    def _head(self, method: str, path: str) -> bytes:
        return f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nCookie: shijing={self.secret}\r\n".encode()


class _Exchange(asyncio.Protocol):
    """One request, and the status and body of its answer."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._came = bytearray()
        self.answered: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        self._came += data
        head, end, body = bytes(self._came).partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if end and length and len(body) >= int(length[1]) and not self.answered.done():
            self.answered.set_result((int(head.split(b" ", 2)[1]), body))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.answered.done():
            self.answered.set_exception(exc or ConnectionError(f"ended after {bytes(self._came[:200])!r}"))


def run_phones(port: int, secrets: Sequence[str], storm_s: float, pipe: Pipe) -> None:
    """A process of phones: tells how many are connected, then when each had its card, then how the storm went."""
    uvloop.run(_run(port, secrets, storm_s, pipe))


async def _run(port: int, secrets: Sequence[str], storm_s: float, pipe: Pipe) -> None:
    phones = [Phone(secret=secret, port=port) for secret in secrets]
    listening = await _connect(phones)
    pipe.send(sum(phone.is_connected.is_set() for phone in phones))
    async with asyncio.timeout(_CARD_WITHIN_S):
        await asyncio.gather(*(phone.has_card.wait() for phone in phones))
    pipe.send([(phone.shown_at, phone.receipted_at) for phone in phones])
    await asyncio.to_thread(pipe.recv)
    begun = time.monotonic()
    taken = await asyncio.gather(*(_later(phone, storm_s * n / len(phones)) for n, phone in enumerate(phones)))
    pipe.send((sum(taken), time.monotonic() - begun, [phone.answered_ms for phone in phones]))
    for task in listening:
        task.cancel()
    await asyncio.gather(*listening, return_exceptions=True)


async def _connect(phones: Sequence[Phone]) -> list["asyncio.Task[None]"]:
    gate = asyncio.Semaphore(_AT_ONCE)
    tasks: list[asyncio.Task[None]] = []

    async def one(phone: Phone) -> None:
        async with gate:
            tasks.append(asyncio.create_task(phone.listen()))
            async with asyncio.timeout(_CARD_WITHIN_S):
                await phone.is_connected.wait()

    await asyncio.gather(*(one(phone) for phone in phones))
    return tasks


async def _later(phone: Phone, seconds: float) -> bool:
    await asyncio.sleep(seconds)
    return await phone.answer()
