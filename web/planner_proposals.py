"""Generated networks over HTTP: what is proposed, its map, and taking it over into a draft."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import orjson
import shapely
from fastapi import APIRouter, Path, Query, Response
from msgspec import Meta

from access.accounts import is_within
from boundaries.adoption import Adopting, ProposalUnknown, adopt, proposal_of, proposals_under
from geo.proposals import Proposal, ProposedGrid, proposed_grids, waiting
from web.answers import answers, problems, takes
from web.api import as_json
from web.guard import Body, read_body
from web.planner_api import DRAW
from web.planner_told import Feature, Head
from web.planner_view import head
from web.viewing import ViewOf, needs

router = APIRouter(prefix="/api/boundaries/proposals", tags=["boundaries"])

_MOST = 2000
_ROOT = Path(ge=1, le=2**31 - 1, description="Id of the township, or of a district.")
_ID = Path(ge=1, le=2**31 - 1, description="Id of the township.")


class Adopt(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Take a network over into a draft of one's own."""

    remove_existing: bool = False
    title: Annotated[str, Meta(max_length=120)] = ""


@dataclass(frozen=True, kw_only=True)
class ProposalTold:
    """A network that waits for a planner; `quality` as docs/boundaries.md tells it."""

    id: UUID
    township_id: int
    township: str
    district: str | None
    seed: int
    settings: dict[str, Any]
    grids: int
    quality: dict[str, Any]
    made_at: datetime
    attribution: str
    mark: Literal["proposed"] = "proposed"


@dataclass(frozen=True, kw_only=True)
class ProposalList:
    """By township; at most 2,000."""

    proposals: list[ProposalTold]


@dataclass(frozen=True, kw_only=True)
class ProposalMap:
    """GeoJSON; lon/lat in degrees, CGCS2000, of full precision."""

    proposal: ProposalTold
    features: list[Feature]
    type: Literal["FeatureCollection"] = "FeatureCollection"


@router.get("", responses=answers(ProposalList, 422), dependencies=[needs(DRAW)])
def proposals_(
    view: ViewOf,
    *,
    under: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Id of the district or city.")] = None,
) -> Response:
    """Networks that wait for a planner."""
    with view.connection() as scoped:
        found = waiting(scoped, view.parts.clock(), under=under, most=_MOST)
    return as_json(ProposalList(proposals=[_told(one) for one in found]))


@router.get("/{township}", responses=answers(ProposalMap, 404, 422), dependencies=[needs(DRAW)])
def proposal_(view: ViewOf, township: Annotated[int, _ID]) -> Response:
    """The grids that are proposed for a township; in force is none of them."""
    with view.connection() as scoped:
        found = proposal_of(scoped, township, view.parts.clock())
        grids = proposed_grids(scoped, found.id)
    return as_json(ProposalMap(proposal=_told(found), features=[_feature(grid) for grid in grids]))


@router.post(
    "/{township}/adopt", status_code=201, openapi_extra=takes(Adopt), dependencies=[needs(DRAW)],
    responses={201: {"model": Head}, **problems(404, 409, 413, 415, 422, 423)},
)  # fmt: skip
def adopt_(view: ViewOf, township: Annotated[int, _ROOT], body: Body) -> Response:
    """Open a draft that holds the proposed grids (`Adopt`); grids in force go with `remove_existing` alone.

    Of a district: those of all its townships that wait, in one draft.
    """
    said = read_body(body, Adopt)
    with view.connection() as scoped:
        if not is_within(scoped, township, view.scope):
            raise ProposalUnknown
        found = proposals_under(scoped, township, view.parts.clock())
    asked = Adopting(root_id=township, remove_existing=said.remove_existing, title=said.title)
    with view.acting() as connection:
        made = adopt(
            connection, found, asked, actor=view.viewer.account_id, now=view.parts.clock(), desk=view.parts.desk
        )
    answer = as_json(head(view, made.id))
    answer.status_code = 201
    return answer


def _told(one: Proposal) -> ProposalTold:
    return ProposalTold(
        id=one.id, township_id=one.township_id, township=one.township, district=one.district, seed=one.seed,
        settings=one.settings, grids=one.grids, quality=one.quality, made_at=one.made_at, attribution=one.lines_shown,
    )  # fmt: skip


def _feature(grid: ProposedGrid) -> Feature:
    return Feature(
        id=grid.number,
        geometry=orjson.loads(shapely.to_geojson(shapely.from_wkb(grid.geometry))),
        properties={
            "number": grid.number,
            "code": grid.code,
            "name": grid.name,
            "households": grid.households,
            "area_m2": round(grid.area_m2, 1),
            "mark": "proposed",
        },
    )
