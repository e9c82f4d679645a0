"""A page of features, or one, as GeoJSON: found by place, time, values and filter."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import numpy as np
import orjson
import shapely
from fastapi import Request, Response
from numpy.typing import NDArray

from geo.feature_filter import matching
from geo.reference_systems import System
from web.answers import GEO_JSON
from web.errors import OgcAskedWrongError
from web.ogc_asked import AskedItems
from web.ogc_collections import Collection, Features, Property, instant
from web.ogc_links import Link, base_of, link, self_links

Rows = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some of the features that were found."""

    rows: Rows
    matched: int


def found(features: Features, asked: AskedItems, properties: Mapping[str, Property]) -> Page:
    """The page of features that a request asks for; raises FilterWrong, OgcAskedWrongError."""
    columns = features.columns
    kept = np.ones(columns.count, bool)
    for name, value in asked.named.items():
        kept &= _has(features, name, properties[name], value)
    if asked.expression is not None:
        kept &= matching(asked.expression, columns)
    if asked.box is not None:
        shapely.prepare(asked.box)
        kept[kept] = shapely.intersects(asked.box, columns.geometries["geometry"][kept])
    rows = np.flatnonzero(kept)
    return Page(rows=rows[asked.offset : asked.offset + asked.limit], matched=len(rows))


def _has(features: Features, name: str, about: Property, told: str) -> NDArray[np.bool_]:
    """Which features have the value that a parameter tells in words."""
    value: Any = told
    try:
        if about.type in ("integer", "number"):
            value = float(told)
        elif about.type == "boolean":
            value = {"true": True, "false": False}[told.lower()]
    except (ValueError, KeyError) as error:
        raise OgcAskedWrongError(f"{name} is {about.type}, not {told[:40]!r}") from error
    shown = features.shown[name]
    return np.array([shown(row) == value for row in range(features.columns.count)], bool)


def feature_of(features: Features, row: int, geometry: Any) -> dict[str, Any]:
    """One feature; `geometry` as it is to be shown."""
    return {
        "type": "Feature",
        "id": features.ids(row),
        "geometry": orjson.Fragment(shapely.to_geojson(geometry)),
        "properties": {name: shown(row) for name, shown in features.shown.items()},
    }


def shown_in(features: Features, rows: Rows, system: System) -> list[dict[str, Any]]:
    """Features in a reference system, their outer rings anticlockwise as GeoJSON has them."""
    polygons = shapely.orient_polygons(features.columns.geometries["geometry"][rows])
    single = shapely.get_type_id(polygons) == 3
    polygons[single] = shapely.multipolygons(polygons[single][:, None])  # one type for all: clients take the first's
    shown = system.shown(polygons)
    return [feature_of(features, row, geometry) for row, geometry in zip(rows.tolist(), shown, strict=True)]


def items_answer(request: Request, collection: Collection, features: Features, asked: AskedItems) -> Response:
    """The page with the way to the next one."""
    page = found(features, asked, collection.properties)
    told = {
        "type": "FeatureCollection",
        "links": [*self_links(request, GEO_JSON), *_pages(request, asked, page), _to(request, collection)],
        "timeStamp": instant(datetime.now(UTC)),
        "numberMatched": page.matched,
        "numberReturned": len(page.rows),
        "features": shown_in(features, page.rows, asked.crs),
    }
    return geo_json(told, asked.crs, features)


def item_answer(
    request: Request, collection: Collection, features: Features, row: int, system: System, *, status: int = 200
) -> Response:
    """One feature."""
    (told,) = shown_in(features, np.array([row]), system)
    told["links"] = [*self_links(request, GEO_JSON), _to(request, collection)]
    return geo_json(told, system, features, status=status)


def geo_json(told: dict[str, Any], system: System, features: Features, *, status: int = 200) -> Response:
    """An answer with its reference system, and the tag of what it was made of."""
    headers = {"Content-Crs": f"<{system.uri}>", "Cache-Control": "private, no-cache"}
    if features.revision is not None:
        headers["ETag"] = f'"{features.revision}"'
    return Response(orjson.dumps(told), status_code=status, media_type=GEO_JSON, headers=headers)


def _pages(request: Request, asked: AskedItems, page: Page) -> list[Link]:
    """To the next page and the one before."""
    told = [(name, value) for name, value in request.query_params.items() if name not in ("offset", "limit")]
    links = []
    for relation, offset in (("next", asked.offset + asked.limit), ("prev", asked.offset - asked.limit)):
        if (relation == "next" and offset < page.matched) or (relation == "prev" and asked.offset > 0):
            query = urlencode([*told, ("limit", asked.limit), ("offset", max(offset, 0))])
            links.append(link(f"{base_of(request)}{request.url.path[4:]}?{query}", relation, GEO_JSON))
    return links


def _to(request: Request, collection: Collection) -> Link:
    return link(f"{base_of(request)}/collections/{collection.id}", "collection", "application/json", collection.en)
