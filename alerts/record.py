"""Writing what the kernel found: alerts, plan runs, tasks and what the screens are told.

`record` runs inside the transaction that stores the readings, and is its last work: writers
queue on the live events' lock from there to their commit.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from alerts.instants import iso
from alerts.kernel import Transition
from alerts.lifecycle import Alert, Moves, apply
from alerts.plans import Plan
from alerts.record_runs import follow, write_runs
from alerts.rules import Rule
from alerts.runs import Run
from alerts.tell import tell
from config.database import Connection
from config.queries import Queries

_QUERIES = Queries(Path(__file__).with_name("queries.sql"))

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """How much a batch moved."""

    opened: int = 0
    changed: int = 0  # alerts that were open before, resolved ones among them
    resolved: int = 0
    unlocated: int = 0  # opened where the subject belongs to no township: no run
    orphans: int = 0  # clearings without an open alert
    runs_started: int = 0
    runs_raised: int = 0


def record(
    connection: Connection,
    transitions: Sequence[Transition],
    *,
    rules: Sequence[Rule],
    plans: Sequence[Plan],
    late: Collection[tuple[int, int]] = (),
) -> Recorded:
    """Write the transitions, in their order, and all that follows from them, in the open transaction.

    A transition whose reading (sensor id, time in µs) is in `late` is marked as found late.
    """
    if not transitions:
        return Recorded()
    connection.execute(_QUERIES["prefer_indexes"])
    moves = apply(transitions, _open_alerts(connection, transitions))
    alerts = moves.alerts()
    _settle(connection, [alert for alert in alerts if alert.is_new])
    runs = follow(connection, moves.steps, rules, plans)
    _write_alerts(connection, moves, late)
    write_runs(connection, runs)
    tell(connection, moves.steps, runs)
    return _recorded(moves, alerts, runs)


def _recorded(moves: Moves, alerts: Sequence[Alert], runs: Sequence[Run]) -> Recorded:
    opened = [alert for alert in alerts if alert.is_new]
    started = sum(run.started_at is not None for run in runs)
    return Recorded(
        opened=len(opened),
        changed=len(alerts) - len(opened),
        resolved=sum(alert.state == "resolved" for alert in alerts),
        unlocated=sum(alert.township_id is None for alert in opened),
        orphans=len(moves.orphans),
        runs_started=started,
        runs_raised=sum(run.started_at is None and bool(run.transitions) for run in runs),
    )


def _write(connection: Connection, query: str, rows: Sequence[Row]) -> None:
    if rows:
        connection.execute(_QUERIES[query], {"rows": Jsonb(rows)})


def _open_alerts(connection: Connection, transitions: Sequence[Transition]) -> list[Alert]:
    subjects = {(one.rule_id, one.subject) for one in transitions}
    named = Jsonb([{"rule_id": rule_id, "sensor_id": sensor_id} for rule_id, sensor_id in sorted(subjects)])
    with connection.cursor(row_factory=dict_row) as cursor:
        return [Alert(**row) for row in cursor.execute(_QUERIES["open_alerts"], {"subjects": named})]


def _settle(connection: Connection, alerts: Sequence[Alert]) -> None:
    """Give new alerts their ids and the places where their subjects were."""
    asked = [
        {"number": number, "sensor_id": alert.sensor_id, "time": iso(alert.opened_at)}
        for number, alert in enumerate(alerts)
        if alert.opened_at is not None
    ]
    places = connection.execute(_QUERIES["places"], {"subjects": Jsonb(asked)})
    ids = connection.execute(_QUERIES["new_ids"], {"table": "alerts", "count": len(alerts)})
    for alert, (alert_id,), (_, township_id, grid_id) in zip(alerts, ids, places, strict=True):
        alert.id, alert.township_id, alert.grid_id = alert_id, township_id, grid_id


def _write_alerts(connection: Connection, moves: Moves, late: Collection[tuple[int, int]]) -> None:
    alerts = moves.alerts()
    # What is resolved makes room first: one alert is open for each rule and subject.
    _write(connection, "update_alerts", [_alert_row(alert) for alert in alerts if not alert.is_new])
    _write(connection, "insert_alerts", [_alert_row(alert) for alert in alerts if alert.is_new])
    rows = [
        {
            "alert_id": step.alert.id,
            "time": iso(step.transition.time),
            "from_level": step.transition.from_level,
            "to_level": step.transition.to_level,
            "reason": step.transition.reason,
            "value": step.transition.value,
            "late": (step.transition.subject, step.transition.time) in late,
        }
        for step in moves.steps
    ]
    _write(connection, "insert_alert_transitions", rows)


def _alert_row(alert: Alert) -> Row:
    return {
        "id": alert.id,
        "rule_id": alert.rule_id,
        "sensor_id": alert.sensor_id,
        "township_id": alert.township_id,
        "grid_id": alert.grid_id,
        "level": alert.level,
        "peak": alert.peak,
        "state": alert.state,
        "value": alert.value,
        "opened_at": None if alert.opened_at is None else iso(alert.opened_at),
        "changed_at": iso(alert.changed_at),
        "resolved_at": None if alert.resolved_at is None else iso(alert.resolved_at),
    }
