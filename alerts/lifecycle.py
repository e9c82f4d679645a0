"""What transitions do to alerts, before any of it is written: open, change, resolve."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from alerts.kernel import Transition
from alerts.levels import Level, highest


@dataclass(kw_only=True, eq=False)
class Alert:
    """An alert on its way to the database."""

    id: int | None  # None until one is drawn for a new alert
    rule_id: str
    sensor_id: int
    level: Level
    peak: Level
    state: str
    opened_at: int | None = None  # event time of a new alert, µs, as are the next two
    changed_at: int = 0
    resolved_at: int | None = None
    value: float = 0.0
    township_id: int | None = None  # where the subject was at opened_at
    grid_id: int | None = None

    @property
    def is_new(self) -> bool:
        """Whether this batch opened it."""
        return self.opened_at is not None


@dataclass(frozen=True, kw_only=True)
class Step:
    """One transition and the alert that it moved."""

    alert: Alert
    transition: Transition


@dataclass(kw_only=True)
class Moves:
    """The steps of a batch in their order, and clearings that found no open alert."""

    steps: list[Step] = field(default_factory=list)
    orphans: list[Transition] = field(default_factory=list)

    def alerts(self) -> list[Alert]:
        """Every alert touched, once, in order of its first step."""
        return list({id(step.alert): step.alert for step in self.steps}.values())


def apply(transitions: Sequence[Transition], open_alerts: Iterable[Alert]) -> Moves:
    """Walk the transitions in order over the alerts that are open; these are changed in place.

    A raise that finds an open alert joins it. A clearing that finds none, because a person
    closed the alert meanwhile, has nothing to resolve and is returned among the orphans.
    """
    current = {(alert.rule_id, alert.sensor_id): alert for alert in open_alerts}
    moves = Moves()
    for transition in transitions:
        key = (transition.rule_id, transition.subject)
        if transition.to_level == "none":
            alert = current.pop(key, None)
            if alert is None:
                moves.orphans.append(transition)
                continue
            alert.state, alert.resolved_at = "resolved", transition.time
        else:
            alert = current.setdefault(key, _opened(transition))
            alert.level = transition.to_level
            alert.peak = highest(alert.peak, alert.level)
        alert.value, alert.changed_at = transition.value, transition.time
        moves.steps.append(Step(alert=alert, transition=transition))
    return moves


def _opened(transition: Transition) -> Alert:
    return Alert(
        id=None,
        rule_id=transition.rule_id,
        sensor_id=transition.subject,
        level=transition.to_level,
        peak=transition.to_level,
        state="open",
        opened_at=transition.time,
    )
