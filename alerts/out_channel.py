"""The way out over MQTT: messages handed over in order, and whether the broker has taken every one of them.

One connection lives until something goes wrong with it; then all that was not confirmed is the caller's
to send again over the next one. So nothing is lost, and what was on its way may come twice.
"""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import paho.mqtt.client as mqtt
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from config.settings import BrokerSettings
from ingest.errors import BrokerError
from ingest.session import new_client

log = logging.getLogger(__name__)

_ANSWER_S = 15.0  # for a broker to accept us, and between two of its confirmations
_LAST_ANSWERS_S = 3.0  # at a stop: what is confirmed need not be told again
_IN_FLIGHT = 100
_POLL_S = 0.2


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """One message; QoS 1."""

    topic: str
    payload: bytes
    retain: bool


class Outlet:
    """A publisher to one broker under one client id; every failure is a BrokerError that says what to do."""

    def __init__(self, broker: BrokerSettings, client_id: str) -> None:
        self._broker = broker
        self._client_id = client_id
        self._news = threading.Condition()
        self._confirmed = 0
        self._accepted = False
        self._fault = ""  # why the connection cannot be used (any more)
        self._client: mqtt.Client | None = None

    def send(self, messages: Sequence[Outgoing], stop: threading.Event) -> bool:
        """Publish them in order; True once the broker has confirmed all, False where `stop` came first."""
        if not messages:
            return True
        try:
            client = self._client or self._connect()
            self._confirmed = 0
            for message in messages:
                client.publish(message.topic, message.payload, qos=1, retain=message.retain)
            return self._await_confirmed(len(messages), stop)
        except BrokerError:
            self.close()
            raise

    def close(self) -> None:
        """Disconnect."""
        client, self._client = self._client, None
        if client is not None:
            client.on_disconnect = None
            client.disconnect()
            client.loop_stop()

    def _connect(self) -> mqtt.Client:
        self._accepted, self._fault = False, ""
        client = self._client = new_client(mqtt.Client, self._broker, self._client_id)
        client.max_inflight_messages_set(_IN_FLIGHT)
        client.max_queued_messages_set(0)
        client.on_connect, client.on_disconnect, client.on_publish = self._connected, self._disconnected, self._taken
        try:
            client.connect(self._broker.host, self._broker.port, self._broker.keepalive_s, clean_start=True)
        except OSError as error:
            raise BrokerError(f"no MQTT broker answers at {self._where()} ({error})") from error
        client.loop_start()
        with self._news:
            self._news.wait_for(lambda: self._accepted or self._fault, _ANSWER_S)
        if not self._accepted:
            raise BrokerError(f"the broker {self._where()} does not let us in: {self._fault or 'no answer'}")
        return client

    def _await_confirmed(self, count: int, stop: threading.Event) -> bool:
        silent_s = 0.0
        with self._news:
            while self._confirmed < count and not self._fault:
                if stop.is_set() and silent_s > _LAST_ANSWERS_S:
                    return False
                silent_s = 0.0 if self._news.wait(_POLL_S) else silent_s + _POLL_S
                if silent_s > _ANSWER_S:
                    self._fault = "it does not confirm what is published: is its disk full?"
        if self._fault:
            raise BrokerError(f"the broker {self._where()}: {self._fault}")
        return True

    def _where(self) -> str:
        return f"{self._broker.host}:{self._broker.port}"

    def _tell(self, fault: str = "") -> None:
        with self._news:
            self._fault = self._fault or fault
            self._news.notify_all()

    def _connected(
        self,
        client: mqtt.Client,  # noqa: ARG002
        userdata: object,  # noqa: ARG002
        flags: mqtt.ConnectFlags,  # noqa: ARG002
        reason: ReasonCode,
        properties: Properties | None,  # noqa: ARG002
    ) -> None:
        self._accepted = not reason.is_failure
        self._tell(str(reason) if reason.is_failure else "")

    def _disconnected(
        self,
        client: mqtt.Client,  # noqa: ARG002
        userdata: object,  # noqa: ARG002
        flags: mqtt.DisconnectFlags,  # noqa: ARG002
        reason: ReasonCode,
        properties: Properties | None,  # noqa: ARG002
    ) -> None:
        self._tell(f"disconnected: {reason}")

    def _taken(
        self,
        client: mqtt.Client,  # noqa: ARG002
        userdata: object,  # noqa: ARG002
        mid: int,  # noqa: ARG002
        reason: ReasonCode,
        properties: Properties | None,  # noqa: ARG002
    ) -> None:
        if reason.is_failure:
            self._tell(f"it refuses an alert's topic ({reason}): see its access list")
            return
        self._confirmed += 1
        self._tell()
