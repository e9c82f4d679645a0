"""Tallies by division and the way down to one, for the map: counted by the server, drawn by the page."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from config.database import Connection
from screen.paths import Step, Way, read_way
from screen.tallies import COLUMNS, Level, read_tallies, shown_level
from web.answers import answers
from web.api import as_json
from web.asked import Moment
from web.errors import AskedWrongError, DivisionUnknownError
from web.state import read_clock
from web.viewing import View, ViewOf, needs

router = APIRouter(prefix="/api", tags=["screen"])

# What a level is counted under: of a whole city there would be 62,000 grids.
_UNDER: dict[str, tuple[str, ...]] = {
    "district": ("city",),
    "township": ("city", "district"),
    "village": ("township",),
    "grid": ("township", "village"),
}
Under = Annotated[int | None, Query(alias="in", ge=1, le=2**31 - 1, description="The number of a division.")]


class TalliesTold(BaseModel):
    """A row for each division, its values as the columns name them."""

    level: Level
    at: datetime
    columns: list[str]
    rows: list[list[float | None]]


class WayTold(BaseModel):
    """From the district down; empty: the city."""

    city: Step | None
    path: list[Step]
    below: str | None


@router.get("/tallies", responses=answers(TalliesTold, 404, 422), dependencies=[needs("map.read")])
def tallies(view: ViewOf, level: Level, under: Under = None) -> Response:
    """Open alerts, sensors, silent ones, seconds to answer and load of the divisions of a level in the scope.

    Villages and grids are those of the township `in`; townships those of a district, where one is given.
    """
    if under is None and level in ("village", "grid"):
        raise AskedWrongError(f"in: say of which township the {level}s are")

    def counted() -> bytes:
        with view.connection() as connection:
            at = read_clock(connection).now
            if under is not None:
                _check(connection, level, under, at)
            found = read_tallies(connection, level, under, at)
        rows = [[getattr(one, name) for name in COLUMNS] for one in found]
        return bytes(as_json({"level": level, "at": at, "columns": COLUMNS, "rows": rows}).body)

    # After a change of the board all screens ask at once: it is counted for one of them.
    event = view.parts.listener.told_up_to
    body = view.parts.told.get(event, ("tallies", view.scope, level, under), counted)
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})


def _check(connection: Connection, level: Level, under: int, at: datetime) -> None:
    """Raise DivisionUnknownError, or AskedWrongError for one whose divisions of the level are not counted."""
    above = shown_level(connection, under, at)
    if above is None:
        raise DivisionUnknownError(under)
    if above not in _UNDER[level]:
        raise AskedWrongError(f"in: that is a {above}; {level}s are counted in a {' or a '.join(_UNDER[level])}")


@router.get("/path", responses=answers(WayTold, 404, 422), dependencies=[needs("map.read")])
def path(view: ViewOf, division: Under = None, at: Moment = None) -> Response:
    """The divisions from the district down to `in`, each with its bounds; and the level that lies below.

    As divided at `at`, by default at the pipeline's clock.
    """
    return as_json(way_to(view, division, at))


def way_to(view: View, division: int | None, at: datetime | None = None) -> Way:
    """Raises DivisionUnknownError."""
    with view.connection() as connection:
        found = read_way(connection, division, at or read_clock(connection).now)
    if found is None:
        raise DivisionUnknownError(division)
    return found
