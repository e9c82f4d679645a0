"""The pipeline's MQTT session against a real Mosquitto: nothing is lost that was not acknowledged, and nobody duels."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from config.settings import BrokerSettings, PipelineSettings
from ingest.errors import BrokerError
from ingest.gather import Message
from ingest.replay import Publisher
from ingest.session import MqttSession, check_broker, new_client
from tests.broker.chain import PATIENCE_S

TOPIC = "cq/500105/cuntan/stage"
Opened = Callable[..., MqttSession]


@pytest.fixture
def opened(mosquitto: Any) -> Iterator[Opened]:
    """Make connected sessions, closed at the end."""
    sessions = []

    def make(ready: Callable[[], None] = lambda: None, **settings: Any) -> MqttSession:
        session = MqttSession(mosquitto.settings, PipelineSettings(**settings), ready)
        sessions.append(session)
        assert session.connect()
        return session

    yield make
    for session in sessions:
        session.close()


def publish(publisher: Publisher, *payloads: int | str, topic: str = TOPIC) -> None:
    for payload in payloads:
        publisher.publish(topic, str(payload).encode())
    publisher.confirm()


def receive(session: MqttSession, count: int, *, wait_s: float = 10) -> list[Message]:
    """Exactly so many, however many batches they take."""
    found: list[Message] = []
    deadline = time.monotonic() + wait_s
    while len(found) < count and time.monotonic() < deadline:
        found += session.take(wait_s=0.05, gather_s=0.02, most=count - len(found))
    assert len(found) == count, f"{len(found)} of {count} came"
    return found


def numbers(messages: list[Message]) -> list[int]:
    return [int(message.payload) for message in messages]


def lose(session: MqttSession) -> None:
    """Work on until the lost connection is noticed."""
    deadline = time.monotonic() + 10
    while session.connected:
        session.take(wait_s=0.05, gather_s=0, most=1)
        assert time.monotonic() < deadline, "it is not noticed"


def settled(session: MqttSession, publisher: Publisher) -> None:
    """Everything before this has been handled by the broker, and nothing else is on its way."""
    publish(publisher, -1)
    (last,) = receive(session, 1)
    assert last.payload == b"-1"
    session.acknowledge([last])


def test_messages_come_in_order_with_topic_and_payload(opened: Opened, publisher: Publisher) -> None:
    session = opened()
    publish(publisher, *range(500))
    found = receive(session, 500)
    assert numbers(found) == list(range(500))
    assert {message.topic for message in found} == {TOPIC}
    assert all(message.mid for message in found)


def test_what_is_not_acknowledged_comes_again_and_what_is_does_not(opened: Opened, publisher: Publisher) -> None:
    session = opened()
    publish(publisher, *range(10))
    found = receive(session, 10)
    session.acknowledge(found[:4])
    settled(session, publisher)
    session.close()
    assert numbers(receive(opened(), 6)) == list(range(4, 10))


def test_taking_alone_acknowledges_nothing(opened: Opened, publisher: Publisher, mosquitto: Any) -> None:
    session = opened()
    publish(publisher, *range(5))
    receive(session, 5)
    for _ in range(2):
        mosquitto.restart()
        while not session.connect():
            pass
        assert numbers(receive(session, 5)) == list(range(5))


def test_what_comes_while_nobody_listens_is_kept(opened: Opened, publisher: Publisher, mosquitto: Any) -> None:
    """Beyond the thousand that Mosquitto keeps as shipped, and through a restart."""
    opened().close()
    publish(publisher, *range(3000))
    publisher.close()
    mosquitto.restart()
    session = opened()
    found: list[int] = []
    while len(found) < 3000:
        messages = receive(session, 500)
        session.acknowledge(messages)
        found += numbers(messages)
    assert found == list(range(3000))


def test_acknowledgements_of_an_earlier_connection_are_dropped(
    opened: Opened, publisher: Publisher, mosquitto: Any
) -> None:
    """Packet identifiers begin again with each connection: an old one would acknowledge another message."""
    session = opened()
    publish(publisher, *range(3))
    stale = receive(session, 3)
    mosquitto.restart()
    lose(session)
    while not session.connect():
        pass
    session.acknowledge(stale)
    again = receive(session, 3)
    assert numbers(again) == [0, 1, 2]
    assert {message.mid for message in again} & {message.mid for message in stale}, "the case at stake"
    session.close()
    assert numbers(receive(opened(), 3)) == [0, 1, 2]


def test_acknowledging_without_a_connection_does_nothing(opened: Opened, publisher: Publisher, mosquitto: Any) -> None:
    session = opened()
    publish(publisher, 1)
    found = receive(session, 1)
    mosquitto.stop()
    lose(session)
    session.acknowledge(found)
    session.close()
    session.acknowledge(found)


def test_a_lost_broker_is_tried_again_after_longer_waits(
    opened: Opened, mosquitto: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = opened()
    mosquitto.stop()
    lose(session)
    assert not session.may_connect, "not at once: it is coming up"
    waits = []
    for _ in range(8):
        before = time.monotonic()
        assert not session.connect()
        waits.append(session._next_try - before)
    assert waits[0] < 1.5 and waits[-1] > 5 and max(waits) < 31
    mosquitto.start()
    assert session.connect() and session.connected


def test_ready_is_told_once_and_only_when_messages_can_come(opened: Opened, mosquitto: Any) -> None:
    told: list[bool] = []
    session = opened(ready=lambda: told.append(True))
    assert told == [True]
    mosquitto.restart()
    while not session.connect():
        pass
    assert told == [True]


def test_a_second_client_of_the_same_name_is_noticed_and_no_duel_follows(
    opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    """Each takes the session from the other; Mosquitto tells neither why its connection broke."""
    first, second = opened(), opened()
    waits = []
    for _ in range(7):
        lose(first)
        assert second.connected and not first.may_connect
        waits.append(first._next_try - time.monotonic())
        assert first.connect()
        lose(second)
        assert second.connect()
    assert waits[0] < 1 and waits[-1] > 5, "it leaves the session to the other for longer and longer"
    assert "shijing-cq" in caplog.text and "SHIJING_PIPELINE_PARTITION" in caplog.text


def test_a_broker_that_says_who_took_the_session_is_believed(opened: Opened, caplog: pytest.LogCaptureFixture) -> None:
    session = opened()
    assert session._client is not None
    taken = ReasonCode(PacketTypes.DISCONNECT, identifier=142)
    session._on_disconnect(
        session._client, None, mqtt.DisconnectFlags(is_disconnect_packet_from_server=True), taken, None
    )
    assert session._next_try - time.monotonic() > 5
    assert "another client has the id shijing-cq" in caplog.text


def test_a_refused_subscription_is_no_connection(opened: Opened, caplog: pytest.LogCaptureFixture) -> None:
    """Connected and deaf: the access list of the broker lets this name in, and hear nothing."""
    session = opened(topics=["a/#", "b/#"])
    client, granted, refused = session._client, *(ReasonCode(PacketTypes.SUBACK, identifier=code) for code in (1, 135))
    assert client is not None
    session._on_subscribe(client, None, 1, [granted, refused], None)
    assert session.connected and "b/#" in caplog.text and "access list" in caplog.text
    session._on_subscribe(client, None, 1, [refused, refused], None)
    lose(session)


def test_a_full_queue_holds_the_network_back_and_nothing_is_lost(opened: Opened, publisher: Publisher) -> None:
    session = opened(queue_messages=10)
    publish(publisher, *range(1000))
    assert numbers(receive(session, 1000)) == list(range(1000))


def test_a_session_with_a_full_queue_closes(opened: Opened, publisher: Publisher) -> None:
    session = opened(queue_messages=10)
    publish(publisher, *range(1000))
    receive(session, 1)
    closing = threading.Thread(target=session.close, daemon=True)
    closing.start()
    closing.join(10)
    assert not closing.is_alive(), "it waits for itself for ever"


def test_a_session_resumes_with_more_waiting_than_its_queue_holds(opened: Opened, publisher: Publisher) -> None:
    opened().close()
    publish(publisher, *range(1000))
    assert numbers(receive(opened(queue_messages=10), 1000)) == list(range(1000))


def test_a_batch_ends_at_its_size_or_when_nothing_more_comes(opened: Opened, publisher: Publisher) -> None:
    session = opened()
    publish(publisher, *range(50))
    first = receive(session, 1)
    assert len(session.take(wait_s=5, gather_s=5, most=20)) <= 20
    assert first
    taken = threading.Thread(target=_take_the_rest, args=(session,), daemon=True)
    taken.start()
    taken.join(PATIENCE_S)
    assert not taken.is_alive(), "it waits for more, though nothing comes"
    assert session.take(wait_s=0, gather_s=3600, most=1000) == []


def _take_the_rest(session: MqttSession) -> None:
    while session.take(wait_s=0.05, gather_s=3600, most=1000):
        pass


def test_messages_of_qos_0_are_taken_and_need_no_acknowledgement(
    opened: Opened, mosquitto: Any, publisher: Publisher
) -> None:
    session = opened()
    plain: mqtt.Client = new_client(mqtt.Client, mosquitto.settings, "plain")
    plain.connect(mosquitto.settings.host, mosquitto.settings.port)
    plain.loop_start()
    plain.publish(TOPIC, b"0", qos=0).wait_for_publish(10)
    (found,) = receive(session, 1)
    session.acknowledge([found])
    settled(session, publisher)
    plain.disconnect()
    plain.loop_stop()


def test_several_filters_and_none_that_is_not_asked_for(opened: Opened, publisher: Publisher) -> None:
    session = opened(topics=["cq/500105/#", "$oc/devices/+/sys/properties/report"])
    publish(publisher, 1, topic="cq/500103/a/stage")
    publish(publisher, 2, topic="cq/500105/a/stage")
    publish(publisher, 3, topic="$oc/devices/a/sys/properties/report")
    assert numbers(receive(session, 2)) == [2, 3]


def test_partitions_have_sessions_of_their_own(opened: Opened, publisher: Publisher) -> None:
    one, two = opened(partition="north"), opened(partition="south")
    publish(publisher, 7)
    assert numbers(receive(one, 1)) == numbers(receive(two, 1)) == [7]
    assert one.connected and two.connected


def test_a_topic_that_is_not_utf_8_does_not_end_the_network_thread(opened: Opened, publisher: Publisher) -> None:
    """Mosquitto turns such a client away; not every broker does, and the reading is to be quarantined."""
    session = opened()
    assert session._client is not None
    odd = mqtt.MQTTMessage(mid=0, topic=b"cq/\xff\xfe")
    odd.payload = b"1"
    session._on_message(session._client, None, odd)
    (found,) = receive(session, 1)
    assert found.payload == b"1" and "UTF-8" in found.topic
    settled(session, publisher)


def test_a_broker_that_is_not_there_is_named(mosquitto: Any) -> None:
    check_broker(mosquitto.settings)
    mosquitto.stop()
    with pytest.raises(BrokerError, match=f"{mosquitto.settings.port}.*SHIJING_MQTT_PORT"):
        check_broker(mosquitto.settings)


def test_a_publisher_goes_on_after_a_restart_of_the_broker(
    opened: Opened, publisher: Publisher, mosquitto: Any
) -> None:
    session = opened()
    publish(publisher, *range(20))
    session.acknowledge(receive(session, 20))
    mosquitto.stop()
    back = threading.Timer(0.3, mosquitto.start)
    back.start()
    for number in range(20, 300):
        publisher.publish(TOPIC, str(number).encode())
    publisher.confirm()
    back.join()
    while not session.connect():
        pass
    found: set[int] = set()  # some of those before may come again: their acknowledgement was on its way
    while not found >= set(range(20, 300)):
        messages = receive(session, 1)
        found |= set(numbers(messages))
        session.acknowledge(messages)


def test_a_publisher_names_a_broker_that_does_not_come(monkeypatch: pytest.MonkeyPatch, mosquitto: Any) -> None:
    mosquitto.stop()
    monkeypatch.setattr("ingest.replay._CONFIRM_S", 0.2)
    nowhere = Publisher(BrokerSettings(host="127.0.0.1", port=mosquitto.settings.port), "nobody")
    with pytest.raises(BrokerError, match=str(mosquitto.settings.port)):
        nowhere.connect()
