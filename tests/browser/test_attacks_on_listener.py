"""What is tried below HTTP: heads without an end, requests that never come, answers that nobody reads."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import orjson
import pytest

from access.scope import EVERYWHERE
from config.database import Connection
from tests.browser.accounts import signed_in
from tests.browser.conftest import LIMIT_MS, Running, Serve
from web import bounded_http
from web.bounded_http import HEAD_AT_MOST, URL_AT_MOST
from web.hub import QUEUE_BYTES, QUEUE_FRAMES, Client, Frame, Hub


@pytest.fixture
def running(database_url: str, connection: Connection, serve: Serve) -> Running:
    return serve(database_url)


@contextmanager
def plain(running: Running, receives: int = 0) -> Iterator[socket.socket]:
    """A connection; `receives`: bytes that its end takes before the other one has to wait."""
    with socket.socket() as raw:
        if receives:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives)
        raw.settimeout(20)
        raw.connect(("127.0.0.1", int(running.url.rsplit(":", 1)[1].strip("/"))))
        yield raw


def answer(raw: socket.socket) -> tuple[int, dict[str, Any]]:
    """All that comes until the other end closes."""
    told = b""
    try:
        while more := raw.recv(65536):
            told += more
    except ConnectionResetError:
        pass  # what we still had to say was not wanted
    head, _, body = told.partition(b"\r\n\r\n")
    assert b"frame-ancestors" in head
    return int(head.split(b" ", 2)[1]), orjson.loads(body)


def until(met: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_MS / 1000
    while not met():
        assert time.monotonic() < deadline, "never came true"
        threading.Event().wait(0.02)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /%b HTTP/1.1\r\nHost: x\r\n\r\n" % (b"a" * URL_AT_MOST), 414),
        (b"GET /api/state?%b HTTP/1.1\r\nHost: x\r\n\r\n" % (b"a" * URL_AT_MOST), 414),
        (b"GET / HTTP/1.1\r\nHost: x\r\nCookie: %b\r\n\r\n" % (b"a" * HEAD_AT_MOST), 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\n%b\r\n" % (b"X-A: b\r\n" * (HEAD_AT_MOST // 4)), 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX-Endless: %b" % (b"a" * 2 * HEAD_AT_MOST), 431),
        (b"GET /%b" % (b"a" * 2 * HEAD_AT_MOST), 431),
        (b"Nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nBad Name: y\r\n\r\n", 400),
        (b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
    ],
    ids=lambda one: str(one)[:30],
)
def test_a_head_is_bounded_and_the_answer_an_error_like_others(running: Running, request_: bytes, status: int) -> None:
    with plain(running) as raw:
        raw.sendall(request_)
        told, body = answer(raw)
    assert told == status
    assert set(body) == {"error"}


def test_a_head_without_an_end_is_cut_off(running: Running) -> None:
    sent = 0
    with plain(running) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nX-Endless: ")
        try:
            while sent < 50_000_000:
                raw.sendall(b"a" * 65536)
                sent += 65536
        except (BrokenPipeError, ConnectionResetError):
            pass
    assert sent < 50_000_000


def test_slow_requests_hold_nobody_up(running: Running) -> None:
    """Two hundred that send a byte now and then, of their heads and of their bodies."""
    heads = (b"GET / HTTP/1.1\r\nHost: x\r\nX-", b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\nna")
    with ExitStack() as stack:
        slow = [stack.enter_context(plain(running)) for _ in range(200)]
        for number, raw in enumerate(slow):
            raw.sendall(heads[number % 2])
        for _ in range(3):
            for raw in slow:
                raw.sendall(b"a")
            assert httpx.get(f"{running.url}api/names", headers=running.headers, timeout=20).status_code == 200


BEGUN = (
    b"",
    b"G",
    b"GET / HTTP/1.1\r\nHost: x\r\n",
    b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 9\r\n\r\nn",
)


@pytest.mark.parametrize("begun", BEGUN, ids=lambda one: str(one)[:8])
def test_a_request_that_does_not_come_is_not_awaited(
    running: Running, begun: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_http, "REQUEST_WITHIN_S", 0.2)
    with plain(running) as raw:
        raw.sendall(begun)
        assert answer(raw) == (408, {"error": "the request took too long to come"})


def test_what_was_answered_is_not_answered_again(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that nobody wanted does not come to its end: the connection is closed, and no more is said."""
    monkeypatch.setattr(bounded_http, "REQUEST_WITHIN_S", 0.2)
    with plain(running) as raw:
        raw.sendall(b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nn")
        status, told = answer(raw)
    assert (status, set(told)) == (422, {"error"})


def test_who_waits_between_two_requests_is_not_taken_for_slow(running: Running) -> None:
    ask = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
    with plain(running) as raw:
        for _ in range(3):
            raw.sendall(ask[:20])
            raw.sendall(ask[20:])
            assert raw.recv(65536).startswith(b"HTTP/1.1 ")


def test_what_a_screen_may_be_behind_is_bounded_in_frames_and_bytes() -> None:
    big, small = Frame(event="board", data="a" * (QUEUE_BYTES // 4)), Frame(event="clock", data=1)
    for frame, most in ((big, 3), (small, QUEUE_FRAMES), (Frame(event="board", data="a" * 2 * QUEUE_BYTES), 1)):
        client = Client(EVERYWHERE, lambda: EVERYWHERE)
        assert [client.offer(frame) for _ in range(most + 1)] == [True] * most + [False]


def test_a_reader_that_reads_nothing_is_let_go_and_keeps_nothing(
    running: Running, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_http, "STUCK_AT_MOST_S", 0.5)
    watching = signed_in(connection, "watching", [("screen", None)])
    state = running._server._app.state
    hub: Hub = state.parts.hub
    head = f"GET /api/stream HTTP/1.1\r\nHost: x\r\nCookie: {watching.headers['Cookie']}\r\n\r\n"
    with plain(running, receives=4096) as raw:
        raw.sendall(head.encode())
        until(lambda: len(hub) == 1)
        (client,) = hub.clients()
        connections = running._server.server_state.connections
        assert len(connections) >= 1
        for number in range(200):
            hub.publish_from_thread(Frame(event="board", data=str(number) + "a" * 1_000_000))
            assert client._bytes <= QUEUE_BYTES
        until(lambda: len(hub) == 0)
        assert client._bytes == 0
        until(lambda: all(one.transport.get_write_buffer_size() == 0 for one in set(connections)))
        assert httpx.get(f"{running.url}api/state", headers=watching.headers, timeout=20).status_code == 200
