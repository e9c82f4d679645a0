"""The steps of a draft as they are kept: each with the whole of what it changed, before and after."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row, namedtuple_row

from boundaries.drafts import QUERIES
from boundaries.unit_rows import about_of, unit_of, wkb_of
from config.database import Connection
from geo.topology import Change

_HISTORY_AT_MOST = 2000


@dataclass(frozen=True, kw_only=True)
class Kept:
    """One step of a draft's history."""

    seq: int
    id: UUID
    kind: str
    step: dict[str, Any]  # as it was asked for
    made_by: UUID
    made_at: datetime
    in_force: bool  # False: undone
    units: list[str]


@dataclass(frozen=True, kw_only=True)
class InForce:
    """A step to be taken again on another base."""

    seq: int
    id: UUID
    step: dict[str, Any]
    made_by: UUID
    made_at: datetime
    made: list[str]  # keys of units that it made


def known_steps(connection: Connection, draft_id: UUID, ids: Collection[UUID]) -> dict[UUID, int]:
    """Which of these steps the draft has, undone ones too, and their place."""
    return dict(connection.execute(QUERIES["taken_steps"], {"draft": draft_id, "ids": list(ids)}).fetchall())


def step_kept(connection: Connection, draft_id: UUID, step_id: UUID) -> dict[str, Any] | None:
    """A step as it was asked for; None where the draft has none of that id."""
    row = connection.execute(QUERIES["step_of"], {"draft": draft_id, "id": step_id}).fetchone()
    return None if row is None else row[0]


def keep_step(
    connection: Connection, draft_id: UUID, seq: int, *,
    step_id: UUID, kind: str, step: str, change: Change, actor: UUID, now: datetime,
) -> None:  # fmt: skip
    """Write a step, what it changed, and what the draft's units are after it."""
    place = {"draft": draft_id, "seq": seq}
    connection.execute(
        QUERIES["add_step"], {**place, "id": step_id, "kind": kind, "step": step, "actor": actor, "now": now}
    )
    before = [change.before.get(key) for key in change.after]
    after = list(change.after.values())
    changed = {
        "units": list(change.after),
        "before": [about_of(unit) for unit in before],
        "before_wkb": [wkb_of(unit) for unit in before],
        "after": [about_of(unit) for unit in after],
        "after_wkb": [wkb_of(unit) for unit in after],
    }
    connection.execute(QUERIES["add_changes"], {**place, **changed})
    connection.execute(QUERIES["set_units"], place)


def change_of(connection: Connection, draft_id: UUID, seq: int) -> Change:
    """What a step changed."""
    with connection.cursor(row_factory=namedtuple_row) as cursor:
        rows: list[Any] = cursor.execute(QUERIES["changes_of_step"], {"draft": draft_id, "seq": seq}).fetchall()
    return Change(
        before={row.unit: unit_of(row.unit, row.before, row.before_wkb) for row in rows},
        after={row.unit: unit_of(row.unit, row.after, row.after_wkb) for row in rows},
    )


def units_of_steps(connection: Connection, draft_id: UUID, seqs: Sequence[int]) -> set[str]:
    """The keys of all that these steps changed."""
    rows = connection.execute(QUERIES["units_of_steps"], {"draft": draft_id, "seqs": list(seqs)}).fetchall()
    return {row[0] for row in rows}


def set_units(connection: Connection, draft_id: UUID, seq: int, *, back: bool) -> None:
    """Make the draft's units what they were before a step, or are after it."""
    connection.execute(QUERIES["set_units_back" if back else "set_units"], {"draft": draft_id, "seq": seq})


def drop_undone(connection: Connection, draft_id: UUID, cursor: int) -> None:
    """Forget the steps that were undone: another one takes their place."""
    connection.execute(QUERIES["drop_undone"], {"draft": draft_id, "cursor": cursor})


def history(connection: Connection, draft_id: UUID, *, most: int = _HISTORY_AT_MOST) -> list[Kept]:
    """What was done, the newest first; undone steps too, until another takes their place."""
    with connection.cursor(row_factory=class_row(Kept)) as cursor:
        return cursor.execute(QUERIES["history"], {"draft": draft_id, "most": most}).fetchall()


def steps_in_force(connection: Connection, draft_id: UUID) -> list[InForce]:
    """All that made the draft what it is, the oldest first."""
    with connection.cursor(row_factory=class_row(InForce)) as cursor:
        return cursor.execute(QUERIES["steps_in_force"], {"draft": draft_id}).fetchall()


def forget_steps(connection: Connection, draft_id: UUID) -> None:
    """Take everything back, before the steps are written anew on another base."""
    connection.execute(QUERIES["forget_steps"], {"draft": draft_id})
    connection.execute(QUERIES["forget_units"], {"draft": draft_id})
