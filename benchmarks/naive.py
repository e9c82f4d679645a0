"""The chain most people write first, for comparison: a paho callback that inserts and commits every message."""

import json
import threading
import time
from datetime import UTC, datetime

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.load import Sender, publish_packet
from config.database import connect
from config.settings import BrokerSettings

_MESSAGES = 4_000


def naive_rate(database_url: str, broker: BrokerSettings) -> float:
    """Messages per second: QoS 1, acknowledged after its own INSERT and commit; no rules, no locating."""
    done = threading.Event()
    subscribed = threading.Event()
    seen = 0
    with connect(database_url, "naive", autocommit=True) as connection:
        connection.execute(
            "create table naive (device text, time timestamptz, value double precision, primary key (device, time))"
        )

        def insert(client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:  # noqa: ARG001
            nonlocal seen
            told = json.loads(message.payload)
            moment = datetime.fromtimestamp(told["time"], UTC)
            connection.execute("insert into naive values (%s, %s, %s)", (message.topic, moment, told["value"]))
            client.ack(message.mid, 1)
            seen += 1
            if seen == _MESSAGES:
                done.set()

        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="naive", protocol=mqtt.MQTTv5, manual_ack=True)
        client.on_message = insert
        client.on_subscribe = lambda *_: subscribed.set()
        client.connect(broker.host, broker.port)
        client.loop_start()
        client.subscribe("naive/#", qos=1)
        subscribed.wait(10)
        started = time.perf_counter()
        with Sender(broker.host, broker.port, "naive-load") as sender:
            sender.send(
                publish_packet(f"naive/{k}", json.dumps({"value": 1.0, "time": 1.6e9 + k}).encode(), 1 + k)
                for k in range(_MESSAGES)
            )
        if not done.wait(120):
            raise TimeoutError(f"{seen} of {_MESSAGES} messages after 120 s")
        rate = _MESSAGES / (time.perf_counter() - started)
        client.disconnect()
        client.loop_stop()
        return rate
