"""How much is closed, at which level, and how long each step takes (小事不出网格、大事不出社区)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from psycopg.rows import class_row

from config.database import Connection
from events.listing import QUERIES

By = Literal["township", "district"]
ACTS = ("accepted", "assigned", "handled", "verified", "whole")


@dataclass(frozen=True, kw_only=True)
class Closure:
    """Of a division, or of all: what was reported in a time, and what became of it."""

    division_id: int | None  # None: of all, or of what lies in no such division
    of_all: bool
    reported: int
    urgent: int
    closed: int
    closed_grid: int
    closed_village: int
    closed_township: int
    closed_district: int
    was_late: int  # any step of it
    overdue: int  # now

    def rate(self) -> float | None:
        """Closed, of what was reported; None: nothing was."""
        return self.closed / self.reported if self.reported else None

    def within_grid(self) -> float | None:
        """Closed in the grid, of what was closed."""
        return self.closed_grid / self.closed if self.closed else None

    def within_village(self) -> float | None:
        """Closed in the grid or the village."""
        return (self.closed_grid + self.closed_village) / self.closed if self.closed else None


@dataclass(frozen=True, kw_only=True)
class StepTime:
    """How long a step took: the middle one, and nine of ten."""

    division_id: int | None
    of_all: bool
    act: str  # one of ACTS; whole: from the report to the end
    count: int
    median_s: float
    p90_s: float


@dataclass(frozen=True, kw_only=True)
class Period:
    """What was reported from `since` until before `until`, in a division and all in it."""

    since: datetime
    until: datetime
    within: int | None = None
    by: By = "township"


def closure(connection: Connection, period: Period) -> list[Closure]:
    """By division, in the scope of the connection."""
    with connection.cursor(row_factory=class_row(Closure)) as cursor:
        return cursor.execute(QUERIES["closure"], vars(period)).fetchall()


def step_times(connection: Connection, period: Period) -> list[StepTime]:
    """By division and step."""
    with connection.cursor(row_factory=class_row(StepTime)) as cursor:
        return cursor.execute(QUERIES["step_times"], vars(period)).fetchall()


def times_by_division(rows: Iterable[StepTime]) -> Mapping[tuple[int | None, bool], Mapping[str, StepTime]]:
    """To look up by division, and whether it is of all."""
    found: dict[tuple[int | None, bool], dict[str, StepTime]] = {}
    for one in rows:
        found.setdefault((one.division_id, one.of_all), {})[one.act] = one
    return found
