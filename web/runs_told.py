"""Runs as their pages are told of them: typed values of what the queries give."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class RunHead:
    """One run."""

    id: int
    plan_id: str
    name: str
    township_id: int
    township: str | None
    district: str | None
    level: str
    state: str
    exercise: bool  # whatever carries the mark: a drill, or all of an installation that is one
    drill: bool
    started_at: datetime
    confirm_by: datetime | None
    confirmed_at: datetime | None
    ended_at: datetime | None
    review_due_at: datetime | None
    reviewed_at: datetime | None
    started_by: UUID | None  # None: by an alert
    reason: str
    threatened: dict[str, int] | None


@dataclass(frozen=True, kw_only=True)
class Task:
    """One task of a run."""

    id: int
    run_id: int
    key: str
    post: str
    post_id: str | None  # None: an outside party
    backup: str | None
    what: str
    after: list[str]
    state: str
    due_at: datetime | None
    limit_min: int | None
    repeat_min: int | None
    from_level: str | None
    evidence: str | None
    results: list[str]
    added: bool  # not the plan's: by a commander
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """A task in one place, for one round."""

    id: int
    task_id: int
    run_id: int
    division_id: int
    place: str | None
    round: int
    state: str
    person_id: UUID | None
    due_at: datetime
    called_at: datetime | None
    acknowledged_at: datetime | None
    on_site_at: datetime | None
    done_at: datetime | None
    ended_at: datetime | None
    result: str | None
    rung: int
    next_at: datetime | None
    overdue_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Call:
    """Who was called, as what, and by which channels."""

    id: int
    assignment_id: int
    person_id: UUID | None
    part: str
    called_at: datetime
    ended_at: datetime | None
    deliveries: list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What was answered; without a person: at the desk."""

    assignment_id: int
    person_id: UUID | None
    actor: UUID
    kind: str
    tapped_at: datetime
    received_at: datetime
    result: str | None
    counted: bool


@dataclass(frozen=True, kw_only=True)
class Act:
    """What somebody did with a run; without an actor: the system."""

    id: int
    run_id: int
    time: datetime
    kind: str
    task_id: int | None
    actor: UUID | None
    reason: str
    detail: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Transition:
    """A change of level."""

    time: datetime
    from_level: str
    to_level: str
    reason: str
    actor: UUID | None


@dataclass(frozen=True, kw_only=True)
class RunAlert:
    """An alert that joined; its place only where the plan lets points be shown."""

    id: int
    rule_id: str
    level: str
    state: str
    value: float | None
    opened_at: datetime
    label: str
    unit: str
    lon: float | None
    lat: float | None


@dataclass(frozen=True, kw_only=True)
class ConditionTold:
    """A condition of the plan, and whether it holds."""

    purpose: str  # upgrade, terminate
    number: int
    zh: str
    en: str
    measured: bool  # the system judges it
    untold: bool  # of a measured one: nothing stored tells whether it holds, so a person says it
    met_at: datetime | None
    met_by: UUID | None


@dataclass(frozen=True, kw_only=True)
class Signature:
    """Who signed, and when."""

    actor: UUID
    time: datetime


@dataclass(frozen=True, kw_only=True)
class May:
    """What whoever looks may do."""

    command: bool = False
    sign: bool = False


@dataclass(frozen=True, kw_only=True)
class Lane:
    """A run with its tasks, who was called for them, and what they answered."""

    run: RunHead
    may: May
    tasks: list[Task] = field(default_factory=list)
    assignments: list[Assignment] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    suggested: int = 0  # conditions for rising that a person ticked: a rise is suggested


@dataclass(frozen=True, kw_only=True)
class RunList:
    """What is under way, with its tasks, and what is over, without."""

    now: datetime
    injected: bool  # whether the time is that of a replay
    lanes: list[Lane]
    closed: list[RunHead]
    more: bool  # whether there are older ones
    people: dict[str, str]  # names by id, where they may be seen


@dataclass(frozen=True, kw_only=True)
class RunWhole:
    """Everything about one run."""

    now: datetime
    injected: bool
    lane: Lane
    acts: list[Act]
    transitions: list[Transition]
    alerts: list[RunAlert]
    conditions: list[ConditionTold]
    ends_when: str  # all, any
    signed_by: str  # the post that ends it
    signatures: list[Signature]
    plan: dict[str, Any]  # command, levels, routes, shelters, resources, notify, review
    map: str  # point, grid, none
    ground: dict[str, Any] | None  # GeoJSON of the township and the grids
    notes: dict[str, str]  # by the id of the attachment
    people: dict[str, str]
    accounts: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody to give a task to."""

    id: UUID
    name: str
    posts: list[str]


@dataclass(frozen=True, kw_only=True)
class PeopleList:
    """Who there is, those on duty first."""

    people: list[Person]


@dataclass(frozen=True, kw_only=True)
class PlanChoice:
    """A plan that may be started there."""

    code: str
    name: str
    levels: dict[str, str]  # by colour
    tasks: int


@dataclass(frozen=True, kw_only=True)
class GridChoice:
    """A grid of the township."""

    id: int
    code: str
    name: str
    village: str | None


@dataclass(frozen=True, kw_only=True)
class StartChoices:
    """What a run may be started of in a township."""

    plans: list[PlanChoice]
    grids: list[GridChoice]
