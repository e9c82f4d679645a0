"""The process that receives official warnings: MQTT messages, feeds, and the passing of time.

A process of its own, not the pipeline: finding the townships of a polygon must not hold readings up,
several pipelines must not each take the same message, and a feed that hangs is no pipeline's business.
It keeps nothing in memory, so a second one by mistake does no harm beyond taking its session.
"""

import logging
import threading
import time
from collections.abc import Callable

import psycopg

from alerts.books import first_line
from alerts.warnings_alerts import expire, judging_of
from alerts.warnings_cover import clock
from alerts.warnings_feed import FeedReader, Fetcher
from alerts.warnings_store import Origin, Outcome, receive
from config.database import Connection, connect
from config.settings import BrokerSettings, PipelineSettings, WarningSettings
from ingest.gather import Message
from ingest.session import MqttSession

log = logging.getLogger(__name__)

_WAIT_S = 0.2
_TICK_S = 1.0
_AGAIN_S = 1.0


def new_session(
    broker: BrokerSettings, settings: WarningSettings, ready: Callable[[], None] = lambda: None
) -> MqttSession:
    """A persistent session of its own on the topics of warnings; `ready` is called once it is subscribed."""
    return MqttSession(broker, PipelineSettings(partition="official-warnings", topics=settings.topics), ready)


def run_receiver(database_url: str, session: MqttSession, settings: WarningSettings, stop: threading.Event) -> None:
    """Receive until `stop`; whatever breaks, a message is acknowledged only once it is committed."""
    feeds = threading.Thread(target=_keep_polling, args=(database_url, settings, stop), name="feeds", daemon=True)
    feeds.start()
    waiting: list[Message] = []
    try:
        while not stop.is_set():
            try:
                with connect(database_url, "warnings", autocommit=True) as connection:
                    _Work(connection, session, waiting).run(stop)
            except psycopg.Error as error:
                log.warning("official warnings wait for the database: %s", first_line(error))
                stop.wait(_AGAIN_S)
    finally:
        session.close()
        stop.set()
        feeds.join(timeout=5)


class _Work:
    """What is done over one connection to the database; `waiting` are messages that are not committed yet."""

    def __init__(self, connection: Connection, session: MqttSession, waiting: list[Message]) -> None:
        self._connection = connection
        self._session = session
        self._waiting = waiting
        self._rules_changed = threading.Event()
        connection.add_notify_handler(lambda _: self._rules_changed.set())
        connection.execute("listen shijing_rules")
        self._rules_changed.set()  # they may have been, while we were not there to hear it
        self._judging = judging_of(connection)
        self._ticked = 0.0

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            if self._session.may_connect:
                self._session.connect()
            if not self._waiting:
                self._waiting += self._session.take(wait_s=_WAIT_S, gather_s=0, most=100)
            while self._waiting:
                self._take(self._waiting[0])
                self._session.acknowledge([self._waiting.pop(0)])
            self._tick()

    def _take(self, message: Message) -> None:
        origin = Origin(source="mqtt", place=message.topic)
        _say(receive(self._connection, message.payload, origin, self._judging))

    def _tick(self) -> None:
        if time.monotonic() - self._ticked < _TICK_S:
            return
        self._ticked = time.monotonic()
        changed = self._rules_changed.is_set()
        if changed:
            self._rules_changed.clear()
            self._judging = judging_of(self._connection)
        expire(self._connection, clock(self._connection), self._judging, rules_changed=changed)


def _keep_polling(database_url: str, settings: WarningSettings, stop: threading.Event) -> None:
    fetcher = Fetcher()
    while settings.feeds and not stop.is_set():
        try:
            with connect(database_url, "warning-feeds", autocommit=True) as connection:
                reader = FeedReader(connection, settings, judging_of(connection), fetcher.get)
                for feed in settings.feeds:
                    _poll(reader, feed)
        except psycopg.Error as error:
            log.warning("feeds of official warnings wait for the database: %s", first_line(error))
        stop.wait(settings.feed_every_s)


def _poll(reader: FeedReader, feed: str) -> None:
    polled = reader.poll(feed)
    for fault in polled.faults:
        log.warning("feed of official warnings: %s", fault)
    for outcome in polled.outcomes:
        _say(outcome)


def _say(outcome: Outcome) -> None:
    if outcome.state == "refused":
        log.error("official warning refused: %s", outcome.detail)
    elif outcome.state == "stored":
        log.info("official warning %s: %d townships", outcome.identifier, outcome.townships)
        if outcome.unknown_codes:
            log.warning("official warning %s names unknown divisions: %s", outcome.identifier, outcome.unknown_codes)
