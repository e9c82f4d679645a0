"""Divisions of a scope: to choose from, to find by code or name, to be told by name."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from access.accounts import QUERIES
from access.errors import FilterRefused
from access.scope import Scope
from config.database import Connection


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A division to choose."""

    id: int
    code: str
    name: str
    level: str
    above: str | None


def divisions_of(connection: Connection, scope: Scope, *, now: datetime, most: int = 1200) -> list[Choice]:
    """What lies in a scope, the largest first: suggestions, of all only where they are few."""
    asked = {"everywhere": scope.everywhere, "divisions": list(scope.divisions), "now": now, "most": most}
    with connection.cursor(row_factory=class_row(Choice)) as cursor:
        return cursor.execute(QUERIES["divisions_of_scope"], asked).fetchall()


def division_within(connection: Connection, named: str, scope: Scope, *, now: datetime) -> int:
    """A division of the scope by code, or by a name that only one there has; raises FilterRefused.

    One beyond the scope is refused in the same words as one that there is not.
    """
    asked = {"named": named, "now": now, "everywhere": scope.everywhere, "divisions": list(scope.divisions)}
    rows = connection.execute(QUERIES["division_within"], asked).fetchall()
    shown = named[:40]
    if not rows:
        raise FilterRefused(
            f"no division of yours has the code or name {shown!r}", f"您的范围内没有代码或名称为“{shown}”的区划。"
        )
    if len(rows) > 1 and not named.isdigit():
        raise FilterRefused(
            f"more than one division is called {shown!r}: give its code", f"不止一个区划叫“{shown}”，请填写代码。"
        )
    return int(rows[0][0])


def place_codes(connection: Connection, ids: Collection[int], *, now: datetime) -> dict[int, str]:
    """The codes that divisions have now."""
    return dict(connection.execute(QUERIES["place_codes"], {"ids": list(ids), "now": now}).fetchall())


def place_names(connection: Connection, ids: Collection[int], *, now: datetime) -> dict[int, str]:
    """What divisions are called now; of one that is no more, what it was called last."""
    return dict(connection.execute(QUERIES["place_names"], {"ids": list(ids), "now": now}).fetchall())
