"""Incidents for other programs: a list with filters, one in full. Read-only."""

from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from alerts.incident_listing import (
    AskedIncidents,
    incident_json,
    read_clock,
    read_incident,
    read_incident_list,
    told_json,
)
from web.answers import answers
from web.api import as_json
from web.api_schema import IncidentDetail, IncidentPage
from web.asked import Division, Level, Moment, Word, check_division, cursor_of, place_of
from web.errors import IncidentUnknownError
from web.viewing import ViewOf, needs

router = APIRouter(prefix="/api", tags=["incidents"])


class IncidentsQuery(BaseModel):
    """Filters of a list; several must all hold."""

    model_config = ConfigDict(extra="forbid")

    division: Division = None
    level: Annotated[list[Level], Field(description="The highest that is open, or the peak where nothing is.")] = []
    state: list[Literal["open", "closed"]] = []
    family: Annotated[Word, Field(description="flood, rain, fire …")] = None
    exercise: bool | None = Field(None, description="true: drills only; false: none; without it both, marked.")
    since: Annotated[Moment, Field(alias="from", description="Changed at or after, ISO 8601 with an offset.")] = None
    until: Annotated[Moment, Field(alias="to", description="Opened before.")] = None
    cursor: str | None = Field(None, max_length=100, description="From `next` of the page before.")
    limit: int = Field(100, ge=1, le=500)

    def asked(self) -> AskedIncidents:
        """The same for the database."""
        return AskedIncidents(
            division=self.division,
            levels=self.level or None,
            states=self.state or None,
            family=self.family,
            exercise=self.exercise,
            since=self.since,
            until=self.until,
            before=place_of(self.cursor),
        )


@router.get("/incidents", responses=answers(IncidentPage), dependencies=[needs("alerts.read")])
def incidents(request: Request, view: ViewOf, asked: Annotated[IncidentsQuery, Query()]) -> Response:
    """Incidents, the newest first by the time they opened; those that were merged are told as what they became."""
    wanted = asked.asked()
    with view.connection() as connection:
        check_division(connection, asked.division)
        found, now = read_incident_list(connection, wanted, asked.limit + 1), read_clock(connection)
    page = found[: asked.limit]
    told: dict[str, Any] = {"incidents": [incident_json(one, now) for one in page], "next": None}
    if len(found) > asked.limit:
        kept = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
        place = ("cursor", cursor_of(page[-1].opened_at, page[-1].id))
        told["next"] = f"{request.url.path}?{urlencode([*kept, place])}"
    answer = as_json(told)
    if told["next"]:
        answer.headers["Link"] = f'<{told["next"]}>; rel="next"'
    return answer


@router.get("/incidents/{number:int}", responses=answers(IncidentDetail, 404), dependencies=[needs("alerts.read")])
def incident(number: Annotated[int, Path(ge=1, le=2**63 - 1)], view: ViewOf) -> Response:
    """One incident with its footprint, its story and its alerts; asked for under the number of one that was
    merged, the incident that it is part of now."""
    with view.connection() as connection:
        told, now = read_incident(connection, number), read_clock(connection)
    if told is None:
        raise IncidentUnknownError(str(number))
    return as_json(told_json(told, now))
