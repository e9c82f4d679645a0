"""Accounts of the demo: one of each role, without a password; a one-time link opens each."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from access.accounts import account, add_account, division_named, grant, link_person
from access.errors import AccountRefused, AccountUnknown
from access.rights import Role, load_roles
from access.sessions import add_link
from config.database import Connection, connect
from people.duty import on_duty

_LASTS_S = 12 * 3600.0
# Where those work who do not see the whole city; without it, a role is given everywhere.
_PLACES = {"grid_worker": "寸滩街道", "township_official": "寸滩街道", "duty_officer": "渝中区"}


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """A way in: whose, where it reaches, and the path of the link."""

    role: Role
    place: str
    path: str


def invitations(database_url: str) -> list[Invitation]:
    """A fresh link for each role, the commander's first."""
    with connect(database_url, "demo", autocommit=True) as connection:
        return list(_invite(connection, load_roles(), datetime.now(UTC)))


def _invite(connection: Connection, roles: dict[str, Role], now: datetime) -> Iterator[Invitation]:
    for name, role in roles.items():
        account_id = _account(connection, name, roles, now)
        secret = add_link(connection, account_id, now=now, lasts_s=_LASTS_S)
        yield Invitation(role=role, place=_PLACES.get(name, ""), path=f"/link/{secret}")


def _account(connection: Connection, role: str, roles: dict[str, Role], now: datetime) -> UUID:
    try:
        return account(connection, f"demo-{role}").id
    except AccountUnknown:
        account_id = add_account(connection, f"demo-{role}", kind="screen" if role == "screen" else "person")
        place = _place(connection, role, now)
        grant(connection, account_id, role, place, roles=roles, now=now)
        if role == "grid_worker" and place is not None:
            _answer_for(connection, account_id, place, now)
        return account_id


def _answer_for(connection: Connection, account_id: UUID, place: int, now: datetime) -> None:
    """The account's phone is that of somebody who is on duty there, where there is anybody."""
    found = on_duty(connection, place, now, post="grid_worker")
    if found:
        link_person(connection, account_id, found[0].person_id)


def _place(connection: Connection, role: str, now: datetime) -> int | None:
    try:
        return division_named(connection, _PLACES[role], now=now) if role in _PLACES else None
    except AccountRefused:  # other divisions were imported: then everywhere is better than nowhere
        return None
