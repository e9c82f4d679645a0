"""Records as they are written: fields sealed, references found again by their blind index, in somebody's scope."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from access.record_rows import Row
from access.records import FIELDS, QUERIES, detail_context
from access.scope import Scope
from access.vault import Vault
from config.database import Connection

_LEVELS = ["township", "village", "grid"]


@dataclass(frozen=True, kw_only=True)
class Known:
    """A record of the scope that is there already."""

    id: UUID
    since: datetime


@dataclass(frozen=True, kw_only=True)
class Stay:
    """A row, and the resident that it is about."""

    row: Row
    id: UUID
    division_id: int
    since: datetime
    known: bool


def lock_records(connection: Connection) -> None:
    """One who writes records at a time, until the commit: two would give one reference to two residents."""
    connection.execute(QUERIES["lock_records"])


def divisions_within(connection: Connection, codes: Collection[str], scope: Scope, *, now: datetime) -> dict[str, int]:
    """The ids of those codes that are townships, villages or grids of the scope now."""
    asked = {"codes": list(codes), "at": now, "levels": _LEVELS, **_scope(scope)}
    return dict(connection.execute(QUERIES["divisions_by_code"], asked).fetchall())


def known_references(
    connection: Connection, vault: Vault, references: Iterable[str], scope: Scope
) -> dict[str, Known | None]:
    """The residents of references that are there, under whichever key; None where that is beyond the scope."""
    by_blind = {
        blind: reference
        for reference in references
        if reference
        for blind in vault.blinds(reference, context=("resident_details", "reference"))
    }
    found = connection.execute(QUERIES["known_references"], {"blinds": list(by_blind), **_scope(scope)}).fetchall()
    return {
        by_blind[bytes(blind)]: Known(id=resident, since=since) if is_within else None
        for blind, resident, since, is_within in found
    }


def _scope(scope: Scope) -> Mapping[str, object]:
    return {"everywhere": scope.everywhere, "divisions": list(scope.divisions)}


def stay_of(row: Row, division_id: int, known: Known | None, now: datetime) -> Stay | None:
    """The row's resident, a new one where it is not known; None where the term would end before it begins."""
    since = row.since or (now if known is None else known.since)
    if row.until is not None and row.until <= since:
        return None
    resident = uuid4() if known is None else known.id
    return Stay(row=row, id=resident, division_id=division_id, since=since, known=known is not None)


def put(connection: Connection, vault: Vault, stays: list[Stay]) -> None:
    """Add them, or write over what is there."""
    ids = [stay.id for stay in stays]
    connection.execute(
        QUERIES["put_residents"],
        {
            "ids": ids,
            "divisions": [stay.division_id for stay in stays],
            "kinds": [stay.row.kind for stay in stays],
            "needs": [",".join(stay.row.needs) for stay in stays],
            "since": [stay.since for stay in stays],
            "until": [stay.row.until for stay in stays],
        },
    )
    details = {name: [sealed(vault, stay.row.personal[name], name, stay.id) for stay in stays] for name in FIELDS}
    references = [sealed(vault, stay.row.reference, "reference", stay.id) for stay in stays]
    blinds = [blind_of(vault, stay.row.reference) for stay in stays]
    connection.execute(QUERIES["put_details"], {"ids": ids, **details, "reference": references, "blinds": blinds})


def sealed(vault: Vault, text: str, column: str, resident_id: UUID) -> bytes | None:
    """A personal field as it is stored."""
    return vault.seal(text, context=detail_context(column, resident_id)) if text else None


def blind_of(vault: Vault, reference: str) -> bytes | None:
    """By what a reference is found again."""
    return vault.blind(reference, context=("resident_details", "reference")) if reference else None
