"""One editor at a time for a root and all that lies above and below it: a lock, kept while they work.

It belongs to a person and a draft. The first step takes it; each act keeps it on; a while after the last one it is
over, and whoever comes next takes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from psycopg.rows import class_row

from access.accounts import names_of
from boundaries.drafts import QUERIES, Draft, check_open
from boundaries.errors import DraftLocked
from config.database import Connection


@dataclass(frozen=True, kw_only=True)
class Lock:
    """Who edits under which root, until when at the least."""

    root_id: int
    draft_id: UUID
    held_by: UUID
    taken_at: datetime
    until: datetime


def hold(connection: Connection, draft: Draft, *, actor: UUID, now: datetime, minutes: float) -> Lock:
    """Take the lock or keep it on, within the caller's transaction; raises DraftLocked, DraftRefused.

    A lock that is over is kept on by nobody, so nobody is overtaken who still works: whoever takes one
    looks again after those that were over have gone.
    """
    check_open(draft)
    asked = {
        "draft": draft.id, "root": draft.root_id, "actor": actor, "now": now, "until": now + timedelta(minutes=minutes)
    }  # fmt: skip
    if kept := _lock(connection, "renew_lock", asked):
        return kept
    connection.execute(QUERIES["one_taker_of_locks"])
    connection.execute(QUERIES["drop_overlapping_locks"], asked)
    if other := lock_over(connection, draft, now=now):
        raise DraftLocked(
            draft_id=other.draft_id, held_by=other.held_by, until=other.until,
            name=names_of(connection, [other.held_by]).get(other.held_by, ""),
        )  # fmt: skip
    taken = _lock(connection, "take_lock", asked)
    assert taken is not None
    return taken


def lock_over(connection: Connection, draft: Draft, *, now: datetime) -> Lock | None:
    """The lock of a draft; else the one of another draft that it has to wait for."""
    return locks_over(connection, [draft], now=now).get(draft.id)


def locks_over(connection: Connection, drafts: Sequence[Draft], *, now: datetime) -> dict[UUID, Lock]:
    """The same of many drafts, by their ids."""
    asked = {"drafts": [draft.id for draft in drafts], "now": now}
    rows = connection.execute(QUERIES["overlapping_locks"], asked).fetchall()
    return {
        of: Lock(root_id=root, draft_id=draft, held_by=person, taken_at=taken, until=until)
        for of, root, draft, person, taken, until in rows
    }


def release(connection: Connection, draft_id: UUID, *, actor: UUID | None = None) -> None:
    """Let go of a lock; without an actor whoever has it (a draft that is submitted has no editor)."""
    connection.execute(QUERIES["release_lock"], {"draft": draft_id, "actor": actor})


def _lock(connection: Connection, query: str, asked: dict[str, object]) -> Lock | None:
    with connection.cursor(row_factory=class_row(Lock)) as cursor:
        return cursor.execute(QUERIES[query], asked).fetchone()
