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
from config.access_settings import OidcSettings
from config.imagery_settings import ImagerySettings
from config.settings import BrokerSettings, SceneSettings, WebSettings
from events.kinds import shipped_kinds
from imagery.shelf import Shelf
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
    boundaries_export,
    divisions_api,
    divisions_page,
    duty_page,
    events_api,
    events_own,
    events_page,
    events_report,
    events_reporting,
    events_stream,
    feed,
    figures_api,
    figures_page,
    ground_api,
    health,
    incidents_api,
    metrics,
    now_api,
    ogc_api,
    ogc_edit,
    oidc_sign_in,
    openapi,
    page,
    people_acts,
    people_import,
    people_page,
    planner_api,
    planner_impact,
    planner_import,
    planner_page,
    planner_proposals,
    planner_review,
    planner_steps,
    plans_edit,
    plans_import,
    plans_page,
    receipts,
    records_api,
    records_edit,
    records_import,
    records_page,
    rules_api,
    rules_page,
    run_report,
    runs_acts,
    runs_api,
    runs_page,
    scene_api,
    scene_camera,
    scene_import,
    scene_live,
    scene_page,
    screens_api,
    search_api,
    second_step,
    sign_in,
    stream,
    tallies_api,
    then_api,
    then_report,
    tiles_api,
    tiles_drawn,
    warnings_api,
    worker_api,
    worker_page,
    worker_push,
    worker_stream,
)
from web.access_logged import LogAccess
from web.assets import VENDOR, check_assets
from web.bounds import BodyBounds
from web.build import build_stamp
from web.bundle import BUILT, bundle
from web.certificate import ListenerCertificate
from web.errors import add_error_table
from web.lifespan import Given, lifespan
from web.metrics import CountRequests
from web.names import read_names
from web.parts import wall_clock
from web.rate import RateLimit, Rates
from web.receipt_door import ReceiptDoor
from web.security import SecurityHeaders
from web.viewing import declared

STATIC = Path(__file__).parent / "static"

_MODULES = (
    # First, for routes are looked for in this order: what thousands of phones ask at once, then what screens ask often.
    worker_stream,
    tiles_drawn,  # before tiles_api: `proposed` is no level
    tiles_api,
    ground_api,
    stream,
    api,
    tallies_api,
    now_api,
    # Then whoever comes.
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
    divisions_api,
    divisions_page,
    duty_page,
    events_own,
    events_reporting,
    events_report,
    events_stream,
    events_page,
    events_api,
    people_import,
    people_page,
    people_acts,
    planner_import,
    planner_page,
    planner_api,
    boundaries_export,
    planner_proposals,
    planner_impact,
    planner_review,
    planner_steps,
    plans_import,
    plans_edit,
    plans_page,
    records_page,
    records_edit,
    records_import,
    records_api,
    page,
    search_api,
    alerts_api,
    acts,
    feed,
    figures_page,
    figures_api,
    incidents_api,
    warnings_api,
    ogc_api,
    ogc_edit,
    then_api,
    then_report,
    screens_api,
    rules_page,
    rules_api,
    runs_page,
    runs_api,
    runs_acts,
    run_report,
    scene_import,
    scene_live,
    scene_page,
    scene_api,
    scene_camera,
    backtest_api,
    receipts,
    worker_push,
    worker_page,
    worker_api,
    health,
    metrics,
    openapi,
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
    bundle()
    oidc = OidcSettings()
    build_stamp()  # now, and not when the first screen asks
    shipped_kinds()  # raises ConfigError now, and not when somebody reports
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
        imagery=Shelf(ImagerySettings()),  # raises ConfigError now, and not at the first look at the map
    )
    life = partial(lifespan, given=given)
    app = FastAPI(
        title=settings.title_en,
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,  # the way there would begin with whatever host a request names
        # /metrics tells what there is to tell; an exporter that the environment names is nobody's setting of ours.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.settings, app.state.certificate = settings, certificate
    app.state.cameras = scene_camera.cameras_of(SceneSettings())

    _add_routes(app)
    _add_layers(app, given)
    add_error_table(app)
    declared(app)  # raises for a route that says nothing of who may call it
    return app


def _add_layers(app: FastAPI, given: Given) -> None:
    """What every request goes through, the innermost first."""
    app.add_middleware(BodyBounds)
    app.add_middleware(ReceiptDoor)
    app.add_middleware(RateLimit, settings=given.settings, rates=given.rates)  # within the headers and the count
    app.add_middleware(LogAccess, log=given.log)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(CountRequests)


def _add_routes(app: FastAPI) -> None:
    # Files before the routes: a page asks for dozens, and each would be looked for among all routes.
    for path, folder in (("/built", BUILT), ("/vendor", VENDOR), ("/static", STATIC)):
        app.mount(path, _Files(directory=folder))
    for module in _MODULES:
        app.include_router(module.router)
