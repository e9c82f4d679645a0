"""`shijing watch`: a second process that notices when heartbeats stay away, and says so."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
import paho.mqtt.client as mqtt
import psycopg
from pydantic import SecretStr

from alerts.heartbeat import read_heartbeats
from alerts.heartbeat_out import Voice, post
from alerts.heartbeat_watch import Change, Heard, Report, Watch
from commands.servers import Place, database
from commands.servers import broker as broker_of
from config.database import connect
from config.errors import ConfigError
from config.exercise import mark_of
from config.settings import BrokerSettings, DatabaseSettings, WatchSettings
from ingest.session import new_client

log = logging.getLogger(__name__)

_LONGEST = 64  # of a partition's name: what strangers publish is remembered
_MOST = 1000  # partitions that are remembered


@dataclass(frozen=True, kw_only=True)
class Watched:
    """Where heartbeats are looked for; None: not there."""

    database_url: str | None
    broker: BrokerSettings | None
    exercise: bool = False


def run_watch(place: Place, *, with_database: bool, stop: threading.Event | None) -> list[str]:
    """Watch a place until `stop`; without one look once, and tell what is in trouble."""
    settings = WatchSettings()
    with _watched(place, with_database=with_database) as watched:
        if watched.database_url is None and not (watched.broker and settings.heartbeat_topic):
            raise ConfigError(
                "there is nothing to watch: set SHIJING_WATCH_HEARTBEAT_TOPIC, or leave out --no-database"
            )
        settings = _held_back(watched, settings)
        if stop is None:
            return watch_once(watched, settings)
        watch(watched, settings, stop, lambda line: print(line, flush=True))
        return []


def _held_back(watched: Watched, settings: WatchSettings) -> WatchSettings:
    """Of an exercise nothing is told outside this process, unless that is asked for."""
    if watched.exercise and not settings.exercises:
        return settings.model_copy(update={"webhook": SecretStr(""), "alarm_topic": ""})
    return settings


def _is_exercise(url: str | None) -> bool:
    """As the database is marked; where it does not answer, nothing is held back."""
    if url is None:
        return False
    try:
        with connect(url, "watch", autocommit=True) as connection:
            return mark_of(connection) is True
    except psycopg.Error:
        return False


@contextmanager
def _watched(place: Place, *, with_database: bool) -> Iterator[Watched]:
    """The servers of a place; a database of one's own may do without a broker."""
    own_broker = place.data is not None or not (place.database or DatabaseSettings().url)
    with ExitStack() as stack:
        url = stack.enter_context(database(place)) if with_database else None
        named = own_broker or BrokerSettings().port != 0
        yield Watched(
            database_url=url,
            broker=stack.enter_context(broker_of(place)) if named else None,
            exercise=_is_exercise(url),
        )


def watch(watched: Watched, settings: WatchSettings, stop: threading.Event, say: Callable[[str], None]) -> None:
    """Look every so often until `stop`; what changes is logged, published and posted."""
    ears, voice = _ears(watched, settings), _voice(watched, settings)
    state = Watch()
    say("ready")
    try:
        while True:
            for change in state.look(_reports(watched, settings, ears)):
                _tell(change, settings, voice, exercise=watched.exercise)
            if stop.wait(settings.every_s):
                return
    finally:
        for part in (ears, voice):
            if part is not None:
                part.close()


def watch_once(watched: Watched, settings: WatchSettings) -> list[str]:
    """What is in trouble now, told to everyone who is to know; over MQTT that takes up to the allowed silence."""
    ears, voice = _ears(watched, settings), _voice(watched, settings)
    state = Watch()
    try:
        if ears is not None:
            ears.wait_for_one(settings.silent_s)
        for change in state.look(_reports(watched, settings, ears)):
            _tell(change, settings, voice, exercise=watched.exercise)
        return state.failed()
    finally:
        for part in (ears, voice):
            if part is not None:
                part.close()


def _ears(watched: Watched, settings: WatchSettings) -> "Ears | None":
    if watched.broker is None or not settings.heartbeat_topic:
        return None
    return Ears(watched.broker, settings)


def _voice(watched: Watched, settings: WatchSettings) -> Voice | None:
    return Voice(watched.broker, "") if watched.broker is not None and settings.alarm_topic else None


def _reports(watched: Watched, settings: WatchSettings, ears: "Ears | None") -> list[Report]:
    found = [] if watched.database_url is None else _of_database(watched.database_url, settings.silent_s)
    return found if ears is None else found + ears.reports()


def _of_database(url: str, silent_s: float) -> list[Report]:
    try:
        with connect(url, "watch", autocommit=True) as connection:
            beats = read_heartbeats(connection)
    except psycopg.Error as error:
        words = f"it does not answer ({(str(error).strip().splitlines() or ['no reason given'])[0]})"
        return [Report(source="database", partition="", trouble=words)]
    known = [beat for beat in beats if not beat.forgotten] or beats
    nobody = None if known else "no pipeline was ever started on it"
    found = [Report(source="database", partition="", trouble=nobody)]
    for beat in known:
        silent = beat.seen_age_s is None or beat.seen_age_s > silent_s
        trouble = beat.trouble or (f"no heartbeat for {beat.seen_age_s:.0f} s" if silent else None)
        found.append(Report(source="database", partition=beat.name, trouble=trouble))
    return found


def _tell(change: Change, settings: WatchSettings, voice: Voice | None, *, exercise: bool) -> None:
    log.log(logging.INFO if change.trouble is None else logging.ERROR, "watch: %s", change.words())
    payload: dict[str, Any] = {
        "system": "shijing",
        "time": datetime.now(UTC).isoformat(),
        "source": change.source,
        "partition": change.partition,
        "alarm": change.trouble is not None,
        "trouble": change.trouble,
        "text": f"{'EXERCISE: ' if exercise else ''}{change.words()}",
        "exercise": exercise,
    }
    if voice is not None and (failure := voice.say(settings.alarm_topic, payload, retain=False)):
        log.warning("watch: not told over MQTT: %s", failure)
    if settings.webhook and (failure := post(settings.webhook.get_secret_value(), payload)):
        log.warning("watch: not told to the webhook: %s", failure)


class Ears:
    """Hears heartbeats over MQTT, in a thread of the client."""

    def __init__(self, broker: BrokerSettings, settings: WatchSettings) -> None:
        self._topic = settings.heartbeat_topic
        self._exercises = settings.exercises
        self._heard = Heard(silent_s=settings.silent_s, since=time.monotonic())
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._client = new_client(mqtt.Client, broker, "", reconnect=True)
        self._client.reconnect_delay_set(1, 5)
        self._client.on_connect = lambda client, *_: client.subscribe(self._topic, qos=1)
        self._client.on_message = self._on_message
        self._client.connect_async(broker.host, broker.port, broker.keepalive_s)
        self._client.loop_start()

    def _on_message(self, client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:  # noqa: ARG002
        try:
            told = orjson.loads(message.payload)
            if told.get("exercise") and not self._exercises:
                return  # a drill that lives tells nothing of what is real
            partition, sent = str(told["partition"])[:_LONGEST], datetime.fromisoformat(told["time"])
            age_s = max(0.0, (datetime.now(UTC) - sent).total_seconds())
            trouble = None if told["alive"] is True else str(told["trouble"])[:500]
        except (ValueError, KeyError, TypeError):
            log.warning("watch: what came on %s is no heartbeat", message.topic)
            return
        with self._lock:
            if partition in self._heard.beats or len(self._heard.beats) < _MOST:
                # A retained one is as old as it says; of what comes live, the sender's clock is no matter.
                self._heard.take(partition, time.monotonic() - (age_s if message.retain else 0.0), trouble)
        self._news.set()

    def wait_for_one(self, wait_s: float) -> None:
        """Until a heartbeat was heard, or the time is over."""
        self._news.wait(wait_s)

    def reports(self) -> list[Report]:
        """What was heard, as it is now."""
        with self._lock:
            return self._heard.reports(time.monotonic())

    def close(self) -> None:
        """Stop listening."""
        self._client.disconnect()
        self._client.loop_stop()
