"""What the audit is asked for: the filters of its pages, and the same in the database's terms."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, TypedDict
from uuid import UUID

from fastapi import Query

from access.accounts import actor_named, names_of
from access.audit import Entry, entries
from access.errors import FilterRefused
from access.places import division_within, place_names
from config.logs import BEIJING
from web.viewing import View

Act = Annotated[str, Query(pattern=r"^([a-z][a-z_]*(\.[a-z_]+)*)?$", max_length=60)]
Account = Annotated[str, Query(max_length=60)]
Division = Annotated[str, Query(max_length=60)]
Day = Annotated[str, Query(max_length=10)]


@dataclass(frozen=True, kw_only=True)
class Filters:
    """As they stand in the address."""

    act: str = ""
    account: str = ""
    division: str = ""
    since: str = ""
    until: str = ""

    def query(self) -> dict[str, str]:
        """For the address of another page."""
        return {
            "act": self.act,
            "account": self.account,
            "division": self.division,
            "from": self.since,
            "to": self.until,
        }


def filters(
    act: Act = "",
    account: Account = "",
    division: Division = "",
    since: Annotated[str, Query(alias="from", max_length=10)] = "",
    until: Annotated[str, Query(alias="to", max_length=10)] = "",
) -> Filters:
    """A dependency: from the address."""
    return Filters(act=act, account=account.strip(), division=division.strip(), since=since, until=until)


class Terms(TypedDict):
    """Filters in the database's terms."""

    actor: UUID | None
    within: int | None
    since: datetime | None
    until: datetime | None


def terms(view: View, asked: Filters) -> Terms:
    """Raises FilterRefused for a filter that cannot be."""
    within = None
    if asked.division:
        with view.acting() as connection:
            within = division_within(connection, asked.division, view.scope, now=view.parts.clock())
    return Terms(
        actor=actor_of(view, asked.account) if asked.account else None,
        within=within,
        since=begin_of(asked.since),
        until=end_of(asked.until),
    )


def found(view: View, asked: Filters, *, before: int | None, most: int) -> list[Entry]:
    """The acts of the scope that fit; raises FilterRefused for a filter that cannot be."""
    fitting = terms(view, asked)
    with view.connection() as connection:
        return entries(connection, act=asked.act or None, before=before, most=most, **fitting)


def actor_of(view: View, name: str) -> UUID:
    """Whose acts are asked for; raises FilterRefused for a name that nobody has."""
    with view.acting() as connection:
        known = actor_named(connection, name)
    if known is None:
        raise FilterRefused(f"there is no account {name[:40]!r}", f"没有名为“{name[:40]}”的账号。")
    return known


def begin_of(day: str) -> datetime | None:
    """The beginning of that day in Beijing; raises FilterRefused for no date."""
    if not day:
        return None
    try:
        return datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=BEIJING)
    except ValueError as error:
        raise FilterRefused("a day is written as 2026-11-26", "日期请写成 2026-11-26。") from error


def end_of(day: str) -> datetime | None:
    """Its end."""
    begin = begin_of(day)
    return None if begin is None else begin + timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Known:
    """What ids are called."""

    people: dict[UUID, str]
    places: dict[int, str]

    def person(self, actor: UUID | None, nobody: str) -> str:
        """Their name; a part of the id where nobody is called so any more."""
        return nobody if actor is None else self.people.get(actor, str(actor)[:8])

    def subject(self, subject: str) -> str:
        """An account's name where it is one, else what stands there."""
        known = _uuid(subject)
        return self.people.get(known, subject) if known else subject


def known(view: View, people: Iterable[UUID | str | None], places: Iterable[int | None]) -> Known:
    """The names of what a page shows: no more than it shows already."""
    ids = {one if isinstance(one, UUID) else _uuid(one) for one in people if one}
    with view.acting() as connection:
        return Known(
            people=names_of(connection, [one for one in ids if one]),
            places=place_names(connection, [one for one in places if one is not None], now=view.parts.clock()),
        )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
