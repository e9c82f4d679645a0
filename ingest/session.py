"""The MQTT session of one pipeline: persistent, QoS 1, acknowledged by hand after the commit.

The network thread only puts what came into a bounded queue; everything else happens in the
pipeline's own thread, reconnecting included, because a process that was fenced off in the
database must not connect again (it would take the session from its successor).
"""

import logging
import queue
import random
import threading
import time
from collections.abc import Callable, Sequence

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from config.settings import BrokerSettings, PipelineSettings
from ingest.errors import BrokerError
from ingest.gather import Message

log = logging.getLogger(__name__)

_CONNECT_S = 10.0
_BACKOFF_S = (0.2, 20.0)
_RUN_DRY_S = 0.001


def new_client(
    settings: BrokerSettings, client_id: str, *, manual_ack: bool = False, reconnect: bool = False
) -> mqtt.Client:
    """An MQTT 5 client with the settings' credentials; without `reconnect` that is the caller's business."""
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        protocol=mqtt.MQTTv5,
        manual_ack=manual_ack,
        reconnect_on_failure=reconnect,
    )
    if settings.username:
        client.username_pw_set(settings.username, settings.password.get_secret_value() or None)
    if settings.tls_ca is not None:
        client.tls_set(str(settings.tls_ca))
    return client


class MqttSession:
    """Messages in, acknowledgements out, for one partition's fixed client id."""

    def __init__(
        self, broker: BrokerSettings, pipeline: PipelineSettings, ready: Callable[[], None] = lambda: None
    ) -> None:
        self._broker = broker
        self._topics = pipeline.topics
        self._client_id = f"shijing-{pipeline.partition}"
        self._queue: queue.Queue[Message] = queue.Queue(pipeline.queue_messages)
        self._connection = 0  # counts connections; packet identifiers mean nothing beyond theirs
        self._ready = ready  # called once, when the first subscription stands
        self._up = threading.Event()
        self._next_try = 0.0
        self._failures = 0
        self._client: mqtt.Client | None = None  # a new one for each connection: none of it outlives it

    @property
    def connected(self) -> bool:
        """Whether messages can come and acknowledgements go."""
        return self._up.is_set()

    @property
    def may_connect(self) -> bool:
        """Whether it is disconnected and the wait after the last failure is over."""
        return not self.connected and time.monotonic() >= self._next_try

    def connect(self) -> bool:
        """Try once to connect and subscribe; a failure sets a longer, jittered wait for the next try."""
        self._drop()
        client = self._client = self._new_client()
        try:
            client.connect(
                self._broker.host,
                self._broker.port,
                self._broker.keepalive_s,
                clean_start=False,
                properties=self._connect_properties(),
            )
        except OSError as error:
            self._failed(str(error))
            return False
        client.loop_start()
        if not self._up.wait(_CONNECT_S):
            self._failed("no answer to CONNECT or SUBSCRIBE")
            return False
        ready, self._ready = self._ready, lambda: None
        ready()
        return True

    def _new_client(self) -> mqtt.Client:
        client = new_client(self._broker, self._client_id, manual_ack=True)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = lambda *_: self._up.set()
        client.on_message = self._on_message
        return client

    def _drop(self) -> None:
        """Be done with the former connection: its thread ended, its sockets closed."""
        if self._client is not None:
            self._client.on_disconnect = None
            self._client.disconnect()
            self._client.loop_stop()
            self._client = None
        self._up.clear()

    def _connect_properties(self) -> Properties:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = self._broker.session_expiry_s
        properties.ReceiveMaximum = self._broker.receive_maximum
        return properties

    def _failed(self, why: str) -> None:
        low, high = _BACKOFF_S
        wait = min(high, low * 2**self._failures) * random.uniform(0.5, 1.5)
        self._failures = min(self._failures + 1, 10)
        self._next_try = time.monotonic() + wait
        log.warning("broker %s:%s: %s; next try in %.1f s", self._broker.host, self._broker.port, why, wait)

    def _on_connect(
        self,
        client: mqtt.Client,
        userdata: object,  # noqa: ARG002
        flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,  # noqa: ARG002
    ) -> None:
        if reason.is_failure:
            self._failed(f"refused: {reason}")
            return
        self._connection += 1
        self._failures = 0
        # Also where a session is present: subscribing again is harmless, and a setting may have changed.
        client.subscribe([(topic, 1) for topic in self._topics])
        log.info("connected to the broker, session %s", "resumed" if flags.session_present else "new")

    def _on_disconnect(
        self,
        client: mqtt.Client,  # noqa: ARG002
        userdata: object,  # noqa: ARG002
        flags: mqtt.DisconnectFlags,  # noqa: ARG002
        reason: ReasonCode,
        properties: Properties | None,  # noqa: ARG002
    ) -> None:
        if self._up.is_set():
            self._up.clear()
            self._failed(f"disconnected: {reason}")

    def _on_message(self, client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:  # noqa: ARG002
        self._queue.put(
            Message(topic=message.topic, payload=bytes(message.payload), mid=message.mid, connection=self._connection)
        )

    def take(self, *, wait_s: float, gather_s: float, most: int) -> list[Message]:
        """Wait for a first message, then take what comes within `gather_s`, or until the queue runs dry.

        An empty queue ends the batch early: while one batch is being committed the next one
        gathers in the queue, so waiting longer would only add delay.
        """
        try:
            messages = [self._queue.get(timeout=wait_s)]
        except queue.Empty:
            return []
        end = time.monotonic() + gather_s
        while len(messages) < most and time.monotonic() < end:
            try:
                messages.append(self._queue.get(timeout=_RUN_DRY_S))
            except queue.Empty:
                break
        return messages

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Tell the broker that these are committed; those of an earlier connection will come again and be repeats."""
        client = self._client
        for message in messages:
            if message.mid and message.connection == self._connection and client is not None:  # QoS 0 has no mid
                client.ack(message.mid, 1)

    def close(self) -> None:
        """Disconnect; the broker keeps the session and what is not acknowledged."""
        self._drop()


def check_broker(settings: BrokerSettings) -> None:
    """Raise BrokerError where nothing answers at the broker's address."""
    client = new_client(settings, "")
    try:
        client.connect(settings.host, settings.port, 5)
    except OSError as error:
        raise BrokerError(
            f"no MQTT broker answers at {settings.host}:{settings.port} ({error}):"
            " start it, or set SHIJING_MQTT_HOST and SHIJING_MQTT_PORT"
        ) from error
    client.disconnect()
