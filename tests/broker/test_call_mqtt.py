"""Calls over a real Mosquitto: what a worker's app and a loudspeaker receive, and what is told where nobody listens."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import paho.mqtt.client as mqtt
import pytest

from config.channel_settings import CallMqttSettings
from config.settings import BrokerSettings
from dispatch.channels.mqtt import CallLine, Loudspeaker, WorkerMqtt
from dispatch.errors import Final, Passing
from ingest.session import new_client
from tests.broker.conftest import Mosquitto, free_port
from tests.loopback.notices import MATTER, notice

SETTINGS = CallMqttSettings(
    worker_topic="shijing/worker/{person}/task", loudspeaker_topic="shijing/loudspeaker/{division}", expiry_s=600
)
PERSON = str(uuid4())


class Listener:
    """What came to a topic."""

    def __init__(self, broker: BrokerSettings, topic: str) -> None:
        self.messages: list[mqtt.MQTTMessage] = []
        self.ready = threading.Event()
        self.client = new_client(mqtt.Client, broker, f"listener-{uuid4().hex}")
        self.client.on_connect = lambda *_: self.client.subscribe(topic, qos=1)
        self.client.on_subscribe = lambda *_: self.ready.set()
        self.client.on_message = lambda *told: self.messages.append(told[2])
        self.client.connect(broker.host, broker.port)
        self.client.loop_start()
        assert self.ready.wait(10)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@contextmanager
def listener(broker: BrokerSettings, topic: str) -> Iterator[Listener]:
    made = Listener(broker, topic)
    yield made
    made.close()


@pytest.fixture
def line(mosquitto: Mosquitto) -> Iterator[CallLine]:
    made = CallLine(mosquitto.settings, timeout_s=5)
    yield made
    made.close()


Eventually = Callable[[Callable[[], object]], None]


def properties(message: mqtt.MQTTMessage) -> dict[str, Any]:
    return vars(message.properties)


def test_the_app_of_a_worker_gets_the_task_its_key_and_its_end(
    mosquitto: Mosquitto, line: CallLine, eventually: Eventually
) -> None:
    told = notice("mqtt", to=PERSON, repeated=True)
    with listener(mosquitto.settings, f"shijing/worker/{PERSON}/task") as app:
        WorkerMqtt(line, SETTINGS).send([told])
        eventually(lambda: app.messages)
    (message,) = app.messages
    body = json.loads(message.payload)
    assert (body["key"], body["repeated"], body["drill"]) == (str(told.key), True, False)
    assert body["title"] == "橙色任务：沿江洪水预案" and body["assignments"] == [41]
    assert UUID(bytes=properties(message)["CorrelationData"]) == told.key
    assert properties(message)["MessageExpiryInterval"] in range(598, 601) and message.qos == 1


def test_where_nobody_listens_that_is_told(line: CallLine) -> None:
    with pytest.raises(Final, match="nobody listens"):
        WorkerMqtt(line, SETTINGS).send([notice("mqtt", to=PERSON)])


def test_a_loudspeaker_says_it_as_often_as_the_settings_want(
    mosquitto: Mosquitto, line: CallLine, eventually: Eventually
) -> None:
    told = notice("loudspeaker", to="500103001001", matter=replace(MATTER, drill=True))
    with listener(mosquitto.settings, "shijing/loudspeaker/500103001001") as loud:
        Loudspeaker(line, SETTINGS).send([told, told])
        eventually(lambda: loud.messages)
    body = json.loads(loud.messages[0].payload)
    assert body["repeat"] == 3 and body["drill"] and body["text"].count("请注意") == 2
    assert body["text"].startswith("这是演练。这是演练。磁器口一号网格值守人员请注意：橙色任务")


def test_many_at_once_over_one_connection(mosquitto: Mosquitto, line: CallLine, eventually: Eventually) -> None:
    with listener(mosquitto.settings, "shijing/worker/+/task") as app:
        sending = [
            threading.Thread(target=WorkerMqtt(line, SETTINGS).send, args=([notice("mqtt", to=PERSON)],))
            for _ in range(20)
        ]
        for one in sending:
            one.start()
        for one in sending:
            one.join()
        eventually(lambda: len(app.messages) == 20)


def test_a_broker_that_went_away_and_came_back(mosquitto: Mosquitto, line: CallLine, eventually: Eventually) -> None:
    way, told = WorkerMqtt(line, SETTINGS), [notice("mqtt", to=PERSON)]
    with listener(mosquitto.settings, f"shijing/worker/{PERSON}/task"):
        way.send(told)
    mosquitto.stop()
    with pytest.raises(Passing):
        way.send(told)
    mosquitto.start()
    with listener(mosquitto.settings, f"shijing/worker/{PERSON}/task") as app:
        way.send(told)
        eventually(lambda: app.messages)


def test_a_broker_that_is_not_there_or_lets_nobody_in(tmp_path: Any) -> None:
    nowhere = CallLine(BrokerSettings(host="127.0.0.1", port=free_port(), username=""), timeout_s=1)
    with pytest.raises(Passing, match="cannot be reached"):
        WorkerMqtt(nowhere, SETTINGS).send([notice("mqtt", to=PERSON)])
