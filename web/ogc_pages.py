"""The OGC API for people: every document also as a plain page of ours."""

from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response

from web.office import office_page
from web.ogc_asked import AskedItems
from web.ogc_collections import Collection, Features
from web.ogc_documents import words_of
from web.ogc_items import found
from web.ogc_links import AT
from web.pages import Language
from web.viewing import View

_IN_TABLE = ("code", "name", "kind", "parent", "households", "state", "derived")


def document_page(request: Request, view: View, told: dict[str, Any]) -> Response:
    """Links, collections and paths of a document."""
    rows = [(one["title"], f"{AT}/collections/{one['id']}", one["description"]) for one in told.get("collections", ())]
    paths = [(path, summary) for path, about in told.get("paths", {}).items() for summary in _summaries(about)]
    return _page(
        request, view, heading=str(told.get("title", told.get("info", {}).get("title", "OGC API – Features"))),
        about=told.get("description", ""), links=told.get("links", []), collections=rows,
        conforms=told.get("conformsTo", []), paths=paths,
    )  # fmt: skip


def _summaries(about: dict[str, Any]) -> list[str]:
    return [f"{method.upper()} — {one.get('summary', '')}" for method, one in about.items() if method != "parameters"]


def collection_page(request: Request, view: View, collection: Collection, told: dict[str, Any]) -> Response:
    """One collection, or one of its schemas."""
    zh = _language(request) == "zh"
    facts = [(name, told_en) for name, told_en in words_of(collection.properties, zh=zh).items()]
    return _page(
        request, view, heading=collection.zh if zh else collection.en, facts=facts, links=told.get("links", []),
        about=collection.zh_about if zh else collection.en_about, up=f"{AT}/collections",
        items=f"{AT}/collections/{collection.id}/items",
    )  # fmt: skip


def items_page(request: Request, view: View, collection: Collection, features: Features, asked: AskedItems) -> Response:
    """A page of features as a table."""
    page, zh = found(features, asked, collection.properties), _language(request) == "zh"
    names = [name for name in _IN_TABLE if name in features.shown]
    words = words_of(collection.properties, zh=zh)
    rows = [(features.ids(row), [features.shown[name](row) for name in names]) for row in page.rows.tolist()]
    turns = {
        word: f"?{_query(request, offset=max(0, offset), limit=asked.limit)}"
        for word, offset, there in (
            ("prev", asked.offset - asked.limit, asked.offset > 0),
            ("next", asked.offset + asked.limit, asked.offset + asked.limit < page.matched),
        )
        if there
    }
    return _page(
        request, view, heading=collection.zh if zh else collection.en, headings=[words[name] for name in names],
        rows=rows, matched=page.matched, turns=turns, up=f"{AT}/collections/{collection.id}", base=request.url.path,
    )  # fmt: skip


def item_page(request: Request, view: View, collection: Collection, features: Features, row: int) -> Response:
    """One feature."""
    zh = _language(request) == "zh"
    words = words_of(collection.properties, zh=zh)
    facts = [(words[name], shown(row)) for name, shown in features.shown.items()]
    title = features.shown["name"](row) or features.ids(row)
    return _page(request, view, heading=title, facts=facts, up=f"{AT}/collections/{collection.id}/items")


def _query(request: Request, **changed: object) -> str:
    told = {name: value for name, value in request.query_params.items() if name not in changed}
    return urlencode({**told, **changed, "f": "html"})


def _language(request: Request) -> Language:
    return "en" if request.query_params.get("lang") == "en" else "zh"


def _page(request: Request, view: View, **values: Any) -> Response:
    language = _language(request)
    as_json = f"{request.url.path}?{urlencode({**dict(request.query_params), 'f': 'json'})}"
    return office_page(request, view, "ogc.html", language, menu_at=AT, as_json=as_json, home=AT, **values)
