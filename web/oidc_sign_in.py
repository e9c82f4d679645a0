"""Single sign-on: off to the provider of the organisation, and back."""

import logging
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from access.credentials import new_secret
from access.errors import ProviderRefused, SignInRefused
from access.oidc import Provider
from access.oidc_logins import LASTS, Login, account_for, add_login, new_login, use_login
from web.errors import NotConfiguredError
from web.gate import local, sign_in_form
from web.letting_in import drop_cookie, first_factor_shown, set_passing_cookie
from web.own_address import own_address
from web.pages import Language
from web.parts import Parts, PartsOf
from web.viewing import DATABASE_WAIT_S, cookie_name, open_to

log = logging.getLogger(__name__)
router = APIRouter()

_BACK = "/sign-in/oidc/back"


@router.get("/sign-in/oidc", dependencies=[open_to("public")])
def to_provider(
    request: Request,
    parts: PartsOf,
    lang: Annotated[Language, Query()] = "zh",
    next: Annotated[str, Query(max_length=500)] = "/",  # noqa: A002
) -> Response:
    """Off to the provider; what comes back is bound to this browser by a cookie."""
    provider, browser, onward = _provider(parts), new_secret(), local(next)
    login = new_login(redirect_uri=_back(request), onward=onward, language=lang)
    try:
        with parts.pool.connection(DATABASE_WAIT_S) as connection:
            state = add_login(connection, login, browser, now=parts.clock())
        address = provider.address(
            state=state, nonce=login.nonce, verifier=login.verifier, redirect_uri=login.redirect_uri
        )
    except ProviderRefused as error:
        log.error("single sign-on: %s", error)
        return sign_in_form(parts, lang, onward, refused=SignInRefused("provider"))
    answer = RedirectResponse(address, status_code=303)
    set_passing_cookie(answer, request, _cookie(request), browser, round(LASTS.total_seconds()))
    return answer


@router.get(_BACK, dependencies=[open_to("public")])
def from_provider(
    request: Request,
    parts: PartsOf,
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str, Query(max_length=4000)] = "",
    error: Annotated[str, Query(max_length=200)] = "",
    iss: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """Back with a code: in, where it holds and an account is linked."""
    provider, language, onward = _provider(parts), "zh", "/"
    try:
        with parts.pool.connection(DATABASE_WAIT_S) as connection:
            login = use_login(connection, state, request.cookies.get(_cookie(request), ""), now=parts.clock())
        language, onward = login.language, login.onward
        claims = _claims(provider, login, code, error, iss, parts)
        with parts.pool.connection(DATABASE_WAIT_S) as connection:
            account_id = account_for(connection, claims, provider.settings)
            answer = first_factor_shown(
                connection, request, parts, account_id, way="oidc", onward=onward, language=login.language
            )
    except SignInRefused as refused:
        answer = sign_in_form(parts, language, onward, refused=refused)  # type: ignore[arg-type, assignment]
    drop_cookie(answer, request, _cookie(request))
    return answer


def _claims(
    provider: Provider, login: Login, code: str, error: str, iss: str | None, parts: Parts
) -> dict[str, object]:
    """What the provider says; raises SignInRefused("provider"). No connection to the database waits for it."""
    try:
        provider.check_issuer(iss)
        if error or not code:
            raise ProviderRefused(f"the provider says {error[:100]!r}")
        return provider.claims(
            code, nonce=login.nonce, verifier=login.verifier, redirect_uri=login.redirect_uri, now=parts.clock()
        )
    except ProviderRefused as refused:
        log.warning("single sign-on: %s", refused)
        raise SignInRefused("provider") from refused


def _provider(parts: Parts) -> Provider:
    if parts.provider is None:
        raise NotConfiguredError("single sign-on is not configured: set SHIJING_OIDC_ISSUER (docs/accounts.md)")
    return parts.provider


def _back(request: Request) -> str:
    return f"{own_address(request)}{_BACK}"


def _cookie(request: Request) -> str:
    return f"{cookie_name(request)}-oidc"
