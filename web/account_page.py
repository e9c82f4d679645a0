"""One's own account: who I am, my password, my sessions. (Beside it: account_factor.py, account_tokens.py.)"""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from access.accounts import account_of, set_password
from access.errors import AccountRefused, SignInRefused
from access.sessions import check_password, end_session_of
from web.account_view import account_page_of
from web.gate import in_language
from web.pages import Language
from web.parts import PartsOf
from web.viewing import DATABASE_WAIT_S, OwnViewer, open_form, open_to

router = APIRouter(prefix="/account")

Lang = Annotated[Language, Form()]


@router.get("", response_class=HTMLResponse, dependencies=[open_to("signed_in")])
def account_page(parts: PartsOf, viewer: OwnViewer, lang: Annotated[Language, Query()] = "zh") -> Response:
    """In Chinese or with `?lang=en` in English."""
    return account_page_of(parts, viewer, lang)


@router.get("/me", dependencies=[open_to("signed_in")])
def me(viewer: OwnViewer) -> dict[str, Any]:
    """Who asks; 401 where the session is over, which a page asks when its stream ends."""
    return {"name": viewer.name, "kind": viewer.kind}


@router.post("/password", response_class=HTMLResponse, dependencies=[open_form("signed_in")])
def change_password(
    parts: PartsOf,
    viewer: OwnViewer,
    old: Annotated[str, Form(max_length=1000)] = "",
    new: Annotated[str, Form(max_length=1000)] = "",
    again: Annotated[str, Form(max_length=1000)] = "",
    lang: Lang = "zh",
) -> Response:
    """A new password for the old one; every other session ends. A wrong old one counts as at signing in."""
    try:
        with parts.pool.connection(DATABASE_WAIT_S) as connection:
            known = account_of(connection, viewer.account_id)
            check_password(connection, known.name, old, settings=parts.sign_in, now=parts.clock())
            _check_new(old, new, again)
            set_password(connection, known.id, new, but=viewer.session_hash, by=known.id)
    except (SignInRefused, AccountRefused) as refused:
        return account_page_of(parts, viewer, lang, at="password", refused=_of_old(refused))
    return account_page_of(parts, viewer, lang, at="password", done="password")


@router.post("/sessions/end", response_class=HTMLResponse, dependencies=[open_form("signed_in")])
def end_one(
    parts: PartsOf,
    viewer: OwnViewer,
    session: Annotated[str, Form(pattern=r"^[0-9a-f]{64}$")],
    lang: Lang = "zh",
) -> Response:
    """End one session of mine."""
    try:
        with parts.pool.connection(DATABASE_WAIT_S) as connection:
            end_session_of(connection, viewer.account_id, session)
    except AccountRefused as refused:
        return account_page_of(parts, viewer, lang, at="sessions", refused=refused)
    return RedirectResponse(in_language("/account", lang) + "#sessions", status_code=303)


def _check_new(old: str, new: str, again: str) -> None:
    if new != again:
        raise AccountRefused("the two new passwords are not the same", "两次输入的新密码不一致。")
    if new == old:
        raise AccountRefused("the new password is the old one: take another one", "新密码不能与原密码相同。")


def _of_old(refused: SignInRefused | AccountRefused) -> Exception:
    """Of whoever is signed in, the name is known."""
    wrong = isinstance(refused, SignInRefused) and refused.reason == "wrong"
    return SignInRefused("old") if wrong else refused
