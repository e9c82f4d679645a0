"""What could not be accepted: kept with its reason, counted, and put through again on request."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from psycopg.rows import class_row

from config.database import Connection
from ingest.gather import Fault, Message
from ingest.registry import QUERIES

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ODDEST_US = 250_000_000_000_000_000  # year 9892: beyond what a timestamp of Python holds
_RELEASED_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class ReasonCount:
    """How many distinct faults of a reason are kept, and how often they were seen."""

    reason: str
    kept: int
    seen: int


@dataclass(frozen=True, kw_only=True)
class Held:
    """One fault, for a person to read."""

    id: int
    reason: str
    detail: str
    topic: str
    payload: bytes
    time: datetime | None
    count: int
    last_seen: datetime
    state: str


def keep(connection: Connection, partition: str, faults: Sequence[Fault], seen: datetime) -> None:
    """Write faults in the caller's transaction; the same topic and payload again only counts up."""
    with connection.cursor() as cursor:
        cursor.executemany(
            QUERIES["quarantine"],
            [
                {
                    "partition": partition,
                    "reason": fault.reason,
                    "detail": fault.detail,
                    "topic": fault.topic.replace("\0", "\ufffd"),  # MQTT forbids it, not every broker does
                    "payload": fault.payload,
                    "sensor_id": fault.sensor_id,
                    "time": _moment(fault.time_us),
                    "seen": seen,
                }
                for fault in faults
            ],
        )


def _moment(time_us: int | None) -> datetime | None:
    if time_us is None or not 0 <= time_us < _ODDEST_US:
        return None
    return _EPOCH + timedelta(microseconds=time_us)


def request_release(connection: Connection, *, reason: str | None = None, ids: list[int] | None = None) -> int:
    """Ask the pipeline to put held readings through again; return how many were asked for."""
    return connection.execute(QUERIES["quarantine_request"], {"reason": reason, "ids": ids}).rowcount


def requested(connection: Connection, partition: str) -> list[Message]:
    """What people asked to be put through again, as messages for the pipeline that met it."""
    asked = {"partition": partition, "most": _RELEASED_AT_ONCE}
    rows = connection.execute(QUERIES["quarantine_requested"], asked).fetchall()
    return [Message(topic=topic, payload=payload, quarantine_id=row_id) for row_id, topic, payload in rows]


def mark_released(connection: Connection, messages: Sequence[Message], at: datetime) -> None:
    """Those that were requested and are through; one that failed again was set back to held before."""
    ids = [message.quarantine_id for message in messages if message.quarantine_id is not None]
    if ids:
        connection.execute(QUERIES["quarantine_released"], {"ids": ids, "at": at})


def counts(connection: Connection) -> list[ReasonCount]:
    """What is held, by reason."""
    with connection.cursor(row_factory=class_row(ReasonCount)) as cursor:
        return cursor.execute(QUERIES["quarantine_counts"]).fetchall()


def listing(connection: Connection, *, reason: str | None = None, most: int = 50) -> list[Held]:
    """The newest faults that are held."""
    with connection.cursor(row_factory=class_row(Held)) as cursor:
        return cursor.execute(QUERIES["quarantine_list"], {"reason": reason, "most": most}).fetchall()
