"""What follows from alerts that were written, whoever moved them: what hides what, and incidents."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from alerts.incident_inhibition import Inhibition, inhibition_events
from alerts.incidents import HasId, group
from alerts.tell import Event, tell_events
from config.database import Connection
from config.queries import Queries

_QUERIES = Queries(Path(__file__).with_name("queries.sql"))


def settle(
    connection: Connection, alerts: Iterable[HasId], crowded: Sequence[int], time: datetime, *, exercise: bool
) -> list[Event]:
    """Hide and show by what is red now of the `crowded` subjects, those with more than one alert; then incidents.

    Returns live events, of the alerts that were hidden or shown too, to be logged last of all.
    """
    if not crowded:
        return list(group(connection, alerts).events)
    asked = {"subjects": list(crowded), "time": time, "exercise": exercise}
    moved = connection.execute(_QUERIES["inhibit"], asked)
    grouped = group(connection, alerts)
    told = inhibition_events(connection, _inhibition(moved.fetchall()), time)
    return [*grouped.events, *told]


def settle_again(connection: Connection, time: datetime) -> None:
    """What a writer passed over, as another had just written it; each in its own transaction, to be called often."""
    exercises: dict[bool, list[int]] = {}
    for subject, exercise in connection.execute(_QUERIES["unsettled"]).fetchall():
        exercises.setdefault(exercise, []).append(subject)
    for exercise, subjects in exercises.items():
        with connection.transaction():
            tell_events(connection, settle(connection, [], subjects, time, exercise=exercise), exercise=exercise)


def _inhibition(rows: Sequence[tuple[int, int | None]]) -> Inhibition:
    hidden = {alert: by for alert, by in rows if by is not None}
    return Inhibition(hidden=hidden, released=tuple(alert for alert, by in rows if by is None))
