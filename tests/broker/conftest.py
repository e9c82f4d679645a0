"""A real Mosquitto for each test, on a loopback port of its own, with the settings that are shipped."""

import os
import random
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from config.embedded_database import embedded_database
from config.folder import DataFolder
from config.settings import CONFIG, BrokerSettings
from ingest.embedded_broker import embedded_broker
from ingest.replay import Publisher
from tests.broker.chain import Chain, undisturbed

_START_S = 10.0
_DEADLINE_S = 60.0
_POLL_S = 0.005
_ADVICE = (
    "these tests need the Mosquitto broker: install it (Debian: apt-get install mosquitto),"
    " or name its binary in SHIJING_TEST_MOSQUITTO"
)


class Mosquitto:
    """One broker: its address stays through every stop and start."""

    def __init__(self, binary: str, folder: Path, configuration: Callable[[Path, int], Path] | None = None) -> None:
        port = free_port()
        self.settings = BrokerSettings(host="127.0.0.1", port=port, username="", tls_ca=None)
        self._command = [binary, "-c", str((configuration or _write_configuration)(folder, port))]
        self._log = folder / "mosquitto.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it accepts connections."""
        assert self._process is None, "it is running already"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + _START_S
        while not _answers(self.settings.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._end(signal.SIGKILL)
                pytest.fail(f"mosquitto did not start; it said: {self.log()[-800:]}")
            threading.Event().wait(_POLL_S)

    def stop(self) -> None:
        """SIGTERM: it writes its sessions down before it goes."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL: what it has not written down is lost."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """SIGTERM, then up again with the sessions it had."""
        self.stop()
        self.start()

    def log(self) -> str:
        """All it has said so far."""
        return self._log.read_text(errors="replace")

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(number)
        try:
            self._process.wait(_DEADLINE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


def mosquitto_binary() -> str:
    named = os.environ.get("SHIJING_TEST_MOSQUITTO")
    found = named or shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    if not Path(found).is_file():
        pytest.fail(f"there is no {found}: {_ADVICE}")
    return found


def _write_configuration(folder: Path, port: int) -> Path:
    """The shipped settings, at another address and in another folder, for anyone: most tests are of other things."""
    text = shipped_settings(folder, port)
    text, devices = re.subn(r"(?ms)^listener 8883$.*?^$", "", text)
    text, accounts = re.subn(r"(?m)^(password_file|acl_file) .*$", "", text)
    text, anonymous = re.subn(r"(?m)^allow_anonymous false$", "allow_anonymous true", text)
    assert (devices, accounts, anonymous) == (1, 2, 1), "config/mosquitto.conf has another form than is known here"
    path = folder / "mosquitto.conf"
    path.write_text(text, encoding="utf-8")
    return path


def shipped_settings(folder: Path, port: int) -> str:
    """The shipped settings, with the inner listener at a port of the loopback."""
    shipped = (CONFIG / "mosquitto.conf").read_text(encoding="utf-8")
    text, listeners = re.subn(r"(?m)^listener 1883$", f"listener {port} 127.0.0.1", shipped)
    text, places = re.subn(r"(?m)^persistence_location .*$", f"persistence_location {folder}/", text)
    assert (listeners, places) == (1, 1), "config/mosquitto.conf has no listener or persistence_location of this form"
    # Started by root it would become the user `mosquitto`, who may not write in the test's folder.
    return text + ("\nuser root\n" if os.geteuid() == 0 else "")


def free_port() -> int:
    """Below the ports that the kernel gives to clients: one of them must not sit on it between two starts."""
    for port in random.sample(range(20_000, 32_000), 100):
        if not _answers(port):
            return port
    pytest.fail("no free port between 20,000 and 32,000")


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A running broker: .settings, .stop() (SIGTERM), .start(), .restart(), .kill() (SIGKILL)."""
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    broker = Mosquitto(mosquitto_binary(), folder)
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def publisher(mosquitto: Mosquitto) -> Iterator[Publisher]:
    """A connected publisher, as the replay has one."""
    opened = Publisher(mosquitto.settings, "test-publisher")
    opened.connect()
    yield opened
    opened.close()


@pytest.fixture
def eventually() -> Callable[[Callable[[], object]], None]:
    """Wait until a condition holds; fails after a while."""

    def wait(condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + _DEADLINE_S
        while not condition():
            assert time.monotonic() < deadline, "it did not come true"
            threading.Event().wait(_POLL_S)

    return wait


@pytest.fixture
def point_at_broker(mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> BrokerSettings:
    """Processes started by the test find this broker in their environment."""
    settings = mosquitto.settings
    monkeypatch.setenv("SHIJING_MQTT_HOST", settings.host)
    monkeypatch.setenv("SHIJING_MQTT_PORT", str(settings.port))
    return settings


@pytest.fixture
def chain(database_url: str, point_at_broker: BrokerSettings, tmp_path: Path) -> Iterator[Chain]:
    built = Chain(database_url, point_at_broker, tmp_path)
    built.start()
    yield built
    built.pipeline.ask_to_stop()
    built.pipeline.await_end()


@pytest.fixture(scope="session")
def expected(session_data_folder: DataFolder) -> Iterator[dict[str, Any]]:
    """The undisturbed run, on servers of its own."""
    data = session_data_folder
    with embedded_database(data) as url, embedded_broker(data) as broker, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHIJING_MQTT_PORT", str(broker.port))
        chain = Chain(url, broker, data.path)
        chain.start()
        outcome = undisturbed(chain)
        chain.pipeline.ask_to_stop()
        assert chain.pipeline.await_end() == 0
        yield outcome
