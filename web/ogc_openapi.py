"""The definition of the OGC API (OpenAPI 3.0), for clients that read one before they ask."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from fastapi import Request

from geo.reference_systems import CRS84, systems
from web.answers import GEO_JSON
from web.ogc_asked import LANGUAGES, MOST, USUAL
from web.ogc_collections import Collection, Property
from web.ogc_links import HTML, JSON, OPENAPI, SCHEMA, base_of

Json = dict[str, Any]


def description(request: Request, collections: Sequence[Collection]) -> Json:
    """Every path that there is, for the collections that who asks may see."""
    paths: Json = {
        "/": _get("Landing page", "landing", [_ref("f")]),
        "/conformance": _get("Which standards are met", "conformance", [_ref("f")]),
        "/api": _get("This definition", "api", [_ref("f")], kind=OPENAPI),
        "/collections": _get("What there is", "collections", [_ref("f")]),
    }
    for one in collections:
        paths |= _of_collection(one)
    return {
        "openapi": "3.0.3",
        "info": {"title": "Shijing 实景 OGC API – Features", "version": version("shijing")},
        "servers": [{"url": base_of(request)}],
        "security": [{"bearer": []}],
        "tags": [{"name": one.id, "description": one.en} for one in collections],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "parameters": _PARAMETERS,
            "responses": {"Problem": _answer("What is wrong, and how to mend it", JSON, {"type": "object"})},
        },
    }


def _of_collection(one: Collection) -> Json:
    at, name = f"/collections/{one.id}", one.id.replace("-", "_")
    asked = [_ref(key) for key in _OF_ITEMS]
    own = [_parameter(key, about.en, _plain(about)) for key, about in one.properties.items() if key not in _PARAMETERS]
    paths: Json = {
        at: _get(one.en, f"collection.{name}", [_ref("f")]),
        f"{at}/queryables": _get("What features can be found by", f"queryables.{name}", [_ref("f")], kind=SCHEMA),
        f"{at}/schema": _get("What features have", f"schema.{name}", [_ref("f")], kind=SCHEMA),
        f"{at}/items": _get("Features", f"items.{name}", asked + own, kind=GEO_JSON),
        f"{at}/items/{{featureId}}": {
            "parameters": [_ref("featureId")],
            **_get("One feature", f"item.{name}", [_ref(key) for key in _OF_ITEM], kind=GEO_JSON),
        },
    }
    if one.editable:
        paths[f"{at}/items"]["post"] = _change("Create a unit", f"create.{name}", {"201": "It is created"})
        item = paths[f"{at}/items/{{featureId}}"]
        item["put"] = _change("Replace a unit", f"replace.{name}", {"200": "It is replaced"})
        item["patch"] = _change(
            "Update a unit", f"update.{name}", {"200": "It is updated"}, kind="application/merge-patch+json"
        )
        item["delete"] = _change("Delete a unit", f"delete.{name}", {"200": "It is deleted"}, kind=None)
    return paths


def _get(summary: str, name: str, parameters: list[Json], kind: str = JSON) -> Json:
    content = {one: {"schema": {"type": "object" if one != HTML else "string"}} for one in (kind, HTML)}
    return {
        "get": {
            "summary": summary,
            "operationId": name,
            "parameters": parameters,
            "responses": {"200": {"description": summary, "content": content}, **_errors("400", "401", "403", "404")},
        }
    }


def _change(summary: str, name: str, answers: Mapping[str, str], kind: str | None = GEO_JSON) -> Json:
    told: Json = {
        "summary": summary,
        "operationId": name,
        "parameters": [_ref("If-Match"), _ref("Content-Crs")],
        "responses": {
            **{status: _answer(words, JSON, {"type": "object"}) for status, words in answers.items()},
            **_errors("400", "401", "403", "404", "409", "412", "415", "422", "423"),
        },
    }
    if kind is not None:
        told["requestBody"] = {"required": True, "content": {kind: {"schema": {"type": "object"}}}}
    return told


def _errors(*statuses: str) -> Json:
    return {status: {"$ref": "#/components/responses/Problem"} for status in statuses}


def _answer(words: str, kind: str, schema: Json) -> Json:
    return {"description": words, "content": {kind: {"schema": schema}}}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/parameters/{name}"}


def _plain(about: Property) -> Json:
    return {"type": about.type, **({"format": about.format} if about.format else {})}


def _parameter(name: str, words: str, schema: Json, *, place: str = "query") -> Json:
    told = {"name": name, "in": place, "description": words, "required": place == "path", "schema": schema}
    return {**told, "style": "form", "explode": False} if place == "query" else told


def _bbox() -> Json:
    numbers = {"type": "array", "items": {"type": "number"}}
    return {"oneOf": [{**numbers, "minItems": count, "maxItems": count} for count in (4, 6)]}


_URIS = {"type": "string", "format": "uri", "enum": list(systems()), "default": CRS84}
_OF_ITEM = ("f", "datetime", "recorded", "crs")
_OF_ITEMS = (*_OF_ITEM, "limit", "offset", "bbox", "bbox-crs", "filter", "filter-lang", "filter-crs")
_PARAMETERS: Json = {
    "f": _parameter("f", "Of which kind the answer is", {"type": "string", "enum": ["json", "html"]}),
    "featureId": _parameter("featureId", "Number of the feature", {"type": "string"}, place="path"),
    "datetime": _parameter("datetime", "An instant, or a span with / ; none: now", {"type": "string"}),
    "recorded": _parameter("recorded", "As the database knew it then", {"type": "string", "format": "date-time"}),
    "crs": _parameter("crs", "In which reference system", _URIS),
    "limit": _parameter(
        "limit", "How many at most", {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL}
    ),
    "offset": _parameter("offset", "How many are passed over", {"type": "integer", "minimum": 0, "default": 0}),
    "bbox": _parameter("bbox", "What intersects a box", _bbox()),
    "bbox-crs": _parameter("bbox-crs", "The reference system of the box", _URIS),
    "filter": _parameter("filter", "What a condition holds for (CQL2)", {"type": "string"}),
    "filter-lang": _parameter(
        "filter-lang", "In which language", {"type": "string", "enum": list(LANGUAGES), "default": LANGUAGES[0]}
    ),
    "filter-crs": _parameter("filter-crs", "The reference system of its places", {**_URIS, "enum": [CRS84]}),
    "If-Match": _parameter("If-Match", "The ETag that the change is meant for", {"type": "string"}, place="header"),
    "Content-Crs": _parameter("Content-Crs", "The reference system of the body", {"type": "string"}, place="header"),
}
