"""Signing in: a name and a password, a one-time link, or a token; and what a session is good for."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from psycopg.rows import dict_row

from access.accounts import QUERIES, Account, account_of, find, tell
from access.credentials import csrf_of, fingerprint, new_secret
from access.errors import AccountRefused, SignInRefused
from access.passwords import is_outdated, matches, rehashed
from access.unknown_names import failed_unknown, waits_until
from access.viewer import Viewer
from config.access_settings import SignInSettings
from config.database import Connection

Way = Literal["password", "totp", "link", "oidc"]
_SEEN_AGAIN = timedelta(minutes=1)  # how often the last request of a session is written down


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a request comes from, as far as it says."""

    address: str = ""
    agent: str = ""


def check_password(
    connection: Connection, name: str, password: str, *, settings: SignInSettings, now: datetime
) -> Account:
    """The account whose name and password these are; raises SignInRefused, and counts what fails.

    A name that there is not takes as long, and gets the same answer, as a password that is wrong.
    """
    found = find(connection, "account_by_name", {"name": name})
    if found is None:
        waits = waits_until(connection, name, now=now)
        matches(None, password)
        raise waits or failed_unknown(connection, name, settings=settings, now=now)
    if found.locked_until is not None and found.locked_until > now:
        matches(None, password)
        raise _held(found, now)

    def is_right(tried: Account) -> bool:
        # Who knows the password need not know that the account is locked: to them, too, it is wrong, and counts.
        return matches(tried.password_hash, password) and tried.locked_at is None

    found = attempt(connection, found, is_right, settings=settings, now=now)
    if found.password_hash is not None and is_outdated(found.password_hash):
        connection.execute(QUERIES["renew_hash"], {"id": found.id, "hash": rehashed(password)})
    return found


def attempt(
    connection: Connection,
    account: Account,
    is_right: Callable[[Account], bool],
    *,
    settings: SignInSettings,
    now: datetime,
    wrong: str = "wrong",
) -> Account:
    """One try at an account, by `is_right`; the account as it is now. Raises SignInRefused, and counts what fails.

    Tries at one account wait for each other: a hundred at once are no more than a hundred in a row.
    """
    with connection.transaction():
        connection.execute(QUERIES["lock_account_row"], {"id": account.id})
        known = account_of(connection, account.id)
        refused = _held(known, now) if known.locked_until is not None and known.locked_until > now else None
        if refused is None and not is_right(known):
            refused = failed(connection, known, settings=settings, now=now, wrong=wrong)
    if refused is not None:  # after the commit: what failed stays counted
        raise refused
    return known


def _held(account: Account, now: datetime) -> SignInRefused:
    assert account.locked_until is not None
    return SignInRefused("locked", (account.locked_until - now).total_seconds())


def failed(
    connection: Connection, tried: Account, *, settings: SignInSettings, now: datetime, wrong: str = "wrong"
) -> SignInRefused:
    """Count a failed try; what to answer. The audit tells of it when the account is locked by it."""
    asked = {
        "id": tried.id,
        "now": now,
        "most": settings.tries,
        "lock_s": settings.lock_s,
        "longest_s": settings.longest_lock_s,
    }
    with connection.transaction():
        row = connection.execute(QUERIES["count_failure"], asked).fetchone()
        assert row is not None
        tries, until = row
        if until is None or until <= now:
            return SignInRefused(wrong)
        tell(connection, act="account.held", by=None, account_id=tried.id, details={"tries": tries})
    return SignInRefused("locked", (until - now).total_seconds())


def open_session(
    connection: Connection,
    account: Account,
    *,
    way: Way,
    origin: Origin,
    settings: SignInSettings,
    now: datetime,
    former: str = "",
) -> str:
    """A new session; its secret is told this once. The browser's `former` one is not taken over: it ends."""
    secret = new_secret()
    lasts, idle = settings.lasting(account.kind, phone=is_phone(connection, account, settings, now))
    row = {
        "hash": fingerprint(secret),
        "account": account.id,
        "now": now,
        "expires": now + timedelta(seconds=lasts),
        "idle_s": idle,
        "address": origin.address[:60],
        "agent": origin.agent[:200],
        "way": way,
    }
    with connection.transaction():
        if former:
            connection.execute(QUERIES["end_other_session"], {"hash": fingerprint(former)})
        connection.execute(QUERIES["forget_failures"], {"id": account.id})
        connection.execute(QUERIES["open_session"], row)
        tell(connection, act="session.opened", by=account.id, account_id=account.id, details={"way": way})
    return secret


def is_phone(connection: Connection, account: Account, settings: SignInSettings, now: datetime) -> bool:
    """Whether it is the account of somebody who answers tasks, and of nothing else: a phone's."""
    named = {"id": account.id, "roles": list(settings.phone_roles), "now": now}
    return connection.execute(QUERIES["is_phone"], named).fetchone() == (True,)


def viewer_of_session(connection: Connection, secret: str, *, now: datetime) -> Viewer | None:
    """Whose session it is; None where there is none, or it is over."""
    asked = {"hash": fingerprint(secret), "now": now}
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(QUERIES["session"], asked).fetchone()
    if row is None:
        return None
    if now - row["seen_at"] > _SEEN_AGAIN:
        connection.execute(QUERIES["seen"], asked)
    return Viewer(
        account_id=row["id"],
        name=row["name"],
        kind=row["kind"],
        grants=_grants(row),
        csrf=csrf_of(secret),
        session_hash=asked["hash"],  # type: ignore[arg-type]
        since=row["created_at"],
        must_change=row["must_change"],
        second_factor=row["second_factor"],
        person_id=row["person_id"],
    )


def viewer_of_token(connection: Connection, secret: str, *, now: datetime) -> Viewer | None:
    """Whose API token it is; None where there is none, it has expired or was revoked."""
    asked = {"hash": fingerprint(secret), "now": now}
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(QUERIES["token"], asked).fetchone()
    if row is None:
        return None
    if row["used_at"] is None or now - row["used_at"] > _SEEN_AGAIN:
        connection.execute(QUERIES["token_used"], asked)
    return Viewer(
        account_id=row["id"],
        name=row["name"],
        kind=row["kind"],
        grants=_grants(row),
        only=frozenset(row["rights"]),
        person_id=row["person_id"],
    )


def _grants(row: dict[str, Any]) -> list[tuple[str, int | None]]:
    return [(role, division) for role, division in row["grants"]]


def end_session(connection: Connection, secret_hash: bytes) -> None:
    """Sign out."""
    with connection.transaction():
        row = connection.execute(QUERIES["end_session"], {"hash": secret_hash}).fetchone()
        if row is not None:
            tell(connection, act="session.ended", by=row[0], account_id=row[0])


def end_sessions(connection: Connection, account_id: UUID, *, but: bytes | None = None, by: UUID | None) -> int:
    """Sign out everywhere, but for one session where it is named; how many ended."""
    with connection.transaction():
        ended = connection.execute(QUERIES["end_sessions"], {"account": account_id, "but": but}).rowcount
        connection.execute(QUERIES["forget_tickets"], {"account": account_id})
        tell(connection, act="session.all_ended", by=by, account_id=account_id, details={"count": ended})
    return ended


def end_session_of(connection: Connection, account_id: UUID, session_id: str) -> None:
    """End one session of the account, by its id of `sessions_of`; raises AccountRefused where there is none."""
    with connection.transaction():
        asked = {"account": account_id, "id": session_id}
        if connection.execute(QUERIES["end_session_of"], asked).fetchone() is None:
            raise AccountRefused("that session is over already", "该会话已结束。")
        tell(connection, act="session.ended", by=account_id, account_id=account_id)


def sessions_of(connection: Connection, account_id: UUID, *, now: datetime) -> list[dict[str, Any]]:
    """The sessions of an account, the last used first; `id` is the hash, in hexadecimal digits."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(QUERIES["sessions_of"], {"account": account_id, "now": now}).fetchall()


def add_link(connection: Connection, account_id: UUID, *, now: datetime, lasts_s: float, by: UUID | None = None) -> str:
    """A link's secret that opens one session, once."""
    secret = new_secret()
    row = {
        "hash": fingerprint(secret),
        "account": account_id,
        "now": now,
        "expires": now + timedelta(seconds=lasts_s),
    }
    with connection.transaction():
        connection.execute(QUERIES["add_link"], row)
        tell(connection, act="link.made", by=by, account_id=account_id)
    return secret


def check_link(connection: Connection, secret: str, *, now: datetime) -> None:
    """Raise SignInRefused("link") where it would open nothing."""
    if connection.execute(QUERIES["link"], {"hash": fingerprint(secret), "now": now}).fetchone() is None:
        raise SignInRefused("link")


def use_link(connection: Connection, secret: str, *, now: datetime) -> UUID:
    """Whose link it is; it is used up. Raises SignInRefused("link")."""
    row = connection.execute(QUERIES["use_link"], {"hash": fingerprint(secret), "now": now}).fetchone()
    if row is None:
        raise SignInRefused("link")
    found: UUID = row[0]
    return found
