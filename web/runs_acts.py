"""What a commander does with runs, over HTTP: JSON only, by whoever has the right where the run is.

Each is one transaction (dispatch/acts.py); what does not go is answered with 409, and why in both languages.
"""

from collections.abc import Callable
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from msgspec import Meta, Struct

from access.places import division_within
from alerts.levels import Grade
from config.database import Connection
from dispatch.act_base import Acted
from dispatch.act_ending import sign, terminate, tick
from dispatch.act_people import answer_for, reassign
from dispatch.act_start import Start, start
from dispatch.act_tasks import add_task, skip_task
from dispatch.acts import confirm, decline, note, set_level
from dispatch.answers import Given
from dispatch.errors import Refused
from dispatch.reviewing import review
from web.answers import answers, takes
from web.api import as_json
from web.guard import Body, read_body
from web.runs_api import Number, people_there
from web.runs_lanes import COMMAND, seen
from web.viewing import View, ViewOf, needs

router = APIRouter(prefix="/api/runs", tags=["runs"])

Words = Annotated[str, Meta(max_length=2000)]
Short = Annotated[str, Meta(max_length=200)]


class Nothing(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing more is to be said: who does it is known."""


class Why(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why."""

    reason: Words


class Levelled(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which level from now on, and why."""

    level: Grade
    reason: Words


class TaskAdded(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the plan has not: which post does what, within how many minutes, and why."""

    post: Short
    what: Short
    limit_min: int
    reason: Words


class Reassigned(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who does it instead, and why."""

    person: UUID
    reason: Words


class Answered(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody said who has no phone of ours; the key of the tap: sent twice, it is one answer."""

    key: UUID
    kind: Literal["acknowledged", "on_site", "done", "cannot"]
    result: Short | None = None


class Ticked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A condition of the plan by its place in the list, from 0, and whether it holds."""

    purpose: Literal["upgrade", "terminate"]
    number: Annotated[int, Meta(ge=0, le=1000)]
    met: bool


class Ended(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`override`: also where conditions or the signature are missing, for a reason that is recorded."""

    reason: Words = ""
    override: bool = False


class Noted(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Words, and the key of where they were written: sent twice, they are one note."""

    text: Words
    key: UUID


class Started(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which plan, in which township (code or name) and in which of its grids (ids; none: all of it)."""

    plan: Short
    township: Annotated[str, Meta(max_length=60)]
    level: Grade
    reason: Words
    grids: Annotated[list[int], Meta(max_length=500)] = []
    drill: bool = False


@router.post("", responses=answers(Acted, 409), openapi_extra=takes(Started), dependencies=[needs(COMMAND)])
def start_(body: Body, view: ViewOf) -> Response:
    """Start a run by hand (`Started`): real, or a drill."""
    said = read_body(body, Started)
    with view.connection() as scoped:
        township = division_within(scoped, said.township, view.scope, now=view.parts.clock())
        _check_township(scoped, township)
    asked = Start(
        plan=said.plan, township_id=township, level=said.level, reason=said.reason, grids=said.grids, drill=said.drill
    )
    with view.acting() as connection:
        return as_json(start(connection, asked, actor=view.viewer.account_id))


@router.post(
    "/{run:int}/confirm", responses=answers(Acted, 404, 409), openapi_extra=takes(Nothing),
    dependencies=[needs(COMMAND)],
)  # fmt: skip
def confirm_(run: Number, body: Body, view: ViewOf) -> Response:
    """It starts (`Nothing`)."""
    read_body(body, Nothing)
    return _act(view, run, lambda connection, actor: confirm(connection, run, actor=actor))


@router.post(
    "/{run:int}/decline", responses=answers(Acted, 404, 409), openapi_extra=takes(Why), dependencies=[needs(COMMAND)]
)
def decline_(run: Number, body: Body, view: ViewOf) -> Response:
    """It does not start (`Why`)."""
    said = read_body(body, Why)
    return _act(view, run, lambda connection, actor: decline(connection, run, reason=said.reason, actor=actor))


@router.post(
    "/{run:int}/level", responses=answers(Acted, 404, 409), openapi_extra=takes(Levelled),
    dependencies=[needs(COMMAND)],
)  # fmt: skip
def level_(run: Number, body: Body, view: ViewOf) -> Response:
    """Raise or lower it (`Levelled`)."""
    said = read_body(body, Levelled)
    return _act(
        view, run, lambda connection, actor: set_level(connection, run, said.level, reason=said.reason, actor=actor)
    )


@router.post(
    "/{run:int}/tasks", responses=answers(Acted, 404, 409), openapi_extra=takes(TaskAdded),
    dependencies=[needs(COMMAND)],
)  # fmt: skip
def add_task_(run: Number, body: Body, view: ViewOf) -> Response:
    """Add a task (`TaskAdded`)."""
    said = read_body(body, TaskAdded)
    told = {"post": said.post, "what": said.what, "reason": said.reason}
    return _act(
        view, run,
        lambda connection, actor: add_task(connection, run, **told, limit_min=said.limit_min, actor=actor),
    )  # fmt: skip


@router.post(
    "/{run:int}/tasks/{task:int}/skip", responses=answers(Acted, 404, 409), openapi_extra=takes(Why),
    dependencies=[needs(COMMAND)],
)  # fmt: skip
def skip_task_(run: Number, task: Number, body: Body, view: ViewOf) -> Response:
    """Skip a task (`Why`): what waits for it goes on."""
    said = read_body(body, Why)
    return _act(view, run, lambda connection, actor: skip_task(connection, run, task, reason=said.reason, actor=actor))


@router.post(
    "/{run:int}/assignments/{assignment:int}/reassign", responses=answers(Acted, 404, 409),
    openapi_extra=takes(Reassigned), dependencies=[needs(COMMAND)],
)  # fmt: skip
def reassign_(run: Number, assignment: Number, body: Body, view: ViewOf) -> Response:
    """Give it to somebody else by name (`Reassigned`)."""
    said = read_body(body, Reassigned)
    township = seen(view, run)
    if said.person not in {one.id for one in people_there(view, township, run)}:
        raise Refused("choose one of the people who serve in that township", "请从本镇街在职人员中选择。")
    return _act(
        view, run,
        lambda connection, actor: reassign(
            connection, run, assignment, person_id=said.person, reason=said.reason, actor=actor
        ),
    )  # fmt: skip


@router.post(
    "/{run:int}/assignments/{assignment:int}/answer", responses=answers(Given, 404, 409),
    openapi_extra=takes(Answered), dependencies=[needs(COMMAND)],
)  # fmt: skip
def answer_(run: Number, assignment: Number, body: Body, view: ViewOf) -> Response:
    """Answer at the desk for somebody, or for an outside party (`Answered`)."""
    said = read_body(body, Answered)
    seen(view, run)
    by = view.viewer.account_id
    with view.acting() as connection:
        given = answer_for(connection, run, assignment, key=said.key, kind=said.kind, result=said.result, actor=by)
    return as_json(given)


@router.post(
    "/{run:int}/conditions", responses=answers(Acted, 404, 409), openapi_extra=takes(Ticked),
    dependencies=[needs(COMMAND)],
)  # fmt: skip
def tick_(run: Number, body: Body, view: ViewOf) -> Response:
    """Say that a condition in words holds, or that it does not any more (`Ticked`)."""
    said = read_body(body, Ticked)
    return _act(
        view, run,
        lambda connection, actor: tick(connection, run, said.purpose, said.number, met=said.met, actor=actor),
    )  # fmt: skip


@router.post(
    "/{run:int}/sign", responses=answers(Acted, 404, 409), openapi_extra=takes(Nothing),
    dependencies=[needs(COMMAND)],
)  # fmt: skip
def sign_(run: Number, body: Body, view: ViewOf) -> Response:
    """Sign that it may end (`Nothing`): by whoever the plan names, or a commander of the township."""
    read_body(body, Nothing)
    return _act(view, run, lambda connection, actor: sign(connection, run, actor=actor))


@router.post(
    "/{run:int}/terminate", responses=answers(Acted, 404, 409), openapi_extra=takes(Ended),
    dependencies=[needs(COMMAND)],
)  # fmt: skip
def terminate_(run: Number, body: Body, view: ViewOf) -> Response:
    """End it (`Ended`)."""
    said = read_body(body, Ended)
    return _act(
        view, run,
        lambda connection, actor: terminate(
            connection, run, actor=actor, reason=said.reason, override=said.override
        ),
    )  # fmt: skip


@router.post(
    "/{run:int}/review", responses=answers(Acted, 404, 409), openapi_extra=takes(Nothing),
    dependencies=[needs(COMMAND)],
)  # fmt: skip
def review_(run: Number, body: Body, view: ViewOf) -> Response:
    """It was looked through (`Nothing`); the figures are the record's own."""
    read_body(body, Nothing)
    return _act(view, run, lambda connection, actor: review(connection, run, actor=actor))


@router.post(
    "/{run:int}/notes", responses=answers(Acted, 404, 409), openapi_extra=takes(Noted), dependencies=[needs(COMMAND)]
)
def note_(run: Number, body: Body, view: ViewOf) -> Response:
    """Words for those who read it later (`Noted`), kept sealed."""
    said, vault = read_body(body, Noted), view.parts.vault
    return _act(
        view, run, lambda connection, actor: note(connection, vault, run, text=said.text, key=said.key, actor=actor)
    )


def _act(view: View, run: int, act: Callable[[Connection, UUID], Acted]) -> Response:
    """An act on a run that was found in the scope; for any other RunUnknownError: it is as if there were none."""
    seen(view, run)
    with view.acting() as connection:
        return as_json(act(connection, view.viewer.account_id))


def _check_township(connection: Connection, division_id: int) -> None:
    row = connection.execute("select level from divisions where id = %s", (division_id,)).fetchone()
    if row is None or row[0] != "township":
        raise Refused("a run is one of a township: name a township", "预案按镇街运行，请选择镇街。")
