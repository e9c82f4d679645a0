"""Whether database, broker, pipeline and stream are alive, each told by asking it."""

import socket
import ssl
import time
from datetime import UTC, datetime
from typing import Any

import psycopg
import psycopg_pool
from fastapi import APIRouter, Request, Response

from alerts.heartbeat import Heartbeat, read_heartbeats
from alerts.ledger_keeper import LedgerStanding, standing
from alerts.rule_sets import InForce, in_force
from config.settings import BrokerSettings
from web.api import as_json
from web.parts import Parts, PartsOf
from web.viewing import is_this_machine, open_to, viewer_of

router = APIRouter()

_DATABASE_WAIT_S = 2.0
_BROKER_WAIT_S = 2.0
_STREAM_SILENT_S = 10.0
# MQTT 5 CONNECT: clean start, keep-alive 5 s, no properties, no client id.
_CONNECT = bytes.fromhex("100d00044d5154540502000500" + "0000")


@router.get("/health", dependencies=[open_to("public")])
def health(request: Request, parts: PartsOf) -> Response:
    """200 where everything is alive, else 503; `checks` says which is not, and to those who may know also why."""
    checks: dict[str, dict[str, Any]] = {}
    try:
        checks["pipeline"] = _pipelines(read_pipelines(parts))
        checks["database"] = {"alive": True}
        checks["ledger"] = _ledger(read_ledger(parts))
        checks["rules"] = _rules(read_rules(parts))
    except (psycopg.OperationalError, psycopg_pool.PoolTimeout) as error:
        checks["database"] = {"alive": False, "reason": _first_line(error)}
        checks["pipeline"] = {"alive": False, "reason": "not known without the database"}
    checks["broker"] = _broker(parts.broker)
    checks["stream"] = _stream(parts)
    if parts.certificate is not None:
        checks["certificate"] = parts.certificate.check()
    failed = [name for name, check in checks.items() if check["alive"] is False]
    exercise = parts.exercise.shown(parts.pool)
    shown = checks if _may_know(request, parts) else {name: {"alive": one["alive"]} for name, one in checks.items()}
    response = as_json({"alive": not failed, "failed": failed, "exercise": exercise, "checks": shown})
    response.status_code = 503 if failed else 200
    return response


def _may_know(request: Request, parts: Parts) -> bool:
    """Whoever sits at this very machine, and whoever has the right; without the database nobody is known."""
    if is_this_machine(request):
        return True
    try:
        viewer = viewer_of(request, parts)
    except (psycopg.OperationalError, psycopg_pool.PoolTimeout):
        return False
    return viewer is not None and bool(viewer.scope("status.read", parts.roles))


def read_pipelines(parts: Parts) -> list[Heartbeat]:
    """Ask the database after the pipelines; raises OperationalError or PoolTimeout where it is not there."""
    with parts.pool.connection(_DATABASE_WAIT_S) as connection:
        return read_heartbeats(connection)


def read_ledger(parts: Parts) -> LedgerStanding:
    """How the ledger stands; raises OperationalError or PoolTimeout where the database is not there."""
    with parts.pool.connection(_DATABASE_WAIT_S) as connection:
        return standing(connection)


def read_rules(parts: Parts) -> InForce:
    """Which rules are in force; raises OperationalError or PoolTimeout where the database is not there."""
    with parts.pool.connection(_DATABASE_WAIT_S) as connection:
        return in_force(connection)


def _rules(now: InForce) -> dict[str, Any]:
    """Not a matter of being alive either: the last good set goes on judging."""
    check = {"alive": None if now.trouble else True, "set": now.id, "rules": len(now.rules)}
    return {**check, "reason": now.trouble} if now.trouble else check


def _ledger(stands: LedgerStanding) -> dict[str, Any]:
    """Not a matter of being alive: starting anything again brings nothing back."""
    check = {"alive": None, "balanced": stands.balanced, "checked_age_s": stands.age_s}
    if stands.balanced is None:
        return {**check, "reason": "not checked yet: a pipeline does it, or shijing ledger"}
    if not stands.balanced:
        return {**check, "reason": f"does not balance: {', '.join(stands.accounts())}; see shijing ledger"}
    return check


def _pipelines(found: list[Heartbeat]) -> dict[str, Any]:
    """Alive is: at work, and with its broker; that of every partition that was not given up, and one at least."""
    count = [one for one in found if not one.forgotten] or found
    batches = [one.last_batch for one in found if one.last_batch is not None]
    check: dict[str, Any] = {
        "alive": bool(count) and all(one.trouble is None for one in count),
        "last_batch_age_s": (datetime.now(UTC) - max(batches)).total_seconds() if batches else None,
        "partitions": {one.name: one.trouble or "alive" for one in found},
    }
    if check["alive"]:
        return check
    troubles = [f"{one.name}: {one.trouble}" for one in count if one.trouble is not None]
    return {**check, "reason": "; ".join(troubles) or "no pipeline was ever started on this database"}


def _stream(parts: Parts) -> dict[str, Any]:
    silent = time.monotonic() - min(parts.listener.passed_at, parts.readings.passed_at)
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
