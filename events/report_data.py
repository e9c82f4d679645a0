"""What a daily or weekly report is drawn from: the records, in the scope of the connection; nothing is typed in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from alerts.rule_sets import rules_in_force
from config.database import Connection
from config.logs import BEIJING
from config.queries import Queries
from events.figures import Closure, Period, StepTime, closure, step_times
from people.duty import OnDuty, on_duty_for
from people.posts import shipped_posts

QUERIES = Queries(Path(__file__).with_name("report_queries.sql"))
MOST_ROWS = 20_000  # of one sheet

# When it is asked who is on duty: at the beginning of the day's turn and of the night's. [D]
TURNS = (time(8), time(20))
_SENIOR = 40  # posts up to this rank are those of the duty of a township

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Turn:
    """Who is on duty for a township at the beginning of a turn."""

    at: datetime
    township_id: int
    who: OnDuty


@dataclass(frozen=True, kw_only=True)
class Records:
    """All of a report."""

    period: Period
    alerts: Sequence[Row]
    runs: Sequence[Row]
    answered: Sequence[Row]
    events: Sequence[Row]
    closure: Sequence[Closure]
    times: Sequence[StepTime]
    duty: Sequence[Turn]
    places: dict[int, str] = field(default_factory=dict)
    rules: dict[str, str] = field(default_factory=dict)  # titles

    def people(self) -> set[UUID]:
        """Whose names it needs."""
        answered = {row["person_id"] for row in self.answered if row["person_id"] is not None}
        stood_for = {turn.who.instead_of for turn in self.duty if turn.who.instead_of is not None}
        return answered | stood_for | {turn.who.person_id for turn in self.duty}


def day_of(day: date, within: int | None = None) -> Period:
    """A day in Beijing."""
    return _days(day, 1, within)


def week_of(day: date, within: int | None = None) -> Period:
    """The week that a day is in, from its Monday."""
    return _days(day - timedelta(days=day.weekday()), 7, within)


def _days(first: date, days: int, within: int | None) -> Period:
    begin = datetime.combine(first, time(), BEIJING)
    return Period(since=begin, until=begin + timedelta(days=days), within=within)


def records(connection: Connection, period: Period, *, until_now: datetime, owner: bool = False) -> Records:
    """Read all of it at one moment; turns that have not begun at `until_now` are left out. `owner`: of everything."""
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        asked = {"since": period.since, "until": period.until, "within": period.within, "most": MOST_ROWS}
        found = {name: _rows(connection, name, asked) for name in ("alerts", "runs", "answered", "events")}
        counted, times = closure(connection, period), step_times(connection, period)
        duty = _duty(connection, period, until_now, owner=owner)
        made = Records(
            period=period, alerts=found["alerts"], runs=found["runs"], answered=found["answered"],
            events=found["events"], closure=counted, times=times, duty=duty,
        )  # fmt: skip
        made.places.update(_places(connection, made))
        made.rules.update({rule.id: rule.label.zh for rule in rules_in_force(connection)})
    return made


def _duty(connection: Connection, period: Period, until_now: datetime, *, owner: bool) -> list[Turn]:
    asked = {"at": period.since, "within": period.within, "owner": owner}
    townships = [row[0] for row in connection.execute(QUERIES["townships"], asked)]
    senior = {post.id for post in shipped_posts() if post.rank <= _SENIOR}
    found = []
    for at in _turns(period, until_now):
        there = on_duty_for(connection, [(township, None) for township in townships], at)
        for township, people in zip(townships, there, strict=True):
            found += [Turn(at=at, township_id=township, who=one) for one in people if one.post in senior]
    return found[:MOST_ROWS]


def _turns(period: Period, until_now: datetime) -> list[datetime]:
    days = (period.until - period.since).days
    all_of_them = [
        datetime.combine((period.since + timedelta(days=day)).astimezone(BEIJING).date(), turn, BEIJING)
        for day in range(days)
        for turn in TURNS
    ]
    return [at for at in all_of_them if at <= until_now]


def _places(connection: Connection, made: Records) -> dict[int, str]:
    ids = {row[key] for row in (*made.alerts, *made.events) for key in ("township_id", "grid_id")}
    ids |= {row["village_id"] for row in made.events} | {row["township_id"] for row in made.runs}
    ids |= {row["division_id"] for row in made.answered} | {turn.township_id for turn in made.duty}
    ids |= {one.division_id for one in made.closure} | {made.period.within}
    asked = {"ids": [one for one in ids if one is not None], "at": made.period.until - timedelta(microseconds=1)}
    return dict(connection.execute(QUERIES["names"], asked).fetchall())


def _rows(connection: Connection, query: str, asked: Row) -> list[Row]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(QUERIES[query], asked).fetchall()
