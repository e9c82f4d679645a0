"""The MQTT session of one pipeline: persistent, QoS 1, acknowledged by hand after the commit.

The pipeline's own thread reads the network, between one batch and the next: a second thread
would fight it for the interpreter. Reconnecting is its business too, because a process that was
fenced off in the database must not connect again (it would take the session from its successor).
"""

import logging
import random
import select
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from config.settings import BrokerSettings, PipelineSettings
from ingest.errors import BrokerError
from ingest.gather import Message

log = logging.getLogger(__name__)

ClientT = TypeVar("ClientT", bound=mqtt.Client)


_CONNECT_S = 10.0
_BACKOFF_S = (0.2, 20.0)
_MANY_FAILURES = 10  # from here on the wait is the longest
_SUSPICIOUS_FAILURES = 4
_STEADY_S = 10.0
_RUN_DRY_S = 0.0003
_RECEIVE_BYTES = 65536


def new_client(
    kind: type[ClientT],
    settings: BrokerSettings,
    client_id: str,
    *,
    manual_ack: bool = False,
    reconnect: bool = False,
) -> ClientT:
    """An MQTT 5 client with the settings' credentials; without `reconnect` that is the caller's business."""
    client = kind(
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


class BufferedClient(mqtt.Client):
    """paho asks the socket for a byte, another byte, then the rest: three system calls a packet saved here.

    Only for a loop that looks at `holds_more`: paho's own threads wait for the socket alone.
    """

    _received = b""
    _place = 0

    def _sock_recv(self, bufsize: int) -> bytes:
        if not self.holds_more:
            self._received, self._place = super()._sock_recv(_RECEIVE_BYTES), 0
        piece = self._received[self._place : self._place + bufsize]
        self._place += len(piece)
        return piece

    @property
    def holds_more(self) -> bool:
        """Whether something was received that is not read yet; the socket does not tell any more."""
        return self._place < len(self._received)


class MqttSession:
    """Messages in, acknowledgements out, for one partition's fixed client id."""

    def __init__(
        self,
        broker: BrokerSettings,
        pipeline: PipelineSettings,
        ready: Callable[[], None] = lambda: None,
        *,
        exercise: bool = False,
    ) -> None:
        self._broker = broker
        self._topics = pipeline.topics
        # An exercise must not take the session of the pipeline that it imitates.
        self._client_id = f"shijing-{pipeline.partition}{'-exercise' if exercise else ''}"
        self._most = pipeline.queue_messages
        self._messages: list[Message] = []  # received, not yet taken
        self._connection = 0  # counts connections; packet identifiers mean nothing beyond theirs
        self._ready = ready  # called once, when the first subscription stands
        self._up = False
        self._next_try = 0.0
        self._failures = 0  # in a row; a connection that soon breaks is one too
        self._since = 0.0  # when the connection was made
        self._refusal = ""  # why the last attempt to connect failed
        self._client: BufferedClient | None = None  # a new one for each connection: none of it outlives it

    @property
    def connected(self) -> bool:
        """Whether messages can come and acknowledgements go."""
        return self._up

    @property
    def waiting(self) -> int:
        """How many messages were received and not yet taken; from any thread."""
        return len(self._messages)

    @property
    def steady_s(self) -> float:
        """Since when it has been connected; nought where it is not."""
        return time.monotonic() - self._since if self._up else 0.0

    @property
    def window(self) -> int:
        """How many messages the broker sends before it waits for acknowledgements."""
        return self._broker.receive_maximum

    @property
    def may_connect(self) -> bool:
        """Whether it is disconnected and the wait after the last failure is over."""
        return not self.connected and time.monotonic() >= self._next_try

    def connect(self) -> bool:
        """Try once to connect and subscribe; a failure sets a longer, jittered wait for the next try."""
        self._drop()
        self._connection += 1  # from here on, what an earlier connection brought is not acknowledged any more
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
        self._refusal = "no answer to CONNECT or SUBSCRIBE"
        deadline = time.monotonic() + _CONNECT_S
        while not self._up and client.socket() is not None and time.monotonic() < deadline:
            self._read(0.1)
        if not self._up:
            self._failed(self._refusal)
            return False
        ready, self._ready = self._ready, lambda: None
        ready()
        return True

    def _new_client(self) -> BufferedClient:
        client = new_client(BufferedClient, self._broker, self._client_id, manual_ack=True)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    def _drop(self) -> None:
        """Be done with the former connection."""
        if self._client is not None:
            self._client.on_disconnect = None
            self._client.disconnect()
            self._client = None
        self._up = False

    def _connect_properties(self) -> Properties:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = self._broker.session_expiry_s
        properties.ReceiveMaximum = self._broker.receive_maximum
        return properties

    def _failed(self, why: str) -> None:
        low, high = _BACKOFF_S
        wait = min(high, low * 2**self._failures) * random.uniform(0.5, 1.5)
        self._failures = min(self._failures + 1, _MANY_FAILURES)
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
            self._refusal = f"refused: {reason}"
            return
        self._since = time.monotonic()
        # What waits in a session comes before the next SUBACK, and may be more than is read at once.
        self._up = flags.session_present
        # Also where a session is present: subscribing again is harmless, and a setting may have changed.
        client.subscribe([(topic, 1) for topic in self._topics])
        log.info("connected to the broker, session %s", "resumed" if flags.session_present else "new")

    def _on_subscribe(
        self,
        client: mqtt.Client,
        userdata: object,  # noqa: ARG002
        mid: int,  # noqa: ARG002
        reasons: list[ReasonCode],
        properties: Properties | None,  # noqa: ARG002
    ) -> None:
        refused = [f"{topic} ({why})" for topic, why in zip(self._topics, reasons, strict=False) if why.is_failure]
        if refused:
            self._refusal = f"the subscription to {', '.join(refused)} is refused: see the broker's access list"
            log.error("broker %s:%s: %s", self._broker.host, self._broker.port, self._refusal)
        if len(refused) < len(reasons):
            self._up = True
        else:
            client.disconnect()

    def _on_disconnect(
        self,
        client: mqtt.Client,  # noqa: ARG002
        userdata: object,  # noqa: ARG002
        flags: mqtt.DisconnectFlags,  # noqa: ARG002
        reason: ReasonCode,
        properties: Properties | None,  # noqa: ARG002
    ) -> None:
        if not self._up:
            return
        self._up = False
        if time.monotonic() - self._since >= _STEADY_S:
            self._failures = 0
        taken_over = reason == "Session taken over"  # some brokers do not say so
        if taken_over or self._failures >= _SUSPICIOUS_FAILURES:
            log.error(
                "%s: run one pipeline for each partition of a broker, or give them different"
                " SHIJING_PIPELINE_PARTITION",
                f"another client {'has' if taken_over else 'seems to have'} the id {self._client_id}",
            )
        if taken_over:
            self._failures = _MANY_FAILURES  # taking it back at once would only be answered in kind
        self._failed(f"disconnected: {reason}")

    def _on_message(self, client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:  # noqa: ARG002
        self._messages.append(
            Message(
                topic=_topic(message),
                payload=bytes(message.payload),
                mid=message.mid,
                connection=self._connection,
                again=message.dup,
            )
        )

    def take(self, *, wait_s: float, gather_s: float, most: int) -> list[Message]:
        """Wait for a first message, then take what comes within `gather_s`, or until nothing comes any more.

        A broker sends no more than it may have unacknowledged, so waiting on would only add delay.
        """
        self._read(0 if self._messages else wait_s)
        end = time.monotonic() + gather_s
        while self._messages and len(self._messages) < most and time.monotonic() < end:
            before = len(self._messages)
            self._read(_RUN_DRY_S)
            if len(self._messages) == before:
                break
        taken, self._messages = self._messages[:most], self._messages[most:]
        return taken

    def _read(self, wait_s: float) -> None:
        """Wait for the network for so long, and read all that has come."""
        client = self._client
        connection = client.socket() if client is not None else None
        if client is None or connection is None:
            time.sleep(wait_s)
            return
        readable = client.holds_more or bool(select.select([connection], [], [], wait_s)[0])
        while readable and client.socket() is not None and len(self._messages) < self._most:
            client.loop_read()
            readable = client.holds_more
        if client.want_write():
            client.loop_write()
        client.loop_misc()

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Tell the broker that these are committed; those of an earlier connection will come again and be repeats."""
        client = self._client
        for message in messages:
            if message.mid and message.connection == self._connection and client is not None:  # QoS 0 has no mid
                client.ack(message.mid, 1)

    def close(self) -> None:
        """Disconnect; the broker keeps the session and what is not acknowledged."""
        self._drop()


def _topic(message: mqtt.MQTTMessage) -> str:
    try:
        return message.topic
    except UnicodeDecodeError:  # not every broker turns such a client away
        return "(a topic that is not UTF-8)"


def check_broker(settings: BrokerSettings) -> None:
    """Raise BrokerError where nothing answers at the broker's address."""
    client = new_client(mqtt.Client, settings, "")
    try:
        client.connect(settings.host, settings.port, 5)
    except OSError as error:
        raise BrokerError(
            f"no MQTT broker answers at {settings.host}:{settings.port} ({error}):"
            " start it, or set SHIJING_MQTT_HOST and SHIJING_MQTT_PORT"
        ) from error
    client.disconnect()
