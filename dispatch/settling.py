"""What follows from assignments that moved: how far their tasks are, whose turn is next, and who has to know."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from alerts.run_tasks import Begin, begin_tasks
from config.database import Connection
from dispatch.clock import QUERIES

Act = dict[str, Any]


def settle(connection: Connection, tasks: Collection[int], at: datetime) -> None:
    """Let tasks stand as their places do; what comes after one that is over begins."""
    if not tasks:
        return
    moved = connection.execute(QUERIES["settle_tasks"], {"tasks": sorted(tasks), "at": at}).fetchall()
    over = [(task, run) for task, run, state in moved if state == "done"]
    note(connection, [{"run_id": run, "task_id": task, "kind": "task_done"} for task, run in over], at)
    ended = {run for _, run, state in moved if state in ("done", "skipped")}
    if ended:
        begin_tasks(connection, [Begin(run_id=run, at=at) for run in sorted(ended)])


def note(connection: Connection, acts: Iterable[Act], at: datetime) -> None:
    """Write down what the system or somebody did with runs."""
    rows = list(acts)
    if rows:
        connection.execute(QUERIES["note_acts"], {"rows": Jsonb(rows), "at": at})


def tell(connection: Connection, moved: Iterable[tuple[int, int]]) -> None:
    """Let screens and phones know of (run, assignment); the last statement but the audit, as it takes a lock."""
    by_run: dict[int, list[int]] = defaultdict(list)
    for run, assignment in moved:
        by_run[run].append(assignment)
    rows = [{"run_id": run, "assignment_ids": sorted(set(found))} for run, found in sorted(by_run.items())]
    if rows:
        connection.execute(QUERIES["tell"], {"rows": Jsonb(rows)})


def tell_runs(connection: Connection, runs: Collection[int], reason: str, at: datetime) -> None:
    """Let screens know that something became of these runs themselves; as `tell`, the last statement but the audit."""
    connection.execute(QUERIES["tell_runs"], {"runs": list(runs), "reason": reason, "at": at})
