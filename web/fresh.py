"""Whoever finds a desk unlocked gets no key of the account: those take the password, or a sign-in of just now."""

from datetime import datetime, timedelta

from access.accounts import account_of
from access.errors import AccountRefused, SignInRefused
from access.sessions import check_password
from access.viewer import Viewer
from config.database import Connection
from web.parts import Parts

LASTS = timedelta(minutes=5)


def is_fresh(viewer: Viewer, now: datetime) -> bool:
    """Whether they signed in just now."""
    return viewer.since is not None and now - viewer.since <= LASTS


def check_fresh(connection: Connection, parts: Parts, viewer: Viewer, password: str) -> None:
    """Raise SignInRefused for a wrong password, which counts as one at signing in, and AccountRefused without any."""
    now = parts.clock()
    if is_fresh(viewer, now):
        return
    known = account_of(connection, viewer.account_id)
    if known.password_hash is None:
        raise AccountRefused(
            "this account has no password, so sign in anew first: it is done within five minutes of that",
            "本账号没有密码，请重新登录，并在 5 分钟内办理。",
        )
    try:
        check_password(connection, known.name, password, settings=parts.sign_in, now=now)
    except SignInRefused as refused:
        if refused.reason != "wrong":
            raise
        raise SignInRefused("password") from refused  # of whoever is signed in, the name is known
