"""Accounts of the tests: somebody with the roles that a test names, and the session that a request carries."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from access.accounts import account_of, add_account, grant
from access.credentials import csrf_of
from access.rights import load_roles
from access.sessions import Origin, open_session
from config.access_settings import SignInSettings
from config.database import Connection, connect

ROLES = load_roles()


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """An account and its session."""

    account_id: UUID
    name: str
    secret: str

    @property
    def headers(self) -> dict[str, str]:
        """What a page of the session sends."""
        return {"Cookie": f"shijing={self.secret}", "X-CSRF-Token": csrf_of(self.secret)}

    @property
    def cookies(self) -> list[dict[str, str]]:
        """The same for a browser."""
        pairs = {"shijing": self.secret, "shijing-csrf": csrf_of(self.secret)}
        return [{"name": name, "value": value, "url": "http://127.0.0.1"} for name, value in pairs.items()]


def signed_in(connection: Connection, name: str, roles: list[tuple[str, int | None]], kind: str = "person") -> SignedIn:
    """A new account with roles (None: everywhere), signed in."""
    now = datetime.now(UTC)
    account_id = add_account(connection, name, kind=kind)  # type: ignore[arg-type]
    for role, division in roles:
        grant(connection, account_id, role, division, roles=ROLES, now=now)
    account = account_of(connection, account_id)
    secret = open_session(
        connection, account, way="link", origin=Origin(), settings=SignInSettings(), now=datetime.now(UTC)
    )
    return SignedIn(account_id=account_id, name=name, secret=secret)


def everything(database_url: str) -> SignedIn | None:
    """Somebody who may do everything everywhere; None where the database has no schema."""
    with connect(database_url, "test-account", autocommit=True) as connection:
        if connection.execute("select to_regclass('accounts')").fetchone() == (None,):
            return None
        return signed_in(connection, f"all-{datetime.now(UTC).timestamp()}", [(role, None) for role in ROLES])
