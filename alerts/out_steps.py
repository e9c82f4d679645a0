"""What an alert's transitions amount to for those outside: one step for each moment it changed."""

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from operator import itemgetter

from alerts.levels import Level
from alerts.out_alerts import OPEN, ToldAlert, ToldTransition

# Level and state stay, but whether anybody is to be troubled with it changes.
_HIDING = frozenset({"suppressed", "released", "inhibited", "uninhibited"})


@dataclass(frozen=True, kw_only=True)
class Moved:
    """A transition, or the last of those that together are one correction."""

    transition: ToldTransition
    level: Level  # after it, corrections folded in
    state: str

    @property
    def over(self) -> bool:
        """Whether the alert is no longer open."""
        return self.state not in OPEN

    @property
    def changes(self) -> bool:
        """Whether level or state are others now."""
        one = self.transition
        return one.kind == "level" or one.from_state != one.to_state

    @property
    def stays_inside(self) -> bool:
        """Whether it is words of people, and nothing else."""
        return not self.changes and self.transition.reason not in _HIDING


def steps(transitions: Sequence[ToldTransition]) -> list[Moved]:
    """The steps of one alert from all of its transitions in their order.

    What takes back and what is put in its place, of one correction, make no sense one by one: they are
    one step, and its level is what the whole history then comes to.
    """
    found: list[Moved] = []
    history = _History()
    for corrects, group in groupby(transitions, _correction):
        rows = list(group)
        for row in rows:
            history.take(row)
        if corrects is None:
            found += [Moved(transition=one, level=one.to_level, state=one.to_state) for one in rows]
        else:
            found.append(Moved(transition=rows[-1], level=history.level(), state=rows[-1].to_state))
    return found


def as_of(alert: ToldAlert, moved: Moved) -> ToldAlert:
    """The alert with the level, state, value and time that it had after the step."""
    value = moved.transition.value
    return replace(
        alert,
        level=alert.level if moved.level == "none" else moved.level,
        state=moved.state,
        value=alert.value if value is None else value,
        changed_at=moved.transition.time,
    )


def _correction(transition: ToldTransition) -> int | None:
    """The number of the correction that it is part of."""
    corrects = transition.kind == "level" and (transition.retracts or transition.reason == "corrected")
    return transition.revision if corrects else None


class _History:
    """What was said of an alert's level and not taken back, by event time."""

    def __init__(self) -> None:
        self._said: list[tuple[datetime, Level, Level]] = []

    def take(self, transition: ToldTransition) -> None:
        one = (transition.time, transition.from_level, transition.to_level)
        if transition.kind != "level":
            return
        if not transition.retracts:
            insort(self._said, one, key=itemgetter(0))
        elif one in self._said:
            self._said.remove(one)

    def level(self) -> Level:
        """None where nothing holds any more."""
        return self._said[-1][2] if self._said else "none"
