"""Accounts kept in a browser: found, made, given roles, locked. (What may be done: access/administration.py.)"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from access.accounts import Kind
from access.administration import Administrator, new_password
from access.errors import AccountRefused
from access.places import division_within
from access.sessions import add_link
from config.database import Connection
from config.logs import BEIJING
from people.errors import Refused
from web.accounts_view import AT, administrator_of, list_page, new_page, one_page
from web.office import address, office_page
from web.own_address import own_address
from web.pages import Language
from web.people_names import colleague, kept_by
from web.viewing import View, ViewOf, needs, needs_form

router = APIRouter(prefix=AT)

RIGHT = "accounts.manage"
Lang = Annotated[Language, Form()]
Division = Annotated[str, Form(max_length=60)]
FIRST_LINK_S = 24 * 3600.0  # of a new account: whoever it is for need not sit at the desk just now


@router.get("", response_class=HTMLResponse, dependencies=[needs(RIGHT)])
def accounts_page(
    request: Request,
    view: ViewOf,
    q: Annotated[str, Query(max_length=60)] = "",
    after: Annotated[str, Query(max_length=60)] = "",
    done: Annotated[str, Query(max_length=20)] = "",
    lang: Annotated[Language, Query()] = "zh",
) -> Response:
    """The accounts whose every role lies in the scope."""
    return list_page(request, view, lang, q.strip(), after, done)


@router.get("/new", response_class=HTMLResponse, dependencies=[needs(RIGHT)])
def new_account_page(request: Request, view: ViewOf, lang: Annotated[Language, Query()] = "zh") -> Response:
    """The form for a new one."""
    return new_page(request, view, lang)


@router.get("/{account}", response_class=HTMLResponse, dependencies=[needs(RIGHT)])
def account_page(
    request: Request,
    view: ViewOf,
    account: UUID,
    done: Annotated[str, Query(max_length=20)] = "",
    lang: Annotated[Language, Query()] = "zh",
) -> Response:
    """One account, and what may be done with it."""
    return one_page(request, view, lang, account, done=done)


@router.post("", response_class=HTMLResponse, dependencies=[needs_form(RIGHT)])
def make_account(
    request: Request,
    view: ViewOf,
    *,
    name: Annotated[str, Form(max_length=60)] = "",
    kind: Annotated[Kind, Form()] = "person",
    role: Annotated[str, Form(max_length=60)] = "",
    division: Division = "",
    by: Annotated[str, Form(pattern="^(link|password|none)$")] = "link",
    lang: Lang = "zh",
) -> Response:
    """A new account with its first role, and what it signs in with for the first time."""
    administrator, now = administrator_of(view), view.parts.clock()
    password = new_password() if by == "password" else None
    secret = ""
    try:
        with view.acting() as connection, connection.transaction():
            where = _place(connection, view, division, now)
            made = administrator.make(connection, name, kind, role, where, password=password, now=now)
            if by == "link":
                secret = add_link(connection, made, now=now, lasts_s=FIRST_LINK_S, by=view.viewer.account_id)
    except AccountRefused as refused:
        return new_page(request, view, lang, refused=refused, name=name, kind=kind, role=role, division=division, by=by)
    if by == "none":
        return _back(made, lang, "made")
    return _once(request, view, lang, made, name.strip(), password=password or "", secret=secret, hours=24)


@router.post("/{account}/roles", response_class=HTMLResponse, dependencies=[needs_form(RIGHT)])
def give_role(
    request: Request,
    view: ViewOf,
    account: UUID,
    *,
    role: Annotated[str, Form(max_length=60)] = "",
    division: Division = "",
    until: Annotated[str, Form(max_length=10)] = "",
    lang: Lang = "zh",
) -> Response:
    """Give a role for a division of the scope; `until` is its last day."""

    def act(administrator: Administrator, connection: Connection, now: datetime) -> None:
        administrator.found(connection, account, now=now)  # before anything else is told of it
        where = _place(connection, view, division, now)
        administrator.give(connection, account, role, where, now=now, until=_end_of(until))

    return _acted(request, view, lang, account, act, "given")


@router.post("/{account}/roles/end", response_class=HTMLResponse, dependencies=[needs_form(RIGHT)])
def take_role(
    request: Request,
    view: ViewOf,
    account: UUID,
    grant: Annotated[int, Form(ge=0, le=2**63 - 1)] = 0,
    lang: Lang = "zh",
) -> Response:
    """Take a role back."""
    return _acted(
        request, view, lang, account, lambda administrator, connection, now: administrator.take(
            connection, account, grant, now=now), "taken",
    )  # fmt: skip


@router.post("/{account}/lock", response_class=HTMLResponse, dependencies=[needs_form(RIGHT)])
def lock_account(request: Request, view: ViewOf, account: UUID, lang: Lang = "zh") -> Response:
    """Nobody gets in with it any more."""
    return _acted(
        request, view, lang, account, lambda administrator, connection, now: administrator.lock(
            connection, account, now=now), "locked",
    )  # fmt: skip


@router.post("/{account}/unlock", response_class=HTMLResponse, dependencies=[needs_form(RIGHT)])
def unlock_account(request: Request, view: ViewOf, account: UUID, lang: Lang = "zh") -> Response:
    """It can be used again."""
    return _acted(
        request, view, lang, account, lambda administrator, connection, now: administrator.unlock(
            connection, account, now=now), "unlocked",
    )  # fmt: skip


@router.post("/{account}/sign-out", response_class=HTMLResponse, dependencies=[needs_form(RIGHT)])
def sign_account_out(request: Request, view: ViewOf, account: UUID, lang: Lang = "zh") -> Response:
    """End every session of it."""
    return _acted(
        request, view, lang, account, lambda administrator, connection, now: administrator.sign_out(
            connection, account, now=now), "signed_out",
    )  # fmt: skip


@router.post("/{account}/person", response_class=HTMLResponse, dependencies=[needs_form(RIGHT)])
def link_person(
    request: Request,
    view: ViewOf,
    account: UUID,
    person: Annotated[str, Form(max_length=100)] = "",
    lang: Lang = "zh",
) -> Response:
    """Whom it answers for at /worker, by staff number, whole name or telephone; empty: nobody."""
    now = view.parts.clock()
    try:
        with view.acting() as connection:
            administrator_of(view).found(connection, account, now=now)  # before anybody is looked for
        found = _one_of_ours(view, person, now) if person.strip() else None
        with view.acting() as connection:
            administrator_of(view).link_person(connection, account, found, now=now)
    except AccountRefused as refused:
        return one_page(request, view, lang, account, refused=refused)
    return _back(account, lang, "linked" if found else "unlinked")


def _one_of_ours(view: View, text: str, now: datetime) -> UUID:
    """Somebody whom the administrator keeps; raises AccountRefused, in the same words whether elsewhere or nowhere."""
    try:
        with view.connection() as connection:
            return colleague(view, connection, text, kept_by(view, now), at=now)
    except Refused as refused:
        raise AccountRefused(str(refused), refused.zh) from refused


@router.post("/{account}/erase", response_class=HTMLResponse, dependencies=[needs_form(RIGHT)])
def erase(
    request: Request,
    view: ViewOf,
    account: UUID,
    name: Annotated[str, Form(max_length=60)] = "",
    lang: Lang = "zh",
) -> Response:
    """Its name and all that it signs in with are gone for good."""
    try:
        with view.acting() as connection:
            administrator_of(view).erase(connection, account, name.strip(), now=view.parts.clock())
    except AccountRefused as refused:
        return one_page(request, view, lang, account, refused=refused)
    return RedirectResponse(address(AT, lang, done="erased"), status_code=303)


@router.post("/{account}/password", response_class=HTMLResponse, dependencies=[needs_form(RIGHT)])
def renew_password(request: Request, view: ViewOf, account: UUID, lang: Lang = "zh") -> Response:
    """A new password that is shown this once, and has to be changed at the first sign-in."""
    administrator, now = administrator_of(view), view.parts.clock()
    try:
        with view.acting() as connection:
            name = administrator.found(connection, account, now=now)["name"]
            password = administrator.renew_password(connection, account, now=now)
    except AccountRefused as refused:
        return one_page(request, view, lang, account, refused=refused)
    return _once(request, view, lang, account, name, password=password)


@router.post("/{account}/link", response_class=HTMLResponse, dependencies=[needs_form(RIGHT)])
def make_link(request: Request, view: ViewOf, account: UUID, lang: Lang = "zh") -> Response:
    """A link that signs in once, shown this once."""
    administrator, now, lasts_s = administrator_of(view), view.parts.clock(), view.parts.sign_in.link_s
    try:
        with view.acting() as connection:
            name = administrator.found(connection, account, now=now)["name"]
            secret = administrator.new_link(connection, account, now=now, lasts_s=lasts_s)
    except AccountRefused as refused:
        return one_page(request, view, lang, account, refused=refused)
    return _once(request, view, lang, account, name, secret=secret, minutes=round(lasts_s / 60))


def _acted(
    request: Request,
    view: View,
    language: Language,
    account_id: UUID,
    act: Callable[[Administrator, Connection, datetime], object],
    done: str,
) -> Response:
    """Do it, and go back to the account; or show it with why not."""
    try:
        with view.acting() as connection:
            act(administrator_of(view), connection, view.parts.clock())
    except AccountRefused as refused:
        return one_page(request, view, language, account_id, refused=refused)
    return _back(account_id, language, done)


def _back(account_id: UUID, language: Language, done: str) -> RedirectResponse:
    return RedirectResponse(address(f"{AT}/{account_id}", language, done=done), status_code=303)


def _place(connection: Connection, view: View, named: str, now: datetime) -> int | None:
    """The division of a form; an empty field is everywhere, which is not everybody's to give."""
    return division_within(connection, named.strip(), view.scope, now=now) if named.strip() else None


def _end_of(day: str) -> datetime | None:
    """The end of that day in Beijing."""
    if not day.strip():
        return None
    try:
        return datetime.strptime(day.strip(), "%Y-%m-%d").replace(tzinfo=BEIJING) + timedelta(days=1)
    except ValueError as error:
        raise AccountRefused(
            "the last day is no date: write 2026-12-31", "截止日期不对，请写成 2026-12-31。"
        ) from error


def _once(
    request: Request, view: View, language: Language, account_id: UUID, name: str, *, secret: str = "", **told: Any
) -> HTMLResponse:
    """What is shown this once."""
    link = f"{own_address(request)}/link/{secret}" if secret else ""
    back = address(f"{AT}/{account_id}", language)
    values: dict[str, Any] = {"password": "", "hours": 0, "minutes": 0, **told}
    return office_page(
        request, view, "account_once.html", language, menu_at=AT, name=name, link=link, back=back, **values
    )
