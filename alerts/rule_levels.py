"""Levels of graded thresholds as rule files write them."""

from itertools import pairwise
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from alerts.levels import GRADES, Grade
from alerts.rule_measures import Measure, MeasureKeys
from alerts.rule_values import Direction, Misplaced, Number, Text


class Threshold(MeasureKeys, frozen=True, kw_only=True):
    """A fixed value, a level of the sensor's own (warning, guarantee, highest …) and an offset, or a band.

    A band is met where low ≤ value < high. The keys of a measure may differ from level to level.
    """

    value: Number | None = None
    from_: Text | None = field(default=None, name="from")
    offset: Number = 0.0
    strict: bool = False  # only beyond the threshold, not at it
    low: Number | None = None
    high: Number | None = None

    @property
    def is_band(self) -> bool:
        """Whether it lies between two values."""
        return self.low is not None

    def __post_init__(self) -> None:
        band = self.low is not None or self.high is not None
        if (self.value is not None) + (self.from_ is not None) + band != 1:
            raise Misplaced("a level has either a `value` or `from`, or `low` and `high`")
        if self.from_ is None and self.offset:
            raise Misplaced("an `offset` goes with `from`, not with a value", "offset")
        if band:
            check_band(self.low, self.high, strict=self.strict)


class Levels(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The threshold of each level; None has no latch."""

    blue: Number | Threshold | None = None
    yellow: Number | Threshold | None = None
    orange: Number | Threshold | None = None
    red: Number | Threshold | None = None

    def of(self, grade: Grade) -> Threshold | None:
        """The threshold of one level, whichever way it was written."""
        written: Number | Threshold | None = getattr(self, grade)
        return Threshold(value=written) if isinstance(written, float) else written

    def graded(self) -> dict[Grade, Threshold]:
        """The levels that there are, lowest first."""
        return {grade: threshold for grade in GRADES if (threshold := self.of(grade)) is not None}

    def with_(self, other: "Levels") -> "Levels":
        """With the levels of `other` in place of one's own; what they measure stays where they do not say."""
        return Levels(**{**self.graded(), **{grade: self._with(grade, one) for grade, one in other.graded().items()}})

    def _with(self, grade: Grade, other: Threshold) -> Threshold:
        own = self.of(grade)
        return other if own is None or other.names_measure() else replace(other, **own.given())


def written(grades: Struct) -> dict[Grade, Any]:
    """The levels that are written, lowest first."""
    return {grade: level for grade in GRADES if (level := getattr(grades, grade)) is not None}


def check_band(low: float | None, high: float | None, *, strict: bool) -> None:
    """Raises Misplaced where it is none."""
    if low is None or high is None:
        raise Misplaced("a band has both `low` and `high`", "high" if low is not None else "low")
    if not low < high:
        raise Misplaced(f"`low` {low:g} is not under `high` {high:g}", "low")
    if strict:
        raise Misplaced("`strict` goes with one threshold, not with a band", "strict")


def measures(levels: dict[Grade, Threshold], base: MeasureKeys | None) -> dict[Grade, Measure]:
    """What each level compares; raises Misplaced."""
    found = {}
    for grade, threshold in levels.items():
        try:
            found[grade] = threshold.resolved(base)
        except Misplaced as error:
            (key,) = error.steps
            at = ("measure",) if key in _inherited(threshold, base) else ("levels", grade)
            raise Misplaced(str(error), *at, key) from error
    return found


def _inherited(threshold: Threshold, base: MeasureKeys | None) -> set[str]:
    """The keys of a level's measure that stand in the rule's own."""
    if base is None or threshold.of not in (None, base.of):
        return set()
    return base.given().keys() - threshold.given().keys()


def check_order(levels: dict[Grade, Threshold], of: dict[Grade, Measure], direction: Direction) -> None:
    """Raises Misplaced where a level is milder than a lower one that compares the same measure."""
    for (milder, low), (graver, high) in _neighbours(levels, of):
        if (high < low) if direction == "above" else (high > low):
            reason = f"`levels` out of order for {direction}: {milder} {low:g}, {graver} {high:g}"
            raise Misplaced(reason, "levels")


def _neighbours(
    levels: dict[Grade, Threshold], of: dict[Grade, Measure]
) -> list[tuple[tuple[Grade, float], tuple[Grade, float]]]:
    found: list[tuple[tuple[Grade, float], tuple[Grade, float]]] = []
    for measure in dict.fromkeys(of.values()):
        alike = {grade: threshold for grade, threshold in levels.items() if of[grade] == measure}
        fixed = [(grade, one.value) for grade, one in alike.items() if one.value is not None]
        own = [(grade, one) for grade, one in alike.items() if one.from_ is not None]
        found += pairwise(fixed)
        found += [
            ((milder, low.offset), (graver, high.offset))
            for (milder, low), (graver, high) in pairwise(own)
            if low.from_ == high.from_
        ]
    return found
