"""Keeps the storage in order beside a running writer: days made ahead, old days dropped, rollups taken over.

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


@dataclass(frozen=True, kw_only=True)
class UpkeepPlan:
    """What one run has to do; decided from the clock and the settings alone."""

    days: tuple[date, ...]  # UTC days that need a partition
    rollups_until: datetime  # hours over by then are taken over; later ones are answered from the readings
    drop_before: datetime | None  # a UTC midnight; None: readings are kept for ever
    forget_before: datetime | None  # quarantine released before this is deleted; None: never


@dataclass(frozen=True, kw_only=True)
class UpkeepReport:
    """What one run did."""

    refreshed_hours: int
    dropped_days: int
    forgotten: int  # released quarantine rows deleted
    postponed: tuple[str, ...]  # named queries left to the next run because a lock was taken


def plan_upkeep(
    *, now: datetime, ahead_days: int, retention_days: int | None, released_days: int | None = None
) -> UpkeepPlan:
    """Decide a run at `now` (aware): today and `ahead_days` more, `retention_days` whole UTC days kept before today."""
    today = now.astimezone(UTC).date()
    return UpkeepPlan(
        days=tuple(today + timedelta(days=n) for n in range(ahead_days + 1)),
        rollups_until=now,
        drop_before=None if retention_days is None else _midnight(today - timedelta(days=retention_days)),
        forget_before=None if released_days is None else now - timedelta(days=released_days),
    )


def run_upkeep(
    connection: Connection,
    *,
    now: datetime,
    ahead_days: int,
    retention_days: int | None,
    released_days: int | None = None,
) -> UpkeepReport:
    """Do what is due at `now`, the pipeline's clock, on an autocommit connection of its own."""
    assert connection.autocommit, "each step commits for itself"
    plan = plan_upkeep(now=now, ahead_days=ahead_days, retention_days=retention_days, released_days=released_days)
    steps = _Steps(connection)
    for day in plan.days:
        steps.attempt("ensure_day", day=day)
    return UpkeepReport(
        refreshed_hours=_number(connection, "refresh_rollups", until=plan.rollups_until),
        dropped_days=steps.attempt("drop_readings", oldest=plan.drop_before) if plan.drop_before else 0,
        forgotten=steps.attempt("forget_released", before=plan.forget_before) if plan.forget_before else 0,
        postponed=tuple(steps.postponed),
    )


class _Steps:
    """Takes steps in transactions of their own; gives up the ones that would have to wait."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.postponed: list[str] = []

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


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
