"""Search for the screen: a division, a sensor, a device or a thing by what people type."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from screen.search import LONGEST, Found, Kind
from web.answers import answers
from web.api import as_json
from web.parts import PartsOf
from web.viewing import ViewOf, needs

router = APIRouter(prefix="/api", tags=["screen"])


class FoundTold(BaseModel):
    """One that was found."""

    kind: Kind
    id: int
    title: str
    note: str = Field(description="Where it lies.")
    within: int | None = Field(alias="in", description="The division to look at.")
    lon: float | None
    lat: float | None
    sensor: int | None = Field(description="Of a device: one of its sensors, or of those behind it.")


class FoundList(BaseModel):
    """The best first."""

    found: list[FoundTold]


@router.get("/search", responses=answers(FoundList, 422, 429), dependencies=[needs("map.read")])
def search(view: ViewOf, parts: PartsOf, q: Annotated[str, Query(max_length=LONGEST)] = "") -> Response:
    """By name, pinyin or its initials, code, or number; at most 20, and none without a question."""
    found = parts.searched.find(view.connection, view.scope, q) if q.strip() else []
    return as_json({"found": [_told(one) for one in found]})


def _told(one: Found) -> dict[str, object]:
    return {("in" if name == "within" else name): value for name, value in vars(one).items()}
