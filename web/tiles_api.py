"""Vector tiles of divisions at any date, and their TileJSON."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict

from web.api import as_json
from web.asked import Moment, entity_matches
from web.errors import TileUnknownError
from web.own_address import own_address
from web.parts import Parts, PartsOf, parts_of
from web.tiles_kept import ZOOMS, Place, Tile, check_place, levels_of
from web.viewing import View, ViewOf, needs, view_of

router = APIRouter(prefix="/tiles", tags=["tiles"])

MVT = "application/vnd.mapbox-vector-tile"
_FIELDS = {
    "id": "Number of the division",
    "code": "Division code",
    "name": "Name",
    "parent": "Number of the division that it belongs to; 0: none",
    "derived": "Not an official line",
    "state": "in_force",
}


class Dated(BaseModel):
    """Of which time."""

    model_config = ConfigDict(extra="forbid")

    at: Moment = None  # in the world; None: the pipeline's clock
    recorded: Moment = None  # what the database knew then; None: now


@router.get("/{level}.json", response_class=Response, dependencies=[needs("map.read")])
def tile_json(
    level: str,
    request: Request,
    parts: PartsOf,
    view: ViewOf,
    asked: Annotated[Dated, Query()],
) -> Response:
    """Where the tiles of a level are and what is in them (TileJSON 3.0); of a date, where one is asked for."""
    if level not in ZOOMS:
        raise TileUnknownError(f"no level is called {level!r}: take one of {', '.join(ZOOMS)}")
    bounds = _bounds(parts, view, level, asked)
    query = f"?{request.url.query}" if request.url.query else ""
    lowest, highest = ZOOMS[level]
    return as_json(
        {
            "tilejson": "3.0.0",
            "name": level,
            "scheme": "xyz",
            "tiles": [f"{own_address(request)}/tiles/{level}/{{z}}/{{x}}/{{y}}.mvt{query}"],
            "minzoom": lowest,
            "maxzoom": highest,
            "bounds": bounds,
            "attribution": parts.settings.map_approval,
            "vector_layers": [{"id": level, "fields": _FIELDS, "minzoom": lowest, "maxzoom": highest}],
        }
    )


def _bounds(parts: Parts, view: View, level: str, asked: Dated) -> list[float]:
    stamp = parts.tiles.stamps.read(asked.at, asked.recorded)
    return list(parts.tiles.source(view.connection, level, stamp).bounds or (-180, -85, 180, 85))


@router.get("/{level}/{z:int}/{x:int}/{y:int}.mvt", response_class=Response, dependencies=[needs("map.read")])
async def tile(  # noqa: PLR0917  # parameters of the address
    level: str,
    z: int,
    x: int,
    y: int,
    request: Request,
    asked: Annotated[Dated, Query()],
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """The divisions of a level that the scope shows, valid at `at`, as the database knew them at `recorded`.

    Several levels with commas between them come as layers of one tile, at the zooms of any of them.
    """
    place, levels = Place(z=z, x=x, y=y), levels_of(level)
    check_place(levels, place)
    # Not as parameters: a thread would be waited for with each, and a tile that is kept takes less time than that.
    parts, view = parts_of(request), view_of(request)
    return await parts.tiles.in_turn(lambda: _tile(parts, view, levels, place, asked, if_none_match))


def _tile(
    parts: Parts, view: View, levels: list[str], place: Place, asked: Dated, if_none_match: str | None
) -> Response:
    stamp = parts.tiles.stamps.read(asked.at, asked.recorded)
    etag = parts.tiles.etag(view.connection, levels, place, view.scope, stamp)
    if entity_matches(if_none_match, etag):
        return Response(status_code=304, headers=_headers(etag))
    return answered(parts.tiles.tagged(view.connection, levels, place, view.scope, stamp, etag), if_none_match)


def answered(made: Tile, if_none_match: str | None) -> Response:
    """A tile, or that it is the one that the client has."""
    if entity_matches(if_none_match, made.etag):
        return Response(status_code=304, headers=_headers(made.etag))
    return Response(made.body, media_type=MVT, headers={**_headers(made.etag), "Content-Encoding": "gzip"})


def _headers(etag: str) -> dict[str, str]:
    return {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Accept-Encoding, Authorization, Cookie"}
