"""Prometheus figures: of the requests, counted here, and of the system, read when they are asked for."""

import time
from collections.abc import Iterable, Iterator

import psycopg
import psycopg_pool
from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from access.scope import EVERYWHERE
from alerts.heartbeat import Heartbeat
from alerts.ledger_keeper import LedgerStanding
from web.health import read_ledger, read_pipelines
from web.parts import Parts, PartsOf
from web.state import QUERIES, Board, read_board, read_clock
from web.viewing import DATABASE_WAIT_S, needs

router = APIRouter()

LEVELS = ("blue", "yellow", "orange", "red")
_STREAM = "/api/stream"  # open for hours: its length is no latency


@router.get("/metrics", dependencies=[needs("status.read", everywhere=True)])
def metrics(parts: PartsOf) -> Response:
    """Everything in the Prometheus text format."""
    registry = CollectorRegistry()
    registry.register(_System(parts))
    text = generate_latest(registry) + generate_latest(REQUESTS)
    return Response(text, media_type=CONTENT_TYPE_LATEST)


REQUESTS = CollectorRegistry()
_COUNT = Counter("shijing_http_requests", "Requests answered.", ["route", "method", "status"], registry=REQUESTS)
_SECONDS = Histogram("shijing_http_request_seconds", "Time to the whole answer.", ["route"], registry=REQUESTS)


class CountRequests:
    """ASGI middleware: counts and times requests by route, never by the raw path."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            _count(scope, status, time.perf_counter() - began)


def _count(scope: Scope, status: int, seconds: float) -> None:
    route = getattr(scope.get("route"), "path", "other")
    _COUNT.labels(route, scope["method"], status).inc()
    if route != _STREAM:
        _SECONDS.labels(route).observe(seconds)


class _System(Collector):
    """The figures that the database holds; `shijing_database_up` is 0 and they are absent where it is down."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("shijing_stream_clients", "Screens connected.", value=len(self._parts.hub))
        faults = CounterMetricFamily("shijing_imagery_faults", "Tiles that could not be made.", labels=["layer"])
        for layer in self._parts.imagery.layers:
            faults.add_metric([layer], self._parts.imagery.faults[layer])
        yield faults
        try:
            pipelines = read_pipelines(self._parts)
            ledger = read_ledger(self._parts)
            board, reasons = self._read()
        except (psycopg.OperationalError, psycopg_pool.PoolTimeout):
            yield GaugeMetricFamily("shijing_database_up", "Whether the database answers.", value=0)
            return
        yield GaugeMetricFamily("shijing_database_up", "Whether the database answers.", value=1)
        yield from _of_pipelines(pipelines)
        yield from _of_ledger(ledger)
        yield from _of_board(board, reasons)

    def _read(self) -> tuple[Board, list[tuple[str, int]]]:
        with self._parts.scoped.connection(EVERYWHERE, DATABASE_WAIT_S) as connection:
            reasons = connection.execute(QUERIES["quarantined_by_reason"]).fetchall()
            return read_board(connection, read_clock(connection)), reasons


def _of_pipelines(found: list[Heartbeat]) -> Iterator[Metric]:
    alive = sum(one.trouble is None for one in found)
    yield GaugeMetricFamily("shijing_pipelines", "Pipelines at work, with their broker.", value=alive)
    seen = GaugeMetricFamily("shijing_pipeline_seen_age_seconds", "Since a heartbeat.", labels=["partition"])
    for one in found:
        if one.seen_age_s is not None:
            seen.add_metric([one.name], one.seen_age_s)
    yield seen
    lags = [one.clock_lag_s for one in found if one.clock_lag_s is not None]
    if lags:
        yield GaugeMetricFamily(
            "shijing_pipeline_clock_lag_seconds",
            "How far the injected clock is behind this machine's time.",
            value=min(lags),
        )


def _of_ledger(stands: LedgerStanding) -> Iterator[Metric]:
    """Absent until it was checked."""
    if stands.balanced is None or stands.age_s is None:
        return
    yield GaugeMetricFamily("shijing_ledger_balanced", "Whether everything adds up.", value=int(stands.balanced))
    yield GaugeMetricFamily("shijing_ledger_checked_age_seconds", "Since the ledger was checked.", value=stands.age_s)
    differences = GaugeMetricFamily("shijing_ledger_difference", "How much is amiss.", labels=["account"])
    for account, difference in stands.accounts().items():
        differences.add_metric([account], difference)
    yield differences


def _of_board(board: Board, reasons: Iterable[tuple[str, int]]) -> Iterator[Metric]:
    yield CounterMetricFamily("shijing_readings_stored", "Readings stored.", value=board.counts.readings)
    yield CounterMetricFamily("shijing_readings_late", "Readings stored and marked late.", value=board.counts.late)
    quarantined = GaugeMetricFamily("shijing_quarantined", "Readings held in quarantine.", labels=["reason"])
    for reason, count in reasons:
        quarantined.add_metric([reason], count)
    yield quarantined
    alerts = GaugeMetricFamily("shijing_open_alerts", "Alerts that nobody has closed.", labels=["level"])
    for level in LEVELS:
        alerts.add_metric([level], sum(alert.level == level for alert in board.alerts))
    yield alerts
    yield GaugeMetricFamily("shijing_open_runs", "Plans under way.", value=len(board.runs))
