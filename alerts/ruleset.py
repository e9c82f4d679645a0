"""Rules made ready for the kernel: one row of columns for each pair of a rule and a sensor that it judges."""

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


@dataclass(frozen=True, kw_only=True, eq=False)
class _Part:
    """The pairs of one rule: n sensors."""

    sensor: Ids  # [n]
    rule: Ids  # [n]
    threshold: Floats  # [n, 4]
    clear: Floats  # [n, 4]


def _part(number: int, rule: Rule, subjects: Sequence[Subject]) -> _Part:
    threshold, clear = np.full((2, len(subjects), len(GRADES)), np.inf)
    for grade, one in rule.graded().items():
        column = GRADES.index(grade)
        threshold[:, column], clear[:, column] = _lines(rule, one, subjects)
    return _Part(
        sensor=np.array([subject.sensor_id for subject in subjects], np.int32),
        rule=np.full(len(subjects), number, np.int32),
        threshold=threshold,
        clear=clear,
    )


def compile_rules(rules: Sequence[Rule], subjects: Iterable[Subject]) -> RuleSet:
    """Pair every rule with the sensors of its quantity; what must not be compared is in `refused`."""
    by_quantity: dict[str, list[Subject]] = defaultdict(list)
    largest = -1
    for subject in subjects:
        by_quantity[subject.quantity].append(subject)
        largest = max(largest, subject.sensor_id)
    parts: list[_Part] = []
    refused: list[Refused] = []
    for number, rule in enumerate(rules):
        allowed, not_allowed = _allowed(rule, by_quantity.get(rule.quantity, ()))
        parts.append(_part(number, rule, allowed))
        refused += not_allowed
    return _ruleset(tuple(rules), tuple(refused), parts, largest)


def _ruleset(rules: tuple[Rule, ...], refused: tuple[Refused, ...], parts: list[_Part], largest: int) -> RuleSet:
    sensor = np.concatenate([np.zeros(0, np.int32), *(part.sensor for part in parts)])
    rule = np.concatenate([np.zeros(0, np.int32), *(part.rule for part in parts)])
    order = np.lexsort((rule, sensor))
    sensor, rule, no_lines = sensor[order], rule[order], np.zeros((0, len(GRADES)))
    return RuleSet(
        rules=rules,
        refused=refused,
        first=np.searchsorted(sensor, np.arange(largest + 2)).astype(np.int64),
        sensor=sensor,
        rule=rule,
        sign=np.array([_sign(one) for one in rules], np.float64)[rule],
        threshold=np.concatenate([no_lines, *(part.threshold for part in parts)])[order],
        clear=np.concatenate([no_lines, *(part.clear for part in parts)])[order],
        raise_after=np.array([one.raise_after for one in rules], np.int32)[rule],
        clear_for=np.array([round(one.clear_for_s * 1e6) for one in rules], np.int64)[rule],
    )


def _sign(rule: Rule) -> int:
    return 1 if rule.direction == "above" else -1


def _allowed(rule: Rule, subjects: Iterable[Subject]) -> tuple[list[Subject], list[Refused]]:
    """The sensors that the rule may judge, and those that it must not."""
    own = any(one.from_ is not None for one in rule.graded().values())
    fixed = any(one.from_ is None for one in rule.graded().values())
    allowed, refused = [], []
    for subject in subjects:
        reason = _refusal(rule, subject, own=own, fixed=fixed)
        if reason:
            refused.append(Refused(rule_id=rule.id, sensor_id=subject.sensor_id, reason=reason))
        else:
            allowed.append(subject)
    return allowed, refused


def _refusal(rule: Rule, subject: Subject, *, own: bool, fixed: bool) -> str:
    """Why the rule, with levels of the sensor's own or fixed ones, must not judge it; empty where it may."""
    if rule.unit != subject.unit:
        return f"the rule is in {rule.unit}, the sensor in {subject.unit}: give the rule the sensor's unit"
    if own and subject.levels_datum != subject.datum:
        return f"levels in datum {subject.levels_datum}, readings in {subject.datum}: state both in one datum"
    if fixed and subject.datum is not None:
        return f"a fixed threshold names no datum, the sensor reads in {subject.datum}: use the sensor's own levels"
    return ""


def _lines(rule: Rule, threshold: Threshold, subjects: Sequence[Subject]) -> tuple[Floats, Floats]:
    """[n] signed thresholds and clear lines of one level; inf for a sensor that does not know the level.

    Rounded to 1e-9, so that 180.5 - 0.2 is the 180.3 that a device sends. What is beyond a
    strict threshold begins at the next number that a float64 holds.
    """
    if threshold.from_ is None:
        base = np.full(len(subjects), threshold.value)
    else:
        base = np.array([subject.levels.get(threshold.from_, np.nan) for subject in subjects], np.float64)
    sign = _sign(rule)
    at = base + threshold.offset
    back = sign * (np.abs(at) * rule.margin_fraction if rule.margin is None else rule.margin)
    lines = sign * np.round(at, 9), sign * np.round(at - back, 9)
    if threshold.strict:
        lines = np.nextafter(lines[0], np.inf), np.nextafter(lines[1], np.inf)
    return np.where(np.isnan(at), np.inf, lines[0]), np.where(np.isnan(at), np.inf, lines[1])
