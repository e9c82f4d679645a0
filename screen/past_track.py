"""The chart of an event: how many alerts were open at each level, what began and ended, which values were reached."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, groupby

from config.database import Connection
from screen.errors import NoSuchMoment
from screen.past import QUERIES, read_rows, within

LONGEST = timedelta(days=31)
BUCKETS_AT_MOST = 1_000
MOMENTS_AT_MOST = 2_000
_BUCKETS = 240  # of a step that nobody named
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
_LEVELS = ("red", "orange", "yellow", "blue")
_VALUES_OF = 3  # sensors: more than that no chart can tell apart


@dataclass(frozen=True, kw_only=True)
class Shown:
    """From then on an alert was on the board at a level; None: not any more."""

    alert_id: int
    time: datetime
    level: str | None
    sensor_id: int | None
    exercise: bool
    label: str  # of its sensor, or of what else it is about


@dataclass(frozen=True, kw_only=True)
class RunOver:
    """A plan that was under way at some time of the span."""

    id: int
    name: str
    township: str
    level: str
    exercise: bool
    begins: datetime
    ends: datetime | None


@dataclass(frozen=True, kw_only=True)
class Course:
    """The largest reading of each bucket; None: there was none."""

    sensor: int
    label: str
    unit: str
    quantity: str
    values: list[float | None]


@dataclass(frozen=True, kw_only=True)
class Track:
    """Counts at the edges of buckets, the first edge at `since`; what opened and closed in the bucket before each."""

    since: datetime
    until: datetime
    step_s: int
    first: datetime | None  # the oldest reading there is
    times: list[datetime]
    red: list[int]
    orange: list[int]
    yellow: list[int]
    blue: list[int]
    opened: list[int]
    closed: list[int]
    runs: list[int]
    values: list[Course]
    moments: list[datetime]  # at which something began, rose or ended
    exercise: bool  # something of it was one


@dataclass(frozen=True, kw_only=True)
class Edges:
    """Since when, and how far apart."""

    since: datetime
    step: timedelta
    count: int

    def times(self) -> list[datetime]:
        """Every edge."""
        return [self.since + number * self.step for number in range(self.count)]

    def after(self, time: datetime) -> int:
        """The first edge at or after a time; `count` where there is none."""
        return min(max(-((self.since - time) // self.step), 0), self.count)


def step_of(span: timedelta, step_s: int | None) -> int:
    """Seconds between two edges: as asked for, else such as makes a chart; raises NoSuchMoment for too many."""
    if not within(span, LONGEST):
        raise NoSuchMoment("from, to: a span goes forward, at most 31 days", "时间段须由早到晚，且不超过 31 天。")
    wanted = step_s or next((one for one in _STEPS_S if span.total_seconds() / one <= _BUCKETS), _STEPS_S[-1])
    if span.total_seconds() / wanted > BUCKETS_AT_MOST:
        raise NoSuchMoment(
            f"step: that makes more than {BUCKETS_AT_MOST} points, take a longer one", "步长过短，请加大步长。"
        )
    return wanted


def read_track(
    connection: Connection,
    since: datetime,
    until: datetime,
    *,
    step_s: int,
    first: datetime | None,
    division: int | None = None,
) -> Track:
    """The chart of a span, in the scope of the connection; `division`: of what lay in it."""
    divisions = divisions_within(connection, division, until)
    step = timedelta(seconds=step_s)
    edges = Edges(since=since, step=step, count=-((since - until) // step) + 1)
    shown = shown_over(connection, since, until, divisions)
    runs = read_rows(connection, "runs_over", RunOver, since=since, until=until, divisions=divisions)
    counted = _counted(shown, edges)
    return Track(
        since=since, until=until, step_s=step_s, first=first, times=edges.times(),
        red=counted["red"], orange=counted["orange"], yellow=counted["yellow"], blue=counted["blue"],
        opened=counted["opened"], closed=counted["closed"], runs=_under_way(runs, edges),
        values=_courses(connection, _gravest(shown), edges, until), moments=_moments(shown, runs, since, until),
        exercise=any(one.exercise for one in shown) or any(one.exercise for one in runs),
    )  # fmt: skip


def divisions_within(connection: Connection, division: int | None, at: datetime) -> list[int] | None:
    """A division and what lay in it then; None: everything."""
    if division is None:
        return None
    found = connection.execute(QUERIES["divisions_within"], {"division": division, "at": at}).fetchall()
    return [row[0] for row in found]


def shown_over(
    connection: Connection, since: datetime, until: datetime, divisions: Sequence[int] | None
) -> list[Shown]:
    """Each change of an alert on the board, alert by alert in order of time; the ones before `since` included."""
    return read_rows(connection, "shown_over", Shown, since=since, until=until, divisions=divisions)


def changes(shown: Iterable[Shown]) -> Iterable[tuple[str | None, Shown]]:
    """Each step that changed what was on the board, with the level before it."""
    for _, steps in groupby(shown, lambda one: one.alert_id):
        before: str | None = None
        for step in steps:
            if step.level != before:
                yield before, step
            before = step.level


def _counted(shown: Sequence[Shown], edges: Edges) -> dict[str, list[int]]:
    deltas: dict[str, list[int]] = defaultdict(lambda: [0] * (edges.count + 1))
    for before, step in changes(shown):
        place = edges.after(step.time)
        if before is not None:
            deltas[before][place] -= 1
        if step.level is not None:
            deltas[step.level][place] += 1
        if step.time > edges.since and (before is None or step.level is None):
            deltas["opened" if before is None else "closed"][place] += 1
    told = {level: list(accumulate(deltas[level][: edges.count])) for level in _LEVELS}
    return told | {kind: deltas[kind][: edges.count] for kind in ("opened", "closed")}


def _under_way(runs: Iterable[RunOver], edges: Edges) -> list[int]:
    deltas = [0] * (edges.count + 1)
    for run in runs:
        deltas[edges.after(run.begins)] += 1
        if run.ends is not None:
            deltas[edges.after(run.ends)] -= 1
    return list(accumulate(deltas[: edges.count]))


def _moments(shown: Sequence[Shown], runs: Iterable[RunOver], since: datetime, until: datetime) -> list[datetime]:
    """Whole seconds, so that a jump shows what happened; of too many those of the gravest."""
    by_level: dict[str, set[datetime]] = defaultdict(set)
    for before, step in changes(shown):
        by_level[min((step.level or "blue", before or "blue"), key=_LEVELS.index)].add(_whole(step.time))
    for run in runs:
        by_level["red"] |= {_whole(time) for time in (run.begins, run.ends) if time is not None}
    found: set[datetime] = set()
    for level in _LEVELS:
        here = {time for time in by_level[level] if since <= time <= until}
        if len(found | here) > MOMENTS_AT_MOST:
            break
        found |= here
    return sorted(found)


def _whole(time: datetime) -> datetime:
    """The next whole second: by then it had happened."""
    return time if time.microsecond == 0 else time.replace(microsecond=0) + timedelta(seconds=1)


def _gravest(shown: Sequence[Shown]) -> list[int]:
    worst: dict[int, int] = {}
    for one in shown:
        if one.sensor_id is not None and one.level is not None:
            rank = _LEVELS.index(one.level)
            worst[one.sensor_id] = min(rank, worst.get(one.sensor_id, rank))
    return sorted(worst, key=lambda sensor: (worst[sensor], sensor))[:_VALUES_OF]


def _courses(connection: Connection, sensors: list[int], edges: Edges, until: datetime) -> list[Course]:
    if not sensors:
        return []
    asked = {"ids": sensors, "since": edges.since, "until": until, "step_s": edges.step.total_seconds()}
    found: dict[int, list[float | None]] = {one: [None] * edges.count for one in sensors}
    for sensor, bucket, value in connection.execute(QUERIES["largest"], asked):
        found[sensor][bucket] = value
    named = connection.execute(QUERIES["named"], {"ids": sensors}).fetchall()
    courses = {
        one: Course(sensor=one, label=label or name, unit=unit, quantity=quantity, values=found[one])
        for one, name, label, unit, quantity in named
    }
    return [courses[one] for one in sensors if one in courses]
