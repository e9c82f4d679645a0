"""What the time alone brings to runs: nobody confirmed one, a task is late."""

from datetime import datetime

from alerts.run_tasks import Begin, begin_tasks
from config.database import Connection
from dispatch.clock import QUERIES
from dispatch.ladder import Ladder, shipped_ladder
from dispatch.settling import note, tell, tell_runs


def start_unasked(connection: Connection, at: datetime, *, run_id: int | None = None) -> list[int]:
    """Runs that nobody confirmed in time start by themselves, and say so: a plan is never lost to an empty chair."""
    with connection.transaction():
        runs = [run for (run,) in connection.execute(QUERIES["unasked"], {"at": at, "run": run_id})]
        if runs:
            note(connection, [{"run_id": run, "kind": "confirmed_unasked"} for run in runs], at)
            begin_tasks(connection, [Begin(run_id=run, at=at) for run in runs])
            tell_runs(connection, runs, "confirmed_unasked", at)
    return runs


def mark_overdue(connection: Connection, at: datetime, *, ladder: Ladder | None = None) -> int:
    """Assignments that are late at `at`: each is marked once, and the command is called."""
    command = (ladder or shipped_ladder()).first_of("command")
    with connection.transaction():
        late = connection.execute(QUERIES["mark_overdue"], {"at": at, "command": command}).fetchall()
        acts = [
            {"run_id": run, "task_id": task, "kind": "overdue", "detail": {"assignment_id": one}}
            for one, run, task in late
        ]
        note(connection, acts, at)
        tell(connection, [(run, one) for one, run, _ in late])
    return len(late)
