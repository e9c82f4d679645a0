"""Emergency plans (`config/plans/*.yaml`) as frozen values, and which of them open alerts start.

The form is told in docs/plans.md. Tasks, routes, shelters and the rest are kept as written;
of the triggers, rules, reports and official warnings fire.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field, to_builtins

from alerts.levels import GRADES, Grade, Level, rank

Text = Annotated[str, Meta(min_length=1)]
Minutes = Annotated[int, Meta(ge=1)]
Response = Literal["IV", "III", "II", "I", "blue", "yellow", "orange", "red"]
# Response levels map to those of alerts (domain: blue IV, yellow III, orange II, red I).
GRADE_OF: dict[str, Grade] = {"IV": "blue", "III": "yellow", "II": "orange", "I": "red", **{one: one for one in GRADES}}
# What plans know an alert by: the number of its rule, "report:" and the words of a report, "official:" and a code.
TriggerKey = int | str
# A condition in words that a person ticks, or a measured one that is not judged yet.
Condition = Text | dict[str, Any]


class Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One condition of a trigger: a rule at a level or higher, an official warning, a report, or a group of these."""

    rule: Annotated[int, Meta(ge=1)] | None = None  # number in the list of default rules
    official: Text | None = None  # event type code of an official warning: 11B03
    report: Text | None = None  # what a person reports
    level: Grade | None = None  # of the rule or the warning: this one or higher
    any_: tuple["Part", ...] | None = field(default=None, name="any")
    all_: tuple["Part", ...] | None = field(default=None, name="all")

    def __post_init__(self) -> None:
        told = [self.rule, self.official, self.report, self.any_, self.all_]
        if sum(one is not None for one in told) != 1:
            raise ValueError("a trigger says one of `rule`, `official`, `report`, `any`, `all`")
        if self.any_ == () or self.all_ == ():
            raise ValueError("a trigger's `any` or `all` is empty")
        if (self.rule is not None) and self.level is None:
            raise ValueError("a trigger by rule lacks its `level`")
        if self.level is not None and self.rule is None and self.official is None:
            raise ValueError("a `level` goes with `rule` or `official`")

    def holds(self, level_of: Callable[[TriggerKey], Level]) -> bool:
        """Whether it is met, given the highest level open of each thing that a trigger may name."""
        if self.key is not None:
            return rank(level_of(self.key)) >= rank(self.mildest_level)
        if self.any_ is not None:
            return any(part.holds(level_of) for part in self.any_)
        return self.all_ is not None and all(part.holds(level_of) for part in self.all_)

    @property
    def key(self) -> TriggerKey | None:
        """What it names itself; None for a group."""
        if self.report is not None:
            return f"report:{self.report}"
        return self.rule if self.official is None else f"official:{self.official}"

    @property
    def mildest_level(self) -> Grade:
        """The level asked for; a report, or a warning without one, counts at any."""
        return self.level or "blue"

    def named(self) -> Iterator[tuple[TriggerKey, Grade]]:
        """Everything that it names, with the level asked for."""
        if self.key is not None:
            yield self.key, self.mildest_level
        for part in (*(self.any_ or ()), *(self.all_ or ())):
            yield from part.named()


class Trigger(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What starts a plan."""

    confirm_within_min: Minutes | None = None
    suppress: tuple[Text, ...] = ()


class Task(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one post does, and within how many minutes of the run's start."""

    id: Text
    post: Text
    do: Text
    backup: Text | None = None
    limit_min: Minutes | None = None
    limit_min_red: Minutes | None = None  # instead of limit_min while the run is red
    repeat_min: Minutes | None = None
    evidence: Text | None = None
    result: tuple[Text, ...] = ()  # choices for the answer
    after: tuple[Text, ...] = ()  # tasks that come first
    from_level: Response | None = None  # begins when the run has that level; None: at any

    def __post_init__(self) -> None:
        if self.limit_min is None and self.repeat_min is None:
            raise ValueError("a task has a `limit_min` or a `repeat_min`")

    def grade(self) -> Grade | None:
        """The level of an alert from which on it is done."""
        return None if self.from_level is None else GRADE_OF[self.from_level]

    def due_min(self, level: str) -> int:
        """Minutes from the run's start until it is due, first due where it repeats."""
        if level == "red" and self.limit_min_red is not None:
            return self.limit_min_red
        return self.limit_min or self.repeat_min or 0


class Route(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A way out: what it keeps clear of and the shelter it leads to."""

    id: Text
    avoid: Text
    to: Text
    way: str = ""  # lon,lat lon,lat … (alerts/plan_way.py); empty: told in words only


class Shelter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place of refuge for `capacity` persons."""

    id: Text
    name: Text
    capacity: Annotated[int, Meta(ge=1)]


class Resource(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Things kept ready."""

    item: Text
    count: Annotated[int, Meta(ge=0)]


class Termination(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must hold before a run ends, and which post of the command signs."""

    by: Text
    any_: tuple[Condition, ...] | None = field(default=None, name="any")
    all_: tuple[Condition, ...] | None = field(default=None, name="all")

    def __post_init__(self) -> None:
        if bool(self.any_) == bool(self.all_):
            raise ValueError("a termination has either `any` or `all`")


class Review(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When the review is due after the end, in hours, and what it covers."""

    due_h: Annotated[int, Meta(ge=1)]
    items: tuple[Text, ...]


class Privacy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be shown of the persons concerned, and for how long their data is kept."""

    show_on_wall: bool
    map: Literal["point", "grid", "none"]
    delete_after_close_d: Annotated[int, Meta(ge=0)]


class Plan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One emergency plan."""

    id: Text
    name: Text
    trigger: Trigger
    command: Annotated[dict[str, Text], Meta(min_length=1)]  # place in the command → post
    levels: Annotated[dict[Response, Text], Meta(min_length=1)]  # response level → what it means
    tasks: Annotated[tuple[Task, ...], Meta(min_length=1)]
    terminate: Termination
    review: Review
    threatened: dict[str, Annotated[int, Meta(ge=0)]] = {}
    routes: tuple[Route, ...] = ()
    shelters: tuple[Shelter, ...] = ()
    resources: tuple[Resource, ...] = ()
    notify: tuple[Text, ...] = ()
    upgrade: tuple[Condition, ...] = ()
    privacy: Privacy | None = None

    def mildest(self) -> dict[TriggerKey, Grade]:
        """For each thing that the trigger names, the mildest level it asks for."""
        found: dict[TriggerKey, Grade] = {}
        for key, level in self.trigger.named():
            if key not in found or rank(level) < rank(found[key]):
                found[key] = level
        return found


@dataclass(frozen=True, kw_only=True)
class OpenAlert:
    """An open alert as plans see it."""

    alert_id: int
    triggers: tuple[TriggerKey, ...]  # what plans know it by
    level: Grade
    township_id: int | None  # None: unlocated, which starts no plan


@dataclass(frozen=True, kw_only=True)
class Match:
    """A plan whose trigger is met in a township, by these alerts."""

    plan: Plan
    township_id: int
    level: Level  # the highest among the alerts
    alert_ids: tuple[int, ...]
    since: datetime | None = None  # as Shelved.since


def meets(mildest: Mapping[TriggerKey, Grade], triggers: Sequence[TriggerKey], level: Level) -> bool:
    """Whether an alert is of a kind and a level that the trigger names."""
    return any(one in mildest and rank(level) >= rank(mildest[one]) for one in triggers)


def begins(task: Task, level: Level) -> bool:
    """Whether a task is one of a run at that level."""
    grade = task.grade()
    return grade is None or rank(level) >= rank(grade)


def body_of_plan(plan: Plan) -> dict[str, Any]:
    """What a run keeps of its plan: the form of a plan file, without what was not said."""
    return _said(to_builtins(plan))  # type: ignore[no-any-return]


def _said(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _said(item) for key, item in value.items() if item is not None and item not in ([], {})}
    return [_said(item) for item in value] if isinstance(value, (list, tuple)) else value
