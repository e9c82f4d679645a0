"""What the API answers where no dataclass says it, for its description; alerts: web/alerts_schema.py."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from access.audit import Entry
from access.records import Counts
from alerts.incident_listing import Chapter, DivisionName
from alerts.rule_drafts import FileDiff
from alerts.rule_scope import Scope
from alerts.rule_sentences import Sentences
from alerts.rule_sets import Version
from web.alerts_schema import LevelOrNone, Title
from web.answers import FaultTold
from web.asked import Level


class SeriesTold(BaseModel):
    """Readings of a sensor, the oldest first."""

    sensor: int
    times: list[datetime]
    values: list[float]


class AlertNumber(BaseModel):
    """Of what was reported."""

    alert_id: int


class SuppressionNumber(BaseModel):
    """Of what was put aside."""

    suppression_id: int


class SuppressionEnded(BaseModel):
    """Which one."""

    ended: int


class SuppressionTold(BaseModel):
    """A shelf or a maintenance window."""

    id: int
    kind: Literal["shelve", "maintenance"]
    rule_id: str | None
    subject: int | None
    division_id: int | None
    begins: datetime | None
    ends: datetime
    reason: str
    ended_at: datetime | None
    in_force: bool
    holds: int


class SuppressionList(BaseModel):
    """Those in force and to come."""

    suppressions: list[SuppressionTold]


class Spread(BaseModel):
    """Where an incident moves: metres an hour, degrees from true north."""

    m_per_h: float
    bearing: float


class IncidentBase(BaseModel):
    """An incident; lon/lat the mean of its located alerts, degrees CGCS2000."""

    id: int
    family: str
    level: LevelOrNone
    peak: Level
    state: Literal["open", "closed"]
    exercise: bool
    opened_at: datetime
    changed_at: datetime
    closed_at: datetime | None
    alerts: int
    open_alerts: int
    lon: float | None
    lat: float | None
    places: list[str]
    absorbed: list[int]
    alerts_per_minute: float
    spread: Spread | None


class IncidentTold(IncidentBase):
    """One of a list: its divisions by id."""

    townships: list[int]
    grids: list[int]


class IncidentDetail(IncidentBase):
    """One in full: its divisions by name, its story, its alerts (the first thousand)."""

    townships: list[DivisionName]
    grids: list[DivisionName]
    story: list[Chapter]
    alert_ids: list[int]


class IncidentPage(BaseModel):
    """A page of incidents; `next` is the address of the one after."""

    incidents: list[IncidentTold]
    next: str | None


class WarningTold(BaseModel):
    """An official warning (官方预警), as its sender put it."""

    id: int
    identifier: str
    part: int
    sender: str
    sender_name: str
    sent: datetime
    status: Literal["actual", "exercise", "test"]
    msg_type: Literal["alert", "update", "cancel"]
    references: list[str]
    event_code: str
    event: str
    level: Level | None
    headline: str
    description: str
    instruction: str
    effective: datetime
    expires: datetime
    expires_assumed: bool
    cancelled_at: datetime | None
    area: str
    area_codes: list[str]
    unknown_codes: list[str]
    source: Literal["file", "feed", "mqtt", "hand"]
    origin: str
    received_at: datetime
    in_force: bool
    townships: int


class TownshipCovered(BaseModel):
    """A township that a warning covers."""

    code: str
    name: str
    district: str | None


class WarningDetail(WarningTold):
    """One with what it covers, and the message as it came."""

    covered: list[TownshipCovered]
    message: str | None


class WarningPage(BaseModel):
    """A page of warnings; `next` is the `before` of the one after."""

    warnings: list[WarningTold]
    next: int | None


class SetTold(BaseModel):
    """A rule set; of the shipped files only the first three."""

    id: int
    origin: str
    rules: int
    put_in_force_at: datetime | None = None
    author: str = ""
    note: str = ""


class RuleTold(BaseModel):
    """A rule in words, and what it judges."""

    id: str
    file: str
    number: int
    kind: str
    label: Title
    first_action: Title
    said: dict[Literal["zh", "en"], Sentences]
    scope: Scope


class Span(BaseModel):
    """From the first stored reading to the last; null: there are none."""

    first: datetime | None
    last: datetime | None


class TownshipPlace(BaseModel):
    """A township with sensors."""

    id: int
    name: str
    sensors: int


class DistrictPlace(BaseModel):
    """A district with the townships of it that have sensors; null: those in none."""

    id: int | None
    name: str
    sensors: int
    townships: list[TownshipPlace]


class RulesTold(BaseModel):
    """The rules in force."""

    set: SetTold
    trouble: str
    trouble_zh: str | None
    read_only: str
    rules: list[RuleTold]
    files: dict[str, str]
    stored: Span
    places: list[DistrictPlace]


class DraftChecked(BaseModel):
    """What is wrong with a draft, what it changes, and what the changed rules say."""

    faults: list[FaultTold]
    diff: list[FileDiff]
    rules: list[RuleTold]
    now: int


class SetPut(BaseModel):
    """The number of the set that is in force now."""

    set: int


class SetHistory(BaseModel):
    """The sets that were put in force, the newest first."""

    now: int
    sets: list[Version]


class SetDiff(BaseModel):
    """What an earlier set would change."""

    set: int
    diff: list[FileDiff]


class AuditPage(BaseModel):
    """Acts, the newest first; `next` is the `before` of the page after."""

    entries: list[Entry]
    next: int | None


class DivisionCounted(BaseModel):
    """How many people in need live in a division."""

    code: str | None
    name: str
    level: str
    total: int
    kinds: dict[str, int]


class RecordCounts(BaseModel):
    """Of a division, and of each right below it."""

    division: str | None
    counts: Counts | None
    divisions: list[DivisionCounted]
