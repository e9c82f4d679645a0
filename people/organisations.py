"""Organisations: whose centre, whose village, whose bureau; and which divisions each answers for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from psycopg.rows import class_row

from access import audit
from config.database import Connection
from people.errors import Refused, Unknown
from people.history import QUERIES, change, check_span, instant, one

Kind = Literal["city", "district", "township", "village", "grid", "bureau", "outside"]
KINDS: tuple[Kind, ...] = ("city", "district", "township", "village", "grid", "bureau", "outside")
_LONGEST = 100


@dataclass(frozen=True, kw_only=True)
class Organisation:
    """One as it was at the instant asked about."""

    id: int
    kind: Kind
    code: str
    name: str
    parent_id: int | None
    divisions: list[int]  # that it answers for, with all in them


def organisations(connection: Connection, at: datetime) -> list[Organisation]:
    """All that there are at an instant, by code; in a scope, those that answer for something in it."""
    return _organisations(connection, None, at)


def organisation_named(connection: Connection, named: str, at: datetime) -> Organisation:
    """One by its code, or by a name that only one has; raises Unknown, and Refused where several have it."""
    found = _organisations(connection, named.strip(), at)
    if not found:
        raise Unknown(f"no organisation has the code or name {named[:40]!r}: see `shijing organisation list`")
    if len(found) > 1 and found[0].code != named.strip():
        codes = ", ".join(one.code for one in found[:5])
        raise Refused(f"{len(found)} organisations are called {named[:40]!r}: give the code of one ({codes})")
    return found[0]


def _organisations(connection: Connection, named: str | None, at: datetime) -> list[Organisation]:
    with connection.cursor(row_factory=class_row(Organisation)) as cursor:
        return cursor.execute(QUERIES["organisations"], {"named": named, "at": at}).fetchall()


def add_organisation(
    connection: Connection,
    *,
    kind: Kind,
    code: str,
    name: str,
    parent_id: int | None = None,
    divisions: Sequence[int] = (),
    since: datetime | None = None,
    actor: UUID | None = None,
) -> int:
    """A new one, and what it answers for, from `since` on (None: always); its id.

    Raises Overlaps for a code that is taken, Refused for one that is none, Unknown for a parent or division.
    """
    if kind not in KINDS:
        raise Refused(f"{kind!r} is no kind of organisation: take one of {', '.join(KINDS)}")
    if not code or any(letter.isspace() for letter in code) or len(code) > _LONGEST:
        raise Refused("a code has 1 to 100 letters and no space: take the division's where it is that division's own")
    plain = _name(name)
    if since is not None:
        check_span(since, None)
    with change(connection, overlap=f"there is an organisation {code} already, or a division is named twice"):
        recorded = instant(connection)
        number: int = one(connection, "add_organisation", {"kind": kind, "code": code})
        asked = {"organisation": number, "parent": parent_id, "name": plain, "since": since, "recorded": recorded}
        connection.execute(QUERIES["add_organisation_version"], asked)
        for division in divisions:
            connection.execute(QUERIES["cover_division"], {**asked, "division": division})
        _log(connection, "organisation.added", number, next(iter(divisions), None), actor)
    return number


def change_organisation(
    connection: Connection,
    organisation_id: int,
    *,
    name: str,
    parent_id: int | None,
    at: datetime,
    actor: UUID | None = None,
) -> None:
    """Another name or parent from `at` on; raises Unknown where there is none then."""
    asked = {"organisation": organisation_id, "name": _name(name), "parent": parent_id, "at": at}
    if parent_id == organisation_id:
        raise Refused("an organisation is not its own parent: name another one, or none")
    with change(connection, overlap="the organisation is called something else already for some of that time"):
        _lock(connection, organisation_id)
        if not one(connection, "change_organisation", {**asked, "recorded": instant(connection)}):
            raise Unknown(f"organisation {organisation_id} is not there at {at.isoformat()}")
        _log(connection, "organisation.changed", organisation_id, None, actor)


def cover_division(
    connection: Connection,
    organisation_id: int,
    division_id: int,
    *,
    since: datetime | None = None,
    actor: UUID | None = None,
) -> None:
    """It answers for a division and all in it, from `since` on (None: always); raises Overlaps where it does."""
    asked = {"organisation": organisation_id, "division": division_id, "since": since}
    with change(connection, overlap="the organisation answers for that division already: end that first"):
        _lock(connection, organisation_id)
        connection.execute(QUERIES["cover_division"], {**asked, "recorded": instant(connection)})
        _log(connection, "organisation.covers", organisation_id, division_id, actor)


def end_cover(
    connection: Connection, organisation_id: int, division_id: int, *, at: datetime, actor: UUID | None = None
) -> None:
    """From `at` on it answers for the division no longer; raises Unknown where it does not."""
    asked = {"organisation": organisation_id, "division": division_id, "at": at}
    with change(connection, overlap="another change of the same organisation came in between: try again"):
        _lock(connection, organisation_id)
        if not one(connection, "end_cover", {**asked, "recorded": instant(connection)}):
            raise Unknown(f"organisation {organisation_id} does not answer for division {division_id} then")
        _log(connection, "organisation.covers_no_more", organisation_id, division_id, actor)


def _name(name: str) -> str:
    plain = " ".join(name.split())
    if not plain or len(plain) > _LONGEST:
        raise Refused(f"an organisation has a name of 1 to {_LONGEST} letters")
    return plain


def _lock(connection: Connection, organisation_id: int) -> None:
    if one(connection, "lock_organisation", {"organisation": organisation_id}) is None:
        raise Unknown(f"there is no organisation {organisation_id}: see `shijing organisation list`")


def _log(connection: Connection, act: str, organisation_id: int, division_id: int | None, actor: UUID | None) -> None:
    subject = f"organisation {organisation_id}"
    audit.append(connection, act=act, actor=actor, subject=subject, division_id=division_id)
