"""The heartbeat that leaves the machine, where it is told to: an outsider learns that the engine lives, and how.

Sent by a thread of its own: a pipeline that hangs does not keep it from saying so. Nothing is
sent anywhere unless a webhook or a topic is configured.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
import paho.mqtt.client as mqtt
import psycopg
import urllib3
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from alerts.heartbeat import Heartbeat, read_heartbeats
from alerts.ledger_account import QUERIES
from alerts.ledger_keeper import LedgerStanding, standing
from config.database import Connection, connect
from config.settings import BrokerSettings, HeartbeatSettings
from ingest.session import new_client

log = logging.getLogger(__name__)

_WAIT_S = 5.0
_REDIRECT = 300


@dataclass(frozen=True, kw_only=True)
class Sent:
    """The last heartbeat of a partition, and what became of it: None not configured, "" delivered, else why not."""

    partition: str
    sent_at: datetime
    webhook: str | None
    mqtt: str | None


def read_sent(connection: Connection) -> list[Sent]:
    """Of every partition that sends any."""
    with connection.cursor(row_factory=class_row(Sent)) as cursor:
        return cursor.execute(QUERIES["heartbeats_sent"]).fetchall()


def payload_of(
    partition: str,
    now: datetime,
    beat: Heartbeat | None,
    stands: LedgerStanding | None,
    *,
    backlog: int,
    every_s: float,
    exercise: bool = False,
) -> dict[str, Any]:
    """What a heartbeat says; `beat` and `stands` are None where the database does not answer."""
    last_batch = beat.last_batch if beat else None
    trouble = beat.trouble if beat else "the database does not answer"
    return {
        "system": "shijing",
        "partition": partition,
        "time": now.isoformat(),
        "every_s": every_s,
        "alive": trouble is None,
        "trouble": trouble,
        "last_batch_age_s": round((now - last_batch).total_seconds(), 1) if last_batch else None,
        "ledger_balanced": stands.balanced if stands else None,
        "backlog": backlog,
        "exercise": exercise,
    }


def post(url: str, payload: dict[str, Any]) -> str:
    """POST as JSON; "" where it was taken, else why not. Never a redirect: what is sent goes where it was told to."""
    try:
        with urllib3.PoolManager(timeout=_WAIT_S, retries=False) as pool:
            headers = {"content-type": "application/json"}
            answer = pool.request("POST", url, body=orjson.dumps(payload), headers=headers, redirect=False)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        return _first_line(error).replace(url, "the webhook")  # whose path is a key
    return "" if answer.status < _REDIRECT else f"it answered {answer.status}"


class Voice:
    """A client that publishes now and then, and stays connected in between."""

    def __init__(self, broker: BrokerSettings, client_id: str) -> None:
        self._client = new_client(mqtt.Client, broker, client_id, reconnect=True)
        self._client.reconnect_delay_set(1, 5)
        self._client.connect_async(broker.host, broker.port, broker.keepalive_s)
        self._client.loop_start()

    def say(self, topic: str, payload: dict[str, Any], *, retain: bool) -> str:
        """Publish with QoS 1; "" once the broker confirmed it, else why not."""
        if not self._client.is_connected() and not _waited(self._client.is_connected):
            return "the broker does not answer"  # and nothing is queued: an old heartbeat is worth nothing
        try:
            message = self._client.publish(topic, orjson.dumps(payload), qos=1, retain=retain)
            message.wait_for_publish(_WAIT_S)
        except (RuntimeError, ValueError) as error:
            return _first_line(error)
        return "" if message.is_published() else "the broker does not confirm it"

    def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()


def _waited(condition: Callable[[], bool]) -> bool:
    pause, waited = threading.Event(), 0.0
    while not condition() and waited < _WAIT_S:
        pause.wait(0.05)
        waited += 0.05
    return condition()


class HeartbeatSender:
    """Says every so often how one partition is."""

    def __init__(
        self,
        database_url: str,
        broker: BrokerSettings,
        settings: HeartbeatSettings,
        partition: str,
        backlog: Callable[[], int],
        *,
        exercise: bool = False,
    ) -> None:
        self._url = database_url
        self._settings = settings
        self._partition = partition
        self._backlog = backlog
        self._exercise = exercise
        client_id = f"shijing-heartbeat-{partition}{'-exercise' if exercise else ''}"
        self._voice = Voice(broker, client_id) if settings.mqtt_topic else None

    def run(self, stop: threading.Event) -> None:
        """Until `stop`; whatever fails is told with the next one."""
        try:
            while not stop.wait(self._settings.every_s):
                self.send()
        finally:
            if self._voice is not None:
                self._voice.close()

    def send(self) -> dict[str, Any]:
        """One heartbeat; what it said."""
        beat, stands = self._look()
        now, every_s = datetime.now(UTC), self._settings.every_s
        payload = payload_of(
            self._partition, now, beat, stands, backlog=self._backlog(), every_s=every_s, exercise=self._exercise
        )
        webhook = post(self._settings.webhook.get_secret_value(), payload) if self._settings.webhook else None
        topic = self._settings.mqtt_topic.format(partition=self._partition)
        said = self._voice.say(topic, payload, retain=True) if self._voice is not None else None
        for channel, failure in (("webhook", webhook), ("MQTT", said)):
            if failure:
                log.warning("heartbeat by %s: %s", channel, failure)
        self._keep(payload, now, webhook, said)
        return payload

    def _look(self) -> tuple[Heartbeat | None, LedgerStanding | None]:
        try:
            with connect(self._url, "heartbeat", autocommit=True) as connection:
                beats = {beat.name: beat for beat in read_heartbeats(connection)}
                return beats.get(self._partition), standing(connection)
        except psycopg.Error:
            return None, None

    def _keep(self, payload: dict[str, Any], now: datetime, webhook: str | None, said: str | None) -> None:
        row = {
            "partition": self._partition,
            "sent_at": now,
            "payload": Jsonb(payload),
            "webhook": webhook,
            "mqtt": said,
        }
        try:
            with connect(self._url, "heartbeat", autocommit=True) as connection:
                connection.execute(QUERIES["keep_heartbeat"], row | {"payload": Jsonb(payload)})
        except psycopg.Error as error:
            log.info("heartbeat: not written down: %s", _first_line(error))


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
