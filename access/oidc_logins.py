"""Sign-ins that are at the provider: what has to come back, once, and to which browser; and whose account it opens."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from psycopg.rows import class_row

from access.accounts import add_account, find, link_oidc
from access.credentials import fingerprint, new_secret
from access.errors import AccountRefused, SignInRefused
from access.oidc import new_verifier, subject_of
from access.second_factor import QUERIES
from config.access_settings import OidcSettings
from config.database import Connection

LASTS = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class Login:
    """What was sent along, and has to be told the provider again."""

    nonce: str
    verifier: str
    redirect_uri: str
    onward: str
    language: Literal["zh", "en"]


def add_login(connection: Connection, login: Login, browser: str, *, now: datetime) -> str:
    """The state to send along, for the browser that holds this secret."""
    state = new_secret()
    row = {
        **vars(login),
        "state": fingerprint(state),
        "browser": fingerprint(browser),
        "expires": now + LASTS,
    }
    connection.execute(QUERIES["forget_old_logins"], {"now": now})
    connection.execute(QUERIES["add_login"], row)
    return state


def new_login(*, redirect_uri: str, onward: str, language: Literal["zh", "en"]) -> Login:
    """With a nonce and a verifier of its own."""
    return Login(
        nonce=new_secret(), verifier=new_verifier(), redirect_uri=redirect_uri, onward=onward, language=language
    )


def use_login(connection: Connection, state: str, browser: str, *, now: datetime) -> Login:
    """What was sent along with the state; raises SignInRefused("oidc") the second time, or for another browser."""
    asked = {"state": fingerprint(state), "browser": fingerprint(browser), "now": now}
    with connection.cursor(row_factory=class_row(Login)) as cursor:
        found = cursor.execute(QUERIES["use_login"], asked).fetchone()
    if found is None:
        raise SignInRefused("oidc")
    return found


def account_for(connection: Connection, claims: dict[str, Any], settings: OidcSettings) -> UUID:
    """The account that is linked with the subject, or a new one without any role where the settings want that.

    An account that only has the same name is nobody's to take: raises SignInRefused("unknown").
    """
    subject = subject_of(settings.issuer, claims["sub"])
    found = find(connection, "account_by_oidc", {"subject": subject})
    if found is not None:
        if found.locked_at is not None:
            raise SignInRefused("unknown")
        return found.id
    name = claims.get(settings.name_claim)
    if settings.unknown == "refused" or not isinstance(name, str):
        raise SignInRefused("unknown")
    try:
        with connection.transaction():
            account_id = add_account(connection, name)
            link_oidc(connection, account_id, subject)
    except AccountRefused as error:
        raise SignInRefused("unknown") from error
    return account_id
