"""The headers that every answer carries: nothing from elsewhere, nothing inline without the page's nonce."""

from collections.abc import Iterator

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Nothing to others. (With no-referrer, browsers name no origin with a form either, and ours are told by it.)
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",  # an answer that says nothing of it, an error, is kept by nobody
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
# Where a grid worker says where they are and shows what they see (/worker): asked there, and nowhere else.
_WORKER_POLICY = "camera=(self), geolocation=(self), microphone=(self)"
_HSTS = "max-age=31536000"  # a year; other services of the host's domain are not ours to bind


def page_policy(nonce: str) -> str:
    """The content security policy of a page whose one inline script carries `nonce`."""
    return (
        f"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self'; font-src 'self';"
        " img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def script_policy() -> str:
    """The content security policy of a page without any inline script."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self';"
        " img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def worker_policy(nonce: str) -> str:
    """The same for the page of a grid worker: it is installed, keeps itself, and plays a recording."""
    return f"{page_policy(nonce)}; manifest-src 'self'; media-src 'self'; worker-src 'self'"


_RAW = tuple((name.lower().encode(), value.encode()) for name, value in HEADERS.items())
_RAW_HSTS = (b"strict-transport-security", _HSTS.encode())
_RAW_WORKER = (b"permissions-policy", _WORKER_POLICY.encode())


class SecurityHeaders:
    """ASGI middleware: sets what a route has not set itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                # As bytes, in one look at what is set: every answer goes through here.
                present = {name.lower() for name, _ in message.get("headers", ())}
                missing = [header for header in _due(scope) if header[0] not in present]
                message = {**message, "headers": [*message.get("headers", ()), *missing]}
            await send(message)

        await self._app(scope, receive, with_headers)


def _due(scope: Scope) -> Iterator[tuple[bytes, bytes]]:
    """What an answer carries; over plain http a browser would not believe in HSTS."""
    if scope.get("scheme") == "https":
        yield _RAW_HSTS
    is_workers = _is_workers(scope.get("path", ""))
    for header in _RAW:
        yield _RAW_WORKER if is_workers and header[0] == _RAW_WORKER[0] else header


def _is_workers(path: str) -> bool:
    return path == "/worker" or path.startswith("/worker/")
