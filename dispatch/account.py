"""Everything that is known of one run, as frozen values, read once: what its report, figures and score are made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Literal
from uuid import UUID

# States in which nobody owes an answer any more, though nobody may have given one.
SPARED = frozenset({"skipped", "stood_down"})


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """The run itself."""

    id: int
    plan_id: str  # what people call the plan: FLD-02
    name: str
    township_id: int
    level: str
    state: str
    exercise: bool
    drill: bool
    started_at: datetime
    ended_at: datetime | None
    started_by: UUID | None  # None: an alert
    reason: str  # of a start by hand
    confirm_by: datetime | None
    confirmed_at: datetime | None
    review_due_at: datetime | None
    reviewed_at: datetime | None
    forgotten_at: datetime | None  # when its personal data was deleted
    plan: Mapping[str, Any]  # what it said at the start; empty where a run has none

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is to be done any more."""
        return self.state in ("declined", "terminated", "reviewed")


@dataclass(frozen=True, kw_only=True)
class AlertOf:
    """An alert of the run."""

    id: int
    rule_id: str
    label: str  # of the sensor; may tell whose it is
    title: str  # of a report by a person
    level: str
    cause: str | None  # real, false, drill, test; None: not closed
    opened_at: datetime
    resolved_at: datetime | None
    joined_at: datetime
    division_id: int | None


@dataclass(frozen=True, kw_only=True)
class LevelMove:
    """A change of the run's level."""

    id: int
    time: datetime
    from_level: str
    to_level: str
    reason: str
    actor: UUID | None


@dataclass(frozen=True, kw_only=True)
class TaskOf:
    """A task of the run."""

    id: int
    task_key: str
    post: str
    backup: str | None
    what: str
    after: tuple[str, ...]
    evidence: str | None
    results: tuple[str, ...]
    state: str
    limit_min: int | None
    repeat_min: int | None
    due_at: datetime | None
    added_by: UUID | None
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class AssignmentOf:
    """A task in one place, for one round."""

    id: int
    task_id: int
    division_id: int
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
    overdue_at: datetime | None

    @property
    def answered_at(self) -> datetime | None:
        """When somebody answered for it: who is on site or done has answered, too."""
        told = [at for at in (self.acknowledged_at, self.on_site_at, self.done_at) if at is not None]
        return min(told, default=None)

    @property
    def is_asked(self) -> bool:
        """Whether an answer was owed: somebody was called, and it was not taken back before anybody answered."""
        return self.called_at is not None and (self.state not in SPARED or self.answered_at is not None)

    def is_late(self, at: datetime) -> bool:
        """Whether it was not done in its time, as known at `at`."""
        if self.overdue_at is not None:
            return True
        if self.state in SPARED:
            return False
        return (self.done_at or self.ended_at or at) > self.due_at


@dataclass(frozen=True, kw_only=True)
class CallOf:
    """Somebody who was called for it."""

    id: int
    assignment_id: int
    person_id: UUID | None
    part: Literal["post", "backup", "command", "reassigned", "everybody"]
    called_at: datetime
    ended_at: datetime | None
    forgotten: bool = False  # who it was is not known any more
    answered: bool | None = None  # whether they answered, noted when that was forgotten


@dataclass(frozen=True, kw_only=True)
class DeliveryOf:
    """A message of a call, by one channel."""

    id: int
    call_id: int
    channel: str
    rung: int
    attempt: int
    state: str
    repeated: int
    due_at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    detail: str


@dataclass(frozen=True, kw_only=True)
class AnswerOf:
    """What somebody answered."""

    key: UUID
    assignment_id: int
    person_id: UUID | None
    actor: UUID | None  # None: forgotten
    kind: str
    tapped_at: datetime
    received_at: datetime
    result: str | None
    counted: bool


@dataclass(frozen=True, kw_only=True)
class ActOf:
    """What somebody did with the run, or the system by itself."""

    id: int
    time: datetime
    kind: str
    task_id: int | None
    actor: UUID | None
    reason: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class ConditionOf:
    """A condition that is met."""

    purpose: Literal["upgrade", "terminate"]
    number: int
    met_at: datetime
    met_by: UUID | None  # None: measured


@dataclass(frozen=True, kw_only=True)
class RunAccount:
    """A run with all that belongs to it, as it was at `at` by the clock that the run goes by."""

    run: RunFacts
    at: datetime
    grids: tuple[int, ...] = ()
    alerts: tuple[AlertOf, ...] = ()
    moves: tuple[LevelMove, ...] = ()
    tasks: tuple[TaskOf, ...] = ()
    assignments: tuple[AssignmentOf, ...] = ()
    calls: tuple[CallOf, ...] = ()
    deliveries: tuple[DeliveryOf, ...] = ()
    answers: tuple[AnswerOf, ...] = ()
    acts: tuple[ActOf, ...] = ()
    conditions: tuple[ConditionOf, ...] = ()

    @cached_property
    def task_of(self) -> dict[int, TaskOf]:
        """Tasks by id."""
        return {one.id: one for one in self.tasks}

    @cached_property
    def assignment_of(self) -> dict[int, AssignmentOf]:
        """Assignments by id."""
        return {one.id: one for one in self.assignments}

    @cached_property
    def call_of(self) -> dict[int, CallOf]:
        """Calls by id."""
        return {one.id: one for one in self.calls}

    def assigned(self, task: TaskOf) -> tuple[AssignmentOf, ...]:
        """The places and rounds of a task."""
        return tuple(one for one in self.assignments if one.task_id == task.id)

    def task_for(self, assignment_id: int) -> TaskOf:
        """The task that an assignment is of."""
        return self.task_of[self.assignment_of[assignment_id].task_id]

    @property
    def until(self) -> datetime:
        """Its end, or until when it is told."""
        return self.run.ended_at or self.at

    @property
    def is_drill(self) -> bool:
        """Whether everything drawn from it carries the mark."""
        return self.run.drill or self.run.exercise

    def people(self) -> set[UUID]:
        """Everybody who was called or answered."""
        told = [
            *(one.person_id for one in self.assignments),
            *(one.person_id for one in self.calls),
            *(one.person_id for one in self.answers),
        ]
        return {one for one in told if one is not None}

    def actors(self) -> set[UUID]:
        """Every account that did something."""
        acted = [
            self.run.started_by,
            *(one.actor for one in self.moves),
            *(one.actor for one in self.acts),
            *(one.actor for one in self.answers),
            *(one.met_by for one in self.conditions),
            *(one.added_by for one in self.tasks),
        ]
        return {one for one in acted if one is not None}

    def places(self) -> set[int]:
        """Every division that is named."""
        named = [self.run.township_id, *self.grids, *(one.division_id for one in self.assignments)]
        return {one for one in (*named, *(one.division_id for one in self.alerts)) if one is not None}
