"""What the alerts API answers, for its OpenAPI description; the values themselves are made in alerts/out_json.py."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from web.asked import Level, State

LevelOrNone = Literal["none", "blue", "yellow", "orange", "red"]
StateOrNone = Literal["none", "open", "acknowledged", "in_hand", "resolved", "closed"]


class Title(BaseModel):
    """What people call it."""

    zh: str
    en: str


class DivisionNamed(BaseModel):
    """A division as it was when the alert was opened."""

    code: str
    name: str


class AlertTold(BaseModel):
    """An alert (监测告警). Times are event times, UTC; degrees are CGCS2000."""

    id: int
    rule_id: str
    kind: Literal["sensor", "silence", "count", "manual", "warning"]
    family: str
    title: Title
    subject: int
    subject_name: str | None
    label: str | None
    quantity: str | None
    unit: str | None
    datum: str | None
    township_id: int | None
    township: DivisionNamed | None
    district: DivisionNamed | None
    grid: DivisionNamed | None
    lon: float | None
    lat: float | None
    level: Level
    peak: Level
    state: State
    cause: Literal["real", "false", "drill", "test"] | None
    value: float | None
    exercise: bool
    late: bool
    revision: int
    incident_id: int | None
    inhibited_by: int | None
    suppressed_by: int | None
    pending_since: datetime | None
    opened_at: datetime
    changed_at: datetime
    acknowledged_at: datetime | None
    in_hand_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    recorded_at: datetime


class MessageNamed(BaseModel):
    """A CAP message of an alert."""

    revision: int
    identifier: str
    type: Literal["Alert", "Update", "Cancel"]
    sent: datetime
    href: str


class AlertDetail(AlertTold):
    """One alert with its messages."""

    messages: list[MessageNamed]


class AlertPage(BaseModel):
    """A page of alerts."""

    alerts: list[AlertTold]
    next: str | None


class TransitionTold(BaseModel):
    """One row of an alert's history."""

    id: int
    alert_id: int
    kind: Literal["level", "state"]
    time: datetime
    from_level: LevelOrNone
    to_level: LevelOrNone
    from_state: StateOrNone
    to_state: StateOrNone
    reason: str
    value: float | None
    actor: UUID | None
    late: bool
    retracts: bool
    revision: int
    note: str
    recorded_at: datetime


class TransitionPage(BaseModel):
    """A page of transitions."""

    transitions: list[TransitionTold]
    next: str | None
