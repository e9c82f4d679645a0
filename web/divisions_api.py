"""Divisions under two clocks over HTTP: where anything belongs, versions, lineage, totals under either map."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any

import orjson
import shapely
from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from boundaries.belonging import Kind
from boundaries.totals import Level, Total, What
from geo.divisions import simplified
from geo.history import Views
from geo.lineage import (
    Drawing,
    Found,
    Lineage,
    Version,
    drawings_of,
    find,
    level_of,
    lineage_of,
    outlines_of,
    versions_of,
)
from web.answers import GEO_JSON, answers, answers_text
from web.api import as_json
from web.asked import Moment
from web.divisions_asked import (
    BigNumber,
    Lat,
    Lon,
    MapAsked,
    Number,
    counted,
    of_number,
    of_point,
    of_sensor,
    totals_of,
)
from web.divisions_sheets import totals_file
from web.errors import AskedWrongError, DivisionUnknownError
from web.file_import import workbook
from web.viewing import View, ViewOf, needs

router = APIRouter(prefix="/api/boundaries", tags=["boundaries"])

_READ = "map.read"
_TOLERANCE = {"city": 0.002, "district": 0.001, "township": 0.0003}  # degrees
Begin = Annotated[date, Query(alias="from", description="First day, Beijing's.")]
End = Annotated[date, Query(alias="to", description="Last day, Beijing's.")]


class DivisionList(BaseModel):
    """Divisions that were found, from the largest level down."""

    divisions: list[Found]


class VersionsTold(BaseModel):
    """All versions of a division and of its boundary, believed or no longer."""

    id: int
    level: str
    versions: list[Version]
    boundaries: list[Drawing]


class TotalsTold(BaseModel):
    """Totals under a map; `map_at` null: each as divided at its own time."""

    what: What
    level: Level
    since: datetime
    until: datetime
    map_at: datetime | None
    sum: int
    totals: list[Total]


@router.get("/belonging", responses=answers(Views, 404, 422), dependencies=[needs(_READ)])
def belonging(
    view: ViewOf,
    *,
    lon: Lon = None,
    lat: Lat = None,
    sensor: Annotated[str | None, Query(max_length=100, description="Its name or number.")] = None,
    alert: BigNumber = None,
    event: BigNumber = None,
    run: BigNumber = None,
    at: Moment = None,
    recorded: Moment = None,
) -> Response:
    """Where one thing belonged then, as known then (at `recorded`), and under today's map.

    A position or a sensor is asked about at `at` (left out: now); an alert, an event and a run at their own time.
    `recorded` left out: the same instant, or when it was written down.
    """
    numbers: dict[Kind, int | None] = {"alert": alert, "event": event, "run": run}
    things = [kind for kind, number in numbers.items() if number is not None]
    if (lon is None) != (lat is None):
        raise AskedWrongError("lon and lat: give both, or neither")
    if len(things) + (lon is not None) + (sensor is not None) != 1:
        raise AskedWrongError("give one of: lon and lat, sensor, alert, event, run")
    if lon is not None and lat is not None:
        return as_json(asdict(of_point(view, lon, lat, at, recorded)))
    if sensor is not None:
        return as_json(asdict(of_sensor(view, sensor, at, recorded)))
    if at is not None:
        raise AskedWrongError(f"at: the time of {things[0]} {numbers[things[0]]} is its own, leave it out")
    return as_json(asdict(of_number(view, things[0], numbers[things[0]] or 0, recorded)))


@router.get("/divisions", responses=answers(DivisionList, 422), dependencies=[needs(_READ)])
def find_divisions(
    view: ViewOf,
    find_by: Annotated[str, Query(alias="find", min_length=1, max_length=60, description="Code or name, or a part.")],
) -> Response:
    """Divisions by a code or a name of any time; at most 200."""
    with view.connection() as connection:
        return as_json({"divisions": find(connection, find_by.strip() or find_by, partly=True, most=200)})


@router.get("/divisions/{division}/versions", responses=answers(VersionsTold, 404), dependencies=[needs(_READ)])
def versions(division: Number, view: ViewOf) -> Response:
    """Every version under both clocks: when it held, and when it was believed."""
    with view.connection() as connection:
        level = _level(view, division)
        told = {"id": division, "level": level, "versions": versions_of(connection, division)}
        return as_json({**told, "boundaries": drawings_of(connection, division)})


@router.get("/divisions/{division}/lineage", responses=answers(Lineage, 404), dependencies=[needs(_READ)])
def lineage(division: Number, view: ViewOf, *, recorded: Moment = None) -> Response:
    """What it came from, what came of it (as known at `recorded`), and what it is under today's map."""
    _level(view, division)
    with view.connection() as connection:
        return as_json(asdict(lineage_of(connection, division, now=view.parts.clock(), known=recorded)))


@router.get(
    "/divisions/{division}/outlines.geojson",
    response_class=Response,
    responses=answers_text(GEO_JSON, "Its boundary, a feature for each version.", 404),
    dependencies=[needs(_READ)],
)
def outlines(division: Number, view: ViewOf) -> Response:
    """Its boundaries at 5 decimals, simplified above the grid; lon/lat, WGS 84."""
    level = _level(view, division)
    with view.connection() as connection:
        drawings, shapes = drawings_of(connection, division), outlines_of(connection, division)
    features = [_feature(one, shapes[one.id], _TOLERANCE.get(level, 0.0)) for one in drawings if one.id in shapes]
    body = orjson.dumps({"type": "FeatureCollection", "features": features}, option=orjson.OPT_UTC_Z)
    return Response(body, media_type=GEO_JSON, headers={"Cache-Control": "no-store"})


@router.get("/totals", responses=answers(TotalsTold, 422), dependencies=[needs(_READ)])
def history_totals(
    view: ViewOf, *, what: What, level: Level = "township", begin: Begin, end: End, on_map: MapAsked = "then"
) -> Response:
    """Readings, alerts, events or runs by division, month and grade, under the map then, of today or of a date.

    The sum is the same under every map; what a map has no division for is counted under none.
    """
    asked = counted(what, level, begin, end, on_map, now=view.parts.clock())
    rows = totals_of(view, asked)
    return as_json({**vars(asked), "sum": sum(one.count for one in rows), "totals": rows})


@router.get(
    "/totals.xlsx",
    response_class=Response,
    responses=answers_text("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "The same.", 422),
    dependencies=[needs(_READ)],
)
def history_totals_file(
    view: ViewOf, *, what: What, level: Level = "township", begin: Begin, end: End, on_map: MapAsked = "then"
) -> Response:
    """The same as a sheet in Chinese: a row for each division, a column for each month."""
    asked = counted(what, level, begin, end, on_map, now=view.parts.clock())
    return workbook(totals_file(asked, totals_of(view, asked)), f"{what}-{level}-{on_map}.xlsx")


def _level(view: View, division: int) -> str:
    with view.connection() as connection:
        level = level_of(connection, division)
    if level is None:
        raise DivisionUnknownError(division)
    return level


def _feature(drawing: Drawing, outline: Any, tolerance: float) -> dict[str, Any]:
    (simple,) = simplified([outline], tolerance)
    return {"type": "Feature", "id": drawing.id, "geometry": shapely.geometry.mapping(simple),
            "properties": {name: value for name, value in vars(drawing).items() if name != "source"}}  # fmt: skip
