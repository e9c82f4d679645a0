"""One batch in one transaction: its readings, what the rules make of them, and the books."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from alerts.books import keep_books, tally
from alerts.columns import NOTHING, Batch
from alerts.errors import Stale
from alerts.fence import Fence
from alerts.found_late import found_late
from alerts.kernel import evaluate, late_needs, placed, suspect
from alerts.memory import Known
from alerts.plans import Plan
from alerts.record import record
from alerts.state_rows import changed
from alerts.stored_state import load_past, persist_states
from config.database import Connection
from ingest.gather import Gathered, Message, conflict_fault
from ingest.quarantine import Caps
from ingest.store import Readings, ReadingsStore


@dataclass(frozen=True, kw_only=True)
class Writer:
    """Writes as one partition; all of it in the caller's open transaction."""

    connection: Connection
    fence: Fence
    plans: Sequence[Plan]
    store: ReadingsStore
    caps: Caps  # of what quarantine keeps

    def write(self, known: Known, messages: Sequence[Message], gathered: Gathered, heard_us: int) -> Known:
        """Store the batch with everything that follows from it; what is known after it.

        `heard_us`: by then everything was heard. Raises Stale where the database is ahead of the memory,
        Foreign where another partition hears a sensor of the batch.
        """
        self._hold_placement(known)
        batch = Batch(sensor=gathered.sensor, time=gathered.time_us, value=gathered.value)
        known = replace(known, hearing=known.hearing.joined_by(self.connection, self.fence, batch.sensor))
        found = placed(known.ruleset, known.state, batch)
        late = gathered.late | ~found.whole
        suspects = suspect(known.ruleset, known.state, batch)
        stored = self.store.store(
            self.connection,
            Readings(
                sensor=batch.sensor,
                time_us=batch.time,
                value=batch.value,
                late=late,
                judged=found.judged,
                suspect=suspects,
            ),
        )
        if (stored.repeat & found.fresh).any():
            raise Stale("a reading newer than the memory knows of is stored already")
        rows = np.flatnonzero(stored.new & found.judged)
        its_late = batch.take(rows[gathered.late[rows]])
        after = self._judge(known, batch.take(rows), heard_us, late=its_late, late_before=gathered.late_before)
        for row in np.flatnonzero(stored.conflict).tolist():
            gathered.faults.append(conflict_fault(gathered, row, messages, known.registry))
        counted = tally(gathered, stored, late, known.placement)
        keep_books(self.connection, self.fence, messages, counted, self.caps)
        return after

    def pass_time(self, known: Known, heard_us: int, late_before: int) -> Known:
        """What time alone brings: silence; what is known after it. What lies before `late_before` is found late."""
        self._hold_placement(known)
        return self._judge(known, NOTHING, heard_us, late=NOTHING, late_before=late_before)

    def _hold_placement(self, known: Known) -> None:
        """Until the commit nobody publishes other boundaries: what is written here is of one map."""
        if not known.placement.is_current(self.connection):
            raise Stale("sensors belong elsewhere since the memory was built")

    def _judge(self, known: Known, batch: Batch, heard_us: int, *, late: Batch, late_before: int) -> Known:
        needs = late_needs(known.ruleset, known.state, batch)
        if needs:
            batch = replace(batch, past=load_past(self.connection, needs))
        state, transitions = evaluate(known.ruleset, known.state, batch, heard_us)
        persist_states(self.connection, changed(known.ruleset, known.state, state), self.fence.partition)
        its_late = found_late(known.ruleset, transitions, batch, late, late_before)
        record(self.connection, transitions, rules=known.rules, plans=self.plans, late=its_late)
        return replace(known, state=state)
