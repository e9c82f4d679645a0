"""All figures of a time and place, each part in the scope of the right that it needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from access.places import place_names
from config.database import Connection
from events.figures import Closure
from people.posts import shipped_posts
from screen import figures
from screen.figures import AlertCount, Coverage, Division, Judged, Load, Online, Taken, TaskCount, UnitNamed
from screen.figures_period import Asked, Unit
from web.figures_asked import EVENTS, PEOPLE, READ, TASKS, FiguresQuery, Meant, meant
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
        alerts, alert_times = figures.alert_counts(connection, asked), figures.alert_times(connection, asked)
        judged = figures.false_alarms(connection, asked)
        covered, online = figures.coverage(connection, asked), figures.online(connection, asked)
        before_alerts, before_times = _alerts_before(connection, asked.before())
        titles = titles_in_force(connection)
    tasks, tasks_before = _tasks(view, what)
    events, events_before = _events(view, asked)
    return Figures(
        since=asked.since, until=asked.until, now=asked.now, first=what.first, last=what.last, days=asked.days(),
        division=what.division, level=asked.level, levels=what.levels, cell=asked.cell, units=what.units,
        drills=what.drills, exercise=what.exercise,
        may=May(tasks=tasks is not None, events=events is not None, people=view.may(PEOPLE)),
        alerts=alerts, alert_times=alert_times, false_alarms=judged,
        rules={one.rule_id: Told(**titles[one.rule_id]) for one in judged if one.rule_id in titles},
        coverage=covered, online=online, tasks=tasks, events=events,
        this=_headline({one.peak: one.count for one in alerts if one.by == "all"}, alert_times,
                       (tasks.counts, tasks.times) if tasks else None, events.closure if events else None),
        before=_headline(before_alerts, before_times, tasks_before, events_before),
        bins_s=figures.BINS_S,
        definitions={key: Definition(**vars(one)) for key, one in DEFINED.items()},
    )  # fmt: skip


def _alerts_before(connection: Connection, asked: Asked) -> tuple[dict[str, int], list[Taken]]:
    return figures.alert_totals(connection, asked), figures.alert_times(connection, asked, by_unit=False)


Counted = tuple[Sequence[TaskCount], Sequence[Taken]]


def _tasks(view: View, what: Meant) -> tuple[Tasks | None, Counted | None]:
    """In the scope of the right to see plan runs; names in that of the right to see people."""
    if not view.may(TASKS):
        return None, None
    with view.by(TASKS).connection() as connection:
        asked, before = what.asked, what.asked.before()
        counted = figures.task_counts(connection, asked), figures.task_times(connection, asked)
        counted_before = figures.task_counts(connection, before), figures.task_times(connection, before, by_unit=False)
        loaded = figures.load(connection, asked, by_person=view.may(PEOPLE))
        places = place_names(connection, {one.division_id for one in loaded}, now=asked.at)
    return Tasks(counts=counted[0], times=counted[1], load=_named(view, loaded, places)), counted_before


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
    with view.by(EVENTS).connection() as connection:
        found = Events(closure=figures.event_closure(connection, asked), times=figures.event_times(connection, asked))
        return found, figures.event_closure(connection, asked.before())


def _headline(
    alerts: dict[str, int],
    times: Sequence[Taken],
    tasks: Counted | None,
    events: Sequence[Closure] | None,
) -> Headline:
    counts = next((one for one in tasks[0] if one.of_all), None) if tasks else None
    closed = next((one for one in events if one.of_all), None) if events else None
    return Headline(
        alerts=alerts,
        acknowledged_s=_median(times, "acknowledged"),
        called=counts.called if counts else None,
        answered=counts.answered if counts else None,
        on_site_s=_median(tasks[1], "on_site") if tasks else None,
        reported=closed.reported if closed else None,
        closed=closed.closed if closed else None,
        closed_grid=closed.closed_grid if closed else None,
    )


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
        times = figures.alert_times(connection, asked, by_unit=False)
    closed = None
    if view.may(EVENTS):
        with view.by(EVENTS).connection() as connection:
            closed = next(one for one in figures.event_closure(connection, asked) if one.of_all)
    acknowledged = next((one for one in times if one.of_all and one.step == "acknowledged"), None)
    return Strip(
        at=asked.at, division=division.name if division else None, drills=asked.exercise, sensors=now.sensors,
        silent=now.silent, alerts=alerts, acknowledged=acknowledged.count if acknowledged else 0,
        acknowledged_s=acknowledged.median_s if acknowledged else None, reported=closed.reported if closed else None,
        closed=closed.closed if closed else None,
    )  # fmt: skip


def _today(connection: Connection, view: View, within: int | None) -> tuple[Asked, Division | None]:
    what = meant(connection, view, FiguresQuery(span="today", **{"in": within}))
    return what.asked, what.division


__all__ = ["READ", "Figures", "Strip", "read_figures", "read_strip"]
