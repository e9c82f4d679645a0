"""What is asked about divisions under two clocks: of what, of when, by which map; for the API and the pages."""

from datetime import date, datetime, time, timedelta
from typing import Annotated

from fastapi import Path, Query

from boundaries.belonging import Kind, sensor_named, views_of
from boundaries.totals import Counted, Level, Total, What, totals
from config.logs import BEIJING
from events.errors import EventUnknown
from geo.history import Asked, Point, Sensor, Views, views
from web.errors import AlertUnknownError, AskedWrongError, RunUnknownError, SensorUnknownError
from web.viewing import View

Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
BigNumber = Annotated[int | None, Query(ge=1, le=2**63 - 1)]
Lon = Annotated[float | None, Query(ge=-180, le=180, allow_inf_nan=False)]
Lat = Annotated[float | None, Query(ge=-90, le=90, allow_inf_nan=False)]
MapAsked = Annotated[
    str,
    Query(
        alias="map",
        pattern=r"^(then|today|[0-9]{4}-[0-9]{2}-[0-9]{2})$",
        description="then, today, or a date (Beijing's).",
    ),
]

# By which right each is seen, beyond the one for the map.
RIGHTS: dict[Kind, str] = {"alert": "alerts.read", "event": "events.read", "run": "plans.read"}
_COUNTING: dict[What, str] = {"readings": "map.read", "alerts": "alerts.read", "events": "events.read",
                              "runs": "plans.read"}  # fmt: skip
_UNKNOWN: dict[Kind, type[Exception]] = {"alert": AlertUnknownError, "run": RunUnknownError}
_LONGEST = timedelta(days=366 * 3)


def of_point(view: View, lon: float, lat: float, at: datetime | None, recorded: datetime | None) -> Views:
    """Of a position; `at`: None for now."""
    now = view.parts.clock()
    with view.connection() as connection:
        asked = Asked(thing=Point(lon=lon, lat=lat), at=at or now, recorded=recorded)
        return views(connection, [asked], now=now)[0]


def of_sensor(view: View, named: str, at: datetime | None, recorded: datetime | None) -> Views:
    """Of a sensor by name or number, so of a reading of it; raises SensorUnknownError for one out of the scope."""
    now = view.parts.clock()
    with view.connection() as connection:
        number = sensor_named(connection, named)
        if number is None:
            raise SensorUnknownError(named)
        return views(connection, [Asked(thing=Sensor(id=number), at=at or now, recorded=recorded)], now=now)[0]


def of_number(view: View, kind: Kind, number: int, recorded: datetime | None) -> Views:
    """Of an alert, event or run; raises ForbiddenError without its right, AlertUnknownError … out of its scope."""
    with view.by(RIGHTS[kind]).connection() as connection:
        found = views_of(connection, kind, number, now=view.parts.clock(), recorded=recorded)
    if found is None:
        raise _UNKNOWN[kind](number) if kind in _UNKNOWN else EventUnknown(number)
    return found


def counted(what: What, level: Level, begin: date, end: date, on_map: str, *, now: datetime) -> Counted:
    """From the beginning of a day until the end of another, Beijing's; raises AskedWrongError where that cannot be."""
    since, until = day(begin), day(end) + timedelta(days=1) if end < date.max else day(end)
    if not since < until <= since + _LONGEST:
        raise AskedWrongError(f"from {begin} to {end}: `to` is not before `from`, and at most three years later")
    return Counted(what=what, level=level, since=since, until=until, map_at=map_instant(on_map, now=now))


def map_instant(on_map: str, *, now: datetime) -> datetime | None:
    """The instant of a map that is asked for; None: each as divided at its own time."""
    if on_map == "then":
        return None
    if on_map == "today":
        return now
    try:
        return day(date.fromisoformat(on_map))
    except ValueError as error:
        raise AskedWrongError(f"map: {on_map!r} is no date: then, today, or as 2024-06-30") from error


def day(of: date) -> datetime:
    """The first instant of a day, Beijing's."""
    return datetime.combine(of, time(), tzinfo=BEIJING)


def totals_of(view: View, asked: Counted) -> list[Total]:
    """In the scope of the right that what is counted needs; raises ForbiddenError without it."""
    with view.by(_COUNTING[asked.what]).connection() as connection:
        return totals(connection, asked)


def may_count(view: View) -> list[What]:
    """What the viewer may have counted."""
    return [what for what, right in _COUNTING.items() if view.may(right)]


class Unplaced(AskedWrongError):
    """Neither a position nor a sensor of the asker's."""

    def __init__(self, place: str) -> None:
        super().__init__(f"{place!r} is neither a position (106.60, 29.62) nor a sensor of yours")
        self.zh = f"“{place}”既不是经纬度（如 106.60, 29.62），也不是您范围内的监测设备。"


def position_of(text: str) -> tuple[float, float] | None:
    """(lon, lat) of `106.60, 29.62`; None for what is none."""
    try:
        lon, lat = map(float, text.replace("，", ",").replace(",", " ").split())
    except ValueError:
        return None
    return (lon, lat) if -180 <= lon <= 180 and -90 <= lat <= 90 else None


def noon(of: str) -> datetime:
    """The middle of a day, Beijing's: a change that begins with the day holds by then; raises AskedWrongError."""
    try:
        return datetime.combine(date.fromisoformat(of), time(12), tzinfo=BEIJING)
    except ValueError as error:
        raise AskedWrongError(f"{of!r} is no day: write 2024-06-30") from error
