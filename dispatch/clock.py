"""The time that runs go by: the told clock of a replay, else the database's."""

from datetime import datetime
from pathlib import Path

from alerts.acts import now
from config.database import Connection
from config.queries import Queries

QUERIES = Queries(Path(__file__).with_name("queries.sql"))


def now_of(connection: Connection) -> datetime:
    """Now, aware."""
    return now(connection)


def is_told(connection: Connection) -> bool:
    """Whether a clock is told, so that the machine's knows nothing of when a time will be."""
    row = connection.execute(QUERIES["is_told"]).fetchone()
    return row is not None and bool(row[0])
