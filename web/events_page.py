"""Events in a browser: a list, one event with its steps, and the taps by which it is handled."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from access.errors import CannotOpen
from events.acts import Tap, take
from events.errors import EventError, Refused
from events.private import open_photo
from web.events_one import one_page
from web.events_view import AT, list_page
from web.events_who import HANDLE, READ, at_desk, seen
from web.office import address
from web.pages import Language
from web.people_words import number, uuid
from web.viewing import View, ViewOf, needs, needs_form

router = APIRouter(prefix=AT)

Lang = Annotated[Language, Query()]
Short = Annotated[str, Query(max_length=60)]
Given = Annotated[str, Form(max_length=60)]


@router.get("", response_class=HTMLResponse, dependencies=[needs(READ)])
def list_of_events(
    request: Request,
    view: ViewOf,
    *,
    state: Literal["open", "all", "reported", "accepted", "assigned", "handled", "closed", ""] = "",
    level: Literal["grid", "village", "township", "district", ""] = "",
    kind: Short = "",
    overdue: Annotated[str, Query(max_length=5)] = "",
    urgent: Annotated[str, Query(max_length=5)] = "",
    division: Short = "",
    after: Short = "",
    lang: Lang = "zh",
) -> Response:
    """The events that the scope shows; those that are open where nothing else is asked for."""
    asked = {"state": state, "level": level, "kind": kind, "overdue": overdue, "urgent": urgent}
    return list_page(request, view, lang, {**asked, "division": division.strip(), "after": after})


@router.get("/{event:int}", response_class=HTMLResponse, dependencies=[needs(READ)])
def one_event(
    request: Request, view: ViewOf, event: int, done: Annotated[str, Query(max_length=20)] = "", lang: Lang = "zh"
) -> Response:
    """One event: where, what, its steps, and who is on duty there."""
    return one_page(request, view, lang, event, done=done)


@router.post("/{event:int}/act", response_class=HTMLResponse, dependencies=[needs_form(HANDLE)])
def act(
    request: Request,
    view: ViewOf,
    event: int,
    *,
    what: Given = "",
    choice: Given = "",
    to: Given = "",
    key: Given = "",
    lang: Annotated[Language, Form()] = "zh",
) -> Response:
    """One tap of somebody at a desk, for the level that they speak for."""
    with view.connection() as connection:
        one = seen(connection, event)
        try:
            by = at_desk(connection, view, one)
        except Refused as refused:
            return one_page(request, view, lang, event, refused=refused)
    person, _, division = to.partition(" ")
    tap = Tap(act=what, key=uuid(key), choice=choice or None, to=uuid(person), to_division=number(division))
    try:
        with view.acting() as acting:
            take(acting, event, tap, by)
    except EventError as refused:
        return one_page(request, view, lang, event, refused=refused)
    return RedirectResponse(address(f"{AT}/{event}", lang, done=what), status_code=303)


@router.post("/{event:int}/photo", response_class=HTMLResponse, dependencies=[needs_form(HANDLE)])
def photo(request: Request, view: ViewOf, event: int, lang: Annotated[Language, Form()] = "zh") -> Response:
    """The event with its picture, shown this once; that it was looked at is in the audit first."""
    with view.connection() as connection:
        seen(connection, event)
    try:
        url = _photo(view, event, actor=view.viewer.account_id)
    except EventError as refused:
        return one_page(request, view, lang, event, refused=refused)
    return one_page(request, view, lang, event, photo=url)


def _photo(view: View, event: int, *, actor: UUID) -> str:
    if view.parts.vault is None:
        raise Refused("this server has no key file: set SHIJING_ACCESS_KEY_FILE", "服务器未配置密钥文件。")
    try:
        with view.acting() as acting:
            return open_photo(acting, view.parts.vault, event, actor=actor).as_url()
    except CannotOpen as error:
        raise Refused("the picture was sealed with another key", "照片由其他密钥加密，无法打开。") from error
