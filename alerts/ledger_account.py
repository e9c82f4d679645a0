"""What the ledger is made of: a span of time, and accounts, each with what is there and what is wrong."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from alerts.instants import CHONGQING
from config.queries import Queries

QUERIES = Queries(Path(__file__).with_name("ledger_queries.sql"))

NAMED = 5  # how many of the things that do not add up are named to people
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Span:
    """Event time from `since` up to, not including, `until`; None: without that end."""

    since: datetime | None = None
    until: datetime | None = None

    def hours(self) -> "Span":
        """The whole UTC hours that it touches: readings are counted by them."""
        since, until = self.since and _hour(self.since), self.until and _hour(self.until)
        return Span(since=since, until=until if until is None or until == self.until else until + _HOUR)

    @property
    def length(self) -> timedelta | None:
        """None where it has no end."""
        return self.until - self.since if self.since and self.until else None

    def parameters(self) -> dict[str, str]:
        """For the queries."""
        return {
            "since": self.since.isoformat() if self.since else "-infinity",
            "until": self.until.isoformat() if self.until else "infinity",
        }


@dataclass(frozen=True, kw_only=True)
class Account:
    """One promise: what has to be there, what is, and by name what is wrong."""

    name: str
    expected: int
    found: int
    faults: tuple[str, ...] = ()
    accepted: int = 0  # faults that a person wrote off
    notes: tuple[str, ...] = ()  # what was not asked for, and why

    @property
    def balanced(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "name": self.name,
            "expected": self.expected,
            "found": self.found,
            "difference": self.expected - self.found,
            "balanced": self.balanced,
            "missing": list(self.faults[:NAMED]),
            "more": max(0, len(self.faults) - NAMED),
            "accepted": self.accepted,
            "notes": list(self.notes),
        }


def local(moment: datetime | None) -> str | None:
    """A time as people here read it (+08:00)."""
    return moment.astimezone(CHONGQING).isoformat() if moment else None


def _hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
