"""The stream of a grid worker's page, and the receipts for what came by it."""

from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.routing import APIRoute
from msgspec import Meta, Struct

from dispatch.receipts import Receipt
from web.answers import EVENTS, answers, answers_text, takes
from web.api import as_json
from web.guard import json_body, read_body
from web.parts import Parts, parts_of
from web.viewing import View, ViewOf, needs, open_to, phone_of
from web.worker_api_schema import TakenReceipts
from web.worker_own import check_session, own_person
from web.worker_phones import Phone

router = APIRouter(prefix="/api/worker", tags=["worker"])

RETRY_MS = 1500
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class Received(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A card is on the phone, or was opened there."""

    assignment_id: Annotated[int, Meta(ge=1, le=2**63 - 1)]
    kind: Literal["delivered", "read"]


class ReceivedMany(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Receipts of one phone."""

    receipts: Annotated[list[Received], Meta(max_length=500)]


@router.get(
    "/stream",
    response_class=StreamingResponse,
    responses=answers_text(EVENTS, "Server-sent events, without an end.", 409),
    dependencies=[needs("tasks.answer")],
)
def stream(view: ViewOf) -> StreamingResponse:
    """One's own tasks: `tasks` (all that are open, and a ticket for receipts), then `cards` that changed."""
    check_session(view)
    return StreamingResponse(_frames(view, own_person(view)), media_type=EVENTS, headers=_HEADERS)


async def _frames(view: View, person_id: object) -> AsyncIterator[bytes]:
    parts = view.parts
    phone: Phone = parts.phones.join(view.viewer, person_id)  # type: ignore[arg-type]
    parts.phone_line.wake()
    try:
        yield b"retry: %d\n\n" % RETRY_MS
        while True:
            frame = await phone.frames.get()
            if frame is None:
                return
            yield frame
    finally:
        parts.phones.leave(phone)
        parts.phone_line.wake()


@router.post(
    "/receipts",
    responses=answers(TakenReceipts, 429),
    openapi_extra=takes(ReceivedMany),
    dependencies=[open_to("phone")],
)
async def receipts(request: Request) -> Response:
    """`{"receipts": [{"assignment_id", "kind"}]}` of the open page whose ticket the header X-Shijing-Phone shows."""
    # What goes well was taken before it came here (web/receipt_door.py), but for bodies of an unknown length.
    return as_json({"taken": await take_receipts(parts_of(request), phone_of(request), await json_body(request))})


async def take_receipts(parts: Parts, phone: Phone, body: bytes) -> int:
    """How many there were, once they are committed.

    Raises AskedWrongError for what is no receipts, BusyError where too many wait, psycopg.Error without a database.
    """
    said = read_body(body, ReceivedMany).receipts
    await parts.receipts.take(
        [Receipt(assignment_id=one.assignment_id, person_id=phone.person_id, kind=one.kind) for one in said]
    )
    return len(said)


RECEIPTS = next(one for one in router.routes if isinstance(one, APIRoute) and one.endpoint is receipts)
