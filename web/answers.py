"""What a route says of itself in the description of the API: its answer, its own errors, and the body that it takes.

What every route may answer (401, 403, 429, 503 …) follows from what it is, and is added in web/openapi.py.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from pydantic import BaseModel, Field

GEO_JSON, CAP, ATOM, EVENTS = "application/geo+json", "application/cap+xml", "application/atom+xml", "text/event-stream"

ERRORS: dict[int, str] = {
    400: "It is no HTTP request, or its body was cut off.",
    401: "Nobody is signed in, or the session or the token is over.",
    403: "The right is not there, or not for all of that; or a change came without its CSRF token.",
    404: "There is none, or none in your divisions.",
    409: "It cannot be done as things stand: the answer says why, and what to do instead.",
    413: "The body is too long.",
    408: "The request took too long to come.",
    414: "The address is too long.",
    415: "The body is not application/json.",
    423: "Somebody else edits there: the answer says who and until when.",
    422: "What is asked cannot be: the answer says what and why.",
    429: "Too many requests from this address, or another of this kind is under way: see Retry-After.",
    431: "The head of the request is too long.",
    502: "What was asked on your behalf did not answer, or not as it should.",
    503: "The database does not answer; ask again.",
}


class FaultTold(BaseModel):
    """Where a set of rules does not hold together, and what to write instead."""

    file: str
    line: int = Field(description="From 1; 0: no line in particular.")
    reason: str
    mend: str
    reason_zh: str | None
    mend_zh: str | None


class LockedBy(BaseModel):
    """Who edits there, and until when at the least."""

    held_by: str
    mine: bool
    until: datetime
    draft_id: UUID


class Problem(BaseModel):
    """The one body of every error."""

    error: str = Field(description="What is wrong, and how to mend it.")
    error_zh: str = Field("", description="The same in Chinese, where there is one.")
    faults: list[FaultTold] = Field([], description="Of rules that are refused.")
    retry_after_s: int = Field(0, description="Of too many requests: how long to wait.")
    revision: int = Field(0, description="Of a draft that was changed meanwhile: the one that it has now.")
    lock: LockedBy | None = Field(None, description="Of a draft that somebody else edits, or that overlaps with one.")
    code: str = Field("", description="Of a step that was not taken: why, in one word.")
    step: UUID | None = Field(None, description="Which of the steps it was.")
    state: str = Field("", description="Of a draft in which nothing may be drawn: the one that it is in.")


Responses = dict[int | str, dict[str, Any]]


_GEO_JSON = {
    "type": "object",
    "required": ["type", "features"],
    "properties": {
        "type": {"const": "FeatureCollection"},
        "features": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["type", "properties", "geometry"],
                "properties": {
                    "type": {"const": "Feature"},
                    "properties": {"type": ["object", "null"]},
                    "geometry": {"type": ["object", "null"]},
                },
            },
        },
    },
}


def problems(*statuses: int) -> Responses:
    """Errors in the form that all of them have."""
    return {status: {"model": Problem, "description": ERRORS[status]} for status in statuses}


def answers(model: Any, *statuses: int) -> Responses:
    """For `responses=` of a route that answers JSON: what, and which errors of its own it has."""
    return {200: {"model": model}, **problems(*statuses)}


def answers_text(kind: str, what: str, *statuses: int, kept: bool = False) -> Responses:
    """The same of another media type; `kept`: one who has it already, by its ETag, gets 304."""
    schema = _GEO_JSON if kind == GEO_JSON else {"type": "string"}
    found: Responses = {200: {"content": {kind: {"schema": schema}}, "description": what}}
    if kept:
        found[304] = {"description": "Nothing new since the ETag sent as If-None-Match."}
    return {**found, **problems(*statuses)}


def takes(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """For `openapi_extra=` of a route that reads its body by web/guard.py."""
    (schema,), named = msgspec.json.schema_components([kind])
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": _in_one(schema, named)}}}}


def _in_one(schema: Any, named: dict[str, Any]) -> Any:
    """The schema with what it refers to in its place: a body is described in one piece."""
    if isinstance(schema, list):
        return [_in_one(one, named) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _in_one(named[schema["$ref"].rsplit("/", 1)[1]], named)
    return {key: _in_one(one, named) for key, one in schema.items()}


def downloads(forms: Mapping[str, tuple[str, str, Any]], *statuses: int) -> Responses:
    """For `responses=` of a route that answers one of several files: name → its ending, its media type, and more."""
    content = {
        media: {"schema": _GEO_JSON if media == GEO_JSON else {"type": "string", "format": "binary"}}
        for _, media, _ in forms.values()
    }
    return {200: {"content": content, "description": "The file."}, **problems(*statuses)}
