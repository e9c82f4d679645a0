"""One record entered or changed by hand, by whoever keeps the records of its division (`records.edit`).

To change a record takes no look at it: what is not given stays as it is, and nothing personal is told.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.range import TimestamptzRange

from access import audit
from access.errors import RecordError
from access.record_rows import Row, checked
from access.record_store import blind_of, divisions_within, known_references, lock_records, put, sealed, stay_of
from access.record_words import Fault
from access.records import FIELDS, QUERIES
from access.scope import Scope
from access.vault import Vault
from config.database import Connection
from config.logs import BEIJING

MAY_BE_CLEARED = ("address", "phone", "note", "reference")


@dataclass(frozen=True, kw_only=True)
class Keeper:
    """Who keeps records, and where."""

    scope: Scope
    actor: UUID
    now: datetime


def add_record(connection: Connection, vault: Vault, given: Mapping[str, str], keeper: Keeper) -> UUID | list[Fault]:
    """A new resident; or what is wrong with it."""
    row, faults = checked(given)
    if row is None:
        return faults
    with connection.transaction():
        lock_records(connection)
        where = divisions_within(connection, [row.division], keeper.scope, now=keeper.now).get(row.division)
        if faults := _faults(connection, vault, row, where, keeper, None):
            return faults
        assert where is not None
        stay = stay_of(row, where, None, keeper.now)
        if stay is None:
            return [Fault(row=0, column="until", what="ends_early")]
        put(connection, vault, [stay])
        audit.append(connection, act="record.added", actor=keeper.actor, subject=stay.id, division_id=where)
    return stay.id


def change_record(
    connection: Connection,
    vault: Vault,
    resident_id: UUID,
    given: Mapping[str, str],
    keeper: Keeper,
    *,
    clear: Collection[str] = (),
) -> list[Fault]:
    """Change what is given; personal fields that are empty stay, those in `clear` are taken away.

    What is wrong with it, where something is: then nothing was changed. Raises RecordError for a record
    that is not there (any more), or was erased.
    """
    row, faults = checked(given, needed=("division", "kind", "since"))
    if row is None:
        return faults
    with connection.transaction():
        lock_records(connection)
        former, term = _former(connection, resident_id, keeper.scope)
        where = divisions_within(connection, [row.division], keeper.scope, now=keeper.now).get(row.division)
        if faults := _faults(connection, vault, row, where, keeper, resident_id):
            return faults
        assert where is not None
        row = _with_term(row, term)
        if row.since is not None and row.until is not None and row.until <= row.since:
            return [Fault(row=0, column="until", what="ends_early")]
        fields = _write(connection, vault, resident_id, row, where, clear)
        _tell(connection, resident_id, former, where, fields, keeper)
    return []


def day_of(at: datetime | None) -> str:
    """The day in Beijing, as a form shows and takes it."""
    return "" if at is None else at.astimezone(BEIJING).strftime("%Y-%m-%d")


def _with_term(row: Row, term: TimestamptzRange) -> Row:
    """A day that a form shows and gives back is the very instant that it was."""
    since = term.lower if day_of(row.since) == day_of(term.lower) else row.since
    until = term.upper if day_of(row.until) == day_of(term.upper) else row.until
    return replace(row, since=since, until=until)


def _former(connection: Connection, resident_id: UUID, scope: Scope) -> tuple[int, TimestamptzRange]:
    """Where it is now, and its term; asked once more in the transaction that changes it."""
    asked = {"id": resident_id, "everywhere": scope.everywhere, "divisions": list(scope.divisions)}
    row = connection.execute(QUERIES["kept_record"], asked).fetchone()
    if row is None:
        raise RecordError(f"there is no record {resident_id}, or its term is over and it was erased")
    return row[0], row[1]


def _faults(
    connection: Connection, vault: Vault, row: Row, where: int | None, keeper: Keeper, resident_id: UUID | None
) -> list[Fault]:
    if where is None:
        return [Fault(row=0, column="division", what="no_division")]
    known = known_references(connection, vault, [row.reference], keeper.scope)
    other = known.get(row.reference)
    if row.reference in known and (other is None or other.id != resident_id):
        return [Fault(row=0, column="reference", what="not_yours")]
    return []


def _write(
    connection: Connection, vault: Vault, resident_id: UUID, row: Row, where: int, clear: Collection[str]
) -> list[str]:
    """Write it; which personal fields were changed."""
    asked: dict[str, Any] = {"id": resident_id, "division": where, "kind": row.kind, "needs": list(row.needs)}
    connection.execute(QUERIES["change_resident"], {**asked, "since": row.since, "until": row.until})
    texts = {**{name: row.personal[name] for name in FIELDS}, "reference": row.reference}
    given = [name for name, text in texts.items() if text]
    cleared = [name for name in MAY_BE_CLEARED if name in clear and name not in given]
    values = {name: sealed(vault, text, name, resident_id) for name, text in texts.items()}
    connection.execute(
        QUERIES["change_details"],
        {"id": resident_id, **values, "blind": blind_of(vault, row.reference), "fields": [*given, *cleared]},
    )
    return sorted([*given, *cleared])


def _tell(
    connection: Connection, resident_id: UUID, former: int, where: int, fields: list[str], keeper: Keeper
) -> None:
    """In the division that it belongs to; where it moved, also in the one that it left."""
    plain = {"fields": ", ".join(fields)}
    if former != where:
        audit.append(
            connection, act="record.moved", actor=keeper.actor, subject=resident_id, division_id=former
        )  # fmt: skip
    audit.append(
        connection, act="record.changed", actor=keeper.actor, subject=resident_id, division_id=where, details=plain
    )
