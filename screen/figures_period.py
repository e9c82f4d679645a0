"""The time and the place that figures are drawn of: days of Shanghai, by the pipeline's clock."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

from config.logs import BEIJING

Span = Literal["today", "7d", "30d"]
Unit = Literal["district", "township", "village", "grid"]
UNITS: tuple[Unit, ...] = ("district", "township", "village", "grid")  # from the largest down
DAYS: dict[Span, int] = {"today": 1, "7d": 7, "30d": 30}
MOST_DAYS = 400

_HOURLY = timedelta(days=3)  # up to that, what is drawn over time is drawn by the hour
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """From when until before when, where, what is compared, and of drills or of what was real."""

    since: datetime
    until: datetime  # the end of the last day, also where that has not come yet
    now: datetime  # the pipeline's clock
    within: int | None
    level: Unit
    cell: Unit  # what is to be covered by sensors
    exercise: bool

    @property
    def at(self) -> datetime:
        """The instant that states are told of: the clock, or the end of what is over."""
        return min(self.now, self.until)

    def before(self) -> "Asked":
        """The time before, as long as this has lasted."""
        since = self.since - (self.until - self.since)
        return Asked(**{**vars(self), "since": since, "until": since + max(self.at - self.since, timedelta(0))})

    def instants(self) -> list[datetime]:
        """The end of each hour or day of it that has begun; of one under way, the clock."""
        step = _HOUR if self.until - self.since <= _HOURLY else _DAY
        if self.at <= self.since:
            return []
        count = -(-(self.at - self.since) // step)
        return [min(self.since + step * number, self.at) for number in range(1, count + 1)]

    def days(self) -> list[date]:
        """Every day of it that has begun."""
        first, last = self.since.astimezone(BEIJING).date(), (self.at - timedelta(microseconds=1)).astimezone(BEIJING)
        return [first + timedelta(days=number) for number in range((last.date() - first).days + 1)]


def days_of(span: Span, now: datetime) -> tuple[date, date]:
    """The first and the last day of a span that ends with the day of the clock."""
    last = now.astimezone(BEIJING).date()
    return last - timedelta(days=DAYS[span] - 1), last


def begin_of(day: date) -> datetime:
    """Midnight in Shanghai."""
    return datetime.combine(day, time(), BEIJING)
