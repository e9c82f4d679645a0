"""What the screens are told of a batch, in commit order; see log_live_event in config/migrations."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from psycopg.types.json import Jsonb

from alerts.instants import aware, iso
from alerts.lifecycle import Step
from alerts.runs import Run
from config.database import Connection
from config.queries import Queries

_QUERIES = Queries(Path(__file__).with_name("queries.sql"))

Event = dict[str, Any]


def tell(connection: Connection, steps: Sequence[Step], runs: Sequence[Run]) -> None:
    """Log the live events of these steps and runs; the last thing that a transaction does."""
    events = _alert_events(connection, steps) + _run_events(connection, runs)
    if events:
        connection.execute(_QUERIES["log_live_events"], {"rows": Jsonb(events)})


def _alert_events(connection: Connection, steps: Sequence[Step]) -> list[Event]:
    ids = sorted({step.transition.subject for step in steps})
    names: dict[int, str] = dict(connection.execute(_QUERIES["sensor_names"], {"ids": ids}).fetchall())
    return [
        {
            "kind": "alert",
            "payload": {
                "alert_id": step.alert.id,
                "sensor": names[step.transition.subject],
                "rule": step.transition.rule_id,
                "from": step.transition.from_level,
                "to": step.transition.to_level,
                "time": iso(step.transition.time),
            },
        }
        for step in steps
    ]


def _run_events(connection: Connection, runs: Sequence[Run]) -> list[Event]:
    moved = [(run, move) for run in runs for move in run.transitions]
    if not moved:
        return []
    asked = {"ids": sorted({run.township_id for run, _ in moved}), "at": aware(max(move.time for _, move in moved))}
    names: dict[int, str] = dict(connection.execute(_QUERIES["township_names"], asked).fetchall())
    return [
        {
            "kind": "run",
            "payload": {
                "run_id": run.id,
                "plan": run.plan_id,
                "level": move.to_level,
                "township": names.get(run.township_id),
                "township_id": run.township_id,
                "time": iso(move.time),
            },
        }
        for run, move in moved
    ]
