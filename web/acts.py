"""What people do with alerts, over HTTP: JSON only, from this very machine until there is a sign-in (web/guard.py)."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Response
from msgspec import Meta, Struct

from alerts.actors import actor_of
from alerts.acts import Acted, acknowledge, close, comment, resolve, take_in_hand
from alerts.plan_files import load_plans
from alerts.reports import Report, report
from alerts.rule_sets import rules_in_force
from alerts.suppress import end, shelve, suppressions
from config.database import Connection
from config.settings import CONFIG
from web.api import DATABASE_WAIT_S, as_json
from web.guard import Body, read_body
from web.parts import PartsOf

router = APIRouter(prefix="/api", tags=["acts"])

Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
Name = Annotated[str, Meta(min_length=1, max_length=100)]
Words = Annotated[str, Meta(max_length=2000)]


class Done(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who does it, and what there is to say."""

    actor: Name
    note: Words = ""


class Closed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who closes it, and as what: real, false, drill or test."""

    actor: Name
    cause: str
    note: Words = ""


class Shelved(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who puts it aside, until when, and why."""

    actor: Name
    until: Annotated[datetime, Meta(tz=True)]
    reason: Words


class Reported(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person sees, and where: a position (degrees, CGCS2000) or the code of a division."""

    actor: Name
    title: Annotated[str, Meta(min_length=1, max_length=200)]
    level: str
    family: Annotated[str, Meta(max_length=50)] = ""
    lon: float | None = None
    lat: float | None = None
    division: str | None = None
    note: Words = ""


@router.post("/alerts/{alert}/ack")
def ack(alert: Number, body: Body, parts: PartsOf) -> Response:
    """Somebody has seen it (`Done`): `{"alert_id", "from_state", "to_state", "time"}`, as the next four."""
    return _act(parts, alert, read_body(body, Done), acknowledge)


@router.post("/alerts/{alert}/take")
def take(alert: Number, body: Body, parts: PartsOf) -> Response:
    """Somebody is at work on it (`Done`)."""
    return _act(parts, alert, read_body(body, Done), take_in_hand)


@router.post("/alerts/{alert}/resolve")
def resolve_(alert: Number, body: Body, parts: PartsOf) -> Response:
    """It is over (`Done`)."""
    return _act(parts, alert, read_body(body, Done), resolve)


@router.post("/alerts/{alert}/comment")
def comment_(alert: Number, body: Body, parts: PartsOf) -> Response:
    """Words (`Done`, with a note)."""
    return _act(parts, alert, read_body(body, Done), comment)


@router.post("/alerts/{alert}/close")
def close_(alert: Number, body: Body, parts: PartsOf) -> Response:
    """Done with it (`Closed`)."""
    said = read_body(body, Closed)
    return _with_actor(
        parts,
        said.actor,
        lambda connection, actor: close(connection, alert, cause=said.cause, actor=actor, note=said.note),
    )


@router.post("/alerts/{alert}/shelve")
def shelve_(alert: Number, body: Body, parts: PartsOf) -> Response:
    """Put its rule at its subject aside (`Shelved`): `{"suppression_id"}`."""
    said = read_body(body, Shelved)
    return _with_actor(
        parts,
        said.actor,
        lambda connection, actor: {
            "suppression_id": shelve(connection, alert_id=alert, until=said.until, reason=said.reason, actor=actor)
        },
    )


@router.post("/alerts")
def report_(body: Body, parts: PartsOf) -> Response:
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

    def act(connection: Connection, actor: UUID) -> dict[str, int]:
        rules, plans = rules_in_force(connection), load_plans(CONFIG / "plans")
        return {"alert_id": report(connection, what, actor=actor, rules=rules, plans=plans)}

    return _with_actor(parts, said.actor, act)


@router.get("/suppressions")
def suppressions_(parts: PartsOf) -> Response:
    """Shelves and maintenance windows in force and to come: `{"suppressions": […]}`."""
    with parts.pool.connection(DATABASE_WAIT_S) as connection:
        return as_json({"suppressions": suppressions(connection)})


@router.post("/suppressions/{suppression}/end")
def end_(suppression: Number, body: Body, parts: PartsOf) -> Response:
    """End one now (`Done`): `{"ended"}`; the pipeline then does what was held back."""
    said = read_body(body, Done)

    def act(connection: Connection, actor: UUID) -> dict[str, int]:
        end(connection, suppression, actor=actor)
        return {"ended": suppression}

    return _with_actor(parts, said.actor, act)


def _act(parts: PartsOf, alert: int, said: Done, act: Callable[..., Acted]) -> Response:
    return _with_actor(parts, said.actor, lambda connection, actor: act(connection, alert, actor=actor, note=said.note))


def _with_actor(parts: PartsOf, name: str, act: Callable[[Connection, UUID], Any]) -> Response:
    with parts.pool.connection(DATABASE_WAIT_S) as connection:
        return as_json(act(connection, actor_of(connection, name)))
