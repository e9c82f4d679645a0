"""Thresholds of rule files as lines that the kernel compares with: columns by subject, signed to look upwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from alerts.columns import Floats
from alerts.conditions import Lines
from alerts.rule_levels import Threshold
from alerts.rule_trees import Node, Own
from alerts.sensor_subjects import Subject


class Margins(Protocol):
    """Whatever says how far back a level is cleared."""

    @property
    def margin(self) -> float | None:
        """In the unit of what is compared."""
        ...

    @property
    def margin_fraction(self) -> float | None:
        """Of the threshold."""
        ...


@dataclass(frozen=True, kw_only=True)
class Back:
    """How far back a level is cleared."""

    margin: float | None = None
    fraction: float | None = None

    def of(self, at: Floats) -> Floats:
        """[n] the distance from each threshold."""
        return np.abs(at) * self.fraction if self.fraction is not None else np.full(len(at), self.margin or 0.0)

    @staticmethod
    def among(*said: Margins) -> "Back":
        """What the first one says that says anything."""
        for one in said:
            if one.margin is not None or one.margin_fraction is not None:
                return Back(margin=one.margin, fraction=one.margin_fraction)
        return Back()


def threshold_lines(threshold: Threshold, sign: int, back: Back, sensors: Sequence[Subject | None]) -> Lines:
    """Of one level of a graded threshold."""
    if threshold.low is not None and threshold.high is not None:
        return _band(threshold.low, threshold.high, back, len(sensors))
    own = None if threshold.from_ is None else Own(from_=threshold.from_, offset=threshold.offset)
    at = _at(threshold.value if own is None else own, sensors)
    return _line(at, sign, back, strict=threshold.strict)


def node_lines(node: Node, back: Back, sensors: Sequence[Subject | None]) -> Lines:
    """Of one comparison of a condition."""
    if node.low is not None and node.high is not None:
        return _band(node.low, node.high, back, len(sensors))
    if node.above is not None:
        return _line(_at(node.above, sensors), 1, back, strict=node.strict)
    return _line(_at(node.below, sensors), -1, back, strict=node.strict)


def fixed_line(at: float, sign: int, n: int, *, strict: bool = False) -> Lines:
    """The same for n subjects, cleared as soon as it is not met."""
    return _line(np.full(n, at), sign, Back(), strict=strict)


def _at(said: float | Own | None, sensors: Sequence[Subject | None]) -> Floats:
    """[n] the threshold; NaN where a sensor does not know its level."""
    if isinstance(said, Own):
        levels = [np.nan if sensor is None else sensor.levels.get(said.from_, np.nan) for sensor in sensors]
        return np.array(levels, np.float64) + said.offset
    return np.full(len(sensors), np.nan if said is None else said)


def _line(at: Floats, sign: int, back: Back, *, strict: bool) -> Lines:
    """Rounded to 1e-9, so that 180.5 - 0.2 is the 180.3 that a device sends.

    What is beyond a strict threshold begins at the next number that a float64 holds.
    """
    met, clear = sign * np.round(at, 9), sign * np.round(at - sign * back.of(at), 9)
    if strict:
        met, clear = np.nextafter(met, np.inf), np.nextafter(clear, np.inf)
    unknown = np.isnan(at)
    return Lines(sign=sign, met=np.where(unknown, np.inf, met), clear=np.where(unknown, np.inf, clear))


def _band(low: float, high: float, back: Back, n: int) -> Lines:
    lower, upper = np.full(n, low), np.full(n, high)
    return Lines(
        sign=1,
        met=lower,
        clear=np.round(lower - back.of(lower), 9),
        ceiling=upper,
        beyond=np.round(upper + back.of(upper), 9),
    )
