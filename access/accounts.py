"""Accounts and their roles: made, granted, locked. Each act is in the audit, with the hand that did it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import psycopg
from psycopg.rows import class_row, dict_row

from access.audit import append
from access.errors import AccountRefused, AccountUnknown
from access.passwords import hashed
from access.rights import Role
from access.scope import Scope
from config.database import Connection
from config.queries import Queries

QUERIES = Queries(Path(__file__).with_name("queries.sql"))

Kind = Literal["person", "screen", "service"]


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account as it is stored."""

    id: UUID
    name: str
    kind: str
    password_hash: str | None
    must_change: bool
    totp_secret: bytes | None  # encrypted
    totp_step: int | None
    oidc_subject: str | None
    failed_tries: int
    locked_until: datetime | None
    locked_at: datetime | None


def tell(
    connection: Connection,
    *,
    act: str,
    account_id: UUID,
    by: UUID | None,
    details: Mapping[str, Any] | None = None,
    division_id: int | None = None,
) -> None:
    """Write an act on an account into the audit, with the account's division where it has exactly one (or the one
    that it gets just now), so that those who watch over that division read it. The last statement of a transaction."""
    append(
        connection, act=act, actor=by, subject=str(account_id), details=details,
        division_id=division_id or home(connection, account_id),
    )  # fmt: skip


def home(connection: Connection, account_id: UUID) -> int | None:
    """The one division that an account has roles for, or had, where it has none now; None: several, or everywhere."""
    row = connection.execute(QUERIES["home"], {"account": account_id}).fetchone()
    return None if row is None else row[0]


def account(connection: Connection, name: str) -> Account:
    """The account of that name, in whatever case; raises AccountUnknown."""
    found = find(connection, "account_by_name", {"name": name})
    if found is None:
        raise AccountUnknown(name)
    return found


def account_of(connection: Connection, account_id: UUID) -> Account:
    """The account of that id; raises AccountUnknown."""
    found = find(connection, "account_by_id", {"id": account_id})
    if found is None:
        raise AccountUnknown(str(account_id))
    return found


def find(connection: Connection, query: str, asked: Mapping[str, object]) -> Account | None:
    """One account by a named query."""
    with connection.cursor(row_factory=class_row(Account)) as cursor:
        return cursor.execute(QUERIES[query], asked).fetchone()


def add_account(
    connection: Connection,
    name: str,
    *,
    kind: Kind = "person",
    password: str | None = None,
    must_change: bool = False,
    by: UUID | None = None,
    division_id: int | None = None,
) -> UUID:
    """A new account without any role; `division_id` is where it will have one, for the audit.

    Raises AccountRefused for a name that is taken or a password too easy.
    """
    row = {
        "name": name.strip(),
        "kind": kind,
        "password_hash": None if password is None else hashed(password, name),
        "must_change": must_change,
        "by": by,
    }
    try:
        with connection.transaction():
            found = connection.execute(QUERIES["add_account"], row).fetchone()
            assert found is not None
            tell(
                connection, act="account.added", by=by, account_id=found[0], details={"kind": kind},
                division_id=division_id,
            )  # fmt: skip
    except psycopg.errors.UniqueViolation as error:
        raise AccountRefused(
            f"there is an account {name.strip()!r} already: take another name",
            f"已有名为“{name.strip()}”的账号，请换一个名称。",
        ) from error
    except psycopg.errors.CheckViolation as error:
        raise AccountRefused(
            'a name has 1 to 60 characters, without spaces and without / \\ < > " &',
            '名称须有 1 至 60 个字符，不含空格和 / \\ < > " &。',
        ) from error
    account_id: UUID = found[0]
    return account_id


def grant(
    connection: Connection,
    account_id: UUID,
    role: str,
    division_id: int | None,
    *,
    roles: Mapping[str, Role],
    now: datetime,
    until: datetime | None = None,
    by: UUID | None = None,
) -> int:
    """Give a role for a division and all in it (None: everywhere), from now on; raises AccountRefused."""
    if role not in roles:
        raise AccountRefused(f"there is no role {role!r}: take one of {', '.join(roles)}")
    if until is not None and until <= now:
        raise AccountRefused(
            "the role would end before it begins: name a later end", "截止日期已过，请填写更晚的日期。"
        )
    row = {"account": account_id, "role": role, "division": division_id, "now": now, "until": until, "by": by}
    try:
        with connection.transaction():
            found = connection.execute(QUERIES["grant_role"], row).fetchone()
            append(
                connection, act="role.granted", actor=by, subject=str(account_id), division_id=division_id,
                details={"role": role, "until": None if until is None else until.isoformat()},
            )  # fmt: skip
    except psycopg.errors.ExclusionViolation as error:
        raise AccountRefused(
            f"the account has the role {role} there already", f"该账号在此区划已有“{roles[role].zh}”角色。"
        ) from error
    assert found is not None
    return int(found[0])


def end_grant(
    connection: Connection, account_id: UUID, grant_id: int, *, now: datetime, by: UUID | None = None
) -> None:
    """Take a role back, from now on; raises AccountRefused where it is not held."""
    with connection.transaction():
        row = connection.execute(QUERIES["end_grant"], {"id": grant_id, "account": account_id, "now": now}).fetchone()
        if row is None:
            raise AccountRefused("the account does not hold that role (any more)", "该账号已不持有这个角色。")
        append(
            connection, act="role.ended", actor=by, subject=str(account_id), division_id=row[1],
            details={"role": row[0]},
        )  # fmt: skip


def lock(connection: Connection, account_id: UUID, *, now: datetime, by: UUID | None = None) -> None:
    """Nobody gets in with it any more; its sessions end."""
    with connection.transaction():
        connection.execute(QUERIES["set_locked"], {"id": account_id, "at": now})
        connection.execute(QUERIES["end_sessions"], {"account": account_id, "but": None})
        tell(connection, act="account.locked", by=by, account_id=account_id)


def unlock(connection: Connection, account_id: UUID, *, by: UUID | None = None) -> None:
    """It can be used again, also where failed tries had locked it."""
    with connection.transaction():
        connection.execute(QUERIES["set_locked"], {"id": account_id, "at": None})
        tell(connection, act="account.unlocked", by=by, account_id=account_id)


def set_password(
    connection: Connection,
    account_id: UUID,
    password: str,
    *,
    must_change: bool = False,
    but: bytes | None = None,
    by: UUID | None = None,
) -> None:
    """A new password; every session but that one ends. Raises AccountRefused for one too easy."""
    known = account_of(connection, account_id)
    row = {"id": account_id, "hash": hashed(password, known.name), "must_change": must_change}
    with connection.transaction():
        connection.execute(QUERIES["set_password"], row)
        connection.execute(QUERIES["forget_tickets"], {"account": account_id})
        connection.execute(QUERIES["end_sessions"], {"account": account_id, "but": but})
        tell(connection, act="password.set", by=by, account_id=account_id)


def link_oidc(connection: Connection, account_id: UUID, subject: str, *, by: UUID | None = None) -> None:
    """Let a subject of the provider (`access.oidc.subject_of`) in as this account; raises AccountRefused."""
    try:
        with connection.transaction():
            connection.execute(QUERIES["set_oidc"], {"id": account_id, "subject": subject})
            tell(connection, act="account.linked", by=by, account_id=account_id)
    except psycopg.errors.UniqueViolation as error:
        raise AccountRefused("that subject is another account's already: see `shijing user list`") from error


def link_person(connection: Connection, account_id: UUID, person_id: UUID | None, *, by: UUID | None = None) -> None:
    """Let the account answer for a person at /worker, None: for nobody any more; raises AccountRefused."""
    act = "account.person_linked" if person_id else "account.person_unlinked"
    try:
        with connection.transaction():
            connection.execute(QUERIES["set_person"], {"id": account_id, "person": person_id})
            details = {"person": str(person_id)} if person_id else None
            tell(connection, act=act, by=by, account_id=account_id, details=details)
    except psycopg.errors.UniqueViolation as error:
        raise AccountRefused(
            "another account answers for that person already: end that first", "已有其他账号关联此人，请先解除。"
        ) from error
    except psycopg.errors.ForeignKeyViolation as error:
        raise AccountRefused("there is no such person", "没有此人。") from error


def grants_in_words(connection: Connection, account_id: UUID, *, now: datetime) -> list[dict[str, Any]]:
    """The roles that an account has now: role, division_id and division (None: everywhere), until."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(QUERIES["grants_in_words"], {"account": account_id, "now": now}).fetchall()


def accounts(
    connection: Connection,
    scope: Scope,
    *,
    now: datetime,
    account_id: UUID | None = None,
    sought: str | None = None,
    sought_roles: Sequence[str] = (),
    after: str | None = None,
    most: int | None = None,
) -> list[dict[str, Any]]:
    """Accounts with their grants: those whose every grant lies in the scope, by name.

    `sought` is a part of a name or of a division's name, its code, or one of `sought_roles`; `after` pages on by name.
    """
    asked = {
        "everywhere": scope.everywhere,
        "divisions": list(scope.divisions),
        "now": now,
        "id": account_id,
        "sought": sought,
        "sought_roles": list(sought_roles),
        "after": after,
        "most": most,
    }
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(QUERIES["list_accounts"], asked).fetchall()


def actor_named(connection: Connection, name: str) -> UUID | None:
    """Who is called so, also where it is no account (any more)."""
    row = connection.execute(QUERIES["actor_named"], {"name": name}).fetchone()
    return None if row is None else row[0]


def names_of(connection: Connection, ids: Collection[UUID]) -> dict[UUID, str]:
    """What accounts and other actors are called."""
    return dict(connection.execute(QUERIES["names_of"], {"ids": list(ids)}).fetchall())


def is_within(connection: Connection, division_id: int | None, scope: Scope) -> bool:
    """Whether a division lies in a scope; None is everywhere."""
    if scope.everywhere or division_id is None:
        return scope.everywhere
    asked = {"division": division_id, "divisions": list(scope.divisions)}
    row = connection.execute(QUERIES["is_within"], asked).fetchone()
    return bool(row and row[0])


def division_named(connection: Connection, named: str, *, now: datetime) -> int:
    """A division by code, or by a name that only one has; raises AccountRefused."""
    rows = connection.execute(QUERIES["division_of_code"], {"named": named, "now": now}).fetchall()
    if not rows:
        raise AccountRefused(
            f"no division has the code or name {named[:40]!r}", f"没有代码或名称为“{named[:40]}”的区划。"
        )
    if len(rows) > 1 and not named.isdigit():
        raise AccountRefused(
            f"more than one division is called {named[:40]!r}: give its code", f"有多个区划叫“{named[:40]}”，请填代码。"
        )
    return int(rows[0][0])
