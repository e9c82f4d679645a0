"""A network that can be cut: a TCP proxy on the loopback, between a process of ours and a server."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg import conninfo

_CHUNK = 65536
_RESET = b"\1\0\0\0\0\0\0\0"  # SO_LINGER on, 0 s: closing resets the connection, as a broken network ends it


class Proxy:
    """Passes bytes on, both ways, until it is cut or frozen; its port stays through all of it."""

    def __init__(self, target: tuple[str, int] | Path) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._flows = threading.Event()
        self._flows.set()
        self._up = True
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Break every connection, and refuse new ones until `mend`."""
        with self._lock:
            self._up = False
            broken, self._sockets = self._sockets, set()
        for each in broken:
            _break(each)
        self._flows.set()

    def freeze(self) -> None:
        """Connections stay, and nothing comes through any more, until `cut` or `mend`."""
        self._flows.clear()

    def mend(self) -> None:
        """All is well again."""
        self._up = True
        self._flows.set()

    def close(self) -> None:
        """The end of it."""
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        far = self._reach() if self._up else None
        with self._lock:
            if far is None or not self._up:
                _break(near)
                return
            self._sockets |= {near, far}
        threading.Thread(target=self._pass_on, args=(far, near), daemon=True).start()
        self._pass_on(near, far)

    def _reach(self) -> socket.socket | None:
        try:
            if isinstance(self._target, tuple):
                return socket.create_connection(self._target, timeout=None)
            far = socket.socket(socket.AF_UNIX)
            far.connect(str(self._target))
            return far
        except OSError:
            return None

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(_CHUNK):
                self._flows.wait()
                sink.sendall(piece)
        with self._lock:
            self._sockets -= {source, sink}
        for each in (source, sink):
            _break(each)


def _break(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        connection.shutdown(socket.SHUT_RDWR)  # wakes whoever reads it
    connection.close()


@contextmanager
def proxy_to(target: tuple[str, int] | Path) -> Iterator[Proxy]:
    """A proxy to a host and port, or to a socket file, for the length of the block."""
    proxy = Proxy(target)
    try:
        yield proxy
    finally:
        proxy.close()


@contextmanager
def proxy_to_database(url: str) -> Iterator[tuple[Proxy, str]]:
    """A proxy to a database's server, and the database's URL through it."""
    parts = conninfo.conninfo_to_dict(url)
    host, port = str(parts.get("host") or "127.0.0.1"), int(str(parts.get("port") or 5432))
    target = Path(host) / f".s.PGSQL.{port}" if host.startswith("/") else (host, port)
    with proxy_to(target) as proxy:
        yield proxy, conninfo.make_conninfo(url, host="127.0.0.1", port=proxy.port)
