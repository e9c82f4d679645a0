"""Documents of the OGC API that lead to features: landing page, conformance, collections, queryables, schemas."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import shapely
from fastapi import Request

from geo.reference_systems import STORED, systems
from web.answers import GEO_JSON
from web.ogc_collections import Collection, Features, Property
from web.ogc_links import HTML, JSON, OPENAPI, SCHEMA, Link, base_of, link, ogc, self_links

Json = dict[str, Any]

_FEATURES = "http://www.opengis.net/spec/ogcapi-features-{part}/1.0/conf/{name}"
_CQL2 = "http://www.opengis.net/spec/cql2/1.0/conf/{name}"
# Only what holds; what does not is told in docs/ogc.md.
CONFORMS: tuple[str, ...] = (
    *(_FEATURES.format(part=1, name=name) for name in ("core", "geojson", "html", "oas30")),
    _FEATURES.format(part=2, name="crs"),
    *(
        _FEATURES.format(part=3, name=name)
        for name in ("queryables", "queryables-query-parameters", "filter", "features-filter")
    ),
    *(_FEATURES.format(part=4, name=name) for name in ("create-replace-delete", "update", "features")),
    *(
        _CQL2.format(name=name)
        for name in (
            "cql2-text", "cql2-json", "basic-cql2", "advanced-comparison-operators", "case-insensitive-comparison",
            "basic-spatial-functions", "basic-spatial-functions-plus", "spatial-functions", "temporal-functions",
            "property-property",
        )
    ),
)  # fmt: skip


def landing(request: Request, title: str, approval: str) -> Json:
    """Where everything is found from."""
    base = base_of(request)
    return {
        "title": title,
        "description": "区划与网格边界：任意日期，可编辑草案。"
        "Boundaries of divisions and grids at any date; drafts can be edited.",
        **({"attribution": approval} if approval else {}),
        "links": [
            *self_links(request, JSON),
            link(f"{base}/api", "service-desc", OPENAPI, "What can be asked (OpenAPI 3.0)"),
            link(f"{base}/api?f=html", "service-doc", HTML, "The same for people"),
            link(f"{base}/conformance", "conformance", JSON, "Which standards are met"),
            link(f"{base}/conformance", ogc("conformance"), JSON),
            link(f"{base}/collections", "data", JSON, "What there is"),
            link(f"{base}/collections", ogc("data"), JSON),
        ],
    }


def conformance(request: Request) -> Json:
    """Which parts of the standards hold."""
    return {"links": self_links(request, JSON), "conformsTo": list(CONFORMS)}


def collection_told(request: Request, collection: Collection, features: Features | None, approval: str) -> Json:
    """One collection; with its extent where its features are at hand."""
    here = f"{base_of(request)}/collections/{collection.id}"
    return {
        "id": collection.id,
        "title": f"{collection.zh} {collection.en}",
        "description": f"{collection.zh_about} {collection.en_about}",
        **({"attribution": approval} if approval else {}),
        **({} if features is None else {"extent": _extent(features)}),
        "itemType": "feature",
        "crs": list(systems()),
        "storageCrs": STORED,
        "links": _collection_links(here, collection),
    }


def _collection_links(here: str, collection: Collection) -> list[Link]:
    return [
        link(here, "self", JSON, collection.en),
        link(f"{here}?f=html", "alternate", HTML, collection.en),
        link(f"{here}/items", "items", GEO_JSON, "Features"),
        link(f"{here}/items?f=html", "items", HTML, "Features as a page"),
        link(f"{here}/schema", ogc("schema"), SCHEMA, "What features have"),
        link(f"{here}/schema", "describedby", SCHEMA, "What features have"),
        link(f"{here}/queryables", ogc("queryables"), SCHEMA, "What they can be asked by"),
        *([link(f"{here}/items", "edit", GEO_JSON, "Where features are put")] if collection.editable else []),
    ]


def _extent(features: Features) -> Json:
    polygons = features.columns.geometries["geometry"]
    box = shapely.total_bounds(polygons) if len(polygons) else np.full(4, np.nan)
    boxes = [np.round(box, 9).tolist()] if np.isfinite(box).all() else [[-180, -90, 180, 90]]
    return {
        "spatial": {"bbox": boxes, "crs": next(iter(systems()))},
        "temporal": {"interval": [[None, None]], "trs": "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"},
    }


def collections_told(request: Request, collections: list[Json]) -> Json:
    """All of them."""
    return {"links": self_links(request, JSON), "crs": list(systems()), "collections": collections}


def queryables(request: Request, collection: Collection) -> Json:
    """What features can be found by."""
    told = _schema(request, collection, {name: one.schema() for name, one in collection.properties.items()})
    told["properties"]["geometry"] = _GEOMETRY
    return {**told, "additionalProperties": False}


def schema(request: Request, collection: Collection) -> Json:
    """What features have."""
    told = {name: one.schema() for name, one in collection.properties.items()}
    for number, one in enumerate(told.values(), start=1):
        one["x-ogc-propertySeq"] = number
    return _schema(request, collection, {**told, "geometry": {**_GEOMETRY, "x-ogc-role": "primary-geometry"}})


_GEOMETRY = {"title": "边界 Boundary", "format": "geometry-multipolygon"}


def _schema(request: Request, collection: Collection, properties: Mapping[str, Json]) -> Json:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{base_of(request)}{request.url.path[4:]}",
        "type": "object",
        "title": f"{collection.zh} {collection.en}",
        "properties": dict(properties),
    }


def words_of(properties: Mapping[str, Property], *, zh: bool) -> dict[str, str]:
    """Headings of a table of features."""
    return {name: one.zh if zh else one.en for name, one in properties.items()}
