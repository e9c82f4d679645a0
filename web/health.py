"""Whether database, broker, pipeline and stream are alive, each told by asking it."""

import socket
import ssl
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
import psycopg_pool
from fastapi import APIRouter, Response

from config.settings import BrokerSettings
from web.api import as_json
from web.parts import Parts, PartsOf
from web.state import QUERIES

router = APIRouter()

_DATABASE_WAIT_S = 2.0
_BROKER_WAIT_S = 2.0
_STREAM_SILENT_S = 10.0
# MQTT 5 CONNECT: clean start, keep-alive 5 s, no properties, no client id.
_CONNECT = bytes.fromhex("100d00044d5154540502000500" + "0000")


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """What the database knows of the pipeline."""

    connections: int
    last_batch: datetime | None  # of arrival
    clock_lag_s: float | None  # behind this machine's time; None without an injected clock


@router.get("/health")
def health(parts: PartsOf) -> Response:
    """200 where everything is alive, else 503; `checks` says which is not and why."""
    checks: dict[str, dict[str, Any]] = {}
    try:
        pipeline = read_pipeline(parts)
        checks["database"] = {"alive": True}
        checks["pipeline"] = _pipeline(pipeline)
    except (psycopg.OperationalError, psycopg_pool.PoolTimeout) as error:
        checks["database"] = {"alive": False, "reason": _first_line(error)}
        checks["pipeline"] = {"alive": False, "reason": "not known without the database"}
    checks["broker"] = _broker(parts.broker)
    checks["stream"] = _stream(parts)
    failed = [name for name, check in checks.items() if check["alive"] is False]
    response = as_json({"alive": not failed, "failed": failed, "checks": checks})
    response.status_code = 503 if failed else 200
    return response


def read_pipeline(parts: Parts) -> Pipeline:
    """Ask the database after the pipeline; raises OperationalError or PoolTimeout where it is not there."""
    with parts.pool.connection(_DATABASE_WAIT_S) as connection:
        row = connection.execute(QUERIES["pipeline"]).fetchone()
    assert row is not None
    return Pipeline(connections=row[0], last_batch=row[1], clock_lag_s=row[2])


def _pipeline(found: Pipeline) -> dict[str, Any]:
    age = None if found.last_batch is None else (datetime.now(UTC) - found.last_batch).total_seconds()
    check: dict[str, Any] = {"alive": found.connections > 0, "last_batch_age_s": age}
    return check if check["alive"] else {**check, "reason": "no pipeline is connected to the database"}


def _stream(parts: Parts) -> dict[str, Any]:
    silent = time.monotonic() - parts.listener.passed_at
    check: dict[str, Any] = {"alive": silent < _STREAM_SILENT_S, "clients": len(parts.hub)}
    return check if check["alive"] else {**check, "reason": "the listener has not heard from the database"}


def _broker(settings: BrokerSettings | None) -> dict[str, Any]:
    if settings is None:
        return {"alive": None, "reason": "not asked after: no broker is named to the server"}
    try:
        answer = mqtt_answer(settings)
    except OSError as error:
        return {"alive": False, "reason": _first_line(error)}
    if answer[:1] != b"\x20":  # any CONNACK will do: a broker that refuses us is alive
        return {"alive": False, "reason": f"{settings.host}:{settings.port} does not answer as an MQTT broker"}
    return {"alive": True}


def mqtt_answer(settings: BrokerSettings) -> bytes:
    """The first byte a broker answers to CONNECT; raises OSError where nothing answers."""
    with socket.create_connection((settings.host, settings.port), _BROKER_WAIT_S) as plain:
        if settings.tls_ca is None:
            return _ask(plain)
        context = ssl.create_default_context(cafile=str(settings.tls_ca))
        with context.wrap_socket(plain, server_hostname=settings.host) as secure:
            return _ask(secure)


def _ask(connection: socket.socket) -> bytes:
    connection.sendall(_CONNECT)
    answer = connection.recv(1)
    if answer == b"\x20":
        connection.sendall(b"\xe0\x00")  # a clean DISCONNECT keeps the broker's log quiet
    return answer


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]
