"""Events over HTTP: JSON, in the scope of whoever asks."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from msgspec import Meta, Struct
from pydantic import BaseModel

from access.errors import AccountRefused
from access.places import division_within
from config.database import Connection
from events.acts import Tap, take
from events.figures import By, Closure, Period, StepTime, closure, step_times
from events.listing import Event, Step, Tallies, Wanted, events, steps, tallies
from web.answers import answers, takes
from web.api import as_json
from web.errors import AskedWrongError
from web.events_own import EventMoved
from web.events_who import HANDLE, READ, at_desk, seen
from web.guard import Body, read_body
from web.viewing import View, ViewOf, needs

router = APIRouter(prefix="/api/events", tags=["events"])

Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
State = Literal["open", "reported", "accepted", "assigned", "handled", "closed"]
Level = Literal["grid", "village", "township", "district"]
Division = Annotated[str, Query(max_length=60, description="Code or name; with all that lies in it.")]
_AT_MOST = 1000


class EventList(BaseModel):
    """Events, what is urgent and open first, then the newest."""

    events: list[Event]
    next: str | None  # `after` of the next page


class EventTold(BaseModel):
    """One event with its steps; words and pictures are not told here."""

    event: Event
    steps: list[Step]


class ClosureTold(BaseModel):
    """What became of events that were reported in a time, by division, and of all of them."""

    closure: list[Closure]
    times: list[StepTime]
    now: Tallies


class DeskTap(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One tap at a desk; the key is made where it is."""

    act: Literal["accept", "assign", "handle", "verify", "return", "up"]
    key: UUID
    choice: Annotated[str, Meta(max_length=40)] | None = None  # a result, or a reason
    person: UUID | None = None  # who is on duty there, and gets it
    division: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None  # for which they are


@router.get("", responses=answers(EventList, 422), dependencies=[needs(READ)])
def list_events(
    view: ViewOf,
    *,
    state: State | None = None,
    level: Level | None = None,
    kind: Annotated[str | None, Query(max_length=40)] = None,
    overdue: bool = False,
    urgent: bool = False,
    division: Division = "",
    since: datetime | None = None,
    until: datetime | None = None,
    after: Annotated[str, Query(max_length=30, pattern=r"^([01]-[0-9]{1,18})?$")] = "",
    limit: Annotated[int, Query(ge=1, le=_AT_MOST)] = 100,
) -> Response:
    """Events of the scope; pages go on by `after`."""
    flag, _, number = after.partition("-")
    with view.connection() as connection:
        wanted = Wanted(
            state=state,
            level=level,
            kind=kind,
            overdue=overdue,
            urgent=urgent,
            within=_within(connection, view, division),
            since=_aware(since, "since"),
            until=_aware(until, "until"),
            after=(flag == "1", int(number)) if number else None,
        )
        found = events(connection, wanted, most=limit + 1)
    more, found = len(found) > limit, found[:limit]
    onward = f"{int(found[-1].urgent and found[-1].state != 'closed')}-{found[-1].id}" if more else None
    return as_json({"events": found, "next": onward})


@router.get("/figures", responses=answers(ClosureTold, 422), dependencies=[needs(READ)])
def figures(
    view: ViewOf, *, since: datetime, until: datetime, by: By = "township", division: Division = ""
) -> Response:
    """What was reported from `since` until before `until`: closed where, how fast, how much of it late."""
    begin, end = _aware(since, "since"), _aware(until, "until")
    assert begin is not None and end is not None
    with view.connection() as connection:
        period = Period(since=begin, until=end, within=_within(connection, view, division), by=by)
        told: dict[str, Any] = {
            "closure": closure(connection, period),
            "times": step_times(connection, period),
            "now": tallies(connection, today=begin),
        }
    return as_json(told)


@router.get("/{event}", responses=answers(EventTold, 404), dependencies=[needs(READ)])
def one_event(event: Number, view: ViewOf) -> Response:
    """One event with its steps."""
    with view.connection() as connection:
        return as_json({"event": seen(connection, event), "steps": steps(connection, event)})


@router.post(
    "/{event}/act",
    responses=answers(EventMoved, 404, 409),
    openapi_extra=takes(DeskTap),
    dependencies=[needs(HANDLE)],
)
def act(event: Number, body: Body, view: ViewOf) -> Response:
    """One tap (`DeskTap`), for the level that the asker speaks for."""
    told = read_body(body, DeskTap)
    with view.connection() as connection:
        by = at_desk(connection, view, seen(connection, event))
    tap = Tap(act=told.act, key=told.key, choice=told.choice, to=told.person, to_division=told.division)
    with view.acting() as acting:
        return as_json(asdict(take(acting, event, tap, by)))


def _within(connection: Connection, view: View, named: str) -> int | None:
    """A division that is asked for; raises AskedWrongError for one that the scope does not have."""
    if not named.strip():
        return None
    try:
        return division_within(connection, named.strip(), view.scope, now=view.parts.clock())
    except AccountRefused as error:
        raise AskedWrongError(f"division: {error}") from error


def _aware(at: datetime | None, name: str) -> datetime | None:
    if at is not None and at.tzinfo is None:
        raise AskedWrongError(f"{name}: {at} has no offset: add +08:00")
    return at
