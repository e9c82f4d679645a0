"""Server-sent events: what was missed, a fresh snapshot, then everything live."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from access.scope import NOWHERE, Scope
from web.answers import EVENTS, answers_text
from web.asked import InView
from web.hub import Client, Frame, Hub
from web.parts import PartsOf
from web.state import QUERIES, read_snapshot
from web.viewing import DATABASE_WAIT_S, View, ViewOf, needs, viewer_of

router = APIRouter(prefix="/api", tags=["screen"])

HEARTBEAT_S = 10.0
RETRY_MS = 1500
MISSED_AT_MOST = 500
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@router.get(
    "/stream",
    response_class=StreamingResponse,
    responses=answers_text(EVENTS, "Server-sent events, without an end.", 404),
    dependencies=[needs("map.read")],
)
async def stream(
    request: Request,
    parts: PartsOf,
    view: ViewOf,
    last_event_id: Annotated[int | None, Header()] = None,
    after: Annotated[int | None, Query()] = None,
    division: InView = None,
) -> StreamingResponse:
    """The live stream; resumes after `Last-Event-ID`, or `?after=` where a page makes a new EventSource.

    `in`: stations and readings of that division only.
    """
    # For as long as the session and its roles stay as they are; see web/listener.py.
    # First of all: what happens while the snapshot is read is queued.
    client = parts.hub.join(view.scope, lambda: _scope_now(request, view), division)
    try:
        seen = last_event_id if last_event_id is not None else after
        first = await run_in_threadpool(_first_frames, view, seen, division)
    except BaseException:
        parts.hub.leave(client)
        raise
    return StreamingResponse(_frames(parts.hub, client, first), media_type=EVENTS, headers=_HEADERS)


def _scope_now(request: Request, view: View) -> Scope:
    """Where the right reaches now; nowhere when the session is over."""
    viewer = viewer_of(request, view.parts)
    if viewer is None or viewer.must_change or viewer.lacks_factor(view.parts.roles):
        return NOWHERE
    return viewer.scope(view.right, view.parts.roles)


def _first_frames(view: View, after: int | None, division: int | None) -> list[Frame]:
    # In a server's first moments: what happens between a snapshot and the listener's start nobody would tell.
    listener = view.parts.listener
    listener.began.wait(DATABASE_WAIT_S)
    with view.connection() as connection:
        snapshot = read_snapshot(connection, division, told=partial(listener.board_told, view.scope))
        missed = []
        if after is not None:
            bounds = {"after": after, "upto": snapshot.event_id, "limit": MISSED_AT_MOST}
            missed = connection.execute(QUERIES["missed_events"], bounds).fetchall()
    replay = [Frame(event=kind, data=payload, id=number) for number, kind, payload in missed]
    return [*replay, Frame(event="snapshot", data=snapshot, id=snapshot.event_id)]


async def _frames(hub: Hub, client: Client, first: list[Frame]) -> AsyncIterator[bytes]:
    seen = first[-1].id or 0
    try:
        yield b"retry: %d\n\n" % RETRY_MS + b"".join(frame.text for frame in first)
        while True:
            try:
                frame = await client.next(HEARTBEAT_S)
            except TimeoutError:
                yield b": heartbeat\n\n"
                continue
            if frame is None:
                return
            if frame.id is None or frame.id > seen:
                yield frame.text
    finally:
        hub.leave(client)
