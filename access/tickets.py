"""Between the first factor and the second: a ticket that the browser holds for minutes, and that opens nothing."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from psycopg.rows import class_row

from access.credentials import fingerprint, new_secret
from access.errors import SignInRefused
from access.second_factor import QUERIES
from config.database import Connection

LASTS = timedelta(minutes=5)

FirstWay = Literal["password", "link", "oidc"]


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """Whose sign-in waits for a code, and where it goes on to."""

    account_id: UUID
    way: FirstWay
    onward: str


def add_ticket(connection: Connection, account_id: UUID, *, way: FirstWay, onward: str, now: datetime) -> str:
    """A new ticket's secret; those that nobody came back with are forgotten."""
    secret = new_secret()
    row = {"hash": fingerprint(secret), "account": account_id, "way": way, "onward": onward, "expires": now + LASTS}
    connection.execute(QUERIES["forget_old_tickets"], {"now": now})
    connection.execute(QUERIES["add_ticket"], row)
    return secret


def ticket(connection: Connection, secret: str, *, now: datetime) -> Ticket:
    """The sign-in that waits; raises SignInRefused("step") where there is none (any more)."""
    with connection.cursor(row_factory=class_row(Ticket)) as cursor:
        found = cursor.execute(QUERIES["ticket"], {"hash": fingerprint(secret), "now": now}).fetchone()
    if found is None:
        raise SignInRefused("step")
    return found


def use_ticket(connection: Connection, secret: str) -> None:
    """It is used up; raises SignInRefused("step") for whoever comes second."""
    if connection.execute(QUERIES["use_ticket"], {"hash": fingerprint(secret)}).fetchone() is None:
        raise SignInRefused("step")
