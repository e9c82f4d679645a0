"""Conditions of a plan that can be judged by what is stored: pure functions over alerts, readings and calls.

A condition is text, which a named person ticks, or one of these forms (docs/plans.md):

    {below: yellow, for_h: 24}                  every alert of the run has been lower for so long (also for_min)
    {stage_below_warning_m: 0.2, falling: true} every gauge concerned stands so far below its warning level (m)
    {depth_below_cm: 3, for_min: 30}            every depth concerned has been lower for so long
    {rate_over: 1.0, unit: m/h}                 a stage rises faster than that, over the last hour
    {rule: 10, level: red}                      as in a trigger; also official, report, any, all
    {unanswered_min: 15}                        somebody who was called has not answered for so long

What it says is True, False, or None: it cannot be told (no reading, no alert, another form), and a person says it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from alerts.levels import GRADES, LEVELS, Level, highest, rank
from alerts.plans import GRADE_OF, Part, TriggerKey

Verdict = bool | None
Purpose = Literal["upgrade", "terminate"]
STALE = timedelta(hours=12)  # [D] of a gauge that says nothing of how often it reports
_TIMES_ITS_INTERVAL = 3  # after which a sensor is stale
_HOUR = timedelta(hours=1)
_DEPTHS = ("water_depth", "underpass_depth")


@dataclass(frozen=True, kw_only=True)
class Step:
    """A change of an alert's level; none: it was not open."""

    time: datetime
    before: Level
    after: Level


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A sensor whose readings count, with those of the last hours, oldest first."""

    quantity: str
    warning: float | None  # in the unit and the datum of its readings
    interval: timedelta | None
    times: Sequence[datetime] = field(default_factory=tuple)
    values: Sequence[float] = field(default_factory=tuple)

    def value_at(self, at: datetime) -> tuple[datetime, float] | None:
        """The newest reading that is not younger; None where that is stale, or there is none."""
        stale = STALE if self.interval is None else max(self.interval * _TIMES_ITS_INTERVAL, _HOUR)
        for time, value in zip(reversed(self.times), reversed(self.values), strict=True):
            if time <= at:
                return (time, value) if at - time <= stale else None
        return None


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of a run at `at`."""

    at: datetime
    started_at: datetime
    joined: int = 0  # alerts that joined the run
    standing: Level = "none"  # the highest of these now
    steps: Sequence[Step] = field(default_factory=tuple)  # of these
    levels: Mapping[TriggerKey, Level] = field(default_factory=dict)  # of what is open in the township
    watched: Sequence[Watched] = field(default_factory=tuple)
    unanswered_since: datetime | None = None  # of whoever was called first and has not answered


def judge(condition: object, facts: Facts) -> Verdict:
    """Whether it holds."""
    form = _form(condition)
    return None if form is None else form(condition, facts)  # type: ignore[arg-type]


def is_measured(condition: object) -> bool:
    """Whether it is of a form that can be judged at all."""
    return _form(condition) is not None


def target(condition: object, level: str) -> str:
    """The level that a run takes whose condition for rising is met: the one that it names, else one more."""
    named = condition.get("level") if isinstance(condition, dict) else None
    if named in GRADES:
        return highest(next(one for one in LEVELS if one == level), next(one for one in LEVELS if one == named))
    return GRADES[min(GRADES.index(next(one for one in GRADES if one == level)) + 1, len(GRADES) - 1)]


def _form(condition: object) -> Callable[[dict[str, Any], Facts], Verdict] | None:
    if not isinstance(condition, dict):
        return None
    return next((form for key, form in _FORMS.items() if key in condition), None)


def _below(condition: dict[str, Any], facts: Facts) -> Verdict:
    level = GRADE_OF.get(str(condition["below"]))
    if level is None or not facts.joined:
        return None
    if rank(facts.standing) >= rank(level):
        return False
    fell = [one.time for one in facts.steps if rank(one.before) >= rank(level) > rank(one.after)]
    return facts.at - max(fell, default=facts.started_at) >= _lasting(condition)


def _lasting(condition: dict[str, Any]) -> timedelta:
    return timedelta(hours=float(condition.get("for_h", 0)), minutes=float(condition.get("for_min", 0)))


def _stage_below(condition: dict[str, Any], facts: Facts) -> Verdict:
    gauges = [one for one in facts.watched if one.quantity == "stage" and one.warning is not None]
    return _all(_is_low(one, condition, facts.at) for one in gauges)


def _is_low(gauge: Watched, condition: dict[str, Any], at: datetime) -> Verdict:
    now = gauge.value_at(at)
    if now is None or gauge.warning is None:
        return None
    low = now[1] <= gauge.warning - float(condition["stage_below_warning_m"])
    if not low or not condition.get("falling"):
        return low
    earlier = gauge.value_at(now[0] - timedelta(microseconds=1))
    return None if earlier is None else now[1] < earlier[1]


def _depth_below(condition: dict[str, Any], facts: Facts) -> Verdict:
    depths = [one for one in facts.watched if one.quantity in _DEPTHS]
    return _all(_was_shallow(one, condition, facts.at) for one in depths)


def _was_shallow(depth: Watched, condition: dict[str, Any], at: datetime) -> Verdict:
    begins, deep = at - _lasting(condition), float(condition["depth_below_cm"])
    if depth.value_at(at) is None:
        return None
    within = [value for time, value in zip(depth.times, depth.values, strict=True) if begins < time <= at]
    stood = depth.value_at(begins)  # what held when the time began
    if any(value >= deep for value in within):
        return False
    return None if stood is None else stood[1] < deep


def _rate_over(condition: dict[str, Any], facts: Facts) -> Verdict:
    if condition.get("unit", "m/h") != "m/h":
        return None
    rates = [_rate(one, facts.at) for one in facts.watched if one.quantity == "stage"]
    known = [rate for rate in rates if rate is not None]
    return any(rate > float(condition["rate_over"]) for rate in known) if known else None


def _rate(gauge: Watched, at: datetime) -> float | None:
    """m/h since the newest reading that is an hour old, but no more than three."""
    now, then = gauge.value_at(at), gauge.value_at(at - _HOUR)
    if now is None or then is None or now[0] <= then[0] or now[0] - then[0] > 3 * _HOUR:
        return None
    return (now[1] - then[1]) / ((now[0] - then[0]) / _HOUR)


def _trigger(condition: dict[str, Any], facts: Facts) -> Verdict:
    try:
        part = msgspec.convert(condition, Part)
    except msgspec.ValidationError:
        return None
    return part.holds(lambda key: facts.levels.get(key, "none"))


def _unanswered(condition: dict[str, Any], facts: Facts) -> Verdict:
    if facts.unanswered_since is None:
        return False
    return facts.at - facts.unanswered_since >= timedelta(minutes=float(condition["unanswered_min"]))


def _all(verdicts: Any) -> Verdict:
    """True where all are, False where one is; None where nothing is known that decides."""
    told = list(verdicts)
    if False in told:
        return False
    return None if not told or None in told else True


# By the key that tells the form.
_FORMS: Mapping[str, Callable[[dict[str, Any], Facts], Verdict]] = {
    "below": _below,
    "stage_below_warning_m": _stage_below,
    "depth_below_cm": _depth_below,
    "rate_over": _rate_over,
    "unanswered_min": _unanswered,
    "rule": _trigger,
    "official": _trigger,
    "report": _trigger,
    "any": _trigger,
    "all": _trigger,
}
