"""What the web room raises, and the one table from exception to HTTP status.

ShijingError
└── WebError
    ├── AssetsMissingError   the browser assets are not installed, or could not be
    ├── ListenError          the address to listen on cannot be used
    ├── LayerUnknownError    a map layer that does not exist
    ├── TileUnknownError     a level or a place that has no vector tile
    ├── CollectionUnknownError  a collection or a feature of the OGC API that does not exist
    ├── OgcAskedWrongError   what the OGC API cannot be asked: 400, as its standards have it
    ├── PreconditionError    the version that a change was meant for is there no more
    ├── UploadUnknownError   a layer that was not sent, or not by who asks, or more than a day ago
    ├── SensorUnknownError   a sensor that does not exist
    ├── AlertUnknownError    an alert that does not exist
    ├── IncidentUnknownError an incident that does not exist
    ├── RevisionUnknownError a CAP message that an alert has not made
    ├── WarningUnknownError  an official warning that does not exist
    ├── RunUnknownError      a run that does not exist
    ├── PersonUnknownError   a person, a shift or a file that does not exist, or is none of who asks
    ├── NoPersonError        an account that answers for nobody, where a worker's own things are
    ├── AnswerUnknownError   an answer that is none of who asks
    ├── PlaceUnknownError    a division where who asks has nothing to do
    ├── DivisionUnknownError a division that there never was
    ├── SignInNeededError    nobody is signed in
    ├── ForbiddenError       somebody is, without the right
    ├── SessionNeededError   a program is, where a person's own things are
    ├── MustChangeError      somebody is, with a password that another one gave, or without a second factor that is due
    ├── NotConfiguredError   what this installation has not switched on
    ├── CsrfError            a change that no page of ours sent
    ├── ReportUnknownError   a back-test report that was not written yet
    ├── AskedWrongError      a filter or a place in a list that cannot be
    ├── BodyTooLargeError    a body that is too long to be read
    ├── MediaTypeError       a body that is no JSON by its own account
    ├── CameraError          a camera that does not answer, or not with what it should
    │   └── CameraRefusedError  one on a host that the settings do not name
    └── BusyError            one such request is under way, and another is one too many
"""

import logging
from urllib.parse import quote

import orjson
import psycopg
import psycopg_pool
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from access.errors import AccountRefused, AccountUnknown, FilterRefused, RecordUnknown
from alerts.act_errors import ActRefused, AlertUnknown
from alerts.errors import PlanRefused, PlanUnknown, RulesMoved, RulesRefused, TrialTooLarge
from alerts.rule_drafts import in_both
from alerts.rule_fault_words import in_chinese
from alerts.warnings import WarningRefused
from boundaries.errors import BoundaryError, DraftLocked, DraftRefused, DraftUnknown, NotTheirs, StepNotTaken
from config.errors import ShijingError
from dispatch.errors import Refused as DispatchRefused
from events.errors import EventError, EventUnknown
from geo.errors import FilterWrong, GeoError, StepRefused
from imagery.errors import LayerBusy, LayerUnknown
from people.errors import PeopleError
from scene.errors import SceneError, ThingUnknown
from screen.errors import AddressRefused, NoSuchMoment, ScreenUnknown
from web.security import HEADERS

log = logging.getLogger(__name__)


class WebError(ShijingError):
    """The base of this room's errors."""


class AssetsMissingError(WebError):
    """Leaflet or the font is not where the server looks for it."""


class ListenError(WebError):
    """The port is taken or the address is not this machine's."""


class LayerUnknownError(WebError):
    """No layer of that name."""


class TileUnknownError(WebError):
    """No vector tile there; the text says where there are some."""


class CollectionUnknownError(WebError):
    """No such collection or feature of the OGC API, or none that may be shown; the text says where there are some."""


class OgcAskedWrongError(WebError):
    """A parameter of the OGC API that there is not, or a value that it cannot have; the text says which."""


class PreconditionError(WebError):
    """What a change was meant for has changed since; the text says to what."""


class UploadUnknownError(WebError):
    """No layer of that number of whoever asks."""

    zh = "没有这个图层，或已超过一天被删除，请重新上传。"

    def __init__(self) -> None:
        super().__init__("no layer of yours has that number, or it was sent more than a day ago: send it again")


class SensorUnknownError(WebError):
    """No sensor of that number."""


class AlertUnknownError(WebError):
    """No alert of that number."""


class IncidentUnknownError(WebError):
    """No incident of that number."""


class RevisionUnknownError(WebError):
    """The alert has no such message; the text says how many it has."""


class WarningUnknownError(WebError):
    """No official warning of that number."""


class PersonUnknownError(WebError):
    """Nobody of that id, no such shift or file, or none of whoever asks."""


class RunUnknownError(WebError):
    """No run of that number, or none that may be shown."""


class NoPersonError(WebError):
    """The account answers for nobody."""

    zh = "本账号尚未关联人员，请联系管理员。"

    def __init__(self) -> None:
        super().__init__("this account is linked with no person: an administrator does that at /accounts")


class AnswerUnknownError(WebError):
    """No answer of that key, or somebody else's."""


class PlaceUnknownError(WebError):
    """No such division, or none where who asks has a task or a post."""


class DivisionUnknownError(WebError):
    """There never was a division of that number."""


class SignInNeededError(WebError):
    """Nobody is signed in, or not any more."""


class ForbiddenError(WebError):
    """The right is not there, or not everywhere."""

    def __init__(self, right: str, *, everywhere: bool = False, area: bool = False) -> None:
        where = " for the whole city" if everywhere else " for all of that area" if area else ""
        super().__init__(f"your account has not the right {right}{where}: an administrator can give you a role with it")


class SessionNeededError(WebError):
    """An API token does not reach what is a person's own."""


class MustChangeError(WebError):
    """A password that somebody else gave is changed, and a second factor that a role asks for set up, first."""


class NotConfiguredError(WebError):
    """This installation has not switched it on; the text says how."""


class CsrfError(WebError):
    """A change that a page of another site may have caused."""


class ReportUnknownError(WebError):
    """No report was written where the settings say."""


class AskedWrongError(WebError):
    """A filter or a place in a list that cannot be; the text says which and why."""


class BodyTooLargeError(WebError):
    """A body is too long to be read; the text says how much is too much."""


class MediaTypeError(WebError):
    """A body of another media type than the route takes; the text says which."""


class CameraError(WebError):
    """A camera does not answer, answers what it should not, or is none that may be asked; the text says which."""

    def __init__(self, text: str, zh: str) -> None:
        super().__init__(text)
        self.zh = zh


class CameraRefusedError(CameraError):
    """A camera on a host that the settings do not name: it is not asked."""


class BusyError(WebError):
    """Such a request is under way, and another is one too many."""


# Exception → (status, what the client is told; "": what the error itself says). The cause goes to the log only.
STATUSES: dict[type[Exception], tuple[int, str]] = {
    LayerUnknownError: (404, "no such layer"),
    TileUnknownError: (404, ""),
    ScreenUnknown: (404, ""),
    AddressRefused: (422, ""),
    LayerUnknown: (404, ""),
    LayerBusy: (429, ""),
    CollectionUnknownError: (404, ""),
    OgcAskedWrongError: (400, ""),
    PreconditionError: (412, ""),
    FilterWrong: (400, ""),
    UploadUnknownError: (404, ""),
    GeoError: (422, ""),
    NoSuchMoment: (422, ""),
    SensorUnknownError: (404, "no such sensor"),
    AlertUnknownError: (404, "no such alert"),
    IncidentUnknownError: (404, "no such incident"),
    RevisionUnknownError: (404, ""),
    WarningUnknownError: (404, "no such official warning"),
    ReportUnknownError: (404, "no back-test report: see `shijing backtest --out` and SHIJING_WEB_BACKTEST"),
    RunUnknownError: (404, "no such run"),
    DispatchRefused: (409, ""),
    PersonUnknownError: (404, "no such person, shift or file"),
    NoPersonError: (409, ""),
    AnswerUnknownError: (404, "no such answer"),
    PlaceUnknownError: (404, "no such place"),
    DivisionUnknownError: (404, "no such division"),
    AlertUnknown: (404, ""),
    ActRefused: (409, ""),
    WarningRefused: (422, ""),
    SignInNeededError: (401, ""),
    ForbiddenError: (403, ""),
    SessionNeededError: (403, ""),
    MustChangeError: (403, ""),
    NotConfiguredError: (404, ""),
    CsrfError: (403, ""),
    AccountRefused: (409, ""),
    PeopleError: (409, ""),
    ThingUnknown: (404, ""),
    SceneError: (409, ""),
    CameraError: (502, ""),
    CameraRefusedError: (409, ""),
    EventUnknown: (404, ""),
    EventError: (409, ""),
    FilterRefused: (422, ""),
    RecordUnknown: (404, "no such record"),
    AccountUnknown: (404, "no such account"),
    AskedWrongError: (422, ""),
    BodyTooLargeError: (413, ""),
    ClientDisconnect: (400, "the body was cut off: it is too long, or whoever sent it has gone"),
    MediaTypeError: (415, ""),
    BusyError: (429, ""),
    PlanUnknown: (404, "no such plan"),
    PlanRefused: (409, ""),
    RulesRefused: (422, ""),
    RulesMoved: (409, ""),
    TrialTooLarge: (422, ""),
    DraftUnknown: (404, ""),
    DraftRefused: (409, ""),
    NotTheirs: (403, ""),
    DraftLocked: (423, ""),
    StepNotTaken: (422, ""),
    StepRefused: (422, ""),
    psycopg.DataError: (422, "a value cannot be looked for or stored: it holds a NUL character, or is out of range"),
    psycopg.errors.UndefinedTable: (503, "the database has no schema yet: run `shijing migrate`"),
    psycopg_pool.PoolTimeout: (503, "the database does not answer; it is tried again by itself"),
    psycopg.OperationalError: (503, "the database does not answer; it is tried again by itself"),
}


def add_error_table(app: FastAPI) -> None:
    """Answer every error of the table with its status and a safe message."""
    for kind in STATUSES:
        app.add_exception_handler(kind, _answer)
    app.add_exception_handler(RequestValidationError, _answer_refused)
    app.add_exception_handler(HTTPException, _answer_unrouted)
    app.add_exception_handler(Exception, _answer_unforeseen)


async def _answer(request: Request, error: Exception) -> Response:
    status, message = next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)
    if _is_for_a_page(request):
        if isinstance(error, SignInNeededError):
            back = quote(str(request.url.path) + (f"?{request.url.query}" if request.url.query else ""))
            return RedirectResponse(f"/sign-in?next={back}", status_code=303)
        if isinstance(error, MustChangeError):
            return RedirectResponse("/account", status_code=303)
    log.log(logging.WARNING if status >= 500 else logging.INFO, "%s: %s: %s", request.url.path, status, error)
    told: dict[str, object] = {"error": message or str(error)}
    chinese = getattr(error, "zh", "") or in_chinese(str(told["error"]))
    if chinese:
        told["error_zh"] = chinese
    if isinstance(error, RulesRefused):
        told["faults"] = [in_both(fault) for fault in error.faults]
    if isinstance(error, BoundaryError):
        told |= error.told
    return Response(orjson.dumps(told), status_code=status, media_type="application/json")


def _is_for_a_page(request: Request) -> bool:
    """Whether somebody waits for a page: what is asked of the API is answered as it is described."""
    wants = "text/html" in request.headers.get("accept", "")
    return wants and request.method == "GET" and not request.url.path.startswith("/api/")


_UNROUTED = {404: "there is no such address", 405: "that address does not know this method"}


async def _answer_unrouted(request: Request, error: Exception) -> Response:  # noqa: ARG001
    """What no route takes, in the form that all errors have."""
    assert isinstance(error, HTTPException)
    told = _UNROUTED.get(error.status_code, error.detail)
    return JSONResponse({"error": told}, status_code=error.status_code, headers=error.headers)


async def _answer_unforeseen(request: Request, error: Exception) -> Response:  # noqa: ARG001  # the server logs it
    """What nobody thought of; it is answered outside of the middleware, so it brings the headers itself."""
    return JSONResponse({"error": "the server met an error; it is in its log"}, status_code=500, headers=dict(HEADERS))


async def _answer_refused(request: Request, error: Exception) -> JSONResponse:
    """A request that does not hold together: each fault with the place where it is."""
    assert isinstance(error, RequestValidationError)
    faults = [f"{'.'.join(map(str, one['loc'][1:])) or one['loc'][0]}: {one['msg']}" for one in error.errors()]
    log.info("%s: 422: %s", request.url.path, "; ".join(faults))
    return JSONResponse({"error": "; ".join(faults)}, status_code=422)
