"""The times that the OGC API is asked for: an instant, a day, or a span of them, open at either end."""

from dataclasses import dataclass
from datetime import UTC, datetime

from geo.errors import FilterWrong
from geo.filter_times import instants_of
from web.errors import OgcAskedWrongError

_OPEN = ("", "..")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Of which time: without any, now; `ever`: of all times, both ends open."""

    since: datetime | None = None
    until: datetime | None = None
    ever: bool = False
    recorded: datetime | None = None  # as the database knew it then; None: now


def read_asked(told: str | None, recorded: str | None) -> Asked:
    """The parameters `datetime` and `recorded`; raises OgcAskedWrongError."""
    known = None if recorded is None else _instant("recorded", recorded)
    if told is None:
        return Asked(recorded=known)
    first, slash, last = told.partition("/")
    if not slash:
        begin, end = _ends(first)
        return Asked(since=begin, until=end, recorded=known)
    since = None if first in _OPEN else _ends(first)[0]
    until = None if last in _OPEN else _ends(last)[1]
    if since is not None and until is not None and since > until:
        raise OgcAskedWrongError("datetime ends before it begins")
    return Asked(since=since, until=until, ever=since is None and until is None, recorded=known)


def instant_of(told: str) -> datetime:
    """One instant; raises OgcAskedWrongError."""
    return _instant("datetime", told)


def _instant(name: str, told: str) -> datetime:
    since, until = _ends(told)
    if since != until:
        raise OgcAskedWrongError(f"{name} is an instant: add a time and an offset, 2025-11-06T00:00:00+08:00")
    return since


def _ends(told: str) -> tuple[datetime, datetime]:
    try:  # a `+` that is not escaped is a space
        first, last = instants_of(told.replace(" ", "+") if "T" in told else told)
        return datetime.fromtimestamp(first, UTC), datetime.fromtimestamp(last, UTC)
    except (FilterWrong, OverflowError, ValueError, OSError) as error:
        raise OgcAskedWrongError(f"datetime: {error}") from error
