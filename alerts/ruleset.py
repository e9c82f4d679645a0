"""Rules made ready for the kernel: one row of columns for each pair of a rule and a sensor that it judges."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from alerts.columns import Counts, Floats, Ids, Rows, Times, spans
from alerts.levels import GRADES
from alerts.rules import Rule, Threshold


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A sensor as the rules see it."""

    sensor_id: int
    quantity: str
    unit: str  # of its readings and its levels
    datum: str | None  # height system of its readings, where they are a stage
    levels: Mapping[str, float]  # its own: warning, guarantee, highest …
    levels_datum: str | None


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A sensor that a rule would judge but must not, for a reason that a person has to see."""

    rule_id: str
    sensor_id: int
    reason: str


@dataclass(frozen=True, kw_only=True, eq=False)
class RuleSet:
    """Columns of P pairs, ordered by sensor, then rule; four levels, lowest first.

    For a rule that looks downwards, value and thresholds are negated (`sign` = -1), so that
    the kernel only ever looks upwards.
    """

    rules: tuple[Rule, ...]
    refused: tuple[Refused, ...]
    first: Rows  # [largest sensor id + 2]: the pairs of sensor s are first[s] … first[s + 1] - 1
    sensor: Ids  # [P]
    rule: Ids  # [P], index into `rules`
    sign: Floats  # [P]
    threshold: Floats  # [P, 4], signed; inf: no such level
    clear: Floats  # [P, 4], signed; a latch is released under it
    raise_after: Counts  # [P]
    clear_for: Times  # [P], µs

    @cached_property
    def lowest(self) -> Floats:
        """[P] the lowest threshold of each pair, signed."""
        return np.asarray(self.threshold.min(axis=1))

    @cached_property
    def looks_down(self) -> bool:
        """Whether any rule looks downwards."""
        return bool((self.sign < 0).any())

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {rule.id: number for number, rule in enumerate(self.rules)}

    def pairs_of(self, sensors: Rows) -> tuple[Rows, Rows]:
        """The pairs of the sensors, in their order, and for each pair the position of its sensor."""
        known = np.minimum(sensors, len(self.first) - 2)
        lengths = np.where(known == sensors, self.first[known + 1] - self.first[known], 0)
        return spans(self.first[known], lengths)

    def pair(self, rule_id: str, sensor_id: int) -> int | None:
        """The pair of a rule and a sensor; None where the rule does not judge it."""
        number = self._numbers.get(rule_id)
        if number is None or not 0 <= sensor_id < len(self.first) - 1:
            return None
        pairs = range(int(self.first[sensor_id]), int(self.first[sensor_id + 1]))
        return next((pair for pair in pairs if self.rule[pair] == number), None)


def compile_rules(rules: Sequence[Rule], subjects: Iterable[Subject]) -> RuleSet:
    """Pair every rule with the sensors of its quantity; what must not be compared is in `refused`."""
    by_quantity: dict[str, list[int]] = defaultdict(list)
    for number, rule in enumerate(rules):
        by_quantity[rule.quantity].append(number)
    pairs: list[tuple[int, int]] = []
    lines: list[tuple[tuple[float, ...], tuple[float, ...]]] = []
    refused: list[Refused] = []
    largest = -1
    for subject in sorted(subjects, key=lambda one: one.sensor_id):
        largest = subject.sensor_id
        for number in by_quantity.get(subject.quantity, ()):
            reason = _refusal(rules[number], subject)
            if reason:
                refused.append(Refused(rule_id=rules[number].id, sensor_id=subject.sensor_id, reason=reason))
            else:
                pairs.append((subject.sensor_id, number))
                lines.append(_lines(rules[number], subject))
    return _columns(tuple(rules), tuple(refused), pairs, lines, largest)


def _columns(
    rules: tuple[Rule, ...],
    refused: tuple[Refused, ...],
    pairs: list[tuple[int, int]],
    lines: list[tuple[tuple[float, ...], tuple[float, ...]]],
    largest: int,
) -> RuleSet:
    sensor, rule = np.array(pairs, dtype=np.int32).reshape(-1, 2).T
    both = np.array(lines, dtype=np.float64).reshape(-1, 2, len(GRADES))
    raise_after = np.array([one.raise_after for one in rules], dtype=np.int32)
    clear_for = np.array([round(one.clear_for_s * 1e6) for one in rules], dtype=np.int64)
    sign = np.array([_sign(one) for one in rules], dtype=np.float64)
    return RuleSet(
        rules=rules,
        refused=refused,
        first=np.searchsorted(sensor, np.arange(largest + 2)).astype(np.int64),
        sensor=np.ascontiguousarray(sensor),
        rule=np.ascontiguousarray(rule),
        sign=sign[rule],
        threshold=np.ascontiguousarray(both[:, 0]),
        clear=np.ascontiguousarray(both[:, 1]),
        raise_after=raise_after[rule],
        clear_for=clear_for[rule],
    )


def _sign(rule: Rule) -> int:
    return 1 if rule.direction == "above" else -1


def _refusal(rule: Rule, subject: Subject) -> str:
    """Why this rule must not judge this sensor; empty where it may."""
    if rule.unit != subject.unit:
        return f"the rule is in {rule.unit}, the sensor in {subject.unit}: give the rule the sensor's unit"
    graded = rule.graded().values()
    if any(one.from_ is not None for one in graded) and subject.levels_datum != subject.datum:
        return f"levels in datum {subject.levels_datum}, readings in {subject.datum}: state both in one datum"
    if subject.datum is not None and any(one.from_ is None for one in graded):
        return f"a fixed threshold names no datum, the sensor reads in {subject.datum}: use the sensor's own levels"
    return ""


def _lines(rule: Rule, subject: Subject) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The signed thresholds and clear lines of the four levels."""
    graded = rule.graded()
    both = [_line(rule, graded[grade], subject) if grade in graded else (math.inf, math.inf) for grade in GRADES]
    thresholds, clear = zip(*both, strict=True)
    return thresholds, clear


def _line(rule: Rule, threshold: Threshold, subject: Subject) -> tuple[float, float]:
    """Signed threshold and clear line, rounded to 1e-9 so that 180.5 - 0.2 is the 180.3 that a device sends.

    Beyond a strict threshold begins at the next number that a float64 holds.
    """
    base = threshold.value if threshold.from_ is None else subject.levels.get(threshold.from_)
    if base is None:
        return math.inf, math.inf
    sign = _sign(rule)
    at = base + threshold.offset
    line, clear = sign * round(at, 9), sign * round(at - sign * rule.margin_at(at), 9)
    if threshold.strict:
        return math.nextafter(line, math.inf), math.nextafter(clear, math.inf)
    return line, clear
