"""What the screen showed at a moment of the past, as the books tell it.

By event time, and by what is known today: an alert that was found late, a correction, a boundary that was mended
count as if they had been known then (docs/past.md). All of it in the scope of the connection.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, LiteralString, TypeVar

from psycopg.rows import class_row

from config.database import Connection
from config.queries import Queries
from screen.errors import NoSuchMoment

QUERIES = Queries(Path(__file__).with_name("past_queries.sql"))
T = TypeVar("T")


def check_moment(connection: Connection, at: datetime, now: datetime) -> None:
    """Raise NoSuchMoment for a time that has not come by the clock `now`, or before the first reading."""
    if at > now:
        raise NoSuchMoment(f"at: the clock says {now.isoformat()}, and that is later", "所选时间晚于当前时钟。")
    first = first_reading(connection)
    if first is None:
        raise NoSuchMoment("at: there is no reading yet, and so nothing to go back to", "尚无读数，没有可回放的内容。")
    if at < first:
        raise NoSuchMoment(
            f"at: the first reading that is kept is of {first.isoformat()}", "所选时间早于保存的第一条读数。"
        )


def first_reading(connection: Connection) -> datetime | None:
    """Since when there is anything to go back to; of a day with very many readings, its beginning."""
    row = connection.execute(QUERIES["first"]).fetchone()
    return None if row is None else row[0]


def sensors_within(connection: Connection, at: datetime, division: int | None, most: int) -> list[int] | None:
    """Those of the scope that stood in a division then, as divided then (None: all); None where there are more."""
    asked = {"at": at, "division": division, "limit": most + 1}
    query = QUERIES["sensors_in_scope" if division is None else "sensors_within"]
    found = [row[0] for row in connection.execute(query, asked)]
    return found if len(found) <= most else None


def sensors_of_those_within(connection: Connection, ids: list[int], at: datetime, division: int | None) -> list[int]:
    """Of these sensors those that stood in the division then; None: all of them."""
    if division is None:
        return ids
    asked = {"at": at, "division": division, "limit": None}
    return sorted({row[0] for row in connection.execute(QUERIES["sensors_within"], asked)}.intersection(ids))


def read_rows(connection: Connection, query: LiteralString, kind: type[T], **asked: Any) -> list[T]:
    """The rows of one of QUERIES as values of the class whose fields are its columns."""
    with connection.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(QUERIES[query], asked).fetchall()


def moments(since: datetime, until: datetime, count: int) -> list[datetime]:
    """So many moments at equal distances, the first and the last among them; whole seconds."""
    if count < 2:
        return [until]
    step = (until - since) / (count - 1)
    return [(since + step * number).replace(microsecond=0) if number < count - 1 else until for number in range(count)]


def within(span: timedelta, most: timedelta) -> bool:
    """Whether a span goes forward, and not too far."""
    return timedelta(0) < span <= most
