"""Fencing: of two processes that hold one partition by mistake, the database lets only the newer write.

Claim, commit, then rebuild the state, then connect to the broker. Every batch begins by
looking at the epoch under a share lock, so a claim waits for the batch and the next batch
of the former holder fails.
"""

from dataclasses import dataclass
from datetime import datetime

from alerts.errors import Fenced
from config.database import Connection
from ingest.registry import QUERIES


@dataclass(frozen=True, kw_only=True)
class Fence:
    """The right to write as `partition`, for as long as nobody claims it again."""

    partition: str
    epoch: int

    def check(self, connection: Connection) -> datetime | None:
        """First statement of a batch's transaction: the partition's clock; raises Fenced where it is lost."""
        return self._clock(connection, "fence")

    def check_and_beat(self, connection: Connection, *, connected: bool) -> datetime | None:
        """The same, and a heartbeat: that we are at work, and whether the broker is there."""
        return self._clock(connection, "fence_and_beat", connected=connected)

    def hold_again(self, connection: Connection) -> datetime | None:
        """After a lost connection: the same claim from another backend; raises Fenced where it is lost."""
        connection.execute(QUERIES["end_former"], {"partition": self.partition, "epoch": self.epoch})
        return self._clock(connection, "hold_again")

    def _clock(self, connection: Connection, query: str, **more: bool) -> datetime | None:
        held = {"partition": self.partition, "epoch": self.epoch, **more}
        row = connection.execute(QUERIES[query], held).fetchone()
        if row is None:
            raise Fenced(
                f"partition {self.partition!r} was claimed by another pipeline: this one stops."
                " Run one pipeline for each partition; a second one needs a SHIJING_PIPELINE_PARTITION of its own"
                " and SHIJING_PIPELINE_TOPICS that share no topic with the first"
            )
        clock: datetime | None = row[0]
        return clock


def claim(connection: Connection, partition: str, *, follow_clock: bool = False) -> Fence:
    """Take the partition over; a former holder that hangs inside a transaction is ended, not waited for."""
    connection.execute(QUERIES["claim_wait"], {"partition": partition})
    row = connection.execute(QUERIES["claim"], {"partition": partition, "follow_clock": follow_clock}).fetchone()
    assert row is not None
    return Fence(partition=partition, epoch=row[0])


def told_clock(connection: Connection, partition: str) -> datetime | None:
    """The last time that an injected clock told the partition's pipeline; None without one."""
    row = connection.execute(QUERIES["clock"], {"partition": partition}).fetchone()
    return row[0] if row else None
