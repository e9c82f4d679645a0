"""Drafts of boundaries over HTTP: opened, listed, locked, given up. What is drawn in them: web/planner_steps.py."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from access.accounts import is_within, names_of
from boundaries.drafts import Opening, State, discard, drafts_of, load_draft, open_draft
from boundaries.errors import DraftRefused
from boundaries.locks import hold, release
from boundaries.steps_kept import Kept, history
from web.answers import answers, problems, takes
from web.api import as_json
from web.guard import Body, read_body
from web.planner_told import DraftList, Head, History, Nothing, Opened, StepTold
from web.planner_view import head, heads, seen
from web.viewing import ViewOf, needs

router = APIRouter(prefix="/api/boundaries/drafts", tags=["boundaries"])

DRAW = "boundaries.draft"


@router.get("", responses=answers(DraftList, 422), dependencies=[needs(DRAW)])
def drafts(
    view: ViewOf,
    *,
    root: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Id of the division drawn under.")] = None,
    state: Annotated[State | None, Query()] = None,
) -> Response:
    """Drafts, the newest first; at most 500. Whether they are outdated is told by each one's own address."""
    with view.connection() as scoped:
        found = drafts_of(scoped, root=root, state=state)
    with view.acting() as connection:
        return as_json(DraftList(drafts=heads(view, connection, found, outdated=False)))


@router.post(
    "", status_code=201, openapi_extra=takes(Opened), dependencies=[needs(DRAW)],
    responses={201: {"model": Head}, **problems(409, 413, 415, 422)},
)  # fmt: skip
def open_(body: Body, view: ViewOf) -> Response:
    """Open a draft on what is in force now (`Opened`)."""
    said = read_body(body, Opened)
    with view.connection() as scoped:
        if not is_within(scoped, said.root_id, view.scope):
            raise DraftRefused("no division of yours has that id", "您的范围内没有这个区划。")
    opening = Opening(root_id=said.root_id, level=said.level, title=said.title, note=said.note)
    with view.acting() as connection:
        made = open_draft(connection, opening, actor=view.viewer.account_id, now=view.parts.clock())
    answer = as_json(head(view, made.id))
    answer.status_code = 201
    return answer


@router.get("/{draft:uuid}", responses=answers(Head, 404), dependencies=[needs(DRAW)])
def draft_(draft: UUID, view: ViewOf) -> Response:
    """One draft, without what is drawn in it."""
    seen(view, draft)
    return as_json(head(view, draft))


@router.post(
    "/{draft:uuid}/lock", openapi_extra=takes(Nothing), responses=answers(Head, 404, 409, 423),
    dependencies=[needs(DRAW)],
)  # fmt: skip
def lock_(draft: UUID, body: Body, view: ViewOf) -> Response:
    """Take the lock, or keep it on (`Nothing`). The first step takes it by itself."""
    read_body(body, Nothing)
    seen(view, draft)
    minutes = view.parts.desk.drafts.lock_min
    with view.acting() as connection, connection.transaction():
        kept = load_draft(connection, draft, to_change=True)
        hold(connection, kept, actor=view.viewer.account_id, now=view.parts.clock(), minutes=minutes)
    return as_json(head(view, draft))


@router.post(
    "/{draft:uuid}/unlock", openapi_extra=takes(Nothing), responses=answers(Head, 404), dependencies=[needs(DRAW)]
)
def unlock_(draft: UUID, body: Body, view: ViewOf) -> Response:
    """Let go of one's lock (`Nothing`), so that somebody else need not wait until it is over."""
    read_body(body, Nothing)
    seen(view, draft)
    with view.acting() as connection:
        release(connection, draft, actor=view.viewer.account_id)
    return as_json(head(view, draft))


@router.post(
    "/{draft:uuid}/discard", openapi_extra=takes(Nothing), responses=answers(Head, 404, 409, 423),
    dependencies=[needs(DRAW)],
)  # fmt: skip
def discard_(draft: UUID, body: Body, view: ViewOf) -> Response:
    """Give up a draft that is not submitted (`Nothing`); it stays to be read. Not while somebody else edits it."""
    read_body(body, Nothing)
    seen(view, draft)
    desk, now, actor = view.parts.desk, view.parts.clock(), view.viewer.account_id
    with view.acting() as connection, connection.transaction():
        kept = load_draft(connection, draft, to_change=True)
        hold(connection, kept, actor=actor, now=now, minutes=desk.drafts.lock_min)
        discard(connection, draft, actor=actor)
    return as_json(head(view, draft))


@router.get("/{draft:uuid}/history", responses=answers(History, 404), dependencies=[needs(DRAW)])
def history_(draft: UUID, view: ViewOf) -> Response:
    """The steps taken, by whom and when, the newest first; at most 2,000."""
    seen(view, draft)
    with view.acting() as connection:
        kept = history(connection, draft)
        names = names_of(connection, {one.made_by for one in kept})
    return as_json(History(steps=[_step(one, names.get(one.made_by, "")) for one in kept]))


def _step(one: Kept, name: str) -> StepTold:
    return StepTold(
        seq=one.seq, id=one.id, kind=one.kind, step=one.step, made_by=name, made_at=one.made_at,
        in_force=one.in_force, units=one.units,
    )  # fmt: skip
