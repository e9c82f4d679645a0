"""Calls over the MQTT broker: to the app of a worker, and to the loudspeakers of a village.

QoS 1 of MQTT 5: a message that the broker has not confirmed is not sent. It says when a topic has no listener at
all, which is told as it is; what nobody fetched before its expiry is not delivered any more.
"""

import secrets
import threading
from collections.abc import Sequence
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from config.channel_settings import CallMqttSettings
from config.settings import BrokerSettings
from dispatch.channels.http import json_body
from dispatch.errors import Final, Passing
from dispatch.notice import Notice
from dispatch.words import joined
from ingest.session import new_client

_NOBODY = 0x10  # "no matching subscribers"
_REFUSED = (0x87, 0x90)  # "not authorized", "topic name invalid"


class CallLine:
    """A connection that several threads publish over; it is made anew after a fault."""

    def __init__(self, broker: BrokerSettings, *, timeout_s: float) -> None:
        self._broker = broker
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._wire: _Wire | None = None

    def publish(self, topic: str, payload: bytes, properties: Properties) -> None:
        """Returns when the broker has confirmed it; raises Passing or Final."""
        wire = self._open()
        try:
            wire.publish(topic, payload, properties)
        except Passing:
            self._drop(wire)
            raise

    def close(self) -> None:
        """Disconnect."""
        if self._wire is not None:
            self._drop(self._wire)

    def _open(self) -> "_Wire":
        with self._lock:
            if self._wire is None:
                self._wire = _Wire(self._broker, self._timeout_s)
            return self._wire

    def _drop(self, wire: "_Wire") -> None:
        with self._lock:
            if self._wire is wire:
                self._wire = None
        wire.close()


class _Wire:
    """One connection, until its first fault."""

    def __init__(self, broker: BrokerSettings, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._news = threading.Condition()
        self._up = False
        self._fault = ""
        self._answers: dict[int, ReasonCode] = {}
        # An id of its own: two processes with one id would cut each other off for ever.
        self._client = new_client(mqtt.Client, broker, f"shijing-dispatch-{secrets.token_hex(4)}")
        self._client.on_connect, self._client.on_disconnect = self._connected, self._disconnected
        self._client.on_publish = self._confirmed
        try:
            self._client.connect(broker.host, broker.port, broker.keepalive_s, clean_start=True)
        except OSError as error:
            raise Passing(f"the broker cannot be reached ({type(error).__name__})") from None
        self._client.loop_start()
        with self._news:
            self._news.wait_for(lambda: self._up or self._fault, timeout_s)
        if not self._up:
            self.close()
            raise Passing(f"the broker does not let us in: {self._fault or 'no answer'}")

    def publish(self, topic: str, payload: bytes, properties: Properties) -> None:
        # Not under our lock: the client holds its own while it tells of a confirmation, which may come before the
        # number is known here, and is kept until it is asked for.
        number = self._client.publish(topic, payload, qos=1, properties=properties).mid
        with self._news:
            self._news.wait_for(lambda: number in self._answers or self._fault, self._timeout_s)
            answer = self._answers.pop(number, None)
        if answer is None:
            raise Passing(f"the broker did not confirm it: {self._fault or 'no answer'}", unsure=True)
        if answer.value == _NOBODY:
            raise Final("nobody listens at the topic")
        if answer.value in _REFUSED:
            raise Final(f"the broker refuses the topic ({answer}): see its access list")
        if answer.is_failure:
            raise Passing(f"the broker did not take it: {answer}")

    def close(self) -> None:
        self._client.on_disconnect = None
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(self, *told: Any) -> None:
        reason: ReasonCode = told[3]
        with self._news:
            self._up, self._fault = not reason.is_failure, str(reason) if reason.is_failure else ""
            self._news.notify_all()

    def _disconnected(self, *told: Any) -> None:
        with self._news:
            self._fault = self._fault or f"disconnected: {told[3]}"
            self._news.notify_all()

    def _confirmed(self, *told: Any) -> None:
        with self._news:
            self._answers[told[2]] = told[3]
            self._news.notify_all()


class WorkerMqtt:
    """To the app of one worker."""

    leaves_network = False

    def __init__(self, line: CallLine, settings: CallMqttSettings) -> None:
        self._line = line
        self._settings = settings

    def send(self, notices: Sequence[Notice]) -> None:
        """To the person's topic."""
        notice = joined(notices)
        topic = self._settings.worker_topic.replace("{person}", notice.to)
        told = {
            **_of_all(notice),
            "title": notice.title,
            "body": notice.body,
            "url": notice.url or "/worker",
            "assignments": notice.assignment_ids,
        }
        self._line.publish(topic, json_body(told), _properties(notice, self._settings))


class Loudspeaker:
    """To what speaks in one division."""

    leaves_network = False

    def __init__(self, line: CallLine, settings: CallMqttSettings) -> None:
        self._line = line
        self._settings = settings

    def send(self, notices: Sequence[Notice]) -> None:
        """One after the other in the same message: a loudspeaker says each."""
        notice = notices[0]
        topic = self._settings.loudspeaker_topic.replace("{division}", notice.to)
        spoken = "".join(one.spoken for one in notices)
        told = {**_of_all(notice), "text": spoken, "repeat": self._settings.loudspeaker_repeats}
        self._line.publish(topic, json_body(told), _properties(notice, self._settings))


def _of_all(notice: Notice) -> dict[str, Any]:
    return {
        "key": str(notice.key),
        "repeated": notice.repeated,
        "level": notice.level,
        "drill": notice.drill,
        "time": notice.at.isoformat(timespec="seconds"),
        "run": notice.run_id,
    }


def _properties(notice: Notice, settings: CallMqttSettings) -> Properties:
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.MessageExpiryInterval = settings.expiry_s
    properties.CorrelationData = notice.key.bytes
    properties.ContentType = "application/json"
    return properties
