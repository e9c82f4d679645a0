"""Work to be done later, by procrastinate in the same database: a job is deferred in the transaction that calls for it.

So it is there exactly when what calls for it is. Who does the jobs is in the room `dispatch`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from psycopg.types.json import Jsonb

from config.database import Connection

_DEFER = """
select procrastinate_defer_jobs_v1(array(
    select row(%(queue)s, job.task, job.priority, job.lock, null, job.args, job.at)::procrastinate_job_to_defer_v1
    from jsonb_to_recordset(%(jobs)s) as job(task text, priority integer, lock text, args jsonb, at timestamptz)))
"""
QUEUE = "dispatch"


@dataclass(frozen=True, kw_only=True)
class Job:
    """One piece of work."""

    task: str  # its name, as the worker knows it
    args: dict[str, Any]
    at: datetime | None = None  # not before; None: at once
    priority: int = 0  # higher first
    lock: str | None = None  # jobs of one lock are done one after the other


def defer(connection: Connection, jobs: Sequence[Job]) -> None:
    """Put jobs in the queue, as part of the open transaction."""
    if not jobs:
        return
    rows = [
        {
            "task": job.task,
            "priority": job.priority,
            "lock": job.lock,
            "args": job.args,
            "at": None if job.at is None else job.at.isoformat(),
        }
        for job in jobs
    ]
    connection.execute(_DEFER, {"queue": QUEUE, "jobs": Jsonb(rows)})


def keep_job_tables(connection: Connection) -> None:
    """Make procrastinate's tables where there are none, else bring them to the version of the library."""
    connection.execute(
        "create table if not exists job_schema (version text not null, only_one boolean primary key default true"
        " check (only_one))"
    )
    row = connection.execute("select version from job_schema").fetchone()
    now = version("procrastinate")
    if row is None:
        connection.execute((files("procrastinate.sql") / "schema.sql").read_bytes())
        connection.execute("insert into job_schema (version) values (%s)", (now,))
    elif _parts(row[0]) < _parts(now):
        for step in _steps(row[0]):
            connection.execute(step)
        connection.execute("update job_schema set version = %s", (now,))


def _steps(since: str) -> list[bytes]:
    """Its own migrations of later versions, in order: their names begin with a version such as 03.04.00."""
    folder = files("procrastinate.sql") / "migrations"
    found = sorted(one.name for one in folder.iterdir() if one.name.endswith(".sql"))
    return [(folder / name).read_bytes() for name in found if _parts(name.split("_")[0]) > _parts(since)]


def _parts(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))
