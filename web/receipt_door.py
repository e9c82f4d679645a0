"""The receipts of phones, taken before routes are looked for: of a red alert there are thousands within a second.

It knows only what goes well. All else (no such ticket, a body that is no receipts, a database that is away) goes on
to the route as it came, and what is wrong with it is said there (web/worker_stream.py).
"""

from collections.abc import Mapping, Sequence

import psycopg
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.api import as_json
from web.bounds import FORM_AT_MOST
from web.errors import AskedWrongError, BusyError
from web.parts import Parts
from web.worker_phones import Phone
from web.worker_stream import RECEIPTS, take_receipts


class ReceiptDoor:
    """ASGI middleware, inside all that counts, limits and logs."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        phone = _phone(scope) if scope.get("path") == RECEIPTS.path and scope.get("method") == "POST" else None
        if phone is None:
            await self._app(scope, receive, send)
            return
        messages = await _whole(receive)
        body = b"".join(message.get("body", b"") for message in messages)
        try:
            taken = await take_receipts(_parts(scope), phone, body)
        except (AskedWrongError, BusyError, psycopg.Error):
            await self._app(scope, _again(messages, receive), send)
            return
        scope["route"] = RECEIPTS
        await as_json({"taken": taken})(scope, receive, send)


def _phone(scope: Scope) -> Phone | None:
    """Whose receipts these are, where they are JSON of a known and small size."""
    headers: Mapping[bytes, bytes] = dict(scope["headers"])
    length = headers.get(b"content-length", b"")
    if not length.isdigit() or int(length) > FORM_AT_MOST or headers.get(b"content-type") != b"application/json":
        return None
    return _parts(scope).phones.of_ticket(headers.get(b"x-shijing-phone", b"").decode("latin-1"))


def _parts(scope: Scope) -> Parts:
    parts: Parts = scope["app"].state.parts
    return parts


async def _whole(receive: Receive) -> Sequence[Message]:
    """All that came of the body; the last of them says that nothing follows, or that the phone has gone."""
    messages = [await receive()]
    while messages[-1].get("more_body", False):
        messages.append(await receive())
    return messages


def _again(messages: Sequence[Message], receive: Receive) -> Receive:
    """The same for the next who asks, and then whatever comes."""
    waiting = iter(messages)

    async def told() -> Message:
        return next(waiting, None) or await receive()

    return told
