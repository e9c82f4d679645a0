"""The second form of signing in: a code from the phone, or a recovery code, for whoever holds the ticket."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import HTMLResponse

from access.accounts import account_of
from access.errors import SignInRefused
from access.second_factor import taker
from access.sessions import attempt
from access.tickets import ticket, use_ticket
from web.gate import page_of, sign_in_form, status_of, told, with_wait
from web.letting_in import drop_cookie, let_in, step_cookie
from web.pages import Language
from web.parts import Parts, PartsOf
from web.viewing import DATABASE_WAIT_S, check_origin, open_to

router = APIRouter()


@router.get("/sign-in/code", response_class=HTMLResponse, dependencies=[open_to("public")])
def code_page(request: Request, parts: PartsOf, lang: Annotated[Language, Query()] = "zh") -> Response:
    """The form for the code; without a ticket that of name and password."""
    try:
        with parts.pool.connection(DATABASE_WAIT_S) as connection:
            ticket(connection, _secret(request), now=parts.clock())
    except SignInRefused as refused:
        return sign_in_form(parts, lang, "/", refused=refused)
    return _form(parts, lang)


@router.post("/sign-in/code", response_class=HTMLResponse, dependencies=[open_to("public")])
def give_code(
    request: Request,
    parts: PartsOf,
    code: Annotated[str, Form(max_length=60)],
    lang: Annotated[Language, Form()] = "zh",
) -> Response:
    """Let somebody in by the code; a wrong one counts as a wrong password does."""
    check_origin(request)
    secret, now = _secret(request), parts.clock()
    try:
        with parts.pool.connection(DATABASE_WAIT_S) as connection:
            waiting = ticket(connection, secret, now=now)
            account = account_of(connection, waiting.account_id)
            is_right = taker(connection, parts.vault, code, now=now)
            attempt(connection, account, is_right, settings=parts.sign_in, now=now, wrong="code")
            use_ticket(connection, secret)
            answer = let_in(connection, request, parts, account.id, way="totp", onward=waiting.onward, language=lang)
    except SignInRefused as refused:
        if refused.reason == "step":
            return sign_in_form(parts, lang, "/", refused=refused)
        return with_wait(_form(parts, lang, refused), refused)
    drop_cookie(answer, request, step_cookie(request))
    return answer


def _secret(request: Request) -> str:
    return request.cookies.get(step_cookie(request), "")


def _form(parts: Parts, language: Language, refused: SignInRefused | None = None) -> HTMLResponse:
    said = "" if refused is None else told(refused, language)
    return page_of(parts, "code.html", language, status_of(refused), told=said)
