"""The tour of a quiet day: districts one after the other, with what stands there and who is on duty, by numbers."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row, dict_row

from config.database import Connection
from people.duty import on_duty_for
from screen.now import QUERIES, Silent, read_silent

SENSORS_AT_MOST = 5


@dataclass(frozen=True, kw_only=True)
class TourPlace:
    """A district to be shown."""

    id: int
    name: str
    code: str | None


@dataclass(frozen=True, kw_only=True)
class LastOne:
    """A sensor with its last reading."""

    id: int
    name: str
    quantity: str
    unit: str
    time: datetime | None
    value: float | None


@dataclass(frozen=True, kw_only=True)
class Duty:
    """How many answer for a post in the district, its townships' posts among them."""

    post: str
    people: int


@dataclass(frozen=True, kw_only=True)
class TourStop:
    """What is there."""

    id: int
    sensors: int
    last: list[LastOne]
    silent: int
    duty: list[Duty] = field(default_factory=list)  # none where people may not be seen


def read_places(connection: Connection, at: datetime) -> list[TourPlace]:
    """Districts of the scope, in the order of their codes."""
    with connection.cursor(row_factory=class_row(TourPlace)) as cursor:
        return cursor.execute(QUERIES["tour_places"], {"at": at}).fetchall()


def read_stop(connection: Connection, at: datetime, division: int) -> TourStop:
    """Of one district, without its people."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            QUERIES["tour_sensors"], {"at": at, "division": division, "most": SENSORS_AT_MOST}
        ).fetchall()
    silent: Silent = read_silent(connection, at, division, most=1)
    last = [LastOne(**{key: row[key] for key in row if key != "all_of_them"}) for row in rows]
    return TourStop(id=division, sensors=rows[0]["all_of_them"] if rows else 0, last=last, silent=silent.sensors)


def read_duty(connection: Connection, at: datetime, division: int) -> list[Duty]:
    """Who is on duty there, in numbers, the most senior post first."""
    rows = connection.execute(QUERIES["tour_townships"], {"division": division}).fetchall()
    people: dict[str, set[UUID]] = defaultdict(set)
    for answer in on_duty_for(connection, [(row[0], None) for row in rows], at):
        for one in answer:
            people[one.post].add(one.person_id)
    return [Duty(post=post, people=len(found)) for post, found in people.items()]
