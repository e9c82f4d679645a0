"""What is late is marked, told, and by rule handed up: done by whoever sweeps, at the time that it is given."""

from datetime import datetime

from config.database import Connection
from events.flow import find_late
from events.stored import lock_late, tell, write

_AT_ONCE = 500


def mark_overdue(connection: Connection, at: datetime) -> int:
    """Mark every event whose step is late at `at`, each batch in a transaction; how many there were."""
    found = 0
    while done := _mark(connection, at):
        found += done
    return found


def _mark(connection: Connection, at: datetime) -> int:
    with connection.transaction():
        moves = [find_late(event, at) for event in lock_late(connection, at, most=_AT_ONCE)]
        write(connection, moves)
        tell(connection, moves)
    return len(moves)
