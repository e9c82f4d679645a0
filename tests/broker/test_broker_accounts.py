"""Accounts of the broker against a real Mosquitto with the shipped settings: who gets in, and what each may do."""

import json
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.reasoncodes import ReasonCode
from pydantic import SecretStr
from typer.testing import CliRunner

from access.authority import issue, make_authority
from access.broker_accounts import Role, accounts, add_account, lock, rotate, unlock
from access.broker_files import tell_broker, write_broker_files
from access.broker_grants import topics_in_use
from access.errors import BrokerAccountError
from commands.children import Child
from commands.registry import register
from config.database import Connection
from config.settings import BrokerSettings
from ingest.session import new_client
from shijing import app
from tests.broker.conftest import Mosquitto, free_port, mosquitto_binary, shipped_settings

WAIT_S = 10.0
SENSORS = "\n".join(
    ["name,device,quantity,gateway", "level-1,gauge-1,water_depth,gw-1", "level-2,gauge-2,water_depth,gw-2", ""]
)


class Guarded:
    """Mosquitto as it is shipped, its accounts, and the two listeners."""

    def __init__(self, connection: Connection, folder: Path, data: Path) -> None:
        self.connection, self.folder, self.data = connection, folder, data
        self.tls = folder / "tls"
        self.device_port = free_port()
        make_authority(self.tls, organisation="永丰镇", more=(), now=datetime.now(UTC))
        issue(self.tls, hosts=["localhost"], addresses=["127.0.0.1"], now=datetime.now(UTC), file="broker.pem")
        self.passwords: dict[str, str] = {}
        self.write_files()
        self.broker = Mosquitto(mosquitto_binary(), data, self._configure)
        self.broker.start()

    def _configure(self, folder: Path, port: int) -> Path:
        text = shipped_settings(folder, port)
        text, found = re.subn(r"(?m)^listener 8883$", f"listener {self.device_port} 127.0.0.1", text)
        text = text.replace("/mosquitto/tls/", f"{self.tls}/").replace("/mosquitto/access/", f"{self.folder}/")
        assert found == 1
        path = folder / "mosquitto.conf"
        path.write_text(f"{text}\npid_file {self.pid_file}\n", encoding="utf-8")
        return path

    @property
    def pid_file(self) -> Path:
        return self.data / "mosquitto.pid"

    def add(self, name: str, role: Role = Role.GATEWAY) -> str:
        self.passwords[name] = add_account(self.connection, name, role)
        return name

    def write_files(self) -> None:
        write_broker_files(self.folder, accounts(self.connection), topics_in_use())

    def write(self) -> None:
        """As `shijing gateway write --pid-file` does."""
        self.write_files()
        tell_broker(self.pid_file)

    def settings(self, name: str, password: str | None = None, *, device: bool = False) -> BrokerSettings:
        return BrokerSettings(
            host="127.0.0.1",
            port=self.device_port if device else self.broker.settings.port,
            username=name,
            password=SecretStr(self.passwords.get(name, "") if password is None else password),
            tls_ca=self.tls / "authority.crt" if device else None,
        )


@pytest.fixture
def guarded(connection: Connection, tmp_path: Path) -> Iterator[Guarded]:
    folder, data = tmp_path / "access", tmp_path / "data"
    folder.mkdir()
    data.mkdir()
    made = Guarded(connection, folder, data)
    yield made
    made.broker.stop()


class Client:
    """A client of MQTT 5 with all that the broker told it."""

    def __init__(self, settings: BrokerSettings, client_id: str = "") -> None:
        self.connack: ReasonCode | None = None
        self.gone: ReasonCode | None = None
        self.pubacks: dict[int, ReasonCode] = {}
        self.messages: list[mqtt.MQTTMessage] = []
        self._news = threading.Condition()
        self._client = new_client(mqtt.Client, settings, client_id)
        self._client.on_connect = lambda _c, _u, _f, reason, _p: self._tell(lambda: setattr(self, "connack", reason))
        self._client.on_disconnect = lambda _c, _u, _f, reason, _p: self._tell(lambda: setattr(self, "gone", reason))
        self._client.on_publish = lambda _c, _u, mid, reason, _p: self._tell(lambda: self.pubacks.update({mid: reason}))
        self._client.on_message = lambda _c, _u, message: self._tell(lambda: self.messages.append(message))
        self._client.on_subscribe = lambda *_: self._tell(lambda: setattr(self, "subscribed", True))
        self.subscribed = False
        self._client.connect(settings.host, settings.port, 30)
        self._client.loop_start()
        self.wait(lambda: self.connack is not None)

    def _tell(self, change: Callable[[], Any]) -> None:
        with self._news:
            change()
            self._news.notify_all()

    def wait(self, condition: Callable[[], bool]) -> None:
        with self._news:
            assert self._news.wait_for(condition, WAIT_S), "it did not come"

    def publish(self, topic: str, payload: str = "1") -> str:
        """The broker's answer."""
        mid = self._client.publish(topic, payload, qos=1).mid
        self.wait(lambda: mid in self.pubacks)
        return str(self.pubacks[mid])

    def subscribe(self, *filters: str) -> None:
        self._client.subscribe([(one, 1) for one in filters])
        self.wait(lambda: self.subscribed)

    def topics(self) -> list[str]:
        return [message.topic for message in self.messages]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@contextmanager
def client(settings: BrokerSettings, client_id: str = "") -> Iterator[Client]:
    opened = Client(settings, client_id)
    try:
        yield opened
    finally:
        opened.close()


REFUSED, TAKEN = "Not authorized", "Success"
UNREAD = "No matching subscribers"


def once(settings: BrokerSettings, topic: str) -> str:
    """The answer to one message. (Mosquitto 2.0.11 without a queue limit also disconnects whom it refuses one.)"""
    with client(settings) as opened:
        return opened.publish(topic)


def test_only_the_right_password_comes_in(guarded: Guarded) -> None:
    guarded.add("gauge-1")
    guarded.write()
    for settings, answer in (
        (guarded.settings("gauge-1"), TAKEN),
        (guarded.settings("gauge-1", device=True), TAKEN),
        (guarded.settings("gauge-1", "wrong"), REFUSED),
        (guarded.settings("gauge-1", "wrong", device=True), REFUSED),
        (guarded.settings("nobody", "wrong"), REFUSED),
        (guarded.settings("", ""), REFUSED),
    ):
        with client(settings) as opened:
            assert str(opened.connack) == answer, settings.username


def test_a_gateway_writes_under_its_own_names_and_reads_nothing(
    guarded: Guarded, database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "sensors.csv"
    file.write_text(SENSORS)
    register(database_url, file)
    for name in ("gw-1", "gw-2"):
        guarded.add(name)
    guarded.add("pipeline", Role.PIPELINE)
    guarded.write()
    with (
        client(guarded.settings("pipeline")) as pipeline,
        client(guarded.settings("gw-2", device=True)) as other,
    ):
        pipeline.subscribe("cq/#")
        other.subscribe("cq/#", "#", "$SYS/#")
        gateway = guarded.settings("gw-1", device=True)
        own = ["cq/500105/gw-1/senml", "cq/500105/gw-1/status", "cq/500114005/gauge-1/water_depth"]
        assert [once(gateway, topic) for topic in own] == [TAKEN] * 3
        foreign = [
            "cq/500105/gauge-2/water_depth",
            "cq/500105/gw-2/senml",
            "cq/warning/gw-1",
            "cq/warning/gauge-1/cap",  # fits cq/+/gauge-1/+, and is where official warnings come in
            "cq/heartbeat/gw-1",
            "cq/watch/gw-1",
            "cq/watch/alarm",
            "cq/500105/alert/7",
            "cq/clock",
            "gw-1/x",
            "cq/500105/gw-1/a/b",
        ]
        assert {topic: once(gateway, topic) for topic in foreign} == dict.fromkeys(foreign, REFUSED)
        assert other.publish("cq/500105/gauge-2/water_depth") == TAKEN  # after all of it, and in order
        own.append("cq/500105/gauge-2/water_depth")
        pipeline.wait(lambda: len(pipeline.messages) >= len(own))
        assert pipeline.topics() == own
        assert other.messages == []
    assert once(guarded.settings("pipeline"), "cq/500105/gw-1/senml") == REFUSED


def test_each_of_our_own_does_its_part_and_no_other(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIJING_HEARTBEAT_MQTT_TOPIC", "cq/heartbeat/{partition}")
    monkeypatch.setenv("SHIJING_WATCH_HEARTBEAT_TOPIC", "cq/heartbeat/+")
    for role in (Role.PIPELINE, Role.WARNINGS, Role.WARNING_SOURCE, Role.ALERTS_OUT, Role.WATCH, Role.REPLAY):
        guarded.add(role.value, role)
    guarded.write()
    topics = {
        "cq/heartbeat/cq": {"pipeline"},
        "cq/warning/warning-source": {"warning-source"},
        "cq/warning/warning-source/cap": {"warning-source"},
        "cq/warning/other": set(),
        "cq/500105/alert/7": {"alerts-out"},
        "cq/watch/alarm": {"watch"},
        "cq/clock": {"replay"},
        "cq/500105/gauge-1/water_depth": {"replay"},
        "other": set(),
    }
    may: dict[str, set[str]] = {topic: set() for topic in topics}
    for name in guarded.passwords:
        for topic in topics:
            answer = once(guarded.settings(name), topic)
            assert answer in (TAKEN, UNREAD, REFUSED)
            if answer != REFUSED:
                may[topic].add(name)
    assert may == topics


def test_a_locked_account_is_out_after_the_writing_and_a_rotated_one_needs_the_new_password(guarded: Guarded) -> None:
    guarded.add("gw-1")
    guarded.write()
    with client(guarded.settings("gw-1")) as opened:
        lock(guarded.connection, "gw-1", "stolen")
        assert opened.publish("cq/500105/gw-1/senml") in (TAKEN, UNREAD)  # not before the writing
        guarded.write()
        opened.wait(lambda: opened.gone is not None)
    with client(guarded.settings("gw-1")) as opened:
        assert str(opened.connack) == REFUSED
    unlock(guarded.connection, "gw-1")
    new = rotate(guarded.connection, "gw-1")
    with client(guarded.settings("gw-1")) as old:
        assert str(old.connack) == REFUSED
    guarded.write()

    def comes_in(password: str) -> str:
        with client(guarded.settings("gw-1", password)) as opened:
            return str(opened.connack)

    # SIGHUP is taken up between two turns of the broker's loop.
    guarded.broker.stop()
    guarded.broker.start()
    assert (comes_in(new), comes_in(guarded.passwords["gw-1"])) == (TAKEN, REFUSED)


def test_a_device_cannot_take_the_pipelines_session(guarded: Guarded) -> None:
    guarded.add("gw-1")
    guarded.add("pipeline", Role.PIPELINE)
    guarded.write()
    with client(guarded.settings("pipeline"), "shijing-cq") as pipeline:
        pipeline.subscribe("cq/#")
        with client(guarded.settings("gw-1", device=True), "shijing-cq") as device:
            assert device.publish("cq/500105/gw-1/senml") == TAKEN
            pipeline.wait(lambda: pipeline.topics() == ["cq/500105/gw-1/senml"])
        assert pipeline.gone is None


def test_the_pipeline_runs_under_such_a_broker(
    guarded: Guarded, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, eventually: Any
) -> None:
    file = tmp_path / "sensors.csv"
    file.write_text(SENSORS)
    register(database_url, file)
    guarded.add("gw-1")
    guarded.add("pipeline", Role.PIPELINE)
    guarded.write()
    secret = tmp_path / "mqtt_pipeline"
    secret.write_text(guarded.passwords["pipeline"] + "\n")
    monkeypatch.setenv("SHIJING_MQTT_HOST", "127.0.0.1")
    monkeypatch.setenv("SHIJING_MQTT_PORT", str(guarded.broker.settings.port))
    monkeypatch.setenv("SHIJING_MQTT_USERNAME", "pipeline")
    monkeypatch.setenv("SHIJING_MQTT_PASSWORD_FILE", str(secret))
    hook = tmp_path / "webhook"
    hook.write_text("http://127.0.0.1:1/s3cr3t-m4rk")
    monkeypatch.setenv("SHIJING_HEARTBEAT_WEBHOOK_FILE", str(hook))
    monkeypatch.setenv("SHIJING_HEARTBEAT_EVERY_S", "1")
    pipeline = Child(name="pipeline", arguments=["pipeline", "--database", database_url], log_file=tmp_path / "log")
    pipeline.start()
    pipeline.await_ready()
    try:
        with client(guarded.settings("gw-1", device=True)) as gateway:
            for depth in (1, 2, 3):
                reading = {"value": depth, "unit": "cm", "time": datetime.now(UTC).isoformat()}
                assert gateway.publish("cq/500105/gauge-1/water_depth", json.dumps(reading)) == TAKEN
        count = "select count(*) from readings"
        eventually(lambda: guarded.connection.execute(count).fetchone() == (3,))
        eventually(lambda: "heartbeat by webhook" in (tmp_path / "log").read_text())
    finally:
        pipeline.ask_to_stop()
        assert pipeline.await_end() == 0
    log = (tmp_path / "log").read_text()
    assert guarded.passwords["pipeline"] not in log and "s3cr3t-m4rk" not in log
    told = guarded.connection.execute("select webhook from heartbeats").fetchall()
    assert told and "s3cr3t-m4rk" not in str(told)


def test_the_command_line_from_an_account_to_the_broker(
    guarded: Guarded, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def said(*words: str, status: int = 0) -> str:
        result = CliRunner().invoke(app, ["gateway", *words, "--database", database_url])
        assert result.exit_code == status, (result.output, result.exception)
        return result.output

    made = json.loads(said("add", "gw-1", "--note", "永丰镇", "--json"))
    write = ("write", str(guarded.folder), "--pid-file", str(guarded.pid_file))
    assert json.loads(said(*write, "--json"))["accounts"] == 1
    with client(guarded.settings("gw-1", made["password"])) as opened:
        assert str(opened.connack) == TAKEN
        said("lock", "gw-1", "--reason", "stolen")
        said(*write)
        opened.wait(lambda: opened.gone is not None)
    listed = said("list")
    assert "stolen" in listed and "永丰镇" in listed and made["password"] not in listed and "$7$" not in listed
    file = tmp_path / "secret"
    assert "secret" in said("rotate", "gw-1", "--password-file", str(file))
    assert len(file.read_text().strip()) == 32 and file.stat().st_mode & 0o077 == 0
    result = CliRunner().invoke(app, ["gateway", "add", "gw-1", "--database", database_url])
    assert isinstance(result.exception, BrokerAccountError) and "shijing gateway rotate gw-1" in str(result.exception)


def test_a_pid_file_of_another_program_is_not_signalled(tmp_path: Path) -> None:
    stale = tmp_path / "pid"
    stale.write_text(str(os.getpid()))
    with pytest.raises(BrokerAccountError, match="no Mosquitto: is it stale"):
        tell_broker(stale)
    with pytest.raises(BrokerAccountError, match="send it SIGHUP yourself"):
        tell_broker(tmp_path / "none")
