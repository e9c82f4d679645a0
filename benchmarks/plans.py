"""A city's plans: how long they take to load, to be matched, and what they add to a batch, beside one plan alone.

1,031 townships with seven or eight plans each; most inherit from a template and say a few things differently, as the
library is meant to be used, some are written out. `load_s` is all that a pipeline does when plans change.
"""

import random
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from psycopg.types.json import Jsonb

from alerts.plan_bodies import canonical
from alerts.plan_library import edition, plans_in_force, shipped_plans, shipped_templates
from alerts.plan_shelf import PlanShelf, Shelved, matches
from alerts.plans import OpenAlert, body_of_plan
from alerts.record_runs import follow
from alerts.rules import load_rules
from alerts.runs import Move, RunBook
from config.database import Connection, connect
from config.embedded_database import embedded_database
from config.folder import DataFolder
from config.migrate import migrate
from config.settings import CONFIG
from geo.defaults import import_defaults

PLANS = 7800
_MOVES = 4000
_BATCH = 500
_AT = datetime(2026, 11, 27, tzinfo=UTC)
_US = 1_000_000
_ADD = """
with told as (
    select * from jsonb_to_recordset(%(rows)s) as (code text, division integer, template text, body jsonb)
), made as (
    insert into plans (code, division_id) select code, division from told returning id, code, division_id
)
insert into plan_versions (plan_id, number, template_code, body, state, valid, published_at)
select made.id, 1, told.template, told.body, 'published', tstzrange(%(since)s, null), %(since)s
from made join told on told.code = made.code and told.division = made.division_id
"""


def run(plans: int = PLANS) -> dict[str, Any]:
    """Figures of one machine."""
    with (
        tempfile.TemporaryDirectory(prefix="shijing-bench-") as folder,
        embedded_database(DataFolder(Path(folder) / "data")) as url,
        connect(url, "bench", autocommit=True) as connection,
    ):
        migrate(connection)
        import_defaults(connection)
        townships = [row[0] for row in connection.execute("select id from divisions where level = 'township'")]
        _write(connection, townships, plans)
        return {"plans": plans, "townships": len(townships), **_figures(connection, townships)}


def _figures(connection: Connection, townships: Sequence[int]) -> dict[str, Any]:
    plans_in_force(connection)  # and warm
    tracemalloc.start()
    begun = time.perf_counter()
    kept = plans_in_force(connection)
    traced = time.perf_counter() - begun
    memory = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    loads = [_took(lambda: plans_in_force(connection)) for _ in range(5)]
    one = PlanShelf([Shelved(plan=next(plan for plan in shipped_plans() if plan.id == "FLD-02"))])
    moves = _moves(townships, _MOVES)
    return {
        "in_force": len(kept),
        "load_s": round(float(np.median(loads)), 3),
        "load_traced_s": round(traced, 3),
        "memory_mb": round(memory / 1e6, 1),
        "edition_ms": round(1000 * float(np.median([_took(lambda: edition(connection)) for _ in range(20)])), 2),
        "match_us": {**_percentiles(_per_move(kept, moves)), "of_one_plan": _percentiles(_per_move(one, moves))},
        "matches_of_open_alerts_ms": round(1000 * _took(lambda: matches(kept, _open(townships))), 1),
        "batch_ms": {"moves": _BATCH, "all_plans": _batches(connection, kept, townships),
                     "one_plan": _batches(connection, one, townships)},
    }  # fmt: skip


def _write(connection: Connection, townships: Sequence[int], plans: int) -> None:
    pick = random.Random(5)
    bodies = [canonical(body_of_plan(plan)) for plan in (*shipped_plans(), *shipped_templates())]
    codes = [plan.id for plan in (*shipped_plans(), *shipped_templates())]
    rows = []
    for number in range(plans):
        division = townships[number % len(townships)]
        kind = (number // len(townships)) % len(codes)
        own = {"name": f"预案 {number}", "tasks": [{"id": "T2", "limit_min": pick.randint(6, 20)}]}
        is_whole = number // len(townships) >= len(codes)  # the later ones are written out
        body = {**bodies[kind], "name": f"预案 {number}"} if is_whole else own
        code = f"{codes[kind]}{'-X' if is_whole else ''}"
        template = None if is_whole else codes[kind]
        rows.append({"code": code, "division": division, "template": template, "body": body})
    since = _AT - timedelta(days=30)
    connection.execute(_ADD, {"rows": Jsonb(rows), "since": since})
    connection.execute("analyze plans, plan_versions")


def _moves(townships: Sequence[int], count: int) -> list[Move]:
    """Alerts of the rules that plans name, and of others, rising all over the city."""
    pick = random.Random(3)
    rules = [1, 6, 8, 10, 14, 16, 19, 21, 25, 26, 27, 28]
    return [
        Move(
            alert_id=number + 1, triggers=(pick.choice(rules),), township_id=pick.choice(townships),
            level=pick.choice(["yellow", "orange", "red"]), time=number * _US, rises=True,
        )
        for number in range(count)
    ]  # fmt: skip


def _per_move(shelf: PlanShelf, moves: Sequence[Move]) -> list[float]:
    """What each move takes in a book of runs, µs: nothing is open before."""
    book = RunBook(shelf, [], [])
    return [_took(lambda move=move: book.follow(move)) * 1e6 for move in moves]  # type: ignore[misc]


def _open(townships: Sequence[int]) -> list[OpenAlert]:
    return [
        OpenAlert(alert_id=move.alert_id, triggers=move.triggers, level=move.level, township_id=move.township_id)  # type: ignore[arg-type]
        for move in _moves(townships, 5000)
    ]


def _batches(connection: Connection, shelf: PlanShelf, townships: Sequence[int]) -> dict[str, float]:
    """What a batch's transaction spends on plans: reading what is open, deciding, drawing ids. It is rolled back."""
    rules = load_rules(CONFIG / "rules")
    moves = _moves(townships, _BATCH * 20)
    took = []
    for first in range(0, len(moves), _BATCH):
        with connection.transaction(force_rollback=True):
            took.append(_took(lambda part=moves[first : first + _BATCH]: follow(connection, part, rules, shelf, {})))  # type: ignore[misc]
    return _percentiles([1000 * one for one in took[1:]])


def _took(act: Callable[[], object]) -> float:
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def _percentiles(values: Sequence[float]) -> dict[str, float]:
    return {f"p{share}": round(float(np.percentile(values, share)), 2) for share in (50, 95)}


def lines(result: dict[str, Any]) -> list[str]:
    """For people."""
    match, batch = result["match_us"], result["batch_ms"]
    return [
        f"{result['plans']} plans of {result['townships']} townships: loaded in {result['load_s']} s,"
        f" {result['memory_mb']} MB; whether they changed is known in {result['edition_ms']} ms",
        f"a move is matched in {match['p50']} / {match['p95']} µs (p50 / p95); beside one plan alone"
        f" {match['of_one_plan']['p50']} / {match['of_one_plan']['p95']}",
        f"a batch of {batch['moves']} rising alerts: {batch['all_plans']['p50']} / {batch['all_plans']['p95']} ms;"
        f" beside one plan alone {batch['one_plan']['p50']} / {batch['one_plan']['p95']}",
    ]
