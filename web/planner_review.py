"""The way of a draft over HTTP: its impact; submitted, reviewed, published, filed, withdrawn, taken back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from msgspec import Meta, Struct

from boundaries import workflow
from boundaries.impact import Impact, Place, left_behind
from boundaries.publish import publish
from boundaries.rolling_back import roll_back
from boundaries.weighing import impact_of
from boundaries.workflow import Actor
from web.answers import GEO_JSON, answers, answers_text, takes
from web.api import as_json
from web.guard import Body, read_body
from web.impact_map import impact_features
from web.impact_sheets import impact_workbook
from web.planner_api import DRAW
from web.planner_told import Head
from web.planner_view import head, seen
from web.viewing import View, ViewOf, needs

REVIEW = "boundaries.review"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

router = APIRouter(prefix="/api/boundaries/drafts", tags=["boundaries"])

Text = Annotated[str, Meta(max_length=2000)]


class Submitted(Struct, kw_only=True, forbid_unknown_fields=True):
    """What a reviewer should know of it."""

    note: Text = ""


class Withdrawn(Struct, kw_only=True, forbid_unknown_fields=True):
    """Why it is given up."""

    reason: Text = ""


class Reviewed(Struct, kw_only=True, forbid_unknown_fields=True):
    """A verdict; one that returns a draft says why."""

    verdict: Literal["approve", "return"]
    note: Text = ""


class PublishAsked(Struct, kw_only=True, forbid_unknown_fields=True):
    """Since when it holds (null: from now on); a date back in time needs a reason."""

    effective: datetime | None = None
    reason: Text = ""


class Filed(Struct, kw_only=True, forbid_unknown_fields=True):
    """Under which number it was filed with the city."""

    filed_as: Annotated[str, Meta(min_length=1, max_length=200)]


class TakenBack(Struct, kw_only=True, forbid_unknown_fields=True):
    """Why the former state is brought back."""

    reason: Annotated[str, Meta(min_length=1, max_length=2000)]


@dataclass(frozen=True, kw_only=True)
class MovedTold:
    """Something that goes from one unit to another; `after` null: somebody has to decide."""

    kind: str
    subject: str
    name: str
    detail: str
    before: Place | None
    after: Place | None
    count: int


@dataclass(frozen=True, kw_only=True)
class UnitTold:
    """What becomes of a unit: a line of its lineage."""

    kind: str
    before: Place | None
    after: Place | None
    share: float | None
    area_m2: float


@dataclass(frozen=True, kw_only=True)
class HouseholdsTold:
    """Households that change units, estimated by area."""

    before: Place
    after: Place
    households: int


@dataclass(frozen=True, kw_only=True)
class LeftTold:
    """What still hangs on a division that is gone."""

    kind: str
    subject: str
    division_id: int
    name: str


@dataclass(frozen=True, kw_only=True)
class ImpactTold:
    """What publishing the draft would do, by what is known at `at`."""

    at: datetime
    counts: dict[str, int]
    units: list[UnitTold]
    moved: list[MovedTold]
    households: list[HouseholdsTold]
    without_worker: list[Place]
    plans_left: list[MovedTold]
    findings: dict[str, int]
    area_before_m2: float
    area_after_m2: float
    left_behind: list[LeftTold]


def weighed(view: View, draft_id: UUID) -> Impact:
    """The impact of a draft that the scope shows; all of it lies under the draft's root, and so in the scope."""
    draft = seen(view, draft_id)
    with view.acting() as connection:
        held = view.parts.desk.checked(connection, draft)
        return impact_of(connection, draft, held, at=draft.effective or view.parts.clock())


@router.get("/{draft:uuid}/impact", responses=answers(ImpactTold, 404), dependencies=[needs(DRAW)])
def impact(draft: UUID, view: ViewOf) -> Response:
    """What publishing it would do; of residents only how many."""
    found = weighed(view, draft)
    with view.acting() as connection:
        left = left_behind(connection, draft)
    return as_json(_told(found, left))


def _told(found: Impact, left: Any) -> ImpactTold:
    def moved(one: Any) -> MovedTold:
        return MovedTold(**{name: getattr(one, name) for name in MovedTold.__dataclass_fields__})

    return ImpactTold(
        at=found.at,
        counts=found.counts(),
        units=[UnitTold(**vars(one)) for one in found.units],
        moved=[moved(one) for one in found.moved],
        households=[HouseholdsTold(before=a, after=b, households=many) for a, b, many in found.households],
        without_worker=found.without_worker,
        plans_left=[moved(one) for one in found.plans_left],
        findings=dict(found.findings),
        area_before_m2=round(found.area_before_m2, 2),
        area_after_m2=round(found.area_after_m2, 2),
        left_behind=[LeftTold(**vars(one)) for one in left],
    )


@router.get("/{draft:uuid}/impact.geojson", response_class=Response, dependencies=[needs(DRAW)],
            responses=answers_text(GEO_JSON, "Units before and after, and what moves.", 404))  # fmt: skip
def impact_geojson(draft: UUID, view: ViewOf) -> Response:
    """The same as GeoJSON, lon/lat CGCS2000: units before and after, and whatever moves and has a place."""
    kept = seen(view, draft)
    found = weighed(view, draft)
    with view.acting() as connection:
        held = view.parts.desk.held(connection, kept)
    raw = impact_features(found, held)
    headers = {"Content-Disposition": f'attachment; filename="impact-{draft}.geojson"'}
    return Response(raw, media_type=GEO_JSON, headers=headers)


@router.get("/{draft:uuid}/impact.xlsx", response_class=Response, dependencies=[needs(DRAW)],
            responses=answers_text(EXCEL, "An Excel file.", 404))  # fmt: skip
def impact_xlsx(draft: UUID, view: ViewOf) -> Response:
    """The same as an Excel file, in Chinese."""
    kept = seen(view, draft)
    headers = {"Content-Disposition": f'attachment; filename="impact-{draft}.xlsx"'}
    raw = impact_workbook(weighed(view, draft), kept.title)
    return Response(raw, media_type=EXCEL, headers=headers)


@router.post("/{draft:uuid}/submit", openapi_extra=takes(Submitted), responses=answers(Head, 404, 409),
             dependencies=[needs(DRAW)])  # fmt: skip
def submit_(draft: UUID, body: Body, view: ViewOf) -> Response:
    """Hand it in for review (`Submitted`); refused while there are errors among its findings."""
    said = read_body(body, Submitted)
    seen(view, draft)
    with view.acting() as connection:
        workflow.submit(connection, draft, actor=actor_of(view), note=said.note, desk=view.parts.desk)
    return as_json(head(view, draft))


@router.post("/{draft:uuid}/withdraw", openapi_extra=takes(Withdrawn), responses=answers(Head, 404, 409),
             dependencies=[needs(DRAW)])  # fmt: skip
def withdraw_(draft: UUID, body: Body, view: ViewOf) -> Response:
    """Give up one that was not published (`Withdrawn`)."""
    said = read_body(body, Withdrawn)
    seen(view, draft)
    with view.acting() as connection:
        workflow.withdraw(connection, draft, actor=actor_of(view), reason=said.reason)
    return as_json(head(view, draft))


@router.post("/{draft:uuid}/review", openapi_extra=takes(Reviewed), responses=answers(Head, 404, 409),
             dependencies=[needs(REVIEW)])  # fmt: skip
def review_(draft: UUID, body: Body, view: ViewOf) -> Response:
    """Approve or return it (`Reviewed`): another person, whose right reaches what the root lies in."""
    said = read_body(body, Reviewed)
    seen(view, draft)
    with view.acting() as connection:
        workflow.review(connection, draft, actor=actor_of(view), verdict=said.verdict, note=said.note)
    return as_json(head(view, draft))


@router.post("/{draft:uuid}/publish", openapi_extra=takes(PublishAsked), responses=answers(Head, 404, 409),
             dependencies=[needs(REVIEW)])  # fmt: skip
def publish_(draft: UUID, body: Body, view: ViewOf) -> Response:
    """Put it in force (`PublishAsked`), all of it or nothing; readings keep flowing."""
    said = read_body(body, PublishAsked)
    seen(view, draft)
    with view.acting() as connection:
        publish(
            connection, draft, actor=actor_of(view), effective=said.effective, reason=said.reason,
            desk=view.parts.desk,
        )  # fmt: skip
    return as_json(head(view, draft))


@router.post("/{draft:uuid}/file", openapi_extra=takes(Filed), responses=answers(Head, 404, 409),
             dependencies=[needs(REVIEW)])  # fmt: skip
def file_(draft: UUID, body: Body, view: ViewOf) -> Response:
    """Note under which number it was filed (`Filed`)."""
    said = read_body(body, Filed)
    seen(view, draft)
    with view.acting() as connection:
        workflow.file(connection, draft, actor=actor_of(view), filed_as=said.filed_as)
    return as_json(head(view, draft))


@router.post("/{draft:uuid}/roll-back", openapi_extra=takes(TakenBack), responses=answers(Head, 404, 409, 423),
             dependencies=[needs(DRAW)])  # fmt: skip
def roll_back_(draft: UUID, body: Body, view: ViewOf) -> Response:
    """Open a draft that brings the former state back (`TakenBack`); its head is answered."""
    said = read_body(body, TakenBack)
    seen(view, draft)
    made = taken_back(view, draft, said.reason)
    return as_json(head(view, made))


def taken_back(view: View, draft: UUID, reason: str) -> UUID:
    """The draft that brings the former state back."""
    with view.acting() as connection:
        return roll_back(
            connection, draft, actor=view.viewer.account_id, reason=reason, now=view.parts.clock(),
            desk=view.parts.desk,
        ).id  # fmt: skip


def actor_of(view: View) -> Actor:
    """Who asks, with the scope of the right that the route needs."""
    return Actor(id=view.viewer.account_id, now=view.parts.clock(), scope=view.scope)
