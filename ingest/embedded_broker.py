"""The embedded MQTT broker of a data folder (rumqttd in the `iotcore` wheel), on loopback only.

It keeps sessions while it runs and forgets them when it stops: right for a demo and for
tests; production uses Mosquitto or EMQX (docs/operations.md).
"""

import logging
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import psutil
from iotcore import Broker

from config.folder import DataFolder, shared_server
from config.settings import BrokerSettings
from ingest.errors import BrokerError

_START_S = 15.0
_started: list["subprocess.Popen[bytes]"] = []  # ours to reap for as long as this process lives

# Large segments on purpose: with small ones this broker drops acknowledged QoS 1 messages.
_CONFIG = """\
id = 0
[router]
id = 0
max_connections = 10010
max_outgoing_packet_count = 1000
max_segment_size = 104857600
max_segment_count = 10
[v5.1]
name = "v5"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1
    [v5.1.connections]
    connection_timeout_ms = 60000
    max_payload_size = 1048576
    max_inflight_count = 100
    dynamic_filters = true
"""


class _Note(msgspec.Struct):
    """The folder's broker, for the commands that share it."""

    port: Annotated[int, msgspec.Meta(ge=1, le=65535)]
    pid: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]


@contextmanager
def embedded_broker(folder: DataFolder, *, port: int = 0) -> Iterator[BrokerSettings]:
    """The folder's own broker, up for the length of the block; `port` 0 takes the last or a free one."""
    place = folder / "broker.json"

    def start() -> None:
        if _running(place) is None:
            _start(folder, port or _last_or_free_port(place))

    with shared_server(folder, "broker", start, lambda: _stop(place)):
        yield BrokerSettings(host="127.0.0.1", port=_port(place))


def _start(folder: DataFolder, port: int) -> None:
    if not _is_free(port):
        raise BrokerError(f"port {port} is taken by another program: stop it, or name another with --mqtt-port")
    config = folder / "broker.toml"
    config.write_text(_CONFIG.format(port=port))
    with (folder / "broker.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, *_arguments(config)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=Path(__file__).resolve().parent.parent,
            start_new_session=True,  # Ctrl-C is for those who use it; the last of them stops it
        )
    _started.append(process)
    deadline = time.monotonic() + _START_S
    while _is_free(port):
        if process.poll() is not None or time.monotonic() > deadline:
            said = (folder / "broker.log").read_text(errors="replace")[-500:]
            raise BrokerError(f"the embedded broker did not start on port {port}; it said: {said}")
        time.sleep(0.02)
    (folder / "broker.json").write_bytes(msgspec.json.encode(_Note(port=port, pid=process.pid)))


def _arguments(beside: Path) -> list[str]:
    """What the broker's process is called with, told by any file of its folder."""
    return ["-m", "ingest.embedded_broker", str(beside.with_name("broker.toml"))]


def _running(place: Path) -> psutil.Process | None:
    note = _noted(place)
    if note is None:
        return None
    try:
        process = psutil.Process(note.pid)
        # With its configuration: the number may belong to another folder's broker by now.
        ours = process.cmdline()[-3:] == _arguments(place) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return None
    return process if ours else None


def _stop(place: Path) -> None:
    process = _running(place)
    if process is None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(5)
    except psutil.TimeoutExpired:
        process.kill()
    _started[:] = [child for child in _started if child.poll() is None]  # reaped, where it was our own


def _noted(place: Path) -> _Note | None:
    """What was written down of the broker; None where nothing was, or the writing was cut short."""
    try:
        return msgspec.json.decode(place.read_bytes(), type=_Note)
    except (FileNotFoundError, msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _port(place: Path) -> int:
    note = _noted(place)
    if note is None:
        raise BrokerError(f"{place} is gone or cannot be read: stop every command of this data folder and start again")
    return note.port


def _last_or_free_port(place: Path) -> int:
    note = _noted(place)
    if note is not None and _is_free(note.port):
        return note.port
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _serve(config: str) -> None:
    """Run until SIGTERM, whose default action ends the process: its Rust threads know no other way."""
    logging.basicConfig(level=logging.WARNING)
    # It reports every packet as an error unless it is told not to.
    logging.getLogger("rumqttd").setLevel(logging.CRITICAL)
    Broker(config_path=config).run_forever()


if __name__ == "__main__":
    _serve(sys.argv[1])
