"""Plan runs of a batch: read what is open, decide, and write runs and tasks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from alerts.instants import aware, iso
from alerts.levels import Level, rank
from alerts.plan_shelf import PlanShelf
from alerts.plans import Plan, Task, TriggerKey, begins, body_of_plan, meets
from alerts.rule_kinds import Common, WarningRule
from alerts.run_tasks import begin, post_id
from alerts.runs import Move, Run, RunBook
from alerts.standing import OPEN, Step
from config.database import Connection
from config.queries import Queries

_QUERIES = Queries(Path(__file__).with_name("queries.sql"))
_MINUTE = 60_000_000  # µs

Row = dict[str, Any]


def follow(
    connection: Connection,
    moves: Sequence[Move],
    rules: Sequence[Common],
    plans: Sequence[Plan],
    stood: Mapping[int, Level],
    *,
    exercise: bool = False,
) -> list[Run]:
    """The runs that the moves start, join or raise; those that are new have their ids. No run is written yet.

    The alerts' rows are, so `stood` tells the level that each moved alert had before, by its id: none
    for a new one.
    """
    shelf = PlanShelf.of(plans)
    moves = [move for move in moves if shelf.names(move.triggers)]
    if not any(move.rises and _concerns(shelf, move) for move in moves):
        return []
    townships: Row = {"townships": sorted({move.township_id for move in moves}), "exercise": exercise}
    open_runs, open_alerts = _read(connection, townships)
    before = _before(open_alerts, triggers_by_rule(rules), moves, stood)
    book = RunBook(shelf, [Run(**row) for row in open_runs], before)
    for move in moves:
        book.follow(move)
    runs = book.touched()
    _draw_ids(connection, [run for run in runs if run.started_at is not None])
    return runs


def _concerns(shelf: PlanShelf, move: Move) -> bool:
    return any(meets(one.mildest, move.triggers, move.level) for one in shelf.here(move.township_id))


def moves_of(steps: Iterable[Step], rules: Sequence[Common]) -> list[Move]:
    """What the steps do to their townships; alerts that are held back, unlocated or of no rule in force do nothing."""
    known = triggers_by_rule(rules)
    return [
        Move(
            alert_id=step.alert.id,
            triggers=known[step.transition.rule_id],
            township_id=step.alert.place.township_id,
            level=_level_after(step),
            time=step.transition.time,
            rises=rank(step.transition.to_level) > rank(step.transition.from_level) and not step.transition.retracts,
        )
        for step in steps
        if step.alert.place.township_id is not None
        and step.alert.id is not None
        and step.suppressed_by is None
        and step.transition.rule_id in known
    ]


def triggers_by_rule(rules: Sequence[Common]) -> dict[str, tuple[TriggerKey, ...]]:
    """What plans know the alerts of each rule by: its number, and the event type of an official warning."""
    return {
        rule.id: (rule.number, f"official:{rule.event}") if isinstance(rule, WarningRule) else (rule.number,)
        for rule in rules
    }


def _level_after(step: Step) -> Level:
    if step.transition.retracts:
        return step.alert.level if step.alert.is_open else "none"
    return step.transition.to_level if step.to_state in OPEN else "none"


def _read(connection: Connection, townships: Row) -> tuple[list[Row], list[Row]]:
    """Open runs and alerts of the townships, under the lock, in one go."""
    connection.execute(_QUERIES["lock_runs"])
    with connection.cursor(row_factory=dict_row) as runs, connection.cursor(row_factory=dict_row) as alerts:
        runs.execute(_QUERIES["open_runs"], townships)
        alerts.execute(_QUERIES["open_alerts_of_townships"], townships)
        return runs.fetchall(), alerts.fetchall()


def _draw_ids(connection: Connection, runs: Sequence[Run]) -> None:
    if runs:
        ids = connection.execute(_QUERIES["new_ids"], {"table": "plan_runs", "count": len(runs)}).fetchall()
        for run, (run_id,) in zip(runs, ids, strict=True):
            run.id = run_id


def _before(
    alerts: Iterable[Row],
    known: Mapping[str, tuple[TriggerKey, ...]],
    moves: Sequence[Move],
    stood: Mapping[int, Level],
) -> Iterator[Move]:
    """The alerts that were open in the townships before: others as their rows tell, the moved ones as they stood."""
    for alert in alerts:
        triggers = report_triggers(alert["title"]) if alert["kind"] == "manual" else known.get(alert["rule_id"])
        if triggers is not None and alert["id"] not in stood:
            yield Move(
                alert_id=alert["id"],
                triggers=triggers,
                township_id=alert["township_id"],
                level=alert["level"],
                time=0,
                rises=False,
            )
    for move in {move.alert_id: move for move in reversed(moves)}.values():
        if stood.get(move.alert_id, "none") != "none":
            yield replace(move, level=stood[move.alert_id], rises=False)


def report_triggers(title: str) -> tuple[TriggerKey, ...]:
    """What plans know a report by: its words."""
    return (f"report:{title}",)


def mark_corrected(connection: Connection, steps: Sequence[Step]) -> list[Row]:
    """Open runs that were joined by an alert whose raise was taken back: they stay open, and say so."""
    gone = {
        id(step.alert): {"alert_id": step.alert.id, "time": iso(step.transition.time)}
        for step in steps
        if step.transition.retracts and not step.alert.said and not step.alert.is_open
    }
    if not gone:
        return []
    told = connection.execute(_QUERIES["run_corrected"], {"rows": Jsonb(list(gone.values()))}).fetchall()
    at = aware(max(step.transition.time for step in steps))
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(_QUERIES["corrected_runs"], {"ids": [row[0] for row in told], "at": at}).fetchall()


def write_runs(connection: Connection, runs: Sequence[Run], *, exercise: bool = False) -> None:
    """Write runs, their transitions, the alerts that joined them, and their tasks."""
    started = [run for run in runs if run.started_at is not None]
    raised = [run for run in runs if run.started_at is None and run.transitions]
    _write(connection, "insert_runs", [_run_row(run) for run in started], exercise=exercise)
    _write(connection, "raise_runs", [{"id": run.id, "level": run.level} for run in raised])
    _write(connection, "insert_run_transitions", [row for run in runs for row in _transition_rows(run)])
    _write(connection, "insert_run_alerts", [row for run in runs for row in _join_rows(run)])
    _write(connection, "insert_tasks", [row for run in started for row in _task_rows(run)])
    _write(connection, "hasten_tasks", [row for run in runs for row in _hastened_rows(run)])
    begin(connection, runs)


def write_tasks(connection: Connection, run: Run) -> None:
    """Transitions and tasks of a run that somebody started by hand, whose own row is written already."""
    _write(connection, "insert_run_transitions", _transition_rows(run))
    _write(connection, "insert_tasks", _task_rows(run))


def _write(connection: Connection, query: str, rows: Sequence[Row], **parameters: object) -> None:
    if rows:
        connection.execute(_QUERIES[query], {"rows": Jsonb(rows), **parameters})


def _run_row(run: Run) -> Row:
    assert run.plan is not None
    start = run.transitions[0].time
    confirm = run.plan.trigger.confirm_within_min
    return {
        "id": run.id,
        "plan_id": run.plan_id,
        "version_id": run.version_id,
        "name": run.plan.name,
        "plan": body_of_plan(run.plan),
        "township_id": run.township_id,
        "level": run.level,
        "state": "open" if confirm is None else "proposed",
        "started_at": iso(start),
        "confirm_by": None if confirm is None else iso(start + confirm * _MINUTE),
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
        "post_id": post_id(task.post),
        "backup": task.backup,
        "what": task.do,
        "after": task.after,
        # What begins with a higher level is due by when that is reached.
        "due_at": iso(due) if begins(task, run.level) else None,
        "limit_min": task.limit_min,
        "limit_red_min": task.limit_min_red,
        "repeat_min": task.repeat_min,
        "from_level": task.grade(),
        "evidence": task.evidence,
        "results": task.result,
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
