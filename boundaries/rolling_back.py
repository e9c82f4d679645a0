"""Taking a published draft back: a draft of its own that brings the former state, on the same way as any other."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from boundaries.bases import read_base
from boundaries.desk import Desk
from boundaries.drafts import Draft, Opening, load_draft, open_draft
from boundaries.editing import Asked, take_steps
from boundaries.errors import DraftRefused
from boundaries.workflow import QUERIES, check_state
from config.database import Connection
from geo.apply_words import drawn
from geo.steps import Replace
from geo.topology import Unit

_INSTANT = timedelta(microseconds=1)


def roll_back(connection: Connection, draft_id: UUID, *, actor: UUID, reason: str, now: datetime, desk: Desk) -> Draft:
    """Open a draft in which everything that a published draft changed is as it was before.

    What others published since stays: where that touches the same land, the new draft has findings. Raises
    DraftRefused for a draft that was not published, and where all of it is as it was already.
    """
    if not reason.strip():
        raise DraftRefused("say why it is taken back", "请填写撤销原因。")
    with connection.transaction():
        former = load_draft(connection, draft_id)
        check_state(former, "published", {"published", "filed"})
        step = former_state(connection, former, now)
        opening = Opening(
            root_id=former.root_id,
            level=former.level,
            title=f"撤销：{former.title}"[:120],
            note=reason.strip()[:2000],
            republishes=former.id,
        )
        draft = open_draft(connection, opening, actor=actor, now=now)
        if former.effective is not None and former.effective > now:  # not in force yet: it is drawn on what will be
            connection.execute(QUERIES["draw_on"], {"draft": draft.id, "at": former.effective})
        asked = [Asked(id=uuid4(), step=step)]
        done = take_steps(connection, draft.id, asked, actor=actor, revision=None, now=now, desk=desk)
    return done.draft


def former_state(connection: Connection, former: Draft, now: datetime) -> Replace:
    """The step that makes everything that the draft changed what it was; raises DraftRefused where nothing would."""
    assert former.effective is not None and former.recorded is not None
    before = _units(connection, former, former.effective, former.recorded - _INSTANT)
    after = _units(connection, former, former.effective, former.recorded)
    today = _units(connection, former, max(now, former.effective), None)
    changed = {key for key in before.keys() | after.keys() if not _is_same(before.get(key), after.get(key))}
    back = [before[key] for key in sorted(changed & before.keys()) if not _is_same(before[key], today.get(key))]
    gone = sorted((changed - before.keys()) & today.keys())
    if not back and not gone:
        raise DraftRefused("everything that it changed is as it was before already", "其所有变更均已恢复，无需撤销。")
    return Replace(units=[drawn(unit) for unit in back], gone=gone)


def _units(connection: Connection, draft: Draft, at: datetime, recorded: datetime | None) -> dict[str, Unit]:
    return dict(read_base(connection, draft.root_id, draft.level, at=at, recorded=recorded).coverage.units)


def _is_same(one: Unit | None, other: Unit | None) -> bool:
    if one is None or other is None:
        return one is other
    told = [(u.parent_id, u.code, u.name, u.kind, u.households, u.derived, u.geometry.wkb) for u in (one, other)]
    return told[0] == told[1]
