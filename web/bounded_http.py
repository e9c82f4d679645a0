"""HTTP of a listener that strangers reach: how long a head, how slow a request, how long nobody reads an answer.

uvicorn waits for ever for the rest of a request, keeps a head of any length in memory, and an answer that nobody
takes off its hands. None of that holds up others, and each of it can be had thousands of times.
"""

import asyncio
from asyncio.events import TimerHandle
from http import HTTPStatus
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from web.security import HEADERS

URL_AT_MOST = 16 * 1024  # bytes; the longest of ours, a list with all filters, has one
HEAD_AT_MOST = 64 * 1024  # with the URL; a browser's is 1 to 4 KiB
REQUEST_WITHIN_S = 15.0  # from its first byte to its last, and a second more for each
BYTES_A_SECOND = 4096  # that came: a form is sent in a moment, a long file takes its time
STUCK_AT_MOST_S = 60.0  # an answer of which nothing is read: its screen has gone, or means no good

_TOLD = {
    400: "this is no HTTP request",
    408: "the request took too long to come",
    414: f"the address is longer than {URL_AT_MOST:,} bytes",
    431: f"the head of the request is longer than {HEAD_AT_MOST:,} bytes",
}


class _HeadRefused(Exception):
    """Stops the parser; the connection is answered and closed."""


class BoundedHttp(HttpToolsProtocol):
    """One connection; uvicorn makes it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._coming: TimerHandle | None = None  # while a request is not here to its end
        self._stuck: TimerHandle | None = None  # while an answer is not read
        self._began, self._received = 0.0, 0
        self._in_head = True
        self._status = 400

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody has connected: their request is awaited."""
        super().connection_made(transport)
        self._await_request()

    def data_received(self, data: bytes) -> None:
        """More of a request, or of the next one."""
        if self._coming is None and (self.cycle is None or self.cycle.response_complete):
            self._await_request()
        self._received += len(data)
        super().data_received(data)
        if self._in_head and self._received > HEAD_AT_MOST and not self.transport.is_closing():
            self._refuse(431)

    def on_message_begin(self) -> None:
        """The first line begins."""
        super().on_message_begin()
        self._in_head = True

    def on_headers_complete(self) -> None:
        """The head is here; raises _HeadRefused for one that is too long."""
        if len(self.url) > URL_AT_MOST:
            self._status = 414
            raise _HeadRefused
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > HEAD_AT_MOST:
            self._status = 431
            raise _HeadRefused
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The whole request is here."""
        self._has_come()
        super().on_message_complete()

    def pause_writing(self) -> None:
        """What was sent is not read: the rest waits, for a while."""
        super().pause_writing()
        self._stuck = self._stuck or self.loop.call_later(STUCK_AT_MOST_S, self.transport.abort)

    def resume_writing(self) -> None:
        """It is read again."""
        self._is_read()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Over."""
        self._has_come()
        self._is_read()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # what uvicorn would say
        """What cannot be read as a request is answered as every error is."""
        self._refuse(self._status)

    def _has_come(self) -> None:
        if self._coming is not None:
            self._coming.cancel()
            self._coming = None

    def _is_read(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def _await_request(self) -> None:
        self._began, self._received, self._in_head = self.loop.time(), 0, True
        self._coming = self.loop.call_later(REQUEST_WITHIN_S, self._look)

    def _look(self) -> None:
        """Whether what has come so far came fast enough; while we do not read ourselves nobody is to blame."""
        left = self._began + REQUEST_WITHIN_S + self._received / BYTES_A_SECOND - self.loop.time()
        if left <= 0 and not self.flow.read_paused:
            self._coming = None
            self._refuse(408)
        else:
            self._coming = self.loop.call_later(max(left, 1.0), self._look)

    def _refuse(self, status: int) -> None:
        """Answer, unless this request has an answer or the one before it still gets one, and close."""
        self._has_come()
        is_idle = self.cycle is None or self.cycle.response_complete
        if is_idle if self._in_head else not self.cycle.response_started:
            self.transport.write(_answer(status))
        if self.cycle is not None:
            self.cycle.disconnected = True  # what it still says is for nobody
        self.transport.close()


def _answer(status: int) -> bytes:
    body = orjson.dumps({"error": _TOLD[status]})
    headers = {**HEADERS, "Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"}
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {told}" for name, told in headers.items())]
    return "\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + body
