"""Which plan runs a batch's alerts start, join or raise, before any of it is written."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from alerts.levels import LEVELS, Grade, Level, highest, rank
from alerts.plan_shelf import PlanShelf, Shelved
from alerts.plans import Plan, Task, TriggerKey, meets

Reason = Literal["started", "escalated"]


@dataclass(frozen=True, kw_only=True)
class Move:
    """An alert's new level in its township; none where it was resolved."""

    alert_id: int
    triggers: tuple[TriggerKey, ...]  # what plans know it by
    township_id: int
    level: Level
    time: int  # event time, µs
    rises: bool


@dataclass(frozen=True, kw_only=True)
class RunTransition:
    """A run's start or rise."""

    time: int
    from_level: Level
    to_level: Level
    reason: Reason


@dataclass(kw_only=True, eq=False)
class Run:
    """An open run, with what this batch adds to it."""

    id: int | None  # None until one is drawn for a new run
    plan_id: str
    township_id: int
    level: Level
    started_at: int | None = None  # event time, µs; None: it was open before this batch
    plan: Plan | None = None  # of a run that this batch started or raised
    version_id: int | None = None  # of the library; None: of a file
    joins: dict[int, int] = field(default_factory=dict)  # alert id → time
    transitions: list[RunTransition] = field(default_factory=list)

    def tasks(self) -> tuple[Task, ...]:
        """The tasks of its plan."""
        return self.plan.tasks if self.plan else ()

    def rise(self, to: Level, time: int, reason: Reason) -> None:
        """Start at a level, or rise to it; a run never falls by itself."""
        if rank(to) > rank(self.level):
            self.transitions.append(RunTransition(time=time, from_level=self.level, to_level=to, reason=reason))
            self.level = to


class _Township:
    """The open alerts of a township, counted so that the highest level of a rule is at hand."""

    def __init__(self) -> None:
        self.alerts: dict[int, tuple[tuple[TriggerKey, ...], Level]] = {}
        self._counts: dict[TriggerKey, list[int]] = defaultdict(lambda: [0] * len(LEVELS))

    def put(self, alert_id: int, triggers: tuple[TriggerKey, ...], level: Level) -> None:
        if alert_id in self.alerts:
            old_triggers, old = self.alerts.pop(alert_id)
            for trigger in old_triggers:
                self._counts[trigger][rank(old)] -= 1
        if level != "none":
            self.alerts[alert_id] = (triggers, level)
            for trigger in triggers:
                self._counts[trigger][rank(level)] += 1

    def level_of(self, trigger: TriggerKey) -> Level:
        if trigger not in self._counts:
            return "none"
        return highest(*(level for level, count in zip(LEVELS, self._counts[trigger], strict=True) if count))

    def meeting(self, mildest: Mapping[TriggerKey, Grade]) -> list[int]:
        return [alert_id for alert_id, (triggers, level) in self.alerts.items() if meets(mildest, triggers, level)]


class RunBook:
    """The runs of the townships concerned, open or proposed, led through a batch's moves one by one, in order."""

    def __init__(self, plans: Sequence[Plan], runs: Iterable[Run], alerts: Iterable[Move]) -> None:
        self._shelf = PlanShelf.of(plans)
        self._open = {(run.plan_id, run.township_id): run for run in runs}
        self._townships: dict[int, _Township] = defaultdict(_Township)
        for alert in alerts:
            self._townships[alert.township_id].put(alert.alert_id, alert.triggers, alert.level)

    def follow(self, move: Move) -> None:
        """Take one move: plans that it starts, joins or raises; a fall or a clearing changes no run."""
        township = self._townships[move.township_id]
        township.put(move.alert_id, move.triggers, move.level)
        if not move.rises:
            return
        for one in self._shelf.here(move.township_id):
            if not meets(one.mildest, move.triggers, move.level):
                continue
            run = self._open.get((one.plan.id, move.township_id))
            if run is None and one.plan.trigger.holds(township.level_of):
                self._start(one, township, move)
            elif run is not None:
                run.plan = one.plan
                run.joins.setdefault(move.alert_id, move.time)
                run.rise(move.level, move.time, "escalated")

    def _start(self, one: Shelved, township: _Township, move: Move) -> None:
        joined = township.meeting(one.mildest)
        level = highest(*(township.alerts[alert_id][1] for alert_id in joined))
        run = Run(
            id=None,
            plan_id=one.plan.id,
            township_id=move.township_id,
            level="none",
            started_at=move.time,
            plan=one.plan,
            version_id=one.version_id,
        )
        run.rise(level, move.time, "started")
        run.joins = dict.fromkeys(joined, move.time)
        self._open[one.plan.id, move.township_id] = run

    def touched(self) -> list[Run]:
        """The runs that this batch started, joined or raised, in the order of their opening."""
        return [run for run in self._open.values() if run.joins or run.transitions]
