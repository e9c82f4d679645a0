"""A draft on what is in force now: its steps are taken again, one after the other; what no longer applies is told."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import orjson

from access import audit
from boundaries.bases import is_outdated, read_base
from boundaries.desk import Desk
from boundaries.drafts import QUERIES, REVIEWED, Draft, load_draft
from boundaries.errors import RevisionMoved
from boundaries.locks import hold
from boundaries.steps_kept import InForce, forget_steps, keep_step, steps_in_force
from config.database import Connection
from geo.apply import apply
from geo.divisions import lock_divisions
from geo.errors import StepRefused
from geo.steps import parse_step
from geo.topology import Change, Coverage


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """A step that could not be taken again."""

    id: UUID
    kind: str
    code: str
    zh: str
    en: str


@dataclass(frozen=True, kw_only=True)
class _Again:
    step: InForce
    change: Change


def rebase(
    connection: Connection, draft_id: UUID, *, actor: UUID, revision: int, now: datetime, desk: Desk
) -> tuple[Draft, list[Dropped]]:
    """Put the draft on what is in force now. Steps keep their ids, their makers and their order; undone ones go.

    One that is submitted or approved, and cannot be published for that, is drawn in again, and reviewed anew.
    Raises as `boundaries.editing.take_steps` does.
    """
    with connection.transaction(), connection.cursor() as cursor:
        recorded = lock_divisions(cursor)  # first, as whoever publishes does
        draft = load_draft(connection, draft_id, to_change=True)
        if revision != draft.revision:
            raise RevisionMoved(draft.revision, revision)
        draft, before = _open_again(connection, draft, now), draft.state
        hold(connection, draft, actor=actor, now=now, minutes=desk.drafts.lock_min)
        base = read_base(connection, draft.root_id, draft.level, at=now, recorded=recorded)
        again, dropped = _taken_again(base.coverage, steps_in_force(connection, draft_id))
        forget_steps(connection, draft_id)
        for seq, one in enumerate(again, start=1):
            _keep(connection, draft_id, seq, one)
        moved = replace(draft, revision=draft.revision + 1, cursor=len(again), steps=len(again))
        told = {"draft": draft_id, "base_at": now, "base_recorded": recorded}
        connection.execute(QUERIES["rebase_draft"], {**told, "revision": moved.revision, "cursor": moved.cursor})
        audit.append(
            connection, act="boundary.draft_rebased", actor=actor, subject=draft_id, division_id=draft.root_id,
            details={"steps": len(again), "dropped": len(dropped), "state": before},
        )  # fmt: skip
    return replace(moved, base_at=now, base_recorded=recorded), dropped


def _open_again(connection: Connection, draft: Draft, now: datetime) -> Draft:
    """A draft may be taken back from its review where something else is in force by now, and for no other reason."""
    if draft.state not in REVIEWED or not is_outdated(connection, draft, now=now):
        return draft
    connection.execute(QUERIES["open_again"], {"draft": draft.id})
    return load_draft(connection, draft.id)


def _taken_again(coverage: Coverage, steps: list[InForce]) -> tuple[list[_Again], list[Dropped]]:
    again, dropped = [], []
    for one in steps:
        try:
            change = _as_called_then(coverage, apply(coverage, parse_step(one.step)), one.made)
        except StepRefused as refused:
            dropped.append(Dropped(id=one.id, kind=one.step["kind"], code=refused.code, zh=refused.zh, en=refused.en))
            continue
        coverage = coverage.with_(change)
        again.append(_Again(step=one, change=change))
    return again, dropped


def _as_called_then(coverage: Coverage, change: Change, made: list[str]) -> Change:
    """New units under the keys that they had: later steps name them so, and where a step before was dropped the
    numbers would be others. Raises StepRefused where a unit that was to be gone by then has the key."""
    new = sorted((key for key, unit in change.before.items() if unit is None), key=lambda key: (len(key), key))
    if len(new) != len(made):
        return change
    names = dict(zip(new, sorted(made, key=lambda key: (len(key), key)), strict=True))
    if taken := [key for key in names.values() if key in coverage.units]:
        raise StepRefused("unit_exists", unit=taken[0])
    after = {
        names.get(key, key): unit if unit is None or key not in names else replace(unit, key=names[key])
        for key, unit in change.after.items()
    }
    return Change(before={names.get(key, key): unit for key, unit in change.before.items()}, after=after)


def _keep(connection: Connection, draft_id: UUID, seq: int, one: _Again) -> None:
    keep_step(
        connection, draft_id, seq, step_id=one.step.id, kind=one.step.step["kind"],
        step=orjson.dumps(one.step.step).decode(), change=one.change, actor=one.step.made_by, now=one.step.made_at,
    )  # fmt: skip
