"""Screens without a browser: streams of one process, each read to its end, of the whole city or of a township.

Raw HTTP/1.1 of asyncio, as in phones_clients: the machine is shared with the server that is measured.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from multiprocessing.connection import Connection as Pipe

_WITHIN_S = 120.0
_LINE_BYTES = 64 * 1024 * 1024


@dataclass
class Watcher:
    """One stream: how many bytes came, and how old readings were when their frame did."""

    port: int
    cookie: str = field(repr=False)
    division: int | None = None
    received: int = 0
    frames: int = 0
    ages_ms: list[float] = field(default_factory=list)
    has_snapshot: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self) -> None:
        """Read the stream until it is cancelled."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=_LINE_BYTES)
        path = "/api/stream" if self.division is None else f"/api/stream?in={self.division}"
        head = f"Host: 127.0.0.1:{self.port}\r\nCookie: shijing={self.cookie}\r\n\r\n"
        writer.write(f"GET {path} HTTP/1.1\r\n{head}".encode())
        event = b""
        try:
            while line := await reader.readline():
                self.received += len(line)
                if line.startswith(b"event: "):
                    event = line[7:].strip()
                    self.frames += 1
                    if event == b"snapshot":
                        self.has_snapshot.set()
                elif line.startswith(b"data: ") and event == b"readings":
                    self._take(line[6:])
        finally:
            writer.close()

    def _take(self, told: bytes) -> None:
        now = time.time()
        self.ages_ms += [1000 * (now - datetime.fromisoformat(one["time"]).timestamp()) for one in json.loads(told)]


def run_watchers(port: int, cookie: str, divisions: Sequence[int | None], pipe: Pipe) -> None:
    """A process of them: says when all have their first view; asked, tells frames, bytes and ages since then."""
    asyncio.run(_run(port, cookie, divisions, pipe))


async def _run(port: int, cookie: str, divisions: Sequence[int | None], pipe: Pipe) -> None:
    watchers = [Watcher(port=port, cookie=cookie, division=division) for division in divisions]
    tasks = [asyncio.create_task(watcher.listen()) for watcher in watchers]
    async with asyncio.timeout(_WITHIN_S):
        await asyncio.gather(*(watcher.has_snapshot.wait() for watcher in watchers))
    pipe.send(len(watchers))
    while await asyncio.to_thread(pipe.recv) == "begin":
        for watcher in watchers:
            watcher.frames, watcher.received, watcher.ages_ms = 0, 0, []
    ages = [age for watcher in watchers for age in watcher.ages_ms]
    pipe.send((sum(one.frames for one in watchers), sum(one.received for one in watchers), ages))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
