"""What could not be accepted: kept with its reason, counted, and put through again on request.

A device that sends ever new rubbish must not fill the disk: beyond a cap no sample is kept, and one row for each
topic and reason, in the end for each reason, counts how often something came.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from psycopg.rows import class_row

from config.database import Connection
from config.settings import PipelineSettings
from ingest.gather import Fault, Message
from ingest.registry import QUERIES

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ODDEST_US = 250_000_000_000_000_000  # year 9892: beyond what a timestamp of Python holds
_RELEASED_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class Caps:
    """How much is kept; beyond it only counts go up."""

    per_source: int = 100  # different ones of a topic and reason
    rows: int = 100_000  # in all
    bytes: int = 1 << 30


@dataclass(frozen=True, kw_only=True)
class ReasonCount:
    """How many distinct faults of a reason are kept, and how often they and others were seen."""

    reason: str
    kept: int
    seen: int
    not_kept: int  # of `seen`, those of which no sample is kept


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


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """A row to write: a fault that was seen so many times, or what stands for all that is not kept."""

    fault: Fault
    count: int
    state: str = "held"

    @property
    def fingerprint(self) -> bytes:
        return sha256(self.fault.topic.encode() + b"\0" + self.fault.payload).digest()

    @property
    def source(self) -> tuple[str, str]:
        return self.fault.topic, self.fault.reason

    @property
    def bytes(self) -> int:
        return len(self.fault.payload) + len(self.fault.topic) + len(self.fault.detail)


def caps_of(settings: PipelineSettings) -> Caps:
    """What the settings say."""
    return Caps(
        per_source=settings.quarantine_per_topic,
        rows=settings.quarantine_rows,
        bytes=settings.quarantine_mib << 20,
    )


def keep(
    connection: Connection, partition: str, faults: Sequence[Fault], seen: datetime, caps: Caps | None = None
) -> None:
    """Write faults in the caller's transaction; the same topic and payload again only counts up.

    So does what goes beyond the caps: on a row of its topic and reason, or of its reason alone.
    """
    entries = _distinct(faults)
    rows = _distinct_rows(_within(connection, partition, entries, caps or Caps()))
    columns = {
        "fingerprint": [fingerprint for fingerprint, _ in rows],
        **{
            name: [getattr(one.fault, name) for _, one in rows]
            for name in ("reason", "detail", "topic", "payload", "sensor_id")
        },
        "time": [_moment(one.fault.time_us) for _, one in rows],
        "count": [one.count for _, one in rows],
        "state": [one.state for _, one in rows],
    }
    connection.execute(QUERIES["quarantine"], {"partition": partition, "seen": seen, **columns})


def _distinct(faults: Iterable[Fault]) -> dict[bytes, _Entry]:
    """By fingerprint; of several the last, with how many there are. MQTT forbids a NUL, not every broker does."""
    found: dict[bytes, _Entry] = {}
    for fault in faults:
        one = _Entry(fault=replace(fault, topic=fault.topic.replace("\0", "\ufffd")), count=1)
        known = found.get(one.fingerprint)
        found[one.fingerprint] = one if known is None else replace(one, count=known.count + 1)
    return found


def _distinct_rows(entries: Iterable[tuple[bytes, _Entry]]) -> list[tuple[bytes, _Entry]]:
    """Rows that stand for many come up many times."""
    found: dict[bytes, _Entry] = {}
    for fingerprint, one in entries:
        known = found.get(fingerprint)
        found[fingerprint] = one if known is None else replace(one, count=known.count + one.count)
    return sorted(found.items(), key=lambda row: row[0])


def _within(
    connection: Connection, partition: str, entries: dict[bytes, _Entry], caps: Caps
) -> list[tuple[bytes, _Entry]]:
    """The entries, or what counts them where there is no room for them."""
    sources = sorted({one.source for one in entries.values()})
    asked = {
        "fingerprints": list(entries),
        "topics": [topic for topic, _ in sources],
        "reasons": [reason for _, reason in sources],
        "most": caps.per_source,
    }
    row = connection.execute(QUERIES["quarantine_room"], asked).fetchone()
    assert row is not None
    room = _Room(caps=caps, held=dict(zip(sources, row[1] or (), strict=True)), rows=row[2], bytes=row[3])
    known = {bytes(fingerprint) for fingerprint in row[0]}
    placed = [one if fingerprint in known else room.place(one) for fingerprint, one in entries.items()]
    return [(_key(one, partition), one) for one in placed]


@dataclass(kw_only=True)
class _Room:
    """How much is kept by now."""

    caps: Caps
    held: dict[tuple[str, str], int]  # by topic and reason
    rows: int
    bytes: int

    def place(self, one: _Entry) -> _Entry:
        """A new entry, or what counts it where there is no room."""
        if self.rows >= self.caps.rows or self.bytes + one.bytes > self.caps.bytes:
            return _counted(one, "", f"{_full(self.caps)}; of further ones only the number")
        if self.held[one.source] >= self.caps.per_source:
            why = f"{self.caps.per_source} different ones of this topic are kept; of further ones only the number"
            return _counted(one, one.fault.topic, why)
        self.held[one.source] += 1
        self.rows, self.bytes = self.rows + 1, self.bytes + one.bytes
        return one


def _full(caps: Caps) -> str:
    return f"quarantine is full ({caps.rows:,} entries or {caps.bytes >> 20:,} MiB)"


def _counted(one: _Entry, topic: str, why: str) -> _Entry:
    detail = f"{why}: mend what sends them. The last one: {one.fault.detail}"
    fault = Fault(reason=one.fault.reason, detail=detail[:2000], topic=topic, payload=b"")
    return _Entry(fault=fault, count=one.count, state="counted")


def _key(one: _Entry, partition: str) -> bytes:
    """Of a row that counts: its own for each partition, so that none waits for another's."""
    if one.state == "held":
        return one.fingerprint
    return sha256("\0".join(("counted", partition, *one.source)).encode()).digest()


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
