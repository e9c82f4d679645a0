"""People as pages show them: read in the scope of whoever looks, and told which of them are theirs to keep."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.range import TimestamptzRange

from config.database import Connection
from config.queries import Queries

QUERIES = Queries(Path(__file__).with_name("page_queries.sql"))
_MOST = 500  # rows of one person, or of a division's week

Row = TypeVar("Row")


@dataclass(frozen=True, kw_only=True)
class Own:
    """An organisation that lies wholly in a scope."""

    id: int
    code: str
    kind: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Staff:
    """One of a list; `organisation` None: beyond the scope, they hold something within it."""

    id: UUID
    organisation_id: int
    organisation: str | None
    staff_number: str
    employment: str | None  # None: without any term that may be seen
    skills: list[str]
    valid: TimestamptzRange | None  # of the present term, else the last one
    posts: list[str]  # post and division's id with a space between them
    away: str | None  # the kind of absence, now
    away_during: TimestamptzRange | None
    stand_in_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which of them."""

    ids: Sequence[UUID] | None = None  # or of this staff number
    number: str | None = None
    organisation_id: int | None = None
    post: str | None = None
    serving: bool | None = None  # now or later; None: either
    absent: bool = False
    after: UUID | None = None  # whom the page before ended with


@dataclass(frozen=True, kw_only=True)
class Known:
    """Whose name may be opened, as they were found in the scope."""

    id: UUID
    organisation_id: int
    staff_number: str


@dataclass(frozen=True, kw_only=True)
class Term:
    """Once served so."""

    employment: str
    skills: list[str]
    valid: TimestamptzRange


@dataclass(frozen=True, kw_only=True)
class Held:
    """A post that was, is or will be held."""

    id: int
    post: str
    division_id: int
    during: TimestamptzRange
    in_scope: bool  # the division


@dataclass(frozen=True, kw_only=True)
class Shift(Held):
    """A shift that is not over."""

    person_id: UUID


@dataclass(frozen=True, kw_only=True)
class Absence:
    """Away, and who stands in."""

    id: int
    person_id: UUID
    kind: str
    during: TimestamptzRange
    stand_in_id: UUID | None


def own_organisations(connection: Connection, at: datetime) -> dict[int, Own]:
    """Organisations that are the asker's to keep, by id."""
    return {one.id: one for one in _rows(connection, Own, "own_organisations", at=at)}


def staff(connection: Connection, wanted: Wanted, *, at: datetime, most: int) -> list[Staff]:
    """People by organisation and staff number."""
    asked = {
        "ids": None if wanted.ids is None else list(wanted.ids),
        "number": wanted.number,
        "organisation": wanted.organisation_id,
        "post": wanted.post,
        "serving": wanted.serving,
        "absent": wanted.absent,
        "after": wanted.after,
    }
    return _rows(connection, Staff, "staff", at=at, most=most, **asked)


def one_of_staff(connection: Connection, person_id: UUID, *, at: datetime) -> Staff | None:
    """One of them; None where nobody of that id may be seen."""
    found = staff(connection, Wanted(ids=[person_id]), at=at, most=1)
    return found[0] if found else None


def known(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, Known]:
    """Those of the ids that may be seen."""
    return {one.id: one for one in _rows(connection, Known, "known", ids=list(ids))}


def terms_of(connection: Connection, person_id: UUID) -> list[Term]:
    """The newest first."""
    return _rows(connection, Term, "terms", person=person_id)


def holdings_of(connection: Connection, person_id: UUID) -> list[Held]:
    """The newest first."""
    return _rows(connection, Held, "holdings", person=person_id)


def shifts(
    connection: Connection,
    *,
    since: datetime,
    until: datetime | None = None,
    person_id: UUID | None = None,
    division_id: int | None = None,
    shift_id: int | None = None,
) -> list[Shift]:
    """Those that are not over by `since`, by time."""
    asked = {"since": since, "until": until, "person": person_id, "division": division_id, "id": shift_id}
    return _rows(connection, Shift, "shifts_to_come", most=_MOST, **asked)


def absences(
    connection: Connection,
    *,
    since: datetime,
    until: datetime | None = None,
    person_id: UUID | None = None,
    stands_in: UUID | None = None,
    division_id: int | None = None,
    absence_id: int | None = None,
) -> list[Absence]:
    """Those that are not over by `since`, the latest first; of a division: of whoever holds something in it."""
    asked = {"since": since, "until": until, "person": person_id, "stands_in": stands_in}
    return _rows(connection, Absence, "absences", most=_MOST, division=division_id, id=absence_id, **asked)


def _rows(connection: Connection, kind: type[Row], query: str, **asked: Any) -> list[Row]:
    with connection.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(QUERIES[query], asked).fetchall()
