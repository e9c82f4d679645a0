"""The pipeline of one partition: messages in, one transaction a batch, then the acknowledgement.

Everything that follows from a reading is committed with it, and nothing is acknowledged
before that. Whatever breaks, the batch is still the broker's: the state is rebuilt from the
database and the batch is done again; readings that were stored already are repeats.
"""

import gc
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import psycopg

from alerts.books import Tally, first_line, help_for, keep_books, micros, passes_by_itself, tally
from alerts.columns import Batch
from alerts.errors import Stale
from alerts.fence import Fence, claim
from alerts.kernel import evaluate, late_needs, placed, suspect
from alerts.plan_files import load_plans
from alerts.plans import Plan
from alerts.record import record
from alerts.rules import Rule, load_rules
from alerts.ruleset import RuleSet, compile_rules
from alerts.state import State
from alerts.state_rows import changed
from alerts.stored_state import load_past, load_state, load_subjects, persist_states
from config.database import Connection, connect
from config.settings import CONFIG, PipelineSettings
from geo.placement import Placement
from ingest import quarantine
from ingest.gather import Fault, Gathered, Gatherer, Limits, Message, conflict_fault
from ingest.quantities import load_quantities
from ingest.registry import load_registry
from ingest.session import MqttSession
from ingest.store import Readings, ReadingsStore
from ingest.topics import load_topic_map

log = logging.getLogger(__name__)

_IDLE_S = 0.05
_LOOK_S = 1.0  # how often an idle pipeline looks at its fence, and hears what changed
_BEAT_S = 0.9  # how often it tells that it lives; an idle one at each look
_REQUESTS_S = 5.0
_PATIENCE = 5  # times a batch is done again on errors that are not the connection's


@dataclass(frozen=True, kw_only=True)
class _Known:
    """What the pipeline keeps in memory; all of it can be built again from the database."""

    gatherer: Gatherer
    ruleset: RuleSet
    state: State
    placement: Placement


class Pipeline:
    """Runs one partition until it is told to stop; raises Fenced where another took over."""

    def __init__(
        self,
        settings: PipelineSettings,
        database_url: str,
        session: MqttSession,
        *,
        follow_clock: bool,
        rules: Sequence[Rule] | None = None,
        plans: Sequence[Plan] | None = None,
    ) -> None:
        self._settings = settings
        self._url = database_url
        self._session = session
        self._follow_clock = follow_clock
        self._rules = list(rules) if rules is not None else load_rules(CONFIG / "rules")
        self._plans = list(plans) if plans is not None else load_plans(CONFIG / "plans")
        self._topics = load_topic_map()
        self._quantities = load_quantities()
        self._store = ReadingsStore()
        self._clock_us: int | None = None
        self._changed = threading.Event()  # registry, boundaries: build the memory again
        self._requested = threading.Event()  # someone asked for a release
        self._looked = self._asked = self._beat = 0.0
        self._connection: Connection
        self._fence: Fence
        self._known: _Known

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
        self._connection.execute("listen shijing_registry")
        self._connection.execute("listen shijing_quarantine")

    def _hear(self, notice: psycopg.Notify) -> None:
        (self._requested if notice.channel == "shijing_quarantine" else self._changed).set()

    def _rebuild(self) -> None:
        """Memory from the database, as it is after the last committed batch."""
        started = time.monotonic()
        self._changed.clear()
        registry = load_registry(self._connection, self._quantities)
        ruleset = compile_rules(self._rules, load_subjects(self._connection))
        for refused in ruleset.refused:
            log.error("rule %s does not judge sensor %s: %s", refused.rule_id, refused.sensor_id, refused.reason)
        state = load_state(self._connection, ruleset)
        self._known = _Known(
            gatherer=Gatherer(registry, self._topics, self._limits(), follow_clock=self._follow_clock),
            ruleset=ruleset,
            state=state,
            placement=Placement.load(self._connection),
        )
        # What was just built lives long, what a batch makes dies with it: the collector need not look at either.
        gc.collect()
        gc.freeze()
        log.info("%d sensors, built in %.2f s", len(registry.by_id), time.monotonic() - started)

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
        self._with_database(self._check_fence, stop)
        if self._changed.is_set():
            self._with_database(lambda: None, stop)

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
            keep_books(self._connection, self._fence, [message], Tally(faults=[fault]))

    def _with_database(self, work: Callable[[], object], stop: threading.Event) -> bool:
        """Do it, again after every loss of the database; False where `stop` came first.

        Raises what the database answers every time although it is there and has room.
        """
        failures = 0
        while True:
            try:
                if self._changed.is_set():
                    self._rebuild()
                work()
                return True
            except Stale:
                self._changed.set()
            except psycopg.Error as error:
                failures += 1
                if failures > _PATIENCE and not passes_by_itself(self._connection, error):
                    raise
                log.warning("the database: %s; %s", first_line(error), help_for(error))
                if not self._recover(failures, stop):
                    return False

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
            state = self._write(messages, gathered)
        self._known = replace(self._known, state=state)
        if gathered.clock_told:
            self._clock_us = gathered.clock_us

    def _now(self, stored: datetime | None, arrived_us: int) -> tuple[int, bool]:
        """The clock, and whether it was told; until one is told, even a follower goes by the machine's."""
        if self._follow_clock and self._clock_us is None and stored is not None:
            self._clock_us = micros(stored)
        if not self._follow_clock or self._clock_us is None:
            return arrived_us, False
        return self._clock_us, True

    def _write(self, messages: Sequence[Message], gathered: Gathered) -> State:
        known = self._known
        batch = Batch(sensor=gathered.sensor, time=gathered.time_us, value=gathered.value)
        found = placed(known.ruleset, known.state, batch)
        late = gathered.late | ~found.whole
        stored = self._store.store(
            self._connection,
            Readings(
                sensor=batch.sensor,
                time_us=batch.time,
                value=batch.value,
                late=late,
                judged=found.judged,
                suspect=suspect(known.ruleset, known.state, batch),
            ),
        )
        if (stored.repeat & found.fresh).any():
            raise Stale("a reading newer than the memory knows of is stored already")
        rows = np.flatnonzero(stored.new & found.judged)
        fresh = Batch(sensor=batch.sensor[rows], time=batch.time[rows], value=batch.value[rows])
        needs = late_needs(known.ruleset, known.state, fresh)
        if needs:
            fresh = replace(fresh, past=load_past(self._connection, needs))
        state, transitions = evaluate(known.ruleset, known.state, fresh, gathered.clock_us)
        persist_states(self._connection, changed(known.ruleset, known.state, state))
        for row in np.flatnonzero(stored.conflict).tolist():
            gathered.faults.append(conflict_fault(gathered, row, messages, known.gatherer.registry))
        keep_books(self._connection, self._fence, messages, tally(gathered, stored, late, known.placement))
        found_late = rows[gathered.late[rows]]
        record(
            self._connection,
            transitions,
            rules=self._rules,
            plans=self._plans,
            late=set(zip(batch.sensor[found_late].tolist(), batch.time[found_late].tolist(), strict=True)),
        )
        return state
