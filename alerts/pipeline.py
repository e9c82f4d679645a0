"""The pipeline of one partition: messages in, one transaction a batch, then the acknowledgement.

Everything that follows from a reading is committed with it, and nothing is acknowledged
before that. Whatever breaks, the batch is still the broker's: the state is rebuilt from the
database and the batch is done again; readings that were stored already are repeats.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import psycopg
from psycopg import sql

from alerts.batches import Writer
from alerts.books import Tally, first_line, help_for, keep_books, micros, passes_by_itself
from alerts.columns import NEVER
from alerts.errors import AlertsError, Foreign, Stale
from alerts.fence import Fence, claim
from alerts.hearing import come_to, take_over
from alerts.memory import Known, end_orphans, lasting, remember
from alerts.plan_library import plans_in_force
from alerts.plan_shelf import PlanShelf
from alerts.plans import Plan
from alerts.rule_sets import rules_in_force
from alerts.rules import AnyRule
from config.database import Connection, connect
from config.settings import PipelineSettings
from ingest import quarantine
from ingest.gather import Fault, Gatherer, Limits, Message
from ingest.quantities import load_quantities
from ingest.registry import load_registry
from ingest.session import MqttSession
from ingest.store import ReadingsStore
from ingest.topics import load_topic_map

log = logging.getLogger(__name__)

_IDLE_S = 0.05
_LOOK_S = 1.0  # how often an idle pipeline looks at its fence, and hears what changed
_BEAT_S = 0.9  # how often it tells that it lives; an idle one at each look
_REQUESTS_S = 5.0
_STEADY_S = 10.0  # after connecting, until what had waited at the broker may be taken to have come
_PATIENCE = 5  # times a batch is done again on errors that are not the connection's


class Pipeline:
    """Runs one partition until it is told to stop; raises Fenced where another took over."""

    def __init__(
        self,
        settings: PipelineSettings,
        database_url: str,
        session: MqttSession,
        *,
        follow_clock: bool,
        rules: Sequence[AnyRule] | None = None,
        plans: Sequence[Plan] | None = None,
    ) -> None:
        self._settings = settings
        self._url = database_url
        self._session = session
        self._follow_clock = follow_clock
        self._rules = rules  # None: those in force, as they change
        self._good_rules: Sequence[AnyRule] = ()
        self._plans: Sequence[Plan] = () if plans is None else plans
        self._follows_plans = plans is None  # those in force, as they change
        self._topics = load_topic_map()
        self._quantities = load_quantities()
        self._store = ReadingsStore()
        self._caps = quarantine.caps_of(settings)
        self._clock_us: int | None = None
        self._heard_us = NEVER  # by then everything was heard: who is silent until there is silent
        self._changed = threading.Event()  # registry, boundaries: build the memory again
        self._requested = threading.Event()  # someone asked for a release
        self._replanned = threading.Event()  # other plans are in force
        self._warned = threading.Event()  # other official warnings are in force
        self._looked = self._asked = self._beat = 0.0
        self._foreign: list[int] = []  # sensors that came here and are another partition's
        self._connection: Connection
        self._fence: Fence
        self._known: Known

    def run(self, stop: threading.Event) -> None:
        """Claim, rebuild, connect, and work until `stop`."""
        self._open()
        self._fence = claim(self._connection, self._settings.partition, follow_clock=self._follow_clock)
        self._rebuild()
        log.info("partition %s, epoch %d: ready", self._fence.partition, self._fence.epoch)
        try:
            while not stop.is_set():
                self._keep_connected(stop)
                messages = self._take()
                if messages:
                    self._finish(messages, stop)
                else:
                    self._look(stop)
        finally:
            self._session.close()
            self._connection.close()

    def _open(self) -> None:
        self._connection = connect(self._url, "pipeline", autocommit=True)
        self._connection.add_notify_handler(self._hear)
        for channel in ("shijing_registry", "shijing_rules", "shijing_plans", "shijing_warnings", "shijing_quarantine"):
            self._connection.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))

    def _hear(self, notice: psycopg.Notify) -> None:
        flags = {
            "shijing_quarantine": self._requested,
            "shijing_warnings": self._warned,
            "shijing_plans": self._replanned,
        }
        flags.get(notice.channel, self._changed).set()

    def _rebuild(self) -> None:
        """Memory from the database, as it is after the last committed batch."""
        started = time.monotonic()
        self._changed.clear()
        with lasting():
            registry = load_registry(self._connection, self._quantities)
            gatherer = Gatherer(registry, self._topics, self._limits(), follow_clock=self._follow_clock)
            self._read_plans()
            self._known = known = remember(self._connection, self._fence.partition, self._rules_now(), gatherer)
        for refused in known.ruleset.refused:
            log.error("rule %s does not judge sensor %s: %s", refused.rule_id, refused.sensor_id, refused.reason)
        for ended in end_orphans(self._connection, self._fence, known, self._plans, self._clock):
            log.warning("rule %s judges subject %d no longer: %s", ended.rule_id, ended.subject, ended.reason)
        log.info("%d sensors, built in %.2f s", len(registry.by_id), time.monotonic() - started)

    def _rules_now(self) -> Sequence[AnyRule]:
        """Those in force; where they cannot be read, the last good ones go on."""
        if self._rules is not None:
            return self._rules
        try:
            self._good_rules = rules_in_force(self._connection)
        except AlertsError as error:
            if not self._good_rules:
                raise
            log.error("the rules stay as they were: %s", error)
        return self._good_rules

    def _read_plans(self) -> None:
        """Those in force now, unless others were given."""
        self._replanned.clear()
        if self._follows_plans:
            self._plans = plans_in_force(self._connection)

    def _plans_end(self) -> bool:
        """Whether a plan came into force or ended since they were read; that nobody announces."""
        return isinstance(self._plans, PlanShelf) and self._plans.is_over(datetime.now(UTC))

    def _limits(self) -> Limits:
        return Limits(
            skew_us=round(self._settings.clock_skew_s * 1e6),
            lateness_us=round(self._settings.lateness_s * 1e6),
            earliest_us=micros(self._settings.earliest),
        )

    def _keep_connected(self, stop: threading.Event) -> None:
        # Whoever was fenced off must not take the session from its successor.
        if self._session.may_connect and self._with_database(self._check_fence, stop):
            self._session.connect()

    def _take(self) -> list[Message]:
        messages = self._session.take(
            wait_s=_IDLE_S, gather_s=self._settings.batch_ms / 1000, most=self._settings.batch_readings
        )
        if self._requested.is_set() or time.monotonic() - self._asked > _REQUESTS_S:
            self._requested.clear()
            self._asked = time.monotonic()
            messages += self._ask()
        return messages

    def _ask(self) -> list[Message]:
        try:
            return quarantine.requested(self._connection, self._fence.partition)
        except psycopg.OperationalError:
            return []  # the next look at the database waits for it

    def _look(self, stop: threading.Event) -> None:
        """When nothing comes: notice a lost fence, a lost database, and what others changed."""
        if time.monotonic() - self._looked < _LOOK_S:
            return
        self._looked = time.monotonic()
        self._with_database(self._look_after, stop)

    def _look_after(self) -> None:
        """Still ours? Then what time alone brings to rules: silence. Whatever else it brings is alerts/tending.py."""
        with self._connection.transaction():
            now_us = self._clock(self._check_fence())
            self._hear_until(now_us, 0)
            known = self._writer().pass_time(self._known, self._heard_us, now_us - self._limits().lateness_us)
        self._known = known

    def _writer(self) -> Writer:
        return Writer(
            connection=self._connection, fence=self._fence, plans=self._plans, store=self._store, caps=self._caps
        )

    def _hear_until(self, clock_us: int, messages: int) -> None:
        """Everything up to the clock was heard, unless the broker may hold more than it sent, or no clock was told."""
        if self._follow_clock and self._clock_us is None:
            return
        if self._session.steady_s >= _STEADY_S and not self._session.waiting and messages * 4 < self._session.window:
            self._heard_us = max(self._heard_us, clock_us)

    def _clock(self, stored: datetime | None) -> int:
        """Machine time, or the clock that was told."""
        return self._now(stored, time.time_ns() // 1000)[0]

    def _check_fence(self) -> datetime | None:
        """The partition's clock; raises Fenced. Now and then the same statement is the heartbeat.

        One in a batch that is rolled back is lost with it: /health tells work that is done, not attempts.
        """
        if time.monotonic() - self._beat < _BEAT_S:
            return self._fence.check(self._connection)
        self._beat = time.monotonic()
        return self._fence.check_and_beat(self._connection, connected=self._session.connected)

    def _finish(self, messages: list[Message], stop: threading.Event) -> None:
        """Commit a batch and acknowledge it; not acknowledged is what `stop` left undone."""
        arrived_us = time.time_ns() // 1000  # once: done again, the batch is the very same
        try:
            done = self._with_database(lambda: self._commit(messages, arrived_us), stop)
        except psycopg.Error as error:
            self._divide(messages, error, stop)
            return
        if done:
            self._session.acknowledge(messages)

    def _divide(self, messages: list[Message], error: psycopg.Error, stop: threading.Event) -> None:
        """The database takes the batch in no way: find the message that is to blame, and set it aside."""
        middle = len(messages) // 2
        if middle:
            self._finish(messages[:middle], stop)
            self._finish(messages[middle:], stop)
        elif self._with_database(lambda: self._set_aside(messages[0], error), stop):
            self._session.acknowledge(messages)

    def _set_aside(self, message: Message, error: psycopg.Error) -> None:
        detail = f"the database refused it every time ({first_line(error)}): mend that, then release it"
        with self._connection.transaction():
            self._fence.check(self._connection)
            fault = Fault(reason="database", detail=detail, topic=message.topic, payload=message.payload)
            keep_books(self._connection, self._fence, [message], Tally(faults=[fault]), self._caps)

    def _with_database(self, work: Callable[[], object], stop: threading.Event) -> bool:
        """Do it, again after every loss of the database; False where `stop` came first.

        Raises what the database answers every time although it is there and has room.
        """
        failures = 0
        while True:
            try:
                if self._changed.is_set() or self._known.placement.is_over(datetime.now(UTC)):
                    self._take_over()
                    self._rebuild()
                elif self._replanned.is_set() or self._plans_end():
                    self._read_plans()
                elif self._warned.is_set():
                    self._warned.clear()
                    self._known = self._known.warned(self._connection)
                work()
                return True
            except Stale:
                self._changed.set()
            except Foreign as foreign:
                self._foreign = foreign.sensors
                self._changed.set()
            except psycopg.Error as error:
                failures += 1
                if failures > _PATIENCE and not passes_by_itself(self._connection, error):
                    raise
                log.warning("the database: %s; %s", first_line(error), help_for(error))
                if not self._recover(failures, stop):
                    return False

    def _take_over(self) -> None:
        """Hear from now on what came here and another partition heard so far."""
        if self._foreign:
            take_over(self._connection, self._fence, self._foreign)
            self._foreign = []

    def _recover(self, failures: int, stop: threading.Event) -> bool:
        """Reconnect under the same claim and build the memory again; False where `stop` came first."""
        while not stop.wait(min(5.0, 0.1 * 2 ** min(failures, 6))):
            try:
                self._connection.close()
                self._open()
                self._fence.hold_again(self._connection)
                self._rebuild()
                return True
            except psycopg.Error as error:
                failures += 1
                log.warning("the database does not answer: %s", first_line(error))
        return False

    def _commit(self, messages: Sequence[Message], arrived_us: int) -> None:
        """One transaction for the batch; the memory moves on only once it is committed."""
        with self._connection.transaction():
            now_us, told = self._now(self._check_fence(), arrived_us)
            if self._changed.is_set():
                raise Stale("the registry or the boundaries were changed before this batch")
            gathered = self._known.gatherer.gather(messages, now_us, told=told)
            self._hear_until(come_to(gathered, follow_clock=self._follow_clock), len(messages))
            known = self._writer().write(self._known, messages, gathered, self._heard_us)
        self._known = known
        if gathered.clock_told:
            self._clock_us = gathered.clock_us

    def _now(self, stored: datetime | None, arrived_us: int) -> tuple[int, bool]:
        """The clock, and whether it was told; until one is told, even a follower goes by the machine's."""
        if self._follow_clock and self._clock_us is None and stored is not None:
            self._clock_us = micros(stored)
        if not self._follow_clock or self._clock_us is None:
            return arrived_us, False
        return self._clock_us, True
