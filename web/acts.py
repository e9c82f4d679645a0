"""What people do with alerts, over HTTP: JSON only, by whoever has the right where the alert is."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Response
from msgspec import Meta, Struct

from access.accounts import is_within
from alerts.act_errors import ActRefused, AlertUnknown
from alerts.acts import Acted, Cause, acknowledge, close, comment, resolve, take_in_hand
from alerts.levels import Grade
from alerts.plan_library import plans_in_force
from alerts.reports import Report, place_of, report
from alerts.rule_sets import rules_in_force
from alerts.standing import Place
from alerts.suppress import end, shelve, suppressions
from config.database import Connection
from web.answers import answers, takes
from web.api import as_json
from web.api_schema import AlertNumber, SuppressionEnded, SuppressionList, SuppressionNumber
from web.errors import AskedWrongError
from web.guard import Body, read_body
from web.state import QUERIES
from web.viewing import View, ViewOf, needs

router = APIRouter(prefix="/api", tags=["acts"])

Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
Words = Annotated[str, Meta(max_length=2000)]


class Done(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What there is to say; who does it is known."""

    note: Words = ""


class Closed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """As what it is closed: real, false, drill or test."""

    cause: Cause
    note: Words = ""


class Shelved(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Until when it is put aside, and why."""

    until: Annotated[datetime, Meta(tz=True)]
    reason: Words


class Reported(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person sees, and where: a position (degrees, CGCS2000) or the code of a division."""

    title: Annotated[str, Meta(min_length=1, max_length=200)]
    level: Grade
    family: Annotated[str, Meta(max_length=50)] = ""
    lon: float | None = None
    lat: float | None = None
    division: str | None = None
    note: Words = ""


@router.post(
    "/alerts/{alert}/ack",
    responses=answers(Acted, 404, 409),
    openapi_extra=takes(Done),
    dependencies=[needs("alerts.act")],
)
def ack(alert: Number, body: Body, view: ViewOf) -> Response:
    """Somebody has seen it (`Done`): `{"alert_id", "from_state", "to_state", "time"}`, as the next four."""
    return _act(view, alert, read_body(body, Done), acknowledge)


@router.post(
    "/alerts/{alert}/take",
    responses=answers(Acted, 404, 409),
    openapi_extra=takes(Done),
    dependencies=[needs("alerts.act")],
)
def take(alert: Number, body: Body, view: ViewOf) -> Response:
    """Somebody is at work on it (`Done`)."""
    return _act(view, alert, read_body(body, Done), take_in_hand)


@router.post(
    "/alerts/{alert}/resolve",
    responses=answers(Acted, 404, 409),
    openapi_extra=takes(Done),
    dependencies=[needs("alerts.act")],
)
def resolve_(alert: Number, body: Body, view: ViewOf) -> Response:
    """It is over (`Done`)."""
    return _act(view, alert, read_body(body, Done), resolve)


@router.post(
    "/alerts/{alert}/comment",
    responses=answers(Acted, 404, 409),
    openapi_extra=takes(Done),
    dependencies=[needs("alerts.act")],
)
def comment_(alert: Number, body: Body, view: ViewOf) -> Response:
    """Words (`Done`, with a note)."""
    return _act(view, alert, read_body(body, Done), comment)


@router.post(
    "/alerts/{alert}/close",
    responses=answers(Acted, 404, 409),
    openapi_extra=takes(Closed),
    dependencies=[needs("alerts.act")],
)
def close_(alert: Number, body: Body, view: ViewOf) -> Response:
    """Done with it (`Closed`)."""
    said = read_body(body, Closed)
    _check_seen(view, alert)
    with view.acting() as connection:
        return as_json(close(connection, alert, cause=said.cause, actor=view.viewer.account_id, note=said.note))


@router.post(
    "/alerts/{alert}/shelve",
    responses=answers(SuppressionNumber, 404, 409),
    openapi_extra=takes(Shelved),
    dependencies=[needs("alerts.shelve")],
)
def shelve_(alert: Number, body: Body, view: ViewOf) -> Response:
    """Put its rule at its subject aside (`Shelved`): `{"suppression_id"}`."""
    said = read_body(body, Shelved)
    _check_seen(view, alert)
    with view.acting() as connection:
        by = view.viewer.account_id
        number = shelve(connection, alert_id=alert, until=said.until, reason=said.reason, actor=by)
    return as_json({"suppression_id": number})


@router.post(
    "/alerts",
    responses=answers(AlertNumber, 409),
    openapi_extra=takes(Reported),
    dependencies=[needs("alerts.report")],
)
def report_(body: Body, view: ViewOf) -> Response:
    """Report what no sensor sees (`Reported`): `{"alert_id"}`."""
    said = read_body(body, Reported)
    what = Report(
        title=said.title,
        level=said.level,
        family=said.family,
        lon=said.lon,
        lat=said.lat,
        division=said.division,
        note=said.note,
    )
    with view.acting() as connection:
        place = _place_of(connection, what)
        if not any(is_within(connection, one, view.scope) for one in (place.township_id, place.grid_id)):
            raise ActRefused("that place lies outside of what you may report for")
        rules, plans = rules_in_force(connection), plans_in_force(connection)
        return as_json({"alert_id": report(connection, what, actor=view.viewer.account_id, rules=rules, plans=plans)})


@router.get("/suppressions", responses=answers(SuppressionList), dependencies=[needs("alerts.read")])
def suppressions_(view: ViewOf) -> Response:
    """Shelves and maintenance windows in force and to come: `{"suppressions": […]}`."""
    with view.connection() as connection:
        return as_json({"suppressions": suppressions(connection)})


@router.post(
    "/suppressions/{suppression}/end",
    responses=answers(SuppressionEnded, 404, 409),
    openapi_extra=takes(Done),
    dependencies=[needs("alerts.shelve")],
)
def end_(suppression: Number, body: Body, view: ViewOf) -> Response:
    """End one now (`Done`): `{"ended"}`; the pipeline then does what was held back."""
    read_body(body, Done)
    with view.connection() as connection:
        row = connection.execute(QUERIES["may_end_suppression"], {"id": suppression}).fetchone()
    if row is None:
        raise AlertUnknown(f"there is no suppression {suppression} that is still to end")
    with view.acting() as connection:
        end(connection, suppression, actor=view.viewer.account_id)
    return as_json({"ended": suppression})


def _act(view: View, alert: int, said: Done, act: Callable[..., Acted]) -> Response:
    _check_seen(view, alert)
    with view.acting() as connection:
        return as_json(act(connection, alert, actor=view.viewer.account_id, note=said.note))


def _place_of(connection: Connection, what: Report) -> Place:
    """Where it would belong; raises AskedWrongError for a code that no division has."""
    try:
        return place_of(connection, what)
    except AlertUnknown as error:
        raise AskedWrongError(f"division: {error}") from error


def _check_seen(view: View, alert: int) -> None:
    """Raise AlertUnknown for an alert that lies outside of where the right reaches: it is as if there were none."""
    with view.connection() as connection:
        if connection.execute(QUERIES["alert_seen"], {"id": alert}).fetchone() is None:
            raise AlertUnknown(alert)
