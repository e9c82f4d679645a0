"""Screens with names, and driving them from a desk.

A screen says every half minute what it shows; a desk sends it another address. Whoever drives must see all that the
screen may show: what a screen shows to a room is chosen by somebody who may know it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from psycopg.rows import class_row

from access import audit
from access.accounts import is_within
from access.scope import Scope
from config.database import Connection
from config.queries import Queries
from screen.errors import AddressRefused, ScreenUnknown

QUERIES = Queries(Path(__file__).with_name("screens_queries.sql"))

FORGOTTEN_AFTER = timedelta(seconds=90)  # three times the pause between what a screen says
_KEPT = timedelta(days=1)
_BEGINS_AFTER = timedelta(minutes=10)  # of nothing: what comes then is written down as a new beginning
ADDRESS_AT_MOST = 500  # characters
# What an address may say of a screen: the keys of web/static/address.js without its name and its language.
DRIVEN = frozenset({"in", "shade", "ground", "sensor", "thing", "incident", "at", "pace", "parts", "theme"})


@dataclass(frozen=True, kw_only=True)
class Screen:
    """A screen that has said lately what it shows."""

    id: int
    name: str
    divisions: list[int] | None  # None: everywhere
    address: str
    seen_at: datetime


@dataclass(frozen=True, kw_only=True)
class Known:
    """A screen that has just said what it shows, and what a desk wanted of it last."""

    id: int
    ordered: str | None
    driven_at: datetime | None


def say_here(connection: Connection, name: str, *, account: UUID, scope: Scope, address: str, now: datetime) -> Known:
    """Write down what a screen shows."""
    told = {
        "name": name,
        "account": account,
        "divisions": None if scope.everywhere else sorted(scope.divisions),
        "address": address[:ADDRESS_AT_MOST],
        "now": now,
    }
    connection.execute(QUERIES["forget_screens"], {"before": now - _KEPT})
    with connection.cursor(row_factory=class_row(Known)) as cursor:
        known = cursor.execute(QUERIES["say_here"], told).fetchone()
    assert known is not None
    return known


def screens_of(connection: Connection, desk: Scope, *, now: datetime) -> list[Screen]:
    """Those that a desk of that scope may drive; the owner's connection."""
    with connection.cursor(row_factory=class_row(Screen)) as cursor:
        screens = cursor.execute(QUERIES["screens_since"], {"since": now - FORGOTTEN_AFTER}).fetchall()
    return [screen for screen in screens if _lies_within(connection, screen, desk)]


def _lies_within(connection: Connection, screen: Screen, desk: Scope) -> bool:
    if screen.divisions is None:
        return desk.everywhere
    return all(is_within(connection, division, desk) for division in screen.divisions)


def drive(connection: Connection, screen: int, address: str, *, by: UUID, desk: Scope, now: datetime) -> None:
    """Send a screen elsewhere, in a transaction of the caller's.

    Raises ScreenUnknown and AddressRefused. Who begins to drive a screen is written in the audit trail, once for as
    long as it goes on.
    """
    clean = _checked(address)
    if screen not in {one.id for one in screens_of(connection, desk, now=now)}:
        raise ScreenUnknown(f"no screen {screen} is on that this desk may drive: reload the list")
    told = {"screen": screen, "by": by, "now": now, "since": now - _BEGINS_AFTER, "address": clean}
    row = connection.execute(QUERIES["drive"], told).fetchone()
    connection.execute(QUERIES["tell_screen"], {"screen": screen, "address": clean})
    if row is not None and row[0]:
        audit.append(connection, act="screen.driven", actor=by, subject=str(screen))


def _checked(address: str) -> str:
    if len(address) > ADDRESS_AT_MOST:
        raise AddressRefused(f"an address has {ADDRESS_AT_MOST} characters at most, not {len(address)}")
    pairs = parse_qsl(address, keep_blank_values=True)
    if unknown := sorted({key for key, _ in pairs} - DRIVEN):
        raise AddressRefused(f"no screen is told {unknown[0]!r}: take some of {', '.join(sorted(DRIVEN))}")
    return urlencode(pairs)
