"""Writing what the kernel found: alerts, plan runs, tasks and what the screens are told.

`record` runs inside the transaction that stores the readings, and is its last work: writers
queue on the live events' lock from there to their commit. Its statements go out without
waiting for one another, except where an answer decides what comes next.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from alerts.aftermath import settle
from alerts.instants import aware
from alerts.kernel import Transition
from alerts.lifecycle import Moves, apply
from alerts.natures import natures
from alerts.plans import Plan
from alerts.record_runs import follow, mark_corrected, moves_of, write_runs
from alerts.rule_kinds import Common
from alerts.runs import Run
from alerts.standing import OPEN, Key, Pair
from alerts.stored_alerts import draw_ids, look, write_alerts
from alerts.tell import tell
from config.database import Connection
from config.queries import Queries

_QUERIES = Queries(Path(__file__).with_name("queries.sql"))


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """How much a batch moved."""

    opened: int = 0
    changed: int = 0  # alerts that were there before, resolved ones among them
    resolved: int = 0
    reopened: int = 0
    suppressed: int = 0  # opened or changed under a shelf or in maintenance: no run
    unlocated: int = 0  # opened where the subject belongs to no township: no run
    orphans: int = 0  # transitions without an alert
    runs_started: int = 0
    runs_raised: int = 0


def record(
    connection: Connection,
    transitions: Sequence[Transition],
    *,
    rules: Sequence[Common],
    plans: Sequence[Plan],
    late: Collection[tuple[int, int]] = (),
    exercise: bool | None = None,
) -> Recorded:
    """Write the transitions, in their order, and all that follows from them, in the open transaction.

    A transition whose reading (subject, time in µs) is in `late` is marked as found late. `exercise`
    is as the database is marked, where it is not said.
    """
    if not transitions:
        return Recorded()
    with connection.pipeline():
        mark = connection.execute(_QUERIES["prefer_indexes"])
        pairs = look(connection, transitions, exercise=exercise)
        exercise = mark.fetchall()[0][0] is True if exercise is None else exercise
        moves = apply(transitions, pairs, natures(rules))
        draw_ids(connection, moves.alerts())
        write_alerts(connection, moves, late, exercise=exercise)
        news = settle(connection, moves.alerts(), _crowded(moves, pairs), _last(moves), exercise=exercise)
        stood = {alert.id: alert.stood for alert in moves.alerts() if alert.id is not None}
        runs = follow(connection, moves_of(moves.steps, rules), rules, plans, stood, exercise=exercise)
        write_runs(connection, runs, exercise=exercise)
        corrected = mark_corrected(connection, moves.steps)
        tell(connection, moves.steps, runs, corrected, news, exercise=exercise)
    return _recorded(moves, runs)


def _crowded(moves: Moves, pairs: dict[Key, Pair]) -> list[int]:
    """The subjects that have more than one alert, or one that is open again: what hid it then may be over now."""
    keys = {(alert.rule_id, alert.subject) for alert in moves.alerts()}
    counts = Counter(subject for _, subject in keys)
    again = {step.alert.subject for step in moves.steps if step.from_state == "resolved" and step.to_state in OPEN}
    return sorted(again | {key[1] for key in keys if pairs[key].has_kin or counts[key[1]] > 1})


def _last(moves: Moves) -> datetime:
    return aware(max((step.transition.time for step in moves.steps), default=0))


def _recorded(moves: Moves, runs: Sequence[Run]) -> Recorded:
    alerts = moves.alerts()
    opened = [alert for alert in alerts if alert.is_new]
    started = sum(run.started_at is not None for run in runs)
    ended = {id(step.alert) for step in moves.steps if step.from_state != "resolved" == step.to_state}
    return Recorded(
        opened=len(opened),
        changed=len(alerts) - len(opened),
        resolved=sum(alert.state == "resolved" and id(alert) in ended for alert in alerts),
        reopened=sum(step.reason == "reopened" for step in moves.steps),
        suppressed=sum(alert.suppressed_by is not None for alert in alerts),
        unlocated=sum(alert.place.township_id is None for alert in opened),
        orphans=len(moves.orphans),
        runs_started=started,
        runs_raised=sum(run.started_at is None and bool(run.transitions) for run in runs),
    )
