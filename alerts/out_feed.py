"""The newest CAP messages, for a feed to list."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from alerts.out_alerts import QUERIES
from config.database import Connection


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
    write: Callable[[Sequence[int]], object],
    *,
    division: str | None,
    levels: list[str] | None,
    exercises: bool,
    before: int | None,
    limit: int,
) -> Page:
    """The messages of the newest transitions that the connection shows, at most `limit`.

    `write` is given their alerts, to write down what they have not said yet (see `write_messages`).
    """
    asked = {"division": division, "levels": levels, "exercises": exercises, "before": before, "limit": limit}
    rows = connection.execute(QUERIES["feed_transitions"], asked, prepare=False).fetchall()
    ids = [number for number, _ in rows]
    write(sorted({alert for _, alert in rows}))
    with connection.cursor(row_factory=class_row(Listed)) as cursor:
        messages = cursor.execute(QUERIES["feed"], {"ids": ids, "levels": levels}).fetchall()
    return Page(messages=messages, before=ids[-1] if len(ids) == limit else None)
