"""Rules made ready for the kernel: columns with one row for each pair of a rule and a subject that it judges.

P pairs: first those of plain thresholds, by sensor, then rule; then rule by rule those of
conditions, of silence and of counts, by subject.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from alerts.columns import NEVER, Floats, Heads, Ids, Keys, Rows, Times, keys, spans
from alerts.conditions import Computed, Condition, Leaf, Subjects, WarningInForce
from alerts.latches import Terms
from alerts.rule_kinds import AnyRule

NO_LIMIT = int(np.iinfo(np.int64).max)


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A sensor that a rule would judge but must not, for a reason that a person has to see."""

    rule_id: str
    sensor_id: int
    reason: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Index:
    """Numbers of each row, laid end to end: those of row r are found[first[r]] … found[first[r + 1] - 1]."""

    first: Rows  # [n + 1]
    found: Rows

    def __len__(self) -> int:
        return len(self.first) - 1

    def of(self, rows: Rows) -> tuple[Rows, Rows]:
        """What is found for the rows, in their order, and for each the position of its row; unknown rows have none."""
        known = np.clip(rows, 0, len(self.first) - 2)
        lengths = np.where(known == rows, self.first[known + 1] - self.first[known], 0)
        at, of = spans(self.first[known], lengths)
        return self.found[at], of

    @staticmethod
    def made(rows: Rows, found: Rows, n: int) -> "Index":
        """Of any order of rows 0 … n - 1; what belongs to one row keeps its order."""
        order = np.argsort(rows, kind="stable")
        return Index(first=np.searchsorted(rows[order], np.arange(n + 1)), found=found[order])


@dataclass(frozen=True, kw_only=True, eq=False)
class Simple:
    """Plain thresholds: the pairs 0 … s - 1.

    For a rule that looks downwards, value and thresholds are negated (`sign` = -1), so that
    the kernel only ever looks upwards.
    """

    first: Rows  # [largest sensor id + 2]: the pairs of sensor n are first[n] … first[n + 1] - 1
    sensor: Ids  # [s]
    sign: Floats  # [s]
    threshold: Floats  # [s, 4], signed; inf: no such level
    clear: Floats  # [s, 4], signed; a latch is released under it

    @cached_property
    def lowest(self) -> Floats:
        """[s] the lowest threshold of each pair, signed."""
        return np.asarray(self.threshold.min(axis=1))

    @cached_property
    def looks_down(self) -> bool:
        """Whether any rule looks downwards."""
        return bool((self.sign < 0).any())

    def pairs_of(self, sensors: Rows) -> tuple[Rows, Rows]:
        """The pairs of the sensors, in their order, and for each pair the position of its sensor."""
        known = np.minimum(sensors, len(self.first) - 2)
        lengths = np.where(known == sensors, self.first[known + 1] - self.first[known], 0)
        return spans(self.first[known], lengths)


@dataclass(frozen=True, kw_only=True, eq=False)
class Streams:
    """What each pair of a condition looks at: the readings of one sensor, or of a device's sensors together."""

    base: int  # the first such pair
    pairs: Index  # by sensor: the pairs that it is part of
    members: Index  # by pair - base: its sensors
    only: Rows  # by pair - base: its sensor where it has only one, else -1

    @cached_property
    def shared(self) -> bool:
        """Whether some pair has several sensors."""
        return bool((self.only < 0).any())

    @property
    def end(self) -> int:
        """The pair after the last one."""
        return self.base + len(self.members)

    def of_sensors(self, sensors: Rows) -> tuple[Rows, Rows]:
        """The pairs of the sensors, and for each the position of its sensor."""
        return self.pairs.of(sensors)

    def members_of(self, pairs: Rows) -> tuple[Rows, Rows]:
        """The sensors of the pairs, and for each the position of its pair."""
        return self.members.of(pairs - self.base)

    def head_keys(self, heads: Heads, pairs: Rows) -> tuple[Times, Rows]:
        """[k] time and sensor of the newest sample; of samples of one time that of the largest sensor id."""
        tie = self.only[pairs - self.base]
        time, several = heads.heads(tie), tie < 0
        if several.any():
            time[several], tie[several] = self._several(heads, pairs[several])
        return time, tie

    def _several(self, heads: Heads, pairs: Rows) -> tuple[Times, Rows]:
        member, of = self.members_of(pairs)
        time = heads.heads(member)
        order = np.lexsort((member, time, of))
        last = np.searchsorted(of, np.arange(len(pairs)), side="right") - 1
        return time[order][last], member[order][last]

    def heads(self, heads: Heads, pairs: Rows) -> Times:
        """[k] time of the newest sample."""
        return self.head_keys(heads, pairs)[0]


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged:
    """A rule with conditions and its pairs: one for each of its subjects, from `base` on."""

    rule: int
    base: int
    subjects: Subjects
    levels: Sequence[Condition | None]  # four
    told: Leaf | Computed | None  # the figure that a transition tells; None: the reading itself


@dataclass(frozen=True, kw_only=True, eq=False)
class Counted:
    """A rule that counts subjects of another: one pair for each place, from `base` on."""

    rule: int
    base: int
    ranks: Rows  # [4] for each level: a member counts from this level on
    members: Index  # by place: the pairs of the other rule
    places: Index  # by pair of the other rule: the places, where it counts
    least: Floats  # [n, 4] so many raise the level; inf: no such level
    told: int  # the level whose count a transition tells


@dataclass(frozen=True, kw_only=True, eq=False)
class Silent:
    """A rule on readings that do not come: one pair for each sensor or gateway, from `base` on."""

    rule: int
    base: int
    column: int  # of the level that it raises
    members: Index  # by place: its sensors, one at least; all of them have to be silent
    places: Index  # by sensor: its place
    allowed: Times  # as `members.found`, µs without a reading

    def heads(self, heads: Heads, places: Rows) -> Times:
        """[k] time of the newest reading of each place; NEVER before the first."""
        member, of = self.members.of(places)
        time = np.full(len(places), NEVER)
        np.maximum.at(time, of, heads.heads(member))
        return time

    def due(self, heads: Heads) -> Times:
        """[n] when each place falls silent if nothing is heard; NO_LIMIT before its first reading."""
        return self._latest(self._due(heads, self.members.found, self.allowed), self.members.first[:-1])

    def due_of(self, heads: Heads, places: Rows) -> Times:
        """[k] the same of some."""
        begin, end = self.members.first[places], self.members.first[places + 1]
        at, _ = spans(begin, end - begin)
        lengths = end - begin
        return self._latest(self._due(heads, self.members.found[at], self.allowed[at]), np.cumsum(lengths) - lengths)

    @staticmethod
    def _due(heads: Heads, sensors: Rows, allowed: Times) -> Times:
        head = heads.heads(sensors)
        return np.where(head == NEVER, NEVER, np.where(head == NEVER, 0, head) + allowed)

    @staticmethod
    def _latest(due: Times, starts: Rows) -> Times:
        latest = np.maximum.reduceat(due, starts) if len(due) else due
        return np.where(latest == NEVER, NO_LIMIT, latest)


@dataclass(frozen=True, kw_only=True, eq=False)
class RuleSet:
    """Everything that `evaluate` goes by."""

    rules: tuple[AnyRule, ...]
    refused: tuple[Refused, ...]
    rule: Ids  # [P], index into `rules`
    subject: Rows  # [P], see alerts/subjects.py
    terms: Terms  # [P]
    lateness: Times  # [P] µs
    keep: Times  # [P] µs: lateness, or longer where another rule counts this one
    simple: Simple
    streams: Streams
    judged: Sequence[Judged]
    counted: Sequence[Counted]
    silent: Sequence[Silent]
    reach: Times  # [largest sensor id + 1] µs that readings are kept for windows; -1: not at all
    most_lateness: Times  # [same] µs of the rules that judge it; nought without one
    least_lateness: Times  # [same]
    step: Floats  # [same] the largest step that is not suspect; inf: any
    step_within: Floats  # [same] µs: an older reading before is not compared
    warnings: Sequence[WarningInForce] = ()

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Of the rules, in their order."""
        return tuple(rule.id for rule in self.rules)

    @cached_property
    def _by_key(self) -> tuple[Keys, Rows]:
        key = keys(self.rule.astype(np.int64), self.subject)
        order = np.argsort(key, kind="stable")
        return key[order], order

    def find(self, rule_ids: Sequence[str], subjects: Rows) -> Rows:
        """[n] the pair of each rule and subject; -1 where the rule is gone or does not judge it."""
        known, order = self._by_key
        if not len(known):
            return np.full(len(subjects), -1)
        number = {rule_id: place for place, rule_id in enumerate(self.ids)}
        asked = keys(np.array([number.get(rule_id, -1) for rule_id in rule_ids], np.int64), subjects)
        at = np.minimum(np.searchsorted(known, asked), len(known) - 1)
        return np.where(known[at] == asked, order[at], -1)

    def pair(self, rule_id: str, subject: int) -> int | None:
        """The pair of a rule and a subject; None where the rule does not judge it."""
        found = int(self.find([rule_id], np.array([subject]))[0])
        return None if found < 0 else found

    def terms_of(self, pairs: Rows) -> Terms:
        """[k] what it takes to set and release them."""
        terms = self.terms
        return Terms(raise_after=terms.raise_after[pairs], hold=terms.hold[pairs], clear_for=terms.clear_for[pairs])
