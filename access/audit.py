"""The audit trail: who did what, when, to what. Written here; checked by access/chain.py, sealed by access/seals.py.

Its rows are never erased, so they hold nothing personal: ids that say nothing by themselves, and plain
facts. What is personal about an act (the words of a reason, a name) belongs in a row that can be erased.
"""

import json
import re
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg.pq import TransactionStatus
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from access.errors import AuditError
from config.database import Connection
from config.queries import Queries

QUERIES = Queries(Path(__file__).with_name("audit_queries.sql"))

# Keys under which somebody would write what belongs elsewhere; the text of any key is checked by the database.
_PERSONAL = {"name", "names", "full_name", "username", "login", "phone", "mobile", "email", "address", "birthday"}
_PERSONAL |= {"id_number", "id_card", "note", "reason", "password", "token", "secret"}
AT_ONCE = 1000  # rows that a stream fetches
_ACT = re.compile(r"[a-z][a-z_]*([.][a-z][a-z_]*)+")
_PLAIN = re.compile(r"[\x20-\x7e]{0,200}")
_PLAIN_DETAILS = re.compile(r"[\x20-\x7e]{0,4000}")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One act."""

    seq: int
    at: datetime
    actor: UUID | None  # None: the system
    act: str  # such as account.locked
    subject: str  # opaque ids only
    division_id: int | None
    details: dict[str, Any]


def append(
    connection: Connection,
    *,
    act: str,
    actor: UUID | None,
    subject: UUID | str = "",
    division_id: int | None = None,
    details: Mapping[str, Any] | None = None,
) -> int:
    """Write an act into the caller's open transaction; its number. The database sets time, number and hash.

    From here to the commit nobody else can append: make it the last statement of a short transaction.
    Raises AuditError outside of a transaction, and for what does not belong here: texts are printable
    ASCII (no name in Chinese gets in), at most 200 characters of subject and 4,000 of details.
    """
    if connection.info.transaction_status == TransactionStatus.IDLE:
        raise AuditError(f"{act} is not written: an act and its entry are one transaction, so open one first")
    plain = dict(details or {})
    _check(act, str(subject), plain)
    row = connection.execute(
        QUERIES["append"],
        {"act": act, "actor": actor, "subject": str(subject), "division_id": division_id, "details": Jsonb(plain)},
    ).fetchone()
    assert row is not None
    seq: int = row[0]
    return seq


def entries(
    connection: Connection,
    *,
    act: str | None = None,
    actor: UUID | None = None,
    subject: str | None = None,
    division_id: int | None = None,
    within: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
    most: int = 100,
) -> list[Entry]:
    """The newest entries, newest first.

    `act` may be the first words of one (`account`), `within` is a division and all in it, `before` pages on by seq.
    """
    asked = {
        "act": act,
        "actor": actor,
        "subject": subject,
        "division_id": division_id,
        "within": within,
        "since": since,
        "until": until,
        "before": before,
        "most": most,
    }
    with connection.cursor(row_factory=class_row(Entry)) as cursor:
        return cursor.execute(QUERIES["list"], asked).fetchall()


def every_entry(
    connection: Connection,
    *,
    act: str | None,
    actor: UUID | None,
    within: int | None,
    since: datetime | None,
    until: datetime | None,
) -> Generator[Entry, None, None]:
    """All that fit, newest first, streamed by a cursor of the server; inside of a transaction."""
    asked = {"act": act, "actor": actor, "within": within, "since": since, "until": until}
    with connection.cursor("entries", row_factory=class_row(Entry)) as cursor:
        cursor.itersize = AT_ONCE
        cursor.execute(QUERIES["list"], {**asked, "subject": None, "division_id": None, "before": None, "most": None})
        yield from cursor


def _check(act: str, subject: str, details: dict[str, Any]) -> None:
    """Raise AuditError; the checks of migration 0022, in words, and a few more."""
    if not _ACT.fullmatch(act):
        raise AuditError(f"{act!r} is no act: write two or more words with dots between them, as in account.locked")
    if personal := sorted(_PERSONAL.intersection(_keys(details))):
        raise AuditError(f"{act} is not written: {personal[0]} is personal, give an id in its place")
    if not _PLAIN.fullmatch(subject):
        raise AuditError(f"{act} is not written: its subject is no opaque id (printable ASCII, at most 200)")
    if not _PLAIN_DETAILS.fullmatch(json.dumps(details, ensure_ascii=False)):
        raise AuditError(f"{act} is not written: details are ids and plain facts (printable ASCII, at most 4,000)")


def _keys(value: Any) -> Iterable[str]:
    """Every key at any depth, in small letters."""
    if isinstance(value, Mapping):
        for key, below in value.items():
            yield str(key).lower()
            yield from _keys(below)
    elif isinstance(value, list | tuple):
        for below in value:
            yield from _keys(below)
