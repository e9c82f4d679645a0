"""The way of a draft: drawn, submitted, approved or returned by another person of the level above, published, filed.

Publishing itself is in boundaries/publish.py. Each act is one transaction with its entry in the audit trail.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from access import audit
from access.scope import Scope
from boundaries.desk import Desk, Held
from boundaries.drafts import OPEN, Draft, load_draft
from boundaries.errors import DraftRefused, NotTheirs
from config.database import Connection
from config.queries import Queries

QUERIES = Queries(Path(__file__).with_name("workflow_queries.sql"))

Verdict = Literal["approve", "return"]
_STATES_ZH = {
    "draft": "起草中",
    "submitted": "待审核",
    "returned": "已退回",
    "approved": "已通过",
    "published": "已发布",
    "filed": "已备案",
    "withdrawn": "已撤回",
}
_LONGEST = 2000


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who acts, and when."""

    id: UUID
    now: datetime
    scope: Scope  # of the right that the act needs


def submit(connection: Connection, draft_id: UUID, *, actor: Actor, note: str, desk: Desk) -> Draft:
    """Hand a draft in for review; raises DraftRefused while there are errors among its findings."""
    with _act(connection, draft_id, actor, "boundary.submitted") as act:
        check_state(act.draft, "submitted", OPEN)
        check_sound(desk.checked(connection, act.draft))
        if not act.draft.cursor:
            raise DraftRefused("nothing is drawn in it yet", "草案尚无任何修改，不能提交。")
        act.write("submit", note=_text(note) or act.draft.note)
        connection.execute(QUERIES["release_lock"], {"draft": draft_id})
    return load_draft(connection, draft_id)


def withdraw(connection: Connection, draft_id: UUID, *, actor: Actor, reason: str) -> Draft:
    """Give up a draft that was not published; it stays to be read."""
    with _act(connection, draft_id, actor, "boundary.withdrawn") as act:
        check_state(act.draft, "withdrawn", {"draft", "submitted", "returned", "approved"})
        act.write("withdraw", reason=_text(reason))
        connection.execute(QUERIES["release_lock"], {"draft": draft_id})
    return load_draft(connection, draft_id)


def review(connection: Connection, draft_id: UUID, *, actor: Actor, verdict: Verdict, note: str) -> Draft:
    """Approve a submitted draft, or return it with a reason; raises NotTheirs for whoever drew or submitted it."""
    state = "approved" if verdict == "approve" else "returned"
    with _act(connection, draft_id, actor, f"boundary.{state}") as act:
        check_state(act.draft, state, {"submitted"})
        check_another(connection, act.draft, actor)
        if state == "returned" and not note.strip():
            raise DraftRefused("say why it is returned", "退回时请填写原因。")
        act.write("review", state=state, note=_text(note))
    return load_draft(connection, draft_id)


def file(connection: Connection, draft_id: UUID, *, actor: Actor, filed_as: str) -> Draft:
    """Note under which number a published draft was filed with the city."""
    with _act(connection, draft_id, actor, "boundary.filed") as act:
        check_state(act.draft, "filed", {"published"})
        _check_above(connection, act.draft, actor)
        number = filed_as.strip()
        if not number or len(number) > 200:
            raise DraftRefused("say under which number it was filed (at most 200 letters)", "请填写备案编号。")
        act.write("file", filed_as=number)
    return load_draft(connection, draft_id)


@dataclass(frozen=True, kw_only=True)
class _Act:
    connection: Connection
    draft: Draft
    actor: Actor

    def write(self, query: str, **more: object) -> None:
        named = {"draft": self.draft.id, "actor": self.actor.id, "now": self.actor.now, **more}
        self.connection.execute(QUERIES[query], named)


@contextmanager
def _act(connection: Connection, draft_id: UUID, actor: Actor, name: str) -> Iterator[_Act]:
    """One transaction on a draft that nobody else changes meanwhile; its entry in the trail comes last."""
    with connection.transaction():
        draft = load_draft(connection, draft_id, to_change=True)
        yield _Act(connection=connection, draft=draft, actor=actor)
        append(connection, name, draft, actor)


def append(
    connection: Connection, name: str, draft: Draft, actor: Actor, details: Mapping[str, Any] | None = None
) -> None:
    """An entry of the audit trail about a draft; the last statement of its transaction."""
    told = {"level": draft.level, "revision": draft.revision, **(details or {})}
    audit.append(connection, act=name, actor=actor.id, subject=draft.id, division_id=draft.root_id, details=told)


def check_state(draft: Draft, wanted: str, allowed: frozenset[str] | set[str]) -> None:
    """Raise DraftRefused where a draft cannot become that from what it is."""
    if draft.state not in allowed:
        fit = ", ".join(sorted(allowed))
        raise DraftRefused(
            f"the draft is {draft.state}: only one that is {fit} becomes {wanted}",
            f"草案当前为“{_STATES_ZH[draft.state]}”，不能变为“{_STATES_ZH[wanted]}”。",
            {"state": draft.state},
        )


def check_sound(held: Held) -> None:
    """Raise DraftRefused with the findings that are errors."""
    errors = [one for one in (held.findings or {}).values() if one.severity == "error"]
    if errors:
        kinds = ", ".join(sorted({one.kind for one in errors}))
        raise DraftRefused(
            f"{len(errors)} findings are errors ({kinds}): mend them first",
            f"草案仍有 {len(errors)} 处错误，请先修正。",
            {"findings": [one.id for one in errors]},
        )


def check_another(connection: Connection, draft: Draft, actor: Actor) -> None:
    """Raise NotTheirs unless the actor is another person of the level above."""
    own = actor.id in (draft.opened_by, draft.submitted_by) or _one(
        connection, "has_drawn", draft=draft.id, actor=actor.id
    )
    if own:
        raise NotTheirs(
            "whoever opened, drew or submitted a draft does not review or publish it: let somebody else do it",
            "起草、绘制或提交本草案的人员不能审核或发布，请由他人办理。",
        )
    _check_above(connection, draft, actor)


def _check_above(connection: Connection, draft: Draft, actor: Actor) -> None:
    scope = actor.scope
    if scope.everywhere or _one(connection, "is_right_over_parent", root=draft.root_id, scope=sorted(scope.divisions)):
        return
    raise NotTheirs(
        "that is for the level above the draft's root: your right does not reach it",
        "须由草案所在区划的上一级审核，您的权限范围不包含上一级。",
    )


def _one(connection: Connection, query: str, **named: object) -> bool:
    row = connection.execute(QUERIES[query], named).fetchone()
    assert row is not None
    return bool(row[0])


def _text(said: str) -> str:
    text = said.strip()
    if len(text) > _LONGEST:
        raise DraftRefused(f"at most {_LONGEST} letters, please", f"请不超过 {_LONGEST} 字。")
    return text
