"""Keeps the storage in order beside a running writer: days made ahead, what is old dropped, rollups taken over.

Run it every few minutes; running it twice does no harm. What would hold a writer up
is given up at once and left to the next run.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from psycopg import errors

from config.database import Connection
from config.queries import Queries

log = logging.getLogger(__name__)

_queries = Queries(Path(__file__).with_name("store_queries.sql"))

# Writers queue behind a lock that waits. Below deadlock_timeout (1 s), so that of two
# that wait for each other it is the upkeep that gives way.
_LOCK_TIMEOUT = "200ms"
_EVENTS_AT_ONCE = 20_000
_NAMES_KEPT = timedelta(days=1)  # longer than anybody who mistypes a name waits


@dataclass(frozen=True, kw_only=True)
class Retention:
    """How many days what is kept; None: for ever. Readings go by their own time, all else by its arrival."""

    readings: int | None = None
    live_events: int | None = None
    intake: int | None = None  # by minute; by day it is kept for ever
    released: int | None = None  # quarantine, after it was put through
    held: int | None = None  # quarantine, after it was last seen


@dataclass(frozen=True, kw_only=True)
class UpkeepPlan:
    """What one run has to do; decided from the clocks and the settings alone. None: nothing of that kind."""

    days: tuple[date, ...]  # UTC days that need a partition
    rollups_until: datetime  # hours over by then are taken over; later ones are answered from the readings
    readings_before: datetime | None  # a UTC midnight
    live_events_before: datetime | None
    intake_before: datetime | None  # a UTC midnight
    released_before: datetime | None
    held_before: datetime | None


@dataclass(frozen=True, kw_only=True)
class UpkeepReport:
    """What one run did."""

    refreshed_hours: int
    dropped_days: int
    dropped_events: int
    summed_minutes: int  # of the books, now part of their day's row
    forgotten: int  # released quarantine rows deleted
    dropped_held: int  # quarantine rows that nobody put through, deleted
    postponed: tuple[str, ...]  # named queries left to the next run because a lock was taken


def plan_upkeep(*, now: datetime, wall: datetime, ahead_days: int, keep: Retention) -> UpkeepPlan:
    """Decide a run at `now` (aware), the readings' clock: today and `ahead_days` more, and whole UTC days kept.

    `wall` (aware) is the machine's clock: a replay's readings are years old, their arrival is not.
    """
    today = now.astimezone(UTC).date()
    return UpkeepPlan(
        days=tuple(today + timedelta(days=n) for n in range(ahead_days + 1)),
        rollups_until=now,
        readings_before=_midnight_before(now, keep.readings),
        live_events_before=_before(wall, keep.live_events),
        intake_before=_midnight_before(wall, keep.intake),
        released_before=_before(wall, keep.released),
        held_before=_before(wall, keep.held),
    )


def run_upkeep(
    connection: Connection, *, now: datetime, wall: datetime, ahead_days: int, keep: Retention
) -> UpkeepReport:
    """Do what is due, on an autocommit connection of its own; the clocks are those of `plan_upkeep`."""
    assert connection.autocommit, "each step commits for itself"
    plan = plan_upkeep(now=now, wall=wall, ahead_days=ahead_days, keep=keep)
    steps = _Steps(connection)
    for day in plan.days:
        steps.attempt("ensure_day", day=day)
    steps.attempt("refresh_closure")
    steps.attempt("forget_unknown_names", before=wall - _NAMES_KEPT)
    report = UpkeepReport(
        refreshed_hours=_number(connection, "refresh_rollups", until=plan.rollups_until),
        dropped_days=steps.attempt("drop_readings", oldest=plan.readings_before) if plan.readings_before else 0,
        dropped_events=steps.clear("drop_live_events", plan.live_events_before, most=_EVENTS_AT_ONCE),
        summed_minutes=steps.clear("sum_up_intake", plan.intake_before),
        forgotten=steps.clear("forget_released", plan.released_before),
        dropped_held=steps.clear("forget_held", plan.held_before),
        postponed=tuple(steps.postponed),
    )
    if report.dropped_held:
        log.warning(
            "upkeep: %d entries held in quarantine, not seen for %s days, were dropped without being put through",
            report.dropped_held,
            keep.held,
        )
    return report


class _Steps:
    """Takes steps in transactions of their own; gives up the ones that would have to wait."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.postponed: list[str] = []

    def clear(self, query: str, before: datetime | None, **parameters: int) -> int:
        """How many rows from before then were cleared away."""
        return 0 if before is None else self.attempt(query, before=before, **parameters)

    def attempt(self, query: str, **parameters: object) -> int:
        """The number that the query tells, 0 where it was given up."""
        try:
            with self._connection.transaction():
                self._connection.execute(_queries["set_lock_timeout"], {"limit": _LOCK_TIMEOUT})
                return _number(self._connection, query, **parameters)
        except (errors.LockNotAvailable, errors.DeadlockDetected) as error:
            log.info("upkeep: %s is left to the next run: %s", query, error)
            self.postponed.append(query)
            return 0


def _number(connection: Connection, query: str, **parameters: object) -> int:
    row = connection.execute(_queries[query], parameters).fetchone()
    assert row is not None
    return int(row[0])


def _before(now: datetime, days: int | None) -> datetime | None:
    return None if days is None else now - timedelta(days=days)


def _midnight_before(now: datetime, days: int | None) -> datetime | None:
    if days is None:
        return None
    return datetime.combine(now.astimezone(UTC).date() - timedelta(days=days), time(), UTC)
