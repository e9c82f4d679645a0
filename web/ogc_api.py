"""OGC API – Features: divisions at any date, and drafts, for QGIS, GDAL and others.

Reading is by the right map.read. Who may not see a draft finds no collection of it.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import orjson
from fastapi import APIRouter, Request, Response

from web.errors import CollectionUnknownError
from web.ogc_asked import DOCUMENT, ITEM, check_known, read_crs, read_dated, read_items, wants_html
from web.ogc_collections import Collection, Features, level_collection, level_collections, level_features
from web.ogc_dates import Asked, instant_of
from web.ogc_documents import (
    collection_told,
    collections_told,
    conformance,
    landing,
    queryables,
    schema,
)
from web.ogc_drafts import DraftCollection, draft_collection, draft_collections, draft_features, is_draft
from web.ogc_items import item_answer, items_answer
from web.ogc_links import AT, JSON, OPENAPI, SCHEMA
from web.ogc_openapi import description
from web.ogc_pages import collection_page, document_page, item_page, items_page
from web.parts import PartsOf
from web.viewing import View, ViewOf, needs

router = APIRouter(prefix=AT, tags=["ogc"])
READ = "map.read"
_EVER = datetime(1, 1, 2, tzinfo=UTC)  # before all that is known


def _json(told: Any, kind: str = JSON) -> Response:
    return Response(orjson.dumps(told), media_type=kind, headers={"Cache-Control": "private, no-cache"})


def _collections(view: View) -> list[Collection]:
    return [*level_collections(view), *draft_collections(view)]


def collection_of(view: View, name: str) -> Collection:
    """One collection that who asks may see; raises CollectionUnknownError."""
    return draft_collection(view, name) if is_draft(name) else level_collection(name)


def features_of(view: View, collection: Collection, asked: Asked) -> Features:
    """Its features of a time; a draft has no other than now."""
    if isinstance(collection, DraftCollection):
        return draft_features(view, collection.draft)
    return level_features(view, collection.id, asked)


def item_of(view: View, collection: Collection, item: str, asked: Asked) -> tuple[Features, int]:
    """A feature by its id; raises CollectionUnknownError."""
    number, at, told = item.partition("@")
    if at:
        since = _EVER if told == ".." else instant_of(told)
        asked = replace(asked, since=since, until=since, ever=False)
    features = features_of(view, collection, asked)
    wanted: int | str = int(number) if number.isdecimal() and len(number) < 12 else number
    rows = np.flatnonzero(features.columns.properties["id"] == wanted)
    if not len(rows):
        raise CollectionUnknownError(f"there is no feature {item[:60]!r} in {collection.id} then")
    return features, int(rows[-1])


@router.get("", response_class=Response, dependencies=[needs(READ)])
def landing_page(request: Request, parts: PartsOf, view: ViewOf) -> Response:
    """Where everything is found from."""
    check_known(request, DOCUMENT)
    told = landing(request, f"{parts.settings.title_zh} {parts.settings.title_en}", parts.settings.map_approval)
    return document_page(request, view, told) if wants_html(request) else _json(told)


@router.get("/conformance", response_class=Response, dependencies=[needs(READ)])
def conformance_(request: Request, view: ViewOf) -> Response:
    """Which parts of the standards hold."""
    check_known(request, DOCUMENT)
    told = conformance(request)
    return document_page(request, view, told) if wants_html(request) else _json(told)


@router.get("/api", response_class=Response, dependencies=[needs(READ)])
def api(request: Request, view: ViewOf) -> Response:
    """What can be asked, as OpenAPI 3.0."""
    check_known(request, DOCUMENT)
    told = description(request, _collections(view))
    return document_page(request, view, told) if wants_html(request) else _json(told, OPENAPI)


@router.get("/collections", response_class=Response, dependencies=[needs(READ)])
def collections_(request: Request, parts: PartsOf, view: ViewOf) -> Response:
    """What there is."""
    check_known(request, DOCUMENT)
    approval = parts.settings.map_approval
    told = [
        collection_told(request, one, features_of(view, one, read_dated(request)), approval)
        for one in _collections(view)
    ]
    document = collections_told(request, told)
    return document_page(request, view, document) if wants_html(request) else _json(document)


@router.get("/collections/{collection}", response_class=Response, dependencies=[needs(READ)])
def collection_(collection: str, request: Request, parts: PartsOf, view: ViewOf) -> Response:
    """One collection."""
    check_known(request, DOCUMENT)
    found = collection_of(view, collection)
    told = collection_told(request, found, features_of(view, found, read_dated(request)), parts.settings.map_approval)
    return collection_page(request, view, found, told) if wants_html(request) else _json(told)


@router.get("/collections/{collection}/queryables", response_class=Response, dependencies=[needs(READ)])
def queryables_(collection: str, request: Request, view: ViewOf) -> Response:
    """What features can be found by, as a JSON Schema."""
    check_known(request, DOCUMENT)
    found = collection_of(view, collection)
    told = queryables(request, found)
    return collection_page(request, view, found, told) if wants_html(request) else _json(told, SCHEMA)


@router.get("/collections/{collection}/schema", response_class=Response, dependencies=[needs(READ)])
def schema_(collection: str, request: Request, view: ViewOf) -> Response:
    """What features have, as a JSON Schema."""
    check_known(request, DOCUMENT)
    found = collection_of(view, collection)
    told = schema(request, found)
    return collection_page(request, view, found, told) if wants_html(request) else _json(told, SCHEMA)


@router.get("/collections/{collection}/items", response_class=Response, dependencies=[needs(READ)])
def items(collection: str, request: Request, view: ViewOf) -> Response:
    """Features of a collection, a page at a time."""
    found = collection_of(view, collection)
    asked = read_items(request, found.properties)
    features = features_of(view, found, asked.dated)
    if wants_html(request):
        return items_page(request, view, found, features, asked)
    return items_answer(request, found, features, asked)


@router.get("/collections/{collection}/items/{item}", response_class=Response, dependencies=[needs(READ)])
def item_(collection: str, item: str, request: Request, view: ViewOf) -> Response:
    """One feature; its id may name an instant, `123@2025-11-05T16:00:00Z`."""
    check_known(request, ITEM)
    found, system = collection_of(view, collection), read_crs(request)
    features, row = item_of(view, found, item, read_dated(request))
    if wants_html(request):
        return item_page(request, view, found, features, row)
    return item_answer(request, found, features, row, system)
