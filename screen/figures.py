"""The figures of the command centre: everything from the records, in the scope of the connection; nothing is typed in.

What each one means in a sentence: docs/figures.md. Times are seconds, shares are left to whoever shows them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar
from uuid import UUID

from psycopg.rows import class_row

from config.database import Connection
from config.queries import Queries
from events.figures import Closure
from screen.figures_period import Asked

QUERIES = Queries(Path(__file__).with_name("figures_queries.sql"))
MOST_LOADED = 50  # that are listed
# Where the bins of a histogram end, in seconds; the last has no end. As the queries count them.
BINS_S = (60, 300, 900, 1800, 3600, 14400, 86400)
LEVELS = ("red", "orange", "yellow", "blue")

Row = TypeVar("Row")


@dataclass(frozen=True, kw_only=True)
class Division:
    """One that is asked for."""

    id: int
    level: str
    name: str
    code: str


@dataclass(frozen=True, kw_only=True)
class UnitNamed:
    """One of those that are compared."""

    id: int
    name: str
    code: str


@dataclass(frozen=True, kw_only=True)
class AlertCount:
    """How many alerts reached this level and no higher: of all, a day, a family or a compared division."""

    by: Literal["all", "day", "family", "unit"]
    day: date | None
    family: str | None
    unit_id: int | None  # of `unit`; None: they lie in none of those that are compared
    peak: str
    count: int


@dataclass(frozen=True, kw_only=True)
class Taken:
    """How long a step took, of all or of a compared division."""

    step: str
    unit_id: int | None
    of_all: bool
    count: int
    marks: Sequence[float]  # p50, p90, p99 of all; of a division p50
    longest_s: float | None
    bins: Sequence[int] | None  # how many within each of BINS_S, and beyond

    @property
    def median_s(self) -> float:
        """The middle one."""
        return self.marks[0]


@dataclass(frozen=True, kw_only=True)
class TaskCount:
    """Tasks for which somebody was called."""

    unit_id: int | None
    of_all: bool
    called: int  # an answer was owed
    answered: int
    done: int
    late: int
    open: int


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Alerts of a rule, and what they were found to be when they were closed."""

    rule_id: str
    raised: int
    judged: int
    real: int
    false_alarms: int
    trials: int  # drill or test


@dataclass(frozen=True, kw_only=True)
class Load:
    """What one person, or the people of a post in a place, answered for."""

    person_id: UUID | None  # None: names are not told
    post: str
    division_id: int
    people: int  # who answered
    answered: int
    done: int
    open: int
    late: int
    holders: int  # of the post for that place, at the end


@dataclass(frozen=True, kw_only=True)
class Acknowledged:
    """Of all alerts."""

    count: int
    median_s: float | None  # None: of none


@dataclass(frozen=True, kw_only=True)
class Answered:
    """Of all tasks."""

    called: int
    answered: int
    on_site_s: float | None  # None: nobody got there


@dataclass(frozen=True, kw_only=True)
class TaskFigures:
    """All that one look at the tasks tells."""

    counts: Sequence[TaskCount]
    times: Sequence[Taken]  # from the call to acknowledged (the first also per compared division), on_site, done
    load: Sequence[Load]  # by person, the most loaded first


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """Which divisions have sensors, and which of these are heard."""

    unit_id: int | None
    of_all: bool
    cells: int  # divisions that are to be covered
    located: int
    covered: int  # with a sensor or more
    dark: int  # of these, without one that is heard
    sensors: int
    silent: int  # a silence alert stands
    unheard: int  # no reading ever came


@dataclass(frozen=True, kw_only=True)
class Online:
    """Sensors at an instant."""

    at: datetime
    sensors: int
    silent: int


def division(connection: Connection, within: int, *, at: datetime) -> Division | None:
    """One that is asked for; None where the scope has none such."""
    found = _rows(connection, Division, "division", {"within": within, "at": at})
    return found[0] if found else None


def districts_seen(connection: Connection) -> int:
    """How many districts the scope reaches into."""
    return int(_one(connection, "districts_seen"))


def is_exercise(connection: Connection) -> bool:
    """Whether all that there is, is an exercise."""
    return bool(_one(connection, "is_exercise"))


def units(connection: Connection, asked: Asked) -> list[UnitNamed]:
    """Those that are compared, by code."""
    return _rows(connection, UnitNamed, "units", _values(asked))


def alert_counts(connection: Connection, asked: Asked) -> list[AlertCount]:
    """By the highest level that each reached."""
    return _rows(connection, AlertCount, "alert_counts", _values(asked))


def alert_totals(connection: Connection, asked: Asked) -> dict[str, int]:
    """Of all, by the highest level that each reached."""
    return dict(connection.execute(QUERIES["alert_totals"], _values(asked)).fetchall())


def alert_acknowledged(connection: Connection, asked: Asked) -> Acknowledged:
    """How many were, and the middle time until then."""
    return _rows(connection, Acknowledged, "alert_acknowledged", _values(asked))[0]


def tasks_answered(connection: Connection, asked: Asked) -> Answered:
    """How many owed and had an answer, and the middle time until somebody was on site."""
    return _rows(connection, Answered, "tasks_answered", _values(asked))[0]


def alert_times(connection: Connection, asked: Asked) -> list[Taken]:
    """From the raise to acknowledged, in_hand, resolved, closed; the first also per compared division."""
    return _rows(connection, Taken, "alert_times", _values(asked))


def tasks(connection: Connection, asked: Asked, *, by_person: bool = False) -> TaskFigures:
    """Tasks for which somebody was called; `by_person`: names may be told, and who answered for most is told, too."""
    values = {**_values(asked), "by_person": by_person, "most": MOST_LOADED}
    row = connection.execute(QUERIES["tasks"], values).fetchone()
    assert row is not None
    counts, times, loaded = row
    return TaskFigures(
        counts=[TaskCount(**one) for one in counts],
        times=[Taken(**one) for one in times],
        load=_load_told(connection, asked, loaded),
    )


def _load_told(connection: Connection, asked: Asked, loaded: list[dict[str, Any]]) -> list[Load]:
    """With post and place of the last task of each."""
    if not loaded:
        return []
    ids = {**_values(asked), "ids": [one["last_id"] for one in loaded]}
    told = {row[0]: row[1:] for row in connection.execute(QUERIES["load_told"], ids)}
    found = []
    for one in loaded:
        post, division_id, holders = told[one.pop("last_id")]
        person = UUID(one.pop("person_id"))
        found.append(Load(person_id=person, post=post, division_id=division_id, people=1, holders=holders, **one))
    return found


def event_closure(connection: Connection, asked: Asked) -> list[Closure]:
    """What was reported and closed, of all and per compared division."""
    return _rows(connection, Closure, "event_closure", _values(asked))


def event_times(connection: Connection, asked: Asked) -> list[Taken]:
    """Of accepted, assigned, handled, verified, and the whole."""
    return _rows(connection, Taken, "event_times", _values(asked))


def false_alarms(connection: Connection, asked: Asked) -> list[Judged]:
    """By rule, the one with most false alarms first."""
    return _rows(connection, Judged, "false_alarms", _values(asked))


def load_by_post(connection: Connection, asked: Asked) -> list[Load]:
    """The most loaded first, where names may not be told."""
    return _rows(connection, Load, "load_by_post", {**_values(asked), "most": MOST_LOADED})


def coverage(connection: Connection, asked: Asked) -> list[Coverage]:
    """At the end of the time, or now."""
    return _rows(connection, Coverage, "coverage", _values(asked))


def online(connection: Connection, asked: Asked) -> list[Online]:
    """At the end of each hour or day."""
    instants = asked.instants()
    return online_at(connection, asked, instants) if instants else []


def online_at(connection: Connection, asked: Asked, instants: Sequence[datetime]) -> list[Online]:
    """At each of these, in their order; there is one or more."""
    return _rows(connection, Online, "online", {**_values(asked), "instants": list(instants)})


def _values(asked: Asked) -> dict[str, Any]:
    return {**vars(asked), "at": asked.at}


def _rows(connection: Connection, kind: type[Row], name: str, values: dict[str, Any]) -> list[Row]:
    with connection.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(QUERIES[name], values).fetchall()


def _one(connection: Connection, name: str) -> Any:
    row = connection.execute(QUERIES[name]).fetchone()
    assert row is not None
    return row[0]
