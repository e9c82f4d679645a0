"""What needs a person now, as the screen is told of it: typed values."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from screen.now import Blind, Silent, WaitingIncident
from screen.now_incident import IncidentAlert, IncidentHead
from screen.now_tour import LastOne, TourPlace


@dataclass(frozen=True, kw_only=True)
class Channel:
    """The newest word of one way by which somebody was called."""

    channel: str  # app, sms, voice …
    state: str


@dataclass(frozen=True, kw_only=True)
class CalledTold:
    """One place that was called for a task, in its newest round."""

    place: str | None
    state: str
    called_at: datetime | None
    acknowledged_at: datetime | None
    on_site_at: datetime | None
    done_at: datetime | None
    who: str | None  # who answered, else who was called last; None: may not be named, or nobody was
    channels: list[Channel]


@dataclass(frozen=True, kw_only=True)
class TaskTold:
    """One task; of the places that were called the first few, those without an answer first."""

    key: str
    post: str
    what: str
    state: str
    due_at: datetime | None
    repeat_min: int | None
    called: int
    answered: int
    places: list[CalledTold] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class LaneTold:
    """A plan that runs, or waits for its confirmation."""

    id: int
    plan_id: str
    name: str
    township_id: int
    township: str | None
    district: str | None
    level: str
    state: str
    exercise: bool
    drill: bool
    started_at: datetime
    confirm_by: datetime | None
    called: int
    answered: int
    done: int
    tasks: list[TaskTold]


@dataclass(frozen=True, kw_only=True)
class MissingTold:
    """An account of the ledger that does not balance."""

    name: str
    difference: int


@dataclass(frozen=True, kw_only=True)
class LedgerTold:
    """How the ledger stands; `balanced` None: it was never checked."""

    balanced: bool | None
    checked_at: datetime | None
    missing: list[MissingTold] = field(default_factory=list)
    since: datetime | None = None  # of the first span that does not balance
    until: datetime | None = None  # of the last one


@dataclass(frozen=True, kw_only=True)
class NowTold:
    """All that needs a person; incidents by level, then by how long nobody has answered."""

    now: datetime
    incidents: list[WaitingIncident]
    incident_count: int
    lanes: list[LaneTold]  # none without the right to see plans
    silent: Silent
    ledger: LedgerTold


@dataclass(frozen=True, kw_only=True)
class Band:
    """From which value a rule means a level: of the readings themselves, or of their sum over so many hours."""

    level: str
    value: float
    sum_h: float | None  # None: of the readings


@dataclass(frozen=True, kw_only=True)
class StandingTold:
    """What changes seldom: where nothing measures, and the rules' thresholds by quantity, lowest level first."""

    blind: Blind
    bands: dict[str, list[Band]]


@dataclass(frozen=True, kw_only=True)
class PlanPlaces:
    """Of a plan that runs: the ways out, where they lead, what is kept ready, who is threatened."""

    run_id: int
    routes: list[dict[str, Any]]
    shelters: list[dict[str, Any]]
    resources: list[dict[str, Any]]
    threatened: dict[str, int] | None
    command: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class StageTold:
    """One incident in full, as the stage shows it."""

    now: datetime
    incident: IncidentHead
    alerts: list[IncidentAlert]
    lanes: list[LaneTold]
    plans: list[PlanPlaces]
    in_need: dict[str, int] | None  # numbers by kind; None without the right to them
    ground: dict[str, Any]  # GeoJSON: its footprint and what touches it
    may_act: bool  # whether who asks may acknowledge its alerts


@dataclass(frozen=True, kw_only=True)
class TourTold:
    """Where the tour of a quiet day goes."""

    places: list[TourPlace]


@dataclass(frozen=True, kw_only=True)
class DutyTold:
    """A post by its name, and how many answer for it."""

    zh: str
    en: str
    people: int


@dataclass(frozen=True, kw_only=True)
class StopTold:
    """One place of the tour."""

    id: int
    sensors: int
    last: list[LastOne]
    silent: int
    duty: list[DutyTold]  # none without the right to see people
