"""The newest CAP messages, for a feed to list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from alerts.cap_words import WordsOf
from alerts.out_alerts import QUERIES
from alerts.out_messages import write_messages
from config.database import Connection
from config.settings import OutSettings


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A message as a feed names it."""

    transition_id: int
    alert_id: int
    revision: int
    identifier: str
    sent: datetime
    msg_type: str
    level: str
    headline_zh: str
    headline_en: str


@dataclass(frozen=True, kw_only=True)
class Page:
    """A stretch of the feed, the newest first."""

    messages: Sequence[Listed]
    before: int | None  # go on from here; None: there is no more


def read_feed(
    connection: Connection,
    words: WordsOf,
    settings: OutSettings,
    *,
    division: str | None,
    levels: list[str] | None,
    exercises: bool,
    before: int | None,
    limit: int,
) -> Page:
    """The messages of the newest transitions, at most `limit`; what was not written down yet is."""
    asked = {"division": division, "levels": levels, "exercises": exercises, "before": before, "limit": limit}
    rows = connection.execute(QUERIES["feed_transitions"], asked, prepare=False).fetchall()
    ids = [number for number, _ in rows]
    write_messages(connection, sorted({alert for _, alert in rows}), words, settings)
    with connection.cursor(row_factory=class_row(Listed)) as cursor:
        messages = cursor.execute(QUERIES["feed"], {"ids": ids, "levels": levels}).fetchall()
    return Page(messages=messages, before=ids[-1] if len(ids) == limit else None)
