"""What the web room raises, and the one table from exception to HTTP status.

ShijingError
└── WebError
    ├── AssetsMissingError   the browser assets are not installed, or could not be
    ├── ListenError          the address to listen on cannot be used
    ├── LayerUnknownError    a map layer that does not exist
    └── SensorUnknownError   a sensor that does not exist
"""

import logging

import psycopg
import psycopg_pool
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from config.errors import ShijingError

log = logging.getLogger(__name__)


class WebError(ShijingError):
    """The base of this room's errors."""


class AssetsMissingError(WebError):
    """Leaflet or the font is not where the server looks for it."""


class ListenError(WebError):
    """The port is taken or the address is not this machine's."""


class LayerUnknownError(WebError):
    """No layer of that name."""


class SensorUnknownError(WebError):
    """No sensor of that number."""


# Exception → (status, what the client is told). The cause goes to the log only.
STATUSES: dict[type[Exception], tuple[int, str]] = {
    LayerUnknownError: (404, "no such layer"),
    SensorUnknownError: (404, "no such sensor"),
    psycopg.errors.UndefinedTable: (503, "the database has no schema yet: run `shijing migrate`"),
    psycopg_pool.PoolTimeout: (503, "the database does not answer; it is tried again by itself"),
    psycopg.OperationalError: (503, "the database does not answer; it is tried again by itself"),
}


def add_error_table(app: FastAPI) -> None:
    """Answer every error of the table with its status and a safe message."""
    for kind in STATUSES:
        app.add_exception_handler(kind, _answer)


async def _answer(request: Request, error: Exception) -> JSONResponse:
    status, message = next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)
    log.log(logging.WARNING if status >= 500 else logging.INFO, "%s: %s: %s", request.url.path, status, error)
    return JSONResponse({"error": message}, status_code=status)
