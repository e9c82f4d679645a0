"""What a run's tasks need to begin: their turn, their places, and the job that calls people.

A task begins when the run is open, has the task's level, and what comes before it is over. It is then assigned to
each place where its post is held: the run's grids, their villages, or the township. All of that is a part of the
transaction that caused it; who is on duty there is looked up when they are called (the room `dispatch`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from psycopg.types.json import Jsonb

from alerts.instants import aware
from alerts.levels import GRADES
from alerts.runs import Run
from config.database import Connection
from config.jobs import Job, defer
from config.queries import Queries
from people.errors import Unknown
from people.posts import shipped_posts

QUERIES = Queries(Path(__file__).with_name("run_queries.sql"))
ADVANCE, CONFIRM = "advance", "confirm_unasked"  # jobs, as dispatch/worker.py knows them


@dataclass(frozen=True, kw_only=True)
class Begin:
    """A run whose tasks may begin, and the time that it is, by the clock that the run goes by."""

    run_id: int
    at: datetime


def post_id(name: str) -> str | None:
    """The id of a post that the system knows; None for an outside party, which is called by people."""
    try:
        return shipped_posts().named(name).id
    except Unknown:
        return None


def begin(connection: Connection, runs: Sequence[Run]) -> None:
    """What follows from runs that a batch started, raised or joined, within its transaction."""
    if not runs:
        return
    begun = [Begin(run_id=run.id or 0, at=aware(_last(run))) for run in runs]
    connection.execute(QUERIES["add_grids_of_alerts"], {"rows": _rows(begun)})
    raised = [one for run, one in zip(runs, begun, strict=True) if run.started_at is None and run.transitions]
    if raised:
        rouse(connection, raised)
    begin_tasks(connection, begun)
    asked = connection.execute(QUERIES["proposed"], {"runs": [one.run_id for one in begun]}).fetchall()
    defer(connection, [Job(task=CONFIRM, args={"run_id": run_id}, at=at) for run_id, at in asked])


def begin_tasks(connection: Connection, runs: Sequence[Begin]) -> None:
    """Begin what has its turn, assign it to its places, and see to it that people are called."""
    named = {"rows": _rows(runs), "levels": list(GRADES), "posts": Jsonb(_levels())}
    connection.execute(QUERIES["begin_tasks"], named)
    connection.execute(QUERIES["assign_tasks"], named)
    advance_later(connection, runs)


def advance_later(connection: Connection, runs: Sequence[Begin]) -> None:
    """See to it that the dispatcher looks for what is due, once this transaction is committed: one look for all."""
    if runs:  # at the first of their times; that look sees to it that the next comes in time
        defer(connection, [Job(task=ADVANCE, args={}, at=min(one.at for one in runs), priority=10)])


def rouse(connection: Connection, runs: Sequence[Begin]) -> None:
    """A run that rose again: tasks that were stood down with its level are to be done after all."""
    named = {"rows": _rows(runs), "levels": list(GRADES)}
    connection.execute(QUERIES["rouse_assignments"], named)
    connection.execute(QUERIES["rouse_tasks"], named)


def _last(run: Run) -> int:
    return max([move.time for move in run.transitions] + list(run.joins.values()))


def _rows(runs: Sequence[Begin]) -> Jsonb:
    return Jsonb([{"run_id": one.run_id, "at": one.at.isoformat()} for one in runs])


@cache
def _levels() -> dict[str, Any]:
    """For which level of divisions each post is held."""
    return {post.id: post.level for post in shipped_posts()}
