"""Tries at names that nobody has: they are counted and made to wait as at an account, so that a wait tells nothing."""

from datetime import datetime

from access.accounts import QUERIES
from access.credentials import fingerprint
from access.errors import SignInRefused
from config.access_settings import SignInSettings
from config.database import Connection


def waits_until(connection: Connection, name: str, *, now: datetime) -> SignInRefused | None:
    """The refusal where the name has to wait, None where it may be tried."""
    row = connection.execute(QUERIES["unknown_name"], {"fingerprint": fingerprint(name.lower())}).fetchone()
    return None if row is None else _told(row[0], now)


def failed_unknown(connection: Connection, name: str, *, settings: SignInSettings, now: datetime) -> SignInRefused:
    """Count a try; what to answer."""
    asked = {
        "fingerprint": fingerprint(name.lower()),
        "now": now,
        "most": settings.tries,
        "lock_s": settings.lock_s,
        "longest_s": settings.longest_lock_s,
    }
    row = connection.execute(QUERIES["count_unknown_failure"], asked).fetchone()
    assert row is not None
    return _told(row[1], now) or SignInRefused("wrong")


def _told(until: datetime | None, now: datetime) -> SignInRefused | None:
    return SignInRefused("locked", (until - now).total_seconds()) if until is not None and until > now else None
