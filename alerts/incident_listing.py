"""Incidents as people and other programs are told of them; times are aware, degrees CGCS2000."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg.rows import class_row

from alerts.incident_pace import Minute, per_minute
from alerts.incident_store import INCIDENT_QUERIES
from config.database import Connection

Json = dict[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class AskedIncidents:
    """What is looked for; None: any. A division is named by its code and means what lies below it, too."""

    division: str | None = None
    levels: Sequence[str] | None = None  # present level, or the peak of one with no open alert
    states: Sequence[str] | None = None
    family: str | None = None
    exercise: bool | None = None
    since: datetime | None = None  # changed at or after
    until: datetime | None = None  # opened before
    before: tuple[datetime, int] | None = None  # opened_at and id of the last one seen
    ids: Sequence[int] | None = None


@dataclass(frozen=True, kw_only=True)
class ToldIncident:
    """One incident with its footprint."""

    id: int
    family: str
    level: str  # the highest that is open; none
    peak: str
    state: str  # open, closed
    exercise: bool
    opened_at: datetime  # event time, as are the next two
    changed_at: datetime
    closed_at: datetime | None
    alerts: int  # all that ever joined
    open_alerts: int
    lon: float | None  # the mean of its located alerts
    lat: float | None
    pace: list[tuple[int, int, int, float, float]]  # see alerts/incident_pace.py
    spread_m_per_h: float | None  # None: no direction stands out
    spread_bearing: float | None  # degrees from true north
    townships: list[int]
    grids: list[int]
    places: list[str]  # of alerts that lie in no division
    absorbed: list[int]  # incidents that are part of it now

    def per_minute(self, now: datetime) -> float:
        """Alerts a minute over the ten minutes to `now`."""
        return per_minute((Minute(*one) for one in self.pace), (now - _EPOCH) // timedelta(microseconds=1))


@dataclass(frozen=True, kw_only=True)
class DivisionName:
    """A division of a footprint, as it was called when the incident opened."""

    id: int
    code: str
    name: str
    parent: str | None


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """One row of the story, or all the joins between two others."""

    time: datetime
    kind: str
    count: int
    from_level: str
    to_level: str
    other_id: int | None


@dataclass(frozen=True, kw_only=True)
class Told:
    """One incident in full."""

    incident: ToldIncident
    townships: list[DivisionName] = field(default_factory=list)
    grids: list[DivisionName] = field(default_factory=list)
    story: list[Chapter] = field(default_factory=list)
    alert_ids: list[int] = field(default_factory=list)  # the first thousand


def read_incident_list(connection: Connection, asked: AskedIncidents, limit: int | None) -> list[ToldIncident]:
    """The newest first, by the time they opened; what was merged is not among them. `limit` None: all."""
    before_time, before_id = asked.before or (None, None)
    values = {
        "division": asked.division,
        "levels": None if asked.levels is None else list(asked.levels),
        "states": None if asked.states is None else list(asked.states),
        "family": asked.family,
        "exercise": asked.exercise,
        "from": asked.since,
        "to": asked.until,
        "before_time": before_time,
        "before_id": before_id,
        "ids": None if asked.ids is None else list(asked.ids),
        "limit": limit,
    }
    with connection.cursor(row_factory=class_row(ToldIncident)) as cursor:
        # Not prepared: a plan for any filter would use none of them.
        return cursor.execute(INCIDENT_QUERIES["incidents"], values, prepare=False).fetchall()


def read_incident(connection: Connection, number: int) -> Told | None:
    """An incident in full, under the number that it has now; None where there is none."""
    root = connection.execute(INCIDENT_QUERIES["incident_root"], {"id": number}).fetchone()
    if root is None:
        return None
    (incident,) = read_incident_list(connection, AskedIncidents(ids=[root[0]]), None)
    story = connection.execute(INCIDENT_QUERIES["incident_story"], {"id": incident.id}).fetchall()
    members = connection.execute(INCIDENT_QUERIES["incident_alerts"], {"id": incident.id, "limit": 1000}).fetchall()
    names = ("time", "kind", "count", "from_level", "to_level", "other_id")
    return Told(
        incident=incident,
        townships=_named(connection, incident.townships, incident.opened_at),
        grids=_named(connection, incident.grids, incident.opened_at),
        story=[Chapter(**dict(zip(names, row, strict=True))) for row in story],
        alert_ids=[row[0] for row in members],
    )


def _named(connection: Connection, ids: list[int], at: datetime) -> list[DivisionName]:
    rows = connection.execute(INCIDENT_QUERIES["division_names"], {"ids": ids, "at": at}).fetchall()
    return [DivisionName(id=row[0], code=row[1], name=row[2], parent=row[3]) for row in rows]


def read_clock(connection: Connection) -> datetime:
    """The pipelines' clock."""
    row = connection.execute(INCIDENT_QUERIES["clock"]).fetchone()
    assert row is not None
    clock: datetime = row[0]
    return clock


def incident_json(incident: ToldIncident, now: datetime) -> Json:
    """One of a list; times stay datetimes, for the encoder to write."""
    told = asdict(incident)
    del told["pace"]
    bearing, speed = told.pop("spread_bearing"), told.pop("spread_m_per_h")
    spread = None if bearing is None else {"m_per_h": round(speed, 1), "bearing": round(bearing, 1)}
    return {**told, "alerts_per_minute": incident.per_minute(now), "spread": spread}


def told_json(told: Told, now: datetime) -> Json:
    """One in full."""
    return {
        **incident_json(told.incident, now),
        "townships": [asdict(one) for one in told.townships],
        "grids": [asdict(one) for one in told.grids],
        "story": [asdict(one) for one in told.story],
        "alert_ids": told.alert_ids,
    }
