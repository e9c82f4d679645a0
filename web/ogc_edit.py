"""OGC API – Features, Part 4: units of a draft are created, replaced, updated and deleted, each as one step of it.

What is in force is not touched: a draft is published by another way. An ETag is the draft's revision; the answer has
the draft's findings, so that a client sees at once what its edit left open.
"""

from collections.abc import Callable
from typing import Annotated
from uuid import uuid4

import orjson
from fastapi import APIRouter, Depends, Header, Request, Response

from boundaries.desk import Held
from boundaries.editing import Asked, Taken, take_steps
from boundaries.errors import RevisionMoved
from geo.steps import Rename, Replace, Step
from geo.topology import Unit
from web.errors import CollectionUnknownError, PreconditionError
from web.guard import BODY_AT_MOST, read_json
from web.ogc_api import READ, collection_of
from web.ogc_drafts import DraftCollection, draft_collection, is_draft
from web.ogc_links import AT, base_of
from web.ogc_units import created, read_feature, renamed, replaced, updated
from web.planner_view import taken as told_of
from web.viewing import View, ViewOf, needs

DRAW = "boundaries.draft"
router = APIRouter(prefix=AT, tags=["ogc"])

_FEATURE = ("application/geo+json", "application/json")
_PATCH = ("application/merge-patch+json", *_FEATURE)


async def _feature(request: Request) -> bytes:
    return await read_json(request, BODY_AT_MOST, _FEATURE)


async def _patch(request: Request) -> bytes:
    return await read_json(request, BODY_AT_MOST, _PATCH)


FeatureBody = Annotated[bytes, Depends(_feature)]
PatchBody = Annotated[bytes, Depends(_patch)]
IfMatch = Annotated[str | None, Header(max_length=200)]
ContentCrs = Annotated[str | None, Header(max_length=200)]


@router.post("/collections/{collection}/items", response_class=Response, dependencies=[needs(DRAW)])
def create(
    collection: str, request: Request, body: FeatureBody, view: ViewOf,
    if_match: IfMatch = None, content_crs: ContentCrs = None,
) -> Response:  # fmt: skip
    """A new unit; without `parent_id` it belongs to whatever it lies in."""
    found = _draft(view, collection)
    drawn = read_feature(body, content_crs)
    before: set[str] = set()

    def step(held: Held) -> Step:
        before.update(held.coverage.units)
        return Replace(units=[created(held, drawn)])

    came = _take(view, found, step, if_match)
    (key,) = [one for one in came.changed if one not in before]
    return _answer(came, status=201, location=f"{base_of(request)}/collections/{found.id}/items/{key}")


@router.put("/collections/{collection}/items/{item}", response_class=Response, dependencies=[needs(DRAW)])
def replace_(
    collection: str, item: str, body: FeatureBody, view: ViewOf,
    if_match: IfMatch = None, content_crs: ContentCrs = None,
) -> Response:  # fmt: skip
    """A unit as it shall be, wholly."""
    found = _draft(view, collection)
    drawn = read_feature(body, content_crs)
    return _answer(_take(view, found, lambda held: Replace(units=[replaced(_unit(held, item), drawn)]), if_match))


@router.patch("/collections/{collection}/items/{item}", response_class=Response, dependencies=[needs(DRAW)])
def update(
    collection: str, item: str, body: PatchBody, view: ViewOf,
    if_match: IfMatch = None, content_crs: ContentCrs = None,
) -> Response:  # fmt: skip
    """What changes of a unit (a merge patch, RFC 7396); what is left out stays."""
    found = _draft(view, collection)
    drawn = read_feature(body, content_crs, partial=True)

    def step(held: Held) -> Rename | Replace:
        unit = _unit(held, item)
        return renamed(unit, drawn) or Replace(units=[updated(unit, drawn)])

    return _answer(_take(view, found, step, if_match))


@router.delete("/collections/{collection}/items/{item}", response_class=Response, dependencies=[needs(DRAW)])
def delete(collection: str, item: str, view: ViewOf, if_match: IfMatch = None) -> Response:
    """The unit goes; its land is nobody's until another unit takes it, which the findings tell."""
    found = _draft(view, collection)
    return _answer(_take(view, found, lambda held: Replace(gone=[_unit(held, item).key]), if_match))


@router.options("/collections/{collection}/items", response_class=Response, dependencies=[needs(READ)])
def options_of_items(collection: str, view: ViewOf) -> Response:
    """What may be done with the collection: clients look here before they offer to edit."""
    editable = collection_of(view, collection).editable
    return _allowed("GET, OPTIONS, POST" if editable else "GET, OPTIONS")


@router.options("/collections/{collection}/items/{item}", response_class=Response, dependencies=[needs(READ)])
def options_of_item(collection: str, view: ViewOf) -> Response:
    """What may be done with a feature."""
    editable = collection_of(view, collection).editable
    return _allowed("GET, OPTIONS, PUT, PATCH, DELETE" if editable else "GET, OPTIONS")


def _allowed(methods: str) -> Response:
    headers = {"Allow": methods, "Accept-Patch": _PATCH[0]} if "PATCH" in methods else {"Allow": methods}
    return Response(status_code=204, headers=headers)


def _draft(view: View, name: str) -> DraftCollection:
    if not is_draft(name):
        raise CollectionUnknownError(f"{name[:60]!r} is in force and is not edited here: open a draft, and edit that")
    return draft_collection(view, name)


def _unit(held: Held, key: str) -> Unit:
    unit = held.coverage.units.get(key)
    if unit is None:
        raise CollectionUnknownError(f"the draft has no unit {key[:40]!r}")
    return unit


def _take(view: View, found: DraftCollection, step: Callable[[Held], Step], if_match: str | None) -> Taken:
    """One step, on the revision that it was made for; raises PreconditionError where that was named and is gone."""
    desk, parts = view.parts.desk, view.parts
    with view.acting() as connection:
        held = desk.held(connection, found.draft)
        _check_match(if_match, held.revision)
        asked = Asked(id=uuid4(), step=step(held))
        try:
            return take_steps(
                connection, found.draft.id, [asked], actor=view.viewer.account_id, revision=held.revision,
                now=parts.clock(), desk=desk,
            )  # fmt: skip
        except RevisionMoved as moved:
            _check_match(if_match, moved.current)
            raise


def _check_match(if_match: str | None, revision: int) -> None:
    if if_match is None or if_match.strip() == "*":
        return
    tags = {tag.strip() for tag in if_match.split(",")}
    if f'"{revision}"' not in tags:
        raise PreconditionError(f'the draft is at "{revision}", not {if_match[:80]}: read it again, it was changed')


def _answer(came: Taken, *, status: int = 200, location: str = "") -> Response:
    told = told_of(came)
    findings = (came.held.findings or {}).values()
    errors = sum(one.severity == "error" for one in findings)
    headers = {
        "ETag": f'"{told.revision}"',
        "Cache-Control": "no-store",
        "Shijing-Findings": f"errors={errors}, warnings={len(findings) - errors}",
        **({"Location": location} if location else {}),
    }
    return Response(orjson.dumps(told), status_code=status, media_type="application/json", headers=headers)
