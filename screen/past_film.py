"""What a film strip is drawn of: how things stood at each of its frames, and what changed since the one before."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import shapely
from shapely.geometry.base import BaseGeometry

from config.database import Connection
from screen.past import QUERIES, read_rows
from screen.past_track import RunOver, Shown, changes, shown_over

_BELOW = {"city": "district", "district": "township", "township": "grid", "village": "grid", "grid": "grid"}
_RANK = {None: 0, "blue": 1, "yellow": 2, "orange": 3, "red": 4}


@dataclass(frozen=True, kw_only=True)
class Change:
    """What happened between two frames."""

    kind: str  # opened, raised, lowered, closed, started, ended
    time: datetime
    level: str  # after it; of what is over, the one before
    what: str


@dataclass(frozen=True, kw_only=True)
class Between:
    """All that happened from one frame to the next, the gravest first."""

    changes: list[Change]
    answers: Counter[str]  # by kind; nobody is named


@dataclass(frozen=True, kw_only=True)
class _Answered:
    time: datetime
    kind: str


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Where the frames are drawn: the name of the division, "" of the scope, and the lines of what lies in it."""

    name: str
    lines: list[BaseGeometry]


def read_between(
    connection: Connection, frames: Sequence[datetime], divisions: Sequence[int] | None, *, answers: bool
) -> list[Between]:
    """For each frame what happened since the one before (of the first: nothing); `answers`: they may be told."""
    since, until = frames[0], frames[-1]
    shown = shown_over(connection, since, until, divisions)
    runs = read_rows(connection, "runs_over", RunOver, since=since, until=until, divisions=divisions)
    ids = [run.id for run in runs] if answers else []
    answered = read_rows(connection, "answers_over", _Answered, since=since, until=until, runs=ids)
    happened = [*_of_alerts(shown), *_of_runs(runs)]
    found = [Between(changes=[], answers=Counter())]
    for begin, end in pairwise(frames):
        here = [one for one in happened if begin < one.time <= end]
        here.sort(key=lambda one: (-_RANK[one.level], one.time))
        found.append(Between(changes=here, answers=Counter(one.kind for one in answered if begin < one.time <= end)))
    return found


def _of_alerts(shown: Sequence[Shown]) -> list[Change]:
    return [
        Change(kind=_kind(before, step.level), time=step.time, level=step.level or before or "blue", what=step.label)
        for before, step in changes(shown)
    ]


def _kind(before: str | None, level: str | None) -> str:
    if before is None:
        return "opened"
    if level is None:
        return "closed"
    return "raised" if _RANK[level] > _RANK[before] else "lowered"


def _of_runs(runs: Sequence[RunOver]) -> list[Change]:
    told = []
    for run in runs:
        what = f"{run.name} {run.township}".strip()
        told.append(Change(kind="started", time=run.begins, level=run.level, what=what))
        if run.ends is not None:
            told.append(Change(kind="ended", time=run.ends, level=run.level, what=what))
    return told


def read_ground(connection: Connection, at: datetime, division: int | None, divisions: Sequence[int] | None) -> Ground:
    """Districts of the city, townships of a district, grids of a township, as divided then."""
    level, name = "city", ""
    if division is not None:
        row = connection.execute(QUERIES["level_of"], {"division": division, "at": at}).fetchone()
        level, name = (row[0], row[1] or "") if row else (level, name)
    below = _outlines(connection, at, level=_BELOW.get(level, "grid"), divisions=divisions)
    whole = {} if division is None else outlines_of(connection, at, [division])
    return Ground(name=name, lines=[*below.values(), *whole.values()])


def outlines_of(connection: Connection, at: datetime, ids: Sequence[int]) -> dict[int, BaseGeometry]:
    """Of these divisions; lon/lat in degrees, CGCS2000."""
    return _outlines(connection, at, ids=list(ids))


def _outlines(
    connection: Connection,
    at: datetime,
    *,
    level: str | None = None,
    divisions: Sequence[int] | None = None,
    ids: list[int] | None = None,
) -> dict[int, BaseGeometry]:
    asked = {"at": at, "level": level, "divisions": divisions, "ids": ids}
    return {number: shapely.from_wkb(wkb) for number, wkb in connection.execute(QUERIES["outlines"], asked)}
