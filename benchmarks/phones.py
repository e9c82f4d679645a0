"""Thousands of phones connected at once, one red alert to all of them, and the storm of their answers.

Everything is a process of its own, as in an installation: the database, the dispatcher, the web server; the phones are
another one, on the same machine. Time begins when the alert is committed. `delivered` is when a phone's receipt was
acknowledged, which is after its commit.
"""

import multiprocessing
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import replace

from alerts.kernel import Transition
from alerts.plan_files import load_plans
from alerts.plans import Plan
from alerts.record import record
from alerts.rules import load_rules
from benchmarks.phones_city import furnish, subjects
from benchmarks.phones_clients import run_phones
from config.database import Connection, connect
from config.embedded_database import embedded_database
from config.folder import DataFolder
from config.migrate import migrate
from config.settings import CONFIG, WebSettings
from dispatch.switchboard import Switchboard
from dispatch.worker import run_dispatcher
from web.serve import serve

PHONES = 2000
STORM_S = 10.0
_RULE = "river-stage"
_POST = "网格员"
_spawn = multiprocessing.get_context("spawn")


def run(phones: int = PHONES, storm_s: float = STORM_S) -> dict[str, Any]:
    """`connected`, `delivered`, `delivery_ms` {p50, p99}, `answers_lost`, and what they are made of."""
    with (
        tempfile.TemporaryDirectory(prefix="shijing-bench-") as folder,
        embedded_database(DataFolder(Path(folder) / "data")) as url,
        connect(url, "bench", autocommit=True) as connection,
    ):
        migrate(connection)
        secrets = furnish(connection, phones)
        with _servers(url) as port:
            return _measured(connection, port, secrets, storm_s)


def _measured(connection: Connection, port: int, secrets: Sequence[str], storm_s: float) -> dict[str, Any]:
    here, there = _spawn.Pipe()
    clients = _spawn.Process(target=run_phones, args=(port, secrets, storm_s, there), daemon=True)
    begun = time.monotonic()
    clients.start()
    connected, connect_s = here.recv(), time.monotonic() - begun
    alerted_at = alert_all(connection)
    times = np.array(here.recv()) - alerted_at
    here.send("storm")
    taken, took_s, answer_ms = here.recv()
    clients.join(30)
    return {
        "connected": connected,
        "connect_s": round(connect_s, 1),
        "delivered": _count(connection, "select count(distinct calls.person_id) from deliveries join calls on"
                                        " calls.id = call_id where channel = 'app' and delivered_at is not null"),
        "delivery_ms": _percentiles(times[:, 1] * 1000),
        "shown_ms": _percentiles(times[:, 0] * 1000),
        "answers_sent": len(secrets),
        "answers_taken": taken,
        "answers_lost": len(secrets) - _count(connection, "select count(*) from answers where counted"),
        "answer_ms": _percentiles(np.array(answer_ms)),
        "storm_s": round(took_s, 1),
    }  # fmt: skip


def alert_all(connection: Connection) -> float:
    """Red in every grid, in one batch; when it was committed."""
    now_us = int(datetime.now(UTC).timestamp() * 1e6)
    batch = [
        Transition(
            rule_id=_RULE, subject=subject, time=now_us, from_level="none", to_level="red", value=200.0, reason="raised"
        )
        for subject in subjects(connection)
    ]
    rules = load_rules(CONFIG / "rules")
    with connection.transaction():
        record(connection, batch, rules=rules, plans=[_for_grid_workers()])
    return time.monotonic()


def _for_grid_workers() -> Plan:
    """The flood plan with what it gives grid workers to do: here is nobody else to be called."""
    flood = next(plan for plan in load_plans(CONFIG / "plans") if plan.id == "FLD-02")
    return replace(flood, tasks=tuple(task for task in flood.tasks if task.post == _POST))


def _count(connection: Connection, query: str) -> int:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])


def _percentiles(ms: Any) -> dict[str, float]:
    p50, p99 = np.percentile(ms, [50, 99])
    return {"p50": round(float(p50)), "p99": round(float(p99)), "max": round(float(np.max(ms)))}


@contextmanager
def _servers(url: str) -> Iterator[int]:
    """Dispatcher and web server, each a process; the port."""
    here, there = _spawn.Pipe()
    processes = [_spawn.Process(target=target, args=(url, there)) for target in (_web, _dispatch)]
    try:
        processes[0].start()
        port = int(here.recv().rstrip("/").rsplit(":", 1)[1])
        processes[1].start()
        here.recv()
        yield port
    finally:
        for process in processes:
            if process.pid is not None:
                process.terminate()
                process.join(15)


def _web(url: str, pipe: Any) -> None:
    serve(WebSettings(port=0), url, ready=pipe.send)


def _dispatch(url: str, pipe: Any) -> None:
    run_dispatcher(url, board=Switchboard(channels={}), stop=threading.Event(), ready=partial(pipe.send, "ready"))


def lines(result: dict[str, Any]) -> list[str]:
    """For people."""
    delivery, shown, answer = result["delivery_ms"], result["shown_ms"], result["answer_ms"]
    return [
        f"{result['connected']} phones connected in {result['connect_s']} s",
        f"{result['delivered']} delivered: p50 {delivery['p50']} ms, p99 {delivery['p99']} ms, last {delivery['max']}"
        f" (shown: p50 {shown['p50']}, p99 {shown['p99']})",
        f"{result['answers_taken']} answers in {result['storm_s']} s, {result['answers_lost']} lost:"
        f" p50 {answer['p50']} ms, p99 {answer['p99']} ms",
    ]
