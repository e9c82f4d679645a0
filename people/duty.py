"""Who is on duty for a division: one query, for now, for then, and as it was known then.

For each post: whoever has a shift, else whoever holds the post, for the division itself or the nearest one
above it, as divided at that time. Who is absent is passed over, and the stand-in answers instead; where an
absence leaves nobody, the next rung does: shifts further up, then holders.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal
from uuid import UUID

from psycopg.rows import class_row

from config.database import Connection
from config.queries import Queries
from people.errors import Refused
from people.posts import shipped_posts

QUERIES = Queries(Path(__file__).with_name("duty_queries.sql"))

Asked = tuple[int, str | None]  # the id of a division, and of a post; None: every post


@dataclass(frozen=True, kw_only=True)
class OnDuty:
    """One who answers for a post."""

    post: str  # its id in config/posts.toml
    person_id: UUID
    division_id: int  # that the post or shift is held for: the one asked about, or one above it
    why: Literal["shift", "holder", "stand_in"]
    instead_of: UUID | None  # of a stand-in: who is absent


@dataclass(frozen=True, kw_only=True)
class _Answer(OnDuty):
    question: int  # from 1


def on_duty(
    connection: Connection,
    division_id: int,
    at: datetime,
    *,
    post: str | None = None,
    known_at: datetime | None = None,
) -> list[OnDuty]:
    """Who is on duty for a division at `at`, most senior post first; `known_at` None: as known now.

    Sees what the connection's scope does (access/scope.py). Raises Refused for a time without an offset.
    """
    return on_duty_for(connection, [(division_id, post)], at, known_at=known_at)[0]


def on_duty_for(
    connection: Connection, asked: Sequence[Asked], at: datetime, *, known_at: datetime | None = None
) -> list[list[OnDuty]]:
    """The same for many at once, in the order asked; the same pair may be asked twice."""
    for time in (at, known_at):
        if time is not None and time.tzinfo is None:
            raise Refused(f"{time} has no offset: it could be any of a day's hours")
    named = {
        "divisions": [division for division, _ in asked],
        "posts": [post for _, post in asked],
        "at": at,
        "known_at": known_at,
        "ranks": shipped_posts().ids(),
    }
    with connection.cursor(row_factory=class_row(_Answer)) as cursor:
        rows = cursor.execute(QUERIES["on_duty"], named).fetchall()
    answers: list[list[OnDuty]] = [[] for _ in asked]
    for row in rows:
        told = {name: value for name, value in vars(row).items() if name != "question"}
        answers[row.question - 1].append(OnDuty(**told))
    return answers
