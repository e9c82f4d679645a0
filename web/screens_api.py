"""Named screens: what they show, and a desk that drives them."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Response
from msgspec import Meta, Struct
from pydantic import BaseModel, Field

from screen.screens import drive, say_here, screens_of
from web.answers import answers, takes
from web.api import as_json
from web.guard import Body, read_body
from web.parts import PartsOf
from web.viewing import ViewOf, needs

router = APIRouter(prefix="/api/screens", tags=["screen"])

Name = Annotated[str, Meta(min_length=1, max_length=40, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]
Query = Annotated[str, Meta(max_length=2000, pattern=r"^[\x20-\x7e]*$")]  # percent-encoded


class Here(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a screen says of itself: its name, and the query of its page's address."""

    name: Name
    address: Query


class Driven(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which screen goes where: the query of an address."""

    screen: Annotated[int, Meta(ge=1, le=2**63 - 1)]
    address: Query


class KnownTold(BaseModel):
    """By which number the stream's events `screen` speak to it; and what a desk wanted of it last."""

    screen: int
    address: str | None
    driven_at: datetime | None


class ScreenTold(BaseModel):
    """A screen that is on."""

    id: int
    name: str
    address: str = Field(description="The query of its page's address.")
    seen_at: datetime


class Sent(BaseModel):
    """To which screen."""

    sent: int


class ScreensTold(BaseModel):
    """Those that the desk may drive."""

    screens: list[ScreenTold]


@router.post("/here", responses=answers(KnownTold), openapi_extra=takes(Here), dependencies=[needs("map.read")])
def here(view: ViewOf, parts: PartsOf, body: Body) -> Response:
    """A screen says what it shows (`Here`), every half minute and whenever that changes."""
    told = read_body(body, Here)
    with view.acting() as connection:
        known = say_here(
            connection,
            told.name,
            account=view.viewer.account_id,
            scope=view.scope,
            address=told.address,
            now=parts.clock(),
        )
    return as_json({"screen": known.id, "address": known.ordered, "driven_at": known.driven_at})


@router.get("", responses=answers(ScreensTold), dependencies=[needs("runs.command")])
def screens(view: ViewOf, parts: PartsOf) -> Response:
    """The screens that have said in the last ninety seconds what they show, in the scope of the desk."""
    with view.acting() as connection:
        found = screens_of(connection, view.scope, now=parts.clock())
    kept = [{"id": one.id, "name": one.name, "address": one.address, "seen_at": one.seen_at} for one in found]
    return as_json({"screens": kept})


@router.post("/show", responses=answers(Sent, 404), openapi_extra=takes(Driven), dependencies=[needs("runs.command")])
def show(view: ViewOf, parts: PartsOf, body: Body) -> Response:
    """Send a screen elsewhere (`Driven`)."""
    told, now = read_body(body, Driven), parts.clock()
    with view.acting() as connection, connection.transaction():
        drive(connection, told.screen, told.address, by=view.viewer.account_id, desk=view.scope, now=now)
    return as_json({"sent": told.screen})
