"""What follows from alerts that were written, whoever moved them: what hides what, and incidents."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from alerts.incidents import HasId, group
from alerts.tell import Event
from config.database import Connection
from config.queries import Queries

_QUERIES = Queries(Path(__file__).with_name("queries.sql"))


def settle(
    connection: Connection, alerts: Iterable[HasId], crowded: Sequence[int], time: datetime, *, exercise: bool
) -> list[Event]:
    """Hide and show by what is red now of the `crowded` subjects, those with more than one alert; then incidents.

    Returns live events, to be logged last of all.
    """
    if crowded:
        connection.execute(_QUERIES["inhibit"], {"subjects": list(crowded), "time": time, "exercise": exercise})
    return list(group(connection, alerts).events)
