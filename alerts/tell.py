"""What the screens are told of a batch, in commit order; see log_live_event in config/migrations."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from psycopg.types.json import Jsonb

from alerts.instants import iso
from alerts.runs import Run
from alerts.standing import Step
from config.database import Connection
from config.queries import Queries

_QUERIES = Queries(Path(__file__).with_name("queries.sql"))

Event = dict[str, Any]


def tell(
    connection: Connection,
    steps: Sequence[Step],
    runs: Sequence[Run],
    corrected: Sequence[Event] = (),
    news: Sequence[Event] = (),
    *,
    exercise: bool = False,
) -> None:
    """Log the live events of these steps and runs, and other news; the last thing that a transaction does."""
    townships = {step.alert.place.township_id: step.alert.place.township for step in steps}
    events = [_alert_event(step) for step in steps] + run_events(runs, townships)
    events += [_corrected_event(run, steps) for run in corrected]
    tell_events(connection, [*events, *news], exercise=exercise)


def tell_events(connection: Connection, events: Sequence[Event], *, exercise: bool = False) -> None:
    """Log live events, each with its `kind` and `payload`; in an exercise every one says so."""
    for event in events if exercise else ():
        event["payload"]["exercise"] = True
    if events:
        connection.execute(_QUERIES["log_live_events"], {"rows": Jsonb(list(events))})


def _alert_event(step: Step) -> Event:
    alert, transition = step.alert, step.transition
    payload = {
        "alert_id": alert.id,
        "subject": alert.subject,
        "sensor": alert.place.name,
        "rule": alert.rule_id,
        "from": transition.from_level,
        "to": transition.to_level,
        "state": step.to_state,
        "reason": step.reason,
        "time": iso(transition.time),
    }
    # What a quiet screen passes over is told all the same, with the reason to be quiet.
    payload |= {"retracts": True} if transition.retracts else {}
    payload |= {"suppressed": True} if step.suppressed_by is not None else {}
    return {"kind": "alert", "payload": payload}


def run_events(runs: Sequence[Run], townships: Mapping[int | None, str | None]) -> list[Event]:
    """What runs that started or rose tell; `townships` has the names."""
    return [
        {
            "kind": "run",
            "payload": {
                "run_id": run.id,
                "plan": run.plan_id,
                "level": move.to_level,
                "township": townships.get(run.township_id),
                "township_id": run.township_id,
                "reason": move.reason,
                "time": iso(move.time),
            },
        }
        for run in runs
        for move in run.transitions
    ]


def _corrected_event(run: Event, steps: Sequence[Step]) -> Event:
    return {
        "kind": "run",
        "payload": {
            "run_id": run["id"],
            "plan": run["plan_id"],
            "level": run["level"],
            "township": run["name"],
            "township_id": run["township_id"],
            "reason": "corrected",
            "time": iso(max(step.transition.time for step in steps)),
        },
    }
