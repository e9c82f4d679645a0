"""How much a request may bring: nobody's body is read to its end before it is known who asks."""

import orjson
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FORM_AT_MOST = 64 * 1024  # bytes of a form, and of whatever comes from somebody who shows no session and no token
BODY_AT_MOST = 64 * 1024 * 1024  # of anything: a route may allow less

_FORM = "application/x-www-form-urlencoded"


class BodyBounds:
    """ASGI middleware: 413 for a body that says that it is too long; one that only turns out so is cut off."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers, read = Headers(scope=scope), 0
        most = _most(headers)

        async def bounded() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            return message if read <= most else {"type": "http.disconnect"}  # as if the sender had gone

        told = headers.get("content-length", "0")
        if not told.isdecimal() or int(told) > most:
            await _too_long(most)(scope, receive, send)
            return
        await self._app(scope, bounded, send)


def _most(headers: Headers) -> int:
    is_form = headers.get("content-type", "").partition(";")[0].strip().lower() == _FORM
    is_unknown = "cookie" not in headers and "authorization" not in headers
    return FORM_AT_MOST if is_form or is_unknown else BODY_AT_MOST


def _too_long(most: int) -> Response:
    body = orjson.dumps({"error": f"the body is longer than {most:,} bytes"})
    return Response(body, status_code=413, media_type="application/json", headers={"Connection": "close"})
