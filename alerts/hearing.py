"""Which sensors a partition hears, and so judges: each is heard by one, and moves with its readings.

A sensor that nobody heard yet becomes its own with its first reading. One that another partition
heard is taken over in a transaction before the batch, with the latches that the rules have of it.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from alerts import subjects
from alerts.columns import NEVER, Flags, Ids
from alerts.errors import Foreign, Stale
from alerts.fence import Fence
from alerts.stored_state import STATE_QUERIES
from config.database import Connection
from ingest.gather import Gathered

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, eq=False)
class Hearing:
    """By sensor id: heard here, heard by another partition; neither: by nobody yet."""

    own: Flags
    foreign: Flags

    def joined_by(self, connection: Connection, fence: Fence, sensor: Ids) -> "Hearing":
        """After new readings of these sensors, in the open transaction.

        Raises Foreign where another partition hears one of them, Stale where one has just begun to.
        """
        if self.own[sensor].all():
            return self
        if self.foreign[sensor].any():
            raise Foreign(np.unique(sensor[self.foreign[sensor]]).tolist())
        fresh = np.unique(sensor[~self.own[sensor]])
        asked = {"partition": fence.partition, "sensors": fresh.tolist()}
        if connection.execute(STATE_QUERIES["hear"], asked).rowcount < len(fresh):
            raise Stale("another partition has just stored a reading of the same sensor")
        own = self.own.copy()
        own[fresh] = True
        return replace(self, own=own)


def load_hearing(connection: Connection, partition: str, sensors: int) -> Hearing:
    """For sensor ids 0 … `sensors` - 1."""
    own, foreign = np.zeros((2, sensors), bool)
    for sensor, by in connection.execute(STATE_QUERIES["heard_by"]):
        (own if by == partition else foreign)[sensor] = True
    return Hearing(own=own, foreign=foreign)


def take_over(connection: Connection, fence: Fence, sensors: Sequence[int]) -> None:
    """From now on these are heard here; what the rules remember of them and of their devices comes along."""
    with connection.transaction():
        fence.check(connection)
        asked = {"partition": fence.partition, "sensors": list(sensors)}
        devices = connection.execute(STATE_QUERIES["hear_instead"], asked).fetchall()
        named = [*sensors, *(subjects.of(kind, device) for kind, device in devices)]
        connection.execute(STATE_QUERIES["move_states"], {"partition": fence.partition, "subjects": named})
    log.warning(
        "partition %s hears %d sensors that another one heard; where two keep taking them from each other, their"
        " SHIJING_PIPELINE_TOPICS overlap: let them share no topic",
        fence.partition,
        len(sensors),
    )


def come_to(gathered: Gathered, *, follow_clock: bool) -> int:
    """How far a batch tells that everything was heard, µs: a told clock comes in its place among the readings.

    The machine's clock knows nothing of what still waits, and some brokers send little at a time whatever they
    hold: so only as far as half of the readings have come, for those out of a backlog are old ones.
    """
    if follow_clock:
        return gathered.clock_us
    return min(gathered.clock_us, int(np.median(gathered.time_us))) if len(gathered.time_us) else NEVER
