"""What the figures may be asked for: a time, a place, what is compared, drills or what was real."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from alerts.acts import now as told_now
from config.database import Connection
from screen import figures
from screen.figures import Division, UnitNamed
from screen.figures_period import MOST_DAYS, UNITS, Asked, Span, Unit, begin_of, days_of
from web.errors import AskedWrongError, DivisionUnknownError
from web.viewing import View

READ = "alerts.read"  # the spine of the page; tasks, events and people need a right of their own beside it
TASKS, EVENTS, PEOPLE = "plans.read", "events.read", "people.read"

_FIRST, _LAST = date(2000, 1, 1), date(2200, 1, 1)
Number = Annotated[int | None, Field(ge=1, le=2**31 - 1)]


class PlaceQuery(BaseModel):
    """A division and all in it."""

    model_config = ConfigDict(extra="forbid")

    within: Number = Field(None, alias="in", description="A division's number; none: all of the scope.")


class FiguresQuery(PlaceQuery):
    """Of which time and place; `lang` is the page's and the workbook's affair."""

    span: Annotated[Span, Field(description="Days up to today, where no days are named.")] = "7d"
    first: date | None = Field(None, alias="from", ge=_FIRST, le=_LAST, description="First day, Shanghai's.")
    last: date | None = Field(None, alias="to", ge=_FIRST, le=_LAST, description="Last day, Shanghai's.")
    compare: Annotated[Unit | None, Field(description="By which divisions; none: those of the level below.")] = None
    drills: bool | None = Field(None, description="Drills alone, or none; left out: as the installation is.")
    lang: Annotated[str, Field(pattern="^(zh|en)$")] = "zh"


@dataclass(frozen=True, kw_only=True)
class Meant:
    """What a request comes to."""

    asked: Asked
    first: date
    last: date
    division: Division | None
    levels: Sequence[Unit]  # that can be compared there
    units: Sequence[UnitNamed]
    drills: bool
    exercise: bool  # the installation is one


def meant(connection: Connection, view: View, query: FiguresQuery) -> Meant:
    """Of that place and time, by the pipeline's clock; raises AskedWrongError and DivisionUnknownError."""
    now = told_now(connection)
    first, last = _days(query, days_of(query.span, now))
    division = place(connection, view, query.within)
    exercise = figures.is_exercise(connection)
    drills = exercise if query.drills is None else query.drills
    levels = _levels(connection, division)
    if query.compare is not None and query.compare not in levels:
        raise AskedWrongError(f"compare: {query.compare} cannot be compared there, take one of {', '.join(levels)}")
    for level in [query.compare] if query.compare else levels:
        asked = Asked(
            since=begin_of(first), until=begin_of(last + timedelta(days=1)), now=now, level=level,
            within=None if division is None else division.id,
            cell=level if level in ("village", "grid") else "township", exercise=drills,
        )  # fmt: skip
        units = figures.units(connection, asked)
        if units:
            break
    return Meant(
        asked=asked, first=first, last=last, division=division, levels=levels, units=units, drills=drills,
        exercise=exercise,
    )  # fmt: skip


def place(connection: Connection, view: View, within: int | None) -> Division | None:
    """The division that is named, else the only one of the scope; raises DivisionUnknownError."""
    number = within if within is not None else view.scope.only()
    if number is None:
        return None
    found = figures.division(connection, number, at=told_now(connection))
    if found is None:
        raise DivisionUnknownError
    return found


def _days(query: FiguresQuery, spanned: tuple[date, date]) -> tuple[date, date]:
    last = query.last or max(spanned[1], query.first or spanned[1])
    first = query.first or last - (spanned[1] - spanned[0])
    if first > last:
        raise AskedWrongError(f"from: {first} is after to: {last}")
    if (last - first).days >= MOST_DAYS:
        raise AskedWrongError(
            f"from: {MOST_DAYS} days are the most, and up to {last} these are {(last - first).days + 1}"
        )
    return first, last


def _levels(connection: Connection, division: Division | None) -> Sequence[Unit]:
    """Which divisions can be compared, the usual ones first."""
    if division is None or division.level == "city":
        return ("district", "township") if figures.districts_seen(connection) > 1 else ("township", "district")
    if division.level == "district":
        return ("township",)
    return tuple(level for level in UNITS[2:] if UNITS.index(level) > _depth(division)) or ("grid",)


def _depth(division: Division) -> int:
    return UNITS.index(division.level) if division.level in UNITS else len(UNITS)
