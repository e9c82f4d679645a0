"""What the routes of a grid worker's page answer, for the description of the API."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from web.worker_cards import Card
from web.worker_places import Standing


class OwnTasks(BaseModel):
    """What is open, and the time that runs go by."""

    now: datetime
    tasks: list[Card]


class GivenAnswer(BaseModel):
    """What became of one answer; `counted` is false where the task was over or further already."""

    key: UUID
    taken: bool
    counted: bool
    state: str
    error: str
    error_zh: str


class GivenAnswers(BaseModel):
    """In the order in which they were sent."""

    results: list[GivenAnswer]


class TakenAttachment(BaseModel):
    """Its own id again."""

    id: UUID


class TakenReceipts(BaseModel):
    """How many there were; they are committed."""

    taken: int


class OwnPost(BaseModel):
    """A post that one holds."""

    zh: str
    en: str
    division_id: int


class OwnPlace(BaseModel):
    """A division; lon/lat in degrees, CGCS2000, `geometry` as GeoJSON."""

    id: int
    level: str
    name: str
    above: str | None
    lon: float | None
    lat: float | None
    derived: bool | None
    geometry: dict[str, Any] | None


class OwnGrid(BaseModel):
    """Where one holds posts, and what stands there."""

    posts: list[OwnPost]
    places: list[OwnPlace]
    sensors: list[Standing]
