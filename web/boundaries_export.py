"""Boundaries to take away: a level at any date, in the format and the system that somebody works in."""

import os
import tempfile
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.background import BackgroundTask

from access.places import division_within
from config.database import Connection
from geo.export import Asked, file_name, rows_of
from geo.export_files import FORMS, write_export
from web.answers import downloads
from web.asked import Division, Moment
from web.viewing import View, ViewOf, needs

router = APIRouter(prefix="/api/boundaries", tags=["boundaries"])


class Wanted(BaseModel):
    """What is wanted."""

    model_config = ConfigDict(extra="forbid")

    level: Literal["city", "district", "township", "grid"] = "township"
    format: Literal["shp", "gpkg", "geojson", "kml", "dxf"] = Field(
        "gpkg", description="A Shapefile comes zipped, with a text of what has to be said beside."
    )
    crs: str = Field(
        "EPSG:4490",
        pattern=r"^(EPSG:[0-9]{4,6}|GCJ-02|BD-09)$",
        description="EPSG:4490, the zones of CGCS2000, Xi'an 80 and Beijing 54, or any other; GCJ-02 and BD-09 carry"
        " a warning. KML has degrees only.",
    )
    encoding: Literal["UTF-8", "GBK"] = Field("UTF-8", description="Of a Shapefile's table.")
    at: Moment = Field(None, description="In the world; none: now.")
    recorded: Moment = Field(None, description="What the database knew then; none: now.")
    division: Division = None


@router.get("/export", response_class=Response, responses=downloads(FORMS, 422), dependencies=[needs("map.read")])
def export(view: ViewOf, asked: Annotated[Wanted, Query()]) -> Response:
    """The divisions of a level that have an outline, as far as the scope reaches.

    Fields: code, name, kind, parent, district, valid_from, valid_to, derived (1: no official line), source,
    approval (the review number of the map), attrib, crs.
    """
    with view.connection() as connection:
        wanted = Asked(
            level=asked.level, at=asked.at or view.parts.clock(), recorded=asked.recorded, crs=asked.crs,
            encoding=asked.encoding, approval=view.parts.settings.map_approval, under=_under(connection, view, asked),
        )  # fmt: skip
        rows = rows_of(connection, wanted)
    ending, media, _ = FORMS[asked.format]
    handle, name = tempfile.mkstemp(prefix="shijing-export-", suffix=ending)
    os.close(handle)
    path = Path(name)
    try:
        write_export(rows, wanted, asked.format, path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return FileResponse(
        path, media_type=media, filename=file_name(wanted, ending, rows), background=BackgroundTask(path.unlink),
        headers={"Cache-Control": "no-store"},
    )  # fmt: skip


def _under(connection: Connection, view: View, asked: Wanted) -> frozenset[int] | None:
    """Where it may be from; raises FilterRefused for a division beyond the scope."""
    if asked.division is not None:
        return frozenset({division_within(connection, asked.division, view.scope, now=view.parts.clock())})
    return None if view.scope.everywhere else view.scope.divisions
