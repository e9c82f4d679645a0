"""The books of a batch, kept in its transaction: what came, what became of it, and the told clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg

from alerts.columns import Flags
from alerts.fence import Fence
from config.database import Connection
from geo.placement import UNLOCATED, Placement
from ingest import quarantine
from ingest.gather import Fault, Gathered, Message
from ingest.newest import BATCHES_KEPT, pack_newest
from ingest.registry import QUERIES
from ingest.store import Stored

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR_US = 3_600_000_000


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What became of a batch's readings; what came has to be stored + repeats + the faults."""

    faults: list[Fault]
    received: int = 1  # counted as it was read; a message that is set aside whole counts as one
    stored: int = 0
    repeats: int = 0
    late: int = 0
    unlocated: int = 0  # stored, of sensors that belonged to no township then
    clock_us: int | None = None  # where one was told
    hours: Sequence[int] = ()  # of event time, since 1970
    hour_counts: Sequence[int] = ()  # how many are stored of each
    newest: bytes | None = None  # what the screens are told; None: nothing was stored


def tally(gathered: Gathered, stored: Stored, late: Flags, placement: Placement) -> Tally:
    """Count a batch."""
    township = placement.township_of(gathered.sensor[stored.new], gathered.time_us[stored.new])
    hours, hour_counts = np.unique(gathered.time_us[stored.new] // _HOUR_US, return_counts=True)
    return Tally(
        faults=gathered.faults,
        received=gathered.received,
        stored=int(stored.new.sum()),
        repeats=int(stored.repeat.sum()),
        late=int((late & stored.new).sum()),
        unlocated=int((township == UNLOCATED).sum()),
        clock_us=gathered.clock_us if gathered.clock_told else None,
        hours=hours.tolist(),
        hour_counts=hour_counts.tolist(),
        newest=pack_newest(gathered.sensor[stored.new], gathered.time_us[stored.new], gathered.value[stored.new]),
    )


def keep_books(
    connection: Connection, fence: Fence, messages: Sequence[Message], counted: Tally, caps: quarantine.Caps
) -> None:
    """Write quarantine, releases, the clock, the minute's sums and what is told, in the open transaction."""
    now = datetime.now(UTC)
    if counted.faults:
        quarantine.keep(connection, fence.partition, counted.faults, now, caps)
    quarantine.mark_released(connection, messages, now)
    if counted.clock_us is not None:
        told = _EPOCH + timedelta(microseconds=counted.clock_us)
        connection.execute(QUERIES["tell_clock"], {"partition": fence.partition, "epoch": fence.epoch, "clock": told})
    connection.execute(
        QUERIES["count_intake"],
        {
            "partition": fence.partition,
            "at": now,
            "messages": len(messages),
            "readings": counted.received,
            "stored": counted.stored,
            "repeats": counted.repeats,
            "quarantined": len(counted.faults),
            "late": counted.late,
            "unlocated": counted.unlocated,
            "hours": list(counted.hours),
            "hour_counts": list(counted.hour_counts),
            "newest": counted.newest,
            "kept": BATCHES_KEPT,
        },
    )


def passes_by_itself(connection: Connection, error: psycopg.Error) -> bool:
    """Whether waiting mends it: the database is away, or its disk is full; else the batch is to blame."""
    return connection.closed or isinstance(error, psycopg.errors.DiskFull)


def help_for(error: psycopg.Error) -> str:
    """What goes on by itself, and what has to be done for it."""
    if isinstance(error, psycopg.errors.DiskFull):
        return "its disk is full: free some room, then all goes on by itself"
    return "trying again"


def first_line(error: psycopg.Error) -> str:
    """What the database says, on one line."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def micros(moment: datetime) -> int:
    """An aware time as µs since 1970 UTC."""
    return round((moment - _EPOCH) / timedelta(microseconds=1))
