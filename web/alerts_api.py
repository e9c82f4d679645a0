"""Alerts for other programs: lists with filters, one alert, its transitions, its CAP messages. Read-only."""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Header, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from alerts.out_alerts import Asked, ToldAlert, alerts_by_id, read_alerts, read_transitions
from alerts.out_json import alert_json, transition_json
from alerts.out_messages import Written, read_message, write_messages
from config.database import Connection
from web.alerts_schema import AlertDetail, AlertPage, TransitionPage
from web.answers import CAP, answers, answers_text
from web.api import as_json
from web.asked import Division, Level, Moment, State, Word, check_division, cursor_of, entity_matches, place_of
from web.errors import AlertUnknownError, RevisionUnknownError
from web.parts import PartsOf
from web.viewing import View, ViewOf, needs

router = APIRouter(prefix="/api", tags=["alerts"])

AlertId = Annotated[int, Path(ge=1, le=2**63 - 1)]


class AlertsQuery(BaseModel):
    """Filters of a list; several must all hold."""

    model_config = ConfigDict(extra="forbid")

    division: Division = None
    level: Annotated[list[Level], Field(description="Present level, or the last one of an alert that is over.")] = []
    state: list[State] = []
    rule: Annotated[Word, Field(description="Id of the rule.")] = None
    family: Annotated[Word, Field(description="What one incident is made of: flood, rain, fire …")] = None
    subject: int | None = Field(None, ge=0, le=2**63 - 1, description="Number of the subject.")
    exercise: bool | None = Field(None, description="true: drills only; false: none; without it both, marked.")
    since: Annotated[Moment, Field(alias="from", description="Opened at or after, ISO 8601 with an offset.")] = None
    until: Annotated[Moment, Field(alias="to", description="Opened before.")] = None
    cursor: str | None = Field(None, max_length=100, description="From `next` of the page before.")
    limit: int = Field(100, ge=1, le=500)

    def asked(self) -> Asked:
        """The same for the database."""
        return Asked(
            division=self.division,
            levels=list(self.level) or None,
            states=list(self.state) or None,
            rule=self.rule,
            family=self.family,
            subject=self.subject,
            exercise=self.exercise,
            since=self.since,
            until=self.until,
            before=place_of(self.cursor),
        )


class TransitionsQuery(BaseModel):
    """A page of transitions."""

    model_config = ConfigDict(extra="forbid")

    after: int = Field(0, ge=0, le=2**63 - 1, description="From `next` of the page before.")
    limit: int = Field(200, ge=1, le=1000)


class CapQuery(BaseModel):
    """Which message of an alert."""

    model_config = ConfigDict(extra="forbid")

    revision: int | None = Field(None, ge=1, le=2**31 - 1, description="1, 2 …; without it the newest.")


@router.get("/alerts", responses=answers(AlertPage), dependencies=[needs("alerts.read")])
def alerts(request: Request, parts: PartsOf, view: ViewOf, asked: Annotated[AlertsQuery, Query()]) -> Response:
    """Alerts, the newest first by the time they were opened."""
    wanted = asked.asked()
    with view.connection() as connection:
        check_division(connection, asked.division)
        rows = read_alerts(connection, wanted, asked.limit + 1)
        words = parts.rules.words(connection)
    page, more = rows[: asked.limit], len(rows) > asked.limit
    place = {"cursor": cursor_of(page[-1].opened_at, page[-1].id)} if more else None
    told = {"alerts": [alert_json(one, words(one.rule_id)) for one in page]}
    return _page(request, told, place)


@router.get("/alerts/{alert_id:int}", responses=answers(AlertDetail, 404), dependencies=[needs("alerts.read")])
def alert(alert_id: AlertId, parts: PartsOf, view: ViewOf) -> Response:
    """One alert, and the CAP messages it has made."""
    with view.connection() as connection:
        found = _known(connection, alert_id)
    messages = _messages(view, alert_id)
    with view.connection() as connection:
        words = parts.rules.words(connection)
    return as_json({**alert_json(found, words(found.rule_id)), "messages": list(map(_named, messages))})


@router.get(
    "/alerts/{alert_id:int}/transitions",
    responses=answers(TransitionPage, 404),
    dependencies=[needs("alerts.read")],
)
def transitions(
    alert_id: AlertId, request: Request, view: ViewOf, asked: Annotated[TransitionsQuery, Query()]
) -> Response:
    """Everything that happened to an alert, the oldest first; nothing of it is ever changed."""
    with view.connection() as connection:
        _known(connection, alert_id)
        rows = read_transitions(connection, [alert_id], after=asked.after, limit=asked.limit + 1)
    page, more = rows[: asked.limit], len(rows) > asked.limit
    told = {"transitions": list(map(transition_json, page))}
    return _page(request, told, {"after": str(page[-1].id)} if more else None)


@router.get(
    "/alerts/{alert_id:int}.cap",
    response_class=Response,
    responses=answers_text(CAP, "A CAP 1.2 message.", 404, kept=True),
    dependencies=[needs("alerts.read")],
)
def cap(
    alert_id: AlertId,
    view: ViewOf,
    asked: Annotated[CapQuery, Query()],
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """A CAP 1.2 message of an alert. What was once given out under an identifier never changes."""
    with view.connection() as connection:
        _known(connection, alert_id)
    newest = len(_messages(view, alert_id))
    revision = asked.revision or newest
    with view.connection() as connection:
        found = read_message(connection, alert_id, revision)
    if found is None:
        raise RevisionUnknownError(f"alert {alert_id} has {newest} messages, there is no revision {revision}")
    etag = f'"{found[0]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if entity_matches(if_none_match, etag):
        return Response(status_code=304, headers=headers)
    return Response(found[1], media_type=CAP, headers=headers)


def _known(connection: Connection, alert_id: int) -> ToldAlert:
    found = alerts_by_id(connection, [alert_id]).get(alert_id)
    if found is None:
        raise AlertUnknownError(str(alert_id))
    return found


def _messages(view: View, alert_id: int) -> list[Written]:
    """Of an alert that was found in the scope: what it has not said yet is written down first."""
    parts = view.parts
    with view.acting() as connection:
        return write_messages(connection, [alert_id], parts.rules.words(connection), parts.out).get(alert_id, [])


def _named(message: Written) -> dict[str, Any]:
    return {
        "revision": message.revision,
        "identifier": message.identifier,
        "type": message.msg_type,
        "sent": message.sent,
        "href": f"/api/alerts/{message.alert_id}.cap?revision={message.revision}",
    }


def _page(request: Request, told: dict[str, Any], place: dict[str, str] | None) -> Response:
    """A page with the address of the next one, in the body and as a Link header."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if not place or name not in place]
    address = None if place is None else f"{request.url.path}?{urlencode([*kept, *place.items()])}"
    answer = as_json({**told, "next": address})
    if address is not None:
        answer.headers["Link"] = f'<{address}>; rel="next"'
    return answer
