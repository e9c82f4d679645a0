"""The read-only API of the screen: the snapshot, the map layers, one sensor's last readings."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Header, Query, Response

from config.database import Connection
from web.answers import GEO_JSON, answers, answers_text
from web.api_schema import SeriesTold
from web.asked import InView, Moment
from web.errors import SensorUnknownError
from web.layers import Layer
from web.names import Names, titles_in_force
from web.parts import PartsOf
from web.state import QUERIES, Snapshot, read_clock, read_snapshot
from web.viewing import ViewOf, needs

router = APIRouter(prefix="/api", tags=["screen"])

SERIES_READINGS = 500


def as_json(data: Any) -> Response:
    """Dataclasses, aware datetimes and all, as JSON that no cache keeps."""
    body = orjson.dumps(data, option=orjson.OPT_UTC_Z)
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})


@router.get("/state", responses=answers(Snapshot, 404), dependencies=[needs("map.read")])
def state(view: ViewOf, division: InView = None) -> Response:
    """Everything a screen needs for its first view; `in`: with the stations of that division only.

    Stations that are too many to be drawn one by one (`stations_shown`) are those with an open alert.
    """
    with view.connection() as connection:
        return as_json(read_snapshot(connection, division))


@router.get("/names", responses=answers(Names), dependencies=[needs("map.read")])
def names(parts: PartsOf, view: ViewOf) -> Response:
    """Titles of rules and plans by id; of a rule that is gone, as it was when the server started."""
    with view.connection() as connection:
        return as_json(replace(parts.names, rules={**parts.names.rules, **titles_in_force(connection)}))


@router.get(
    "/layers/rivers.geojson",
    response_class=Response,
    responses=answers_text(GEO_JSON, "GeoJSON, gzipped; lon/lat in degrees, CGCS2000.", 404, kept=True),
    dependencies=[needs("map.read")],
)
def rivers(parts: PartsOf, if_none_match: Annotated[str | None, Header()] = None) -> Response:
    """The main rivers of the base map."""
    return _layer(parts.layers.rivers(), if_none_match)


@router.get(
    "/layers/{name}.geojson",
    response_class=Response,
    responses=answers_text(GEO_JSON, "GeoJSON, gzipped; lon/lat in degrees, CGCS2000.", 404, kept=True),
    dependencies=[needs("map.read")],
)
def layer(
    name: str,
    parts: PartsOf,
    view: ViewOf,
    at: Annotated[datetime | None, Query()] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Districts or townships as valid at `at` (with its UTC offset), by default at the pipeline's clock."""
    with view.connection() as connection:
        return _layer(parts.layers.get(connection, name, at or read_clock(connection).now), if_none_match)


@router.get("/sensors/{sensor}/series", responses=answers(SeriesTold, 404), dependencies=[needs("map.read")])
def series(sensor: int, view: ViewOf, at: Annotated[Moment, Query()] = None) -> Response:
    """The newest readings of a sensor (at `at`, with its UTC offset), oldest first: `{"sensor", "times", "values"}`."""
    with view.connection() as connection:
        rows = _series(connection, sensor, at)
    return as_json({"sensor": sensor, "times": [row[0] for row in rows], "values": [row[1] for row in rows]})


def _series(connection: Connection, sensor: int, at: datetime | None) -> list[tuple[datetime, float]]:
    known = connection.execute(QUERIES["sensor_exists"], {"sensor": sensor}).fetchone()
    if known is None or not known[0]:
        raise SensorUnknownError(str(sensor))
    return connection.execute(QUERIES["series"], {"sensor": sensor, "at": at, "limit": SERIES_READINGS}).fetchall()


def _layer(layer: Layer, if_none_match: str | None) -> Response:
    headers = {"ETag": layer.etag, "Cache-Control": "private, no-cache", "Vary": "Accept-Encoding"}
    if if_none_match == layer.etag:
        return Response(status_code=304, headers=headers)
    return Response(layer.body, media_type=GEO_JSON, headers={**headers, "Content-Encoding": "gzip"})
