"""What stands in a division for the map and for programs, and the card of a division."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel, Field

from access.records import counts
from config.database import Connection
from scene.card import DivisionCard, read_card, read_duty, told
from scene.kinds import Group, Kind, shipped_kinds
from scene.listing import MEDIA, Thing, level_seen, read_thing, stamp, things_in
from scene.placing import is_placed, place_again
from scene.values import shown
from web.answers import GEO_JSON, answers, answers_text
from web.api import as_json
from web.errors import AskedWrongError, DivisionUnknownError, ForbiddenError
from web.runs_lanes import people_named
from web.state import read_clock
from web.viewing import View, ViewOf, needs

router = APIRouter(prefix="/api", tags=["scene"])

_MOST_ID = 2**31 - 1


class KindTold(BaseModel):
    """A kind of thing."""

    id: str
    zh: str
    en: str
    group: Group
    min_zoom: int


class KindsTold(BaseModel):
    """All kinds, in their order."""

    kinds: list[KindTold]


class AttributeTold(BaseModel):
    """One thing that is told of a thing, in both languages."""

    key: str
    zh: str
    en: str
    value_zh: str
    value_en: str


class ThingTold(BaseModel):
    """One thing; lon/lat in degrees, CGCS2000."""

    id: int
    kind: str
    kind_zh: str
    kind_en: str
    name: str
    lon: float
    lat: float
    path: list[str]
    attributes: list[AttributeTold]
    media: list[Literal["snapshot", "hls", "webrtc", "panorama"]]
    cameras_on: bool = Field(description="Whether this server asks any camera for pictures.")
    source: str
    licence: str
    changed_at: str


@router.get("/scene/kinds", responses=answers(KindsTold), dependencies=[needs("map.read")])
def kinds() -> Response:
    """The kinds of things, with their groups and the zoom from which on each is drawn."""
    told = [
        {"id": one.id, "zh": one.zh, "en": one.en, "group": one.group, "min_zoom": one.min_zoom}
        for one in shipped_kinds().values()
    ]
    return as_json({"kinds": told})


@router.get(
    "/scene/things",
    response_class=Response,
    responses=answers_text(GEO_JSON, "GeoJSON; lon/lat in degrees, CGCS2000.", 404, kept=True),
    dependencies=[needs("map.read")],
)
def things(
    view: ViewOf,
    within: Annotated[int, Query(alias="in", ge=1, le=_MOST_ID)],
    kinds: Annotated[str, Query(max_length=400, description="Ids of kinds with commas between; none: all.")] = "",
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """What stands in a division, 5,000 at the most (`more`: there are others); what is asked again has an ETag."""
    wanted = _kinds(kinds)
    with placed(view) as connection:
        level = level_seen(connection, within)
        if level is None:
            raise DivisionUnknownError
        etag = f'"{stamp(connection, within, level)}-{"-".join(wanted or [])}"'
        headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
        if if_none_match == etag:
            return Response(status_code=304, headers=headers)
        found = things_in(connection, within, level, wanted)
    return Response(orjson.dumps(found), media_type=GEO_JSON, headers=headers)


@router.get("/scene/things/{thing:int}", responses=answers(ThingTold, 404), dependencies=[needs("map.read")])
def one_thing(thing: int, request: Request, view: ViewOf) -> Response:
    """All that is told of a thing; of a camera only which pictures there are, not where."""
    with view.connection() as connection:
        found = read_thing(connection, _checked(thing))
    hosts = request.app.state.cameras.hosts
    return as_json(told_of(found, cameras_on=bool(hosts)))


@router.get("/divisions/{place:int}/card", responses=answers(DivisionCard, 404), dependencies=[needs("map.read")])
def card(place: int, view: ViewOf) -> Response:
    """The card of a division: what stands and goes on there, and who is on duty. Numbers; names by `people.read`."""
    with placed(view) as connection:
        clock = read_clock(connection)
        row = read_card(connection, _checked(place), clock.now)
        if row is None:
            raise DivisionUnknownError
        duty = read_duty(connection, place, clock.now)
    names = people_named(view, [one.person_id for one in duty])
    row["duty"] = [told(one, names.get(str(one.person_id))) for one in duty]
    row["in_need"] = _in_need(view, place)
    return as_json(DivisionCard(**row, at=clock.now))


@contextmanager
def placed(view: View) -> Iterator[Connection]:
    """The view's connection, once things stand where the map of now has them."""
    with view.acting() as acting:
        if not is_placed(acting):
            place_again(acting, view.parts.clock())
    with view.connection() as connection:
        yield connection


def told_of(found: Thing, *, cameras_on: bool) -> dict[str, Any]:
    """A thing as the API tells it."""
    kind = shipped_kinds().get(found.kind)
    return {
        "id": found.id,
        "kind": found.kind,
        "kind_zh": found.kind if kind is None else kind.zh,
        "kind_en": found.kind if kind is None else kind.en,
        "name": found.name,
        "lon": found.lon,
        "lat": found.lat,
        "path": found.path,
        "attributes": [] if kind is None else _attributes(found, kind),
        "media": [one for one in MEDIA if one in found.attributes] if found.kind == "camera" else [],
        "cameras_on": cameras_on,
        "source": found.source,
        "licence": found.licence,
        "changed_at": found.changed_at,
    }


def _attributes(found: Thing, kind: Kind) -> list[dict[str, str]]:
    told = []
    if address := found.attributes.get("address"):
        told.append({"key": "address", "zh": "地址", "en": "Address", "value_zh": address, "value_en": address})
    for key, schema in kind.attributes.items():
        if key not in found.attributes or schema.hidden:
            continue
        value = found.attributes[key]
        zh, en = shown(value, schema, "zh"), shown(value, schema, "en")
        unit_en = schema.unit if schema.unit_en is None else schema.unit_en
        told.append(
            {
                "key": key, "zh": schema.zh, "en": schema.en,
                "value_zh": f"{zh} {schema.unit}".strip(), "value_en": f"{en} {unit_en}".strip(),
            }
        )  # fmt: skip
    return told


def _in_need(view: View, division: int) -> dict[str, int] | None:
    """Numbers by kind, where whoever asks may see them for this division."""
    with suppress(ForbiddenError):
        allowed = view.by("records.count")
        with allowed.connection() as connection:
            if level_seen(connection, division) is not None:
                return counts(connection, division, at=view.parts.clock()).kinds
    return None


@lru_cache(maxsize=200)
def _kinds(text: str) -> tuple[str, ...] | None:
    wanted = tuple(dict.fromkeys(filter(None, text.split(","))))
    if unknown := [one for one in wanted if one not in shipped_kinds()]:
        raise AskedWrongError(f"there is no kind {unknown[0][:40]!r}: /api/scene/kinds has them")
    return wanted or None


def _checked(number: int) -> int:
    """A number that can be one of the database's; others are nobody's."""
    return min(number, _MOST_ID)
