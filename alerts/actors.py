"""Who did it: a person or a system, told in transitions by an id that says nothing."""

from pathlib import Path
from typing import Literal
from uuid import UUID

from config.database import Connection
from config.queries import Queries

ACT_QUERIES = Queries(Path(__file__).with_name("act_queries.sql"))


def actor_of(connection: Connection, name: str, kind: Literal["person", "system"] = "person") -> UUID:
    """The id of the oldest actor of that name; a new one where there is none."""
    asked = {"name": name.strip(), "kind": kind}
    row = connection.execute(ACT_QUERIES["find_actor"], asked).fetchone()
    if row is None:
        with connection.transaction():
            connection.execute(ACT_QUERIES["lock_actors"])
            row = connection.execute(ACT_QUERIES["find_actor"], asked).fetchone()
            row = row or connection.execute(ACT_QUERIES["add_actor"], asked).fetchone()
    assert row is not None
    found: UUID = row[0]
    return found
