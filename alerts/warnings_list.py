"""Official warnings as people and programs ask for them."""

from datetime import datetime
from typing import Any

from psycopg.rows import dict_row

from alerts.warnings_cover import QUERIES, clock
from config.database import Connection

Row = dict[str, Any]


def listing(
    connection: Connection,
    *,
    at: datetime | None = None,
    in_force: bool | None = None,
    event: str | None = None,
    level: str | None = None,
    division: str | None = None,
    before: int | None = None,
    limit: int = 100,
    warning: int | None = None,
    identifier: str | None = None,
) -> list[Row]:
    """Warnings, the newest first; `in_force` is judged at `at`, by default the pipeline's clock.

    `division` is the beginning of the code of a township that is covered; `before` a number: the page after it.
    """
    asked = {
        "at": at or clock(connection),
        "in_force": in_force,
        "event": event,
        "level": level,
        "division": division,
        "before": before,
        "limit": limit,
        "id": warning,
        "identifier": identifier,
    }
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(QUERIES["list_warnings"], asked).fetchall()


def one(connection: Connection, name: str) -> Row | None:
    """A warning by its number or identifier, with the townships that it covers and the message as it came."""
    numbered = name.isascii() and name.isdecimal() and len(name) < 18
    found = listing(connection, warning=int(name), limit=1) if numbered else []
    found = found or listing(connection, identifier=name, limit=1)
    if not found:
        return None
    asked = {"id": found[0]["id"]}
    with connection.cursor(row_factory=dict_row) as cursor:
        covered = cursor.execute(QUERIES["covered"], asked).fetchall()
    raw = connection.execute(QUERIES["raw"], asked).fetchone()
    message = bytes(raw[0]).decode("utf-8", errors="backslashreplace") if raw and raw[0] is not None else None
    return {**found[0], "covered": covered, "message": message}


def refused(connection: Connection, *, limit: int = 50) -> list[Row]:
    """What could not be taken, the newest first, with how to mend each."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(QUERIES["refused"], {"limit": limit}).fetchall()
