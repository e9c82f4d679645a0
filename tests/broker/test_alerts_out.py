"""Alerts over MQTT: a real broker, a real database, processes that are killed."""

import itertools
import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest

from alerts.out import AlertsOut
from alerts.out_channel import Outgoing, Outlet
from alerts.out_store import Outbox
from alerts.out_words import RuleBook
from commands.children import Child
from config.database import Connection, connect
from config.settings import BrokerSettings, OutSettings
from ingest.errors import BrokerError
from ingest.session import new_client
from ingest.topics import load_topic_map
from tests.database.out_seed import TOWNSHIP, clear, move, open_alert, seed_city

TOPIC = f"cq/{TOWNSHIP}/alert"
Eventually = Callable[[Callable[[], object]], None]
_numbers = itertools.count(1)


class Listener:
    """Everything that is said under cq/+/alert/+, with whether it came from the broker's memory."""

    def __init__(self, broker: BrokerSettings) -> None:
        self.heard: list[tuple[str, bytes, bool]] = []
        self._ready = threading.Event()
        self._client = new_client(mqtt.Client, broker, f"listener-{next(_numbers)}", reconnect=True)
        self._client.on_connect = lambda client, *_: client.subscribe("cq/+/alert/+", qos=1)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._hear
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()
        assert self._ready.wait(10)

    def _hear(self, client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:  # noqa: ARG002
        self.heard.append((message.topic, message.payload, message.retain))

    def told(self, alert: int | None = None) -> list[dict[str, Any]]:
        """The messages that say something, of one alert or of all."""
        found = [json.loads(payload) for _, payload, _ in self.heard if payload]
        return [one for one in found if alert in (None, one["id"])]

    def steps(self, alert: int | None = None) -> list[int]:
        """The transitions told, in the order they came."""
        return [one["transition"]["id"] for one in self.told(alert)]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def city(connection: Connection) -> Connection:
    seed_city(connection)
    return connection


@pytest.fixture
def listen(mosquitto: Any) -> Iterator[Callable[[], Listener]]:
    opened: list[Listener] = []

    def make() -> Listener:
        opened.append(Listener(mosquitto.settings))
        return opened[-1]

    yield make
    for listener in opened:
        listener.close()


class Teller:
    """`shijing alerts-out` as a process of its own."""

    def __init__(self, database_url: str, folder: Path) -> None:
        self._arguments = ["alerts-out", "--database", database_url]
        self._log = folder / "alerts-out.log"
        self._children: list[Child] = []

    def start(self, *more: str, environment: dict[str, str] | None = None, ready: bool = True) -> Child:
        child = Child(
            name="alerts-out", arguments=[*self._arguments, *more], log_file=self._log, environment=environment or {}
        )
        child.start()
        self._children.append(child)
        if ready:
            child.await_ready()
        return child

    def stop(self) -> None:
        for child in self._children:
            if child.process.poll() is None:
                child.ask_to_stop()
                assert child.await_end() == 0


@pytest.fixture
def teller(database_url: str, city: Connection, point_at_broker: BrokerSettings, tmp_path: Path) -> Iterator[Teller]:
    built = Teller(database_url, tmp_path)
    yield built
    built.stop()


def kill(child: Child) -> None:
    child.process.send_signal(signal.SIGKILL)
    child.await_end()


def told_up_to(city: Connection) -> int:
    row = city.execute("select coalesce(max(event_id), -1) from out_cursors").fetchone()
    assert row is not None
    return int(row[0])


def newest_event(city: Connection) -> int:
    row = city.execute("select coalesce(max(id), 0) from live_events").fetchone()
    assert row is not None
    return int(row[0])


def all_told(city: Connection) -> bool:
    return told_up_to(city) == newest_event(city)


def transitions(city: Connection, alert: int | None = None) -> list[int]:
    rows = city.execute(
        "select id from alert_transitions where %(alert)s::bigint is null or alert_id = %(alert)s order by id",
        {"alert": alert},
    )
    return [number for (number,) in rows]


def test_an_alert_is_kept_by_the_broker_while_it_is_open(
    teller: Teller, city: Connection, listen: Callable[[], Listener], eventually: Eventually
) -> None:
    teller.start()
    live = listen()
    alert = open_alert(city, "yellow")
    move(city, alert, level="red")
    eventually(lambda: len(live.heard) == 2)
    assert {topic for topic, _, _ in live.heard} == {f"{TOPIC}/{alert}"}
    first, second = live.told()
    assert (first["level"], first["state"], first["transition"]["reason"]) == ("yellow", "open", "raised")
    assert (second["level"], second["transition"]["from_level"]) == ("red", "yellow")
    assert second["title"] == {"zh": "河道水位", "en": "River stage"}
    assert second["township"] == {"code": TOWNSHIP, "name": "寸滩街道"}
    assert second["opened_at"] == "2020-08-20T00:15:00Z"
    later = listen()
    eventually(lambda: later.heard)
    (kept,) = later.heard
    assert kept[2]
    assert json.loads(kept[1])["level"] == "red"

    clear(city, alert)
    eventually(lambda: live.heard[-1][1] == b"")
    assert live.told()[-1]["state"] == "resolved"
    eventually(lambda: all_told(city))
    move(city, alert, state="closed")
    eventually(lambda: live.told()[-1]["state"] == "closed")
    assert live.steps() == transitions(city)
    eventually(lambda: all_told(city))
    nobody = listen()
    other = open_alert(city, rule="heat")
    eventually(lambda: nobody.heard)
    assert {one["id"] for one in nobody.told()} == {other}  # nothing of the first was kept


def test_it_begins_with_what_is_open(
    teller: Teller, city: Connection, listen: Callable[[], Listener], eventually: Eventually
) -> None:
    over = open_alert(city)
    clear(city, over)
    still = open_alert(city, rule="heat")
    move(city, still, state="acknowledged")
    teller.start()
    listener = listen()
    eventually(lambda: listener.heard)
    eventually(lambda: city.execute("select not bool_or(due) from out_alerts").fetchone() == (True,))
    assert [(one["id"], one["state"]) for one in listener.told()] == [(still, "acknowledged")]
    move(city, over, state="closed")
    eventually(lambda: listener.told(over))
    assert listener.steps(over) == transitions(city, over)[-1:]


def test_remarks_stay_inside(
    teller: Teller, city: Connection, listen: Callable[[], Listener], eventually: Eventually
) -> None:
    teller.start()
    listener = listen()
    alert = open_alert(city)
    move(city, alert, state="open")
    eventually(lambda: all_told(city))
    move(city, alert, state="in_hand")
    eventually(lambda: len(listener.heard) == 2)
    assert [one["state"] for one in listener.told()] == ["open", "in_hand"]


def test_what_no_live_event_names_is_told_all_the_same(
    teller: Teller, city: Connection, listen: Callable[[], Listener], eventually: Eventually
) -> None:
    teller.start()
    listener = listen()
    hidden, red = open_alert(city, "yellow", rule="heat"), open_alert(city)
    eventually(lambda: all_told(city) and len(listener.heard) == 2)
    with city.transaction():
        city.execute("update alerts set inhibited_by = %s where id = %s", (red, hidden))
        city.execute(
            "insert into alert_transitions (alert_id, kind, time, from_level, to_level, from_state, to_state, reason)"
            " values (%s, 'state', now(), 'yellow', 'yellow', 'open', 'open', 'inhibited')",
            (hidden,),
        )
    eventually(lambda: len(listener.heard) == 3)
    assert listener.told()[-1]["inhibited_by"] == red
    assert listener.told()[-1]["transition"]["reason"] == "inhibited"


@pytest.mark.parametrize("asked", [False, True])
def test_a_drill_leaves_only_when_asked(
    teller: Teller, city: Connection, listen: Callable[[], Listener], eventually: Eventually, asked: bool
) -> None:
    teller.start(environment={"SHIJING_OUT_EXERCISES": str(asked).lower()})
    listener = listen()
    drill = open_alert(city, exercise=True)
    real = open_alert(city, rule="heat")
    eventually(lambda: listener.told(real))
    assert [(one["id"], one["exercise"]) for one in listener.told()] == [(drill, True)] * asked + [(real, False)]


def test_nothing_is_lost_or_out_of_order_when_it_is_killed_again_and_again(
    teller: Teller, city: Connection, listen: Callable[[], Listener], eventually: Eventually, database_url: str
) -> None:
    listener = listen()
    stop = threading.Event()

    def live() -> None:
        with connect(database_url, "engine", autocommit=True) as engine:
            alerts = [open_alert(engine, "blue", rule=f"rule-{number}") for number in range(20)]
            for turn in itertools.count():
                for alert in alerts:
                    move(engine, alert, level=("yellow", "blue")[turn % 2])
                if stop.is_set():
                    return

    child = teller.start()
    engine = threading.Thread(target=live)
    engine.start()
    try:
        for _ in range(4):
            heard = len(listener.heard)
            eventually(lambda heard=heard: len(listener.heard) > heard + 40)
            kill(child)
            child = teller.start()
    finally:
        stop.set()
        engine.join()
    eventually(lambda: all_told(city))
    eventually(lambda: set(transitions(city)) == set(listener.steps()))
    for (alert,) in city.execute("select id from alerts").fetchall():
        first_time = list(dict.fromkeys(listener.steps(alert)))
        assert first_time == transitions(city, alert)
        assert listener.steps(alert)[-1] == transitions(city, alert)[-1]


def test_a_clean_restart_says_nothing_twice(
    teller: Teller, city: Connection, listen: Callable[[], Listener], eventually: Eventually
) -> None:
    listener = listen()
    child = teller.start()
    alerts = [open_alert(city, rule=f"rule-{number}") for number in range(50)]
    eventually(lambda: all_told(city))
    child.ask_to_stop()
    assert child.await_end() == 0
    move(city, alerts[0], state="acknowledged")
    teller.start()
    eventually(lambda: all_told(city))
    eventually(lambda: len(listener.heard) >= 51)
    assert sorted(listener.steps()) == transitions(city)


def test_a_broker_that_goes_and_comes_is_told_what_it_missed(
    teller: Teller, city: Connection, mosquitto: Any, listen: Callable[[], Listener], eventually: Eventually
) -> None:
    teller.start()
    first = open_alert(city)
    eventually(lambda: all_told(city))
    mosquitto.stop()
    second = open_alert(city, rule="heat")
    move(city, second, state="acknowledged")
    mosquitto.start()
    eventually(lambda: all_told(city))
    listener = listen()
    eventually(lambda: len(listener.heard) == 2)
    assert {(one["id"], one["state"]) for one in listener.told()} == {(first, "open"), (second, "acknowledged")}


def test_a_lost_database_is_waited_for(
    teller: Teller, city: Connection, listen: Callable[[], Listener], eventually: Eventually
) -> None:
    teller.start()
    listener = listen()
    open_alert(city)
    eventually(lambda: all_told(city))
    city.execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'shijing-alerts-out'")
    open_alert(city, rule="heat")
    eventually(lambda: all_told(city))
    eventually(lambda: set(listener.steps()) == set(transitions(city)))


def test_live_events_that_were_cleared_away_are_no_loss(
    teller: Teller, city: Connection, listen: Callable[[], Listener], eventually: Eventually
) -> None:
    child = teller.start()
    listener = listen()
    old = open_alert(city)
    eventually(lambda: all_told(city))
    kill(child)
    clear(city, old)
    new = open_alert(city, rule="heat")
    city.execute("delete from live_events")
    teller.start()
    eventually(lambda: listener.told(new) and listener.told(old)[-1]["state"] == "resolved")
    assert listener.steps(old) == transitions(city, old)
    open_alert(city, rule="water-depth")
    eventually(lambda: set(listener.steps()) == set(transitions(city)))


def test_restating_fills_a_broker_that_forgot(
    teller: Teller, city: Connection, listen: Callable[[], Listener], eventually: Eventually
) -> None:
    child = teller.start()
    alert = open_alert(city)
    eventually(lambda: all_told(city))
    child.ask_to_stop()
    child.await_end()
    outlet = Outlet(BrokerSettings(), "forgetful")
    assert outlet.send([Outgoing(topic=f"{TOPIC}/{alert}", payload=b"", retain=True)], threading.Event())
    outlet.close()
    listener = listen()
    teller.start("--restate")
    eventually(lambda: listener.heard)
    assert listener.steps() == transitions(city)


def test_a_second_process_waits_for_the_first_to_end(
    teller: Teller, city: Connection, listen: Callable[[], Listener], eventually: Eventually
) -> None:
    first = teller.start()
    second = teller.start(ready=False)
    listener = listen()
    open_alert(city)
    eventually(lambda: all_told(city))
    kill(first)
    second.await_ready()
    open_alert(city, rule="heat")
    eventually(lambda: all_told(city))
    eventually(lambda: sorted(listener.steps()) == transitions(city))


def test_what_is_not_confirmed_is_not_told(
    city: Connection, database_url: str, mosquitto: Any, eventually: Eventually
) -> None:
    """A broker that answers nothing (it is frozen): the cursor stays."""
    settings = OutSettings()
    outlet = Outlet(mosquitto.settings, "test-out")
    teller = AlertsOut(database_url, outlet, RuleBook(), settings)
    with connect(database_url, "test", autocommit=True) as connection:
        outbox = Outbox(connection, "mqtt")
        outbox.begin()
        open_alert(city)
        assert teller.tell_round(outbox, threading.Event())
        before = outbox.cursor()
        open_alert(city, rule="heat")
        os.kill(mosquitto._process.pid, signal.SIGSTOP)
        stop = threading.Event()
        stop.set()
        try:
            assert not teller.tell_round(outbox, stop)
            assert outbox.cursor() == before
        finally:
            os.kill(mosquitto._process.pid, signal.SIGCONT)
        assert teller.tell_round(outbox, threading.Event())
        assert outbox.cursor() == newest_event(city)
    outlet.close()


def test_a_broker_that_is_not_there_is_named() -> None:
    outlet = Outlet(BrokerSettings(host="127.0.0.1", port=1), "nobody")
    with pytest.raises(BrokerError, match=r"no MQTT broker answers at 127\.0\.0\.1:1"):
        outlet.send([Outgoing(topic="cq/500105009/alert/1", payload=b"{}", retain=True)], threading.Event())


def test_the_pipeline_passes_over_what_is_told() -> None:
    assert load_topic_map().route(f"{TOPIC}/17").format == "other"
