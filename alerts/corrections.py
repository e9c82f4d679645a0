"""Corrections: a reading that came late changes what should have been said, and the alerts follow.

The kernel takes back what it should not have said (`retracts`) and says what it should have
(reason "corrected"). Of one rule and subject all of that is taken together: first what is taken
back, then what is put in its place, then each alert that was touched is settled once.
"""

from bisect import insort
from collections.abc import Sequence

from alerts.kernel import Transition
from alerts.levels import highest, rank
from alerts.standing import Alert, Nature, Pair, Said, Step, level_of


def is_correction(transition: Transition) -> bool:
    """Whether it changes what was said before."""
    return transition.retracts or transition.reason == "corrected"


class Correction:
    """The corrections that a batch brings for one rule and subject; the pair's alerts know all they ever said."""

    def __init__(self, pair: Pair, nature: Nature) -> None:
        self.steps: list[Step] = []
        self.orphans: list[Transition] = []
        self._pair = pair
        self._nature = nature
        self._touched: dict[int, Alert] = {}  # by identity
        self._lost_raise: list[Alert] = []
        self._lost_clear: list[Alert] = []
        self._gained: list[Alert] = []

    def take(self, transitions: Sequence[Transition]) -> None:
        """Take them all, then settle."""
        for transition in transitions:
            if transition.retracts:
                self._take_back(transition)
        for transition in sorted((one for one in transitions if not one.retracts), key=lambda one: one.time):
            self._put_in(transition)
        # What ends makes room first: one alert is open for each rule and subject.
        bearer = _bearer(self._pair.alerts)
        for alert in sorted(self._touched.values(), key=lambda one: one is bearer):
            self._settle(alert, stands=alert is bearer)

    def _take_back(self, transition: Transition) -> None:
        said = Said.of(transition)
        alert = next((one for one in reversed(self._pair.alerts) if said in one.said), self._pair.latest)
        if alert is None:
            self.orphans.append(transition)
            return
        self._step(alert, transition, transition.reason)
        if said in alert.said:
            if said == alert.said[0] or said.from_level == "none":
                self._lost_raise.append(alert)
            alert.said.remove(said)
            if said.to_level == "none":
                self._lost_clear.append(alert)

    def _put_in(self, transition: Transition) -> None:
        alert = self._raised(transition) if transition.from_level == "none" else self._continued(transition)
        if alert is None:
            if transition.to_level == "none":
                self.orphans.append(transition)
                return
            alert = self._pair.opened(transition, self._nature)
        if rank(transition.to_level) > rank(transition.from_level):
            alert.suppressed_by = self._pair.place.suppressed_at(transition.time)
        self._step(alert, transition, "corrected")
        insort(alert.said, Said.of(transition), key=lambda one: one.time)
        self._gained.append(alert)

    def _step(self, alert: Alert, transition: Transition, reason: str) -> None:
        if id(alert) not in self._touched:
            self._touched[id(alert)] = alert
            alert.revision += 1
        before = alert.state
        alert.state = "open" if before == "none" else before
        self.steps.append(
            Step(alert=alert, transition=transition, reason=reason, from_state=before, to_state=alert.state)
        )

    def _raised(self, transition: Transition) -> Alert | None:
        """Whose raise it is: of the alert that lost its own, else of one that had just cleared then."""
        for alert in self._lost_raise:
            if not alert.said or alert.said[0].from_level != "none":
                return alert
        for alert in reversed(self._pair.alerts):
            before = _before(alert, transition.time)
            if before is None or before.to_level != "none":
                continue
            soon = transition.time - before.time <= self._nature.reopen_us
            if _goes_on_after(alert, transition.time) or (soon and alert.state != "closed"):
                return alert
        return None

    def _continued(self, transition: Transition) -> Alert | None:
        """Whose level it goes on from; what a person has closed does not rise again."""
        rises = rank(transition.to_level) > rank(transition.from_level)
        alerts = [
            alert
            for alert in self._pair.alerts
            if not rises or alert.state != "closed" or _goes_on_after(alert, transition.time)
        ]
        fitting = [
            (before.time, number)
            for number, alert in enumerate(alerts)
            if (before := _before(alert, transition.time)) is not None and before.to_level == transition.from_level
        ]
        if fitting:
            return alerts[max(fitting)[1]]
        touched = [alert for alert in alerts if id(alert) in self._touched]
        return next(reversed(touched), None) or self._pair.open or next(reversed(alerts), None)

    def _settle(self, alert: Alert, *, stands: bool) -> None:
        if alert.said:
            _tell_by(alert)
        if alert.state == "closed":
            return
        last = [step for step in self.steps if step.alert is alert][-1]
        others = any(one.is_open for one in self._pair.alerts if one is not alert)
        if alert.is_open and (not stands or others):
            alert.state = "resolved"
            alert.resolved_at = alert.said[-1].time if alert.said else last.transition.time
        elif not alert.is_open and stands and not others and alert in self._lost_clear + self._gained:
            alert.resume()
        elif not alert.is_open and alert.said and alert in self._lost_clear:
            alert.resolved_at = alert.said[-1].time
        last.to_state = alert.state


def _bearer(alerts: Sequence[Alert]) -> Alert | None:
    """The alert that has the level of today: with the last word of all, which is not a clearing."""
    last = max((one for one in alerts if one.said), key=lambda one: (one.said[-1].time, _stands(one)), default=None)
    return last if last is not None and _stands(last) else None


def _stands(alert: Alert) -> bool:
    return alert.said[-1].to_level != "none"


def _before(alert: Alert, time: int) -> Said | None:
    return next((one for one in reversed(alert.said) if one.time <= time), None)


def _goes_on_after(alert: Alert, time: int) -> bool:
    return bool(alert.said) and alert.said[-1].time > time


def _tell_by(alert: Alert) -> None:
    """Level, peak and times by what is said now."""
    first, last = alert.said[0], alert.said[-1]
    alert.level = level_of(alert.said)
    alert.peak = highest(alert.level, *(one.to_level for one in alert.said))
    alert.value, alert.changed_at = last.value, last.time
    if first.from_level == "none":
        alert.opened_at = first.time
