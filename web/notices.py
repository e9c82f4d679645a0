"""What stands above the map: the incidents that the alerts amount to, and the official warnings in force."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from psycopg.rows import class_row, dict_row

from alerts.incident_pace import RATE_MINUTES, Minute, per_minute
from config.database import Connection
from config.queries import Queries

QUERIES = Queries(Path(__file__).parent / "notice_queries.sql")

SHOWN = 12  # of each kind, the gravest: more than a screen has room for
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class OpenIncident:
    """An incident with an open alert; lon/lat the mean of its located alerts, degrees CGCS2000."""

    id: int
    family: str
    level: str
    alerts: int  # all that ever joined
    open_alerts: int
    townships: int
    township: str | None  # the name where it is one alone
    newest: int  # alerts of the ten minutes to the clock
    opened_at: datetime
    exercise: bool
    lon: float | None
    lat: float | None


@dataclass(frozen=True, kw_only=True)
class WarningInForce:
    """An official warning, as its sender put it."""

    id: int
    event: str
    level: str | None
    sender: str
    headline: str
    ends: datetime
    exercise: bool


@dataclass(frozen=True, kw_only=True)
class Notices:
    """The gravest of each kind, and how many there are in all."""

    incidents: list[OpenIncident]
    incident_count: int
    warnings: list[WarningInForce]
    warning_count: int


def read_notices(connection: Connection, at: datetime) -> Notices:
    """As at the given time."""
    asked = {"at": at, "limit": SHOWN}
    with connection.cursor(row_factory=dict_row) as cursor:
        incidents = [_incident(row, at) for row in cursor.execute(QUERIES["open_incidents"], asked)]
    with connection.cursor(row_factory=class_row(WarningInForce)) as cursor:
        warnings = cursor.execute(QUERIES["warnings_in_force"], asked).fetchall()
    row = connection.execute(QUERIES["notice_counts"], asked).fetchone()
    assert row is not None
    return Notices(incidents=incidents, incident_count=row[0], warnings=warnings, warning_count=row[1])


def _incident(row: dict[str, Any], at: datetime) -> OpenIncident:
    pace = (Minute(*one) for one in row.pop("pace"))
    rate = per_minute(pace, (at - _EPOCH) // timedelta(microseconds=1))
    return OpenIncident(**row, newest=round(rate * RATE_MINUTES))
