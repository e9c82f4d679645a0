"""Signing in and out: a page with a form, one-time links, and the cookie that a session is."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader

from access.accounts import account_of
from access.credentials import csrf_of
from access.errors import SignInRefused
from access.sessions import Origin, Way, check_password, end_session, end_sessions, open_session, use_link
from config.database import Connection
from web.pages import Language
from web.parts import Parts, PartsOf
from web.security import form_policy
from web.viewing import OwnViewer, check_origin, cookie_name, open_to, viewer_of

router = APIRouter()

_TEMPLATES = Path(__file__).parent / "templates"
_WAIT_S = 3.0

# What somebody who is not let in is told: no more than whoever tries may know.
_TOLD: Mapping[str, tuple[str, str]] = {
    "wrong": ("名称或密码不对。", "The name or the password is wrong."),
    "locked": ("输错次数过多，请 {wait} 后再试。", "Too many wrong tries: wait {wait} and try again."),
    "link": (
        "这个登录链接已用过或已过期，请索取新的链接。",
        "This link was used or has expired: ask for a new one.",
    ),
}


@cache
def _environment() -> Environment:
    return Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True)


def page_of(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page with a form, with the headers of one."""
    text = _environment().get_template(template).render(**values)
    headers = {"Content-Security-Policy": form_policy(), "Cache-Control": "no-store"}
    return HTMLResponse(text, status_code=status, headers=headers)


@router.get("/sign-in", response_class=HTMLResponse, dependencies=[open_to("public")])
def sign_in_page(
    request: Request,
    parts: PartsOf,
    lang: Annotated[Language, Query()] = "zh",
    next: Annotated[str, Query(max_length=500)] = "/",  # noqa: A002  # it is what the address says
) -> Response:
    """The form; who is signed in already goes on to where they wanted to."""
    if viewer_of(request, parts) is not None:
        return RedirectResponse(local(next), status_code=303)
    return _form(parts, lang, local(next))


@router.post("/sign-in", response_class=HTMLResponse, dependencies=[open_to("public")])
def sign_in(
    request: Request,
    parts: PartsOf,
    name: Annotated[str, Form(max_length=100)],
    password: Annotated[str, Form(max_length=1000)],
    lang: Annotated[Language, Form()] = "zh",
    next: Annotated[str, Form(max_length=500)] = "/",  # noqa: A002
) -> Response:
    """Let somebody in by name and password, or say that it was wrong (401), or how long to wait (429)."""
    check_origin(request)
    now = datetime.now(UTC)
    try:
        with parts.pool.connection(_WAIT_S) as connection:
            found = check_password(connection, name.strip(), password, settings=parts.sign_in, now=now)
            return let_in(connection, request, parts, found.id, "password", local(next))
    except SignInRefused as refused:
        return _form(parts, lang, local(next), refused=refused, name=name)


@router.get("/link/{secret}", dependencies=[open_to("public")])
def by_link(request: Request, parts: PartsOf, secret: str) -> Response:
    """Let somebody in by a one-time link."""
    try:
        with parts.pool.connection(_WAIT_S) as connection:
            account_id = use_link(connection, secret, now=datetime.now(UTC))
            return let_in(connection, request, parts, account_id, "link", "/")
    except SignInRefused as refused:
        return _form(parts, "zh", "/", refused=refused)


@router.post("/sign-out", dependencies=[open_to("signed_in")])
def sign_out(request: Request, parts: PartsOf, viewer: OwnViewer) -> Response:
    """End this session."""
    with parts.pool.connection(_WAIT_S) as connection:
        end_session(connection, viewer.session_hash)
    return _without_cookie(request)


@router.post("/sign-out/everywhere", dependencies=[open_to("signed_in")])
def sign_out_everywhere(request: Request, parts: PartsOf, viewer: OwnViewer) -> Response:
    """End every session of the account, this one too."""
    with parts.pool.connection(_WAIT_S) as connection:
        end_sessions(connection, viewer.account_id, by=viewer.account_id)
    return _without_cookie(request)


def let_in(
    connection: Connection, request: Request, parts: Parts, account_id: UUID, way: Way, onward: str
) -> RedirectResponse:
    """A new session for the account, its cookies, and the way on."""
    account = account_of(connection, account_id)
    address = request.client.host if request.client else ""
    origin = Origin(address=address, agent=request.headers.get("user-agent", ""))
    secret = open_session(connection, account, way=way, origin=origin, settings=parts.sign_in, now=datetime.now(UTC))
    answer = RedirectResponse("/account" if account.must_change else onward, status_code=303)
    lasts = round(parts.sign_in.lasting(account.kind)[0])
    set_cookies(answer, request, secret, lasts)
    return answer


def set_cookies(answer: Response, request: Request, secret: str, lasts_s: int) -> None:
    """The session's cookie, which no script can read, and the one with what a script sends with every change."""
    secure = request.url.scheme == "https"
    name = cookie_name(request)
    answer.set_cookie(name, secret, max_age=lasts_s, httponly=True, secure=secure, samesite="lax", path="/")
    answer.set_cookie(
        f"{name}-csrf", csrf_of(secret), max_age=lasts_s, httponly=False, secure=secure, samesite="lax", path="/"
    )


def _without_cookie(request: Request) -> Response:
    answer = RedirectResponse("/sign-in", status_code=303)
    for name in (cookie_name(request), f"{cookie_name(request)}-csrf"):
        answer.delete_cookie(name, path="/", secure=request.url.scheme == "https")
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


def local(address: str) -> str:
    """A way on within these pages; `/` for anything else."""
    parts = urlsplit(address)
    fits = address.startswith("/") and not address.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return address if fits and address.isprintable() else "/"


def _form(
    parts: Parts, language: Language, onward: str, *, refused: SignInRefused | None = None, name: str = ""
) -> HTMLResponse:
    status = 200 if refused is None else 429 if refused.reason == "locked" else 401
    answer = page_of(
        "sign_in.html",
        status,
        title=parts.settings.title_zh if language == "zh" else parts.settings.title_en,
        language=language,
        onward=onward,
        told="" if refused is None else told(refused, language),
        name=name,
        exercise=parts.exercise.shown(parts.pool),
        map_approval=parts.settings.map_approval,
    )
    if refused is not None and refused.wait_s:
        answer.headers["Retry-After"] = str(round(refused.wait_s) + 1)
    return answer


def told(refused: SignInRefused, language: Language) -> str:
    """Why somebody is not let in, in words."""
    zh, en = _TOLD.get(refused.reason, _TOLD["wrong"])
    minutes = max(1, round(refused.wait_s / 60))
    if language == "zh":
        return zh.format(wait=f"{minutes} 分钟")
    return en.format(wait=f"{minutes} minute{'s' if minutes > 1 else ''}")
