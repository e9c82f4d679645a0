"""Alerts that people report: a grid worker sees what no sensor does."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import shapely

from alerts import subjects
from alerts.act_errors import ActRefused, AlertUnknown
from alerts.actors import ACT_QUERIES
from alerts.acts import Standing, act_event, add_rows, now, state_row
from alerts.aftermath import settle
from alerts.books import micros
from alerts.levels import GRADES
from alerts.plans import Plan
from alerts.record_runs import follow, report_triggers, write_runs
from alerts.rule_kinds import Common
from alerts.runs import Move, Run
from alerts.standing import Place
from alerts.tell import run_events, tell_events
from config.database import Connection
from config.exercise import is_exercise

RULE = "report"  # in the place of a rule's id


@dataclass(frozen=True, kw_only=True)
class Report:
    """What somebody saw. A place is a position (degrees, CGCS2000), the code of a division, or both."""

    title: str
    level: str
    family: str = ""
    lon: float | None = None
    lat: float | None = None
    division: str | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if not self.title.strip():
            raise ActRefused("a report says what was seen: give it a title")
        if self.level not in GRADES:
            raise ActRefused(f"{self.level!r} is no level: give one of {', '.join(GRADES)}")
        if (self.lon is None) != (self.lat is None):
            raise ActRefused("a position has a longitude and a latitude")
        if self.lon is None and self.division is None:
            raise ActRefused("a report has a place: give a position, or the code of a township or grid")
        if self.lon is not None and not (-180 <= self.lon <= 180 and -90 <= (self.lat or 0) <= 90):
            raise ActRefused(f"{self.lon}, {self.lat} is no longitude and latitude in degrees")


def report(
    connection: Connection,
    what: Report,
    *,
    actor: UUID,
    rules: Sequence[Common],
    plans: Sequence[Plan],
    exercise: bool | None = None,
) -> int:
    """Open an alert of what was seen, with the plans that it meets, in one transaction; its id.

    `exercise` is as the database is marked, where it is not said.
    Raises AlertUnknown for a code that no division has, ActRefused for a place outside all townships.
    """
    with connection.transaction():
        exercise = is_exercise(connection) if exercise is None else exercise
        time = now(connection)
        place = _place(connection, what, time)
        row = connection.execute(ACT_QUERIES["draw_alert_id"]).fetchone()
        assert row is not None
        alert = _standing(row[0], what, place, exercise=exercise)
        _write(connection, alert, what, place, time, actor)
        news = settle(connection, [alert], [], time, exercise=exercise)
        runs = _runs(connection, alert, what, time, rules, plans)
        write_runs(connection, runs, exercise=exercise)
        event = act_event(alert, time, "reported", "open")
        event["payload"] |= {"from": "none", "to": alert.level}
        started = run_events(runs, {place.township_id: place.township})
        tell_events(connection, [event, *started, *news], exercise=exercise)
    return alert.id


def place_of(connection: Connection, what: Report) -> Place:
    """Where a report would belong now; raises as `report`."""
    return _place(connection, what, now(connection))


def _standing(alert_id: int, what: Report, place: Place, *, exercise: bool) -> Standing:
    return Standing(
        id=alert_id,
        rule_id=RULE,
        subject=subjects.of("report", alert_id),
        level=what.level,
        state="none",
        exercise=exercise,
        revision=0,
        suppressed_by=None,
        township_id=place.township_id,
        name=what.title,
    )


def _write(connection: Connection, alert: Standing, what: Report, place: Place, time: datetime, actor: UUID) -> None:
    columns = {
        "id": alert.id,
        "subject": alert.subject,
        "family": what.family,
        "title": what.title,
        "township_id": place.township_id,
        "grid_id": place.grid_id,
        "lon": place.lon,
        "lat": place.lat,
        "level": alert.level,
        "exercise": alert.exercise,
        "time": time,
    }
    connection.execute(ACT_QUERIES["add_report"], columns)
    row = state_row(alert, time, "reported", "open", actor=actor, note=what.note)
    add_rows(connection, [row | {"kind": "level", "from_level": "none"}])


def _runs(
    connection: Connection,
    alert: Standing,
    what: Report,
    time: datetime,
    rules: Sequence[Common],
    plans: Sequence[Plan],
) -> list[Run]:
    assert alert.township_id is not None
    move = Move(
        alert_id=alert.id,
        triggers=report_triggers(what.title),
        township_id=alert.township_id,
        level=alert.level,  # type: ignore[arg-type]  # one of GRADES: a Report is checked
        time=micros(time),
        rises=True,
    )
    return follow(connection, [move], rules, plans, {alert.id: "none"}, exercise=alert.exercise)


def _place(connection: Connection, what: Report, at: datetime) -> Place:
    """Township and grid by the code where one is given, else by the boundaries around the position."""
    if what.division is None:
        township = _township_around(connection, what, at)
        if township is None:
            raise ActRefused(f"{what.lon}, {what.lat} lies in no township: give the code of one")
        grid = min(_around(connection, "grid", what, at, [township]), default=None)
        place = Place(township_id=township, grid_id=grid, lon=what.lon, lat=what.lat)
    else:
        place = _coded(connection, what.division, at)
        if what.lon is not None:
            place = replace(place, lon=what.lon, lat=what.lat)
    row = connection.execute(ACT_QUERIES["township_name"], {"id": place.township_id, "at": at}).fetchone()
    return replace(place, township=row[0] if row else None)


def _coded(connection: Connection, code: str, at: datetime) -> Place:
    rows = connection.execute(ACT_QUERIES["division_of_code"], {"code": code, "at": at}).fetchall()
    if len(rows) != 1:
        count = "no division has" if not rows else "more than one division has"
        raise AlertUnknown(f"{count} the code {code} today: give the code of one township, village or grid")
    _, level, township, grid, name, lon, lat = rows[0]
    if township is None:
        raise ActRefused(f"{name} is a {level}: a report belongs to a township, village or grid")
    return Place(township_id=township, grid_id=grid, lon=lon, lat=lat)


def _township_around(connection: Connection, what: Report, at: datetime) -> int | None:
    """Looked for in the districts around the position; where their lines do not agree with it, in all of them."""
    districts = _around(connection, "district", what, at, None)
    found = _around(connection, "township", what, at, districts) or _around(connection, "township", what, at, None)
    return min(found, default=None)


def _around(connection: Connection, level: str, what: Report, at: datetime, below: list[int] | None) -> list[int]:
    """The divisions whose boundary is around the position, several on a common border; `below` others, or of all."""
    rows = connection.execute(ACT_QUERIES["boundaries_at"], {"level": level, "at": at, "below": below}).fetchall()
    around = shapely.intersects_xy(shapely.from_wkb([row[1] for row in rows]), what.lon, what.lat) if rows else []
    return [row[0] for row, hit in zip(rows, around, strict=True) if hit]
