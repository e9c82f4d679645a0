"""Plan runs of a batch: read what is open, decide, and write runs and tasks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from alerts.instants import iso
from alerts.levels import rank
from alerts.lifecycle import Step
from alerts.plans import Plan, Task
from alerts.rules import Rule
from alerts.runs import Move, Run, RunBook
from config.database import Connection
from config.queries import Queries

_QUERIES = Queries(Path(__file__).with_name("queries.sql"))
_MINUTE = 60_000_000  # µs

Row = dict[str, Any]


def follow(connection: Connection, steps: Sequence[Step], rules: Sequence[Rule], plans: Sequence[Plan]) -> list[Run]:
    """The runs that the steps start, join or raise; those that are new have their ids. Nothing is written yet."""
    numbers = {rule.id: rule.number for rule in rules}
    named = {number for plan in plans for number in plan.mildest()}
    moves = [move for move in _moves(steps, numbers) if move.rule_number in named]
    if not any(move.rises for move in moves):
        return []
    connection.execute(_QUERIES["lock_runs"])
    townships = {"townships": sorted({move.township_id for move in moves})}
    book = RunBook(plans, _open_runs(connection, townships), _alerts_before(connection, townships, numbers))
    for move in moves:
        book.follow(move)
    runs = book.touched()
    started = [run for run in runs if run.started_at is not None]
    ids = connection.execute(_QUERIES["new_ids"], {"table": "plan_runs", "count": len(started)})
    for run, (run_id,) in zip(started, ids, strict=True):
        run.id = run_id
    return runs


def _moves(steps: Iterable[Step], numbers: Mapping[str, int]) -> Iterator[Move]:
    for step in steps:
        alert, transition = step.alert, step.transition
        if alert.township_id is not None and alert.id is not None:
            yield Move(
                alert_id=alert.id,
                rule_number=numbers[transition.rule_id],
                township_id=alert.township_id,
                level=transition.to_level,
                time=transition.time,
                rises=rank(transition.to_level) > rank(transition.from_level),
            )


def _open_runs(connection: Connection, townships: Row) -> list[Run]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return [Run(**row) for row in cursor.execute(_QUERIES["open_runs"], townships)]


def _alerts_before(connection: Connection, townships: Row, numbers: Mapping[str, int]) -> Iterator[Move]:
    """The alerts that were open in the townships before this batch."""
    for alert_id, rule_id, level, township_id in connection.execute(_QUERIES["open_alerts_of_townships"], townships):
        if rule_id in numbers:
            yield Move(
                alert_id=alert_id,
                rule_number=numbers[rule_id],
                township_id=township_id,
                level=level,
                time=0,
                rises=False,
            )


def write_runs(connection: Connection, runs: Sequence[Run]) -> None:
    """Write runs, their transitions, the alerts that joined them, and their tasks."""
    started = [run for run in runs if run.started_at is not None]
    raised = [run for run in runs if run.started_at is None and run.transitions]
    _write(connection, "insert_runs", [_run_row(run) for run in started])
    _write(connection, "raise_runs", [{"id": run.id, "level": run.level} for run in raised])
    _write(connection, "insert_run_transitions", [row for run in runs for row in _transition_rows(run)])
    _write(connection, "insert_run_alerts", [row for run in runs for row in _join_rows(run)])
    _write(connection, "insert_tasks", [row for run in started for row in _task_rows(run)])
    _write(connection, "hasten_tasks", [row for run in runs for row in _hastened_rows(run)])


def _write(connection: Connection, query: str, rows: Sequence[Row]) -> None:
    if rows:
        connection.execute(_QUERIES[query], {"rows": Jsonb(rows)})


def _run_row(run: Run) -> Row:
    return {
        "id": run.id,
        "plan_id": run.plan_id,
        "township_id": run.township_id,
        "level": run.level,
        "started_at": iso(run.transitions[0].time),
    }


def _transition_rows(run: Run) -> list[Row]:
    return [
        {
            "run_id": run.id,
            "time": iso(move.time),
            "from_level": move.from_level,
            "to_level": move.to_level,
            "reason": move.reason,
        }
        for move in run.transitions
    ]


def _join_rows(run: Run) -> list[Row]:
    return [{"run_id": run.id, "alert_id": alert_id, "joined_at": iso(time)} for alert_id, time in run.joins.items()]


def _task_rows(run: Run) -> list[Row]:
    start = run.transitions[0]
    return [_task_row(run, task, start.time + task.due_min(start.to_level) * _MINUTE) for task in run.tasks()]


def _task_row(run: Run, task: Task, due: int) -> Row:
    return {
        "run_id": run.id,
        "task_key": task.id,
        "post": task.post,
        "backup": task.backup,
        "what": task.do,
        "after": task.after,
        "due_at": iso(due),
        "repeat_min": task.repeat_min,
    }


def _hastened_rows(run: Run) -> list[Row]:
    """A run that turned red after its start: what has a shorter limit at red is due by that, counted from then."""
    return [
        {"run_id": run.id, "task_key": task.id, "due_at": iso(move.time + task.limit_min_red * _MINUTE)}
        for move in run.transitions
        if move.reason == "escalated" and move.to_level == "red"
        for task in run.tasks()
        if task.limit_min_red is not None
    ]
