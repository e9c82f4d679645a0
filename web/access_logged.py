"""Every request of a route in the access log: who asked for what, by the route's template, never the raw path."""

import time
from datetime import UTC, datetime

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from access.access_log import Access, AccessLog

# Asked every few seconds by whoever watches the server, and tells nobody anything; and what would tell when a worker's
# phone was on: no time online is stored (docs/worker.md).
_NOT_LOGGED = {
    "/health",
    "/worker",
    "/worker/sw.js",
    "/worker/manifest.webmanifest",
    "/api/worker/stream",
    "/api/worker/receipts",
    "/api/worker/tasks",
}


class LogAccess:
    """ASGI middleware: an entry when the answer begins, so that a stream of hours is in the log from its start."""

    def __init__(self, app: ASGIApp, log: AccessLog) -> None:
        self._app = app
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._note(scope, message["status"], (time.perf_counter() - began) * 1000)
            await send(message)

        await self._app(scope, receive, watch)

    def _note(self, scope: Scope, status: int, ms: float) -> None:
        route = getattr(scope.get("route"), "path", None)
        if route is None or route in _NOT_LOGGED:  # files of the pages, and what there is not
            return
        self._log.add(
            Access(
                at=datetime.now(UTC),
                account=scope.get("state", {}).get("account"),
                method=scope["method"],
                route=route,
                status=status,
                ms=ms,
                address=(scope.get("client") or ("",))[0],
            )
        )
