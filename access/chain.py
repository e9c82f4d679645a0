"""Whether entries of the audit trail follow each other: every hash computed again, from the rows alone."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from psycopg.rows import class_row

from access.audit import QUERIES
from config.database import Connection

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AT_ONCE = 10_000


@dataclass(frozen=True, kw_only=True)
class Link:
    """An entry as it is stored, `details` in the text that was hashed."""

    seq: int
    at: datetime
    actor: UUID | None
    act: str
    subject: str
    division_id: int | None
    details: str
    prev: bytes
    hash: bytes


@dataclass(frozen=True, kw_only=True)
class Head:
    """The end of a chain, or of a part of it."""

    seq: int
    hash: bytes


BEGINNING = Head(seq=0, hash=hashlib.sha256(b"shijing audit").digest())


@dataclass(frozen=True, kw_only=True)
class Broken:
    """The first entry that is wrong, and what is wrong with it."""

    seq: int
    why: str


def canonical(link: Link) -> bytes:
    """What is hashed of an entry after the hash before it: the `audit_text` of migration 0022."""
    micros = (link.at - _EPOCH) // timedelta(microseconds=1)
    fields = (link.seq, micros, link.actor, link.act, link.subject, link.division_id, link.details)
    return b"".join(map(_field, fields))


def _field(value: object) -> bytes:
    if value is None:
        return b"-"
    text = str(value).encode()
    return b"%d:%b" % (len(text), text)


def links_after(connection: Connection, seq: int) -> Iterator[Link]:
    """The entries after a number, streamed; inside a transaction."""
    with connection.cursor("audit", row_factory=class_row(Link)) as cursor:
        cursor.itersize = _AT_ONCE
        cursor.execute(QUERIES["entries_after"], {"seq": seq})
        yield from cursor


def link_at(connection: Connection, seq: int) -> Link | None:
    """One entry."""
    with connection.cursor(row_factory=class_row(Link)) as cursor:
        return cursor.execute(QUERIES["entry"], {"seq": seq}).fetchone()


def follow(links: Iterable[Link], start: Head, sealed: Mapping[int, set[bytes]]) -> Head | Broken:
    """The end of what follows from `start`, or the first entry that does not, or is not what was sealed.

    `sealed` tells by number the hashes that genuine seals vouch for.
    """
    head = start
    for link in links:
        why = _wrong(link, head) or _unlike(link, sealed)
        if why is not None:
            return Broken(seq=min(head.seq + 1, link.seq), why=why)
        head = Head(seq=link.seq, hash=link.hash)
    end = max(sealed, default=0)
    if end > head.seq:
        return Broken(seq=head.seq + 1, why=f"it is missing: entries up to {end} were sealed")
    return head


def _wrong(link: Link, head: Head) -> str | None:
    if link.seq > head.seq + 1:
        return f"it is missing: {head.seq} is followed by {link.seq}"
    if link.seq <= head.seq:
        return "its number is there twice, or is none"
    if link.prev != head.hash:
        return "it does not follow the entry before it"
    if hashlib.sha256(link.prev + canonical(link)).digest() != link.hash:
        return "its fields are not those that were written"
    return None


def _unlike(link: Link, sealed: Mapping[int, set[bytes]]) -> str | None:
    if sealed.get(link.seq, {link.hash}) != {link.hash}:
        return "it, or one since the seal before it, is not what was sealed: the chain was rewritten"
    return None
