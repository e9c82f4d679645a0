"""Heartbeats that leave the machine, and the second process that notices when they stay away: a real HTTP server on
loopback, a real broker, and a pipeline that is really killed."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest

from commands.children import Child
from config.database import connect
from config.settings import BrokerSettings, HeartbeatSettings, WatchSettings
from ingest.session import new_client
from tests.broker.chain import Chain, eventually

BEAT_S, SILENT_S = 1, 4


class Hook:
    """What is posted to a loopback server; it answers with `status`."""

    def __init__(self) -> None:
        self.posted: list[dict[str, Any]] = []
        self.status = 204
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                hook.posted.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(hook.status)
                self.send_header("location", "/elsewhere")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"


@pytest.fixture
def hook() -> Iterator[Hook]:
    opened = Hook()
    thread = threading.Thread(target=opened.server.serve_forever)
    thread.start()
    yield opened
    opened.server.shutdown()
    thread.join()
    opened.server.server_close()


@pytest.fixture
def listen(mosquitto: Any) -> Iterator[Callable[[str], list[dict[str, Any]]]]:
    """Subscribe to a filter; the list grows with what comes."""
    clients: list[mqtt.Client] = []

    def subscribe(topic: str) -> list[dict[str, Any]]:
        heard: list[dict[str, Any]] = []
        client, up = new_client(mqtt.Client, mosquitto.settings, ""), threading.Event()
        client.on_message = lambda _client, _userdata, message: heard.append(json.loads(message.payload))
        client.on_subscribe = lambda *_: up.set()
        client.connect(mosquitto.settings.host, mosquitto.settings.port)
        client.subscribe(topic, 1)
        client.loop_start()
        clients.append(client)
        assert up.wait(10)
        return heard

    yield subscribe
    for client in clients:
        client.disconnect()
        client.loop_stop()


@pytest.fixture
def beating(
    monkeypatch: pytest.MonkeyPatch, hook: Hook, database_url: str, point_at_broker: BrokerSettings, tmp_path: Path
) -> Iterator[Chain]:
    """A pipeline process that tells of itself by both ways."""
    monkeypatch.setenv("SHIJING_HEARTBEAT_WEBHOOK", hook.url)
    monkeypatch.setenv("SHIJING_HEARTBEAT_MQTT_TOPIC", "cq/heartbeat/{partition}")
    monkeypatch.setenv("SHIJING_HEARTBEAT_EVERY_S", str(BEAT_S))
    chain = Chain(database_url, point_at_broker, tmp_path)
    chain.start()
    yield chain
    chain.pipeline.ask_to_stop()
    chain.pipeline.await_end()


def watcher(chain: Chain, *arguments: str) -> Child:
    return Child(
        name="watcher",
        arguments=["watch", "--database", chain.url, *arguments],
        log_file=chain.log_file("watch.log"),
        environment={
            "SHIJING_WATCH_SILENT_S": str(SILENT_S),
            "SHIJING_WATCH_EVERY_S": "0.2",
            "SHIJING_WATCH_HEARTBEAT_TOPIC": "cq/heartbeat/+",
        },
    )


def test_a_heartbeat_says_how_the_engine_is(
    beating: Chain, hook: Hook, listen: Callable[[str], list[dict[str, Any]]]
) -> None:
    heard = listen("cq/heartbeat/+")
    eventually(lambda: len(hook.posted) >= 2 and bool(heard) and hook.posted[-1]["ledger_balanced"] is True)
    told = hook.posted[-1]
    assert (told["system"], told["partition"], told["alive"], told["trouble"]) == ("shijing", "cq", True, None)
    assert told["backlog"] == 0
    assert heard[-1].keys() == told.keys()
    late = listen("cq/heartbeat/+")
    eventually(lambda: bool(late))  # retained: who comes later hears it at once
    with connect(beating.url, "test", autocommit=True) as connection:
        assert connection.execute("select partition, webhook, mqtt from heartbeats").fetchall() == [("cq", "", "")]
        held = connection.execute("select count(*) from quarantine where topic like 'cq/heartbeat/%'").fetchone()
        assert held == (0,), "the pipeline, whose filter is cq/#, passes its own words over"


def test_what_becomes_of_a_heartbeat_is_told(beating: Chain, hook: Hook) -> None:
    def outcome() -> Any:
        with connect(beating.url, "test", autocommit=True) as connection:
            row = connection.execute("select webhook from heartbeats").fetchone()
            return row[0] if row else None

    eventually(lambda: outcome() == "")
    hook.status = 503
    eventually(lambda: outcome() == "it answered 503")
    hook.status = 302
    eventually(lambda: outcome() == "it answered 302")  # and it did not go where it was sent
    posted = len(hook.posted)
    hook.status = 204
    eventually(lambda: outcome() == "" and len(hook.posted) > posted)


def test_nothing_leaves_unless_it_is_told_where() -> None:
    assert not HeartbeatSettings().sends
    assert not WatchSettings().webhook


@pytest.mark.parametrize("topic", ["cq/heartbeat/{device}", "cq/{0}", "cq/+/x", "cq/{"])
def test_a_topic_that_cannot_be_is_refused(topic: str) -> None:
    with pytest.raises(ValueError, match="mqtt_topic"):
        HeartbeatSettings(mqtt_topic=topic)


def test_a_killed_pipeline_is_noticed_and_its_return_too(
    beating: Chain, hook: Hook, listen: Callable[[str], list[dict[str, Any]]]
) -> None:
    alarms, beats = listen("cq/watch/alarm"), listen("cq/heartbeat/+")
    eventually(lambda: bool(beats) and beats[-1]["alive"])
    watch = watcher(beating)
    watch.environment["SHIJING_WATCH_WEBHOOK"] = hook.url
    watch.start()
    watch.await_ready()
    try:
        assert alarms == []
        beating.kill()
        eventually(lambda: {(one["source"], one["alarm"]) for one in alarms} >= {("database", True), ("mqtt", True)})
        by_source = {one["source"]: one for one in alarms if one["alarm"]}
        assert by_source["database"]["trouble"].startswith("not running, or cut off from the database")
        assert by_source["mqtt"]["trouble"].startswith("no heartbeat for")
        # Never early; how soon after that is told by a clock that a test sets (tests/unit/test_heartbeat_watch.py).
        assert moment(by_source["mqtt"]) - moment(beats[-1]) >= timedelta(seconds=SILENT_S)
        assert {one["partition"] for one in by_source.values()} == {"cq"}
        eventually(lambda: sum(one.get("alarm") is True for one in hook.posted) == 2)
        beating.start()
        eventually(lambda: [one["source"] for one in alarms if not one["alarm"]].count("mqtt") >= 1)
        eventually(lambda: [one["source"] for one in alarms if not one["alarm"]].count("database") >= 1)
    finally:
        watch.ask_to_stop()
        assert watch.await_end() == 0
    said = watch.log_file.read_text()
    assert "partition cq: no heartbeat for" in said
    assert "partition cq is alive again" in said


def moment(told: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(told["time"])


def once(chain: Chain, *arguments: str) -> tuple[int, str]:
    child = watcher(chain, "--once", *arguments)
    child.start()
    told = child.output.read()
    return child.await_end(), told


def test_a_look_once_answers_with_its_exit_status(beating: Chain, hook: Hook) -> None:
    eventually(lambda: bool(hook.posted) and hook.posted[-1]["alive"])
    assert once(beating) == (0, "alive\n")
    beating.kill()
    time_of_death = time.monotonic()
    eventually(lambda: time.monotonic() > time_of_death + SILENT_S)  # the silence itself is what is waited for
    status, told = once(beating)
    assert status == 2
    assert "partition cq: not running, or cut off from the database" in told
    assert "partition cq: no heartbeat for" in told
    status, told = once(beating, "--no-database")
    assert (status, told.count("\n")) == (2, 1)


def test_a_database_that_is_away_is_an_alarm(beating: Chain, listen: Callable[[str], list[dict[str, Any]]]) -> None:
    beats = listen("cq/heartbeat/+")
    eventually(lambda: bool(beats) and beats[-1]["alive"])  # the first one may be of before it was connected
    beating.url = "postgresql://postgres@127.0.0.1:1/none"
    status, told = once(beating)
    assert status == 2
    assert told.startswith("the database: it does not answer")
    assert told.count("\n") == 1, "over MQTT the pipeline is heard"
