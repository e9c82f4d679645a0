"""Drawing in a draft: steps taken, undone, done again. Each is one transaction; what it was before is kept whole."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import orjson
from psycopg.pq import TransactionStatus

from boundaries.desk import Desk, Held
from boundaries.drafts import QUERIES, Draft, load_draft
from boundaries.errors import DraftRefused, DraftUnknown, RevisionMoved, StepNotTaken
from boundaries.locks import hold
from boundaries.steps_kept import (
    change_of,
    drop_undone,
    keep_step,
    known_steps,
    set_units,
    step_kept,
    units_of_steps,
)
from config.database import Connection
from geo.apply import apply
from geo.errors import StepRefused
from geo.steps import Step, parse_step, step_json
from geo.topology import Change, Coverage, Unit


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A step and its id: sent again, it is taken once."""

    id: UUID
    step: Step


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What came of it."""

    draft: Draft
    held: Held  # with its findings
    changed: tuple[str, ...]  # units that are different now, or were made
    gone: tuple[str, ...]
    taken: tuple[UUID, ...] = ()  # ids of steps, those that had been taken before too


def take_steps(
    connection: Connection, draft_id: UUID, asked: Sequence[Asked], *,
    actor: UUID, revision: int | None, now: datetime, desk: Desk,
) -> Taken:  # fmt: skip
    """Take all of these steps or none, and the lock with them. `revision` None: whatever it is.

    A step whose id the draft has is passed over, so that a page which got no answer may send all of them again.
    Raises DraftUnknown, DraftRefused, RevisionMoved, DraftLocked, StepNotTaken.
    """
    _check_many(asked, desk)
    with _drawing(connection, desk) as keep:
        draft = load_draft(connection, draft_id, to_change=True)
        known = known_steps(connection, draft_id, [one.id for one in asked])
        fresh = [one for one in asked if one.id not in known]
        if fresh:
            _check_revision(draft, revision, known.values())
            hold(connection, draft, actor=actor, now=now, minutes=desk.drafts.lock_min)
        held = desk.checked(connection, draft, remember=keep.may)
        touched = units_of_steps(connection, draft_id, list(known.values())) if known else set()
        if fresh and draft.steps > draft.cursor:
            drop_undone(connection, draft_id, draft.cursor)
        changes = _drawn(connection, draft, held.coverage, fresh, actor=actor, now=now)
        if fresh:
            cursor = draft.cursor + len(fresh)
            draft = _move(connection, draft, cursor=cursor, steps=cursor, by=len(fresh))
            held = desk.after(held, in_one(changes), draft.revision)  # looked at once, however many steps these were
            touched = touched.union(*(change.after for change in changes))
        keep.made = draft, held
    return _taken(draft, held, touched, tuple(one.id for one in asked))


def undo(
    connection: Connection, draft_id: UUID, *, actor: UUID, revision: int | None, now: datetime, desk: Desk
) -> Taken:
    """Take the last step back: everything is as it was before it, to the byte. Raises as `take_steps` does."""
    return _go(connection, draft_id, back=True, actor=actor, revision=revision, now=now, desk=desk)


def redo(
    connection: Connection, draft_id: UUID, *, actor: UUID, revision: int | None, now: datetime, desk: Desk
) -> Taken:
    """Take the step again that was undone last."""
    return _go(connection, draft_id, back=False, actor=actor, revision=revision, now=now, desk=desk)


def _go(
    connection: Connection, draft_id: UUID, *, back: bool, actor: UUID, revision: int | None, now: datetime, desk: Desk
) -> Taken:
    with _drawing(connection, desk) as keep:
        draft = load_draft(connection, draft_id, to_change=True)
        if revision is not None and revision != draft.revision:
            raise RevisionMoved(draft.revision, revision)
        seq = draft.cursor if back else draft.cursor + 1
        if not 0 < seq <= draft.steps:
            raise _nothing(back)
        hold(connection, draft, actor=actor, now=now, minutes=desk.drafts.lock_min)
        held, change = desk.checked(connection, draft, remember=keep.may), change_of(connection, draft_id, seq)
        if back:
            change = change.back()
        set_units(connection, draft_id, seq, back=back)
        draft = _move(connection, draft, cursor=seq - 1 if back else seq, steps=draft.steps, by=1)
        held = desk.after(held, change, draft.revision)
        keep.made = draft, held
    return _taken(draft, held, set(change.after), ())


@dataclass
class _Keep:
    """What is remembered after the commit; not within somebody else's transaction, which may yet be rolled back."""

    may: bool
    made: tuple[Draft, Held] | None = None


@contextmanager
def _drawing(connection: Connection, desk: Desk) -> Iterator[_Keep]:
    """A transaction in which a draft is changed."""
    keep = _Keep(may=connection.info.transaction_status == TransactionStatus.IDLE)
    with connection.transaction():
        yield keep
    if keep.may and keep.made is not None:
        desk.remember(*keep.made)


def _drawn(
    connection: Connection, draft: Draft, coverage: Coverage, fresh: Sequence[Asked], *, actor: UUID, now: datetime
) -> list[Change]:
    """Each step on what the one before made of it, kept."""
    changes = []
    for seq, one in enumerate(fresh, start=draft.cursor + 1):
        change = _change(coverage, one)
        step = step_json(one.step)
        keep_step(
            connection, draft.id, seq, step_id=one.id, kind=step["kind"], step=orjson.dumps(step).decode(),
            change=change, actor=actor, now=now,
        )  # fmt: skip
        coverage = coverage.with_(change)
        changes.append(change)
    return changes


def in_one(changes: Sequence[Change]) -> Change:
    """What changes make together: each unit as it was before the first and is after the last."""
    before: dict[str, Unit | None] = {}
    after: dict[str, Unit | None] = {}
    for change in changes:
        before = {**change.before, **before}
        after.update(change.after)
    return Change(before=before, after=after)


def _change(coverage: Coverage, one: Asked) -> Change:
    try:
        return apply(coverage, one.step)
    except StepRefused as refused:
        raise StepNotTaken(refused.en, refused.zh, code=refused.code, step_id=one.id) from refused


def _move(connection: Connection, draft: Draft, *, cursor: int, steps: int, by: int) -> Draft:
    moved = replace(draft, revision=draft.revision + by, cursor=cursor, steps=steps)
    connection.execute(QUERIES["move_draft"], {"draft": draft.id, "revision": moved.revision, "cursor": cursor})
    return moved


def _taken(draft: Draft, held: Held, touched: set[str], ids: tuple[UUID, ...]) -> Taken:
    units = held.coverage.units
    return Taken(
        draft=draft,
        held=held,
        changed=tuple(sorted(key for key in touched if key in units)),
        gone=tuple(sorted(key for key in touched if key not in units)),
        taken=ids,
    )


def _check_revision(draft: Draft, revision: int | None, known: Collection[int]) -> None:
    """What was read is what is there; or since then there were only those steps of the request that were taken."""
    if revision is None or revision == draft.revision:
        return
    last = range(draft.cursor - len(known) + 1, draft.cursor + 1)
    if revision + len(known) != draft.revision or sorted(known) != list(last):
        raise RevisionMoved(draft.revision, revision)


def _check_many(asked: Sequence[Asked], desk: Desk) -> None:
    if len(asked) > (most := desk.drafts.most_steps):
        raise DraftRefused(
            f"{len(asked)} steps are too many for one request: send at most {most}",
            f"一次最多提交 {most} 步（现有 {len(asked)} 步），请分几次提交。",
        )
    if len({one.id for one in asked}) < len(asked):
        raise DraftRefused(
            "two steps of the request have the same id: give each its own", "两个步骤的编号相同，请各用一个编号。"
        )


def _nothing(back: bool) -> DraftRefused:
    if back:
        return DraftRefused("there is no step to undo", "没有可撤销的步骤。")
    return DraftRefused("there is no step to do again", "没有可重做的步骤。")


def mend(
    connection: Connection, draft_id: UUID, finding_id: str, *,
    step_id: UUID, actor: UUID, revision: int | None, now: datetime, desk: Desk,
) -> Taken:  # fmt: skip
    """Take the step that mends a finding; raises as `take_steps` does.

    Sent again it is answered as taken, though the finding is gone by then.
    """
    kept = step_kept(connection, draft_id, step_id)
    if kept is None:
        step = mend_of(desk.checked(connection, load_draft(connection, draft_id)), finding_id)
    else:
        step = parse_step(kept)
    asked = [Asked(id=step_id, step=step)]
    return take_steps(connection, draft_id, asked, actor=actor, revision=revision, now=now, desk=desk)


def mend_of(held: Held, finding_id: str) -> Step:
    """The step that mends a finding; raises DraftUnknown, DraftRefused."""
    finding = (held.findings or {}).get(finding_id)
    if finding is None:
        raise DraftUnknown("no such finding: it is mended already", "没有这个问题：可能已经解决。")
    if finding.mend is None:
        raise DraftRefused("nothing mends this by itself: mend it by hand", "此问题不能自动修复，请手动修改。")
    step: Step = finding.mend
    return step
