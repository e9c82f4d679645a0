"""The history of a sensor's place: what a change makes of it, by both clocks.

A *stay* is one row of `sensor_places` as the record knows it now: where the sensor stood, from when until
when in the world. A change never rewrites a stay: the row is closed in recorded time, and what is known now
is written beside it. So "where did we believe it stood" stays answerable.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from config.database import Connection
from config.logs import BEIJING
from ingest.errors import Refused
from ingest.registry import QUERIES

REASONS = ("moved", "replaced", "retired", "corrected")
_YEARS = range(1900, 2200)  # within which a sensor can have been moved; others are slips of the pen


@dataclass(frozen=True, kw_only=True)
class Stay:
    """A place and its time; `begins` ≤ t < `ends`."""

    id: int | None = None  # None: not written yet
    lon: float | None  # CGCS2000 degrees; None: not known, or retired
    lat: float | None
    reason: str
    source: str
    begins: datetime | None  # None: always
    ends: datetime | None  # None: still

    @property
    def place(self) -> tuple[float | None, float | None]:
        return self.lon, self.lat

    def holds(self, moment: datetime) -> bool:
        return (self.begins is None or self.begins <= moment) and (self.ends is None or moment < self.ends)

    def told(self) -> str:
        """'moved on 2024-03-01T00:00:00+08:00', for messages."""
        return self.reason if self.begins is None else f"{self.reason} on {shown(self.begins)}"


@dataclass(frozen=True, kw_only=True)
class Change:
    """What happened to a sensor, or (`corrected`) what the record had wrong."""

    reason: str  # one of REASONS
    since: datetime | None = None  # aware; of a correction any moment of the stay that is wrong, None: the latest
    lon: float | None = None  # CGCS2000 degrees; a replaced instrument without them stays where the old one stood
    lat: float | None = None
    source: str  # the file or the command
    # Something that was forgotten: `since` may lie before changes that are recorded, and it holds until the next one.
    correction: bool = False


def shown(moment: datetime) -> str:
    return moment.astimezone(BEIJING).isoformat()


def moment_of(text: str) -> datetime:
    """An instant from ISO 8601, read as Asia/Shanghai where it has no offset; raises Refused("since", …)."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Refused(
            "since", f"{text!r} is no time: write 2024-03-01T08:00:00+08:00, or 2024-03-01T08:00 for Beijing time"
        ) from error
    if moment.year not in _YEARS:
        raise Refused("since", f"{text!r} is outside the years {_YEARS.start} to {_YEARS.stop - 1}")
    return moment if moment.tzinfo else moment.replace(tzinfo=BEIJING)


def check_place(lon: float | None, lat: float | None) -> None:
    """Raise Refused("lon, lat", …) for what is no place in degrees; none at all is right."""
    if lon is None and lat is None:
        return
    if lon is None or lat is None or not (abs(lon) <= 180 and abs(lat) <= 90):  # a NaN is no place either
        raise Refused("lon, lat", f"{lon}, {lat} is no place: give both in degrees, longitude first")


def check_complete(change: Change) -> None:
    """Raise Refused for a change that does not say what it has to."""
    if change.reason not in REASONS:
        raise Refused("reason", f"{change.reason!r} is none of {', '.join(REASONS)}")
    if change.since is None and change.reason != "corrected":
        raise Refused("since", f"{change.reason!r} needs the time since when")
    if change.lon is None and change.reason in ("moved", "corrected"):
        raise Refused("lon, lat", f"{change.reason!r} needs the place")
    check_place(change.lon, change.lat)


def rewritten(history: Sequence[Stay], change: Change) -> tuple[Stay, list[Stay]] | None:
    """The stay that is closed in the record and those that take its place; None: the record says so already.

    `history` is by time and not empty. Raises Refused with the field to mend: "since", "reason" or "lon, lat".
    """
    check_complete(change)
    stay = _stay_of(history, change.since)
    if _says_so(stay, change):
        return None
    if change.reason == "corrected":
        return stay, [_written(stay, change, begins=stay.begins)]
    _check(history, stay, change)
    before = [] if stay.begins == change.since else [replace(stay, id=None, ends=change.since)]
    return stay, [*before, _written(stay, change, begins=change.since)]


def _stay_of(history: Sequence[Stay], moment: datetime | None) -> Stay:
    """The one in force at the moment; None: the latest."""
    if moment is None:
        return history[-1]
    found = next((stay for stay in history if stay.holds(moment)), None)
    if found is None:
        begins, ends = history[0].begins, history[-1].ends
        known = f"from {shown(begins) if begins else 'ever'} to {shown(ends) if ends else 'now'}"
        raise Refused("since", f"no place is recorded for {shown(moment)}; places are known {known}")
    return found


def _says_so(stay: Stay, change: Change) -> bool:
    if change.reason == "corrected":
        return stay.reason != "retired" and stay.place == (change.lon, change.lat)
    return (stay.begins, stay.reason) == (change.since, change.reason) and stay.place == _place(stay, change)


def _place(stay: Stay, change: Change) -> tuple[float | None, float | None]:
    """Where the sensor stands after the change."""
    if change.reason == "retired":
        return None, None
    return stay.place if change.lon is None else (change.lon, change.lat)


def _written(stay: Stay, change: Change, *, begins: datetime | None) -> Stay:
    lon, lat = _place(stay, change)
    return Stay(lon=lon, lat=lat, reason=change.reason, source=change.source, begins=begins, ends=stay.ends)


def _check(history: Sequence[Stay], stay: Stay, change: Change) -> None:
    """Raise Refused for a move, replacement or end that does not fit what is recorded."""
    later = [each for each in history if each.begins and change.since and each.begins >= change.since]
    if later and not change.correction:
        raise Refused(
            "since",
            f"the record has the sensor {later[0].told()} already: what was forgotten before that is put in with"
            " `shijing sensor … --correction`, and a place that is recorded wrongly with `shijing sensor correct`",
        )
    if stay.reason == "retired" and (change.reason != "replaced" or change.lon is None):
        raise Refused(
            "reason",
            f"the sensor was {stay.told()}: a new instrument is 'replaced', with its lon and lat;"
            " if it never was retired, correct its place",
        )
    if change.reason == "moved" and stay.place == (change.lon, change.lat):
        raise Refused("lon, lat", "it stood there before: a new instrument at the same place is 'replaced'")


def place_histories(connection: Connection, sensor_id: int | None = None) -> dict[int, list[Stay]]:
    """Where each sensor (or the one) stood, by time, as the record knows it now; by sensor id."""
    histories: dict[int, list[Stay]] = {}
    for row in connection.execute(QUERIES["place_histories"], {"sensor_id": sensor_id}):
        names = ("id", "lon", "lat", "reason", "source", "begins", "ends")
        histories.setdefault(row[0], []).append(Stay(**dict(zip(names, row[1:], strict=True))))
    return histories


def place_history(connection: Connection, sensor_id: int) -> list[Stay]:
    """That of one sensor; empty where none of its places was ever recorded."""
    return place_histories(connection, sensor_id).get(sensor_id, [])


def write_first(connection: Connection, sensor_id: int, lon: float | None, lat: float | None, source: str) -> None:
    """The place of a new sensor: it always stood there (None: not known)."""
    place = {"sensor_id": sensor_id, "lon": lon, "lat": lat, "source": source}
    connection.execute(QUERIES["place_first"], place)


def write_change(connection: Connection, sensor_id: int, history: Sequence[Stay], change: Change) -> Stay | None:
    """Write a change in the caller's transaction; the stay that is new, None where the record says so already.

    Raises Refused as `rewritten`. Divisions are assigned again by whoever calls (geo.placement.assign_sensors).
    """
    plan = rewritten(history, change)
    if plan is None:
        return None
    closed, written = plan
    row = connection.execute(QUERIES["place_close"], {"id": closed.id}).fetchone()
    assert row is not None
    for stay in written:
        connection.execute(
            QUERIES["place_write"],
            {
                "sensor_id": sensor_id,
                "recorded": row[0],
                **{name: getattr(stay, name) for name in ("lon", "lat", "reason", "source", "begins", "ends")},
            },
        )
    return written[-1]


def stored_within(connection: Connection, sensor_id: int, stay: Stay) -> int:
    """How many readings of the sensor are stored of the stay's time."""
    asked = {"sensor_id": sensor_id, "begins": stay.begins, "ends": stay.ends}
    row = connection.execute(QUERIES["place_readings"], asked).fetchone()
    assert row is not None
    return int(row[0])
