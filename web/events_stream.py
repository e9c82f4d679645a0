"""Events as they move on, live: what the page of events reads itself anew by."""

from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from access.scope import NOWHERE, Scope
from web.events_view import AT
from web.events_who import READ
from web.hub import Client, Hub
from web.parts import PartsOf
from web.stream import HEARTBEAT_S, RETRY_MS
from web.viewing import View, ViewOf, needs, viewer_of

router = APIRouter(prefix=AT)

_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_TOLD = {"event", "status"}


@router.get("/stream", response_class=StreamingResponse, dependencies=[needs(READ)])
async def stream(request: Request, parts: PartsOf, view: ViewOf) -> StreamingResponse:
    """Server-sent events without an end: `event` for each that moved on; a page that comes back reads itself anew."""
    client = parts.hub.join(view.scope, lambda: _scope_now(request, view))
    return StreamingResponse(_frames(parts.hub, client), media_type="text/event-stream", headers=_HEADERS)


def _scope_now(request: Request, view: View) -> Scope:
    """Where the right reaches now; nowhere when the session is over."""
    viewer = viewer_of(request, view.parts)
    if viewer is None or viewer.must_change or viewer.lacks_factor(view.parts.roles):
        return NOWHERE
    return viewer.scope(view.right, view.parts.roles)


async def _frames(hub: Hub, client: Client) -> AsyncIterator[bytes]:
    try:
        yield b"retry: %d\n\nevent: ready\ndata: {}\n\n" % RETRY_MS
        while True:
            try:
                frame = await client.next(HEARTBEAT_S)
            except TimeoutError:
                yield b": heartbeat\n\n"
                continue
            if frame is None:
                return
            if frame.event in _TOLD:
                yield frame.text
    finally:
        hub.leave(client)
