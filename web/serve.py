"""Running the web application until it is told to stop."""

import logging
import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI

from config.settings import BrokerSettings, WebSettings
from web.app import create_app
from web.listening import listening_socket

log = logging.getLogger(__name__)

_LAST_ANSWERS_S = 5


def serve(
    settings: WebSettings,
    database_url: str,
    broker: BrokerSettings | None = None,
    ready: Callable[[str], None] | None = None,
    *,
    exercise: bool = False,
) -> None:
    """Serve the screen until SIGINT or SIGTERM; `ready` is told the URL once it answers.

    Raises ListenError where the address cannot be had, AssetsMissingError without `make assets`.
    """
    with listening_socket(settings.host, settings.port) as listener:
        server = Server(create_app(settings, database_url, broker, exercise=exercise), _url(listener), ready)
        server.run(sockets=[listener])


class Server(uvicorn.Server):
    """uvicorn, with the live streams ended first: they would otherwise hold the stop up."""

    def __init__(self, app: FastAPI, url: str, ready: Callable[[str], None] | None = None) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                loop="uvloop",
                http="httptools",
                ws="none",
                log_config=None,
                access_log=False,  # /metrics counts; a line per tile would fill the disk
                server_header=False,
                timeout_graceful_shutdown=_LAST_ANSWERS_S,
            )
        )
        self._app = app
        self._ready = ready
        self.url = url

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start answering, then say so."""
        await super().startup(sockets)
        if self.started and self._ready is not None:
            self._ready(self.url)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then let the other requests finish."""
        self._app.state.parts.hub.close()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Stop; at once on a second Ctrl-C. (uvicorn's own would raise the signal again after a clean stop.)"""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{port}/"
