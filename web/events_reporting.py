"""Reporting events: the form for desks and workers, and what a phone sends."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Query, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from msgspec import Meta, Struct
from pydantic import BaseModel

from access.accounts import is_within
from access.places import divisions_of
from config.database import Connection
from events.errors import EventError, Misplaced
from events.flow import By
from events.kinds import shipped_kinds
from events.place import Located, locate
from events.private import MOST_PHOTO, Photo, photo_of, photo_of_base64
from events.reporting import Reported, Said, report
from events.statements import QUERIES
from web.answers import answers, takes
from web.api import as_json
from web.events_map import map_page
from web.events_view import AT, tabs
from web.events_who import READ, REPORT
from web.events_words import name_of, refused_in_words
from web.guard import Body, read_body
from web.office import address
from web.pages import Language
from web.people_words import uuid
from web.viewing import View, ViewOf, needs, needs_form

router = APIRouter()

Short = Annotated[str, Form(max_length=60)]


class EventReported(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a phone sends; the key is made there, so that what is sent twice is one event."""

    key: UUID
    kind: Annotated[str, Meta(min_length=1, max_length=40)]
    lon: Annotated[float, Meta(ge=-180, le=180)]
    lat: Annotated[float, Meta(ge=-90, le=90)]
    happened_at: Annotated[datetime, Meta(tz=True)] | None = None
    urgent: bool = False
    text: Annotated[str, Meta(max_length=500)] | None = None
    accuracy_m: Annotated[float, Meta(ge=0, le=1_000_000)] | None = None
    photo_base64: Annotated[str, Meta(max_length=1_900_000)] | None = None


class EventTaken(BaseModel):
    """Where a report went; outside of all grids there is no grid, and `said` says so."""

    event_id: int
    is_new: bool
    grid_name: str | None
    place: str
    level: str
    said: str
    said_zh: str


class KindTold(BaseModel):
    """One kind of event, or one choice."""

    id: str
    zh: str
    en: str
    icon: str
    urgent: bool


class ChoiceTold(BaseModel):
    """What a tap may say."""

    id: str
    zh: str
    en: str


class EventKinds(BaseModel):
    """What a phone needs to report and to handle events."""

    kinds: list[KindTold]
    results: list[ChoiceTold]
    reasons: list[ChoiceTold]


@router.get("/api/worker/event-kinds", tags=["events"], responses=answers(EventKinds), dependencies=[needs(REPORT)])
def event_kinds() -> Response:
    """Kinds of events, results of handling one, and reasons for handing one up."""
    told = shipped_kinds()
    kinds = [
        {"id": one.id, "zh": one.zh, "en": one.en, "icon": one.icon, "urgent": one.urgent}
        for one in told.kinds.values()
    ]

    def listed(table: Any) -> list[dict[str, str]]:
        return [{"id": key, "zh": one.zh, "en": one.en} for key, one in table.items()]

    return as_json({"kinds": kinds, "results": listed(told.results), "reasons": listed(told.reasons)})


@router.post(
    "/api/worker/events",
    tags=["events"],
    responses=answers(EventTaken, 409),
    openapi_extra=takes(EventReported),
    dependencies=[needs(REPORT)],
)
def report_by_phone(body: Body, view: ViewOf) -> Response:
    """Report an event (`EventReported`); sent again with the same key, it is the same one."""
    said = read_body(body, EventReported)
    photo = photo_of_base64(said.photo_base64) if said.photo_base64 else None
    what = Said(
        key=said.key,
        kind=said.kind,
        happened_at=said.happened_at,
        urgent=said.urgent,
        accuracy_m=said.accuracy_m,
        text=said.text or "",
        photo=photo,
    )
    done, where = _reported(view, what, lon=said.lon, lat=said.lat, division=None)
    return as_json(_taken(done, where))


def _taken(done: Reported, where: Located) -> dict[str, Any]:
    outside = where.outside_grids
    lowest = next(iter(where.names.values()))
    names = [where.names[level] for level in ("district", "township", "village", "grid") if level in where.names]
    return {
        "event_id": done.event_id,
        "is_new": done.is_new,
        "grid_name": where.names.get("grid"),
        "place": " ".join(names),
        "level": done.level,
        "said": f"the place lies outside of all grids: it went to {lowest}" if outside else "",
        "said_zh": f"该位置不在任何网格内，已报至{lowest}。" if outside else "",
    }


@router.get(f"{AT}/report", response_class=HTMLResponse, dependencies=[needs(REPORT)])
def report_form(request: Request, view: ViewOf, lang: Annotated[Language, Query()] = "zh") -> Response:
    """The form: what, where, and at most a few words and a picture."""
    return _form(request, view, lang)


@router.post(f"{AT}/report", response_class=HTMLResponse, dependencies=[needs_form(REPORT)])
def report_by_form(
    request: Request,
    view: ViewOf,
    *,
    key: Short = "",
    kind: Short = "",
    lon: Short = "",
    lat: Short = "",
    division: Short = "",
    urgent: Short = "",
    text: Annotated[str, Form(max_length=2000)] = "",
    photo: UploadFile | None = None,
    lang: Annotated[Language, Form()] = "zh",
) -> Response:
    """One event of somebody at a desk, or of a worker with this page."""
    given = {"kind": kind, "lon": lon, "lat": lat, "division": division, "urgent": urgent, "text": text, "key": key}
    try:
        said = Said(
            key=uuid(key) or uuid4(), kind=kind, urgent=bool(urgent), text=text, photo=_picture(photo), way="desk"
        )
        at = (_degrees(lon), _degrees(lat))
        done, _ = _reported(view, said, lon=at[0], lat=at[1], division=division.strip() or None)
    except EventError as refused:
        return _form(request, view, lang, refused=refused, given=given)
    onward = f"{AT}/{done.event_id}" if view.may(READ) else f"{AT}/mine"
    return RedirectResponse(address(onward, lang, done="reported" if done.is_new else "again"), status_code=303)


def _picture(photo: UploadFile | None) -> Photo | None:
    raw = b"" if photo is None else photo.file.read(MOST_PHOTO + 1)
    return photo_of(raw) if raw else None


def _degrees(text: str) -> float | None:
    try:
        return float(text) if text.strip() else None
    except ValueError as error:
        raise Misplaced(f"{text[:20]!r} is no number of degrees", "经纬度应为数字。") from error


def _reported(
    view: View, said: Said, *, lon: float | None, lat: float | None, division: str | None
) -> tuple[Reported, Located]:
    person = view.viewer.person_id
    with view.acting() as connection:
        where = locate(connection, lon=lon, lat=lat, division=division)
        _check_within(connection, view, where)
        by = By(account=view.viewer.account_id, person_id=person)
        return report(connection, view.parts.vault, said, where, by), where


def _check_within(connection: Connection, view: View, where: Located) -> None:
    """Raise Misplaced for another township's: across the street, in the grid beside one's own, one may report."""
    beside = {"township": where.places["township"], "divisions": list(view.scope.divisions)}
    row = connection.execute(QUERIES["has_any_of"], beside).fetchone()
    if not (row and row[0]) and not is_within(connection, where.places["township"], view.scope):
        raise Misplaced(
            "that place lies outside of what you may report for: tell the township there",
            "该位置不在您的上报范围内，请联系当地镇街。",
        )


def _form(
    request: Request,
    view: View,
    language: Language,
    *,
    refused: EventError | None = None,
    given: dict[str, str] | None = None,
) -> HTMLResponse:
    with view.connection() as connection:
        choices = divisions_of(connection, view.scope, now=view.parts.clock())
    kinds = [(one.id, one.icon, name_of(one, language), one.urgent) for one in shipped_kinds().kinds.values()]
    return map_page(
        request, view, "event_report.html", language, menu_at=AT, status=200 if refused is None else 409,
        told="" if refused is None else refused_in_words(refused, language), tabs=tabs(view, language, "report"),
        kinds=kinds, choices=choices, given=given or {}, key=(given or {}).get("key") or uuid4(), marks=[],
        no_key=view.parts.vault is None,
    )  # fmt: skip
