"""Drafts: opened under a root, read, dropped. What is drawn in one: boundaries/editing.py; who may draw: locks.py."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal
from uuid import UUID

from psycopg.rows import class_row

from access import audit
from boundaries.errors import DraftRefused, DraftUnknown
from config.database import Connection
from config.queries import Queries
from geo.divisions import lock_divisions

QUERIES = Queries(Path(__file__).with_name("queries.sql"))

State = Literal["draft", "submitted", "returned", "approved", "published", "filed", "withdrawn"]
Level = Literal["district", "township", "grid"]
# What may be drawn under what: a draft is a coverage that one person can look at.
LEVELS: dict[str, tuple[str, ...]] = {
    "city": ("district", "township"),
    "district": ("township", "grid"),
    "township": ("grid",),
}
OPEN: frozenset[str] = frozenset({"draft", "returned"})  # may be drawn in
REVIEWED: frozenset[str] = frozenset({"submitted", "approved"})  # not drawn in, and not published
_LISTED_AT_MOST = 500


@dataclass(frozen=True, kw_only=True)
class Draft:
    """One draft, without what is drawn in it."""

    id: UUID
    root_id: int
    level: Level
    title: str
    note: str
    state: State
    revision: int  # counts every change, undo and redo among them
    cursor: int  # steps in force
    steps: int  # and those that were undone
    base_at: datetime
    base_recorded: datetime
    republishes: UUID | None
    opened_by: UUID
    opened_at: datetime
    submitted_by: UUID | None
    submitted_at: datetime | None
    reviewed_by: UUID | None
    reviewed_at: datetime | None
    review_note: str
    effective: datetime | None
    reason: str
    published_by: UUID | None
    published_at: datetime | None
    recorded: datetime | None
    filed_by: UUID | None
    filed_at: datetime | None
    filed_as: str


@dataclass(frozen=True, kw_only=True)
class Opening:
    """What a draft is opened with."""

    root_id: int
    level: str
    title: str
    note: str = ""
    republishes: UUID | None = None


def open_draft(connection: Connection, opening: Opening, *, actor: UUID, now: datetime) -> Draft:
    """A new draft on what is in force at this moment; raises DraftRefused. What others publish later does not move it.

    Waits for whoever writes divisions: else the base would shift when they commit.
    """
    with connection.transaction():
        with connection.cursor() as cursor:
            recorded = lock_divisions(cursor)
        _check_root(connection, opening, now)
        told = {
            "root": opening.root_id,
            "level": opening.level,
            "title": opening.title.strip(),
            "note": opening.note.strip(),
            "base_at": now,
            "base_recorded": recorded,
            "republishes": opening.republishes,
            "actor": actor,
            "now": now,
        }
        row = connection.execute(QUERIES["open_draft"], told).fetchone()
        assert row is not None
        draft = load_draft(connection, row[0])
        details = {"level": opening.level}
        audit.append(
            connection, act="boundary.draft_opened", actor=actor, subject=draft.id,
            division_id=opening.root_id, details=details,
        )  # fmt: skip
    return draft


def load_draft(connection: Connection, draft_id: UUID, *, to_change: bool = False) -> Draft:
    """One draft, `to_change`: alone until the end of the transaction. Raises DraftUnknown."""
    if to_change:
        connection.execute(QUERIES["lock_draft"], {"draft": draft_id})
    found = _drafts(connection, draft=draft_id, most=1)
    if not found:
        raise DraftUnknown
    return found[0]


def drafts_of(
    connection: Connection, *, root: int | None = None, state: str | None = None, most: int = _LISTED_AT_MOST
) -> list[Draft]:
    """Drafts that the connection shows, the newest first."""
    return _drafts(connection, root=root, state=state, most=most)


def _drafts(connection: Connection, *, draft: UUID | None = None, most: int, **asked: int | str | None) -> list[Draft]:
    values = {"draft": draft, "root": None, "state": None, "most": most, **asked}
    with connection.cursor(row_factory=class_row(Draft)) as cursor:
        return cursor.execute(QUERIES["drafts"], values).fetchall()


@dataclass(frozen=True, kw_only=True)
class Root:
    """A division that is drawn under."""

    id: int
    name: str
    code: str
    level: str


def roots_of(connection: Connection, ids: Collection[int], *, now: datetime) -> dict[int, Root]:
    """Divisions as they are called now, or were called last."""
    rows = connection.execute(QUERIES["roots"], {"roots": list(ids), "now": now}).fetchall()
    return {number: Root(id=number, name=name, code=code, level=level) for number, name, code, level in rows}


def check_open(draft: Draft) -> None:
    """Raise DraftRefused where nothing may be drawn any more."""
    if draft.state not in OPEN:
        raise DraftRefused(
            f"the draft is {draft.state}: nothing is drawn in it any more, open a new one",
            "草案已提交或结束，不能再修改；如需调整，请退回或新建草案。",
            {"state": draft.state},
        )


def discard(connection: Connection, draft_id: UUID, *, actor: UUID) -> Draft:
    """Give up a draft that is not submitted; it stays to be read."""
    with connection.transaction():
        draft = load_draft(connection, draft_id, to_change=True)
        check_open(draft)
        connection.execute(QUERIES["discard_draft"], {"draft": draft_id})
        connection.execute(QUERIES["release_lock"], {"draft": draft_id, "actor": None})
        audit.append(
            connection, act="boundary.draft_discarded", actor=actor, subject=draft_id, division_id=draft.root_id
        )
        return load_draft(connection, draft_id)


def _check_root(connection: Connection, opening: Opening, now: datetime) -> None:
    if not opening.title.strip():
        raise DraftRefused("give the draft a title", "请填写草案标题。")
    root = roots_of(connection, [opening.root_id], now=now).get(opening.root_id)
    if root is None:
        raise DraftRefused("there is no such division to draw in", "没有这个区划，无法新建草案。")
    if opening.level not in LEVELS.get(root.level, ()):
        fit = ", ".join(f"{below} of a {above}" for above, all_below in LEVELS.items() for below in all_below)
        raise DraftRefused(
            f"{opening.level} divisions cannot be drawn under a {root.level}: a draft is of one of {fit}",
            "草案的层级与所选区划不符：可绘制区县的镇街或网格、镇街的网格、全市的区县或镇街。",
        )
