"""How a change of people is written: those concerned locked, then one instant for all that is closed and begun."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from config.database import Connection
from config.queries import Queries
from people.errors import Overlaps, Refused, Unknown

QUERIES = Queries(Path(__file__).with_name("queries.sql"))
MEANWHILE_ZH = "同一信息刚被他人修改，请刷新后重试。"
_WHAT_ZH = {"the post": "此人", "the shift": "此人", "standing in": "顶岗人"}


@contextmanager
def change(connection: Connection, *, overlap: str, zh: str = "") -> Iterator[None]:
    """One transaction; raises Overlaps with these words where the database finds the same there already."""
    try:
        with connection.transaction():
            yield
    except (psycopg.errors.ExclusionViolation, psycopg.errors.UniqueViolation) as error:
        raise Overlaps(overlap, zh) from error
    except psycopg.errors.ForeignKeyViolation as error:
        raise Unknown(f"there is no such row: {error.diag.message_detail}") from error


def lock_people(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, int]:
    """Wait to be the only one who changes them; the organisation of each. Raises Unknown."""
    wanted = set(ids)
    found: dict[UUID, int] = dict(connection.execute(QUERIES["lock_people"], {"ids": list(wanted)}).fetchall())
    if missing := wanted - found.keys():
        raise Unknown(f"there is no person {min(missing)}: see `shijing people list`", "查无此人。")
    return found


def instant(connection: Connection) -> datetime:
    """What the change is recorded as; asked for after the locks, so that it is later than all that they wait for."""
    at: datetime = one(connection, "instant", {})
    return at


def one(connection: Connection, query: str, asked: Mapping[str, Any]) -> Any:
    """The first field of a statement's only row; None where it has no row."""
    row = connection.execute(QUERIES[query], asked).fetchone()
    return None if row is None else row[0]


def told_at(connection: Connection, organisation_id: int, at: datetime) -> int | None:
    """The division whose auditor reads of a change in an organisation."""
    division: int | None = one(connection, "division_of_organisation", {"organisation": organisation_id, "at": at})
    return division


def check_span(since: datetime, until: datetime | None) -> None:
    """Raise Refused for times without an offset, and for an end that is no later than the beginning."""
    for time in (since, until):
        if time is not None and time.tzinfo is None:
            raise Refused(f"{time} has no offset: write 2026-08-14T08:00:00+08:00")
    if until is not None and until <= since:
        raise Refused(
            f"it would end ({until.isoformat()}) before it begins ({since.isoformat()}): name a later end",
            "结束时间不晚于开始时间，请改为更晚的结束时间。",
        )


def check_serves(connection: Connection, person_id: UUID, since: datetime, until: datetime | None, what: str) -> None:
    """Raise Refused where the person does not serve for all of that time."""
    if not one(connection, "serves", {"person": person_id, "since": since, "until": until}):
        end = "open" if until is None else until.isoformat()
        raise Refused(
            f"the person's terms do not cover {what} from {since.isoformat()} to {end}:"
            " name a time within them, or renew the term first",
            f"{_WHAT_ZH[what]}在此时间内并非全程在职，请改时间，或先办理重新任职。",
        )
