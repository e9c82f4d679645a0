"""Posts, shifts, organisations and rights of divisions that are gone or were split, from a date of effect on.

All of them are told by ranges of time, so they are written when the draft is published, also for later.
"""

from datetime import datetime
from pathlib import Path
from uuid import UUID

from psycopg import Cursor, sql
from psycopg.rows import TupleRow

from config.queries import Queries

QUERIES = Queries(Path(__file__).with_name("follow_queries.sql"))

_POSTS = {"holding": ("post_holdings", "valid"), "shift": ("shifts", "during")}  # as boundary_follows names them


def follow_people(cursor: Cursor[TupleRow], draft_id: UUID, *, effective: datetime, actor: UUID) -> None:
    """After the lineage of the draft is written, in its transaction."""
    cursor.execute(QUERIES["create_heirs"], {"draft": draft_id})
    cursor.execute(QUERIES["lock_holders"], {"effective": effective})
    # Later than all that was waited for.
    row = cursor.execute("select clock_timestamp()").fetchone()
    assert row is not None
    named = {"draft": draft_id, "effective": effective, "recorded": row[0], "actor": actor}
    for kind, (held, span) in _POSTS.items():
        posts = sql.SQL(QUERIES["follow_posts"].decode()).format(held=sql.Identifier(held), span=sql.Identifier(span))
        cursor.execute(posts, {**named, "kind": kind})
    for query in ("follow_organisations", "follow_roles", "note_tokens"):
        cursor.execute(QUERIES[query], named)
    cursor.execute(QUERIES["drop_heirs"])
