"""Vector tiles of what is drawn and not in force: the units of a draft, and generated networks that wait for a planner.

By the right boundaries.draft, of its scope alone.
"""

from collections.abc import Iterator
from typing import Annotated
from uuid import UUID

import shapely
from fastapi import APIRouter, Header, Response

from boundaries.desk import Held
from boundaries.unit_rows import is_same
from geo.tiles import TileFeature, TileSource
from web.planner_view import seen
from web.state import QUERIES
from web.tiles_api import answered
from web.tiles_kept import Place, check_place
from web.viewing import View, ViewOf, needs

DRAW = "boundaries.draft"
router = APIRouter(prefix="/tiles", tags=["tiles"])

NoneMatch = Annotated[str | None, Header()]
_NEW = 1 << 40  # ids of new units begin here: those of divisions stay below
_NUMBERS = 100_000  # proposed grids of a township


@router.get("/drafts/{draft}/{z:int}/{x:int}/{y:int}.mvt", response_class=Response, dependencies=[needs(DRAW)])
async def draft_tile(draft: UUID, z: int, x: int, y: int, view: ViewOf, if_none_match: NoneMatch = None) -> Response:
    """The units of a draft as they are drawn now, in the layer `draft`."""
    return await view.parts.tiles.in_turn(lambda: _of_draft(view, draft, Place(z=z, x=x, y=y), if_none_match))


def _of_draft(view: View, draft: UUID, place: Place, if_none_match: str | None) -> Response:
    found = seen(view, draft)
    check_place([found.level], place)
    tag = f"draft {draft} {found.base_recorded} {found.revision}"

    def make() -> TileSource:
        with view.acting() as connection:
            held = view.parts.desk.held(connection, found)
        return TileSource("draft", _units(held))

    return answered(view.parts.tiles.drawn(tag, place, make), if_none_match)


def _units(held: Held) -> Iterator[TileFeature]:
    base = held.base.coverage.units
    for key, unit in held.coverage.units.items():
        before, number = base.get(key), int(key[1:])
        state = "new" if before is None else "same" if is_same(before, unit) else "changed"
        number = number if key[0] == "d" else _NEW + number
        told: dict[str, str | int | bool] = {
            "id": number,
            "key": key,
            "code": unit.code,
            "name": unit.name,
            "parent": unit.parent_id,
            "derived": unit.derived,
            "state": state,
        }
        yield TileFeature(id=number, geometry=unit.geometry, properties=told)


@router.get("/proposed/{z:int}/{x:int}/{y:int}.mvt", response_class=Response, dependencies=[needs(DRAW)])
async def proposed_tile(z: int, x: int, y: int, view: ViewOf, if_none_match: NoneMatch = None) -> Response:
    """Generated grids that nobody has adopted yet, in the layer `proposed`."""
    return await view.parts.tiles.in_turn(lambda: _of_proposals(view, Place(z=z, x=x, y=y), if_none_match))


def _of_proposals(view: View, place: Place, if_none_match: str | None) -> Response:
    check_place(["grid"], place)
    with view.connection() as connection:
        stamp = connection.execute(QUERIES["proposals_stamp"]).fetchone()
    tag = f"proposed {view.scope.setting()} {stamp}"

    def make() -> TileSource:
        return TileSource("proposed", _proposed(view))

    return answered(view.parts.tiles.drawn(tag, place, make), if_none_match)


def _proposed(view: View) -> Iterator[TileFeature]:
    with view.connection() as connection:
        rows = connection.execute(QUERIES["proposals_shown"]).fetchall()
    for (township, number, code, name, _), geometry in zip(
        rows, shapely.from_wkb([row[4] for row in rows]), strict=True
    ):
        unique = township * _NUMBERS + number
        told = {"id": unique, "code": code, "name": name, "parent": township, "derived": True, "state": "proposed"}
        yield TileFeature(id=unique, geometry=geometry, properties=told)
