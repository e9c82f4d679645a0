"""API tokens on the account page: made with rights and an end, shown once, revoked."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from access.accounts import division_named
from access.errors import AccountRefused
from access.tokens import add_token, revoke_token
from web.account_view import account_page_of
from web.gate import in_language, page_of
from web.pages import Language
from web.parts import PartsOf
from web.viewing import DATABASE_WAIT_S, OwnViewer, check_dues, open_form

router = APIRouter(prefix="/account/tokens")

Lang = Annotated[Language, Form()]


@router.post("", response_class=HTMLResponse, dependencies=[open_form("signed_in")])
def make_token(
    parts: PartsOf,
    viewer: OwnViewer,
    *,
    label: Annotated[str, Form(max_length=100)] = "",
    right: Annotated[list[str], Form()] = [],  # noqa: B006
    division: Annotated[str, Form(max_length=60)] = "",
    days: Annotated[int, Form(ge=1, le=366)] = 30,
    lang: Lang = "zh",
) -> Response:
    """A token with rights of mine; it is shown this once."""
    check_dues(viewer, parts)
    now = parts.clock()
    try:
        with parts.pool.connection(DATABASE_WAIT_S) as connection:
            where = division_named(connection, division.strip(), now=now) if division.strip() else None
            secret = add_token(
                connection,
                viewer.account_id,
                label=label,
                rights=set(right),
                division_id=where,
                expires=now + timedelta(days=days),
                roles=parts.roles,
                now=now,
                by=viewer.account_id,
            )
    except AccountRefused as refused:
        return account_page_of(parts, viewer, lang, at="tokens", refused=refused)
    return page_of(parts, "once.html", lang, viewer=viewer, codes=[], secret=secret)


@router.post("/revoke", response_class=HTMLResponse, dependencies=[open_form("signed_in")])
def revoke(parts: PartsOf, viewer: OwnViewer, token: Annotated[UUID, Form()], lang: Lang = "zh") -> Response:
    """It opens nothing any more."""
    try:
        with parts.pool.connection(DATABASE_WAIT_S) as connection:
            revoke_token(connection, token, now=parts.clock(), account_id=viewer.account_id, by=viewer.account_id)
    except AccountRefused as refused:
        return account_page_of(parts, viewer, lang, at="tokens", refused=refused)
    return RedirectResponse(in_language("/account", lang) + "#tokens", status_code=303)
