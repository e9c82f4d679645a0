"""All figures of a time and place, each part in the scope of the right that it needs."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from access.places import place_names
from config.database import Connection
from events.figures import Closure
from people.posts import shipped_posts
from screen import figures
from screen.figures import (
    Acknowledged,
    AlertCount,
    Answered,
    Coverage,
    Division,
    Judged,
    Load,
    Online,
    Taken,
    TaskCount,
    UnitNamed,
)
from screen.figures_period import Asked, Unit
from web.figures_asked import EVENTS, PEOPLE, TASKS, FiguresQuery, meant
from web.figures_words import DEFINED
from web.names import titles_in_force
from web.people_names import names_of
from web.viewing import View


@dataclass(frozen=True, kw_only=True)
class May:
    """Which parts whoever asks may see."""

    tasks: bool
    events: bool
    people: bool


@dataclass(frozen=True, kw_only=True)
class Loaded(Load):
    """With what they are called."""

    name: str | None  # None: names are not told
    place: str
    post_zh: str
    post_en: str


@dataclass(frozen=True, kw_only=True)
class Told:
    """A rule's title."""

    zh: str
    en: str


@dataclass(frozen=True, kw_only=True)
class Definition:
    """What a figure means."""

    zh: str
    en: str
    means_zh: str
    means_en: str
    unit_zh: str
    unit_en: str
    sql: str


@dataclass(frozen=True, kw_only=True)
class Tasks:
    """Plans at work."""

    counts: Sequence[TaskCount]
    times: Sequence[Taken]
    load: Sequence[Loaded]


@dataclass(frozen=True, kw_only=True)
class Events:
    """What people reported."""

    closure: Sequence[Closure]
    times: Sequence[Taken]


@dataclass(frozen=True, kw_only=True)
class Headline:
    """What is told against the period before."""

    alerts: dict[str, int]  # by level
    acknowledged_s: float | None
    called: int | None
    answered: int | None
    on_site_s: float | None
    reported: int | None
    closed: int | None
    closed_grid: int | None


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Everything on the page; times in seconds, instants with their offset."""

    since: datetime
    until: datetime
    now: datetime
    first: date
    last: date
    days: Sequence[date]  # that have begun
    division: Division | None
    level: Unit
    levels: Sequence[Unit]
    cell: Unit
    units: Sequence[UnitNamed]
    drills: bool
    exercise: bool
    may: May
    alerts: Sequence[AlertCount]
    alert_times: Sequence[Taken]
    false_alarms: Sequence[Judged]
    rules: dict[str, Told]
    coverage: Sequence[Coverage]
    online: Sequence[Online]
    tasks: Tasks | None
    events: Events | None
    this: Headline
    before: Headline
    bins_s: Sequence[int]
    definitions: dict[str, Definition]
    kind: Literal["figures"] = "figures"


def read_figures(view: View, query: FiguresQuery) -> Figures:
    """All of them; raises AskedWrongError and DivisionUnknownError."""
    with view.connection() as connection:
        what = meant(connection, view, query)
    asked = what.asked
    # Each on a connection of its own: a month of a city keeps more than one processor busy.
    with ThreadPoolExecutor(4) as at_once:
        alerts, tasks = at_once.submit(_alerts, view, asked), at_once.submit(_tasks, view, asked)
        before, events = at_once.submit(_tasks_before, view, asked), at_once.submit(_events, view, asked)
        part, answered, answered_before = alerts.result(), tasks.result(), before.result()
        reported, reported_before = events.result()
    return Figures(
        since=asked.since, until=asked.until, now=asked.now, first=what.first, last=what.last, days=asked.days(),
        division=what.division, level=asked.level, levels=what.levels, cell=asked.cell, units=what.units,
        drills=what.drills, exercise=what.exercise,
        may=May(tasks=answered is not None, events=reported is not None, people=view.may(PEOPLE)),
        alerts=part.counts, alert_times=part.times, false_alarms=part.judged, rules=part.rules,
        coverage=part.coverage, online=part.online, tasks=answered, events=reported,
        this=Headline(
            alerts={one.peak: one.count for one in part.counts if one.by == "all"},
            acknowledged_s=_median(part.times, "acknowledged"),
            **_answered(_now(answered)), **_closed(reported.closure if reported else None),
        ),
        before=Headline(
            alerts=part.before, acknowledged_s=part.acknowledged_before.median_s,
            **_answered(answered_before), **_closed(reported_before),
        ),
        bins_s=figures.BINS_S,
        definitions={key: Definition(**vars(one)) for key, one in DEFINED.items()},
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Alerts:
    """What alerts and sensors tell."""

    counts: Sequence[AlertCount]
    times: Sequence[Taken]
    judged: Sequence[Judged]
    rules: dict[str, Told]
    coverage: Sequence[Coverage]
    online: Sequence[Online]
    before: dict[str, int]
    acknowledged_before: Acknowledged


def _alerts(view: View, asked: Asked) -> Alerts:
    """In the scope of the right that the page needs."""
    with _reading(view) as connection:
        judged, titles = figures.false_alarms(connection, asked), titles_in_force(connection)
        return Alerts(
            counts=figures.alert_counts(connection, asked),
            times=figures.alert_times(connection, asked),
            judged=judged,
            rules={one.rule_id: Told(**titles[one.rule_id]) for one in judged if one.rule_id in titles},
            coverage=figures.coverage(connection, asked),
            online=figures.online(connection, asked),
            before=figures.alert_totals(connection, asked.before()),
            acknowledged_before=figures.alert_acknowledged(connection, asked.before()),
        )


@contextmanager
def _reading(view: View) -> Iterator[Connection]:
    """One moment of the records, with room to sort a month of them in memory."""
    with view.connection() as connection, connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        connection.execute("set local work_mem = '64MB'")
        yield connection


def _tasks_before(view: View, asked: Asked) -> Answered | None:
    """Of the period before, in the same scope."""
    if not view.may(TASKS):
        return None
    with _reading(view.by(TASKS)) as connection:
        return figures.tasks_answered(connection, asked.before())


def _tasks(view: View, asked: Asked) -> Tasks | None:
    """In the scope of the right to see plan runs; names in that of the right to see people."""
    if not view.may(TASKS):
        return None
    with _reading(view.by(TASKS)) as connection:
        names = view.may(PEOPLE)
        counted = figures.tasks(connection, asked, by_person=names)
        loaded = counted.load if names else figures.load_by_post(connection, asked)
        places = place_names(connection, {one.division_id for one in loaded}, now=asked.at)
    return Tasks(counts=counted.counts, times=counted.times, load=_named(view, loaded, places))


def _named(view: View, loaded: Sequence[Load], places: dict[int, str]) -> list[Loaded]:
    people = {one.person_id for one in loaded if one.person_id is not None}
    names: dict[object, str] = {}
    if people:
        theirs = view.by(PEOPLE)
        with theirs.connection() as connection:
            found = names_of(theirs, connection, people)
            names = {person: found.of(person) for person in people}
    return [
        Loaded(
            **vars(one), name=names.get(one.person_id), place=places.get(one.division_id, "—"),
            post_zh=_post(one.post, "zh"), post_en=_post(one.post, "en"),
        )
        for one in loaded
    ]  # fmt: skip


def _post(post_id: str, language: Literal["zh", "en"]) -> str:
    post = shipped_posts().get(post_id)
    return post_id if post is None else getattr(post, language)


def _events(view: View, asked: Asked) -> tuple[Events | None, Sequence[Closure] | None]:
    """In the scope of the right to see events."""
    if not view.may(EVENTS):
        return None, None
    with _reading(view.by(EVENTS)) as connection:
        found = Events(closure=figures.event_closure(connection, asked), times=figures.event_times(connection, asked))
        return found, figures.event_closure(connection, asked.before())


def _now(tasks: Tasks | None) -> Answered | None:
    counts = next((one for one in tasks.counts if one.of_all), None) if tasks else None
    if tasks is None or counts is None:
        return None
    return Answered(called=counts.called, answered=counts.answered, on_site_s=_median(tasks.times, "on_site"))


def _answered(tasks: Answered | None) -> dict[str, Any]:
    return vars(tasks) if tasks else {"called": None, "answered": None, "on_site_s": None}


def _closed(events: Sequence[Closure] | None) -> dict[str, Any]:
    found = next((one for one in events if one.of_all), None) if events else None
    return {field: getattr(found, field, None) for field in ("reported", "closed", "closed_grid")}


def _median(times: Sequence[Taken], step: str) -> float | None:
    return next((one.median_s for one in times if one.of_all and one.step == step), None)


@dataclass(frozen=True, kw_only=True)
class Strip:
    """A line of figures of today, for a wall."""

    at: datetime
    division: str | None
    drills: bool
    sensors: int
    silent: int
    alerts: dict[str, int]  # by level
    acknowledged: int
    acknowledged_s: float | None
    reported: int | None  # None: not for whoever asks
    closed: int | None


def read_strip(view: View, within: int | None) -> Strip:
    """Of today so far; raises DivisionUnknownError."""
    with view.connection() as connection:
        asked, division = _today(connection, view, within)
        [now] = figures.online_at(connection, asked, [asked.at])
        alerts = figures.alert_totals(connection, asked)
        acknowledged = figures.alert_acknowledged(connection, asked)
    closed = None
    if view.may(EVENTS):
        with view.by(EVENTS).connection() as connection:
            closed = next(one for one in figures.event_closure(connection, asked) if one.of_all)
    return Strip(
        at=asked.at, division=division.name if division else None, drills=asked.exercise, sensors=now.sensors,
        silent=now.silent, alerts=alerts, acknowledged=acknowledged.count,
        acknowledged_s=acknowledged.median_s, reported=closed.reported if closed else None,
        closed=closed.closed if closed else None,
    )  # fmt: skip


def _today(connection: Connection, view: View, within: int | None) -> tuple[Asked, Division | None]:
    what = meant(connection, view, FiguresQuery(span="today", **{"in": within}))
    return what.asked, what.division
