"""A load generator: QoS 1 PUBLISH packets made beforehand and written to a socket.

A full client would take a core of the two that are being measured; this takes a few percent.
It speaks just enough MQTT 5 for that: CONNECT, PUBLISH, and counting PUBACKs.
"""

import socket
import struct
import time
from collections.abc import Iterable
from typing import Self

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
        """Publish them all, held to a rate if one is given, and wait for the last confirmation."""
        started = time.perf_counter()
        first = self.sent
        for packet in packets:
            while self.sent - self.confirmed >= _WINDOW:
                self._read()
            if per_second is not None:
                self._await(started + (self.sent - first) / per_second)
            self._socket.sendall(packet)
            self.sent += 1
        while self.confirmed < self.sent:
            self._read()

    def _await(self, moment: float) -> None:
        """Wait for a moment, reading confirmations meanwhile."""
        while (left := moment - time.perf_counter()) > 0:
            self._socket.settimeout(max(left, 1e-4))
            try:
                self._read()
            except TimeoutError:
                pass
            finally:
                self._socket.settimeout(None)

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
