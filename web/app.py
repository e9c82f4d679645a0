"""The web application, from its settings to its routes."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles

from access.access_log import AccessLog
from access.oidc import Provider
from access.rights import load_roles
from access.vault import Vault
from config.settings import BrokerSettings, OidcSettings, WebSettings
from web import (
    account_factor,
    account_page,
    account_tokens,
    accounts_page,
    acts,
    alerts_api,
    api,
    audit_api,
    audit_export,
    audit_page,
    backtest_api,
    feed,
    health,
    incidents_api,
    metrics,
    oidc_sign_in,
    page,
    records_api,
    records_page,
    rules_api,
    rules_page,
    second_step,
    sign_in,
    stream,
    warnings_api,
)
from web.access_logged import LogAccess
from web.assets import VENDOR, check_assets
from web.bounds import BodyBounds
from web.certificate import ListenerCertificate
from web.errors import add_error_table
from web.lifespan import Given, lifespan
from web.metrics import CountRequests
from web.names import read_names
from web.parts import wall_clock
from web.rate import RateLimit, Rates
from web.security import SecurityHeaders
from web.viewing import declared

STATIC = Path(__file__).parent / "static"

_MODULES = (
    sign_in,
    second_step,
    oidc_sign_in,
    account_page,
    account_factor,
    account_tokens,
    accounts_page,
    audit_page,
    audit_export,
    audit_api,
    records_page,
    records_api,
    page,
    api,
    alerts_api,
    acts,
    feed,
    incidents_api,
    warnings_api,
    stream,
    rules_page,
    rules_api,
    backtest_api,
    health,
    metrics,
)


class _Files(StaticFiles):
    """Our own modules: asked after at every load, sent again only when they changed."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = "no-cache"
        return response


def create_app(
    settings: WebSettings,
    database_url: str,
    broker: BrokerSettings | None = None,
    *,
    exercise: bool = False,
    certificate: ListenerCertificate | None = None,
    vault: Vault | None = None,
    clock: Callable[[], datetime] = wall_clock,
) -> FastAPI:
    """The screen's server on one database; `broker` is asked after by `/health`, an `exercise` is told on every page.

    Without a `vault` nobody can have a second factor. `clock` is that of sessions, codes and locks.

    Raises AssetsMissingError where `make assets` has not been run. The database need not
    be up: it is waited for, and the screens are told.
    """
    check_assets()
    oidc = OidcSettings()
    given = Given(
        settings=settings,
        database_url=database_url,
        broker=broker,
        exercise=exercise,
        certificate=certificate,
        vault=vault,
        clock=clock,
        roles=load_roles(),
        names=read_names(),
        rates=Rates(),
        log=AccessLog(database_url),
        provider=Provider(oidc) if oidc.on else None,
    )
    life = partial(lifespan, given=given)
    app = FastAPI(title=settings.title_en, lifespan=life, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.settings, app.state.certificate = settings, certificate

    for module in _MODULES:
        app.include_router(module.router)
    app.mount("/static", _Files(directory=STATIC))
    app.mount("/vendor", _Files(directory=VENDOR))

    app.add_middleware(BodyBounds)
    app.add_middleware(RateLimit, settings=settings, rates=given.rates)  # within the headers and the count
    app.add_middleware(LogAccess, log=given.log)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(CountRequests)
    add_error_table(app)
    declared(app)  # raises for a route that says nothing of who may call it
    return app
