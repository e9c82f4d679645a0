"""Times of a filter: each operand is a first and a last instant, seconds since 1970."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from typing import Any

import numpy as np

from geo.errors import FilterWrong
from geo.filter_columns import Columns, Truth, brief, name_in, only

_DAY = timedelta(days=1)
_BEIJING = timezone(timedelta(hours=8))  # a date without a time is a day of ours
_EVER = (float("-inf"), float("inf"))

_Pair = tuple[Any, Any]
TIMED: dict[str, Callable[[_Pair, _Pair], Any]] = {
    "t_after": lambda a, b: a[0] > b[1],
    "t_before": lambda a, b: a[1] < b[0],
    "t_contains": lambda a, b: (a[0] < b[0]) & (a[1] > b[1]),
    "t_disjoint": lambda a, b: (a[1] < b[0]) | (a[0] > b[1]),
    "t_during": lambda a, b: (a[0] > b[0]) & (a[1] < b[1]),
    "t_equals": lambda a, b: (a[0] == b[0]) & (a[1] == b[1]),
    "t_finishedBy": lambda a, b: (a[0] < b[0]) & (a[1] == b[1]),
    "t_finishes": lambda a, b: (a[0] > b[0]) & (a[1] == b[1]),
    "t_intersects": lambda a, b: (a[0] <= b[1]) & (a[1] >= b[0]),
    "t_meets": lambda a, b: a[1] == b[0],
    "t_metBy": lambda a, b: a[0] == b[1],
    "t_overlappedBy": lambda a, b: (a[0] > b[0]) & (a[0] < b[1]) & (a[1] > b[1]),
    "t_overlaps": lambda a, b: (a[0] < b[0]) & (a[1] > b[0]) & (a[1] < b[1]),
    "t_startedBy": lambda a, b: (a[0] == b[0]) & (a[1] > b[1]),
    "t_starts": lambda a, b: (a[0] == b[0]) & (a[1] < b[1]),
}


def ask_time(name: str, arguments: list[Any], columns: Columns) -> Truth:
    left, right = (_span(one, columns) for one in only(arguments, name, 2))
    everywhere = np.ones(columns.count, bool)
    return Truth(true=everywhere & np.asarray(TIMED[name](left, right), bool), known=everywhere)


def _span(operand: Any, columns: Columns) -> tuple[Any, Any]:
    if (name := name_in(operand)) is not None:
        if name not in columns.times:
            raise FilterWrong(f"{name[:60]!r} is no time: take {', '.join(columns.times)}")
        return columns.times[name]
    if isinstance(operand, dict) and set(operand) == {"interval"}:
        ends = operand["interval"]
        if not isinstance(ends, list) or len(ends) != 2:
            raise FilterWrong("an interval has a first and a last instant")
        return _end(ends[0], columns, 0), _end(ends[1], columns, 1)
    return instants_in(operand)


def _end(operand: Any, columns: Columns, which: int) -> Any:
    if operand == "..":
        return _EVER[which]
    if isinstance(operand, str):
        return instants_of(operand)[which]
    return _span(operand, columns)[which]


def instants_in(operand: Any) -> tuple[float, float]:
    if isinstance(operand, dict) and set(operand) <= {"timestamp", "date"} and len(operand) == 1:
        return instants_of(next(iter(operand.values())))
    raise FilterWrong(f"this is no time: {brief(operand)}")


def instants_of(text: Any) -> tuple[float, float]:
    """The first and the last instant of a time, or of a day (of Beijing); raises FilterWrong."""
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            day = datetime.combine(date.fromisoformat(text), datetime.min.time(), _BEIJING)
            return day.timestamp(), (day + _DAY).timestamp() - 1e-6
        read = datetime.fromisoformat(text)
    except (TypeError, ValueError, OverflowError) as error:
        like = "2025-11-06T00:00:00+08:00, nor a day like 2025-11-06"
        raise FilterWrong(f"{str(text)[:40]!r} is no time like {like}") from error
    if read.tzinfo is None:
        raise FilterWrong(f"{text!r} names no offset from UTC: add Z or +08:00")
    return read.timestamp(), read.timestamp()
