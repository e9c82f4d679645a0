"""The past of the screen: everything as it was at a moment, and the chart of an event for the slider."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BeforeValidator

from screen.past import first_reading
from screen.past_track import Track, read_track, step_of
from web.answers import answers
from web.api import as_json
from web.asked import InView, Moment, plus_again
from web.state import Snapshot, check_division, read_clock
from web.then_state import read_past
from web.viewing import ViewOf, needs

router = APIRouter(prefix="/api/then", tags=["screen"])

Time = Annotated[AwareDatetime, BeforeValidator(plus_again)]
_SPAN = timedelta(days=1)


@router.get("", responses=answers(Snapshot, 404, 422), dependencies=[needs("map.read")])
def then(view: ViewOf, at: Annotated[Time, Query()], division: InView = None) -> Response:
    """What `/api/state` would have answered at `at` (with its UTC offset), by event time and as is known today.

    `in`: the number of a division, of which the stations are wanted.
    """
    with view.connection() as connection:
        return as_json(read_past(connection, at, division))


@router.get("/track", responses=answers(Track, 404, 422), dependencies=[needs("map.read")])
def track(
    view: ViewOf,
    since: Annotated[Moment, Query(alias="from")] = None,
    until: Annotated[Moment, Query(alias="to")] = None,
    division: InView = None,
    step: Annotated[int | None, Query(ge=1, le=86_400, description="Seconds between two points.")] = None,
) -> Response:
    """Open alerts by level, what began and ended, plans under way and the largest values, over a span of at most
    31 days; by default the last 24 hours."""
    with view.connection() as connection:
        check_division(connection, division)
        now = read_clock(connection).now
        until = min(until or now, now)
        since = since or until - _SPAN
        step_s = step_of(until - since, step)
        first = first_reading(connection)
        return as_json(read_track(connection, since, until, step_s=step_s, first=first, division=division))
