"""Base maps: which there are, and their tiles.

The ground that is shipped is of vectors, the owner's layers are of pictures.
"""

import asyncio
import gzip
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Response

from geo.ground_tiles import ATTRIBUTION, ZOOMS, shipped_ground
from imagery.layers import HIGHEST, SHIPPED, OwnerLayer
from imagery.shelf import etag_of
from imagery.source import Extent
from web.answers import Responses, answers, problems
from web.api import as_json
from web.asked import entity_matches
from web.errors import TileUnknownError
from web.parts import PartsOf
from web.tiles_api import MVT
from web.tiles_kept import Tile
from web.viewing import needs

router = APIRouter(prefix="/ground", tags=["ground"])

_KEPT_TILES = 4096  # of what is shipped: all that anybody looks at
_CACHED = "private, max-age=3600"
_GZIP = 6
_PICTURES = ("image/png", "image/jpeg", "image/webp")


@dataclass(frozen=True, kw_only=True)
class GroundLayer:
    """A layer that lies beneath the map; of those in a list the first lies lowest."""

    id: str
    zh: str
    en: str
    kind: Literal["raster", "vector"]
    url: str  # with {z}, {x} and {y}
    min_zoom: int
    max_zoom: int  # beyond it the last tiles are drawn larger
    bounds: tuple[float, float, float, float] | None  # west, south, east, north in degrees; None: not known
    attribution: str
    approval: str  # 审图号; "": it has none
    derived: bool  # not an official picture
    on: bool  # when nobody has said anything
    opacity: float


@dataclass(frozen=True, kw_only=True)
class GroundLayers:
    """Every layer that can be drawn now."""

    layers: list[GroundLayer]


@router.get("/layers.json", responses=answers(GroundLayers), dependencies=[needs("map.read")])
def layers(parts: PartsOf) -> Response:
    """The layers beneath the map. One whose file or service cannot be used is left out; the server's log says why."""
    told = [_told(layer, extent) for layer, extent in parts.imagery.usable()]
    return as_json(GroundLayers(layers=[*told, _shipped()]))


def _told(layer: OwnerLayer, extent: Extent) -> GroundLayer:
    return GroundLayer(
        id=layer.id,
        zh=layer.zh,
        en=layer.en,
        kind="raster",
        url=f"/ground/{layer.id}/{{z}}/{{x}}/{{y}}",
        min_zoom=extent.min_zoom,
        max_zoom=extent.max_zoom,
        bounds=extent.bounds,
        attribution=layer.attribution,
        approval=layer.approval,
        derived=layer.derived,
        on=layer.on,
        opacity=layer.opacity,
    )


def _shipped() -> GroundLayer:
    return GroundLayer(
        id=SHIPPED,
        zh="道路 · 轨道 · 水面",
        en="Roads, rail, water",
        kind="vector",
        url=f"/ground/{SHIPPED}/{{z}}/{{x}}/{{y}}",
        min_zoom=ZOOMS[0],
        max_zoom=ZOOMS[1],
        bounds=shipped_ground().bounds,
        attribution=ATTRIBUTION,
        approval="",
        derived=False,
        on=True,
        opacity=1.0,
    )


_TILE: Responses = {
    200: {
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in (MVT, *_PICTURES)},
        "description": "The tile: a picture, or vectors (gzipped) of what is shipped.",
    },
    204: {"description": "The layer has nothing there, or the tile cannot be made: the server's log says why."},
    304: {"description": "Nothing new since the ETag sent as If-None-Match."},
    **problems(404, 429),
}


@router.get(
    "/{layer}/{z:int}/{x:int}/{y:int}", responses=_TILE, response_class=Response, dependencies=[needs("map.read")]
)
async def tile(  # parameters of the address
    layer: str, z: int, x: int, y: int, parts: PartsOf, if_none_match: Annotated[str | None, Header()] = None
) -> Response:
    """A tile of a layer, in the squares of Web Mercator counted from the north; GCJ-02 and BD-09 are aligned."""
    if not (0 <= z <= HIGHEST and 0 <= x < 2**z and 0 <= y < 2**z):
        raise TileUnknownError(f"zooms are 0 to {HIGHEST}, and a zoom has tiles 0 to 2^z - 1 each way")
    if layer == SHIPPED:
        made = await parts.tiles.in_turn(lambda: _vectors(z, x, y))
        return _answered(None if made is None else (made.body, MVT, made.etag), if_none_match)
    picture = await asyncio.wrap_future(parts.imagery.ask(layer, z, x, y))
    return _answered(None if picture is None else (picture.body, picture.media, etag_of(picture)), if_none_match)


@lru_cache(_KEPT_TILES)
def _vectors(z: int, x: int, y: int) -> Tile | None:
    body = shipped_ground().tile(z, x, y) if ZOOMS[0] <= z <= ZOOMS[1] else b""
    if not body:
        return None
    return Tile(body=gzip.compress(body, _GZIP, mtime=0), etag=f'"{hashlib.sha256(body).hexdigest()[:24]}"')


def _answered(found: tuple[bytes, str, str] | None, if_none_match: str | None) -> Response:
    headers = {"Cache-Control": _CACHED, "Vary": "Accept-Encoding, Authorization, Cookie"}
    if found is None:
        return Response(status_code=204, headers=headers)
    body, media, etag = found
    headers["ETag"] = etag
    if entity_matches(if_none_match, etag):
        return Response(status_code=304, headers=headers)
    if media == MVT:
        headers["Content-Encoding"] = "gzip"
    return Response(body, media_type=media, headers=headers)
