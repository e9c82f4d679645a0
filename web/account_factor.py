"""The second factor on the account page: set up, confirmed by a code, turned off with one."""

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from access.accounts import account_of
from access.errors import AccountRefused, SignInRefused
from access.second_factor import begin, confirm, give_up, remove, renew_codes, taker
from access.sessions import attempt
from access.viewer import Viewer
from config.database import Connection
from web.account_view import account_page_of
from web.errors import NotConfiguredError
from web.fresh import check_fresh
from web.gate import in_language, page_of
from web.pages import Language
from web.parts import Parts, PartsOf
from web.viewing import DATABASE_WAIT_S, OwnViewer, open_form

router = APIRouter(prefix="/account/factor")

Lang = Annotated[Language, Form()]
Code = Annotated[str, Form(max_length=60)]
Password = Annotated[str, Form(max_length=1000)]


@router.post("/begin", response_class=HTMLResponse, dependencies=[open_form("signed_in")])
def begin_factor(parts: PartsOf, viewer: OwnViewer, password: Password = "", lang: Lang = "zh") -> Response:
    """Show a new secret, which waits for its first code; for the password, where signing in was a while ago."""
    if parts.vault is None:
        raise NotConfiguredError("no key file is named: set SHIJING_ACCESS_KEY_FILE (docs/accounts.md)")
    try:
        with parts.pool.connection(DATABASE_WAIT_S) as connection:
            check_fresh(connection, parts, viewer, password)
            begin(connection, parts.vault, viewer.account_id, now=parts.clock())
    except (SignInRefused, AccountRefused) as refused:
        return account_page_of(parts, viewer, lang, at="factor", refused=refused)
    return _back(lang)


@router.post("/give-up", response_class=HTMLResponse, dependencies=[open_form("signed_in")])
def give_factor_up(parts: PartsOf, viewer: OwnViewer, lang: Lang = "zh") -> Response:
    """Forget the secret that was shown."""
    with parts.pool.connection(DATABASE_WAIT_S) as connection:
        give_up(connection, viewer.account_id, now=parts.clock())
    return _back(lang)


@router.post("/confirm", response_class=HTMLResponse, dependencies=[open_form("signed_in")])
def confirm_factor(parts: PartsOf, viewer: OwnViewer, code: Code = "", lang: Lang = "zh") -> Response:
    """Turn it on by the first code; the recovery codes are shown this once."""
    if parts.vault is None:
        raise NotConfiguredError("no key file is named: set SHIJING_ACCESS_KEY_FILE (docs/accounts.md)")
    try:
        with parts.pool.connection(DATABASE_WAIT_S) as connection:
            codes = confirm(connection, parts.vault, viewer.account_id, code, now=parts.clock())
    except (SignInRefused, AccountRefused) as refused:
        return account_page_of(parts, viewer, lang, at="factor", refused=refused)
    return page_of(parts, "once.html", lang, viewer=viewer, codes=codes, secret="")


@router.post("/codes", response_class=HTMLResponse, dependencies=[open_form("signed_in")])
def renew_recovery_codes(
    parts: PartsOf, viewer: OwnViewer, code: Code = "", password: Password = "", lang: Lang = "zh"
) -> Response:
    """New recovery codes, for a code, and for the password, where signing in was a while ago."""
    try:
        with parts.pool.connection(DATABASE_WAIT_S) as connection:
            check_fresh(connection, parts, viewer, password)
            _check_code(connection, parts, viewer, code)
            codes = renew_codes(connection, viewer.account_id, now=parts.clock())
    except (SignInRefused, AccountRefused) as refused:
        return account_page_of(parts, viewer, lang, at="factor", refused=refused)
    return page_of(parts, "once.html", lang, viewer=viewer, codes=codes, secret="")


@router.post("/remove", response_class=HTMLResponse, dependencies=[open_form("signed_in")])
def remove_factor(parts: PartsOf, viewer: OwnViewer, code: Code = "", lang: Lang = "zh") -> Response:
    """Turn it off, for a code."""
    try:
        with parts.pool.connection(DATABASE_WAIT_S) as connection:
            _check_code(connection, parts, viewer, code)
            remove(connection, viewer.account_id, now=parts.clock(), by=viewer.account_id)
    except (SignInRefused, AccountRefused) as refused:
        return account_page_of(parts, viewer, lang, at="factor", refused=refused)
    return _back(lang)


def _check_code(connection: Connection, parts: Parts, viewer: Viewer, code: str) -> None:
    """Raise SignInRefused; a wrong one counts as at signing in."""
    now = parts.clock()
    account = account_of(connection, viewer.account_id)
    if account.totp_secret is None:
        raise AccountRefused("the account has no second factor", "未启用两步验证。")
    is_right = taker(connection, parts.vault, code, now=now)
    attempt(connection, account, is_right, settings=parts.sign_in, now=now, wrong="code")


def _back(language: Language) -> RedirectResponse:
    return RedirectResponse(in_language("/account", language) + "#factor", status_code=303)
