"""People of organisations and their terms: who serves, since when, and until they leave."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.range import TimestamptzRange

from access import audit
from access.vault import Vault
from config.database import Connection
from people.errors import Refused, Unknown
from people.history import MEANWHILE_ZH, QUERIES, change, check_span, instant, lock_people, one, told_at
from people.private import Private, find_private, put_private

Employment = Literal["full_time", "part_time", "volunteer"]
EMPLOYMENTS: tuple[Employment, ...] = ("full_time", "part_time", "volunteer")

_LONGEST = 40
# A mobile number or an identity card is no number of staff: it would stand in plain text.
_PERSONAL = re.compile(r"(\+?86)?1[3-9][0-9]{9}|[0-9]{17}[0-9Xx]|.*@.*")


@dataclass(frozen=True, kw_only=True)
class Person:
    """One and their term, with nothing that tells who it is."""

    id: UUID
    organisation_id: int
    staff_number: str
    employment: Employment
    skills: list[str]
    valid: TimestamptzRange  # of the term at the instant asked about


def people(
    connection: Connection,
    at: datetime,
    *,
    organisation_id: int | None = None,
    after: UUID | None = None,
    most: int = 1000,
) -> list[Person]:
    """Who serves at an instant, by id; `after` pages on."""
    asked = {"at": at, "organisation": organisation_id, "after": after, "most": most}
    with connection.cursor(row_factory=class_row(Person)) as cursor:
        return cursor.execute(QUERIES["people"], asked).fetchall()


def person_named(connection: Connection, vault: Vault | None, named: str) -> UUID:
    """One by id, `organisation/staff number`, or a staff number, name or telephone that only one has.

    Names and telephones need the vault. Raises Unknown, and Refused where several have it.
    """
    text = named.strip()
    if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text):
        return UUID(text)
    code, _, number = text.rpartition("/")
    asked = {"number": number, "code": code or None}
    found: set[UUID] = {row[0] for row in connection.execute(QUERIES["person_of_number"], asked)}
    if not found and vault is not None:
        found = set(find_private(connection, vault, text))
    if len(found) != 1:
        hint = "give the id, or organisation/staff number, from `shijing people list`"
        raise (Refused if found else Unknown)(f"{len(found) or 'no'} people are called so: {hint}")
    return min(found)


def add_person(
    connection: Connection,
    vault: Vault,
    *,
    organisation_id: int,
    staff_number: str,
    fields: Private,
    since: datetime,
    employment: Employment = "full_time",
    skills: Sequence[str] = (),
    actor: UUID | None = None,
) -> UUID:
    """Somebody who serves from `since` on; their id. Raises Overlaps for a staff number that is taken, Refused."""
    check_span(since, None)
    number = plain_number(staff_number)
    term = _term(employment, skills)
    with change(
        connection,
        overlap="the organisation has that staff number already: take another, or change that one",
        zh="该机构已有此工号，请换一个，或修改该人员。",
    ):
        person_id: UUID = one(connection, "add_person", {"organisation": organisation_id, "staff_number": number})
        put_private(connection, vault, person_id, organisation_id, fields)
        asked = {"person": person_id, "organisation": organisation_id, "since": since, **term}
        connection.execute(QUERIES["add_term"], {**asked, "recorded": instant(connection)})
        _log(connection, "person.added", person_id, organisation_id, since, actor)
    return person_id


def change_term(
    connection: Connection,
    person_id: UUID,
    *,
    at: datetime,
    employment: Employment,
    skills: Sequence[str] = (),
    actor: UUID | None = None,
) -> None:
    """Another employment or other skills from `at` on, as long as that term lasts; raises Unknown, Refused."""
    check_span(at, None)
    asked = {"person": person_id, "at": at, **_term(employment, skills)}
    with change(connection, overlap="another change of the same term came in between: try again", zh=MEANWHILE_ZH):
        organisation = lock_people(connection, [person_id])[person_id]
        if not one(connection, "change_term", {**asked, "recorded": instant(connection)}):
            raise Refused(
                f"the person does not serve at {at.isoformat()}: name a time within a term, or renew it",
                "此人当时不在职，请先办理重新任职。",
            )
        _log(connection, "person.term_changed", person_id, organisation, at, actor)


def renew_term(
    connection: Connection,
    person_id: UUID,
    *,
    since: datetime,
    employment: Employment = "full_time",
    skills: Sequence[str] = (),
    actor: UUID | None = None,
) -> None:
    """Somebody who left serves again from `since` on; raises Overlaps while they serve."""
    check_span(since, None)
    asked = {"person": person_id, "since": since, **_term(employment, skills)}
    with change(
        connection,
        overlap="the person serves already at some of that time: change the term instead",
        zh="此人在此时间内已在职，无需重新任职。",
    ):
        organisation = lock_people(connection, [person_id])[person_id]
        asked |= {"organisation": organisation, "recorded": instant(connection)}
        connection.execute(QUERIES["add_term"], asked)
        _log(connection, "person.term_renewed", person_id, organisation, since, actor)


def leave(connection: Connection, person_id: UUID, *, at: datetime, actor: UUID | None = None) -> None:
    """From `at` on they serve no more: term, posts, shifts and absences end; for whom they stood in, nobody does.

    Raises Refused where they do not serve after `at`.
    """
    check_span(at, None)
    asked = {"person": person_id, "at": at, "post": None, "division": None, "id": None}
    with change(connection, overlap="another change of the same person came in between: try again", zh=MEANWHILE_ZH):
        # Those for whom they stand in are changed, too: locked together, in the order of ids.
        others = [row[0] for row in connection.execute(QUERIES["stood_in_for"], asked)]
        organisation = lock_people(connection, [person_id, *others])[person_id]
        asked["recorded"] = instant(connection)
        if not one(connection, "cut_terms", asked):
            raise Refused(f"the person does not serve after {at.isoformat()}: they left before", "此人届时已离职。")
        ended = {name: one(connection, f"cut_{name}", asked) for name in ("holdings", "shifts", "absences")}
        ended["stand_ins"] = one(connection, "lose_stand_in", asked)
        _log(connection, "person.left", person_id, organisation, at, actor, **ended)


def plain_number(text: str) -> str:
    """A number of staff as it is kept; raises Refused."""
    number = text.strip()
    if not number or len(number) > _LONGEST or "/" in number:
        raise Refused(
            f"a staff number has 1 to {_LONGEST} letters, and no / among them",
            f"工号为 1 至 {_LONGEST} 个字符，不含 /。",
        )
    if _PERSONAL.fullmatch(number):
        raise Refused(
            "a staff number is no telephone, identity card or mail address: it is not encrypted",
            "工号不加密，不能用手机号、身份证号或邮箱。",
        )
    return number


def _term(employment: str, skills: Sequence[str]) -> dict[str, object]:
    if employment not in EMPLOYMENTS:
        raise Refused(f"{employment!r} is no employment: take one of {', '.join(EMPLOYMENTS)}")
    return {"employment": employment, "skills": sorted({" ".join(skill.split()) for skill in skills if skill.strip()})}


def _log(
    connection: Connection,
    act: str,
    person_id: UUID,
    organisation_id: int,
    at: datetime,
    actor: UUID | None,
    **details: int,
) -> None:
    where = told_at(connection, organisation_id, at)
    told = {"at": at.isoformat(), **details}
    audit.append(connection, act=act, actor=actor, subject=person_id, division_id=where, details=told)
