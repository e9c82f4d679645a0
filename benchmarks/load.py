"""A load generator: QoS 1 PUBLISH packets made beforehand and written to a socket.

A full client would take a core of the two that are being measured; this takes a few percent.
It speaks just enough MQTT 5 for that: CONNECT, PUBLISH, and counting PUBACKs.
"""

import select
import socket
import struct
import time
from collections.abc import Iterable
from itertools import islice
from typing import Self

_BURST = 50
_TICK_S = 0.002
_WINDOW = 1000  # unconfirmed messages at a time; below every broker's receive maximum


def publish_packet(topic: str, payload: bytes, mid: int) -> bytes:
    """One QoS 1 PUBLISH with packet identifier `mid` (1 … 65,535)."""
    name = topic.encode()
    body = struct.pack(">H", len(name)) + name + struct.pack(">HB", mid, 0) + payload
    return b"\x32" + _length(len(body)) + body


def _length(number: int) -> bytes:
    out = bytearray()
    while True:
        number, digit = divmod(number, 128)
        out.append(digit | (0x80 if number else 0))
        if not number:
            return bytes(out)


class Sender:
    """A connection that publishes packets and knows how many are confirmed."""

    def __init__(self, host: str, port: int, client_id: str) -> None:
        self._socket = socket.create_connection((host, port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        name = client_id.encode()
        body = b"\x00\x04MQTT\x05\x02\x02\x58\x00" + struct.pack(">H", len(name)) + name
        self._socket.sendall(b"\x10" + _length(len(body)) + body)
        self._rest = b""
        self.sent = self.confirmed = 0
        self._read()  # CONNACK counts for nothing

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, packets: Iterable[bytes], *, per_second: float | None = None) -> None:
        """Publish them all, a few at a time, held to a rate if one is given; wait for the last confirmation."""
        todo, started, first = iter(packets), time.perf_counter(), self.sent
        while True:
            due = (
                _BURST if per_second is None else int((time.perf_counter() - started) * per_second) - self.sent + first
            )
            burst = list(islice(todo, min(max(due, 0), _BURST, _WINDOW - self.sent + self.confirmed)))
            if burst:
                self._socket.sendall(b"".join(burst))
                self.sent += len(burst)
            elif due > 0 and self.sent - self.confirmed < _WINDOW:
                break
            self._await_confirmations(0.0 if per_second is None else _TICK_S)
        while self.confirmed < self.sent:
            self._read()

    def _await_confirmations(self, wait_s: float) -> None:
        """Read those that have come; without room for more, wait for some."""
        full = self.sent - self.confirmed >= _WINDOW
        time.sleep(wait_s)
        if select.select([self._socket], [], [], None if full else 0.0)[0]:
            self._read()

    def _read(self) -> None:
        data = self._socket.recv(65536)
        if not data:
            raise ConnectionError("the broker closed the connection")
        data = self._rest + data
        place = 0
        while place + 2 <= len(data) and place + 2 + data[place + 1] <= len(data):
            self.confirmed += data[place] == 0x40
            place += 2 + data[place + 1]  # a PUBACK or CONNACK is shorter than 128 bytes
        self._rest = data[place:]
