"""How long what is kept of people, and the job that deletes what is older and proves it.

A kind is a pair of named statements: one erases what is from before an instant and tells how many rows it
was, one counts what is left of it. Rooms have a tuple of their own kinds; commands/retention.py joins them.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from access import audit
from access.errors import RetentionError
from config.database import Connection
from config.queries import Queries
from config.settings import CONFIG

QUERIES = Queries(Path(__file__).with_name("retention_queries.sql"))
FILE = CONFIG / "retention.toml"

_CENTURY = 36_500


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What is erased together. The statements take %(before)s and %(now)s and tell one number."""

    name: str
    what: str  # for people: what is erased, counted from when
    erase: bytes
    left: bytes
    least_days: int = 1
    law: str = ""  # why not fewer


KINDS = (
    Kind(
        name="access_log",
        what="requests of the pages, after they were made",
        erase=QUERIES["erase_access_log"],
        left=QUERIES["left_access_log"],
        least_days=180,
        law="network logs are kept for six months at least (Cybersecurity Law)",
    ),
    Kind(
        name="sessions",
        what="sessions, with address and browser, after they expired",
        erase=QUERIES["erase_sessions"],
        left=QUERIES["left_sessions"],
    ),
    Kind(
        name="sign_in_links",
        what="one-time links to sign in, after they expired",
        erase=QUERIES["erase_sign_in_links"],
        left=QUERIES["left_sign_in_links"],
    ),
    Kind(
        name="residents",
        what="personal fields of residents' records, after the end of their term",
        erase=QUERIES["erase_residents"],
        left=QUERIES["left_residents"],
    ),
    Kind(
        name="opening_reasons",
        what="the words in which a record was asked for, after it was opened",
        erase=QUERIES["erase_opening_reasons"],
        left=QUERIES["left_opening_reasons"],
        least_days=180,
        law="they belong to the log of who looked at what",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Erased:
    """What one run did of one kind."""

    kind: str
    before: datetime
    rows: int
    left: int  # counted afterwards: 0, or the job failed
    audit_seq: int | None  # None: there was nothing to erase

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**vars(self), "before": self.before.astimezone(UTC).isoformat()}


def load_days(kinds: Sequence[Kind], path: Path = FILE) -> dict[str, int]:
    """The days of each kind; raises RetentionError with file, line and how to mend it."""
    text = path.read_text(encoding="utf-8")
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RetentionError(f"{path}: not TOML: {error}; write lines such as access_log = 400") from error
    by_name = {kind.name: kind for kind in kinds}
    for name, days in told.items():
        if (fault := _fault(by_name.get(name), days)) is not None:
            raise RetentionError(f"{path}:{_line_of(text, name)}: {name}: {fault}")
    if missing := sorted(by_name.keys() - told.keys()):
        raise RetentionError(f"{path}: {missing[0]} is missing: add {missing[0]} = the days that it is kept")
    return told


def _fault(kind: Kind | None, days: object) -> str | None:
    if kind is None:
        return "nothing of that name is kept: take the line out"
    if not isinstance(days, int) or isinstance(days, bool) or not 1 <= days <= _CENTURY:
        return f"{days!r} is no number of days: write a whole number from {kind.least_days} to {_CENTURY}"
    if days < kind.least_days:
        return f"{days} days are too few: {kind.law}; write {kind.least_days} or more"
    return None


def _line_of(text: str, name: str) -> int:
    lines = enumerate(text.splitlines(), 1)
    return next((number for number, line in lines if re.match(rf"\s*\[*\"?{re.escape(name)}\b", line)), 1)


def run_retention(
    connection: Connection, kinds: Sequence[Kind], days: Mapping[str, int], *, now: datetime
) -> list[Erased]:
    """Erase what is older at `now` (aware), each kind in a transaction, on an autocommit connection.

    Each erasure is in the audit trail: the kind, from before when, how many rows, and how many were
    still found afterwards.
    """
    return [_erase(connection, kind, days[kind.name], now) for kind in kinds]


def _erase(connection: Connection, kind: Kind, days: int, now: datetime) -> Erased:
    asked = {"before": now - timedelta(days=days), "now": now}
    with connection.transaction():
        connection.execute(QUERIES["lock"])
        rows, left = _number(connection, kind.erase, asked), _number(connection, kind.left, asked)
        seq = _prove(connection, kind, days, asked["before"], rows, left) if rows or left else None
    return Erased(kind=kind.name, before=asked["before"], rows=rows, left=left, audit_seq=seq)


def _prove(connection: Connection, kind: Kind, days: int, before: datetime, rows: int, left: int) -> int:
    told = {"before": before.astimezone(UTC).isoformat(), "days": days, "rows": rows, "left": left}
    return audit.append(connection, act="retention.erased", actor=None, subject=kind.name, details=told)


def _number(connection: Connection, query: bytes, asked: dict[str, datetime]) -> int:
    row = connection.execute(query, asked).fetchone()
    assert row is not None
    return int(row[0])
