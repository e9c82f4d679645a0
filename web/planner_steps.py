"""Drawing in a draft over HTTP: what there is, steps, undo and redo, findings and their mends, lines to snap to."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, TypedDict
from uuid import UUID

import shapely
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from boundaries.desk import Desk, Held
from boundaries.editing import Asked, Taken, mend, redo, take_steps, undo
from boundaries.errors import DraftRefused, StepNotTaken
from boundaries.rebasing import rebase
from boundaries.snapping import SnapLine, snap_lines
from config.database import Connection
from geo.errors import StepRefused
from geo.lines import ATTRIBUTION
from geo.steps import parse_step
from web.answers import answers, takes
from web.api import as_json
from web.guard import Body, read_body, read_json
from web.parts import parts_of
from web.planner_api import DRAW
from web.planner_told import (
    AtRevision,
    DroppedTold,
    Feature,
    Findings,
    Mended,
    NotDrawnTold,
    Rebased,
    SnapTold,
    StepsDescribed,
    StepSent,
    StepsSent,
    StepsTaken,
    Units,
)
from web.planner_view import features_of, findings_of, head, neighbour_features, parent_features, seen, taken
from web.viewing import View, ViewOf, needs

router = APIRouter(prefix="/api/boundaries/drafts/{draft:uuid}", tags=["boundaries"])

_MOST_DEGREES = 2.0  # of a box to snap in


async def _large_body(request: Request) -> bytes:
    return await read_json(request, parts_of(request).desk.drafts.most_body_mib * 2**20)


LargeBody = Annotated[bytes, Depends(_large_body)]


@router.get("/units", responses=answers(Units, 404, 409), dependencies=[needs(DRAW)])
def units_(draft: UUID, view: ViewOf) -> Response:
    """What is drawn now: units, what they tile, and what lies around them; GeoJSON of full precision."""
    return as_json(_units(view, draft, lambda held: held))


@router.get("/base", responses=answers(Units, 404, 409), dependencies=[needs(DRAW)])
def base_(draft: UUID, view: ViewOf) -> Response:
    """The same as it was in force when the draft was opened, or put on what was in force last."""
    return as_json(_units(view, draft, Held.at_base))


@router.post(
    "/steps", openapi_extra=takes(StepsDescribed), responses=answers(StepsTaken, 404, 409, 423),
    dependencies=[needs(DRAW)],
)  # fmt: skip
def steps_(draft: UUID, body: LargeBody, view: ViewOf) -> Response:
    """Take steps (`StepsDescribed`), all or none; a step sent again is answered as taken, and taken once."""
    said = read_body(body, StepsSent)
    asked = [_asked(one) for one in said.steps]
    return _drawn(view, draft, lambda connection, doing: take_steps(connection, draft, asked, **doing), said.revision)


@router.post(
    "/undo", openapi_extra=takes(AtRevision), responses=answers(StepsTaken, 404, 409, 423), dependencies=[needs(DRAW)]
)
def undo_(draft: UUID, body: Body, view: ViewOf) -> Response:
    """Take the last step back (`AtRevision`)."""
    said = read_body(body, AtRevision)
    return _drawn(view, draft, lambda connection, doing: undo(connection, draft, **doing), said.revision)


@router.post(
    "/redo", openapi_extra=takes(AtRevision), responses=answers(StepsTaken, 404, 409, 423), dependencies=[needs(DRAW)]
)
def redo_(draft: UUID, body: Body, view: ViewOf) -> Response:
    """Take the step again that was undone last (`AtRevision`)."""
    said = read_body(body, AtRevision)
    return _drawn(view, draft, lambda connection, doing: redo(connection, draft, **doing), said.revision)


@router.get("/findings", responses=answers(Findings, 404, 409), dependencies=[needs(DRAW)])
def findings_(draft: UUID, view: ViewOf) -> Response:
    """Everything that is wrong or worth a look, the errors first."""
    found = seen(view, draft)
    with view.acting() as connection:
        held = view.parts.desk.checked(connection, found)
    return as_json(Findings(revision=held.revision, findings=findings_of(held)))


@router.post(
    "/findings/{finding}/mend", openapi_extra=takes(Mended), responses=answers(StepsTaken, 404, 409, 423),
    dependencies=[needs(DRAW)],
)  # fmt: skip
def mend_(draft: UUID, finding: Annotated[str, Path(max_length=100)], body: Body, view: ViewOf) -> Response:
    """Take the step that mends a finding (`Mended`)."""
    said = read_body(body, Mended)
    return _drawn(
        view, draft, lambda connection, doing: mend(connection, draft, finding, step_id=said.id, **doing), said.revision
    )


@router.post(
    "/rebase", openapi_extra=takes(AtRevision), responses=answers(Rebased, 404, 409, 423), dependencies=[needs(DRAW)]
)
def rebase_(draft: UUID, body: Body, view: ViewOf) -> Response:
    """Put the draft on what is in force now (`AtRevision`): its steps are taken again, and those that no longer apply
    are told."""
    said = read_body(body, AtRevision)
    seen(view, draft)
    with view.acting() as connection:
        _, dropped = rebase(
            connection, draft, actor=view.viewer.account_id, revision=said.revision, now=view.parts.clock(),
            desk=view.parts.desk,
        )  # fmt: skip
    told = [DroppedTold(id=one.id, kind=one.kind, code=one.code, zh=one.zh, en=one.en) for one in dropped]
    return as_json(Rebased(head=head(view, draft), dropped=told))


Lon = Annotated[float, Query(ge=-180, le=180, allow_inf_nan=False)]
Lat = Annotated[float, Query(ge=-90, le=90, allow_inf_nan=False)]


@router.get("/snap", responses=answers(SnapTold, 404, 409), dependencies=[needs(DRAW)])
def snap_(draft: UUID, view: ViewOf, *, west: Lon, south: Lat, east: Lon, north: Lat) -> Response:
    """Lines to snap to that cross a box of at most 2° by 2°: roads, railways, waters, borders of what is tiled."""
    found = seen(view, draft)
    if not (0 <= east - west <= _MOST_DEGREES and 0 <= north - south <= _MOST_DEGREES):
        raise DraftRefused(
            "the box is upside down or larger than 2° by 2°: look closer", "范围颠倒或超过 2° × 2°，请放大地图。"
        )
    desk = view.parts.desk
    with view.acting() as connection:
        base = desk.held(connection, found).base
    near = snap_lines(base, (west, south, east, north), most_vertices=desk.drafts.snap_vertices)
    return as_json(SnapTold(features=[_line(one) for one in near.lines], more=near.more, attribution=ATTRIBUTION))


def _line(one: SnapLine) -> Feature:
    about = {"kind": one.kind, "name": one.name}
    return Feature(id=None, geometry=shapely.geometry.mapping(one.geometry), properties=about)


class Doing(TypedDict):
    """Who draws, when, on which revision."""

    actor: UUID
    revision: int
    now: datetime
    desk: Desk


def _drawn(view: View, draft: UUID, act: Callable[[Connection, Doing], Taken], revision: int) -> Response:
    seen(view, draft)
    doing = Doing(actor=view.viewer.account_id, revision=revision, now=view.parts.clock(), desk=view.parts.desk)
    with view.acting() as connection:
        return as_json(taken(act(connection, doing)))


def _asked(one: StepSent) -> Asked:
    try:
        return Asked(id=one.id, step=parse_step(bytes(one.step)))
    except StepRefused as refused:
        raise StepNotTaken(refused.en, refused.zh, code=refused.code, step_id=one.id) from refused


def _units(view: View, draft: UUID, at: Callable[[Held], Held]) -> Units:
    found = seen(view, draft)
    with view.acting() as connection:
        held = view.parts.desk.surrounded(connection, found)
    shown = at(held)
    return Units(
        revision=held.revision,
        units=features_of(list(shown.coverage.units.values()), held.base, held.around.points),
        parents=parent_features(held.base),
        neighbours=neighbour_features(held.around.neighbours or ()),
        not_drawn=[NotDrawnTold(id=one.id, code=one.code, name=one.name) for one in held.base.not_drawn],
    )
