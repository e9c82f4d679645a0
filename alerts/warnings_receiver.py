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
from alerts.warnings_alerts import Judging, expire
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


def run_receiver(
    database_url: str, session: MqttSession, settings: WarningSettings, judging: Judging, stop: threading.Event
) -> None:
    """Receive until `stop`; whatever breaks, a message is acknowledged only once it is committed."""
    feeds = threading.Thread(
        target=_keep_polling, args=(database_url, settings, judging, stop), name="warning-feeds", daemon=True
    )
    feeds.start()
    waiting: list[Message] = []
    try:
        while not stop.is_set():
            try:
                with connect(database_url, "warnings", autocommit=True) as connection:
                    _work(connection, session, judging, waiting, stop)
            except psycopg.Error as error:
                log.warning("official warnings wait for the database: %s", first_line(error))
                stop.wait(_AGAIN_S)
    finally:
        session.close()
        stop.set()
        feeds.join(timeout=5)


def _work(
    connection: Connection, session: MqttSession, judging: Judging, waiting: list[Message], stop: threading.Event
) -> None:
    ticked = 0.0
    while not stop.is_set():
        if session.may_connect:
            session.connect()
        waiting += [] if waiting else session.take(wait_s=_WAIT_S, gather_s=0, most=100)
        while waiting:
            _say(receive(connection, waiting[0].payload, Origin(source="mqtt", place=waiting[0].topic), judging))
            session.acknowledge([waiting.pop(0)])
        if time.monotonic() - ticked >= _TICK_S:
            ticked = time.monotonic()
            expire(connection, clock(connection), judging)


def _keep_polling(database_url: str, settings: WarningSettings, judging: Judging, stop: threading.Event) -> None:
    fetcher = Fetcher()
    while settings.feeds and not stop.is_set():
        try:
            with connect(database_url, "warning-feeds", autocommit=True) as connection:
                reader = FeedReader(connection, settings, judging, fetcher.get)
                for feed in settings.feeds:
                    polled = reader.poll(feed)
                    for fault in polled.faults:
                        log.warning("feed of official warnings: %s", fault)
                    for outcome in polled.outcomes:
                        _say(outcome)
        except psycopg.Error as error:
            log.warning("feeds of official warnings wait for the database: %s", first_line(error))
        stop.wait(settings.feed_every_s)


def _say(outcome: Outcome) -> None:
    if outcome.state == "refused":
        log.error("official warning refused: %s", outcome.detail)
    elif outcome.state == "stored":
        log.info("official warning %s: %d townships", outcome.identifier, outcome.townships)
        if outcome.unknown_codes:
            log.warning("official warning %s names unknown divisions: %s", outcome.identifier, outcome.unknown_codes)
