"""A worker's own events: given to them, reported by them, or waiting where they are on duty; two or three taps each."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from msgspec import Meta, Struct
from pydantic import BaseModel

from access.places import place_names
from alerts.acts import now as told_now
from config.database import Connection
from events.acts import Done, Tap, came_before, take
from events.errors import EventError, EventUnknown, Refused
from events.flow import By
from events.kinds import shipped_kinds
from events.listing import Event, Own, own, waits_for
from web.answers import answers, takes
from web.api import as_json
from web.events_view import AT, own_rows, tabs
from web.events_who import REPORT
from web.events_words import DONE, refused_in_words, said, word
from web.guard import Body, read_body
from web.office import address, office_page
from web.pages import Language
from web.people_words import uuid
from web.viewing import View, ViewOf, needs, needs_form

router = APIRouter()

_MOST = 100
Act = Literal["accept", "handle", "up"]
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
Short = Annotated[str, Form(max_length=60)]


class EventTapped(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One tap: accept it, handle it with a result, or hand it up with a reason; the key is made at the tap."""

    act: Act
    key: UUID
    choice: Annotated[str, Meta(max_length=40)] | None = None


class EventMoved(BaseModel):
    """How an event stands after a tap; not counted: the same tap had come before."""

    event_id: int
    state: str
    level: str
    closed_level: str | None
    counted: bool


class OwnEvent(BaseModel):
    """One of a worker's events."""

    id: int
    kind: str
    urgent: bool
    state: str
    level: str
    place: str
    lon: float | None
    lat: float | None
    reported_at: str
    due_at: str | None
    overdue: bool
    mine: bool
    may_act: bool


class OwnEvents(BaseModel):
    """All of them, the urgent ones first."""

    events: list[OwnEvent]


@router.get("/api/worker/events", tags=["events"], responses=answers(OwnEvents), dependencies=[needs(REPORT)])
def own_events(view: ViewOf) -> Response:
    """What was given to the asker, what they reported, and what waits where they are on duty."""
    person = view.viewer.person_id
    with view.connection() as connection:
        at = told_now(connection)
        found = _own(view, connection, person, at)
        places = place_names(connection, {place for one in found for place in one.event.place_ids()}, now=at)
    told = [_told(one.event, places) | _acts(view, one, person) for one in found]
    return as_json({"events": told})


def _own(
    view: View, connection: Connection, person: UUID | None, at: datetime, *, number: int | None = None
) -> list[Own]:
    mine = waits_for(connection, person, at=at)
    with view.acting() as owner:
        return own(owner, view.viewer.account_id, person, mine, at=at, most=_MOST, number=number)


def _told(one: Event, places: dict[int, str]) -> dict[str, Any]:
    names = [places[place] for place in reversed(one.place_ids()) if place in places]
    kept = ("id", "kind", "urgent", "state", "level", "lon", "lat", "reported_at", "due_at")
    return {
        **{name: getattr(one, name) for name in kept},
        "place": " ".join(names[1:]),
        "overdue": one.overdue_at is not None,
    }


def _acts(view: View, one: Own, person: UUID | None) -> dict[str, bool]:
    is_given = person is not None and one.event.assigned_to == person
    return {"mine": is_given or one.event.actor == view.viewer.account_id, "may_act": one.may_act}


@router.post(
    "/api/worker/events/{event}/act",
    tags=["events"],
    responses=answers(EventMoved, 404, 409),
    openapi_extra=takes(EventTapped),
    dependencies=[needs(REPORT)],
)
def tap_own(event: Number, body: Body, view: ViewOf) -> Response:
    """One tap on an event of one's own (`EventTapped`)."""
    told = read_body(body, EventTapped)
    return as_json(asdict(_take(view, event, Tap(act=told.act, key=told.key, choice=told.choice))))


def _take(view: View, number: int, tap: Tap) -> Done:
    """Raises EventUnknown for what is none of the asker's, Refused for what they may not do with it."""
    person = view.viewer.person_id
    with view.connection() as connection:
        at = told_now(connection)
        found = _own(view, connection, person, at, number=number)
        if not found:
            raise EventUnknown(number)
    with view.acting() as acting:
        if not found[0].may_act:
            return _repeated(acting, number, tap)
        level = found[0].event.level
        return take(acting, number, tap, By(account=view.viewer.account_id, person_id=person, level=level))


def _repeated(connection: Connection, number: int, tap: Tap) -> Done:
    """A tap that came before is answered as then, whoever has the event by now."""
    done = came_before(connection, number, tap)
    if done is None:
        raise Refused("it is with somebody else now", "事件已由他人或上级办理。")
    return done


@router.get(f"{AT}/mine", response_class=HTMLResponse, dependencies=[needs(REPORT)])
def mine(
    request: Request,
    view: ViewOf,
    done: Annotated[str, Query(max_length=20)] = "",
    lang: Annotated[Language, Query()] = "zh",
) -> Response:
    """A worker's own events, with what they wait for."""
    return _page(request, view, lang, done=done)


@router.post(f"{AT}/mine/{{event:int}}", response_class=HTMLResponse, dependencies=[needs_form(REPORT)])
def tap_by_form(
    request: Request,
    view: ViewOf,
    event: int,
    *,
    what: Short = "",
    choice: Short = "",
    key: Short = "",
    lang: Annotated[Language, Form()] = "zh",
) -> Response:
    """One tap, by this page."""
    try:
        _take(view, event, Tap(act=what, key=uuid(key), choice=choice or None))
    except EventUnknown:
        raise
    except EventError as refused:
        return _page(request, view, lang, refused=refused)
    return RedirectResponse(address(f"{AT}/mine", lang, done=what), status_code=303)


def _page(
    request: Request, view: View, language: Language, *, done: str = "", refused: EventError | None = None
) -> HTMLResponse:
    person = view.viewer.person_id
    with view.connection() as connection:
        at = told_now(connection)
        found = _own(view, connection, person, at)
        rows = own_rows(view, connection, [one.event for one in found], at, language)
    more = [_acts(view, one, person) | {"key": uuid4(), "waits": one.event.state} for one in found]
    kinds = shipped_kinds()
    return office_page(
        request, view, "events_mine.html", language, menu_at=AT, status=200 if refused is None else 409,
        told="" if refused is None else refused_in_words(refused, language), tabs=tabs(view, language, "mine"),
        done=word(DONE, done, language) if done in DONE else "",
        rows=[row | told for row, told in zip(rows, more, strict=True)],
        results=said(kinds.results, language), reasons=said(kinds.reasons, language), base=f"{AT}/mine",
        report=address(f"{AT}/report", language),
    )  # fmt: skip
