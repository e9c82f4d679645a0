"""After the first factor: the second, where the account has one, or the session and its cookies."""

from uuid import UUID

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from access.accounts import account_of
from access.credentials import csrf_of
from access.sessions import Origin, Way, open_session
from access.tickets import LASTS as TICKET_LASTS
from access.tickets import FirstWay, add_ticket
from config.database import Connection
from web.gate import in_language
from web.pages import Language
from web.parts import Parts
from web.viewing import cookie_name


def first_factor_shown(
    connection: Connection,
    request: Request,
    parts: Parts,
    account_id: UUID,
    *,
    way: FirstWay,
    onward: str,
    language: Language,
) -> RedirectResponse:
    """The way on: to the second form with a ticket where the account has a second factor, else in."""
    if account_of(connection, account_id).totp_secret is None:
        return let_in(connection, request, parts, account_id, way=way, onward=onward, language=language)
    secret = add_ticket(connection, account_id, way=way, onward=onward, now=parts.clock())
    answer = RedirectResponse(in_language("/sign-in/code", language), status_code=303)
    set_passing_cookie(answer, request, step_cookie(request), secret, round(TICKET_LASTS.total_seconds()))
    return answer


def let_in(
    connection: Connection,
    request: Request,
    parts: Parts,
    account_id: UUID,
    *,
    way: Way,
    onward: str,
    language: Language,
) -> RedirectResponse:
    """A new session for the account, its cookies, and the way on."""
    account = account_of(connection, account_id)
    address = request.client.host if request.client else ""
    secret = open_session(
        connection,
        account,
        way=way,
        origin=Origin(address=address, agent=request.headers.get("user-agent", "")),
        settings=parts.sign_in,
        now=parts.clock(),
        former=request.cookies.get(cookie_name(request), ""),
    )
    onward = in_language("/account", language) if account.must_change else onward
    answer = RedirectResponse(onward, status_code=303)
    _set_cookies(answer, request, secret, round(parts.sign_in.lasting(account.kind)[0]))
    return answer


def _set_cookies(answer: Response, request: Request, secret: str, lasts_s: int) -> None:
    """The session's cookie, which no script can read, and the one with what a script sends with every change."""
    secure = request.url.scheme == "https"
    name = cookie_name(request)
    answer.set_cookie(name, secret, max_age=lasts_s, httponly=True, secure=secure, samesite="lax", path="/")
    answer.set_cookie(
        f"{name}-csrf", csrf_of(secret), max_age=lasts_s, httponly=False, secure=secure, samesite="lax", path="/"
    )


def set_passing_cookie(answer: Response, request: Request, name: str, secret: str, lasts_s: int) -> None:
    """Of a sign-in that is under way: it binds the way back to this browser."""
    secure = request.url.scheme == "https"
    answer.set_cookie(name, secret, max_age=lasts_s, httponly=True, secure=secure, samesite="lax", path="/")


def drop_cookie(answer: Response, request: Request, name: str) -> None:
    """Have the browser forget it."""
    answer.delete_cookie(name, path="/", secure=request.url.scheme == "https")


def step_cookie(request: Request) -> str:
    """The name of the cookie with the ticket."""
    return f"{cookie_name(request)}-step"
