"""Alerts as others are told of them, typed at the query's edge; times are aware, degrees CGCS2000."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from psycopg.rows import class_row

from alerts.levels import Level
from config.database import Connection
from config.queries import Queries

QUERIES = Queries(Path(__file__).with_name("out_queries.sql"))

OPEN = frozenset({"open", "acknowledged", "in_hand"})


@dataclass(frozen=True, kw_only=True)
class ToldAlert:
    """An alert with the names and codes that held when it was opened."""

    id: int
    rule_id: str
    kind: str  # sensor, silence, count, manual, warning
    family: str
    title: str  # of a report; else empty
    subject: int  # see alerts/subjects.py
    subject_name: str | None
    label: str | None  # what people call the sensor
    quantity: str | None
    unit: str | None
    datum: str | None
    township_id: int | None  # None: unlocated
    township_code: str | None
    township: str | None
    district_code: str | None
    district: str | None
    grid_code: str | None
    grid: str | None
    lon: float | None
    lat: float | None
    level: str
    peak: str
    state: str
    cause: str | None
    value: float | None
    exercise: bool
    late: bool  # its raise was found late
    revision: int  # how many corrections it had
    incident_id: int | None
    inhibited_by: int | None
    suppressed_by: int | None
    pending_since: datetime | None  # event times, as are the next six
    opened_at: datetime
    changed_at: datetime
    acknowledged_at: datetime | None
    in_hand_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True)
class ToldTransition:
    """One change of an alert: its level and state before and after."""

    id: int
    alert_id: int
    kind: str  # level (the engine), state (people)
    time: datetime  # event time
    from_level: Level
    to_level: Level
    from_state: str
    to_state: str
    reason: str
    value: float | None
    actor: UUID | None  # None: the engine
    late: bool
    retracts: bool  # takes back one that should not have been said
    revision: int
    note: str
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is looked for; None: any. A division is named by its code and means what lies below it, too."""

    division: str | None = None
    levels: list[str] | None = None
    states: list[str] | None = None
    rule: str | None = None
    family: str | None = None
    subject: int | None = None
    exercise: bool | None = None
    since: datetime | None = None  # opened at or after
    until: datetime | None = None  # opened before
    before: tuple[datetime, int] | None = None  # opened_at and id of the last one seen
    ids: list[int] | None = None


def read_alerts(connection: Connection, asked: Asked, limit: int | None) -> list[ToldAlert]:
    """The newest first, by the time they were opened; `limit` None: all."""
    before_time, before_id = asked.before or (None, None)
    values = {
        "division": asked.division,
        "levels": asked.levels,
        "states": asked.states,
        "rule": asked.rule,
        "family": asked.family,
        "subject": asked.subject,
        "exercise": asked.exercise,
        "from": asked.since,
        "to": asked.until,
        "before_time": before_time,
        "before_id": before_id,
        "ids": asked.ids,
        "limit": limit,
    }
    with connection.cursor(row_factory=class_row(ToldAlert)) as cursor:
        # Not prepared: a plan for any filter would use none of them.
        return cursor.execute(QUERIES["alerts"], values, prepare=False).fetchall()


def alerts_by_id(connection: Connection, ids: Sequence[int]) -> dict[int, ToldAlert]:
    """These alerts; those that do not exist are not among them."""
    return {alert.id: alert for alert in read_alerts(connection, Asked(ids=list(ids)), None)}


def read_transitions(
    connection: Connection, ids: Sequence[int], *, after: int = 0, limit: int | None = None
) -> list[ToldTransition]:
    """The transitions of these alerts, by alert and in their order."""
    with connection.cursor(row_factory=class_row(ToldTransition)) as cursor:
        return cursor.execute(QUERIES["transitions"], {"ids": list(ids), "after": after, "limit": limit}).fetchall()


def division_exists(connection: Connection, code: str) -> bool:
    """Whether a division has, or had, this code."""
    row = connection.execute(QUERIES["division_exists"], {"division": code}).fetchone()
    return row is not None and bool(row[0])
