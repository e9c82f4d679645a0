"""Running the web application until it is told to stop."""

import asyncio
import gc
import logging
import signal
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from types import FrameType

import uvicorn
from fastapi import FastAPI

from access.vault import Vault
from config.access_settings import TlsSettings
from config.settings import BrokerSettings, WebSettings
from web.app import create_app
from web.bounded_http import BoundedHttp
from web.certificate import ListenerCertificate
from web.listening import listening_socket
from web.redirect import start_redirect

log = logging.getLogger(__name__)

_LAST_ANSWERS_S = 5
_LOOK_TICKS = 50  # uvicorn has ten a second
_GARBAGE = 10_000  # objects made since the last look; Python's own 700 is for small programs


def serve(
    settings: WebSettings,
    database_url: str,
    broker: BrokerSettings | None = None,
    ready: Callable[[str], None] | None = None,
    *,
    exercise: bool = False,
    vault: Vault | None = None,
) -> None:
    """Serve the screen until SIGINT or SIGTERM; `ready` is told the URL once it answers.

    Raises ListenError where the address or the certificate cannot be had, AssetsMissingError without `make assets`.
    """
    certificate = ListenerCertificate(TlsSettings().folder) if settings.tls else None
    with ExitStack() as stack:
        listener = stack.enter_context(listening_socket(settings.host, settings.port))
        plain = None
        if settings.redirect_port:
            plain = stack.enter_context(listening_socket(settings.host, settings.redirect_port))
        app = create_app(settings, database_url, broker, exercise=exercise, certificate=certificate, vault=vault)
        _leave_what_stays()
        Server(app, _url(listener, certificate), ready, plain=plain).run(sockets=[listener])


class Server(uvicorn.Server):
    """uvicorn, with the live streams ended first: they would otherwise hold the stop up.

    With a certificate it speaks TLS, and takes a renewed one over; `plain` then leads http there.
    """

    def __init__(
        self,
        app: FastAPI,
        url: str,
        ready: Callable[[str], None] | None = None,
        *,
        plain: socket.socket | None = None,
    ) -> None:
        settings: WebSettings = app.state.settings
        self._certificate: ListenerCertificate | None = app.state.certificate
        super().__init__(
            uvicorn.Config(
                app,
                loop="uvloop",
                http=BoundedHttp,
                ws="none",
                log_config=None,
                access_log=False,  # /metrics counts; a line per tile would fill the disk
                server_header=False,
                # Whoever reaches us directly must not say who he is.
                proxy_headers=settings.behind_proxy,
                forwarded_allow_ips=settings.proxies,
                ssl_context_factory=self._context if self._certificate else None,
                timeout_graceful_shutdown=_LAST_ANSWERS_S,
            )
        )
        self._app = app
        self._ready = ready
        self._plain = plain
        self._redirect: asyncio.Server | None = None
        self.url = url

    def _context(self, config: uvicorn.Config, default: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:  # noqa: ARG002
        assert self._certificate is not None
        return self._certificate.context

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start answering, then say so."""
        await super().startup(sockets)
        if self._plain is not None and sockets:
            self._redirect = await start_redirect(self._plain, sockets[0].getsockname()[1], self._names())
        if self.started and self._ready is not None:
            self._ready(self.url)

    def _names(self) -> Sequence[str]:
        return () if self._certificate is None else self._certificate.told.names

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then let the other requests finish."""
        self._app.state.parts.hub.close()
        self._app.state.parts.phones.close()
        if self._redirect is not None:
            self._redirect.close()
        await super().shutdown(sockets)

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second; now and then the certificate is looked at."""
        if self._certificate is not None and counter % _LOOK_TICKS == 0:
            self._certificate.look(datetime.now(UTC))
        return await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Stop; at once on a second Ctrl-C. (uvicorn's own would raise the signal again after a clean stop.)"""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


def _leave_what_stays() -> None:
    """Let the garbage collector pass over what was loaded at the start, and look less often at what thousands of open
    streams hold: a storm of requests would have it walk through all of that again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE, 20, 100)


def _url(listener: socket.socket, certificate: ListenerCertificate | None) -> str:
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    if certificate is not None and certificate.told.names:
        shown = certificate.told.names[0]  # under another one a browser refuses the page
    scheme = "http" if certificate is None else "https"
    return f"{scheme}://{f'[{shown}]' if ':' in shown else shown}:{port}/"
