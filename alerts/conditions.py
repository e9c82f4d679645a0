"""Conditions over samples, three-valued: met, clear, or neither, which is unknown or between the two lines.

`all` is met where every part is, and clear where any is; `any` the other way round; `not`
exchanges the two. So an unknown part never raises and never releases by itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from alerts.columns import Flags, Floats, Rows, Times
from alerts.levels import rank
from alerts.measures import measured
from alerts.rule_expressions import Expression
from alerts.rule_measures import Input, Measure
from alerts.windows import Windows

PLAIN = Measure()  # the reading itself
_DAY_US = 86_400_000_000
_CHONGQING_US = 8 * 3_600_000_000  # ahead of UTC, without summer time


@dataclass(frozen=True, kw_only=True, eq=False)
class Verdict:
    """Two flags for each sample, never both."""

    met: Flags
    clear: Flags


@dataclass(frozen=True, kw_only=True)
class WarningInForce:
    """An official warning in one division; from ≤ t < to, in µs."""

    division_id: int
    event: str  # type of event: 11B37
    level: str
    from_us: int
    to_us: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Subjects:
    """The n subjects of one rule, as its conditions need them."""

    members: Mapping[str, Rows]  # [n] by quantity: the sensor of the subject that reads it; -1: none
    divisions: Sequence[frozenset[int]]  # [n] all that it lies in


@dataclass(frozen=True, kw_only=True, eq=False)
class Seen:
    """The samples to judge: m rows; a measure that several levels ask for is taken once."""

    windows: Windows
    subjects: Subjects
    warnings: Sequence[WarningInForce]
    subject: Rows  # [m] its place among the n
    time: Times  # [m]
    sensor: Rows  # [m] whose reading it is
    value: Floats  # [m] that reading
    _taken: dict[tuple[str, Measure, int], Floats] = field(default_factory=dict)

    def measure(self, quantity: str, measure: Measure, max_age: int) -> Floats:
        """[m] of the subject's sensor of that quantity, as of each sample; a value no older than `max_age` (µs)."""
        key = (quantity, measure, max_age)
        if key not in self._taken:
            sensor = self.subjects.members[quantity][self.subject]
            if measure == PLAIN and (sensor == self.sensor).all():
                return self.value
            # Of readings at one time, those of sensors with smaller ids come first.
            upto = self.time - (sensor > self.sensor)
            self._taken[key] = measured(self.windows, measure, sensor, upto, max_age)
        return self._taken[key]


class Condition(Protocol):
    """One node of a condition."""

    def judge(self, seen: Seen) -> Verdict:
        """[m] flags."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Lines:
    """Where a figure meets a level, and where it is clear of it, for n subjects.

    Signed, so that it is only ever looked at upwards; inf: the subject has no such level.
    """

    sign: int
    met: Floats  # [n]
    clear: Floats  # [n]
    ceiling: Floats | None = None  # [n] of a band: met only under it
    beyond: Floats | None = None  # [n] of a band: clear from here on, too

    def judge(self, figure: Floats, subject: Rows) -> Verdict:
        """[m] flags; a NaN is neither."""
        signed = figure * self.sign
        met, clear = signed >= self.met[subject], signed < self.clear[subject]
        if self.ceiling is not None and self.beyond is not None:
            met &= signed < self.ceiling[subject]
            clear |= signed >= self.beyond[subject]
        return Verdict(met=met, clear=clear)


@dataclass(frozen=True, kw_only=True, eq=False)
class Leaf:
    """A measure of one quantity against its lines."""

    quantity: str
    measure: Measure
    lines: Lines
    max_age: int = 0  # µs

    @property
    def inputs(self) -> Sequence[Input]:
        """What it looks at."""
        return [Input(self.quantity, self.measure)]

    def figure(self, seen: Seen) -> Floats:
        """[m] what is compared."""
        return seen.measure(self.quantity, self.measure, self.max_age)

    def judge(self, seen: Seen) -> Verdict:
        """[m] flags."""
        return self.lines.judge(self.figure(seen), seen.subject)


@dataclass(frozen=True, kw_only=True, eq=False)
class Computed:
    """A formula over measures of one or several quantities against its lines."""

    formula: Expression
    terms: Mapping[str, Input]  # by the name that the formula has for it
    lines: Lines
    max_age: int = 0  # µs

    @property
    def inputs(self) -> Sequence[Input]:
        """What it looks at."""
        return list(self.terms.values())

    def figure(self, seen: Seen) -> Floats:
        """[m] what is compared."""
        values = {name: seen.measure(*term, self.max_age) for name, term in self.terms.items()}
        return self.formula.evaluate(values)

    def judge(self, seen: Seen) -> Verdict:
        """[m] flags."""
        return self.lines.judge(self.figure(seen), seen.subject)


@dataclass(frozen=True, kw_only=True, eq=False)
class All:
    """Every part."""

    parts: Sequence[Condition]

    def judge(self, seen: Seen) -> Verdict:
        """[m] flags."""
        each = [part.judge(seen) for part in self.parts]
        met = np.logical_and.reduce([verdict.met for verdict in each])
        return Verdict(met=met, clear=np.logical_or.reduce([verdict.clear for verdict in each]))


@dataclass(frozen=True, kw_only=True, eq=False)
class Any:
    """At least one part."""

    parts: Sequence[Condition]

    def judge(self, seen: Seen) -> Verdict:
        """[m] flags."""
        each = [part.judge(seen) for part in self.parts]
        met = np.logical_or.reduce([verdict.met for verdict in each])
        return Verdict(met=met, clear=np.logical_and.reduce([verdict.clear for verdict in each]))


@dataclass(frozen=True, kw_only=True, eq=False)
class Not:
    """The part is clear."""

    part: Condition

    def judge(self, seen: Seen) -> Verdict:
        """[m] flags."""
        verdict = self.part.judge(seen)
        return Verdict(met=verdict.clear, clear=verdict.met)


@dataclass(frozen=True, kw_only=True, eq=False)
class During:
    """A season and hours of the day in Chongqing; both may go over the end of the year or the day."""

    months: tuple[int, int] | None = None  # first and last, 1 to 12
    hours: tuple[int, int] | None = None  # µs of the day; from ≤ t < to

    def judge(self, seen: Seen) -> Verdict:
        """[m] flags: always known."""
        local = seen.time + _CHONGQING_US
        met = np.ones(len(local), bool)
        if self.months is not None:
            month = local.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64) % 12 + 1
            met &= _between(month, self.months[0], self.months[1] + 1, at_most=13)
        if self.hours is not None:
            met &= _between(local % _DAY_US, *self.hours, at_most=_DAY_US)
        return Verdict(met=met, clear=~met)


def _between(of: Rows, first: int, end: int, *, at_most: int) -> Flags:
    if first < end <= at_most:
        return np.asarray((of >= first) & (of < end))
    return np.asarray((of >= first) | (of < end))


@dataclass(frozen=True, kw_only=True, eq=False)
class Warned:
    """An official warning of this type, at this level or graver, is in force where the subject is."""

    event: str
    level: str

    def judge(self, seen: Seen) -> Verdict:
        """[m] flags: always known."""
        met = np.zeros(len(seen.time), bool)
        for warning in seen.warnings:
            if warning.event == self.event and rank(warning.level) >= rank(self.level):
                inside = [warning.division_id in divisions for divisions in seen.subjects.divisions]
                when = (seen.time >= warning.from_us) & (seen.time < warning.to_us)
                met |= when & np.array(inside, bool)[seen.subject]
        return Verdict(met=met, clear=~met)
