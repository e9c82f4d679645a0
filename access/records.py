"""Residents who need care (一老一小): counted for everyone, opened one by one for a reason, and logged.

Whether somebody may open it at all is asked before: the right `records.open` (access/rights.py), and `find` on a
connection in its scope (access/scope.py). Here nobody sees a record without leaving an entry.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from psycopg.pq import TransactionStatus
from psycopg.rows import class_row
from psycopg.types.range import TimestamptzRange

from access import audit
from access.errors import RecordError
from access.vault import Context, Vault
from config.database import Connection
from config.queries import Queries

QUERIES = Queries(Path(__file__).with_name("record_queries.sql"))

KINDS = ("elder", "child", "disabled", "patient", "other")
NEEDS = ("alone", "bedridden", "walking", "sight", "hearing", "dementia", "oxygen", "medicine", "infant")
FIELDS = ("name", "address", "phone", "note")
_REASON_AT_LEAST = 6  # letters: 入户看望 says where to, not why


@dataclass(frozen=True, kw_only=True)
class Resident:
    """A resident as lists and maps know them: nothing that tells who it is."""

    id: UUID
    division_id: int  # a grid, village or township
    kind: str
    needs: list[str]
    valid: TimestamptzRange


@dataclass(frozen=True, kw_only=True)
class Record(Resident):
    """The whole record. Its personal fields are not shown in a repr, and so in no log."""

    name: str = field(repr=False)
    address: str = field(repr=False)
    phone: str = field(repr=False)
    note: str = field(repr=False)
    opening: int  # the audit entry of this look


@dataclass(frozen=True, kw_only=True)
class Opening:
    """Who opened whose record when; `reason` None: erased since."""

    id: UUID
    resident_id: UUID
    division_id: int
    actor: UUID
    at: datetime
    reason: str | None
    unchanged: bool  # the audit trail has this opening, with these words
    audit_seq: int


@dataclass(frozen=True, kw_only=True)
class Look:
    """An opening without the words of its reason."""

    id: UUID
    resident_id: UUID
    division_id: int
    actor: UUID
    at: datetime
    audit_seq: int


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many live in a division and what lies in it; numbers only."""

    total: int
    kinds: dict[str, int]
    needs: dict[str, int]  # one resident may have several


def counts(connection: Connection, division_id: int, *, at: datetime) -> Counts:
    """How many there are at an instant (aware)."""
    asked = {"division": division_id, "at": at}
    kinds: dict[str, int] = dict(connection.execute(QUERIES["counts_by_kind"], asked).fetchall())
    needs: dict[str, int] = dict(connection.execute(QUERIES["counts_by_need"], asked).fetchall())
    return Counts(total=sum(kinds.values()), kinds=kinds, needs=needs)


def counts_of_level(connection: Connection, level: str, *, at: datetime) -> dict[int, dict[str, int]]:
    """How many of each kind, by the id of every division of a level that has any: what a map shows."""
    found: dict[int, dict[str, int]] = {}
    for division, kind, number in connection.execute(QUERIES["counts_of_level"], {"level": level, "at": at}):
        found.setdefault(division, {})[kind] = number
    return found


def residents_in(
    connection: Connection, division_id: int, *, at: datetime, to_come: bool = False, most: int = 1000
) -> list[Resident]:
    """Those of a division and of what lies in it: ids to open, with nothing that tells who it is.

    `to_come`: those too whose record begins after `at`.
    """
    asked = {"division": division_id, "at": at, "to_come": to_come, "most": most}
    with connection.cursor(row_factory=class_row(Resident)) as cursor:
        return cursor.execute(QUERIES["residents_in"], asked).fetchall()


def find(connection: Connection, resident_id: UUID) -> Resident | None:
    """One of them where it is in the connection's scope: asked before its record is opened."""
    with connection.cursor(row_factory=class_row(Resident)) as cursor:
        return cursor.execute(QUERIES["resident"], {"id": resident_id}).fetchone()


def open_record(
    connection: Connection, vault: Vault, resident_id: UUID, *, actor: UUID, reason: str, now: datetime | None = None
) -> Record:
    """The record, once its opening is committed to the list of openings and to the audit trail.

    The connection is autocommit, outside of any transaction: what the caller could roll back would
    be a look without a trace. Raises RecordError without a reason of some words, and for a record
    that is not there or was erased; CannotOpen where its key is not ours.
    """
    if not connection.autocommit or connection.info.transaction_status != TransactionStatus.IDLE:
        raise RecordError("a record is opened outside of a transaction: its opening must not be rolled back")
    words = " ".join(reason.split())
    if len(words) < _REASON_AT_LEAST or len(set(words)) < 3:
        raise RecordError(
            f"a record is opened for a reason: say in {_REASON_AT_LEAST} letters or more why, and for what"
        )
    at = now or datetime.now(UTC)
    with connection.transaction():
        row = _sealed(connection, resident_id)
        seq = _log_opening(connection, vault, row, actor, words, at)
    return Record(
        id=row.id,
        division_id=row.division_id,
        kind=row.kind,
        needs=row.needs,
        valid=row.valid,
        opening=seq,
        **{name: _opened(vault, getattr(row, name), name, row.id) for name in FIELDS},
    )


@dataclass(frozen=True, kw_only=True)
class _Sealed(Resident):
    erased_at: datetime | None
    name: bytes | None
    address: bytes | None
    phone: bytes | None
    note: bytes | None


def _sealed(connection: Connection, resident_id: UUID) -> _Sealed:
    with connection.cursor(row_factory=class_row(_Sealed)) as cursor:
        row = cursor.execute(QUERIES["record"], {"id": resident_id}).fetchone()
    if row is None:
        raise RecordError(f"there is no record {resident_id}")
    if row.name is None:
        raise RecordError(f"the record {resident_id} was erased: its term is over (config/retention.toml)")
    return row


def _opened(vault: Vault, sealed: bytes | None, column: str, resident_id: UUID) -> str:
    return "" if sealed is None else vault.open(sealed, context=detail_context(column, resident_id))


def detail_context(column: str, resident_id: UUID) -> Context:
    """What a personal field of a resident is bound to."""
    return ("resident_details", column, resident_id)


def _log_opening(connection: Connection, vault: Vault, row: _Sealed, actor: UUID, reason: str, at: datetime) -> int:
    """Write both entries. The words may name somebody: the audit trail has only what proves them unchanged."""
    opening = uuid4()
    proof = vault.blind(reason, context=("record_openings", "reason")).hex()
    seq = audit.append(
        connection,
        act="record.opened",
        actor=actor,
        subject=row.id,
        division_id=row.division_id,
        details={"opening": str(opening), "reason_proof": proof},
    )
    sealed = vault.seal(reason, context=("record_openings", "reason", opening))
    asked: dict[str, Any] = {"id": opening, "resident": row.id, "actor": actor, "at": at, "reason": sealed}
    connection.execute(QUERIES["add_opening"], {**asked, "audit_seq": seq})
    return seq


def openings(
    connection: Connection,
    vault: Vault,
    *,
    resident_id: UUID | None = None,
    actor: UUID | None = None,
    divisions: list[int] | None = None,
    within: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
    most: int = 100,
) -> list[Opening]:
    """Who opened what, newest first, for the auditor.

    `divisions` are told exactly (None: all), `within` is one and all in it, `before` pages on by audit_seq.
    """
    asked: dict[str, object] = {"resident": resident_id, "actor": actor, "divisions": divisions, "within": within}
    asked |= {"since": since, "until": until, "before": before, "most": most}
    with connection.cursor(row_factory=class_row(_SealedOpening)) as cursor:
        found = cursor.execute(QUERIES["openings"], asked).fetchall()
    return [one.opened(vault) for one in found]


def looks(
    connection: Connection,
    *,
    actor: UUID | None = None,
    within: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
    most: int = 100,
) -> list[Look]:
    """Who opened what, newest first, in the scope of the connection; why is told by `openings`."""
    asked = {"actor": actor, "within": within, "since": since, "until": until, "before": before, "most": most}
    with connection.cursor(row_factory=class_row(Look)) as cursor:
        return cursor.execute(QUERIES["looks"], asked).fetchall()


@dataclass(frozen=True, kw_only=True)
class _SealedOpening:
    id: UUID
    resident_id: UUID
    division_id: int
    actor: UUID
    at: datetime
    reason: bytes | None
    audit_seq: int

    proof: str | None  # of the reason, from the audit trail; None: it does not know this opening

    def opened(self, vault: Vault) -> Opening:
        reason, unchanged = None, self.proof is not None
        if self.reason is not None:
            reason = vault.open(self.reason, context=("record_openings", "reason", self.id))
            proofs = [proof.hex() for proof in vault.blinds(reason, context=("record_openings", "reason"))]
            unchanged = self.proof in proofs
        told = {name: value for name, value in vars(self).items() if name not in ("reason", "proof")}
        return Opening(**told, reason=reason, unchanged=unchanged)


def end_term(connection: Connection, resident_id: UUID, *, actor: UUID | None, at: datetime) -> bool:
    """They need it no more, or moved away, from then on; False where the term was over by then, or is not there."""
    with connection.transaction():
        row = connection.execute(QUERIES["end_term"], {"id": resident_id, "at": at}).fetchone()
        if row is None:
            return False
        audit.append(connection, act="record.ended", actor=actor, subject=resident_id, division_id=row[0])
    return True
