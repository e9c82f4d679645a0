"""What the conditions of runs are judged by, read for many runs at once."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg.rows import class_row, dict_row

from alerts.levels import Level, highest
from alerts.plans import TriggerKey
from alerts.record_runs import report_triggers, triggers_by_rule
from alerts.rule_sets import newest_set, rules_in_force
from config.database import Connection
from config.queries import Queries
from dispatch.conditions import Facts, Step, Watched

QUERIES = Queries(Path(__file__).with_name("condition_queries.sql"))

Row = dict[str, Any]
Triggers = dict[str, tuple[TriggerKey, ...]]  # by rule

# Of each database the newest set of rules: reading one takes longer than all the rest, and it never changes.
_TRIGGERS: dict[str, tuple[int, Triggers]] = {}


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A run under way whose plan has a condition that may be judged."""

    id: int
    township_id: int
    exercise: bool
    level: str
    started_at: datetime
    plan: dict[str, Any]


def runs_to_judge(connection: Connection, run_ids: Sequence[int]) -> list[Judged]:
    """Those of the runs that are under way and have such conditions."""
    with connection.cursor(row_factory=class_row(Judged)) as cursor:
        return cursor.execute(QUERIES["runs_to_judge"], {"runs": list(run_ids)}).fetchall()


def facts_of(connection: Connection, runs: Sequence[Judged], at: datetime) -> dict[int, Facts]:
    """By run."""
    named = {"runs": [run.id for run in runs], "townships": [run.township_id for run in runs], "at": at}
    joined = _grouped(_rows(connection, "alerts_joined", named))
    alerts = [row["alert_id"] for rows in joined.values() for row in rows]
    steps = _steps(_rows(connection, "steps_of_alerts", {"alerts": alerts, "at": at}))
    watched, levels = _watched(connection, named), _levels(connection, named)
    since = {row["run_id"]: row["since"] for row in _rows(connection, "unanswered", named)}
    return {
        run.id: Facts(
            at=at,
            started_at=run.started_at,
            joined=len(joined[run.id]),
            standing=highest(*(row["level"] for row in joined[run.id])),
            steps=[step for row in joined[run.id] for step in steps[row["alert_id"]]],
            levels=levels[run.township_id, run.exercise],
            watched=watched[run.id],
            unanswered_since=since.get(run.id),
        )
        for run in runs
    }


def _rows(connection: Connection, query: str, named: Row) -> list[Row]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(QUERIES[query], named).fetchall()


def _grouped(rows: Sequence[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["run_id"]].append(row)
    return found


def _steps(rows: Sequence[Row]) -> dict[int, list[Step]]:
    found: dict[int, list[Step]] = defaultdict(list)
    for row in rows:
        found[row["alert_id"]].append(Step(time=row["time"], before=row["before"], after=row["after"]))
    return found


def _watched(connection: Connection, named: Row) -> dict[int, list[Watched]]:
    found: dict[int, list[Watched]] = defaultdict(list)
    for row in _rows(connection, "watched", named):
        found[row.pop("run_id")].append(Watched(**row))
    return found


def _levels(connection: Connection, named: Row) -> dict[tuple[int, bool], dict[TriggerKey, Level]]:
    """The highest level open of what plans may name, by township and whether it is of an exercise."""
    rules = _triggers(connection)
    found: dict[tuple[int, bool], dict[TriggerKey, Level]] = defaultdict(dict)
    for row in _rows(connection, "open_in_townships", named):
        keys = report_triggers(row["title"]) if row["kind"] == "manual" else rules.get(row["rule_id"], ())
        there = found[row["township_id"], row["exercise"]]
        for key in keys:
            there[key] = highest(there.get(key, "none"), row["level"])
    return found


def _triggers(connection: Connection) -> Triggers:
    newest, database = newest_set(connection), connection.info.dbname
    if _TRIGGERS.get(database, (None,))[0] != newest:
        _TRIGGERS[database] = newest, triggers_by_rule(rules_in_force(connection))
    return _TRIGGERS[database][1]
