"""Signing in and out: a page with a form, one-time links, and the end of a session."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from access.accounts import account_of
from access.errors import SignInRefused
from access.sessions import check_link, check_password, end_session, end_sessions, is_phone, use_link
from web.gate import in_language, local, page_of, sign_in_form
from web.letting_in import drop_cookie, first_factor_shown
from web.pages import Language
from web.parts import PartsOf
from web.viewing import DATABASE_WAIT_S, OwnViewer, check_origin, cookie_name, open_form, open_to, viewer_of

router = APIRouter()


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
    return sign_in_form(parts, lang, local(next))


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
    onward = local(next)
    try:
        with parts.pool.connection(DATABASE_WAIT_S) as connection:
            found = check_password(connection, name.strip(), password, settings=parts.sign_in, now=parts.clock())
            return first_factor_shown(
                connection, request, parts, found.id, way="password", onward=onward, language=lang
            )
    except SignInRefused as refused:
        return sign_in_form(parts, lang, onward, refused=refused, name=name)


@router.get("/link/{secret}", response_class=HTMLResponse, dependencies=[open_to("public")])
def link_page(parts: PartsOf, secret: str, lang: Annotated[Language, Query()] = "zh") -> Response:
    """A button that uses the link. To look at the page changes nothing: chats and mail scanners open links, too."""
    try:
        with parts.pool.connection(DATABASE_WAIT_S) as connection:
            check_link(connection, secret, now=parts.clock())
    except SignInRefused as refused:
        return sign_in_form(parts, lang, "/", refused=refused)
    return page_of(parts, "link.html", lang, here=f"/link/{secret}")


@router.post("/link/{secret}", response_class=HTMLResponse, dependencies=[open_to("public")])
def by_link(request: Request, parts: PartsOf, secret: str, lang: Annotated[Language, Form()] = "zh") -> Response:
    """Let somebody in by a one-time link. There is no session yet to be robbed, but somebody else's might be forced
    upon a browser: only our own page may send it."""
    check_origin(request)
    try:
        with parts.pool.connection(DATABASE_WAIT_S) as connection:
            account_id = use_link(connection, secret, now=parts.clock())
            answers = is_phone(connection, account_of(connection, account_id), parts.sign_in, parts.clock())
            onward = in_language("/worker" if answers else "/", lang)
            return first_factor_shown(connection, request, parts, account_id, way="link", onward=onward, language=lang)
    except SignInRefused as refused:
        return sign_in_form(parts, lang, "/", refused=refused)


@router.post("/sign-out", dependencies=[open_form("signed_in")])
def sign_out(request: Request, parts: PartsOf, viewer: OwnViewer, lang: Annotated[Language, Form()] = "zh") -> Response:
    """End this session."""
    with parts.pool.connection(DATABASE_WAIT_S) as connection:
        end_session(connection, viewer.session_hash)
    return _without_cookies(request, lang)


@router.post("/sign-out/everywhere", dependencies=[open_form("signed_in")])
def sign_out_everywhere(
    request: Request, parts: PartsOf, viewer: OwnViewer, lang: Annotated[Language, Form()] = "zh"
) -> Response:
    """End every session of the account, this one too."""
    with parts.pool.connection(DATABASE_WAIT_S) as connection:
        end_sessions(connection, viewer.account_id, by=viewer.account_id)
    return _without_cookies(request, lang)


def _without_cookies(request: Request, language: Language) -> Response:
    answer = RedirectResponse(in_language("/sign-in", language), status_code=303)
    for name in (cookie_name(request), f"{cookie_name(request)}-csrf"):
        drop_cookie(answer, request, name)
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer
