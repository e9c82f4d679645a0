"""People in large numbers, for measuring: each does one job, none has a name."""

from datetime import datetime
from pathlib import Path

from config.database import Connection
from config.queries import Queries

QUERIES = Queries(Path(__file__).with_name("generated_queries.sql"))
_MADE = ("organisations", "places", "analyze_places", "jobs", "analyze_jobs", "people", "terms")
_DONE = ("holdings", "corrected", "shifts", "absences")


def make_people(connection: Connection, people: int, *, at: datetime) -> int:
    """Up to so many people for the townships, villages and grids of an instant; how many there are now.

    With them a history: whoever held a post before, corrections, a roster of two months around `at`, absences.
    Not beside real people: it writes an organisation for each township.
    """
    with connection.transaction():
        for step in (*_MADE, *_DONE):
            connection.execute(QUERIES[step], {"at": at, "people": people})
        row = connection.execute("select count(*) from people").fetchone()
    assert row is not None
    return int(row[0])
