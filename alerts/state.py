"""What the kernel remembers between batches: how far each sensor was judged, and the pairs that are not at rest."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from alerts.columns import NEVER, Counts, Flags, Rows, Times
from alerts.levels import GRADES
from alerts.ruleset import RuleSet


@dataclass(frozen=True, kw_only=True, eq=False)
class Latches:
    """Rows of four latches, lowest level first."""

    latched: Flags  # [n, 4]
    count: Counts  # [n, 4] samples in a row that met the threshold; 0 once latched
    since: Times  # [n, 4] µs, first of an unbroken run under the clear line; NEVER without one

    def take(self, rows: Rows | Flags) -> "Latches":
        """The rows named by index or flag."""
        return Latches(latched=self.latched[rows], count=self.count[rows], since=self.since[rows])

    def at_rest(self) -> Flags:
        """[n] nothing latched and no count running."""
        return np.asarray(~(self.latched.any(axis=1) | self.count.any(axis=1)))

    def differ(self, other: "Latches") -> Flags:
        """[n] rows that are not the same in both."""
        same = (self.latched == other.latched) & (self.count == other.count) & (self.since == other.since)
        return np.asarray(~same.all(axis=1))


def resting(n: int) -> Latches:
    """`n` rows at rest."""
    shape = (n, len(GRADES))
    return Latches(latched=np.zeros(shape, bool), count=np.zeros(shape, np.int32), since=np.full(shape, NEVER))


def _joined(*parts: Latches) -> Latches:
    return Latches(
        latched=np.concatenate([part.latched for part in parts]),
        count=np.concatenate([part.count for part in parts]),
        since=np.concatenate([part.since for part in parts]),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class State:
    """Rule state. Never written in place: a changed state has new columns and shares the rest.

    Only pairs that are not at rest are kept, so a quiet city costs its watermarks alone.
    """

    watermark: Times  # [largest sensor id + 1] µs, latest reading judged; NEVER before the first
    pairs: Rows  # [m] rising: the pairs of the rule set that are not at rest
    latches: Latches  # [m]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, State):
            return NotImplemented
        n = max(len(self.watermark), len(other.watermark))
        return (
            np.array_equal(self.watermarks(n), other.watermarks(n))
            and np.array_equal(self.pairs, other.pairs)
            and not self.latches.differ(other.latches).any()
        )

    __hash__ = None  # type: ignore[assignment]

    def watermarks(self, n: int) -> Times:
        """The watermarks of sensors 0 … n - 1 at least; of those never seen, NEVER."""
        missing = n - len(self.watermark)
        if missing <= 0:
            return self.watermark
        return np.concatenate([self.watermark, np.full(missing, NEVER)])

    def active(self, pairs: Rows) -> Flags:
        """[n] whether each of the pairs is not at rest."""
        if not len(self.pairs):
            return np.zeros(len(pairs), bool)
        return np.asarray(self.pairs[self._positions(pairs)] == pairs)

    def of(self, pairs: Rows) -> Latches:
        """The latches of the pairs, those at rest too."""
        found = resting(len(pairs))
        active = self.active(pairs)
        rows = self._positions(pairs[active])
        found.latched[active] = self.latches.latched[rows]
        found.count[active] = self.latches.count[rows]
        found.since[active] = self.latches.since[rows]
        return found

    def _positions(self, pairs: Rows) -> Rows:
        if not len(self.pairs):
            return np.zeros(len(pairs), np.int64)
        return np.minimum(np.searchsorted(self.pairs, pairs), len(self.pairs) - 1)

    def with_latches(self, pairs: Rows, latches: Latches) -> "State":
        """This state with the rows of `pairs` replaced; a row at rest is dropped."""
        stay = np.ones(len(self.pairs), bool)
        stay[self._positions(pairs[self.active(pairs)])] = False
        kept = ~latches.at_rest()
        merged = np.concatenate([self.pairs[stay], pairs[kept]])
        order = np.argsort(merged, kind="stable")  # quick on two runs that are in order
        both = _joined(self.latches.take(stay), latches.take(kept))
        return replace(self, pairs=merged[order], latches=both.take(order))


@dataclass(frozen=True, kw_only=True)
class StateRow:
    """One subject's latches as they are stored; `state` is None once it is at rest."""

    rule_id: str
    subject: int
    # Per level that is not at rest: {"yellow": {"latched": true, "since": µs}, "orange": {"count": 1}}.
    state: dict[str, Any] | None


def initial_state(ruleset: RuleSet) -> State:
    """Nothing seen, everything at rest."""
    watermark = np.full(len(ruleset.first) - 1, NEVER)
    return State(watermark=watermark, pairs=np.zeros(0, np.int64), latches=resting(0))


def changed(ruleset: RuleSet, before: State, after: State) -> list[StateRow]:
    """The rows to store so that the store, which held `before`, holds `after`, a later state of the same rules."""
    if after.pairs is before.pairs and after.latches is before.latches:
        return []
    # No reading, no change: only the sensors whose watermark has moved need a look.
    moved = np.flatnonzero(before.watermarks(len(after.watermark)) != after.watermark)
    pairs, _ = ruleset.pairs_of(moved)
    now = after.of(pairs)
    differs = before.of(pairs).differ(now)
    return _rows(ruleset, pairs[differs], now.take(differs))


def persisted(ruleset: RuleSet, state: State) -> list[StateRow]:
    """Every row of the state that is not at rest."""
    return _rows(ruleset, state.pairs, state.latches)


def restore(ruleset: RuleSet, rows: Iterable[StateRow], watermarks: Mapping[int, int]) -> State:
    """The state that the stored rows and the watermarks (sensor id → µs) tell of.

    A row whose rule is gone, or no longer judges its sensor, is left out.
    """
    found = {
        pair: row.state for row in rows if row.state and (pair := ruleset.pair(row.rule_id, row.subject)) is not None
    }
    pairs = np.array(sorted(found), np.int64)
    latches = resting(len(pairs))
    for row, pair in enumerate(pairs.tolist()):
        _read(latches, row, found[pair])
    state = replace(initial_state(ruleset), pairs=pairs, latches=latches)
    watermark = state.watermarks(max(watermarks, default=-1) + 1).copy()
    watermark[np.fromiter(watermarks.keys(), np.int64)] = np.fromiter(watermarks.values(), np.int64)
    return replace(state, watermark=watermark)


def carried_over(old: RuleSet, state: State, new: RuleSet) -> State:
    """The state under a changed rule set: what was latched stays so, by rule id and sensor."""
    rows = persisted(old, state)
    carried = restore(new, rows, {})
    return replace(carried, watermark=state.watermarks(len(new.first) - 1))


def _rows(ruleset: RuleSet, pairs: Rows, latches: Latches) -> list[StateRow]:
    ids = [rule.id for rule in ruleset.rules]
    columns = zip(
        ruleset.rule[pairs].tolist(),
        ruleset.sensor[pairs].tolist(),
        latches.latched.tolist(),
        latches.count.tolist(),
        latches.since.tolist(),
        strict=True,
    )
    return [
        StateRow(rule_id=ids[rule], subject=sensor, state=_written(latched, count, since))
        for rule, sensor, latched, count, since in columns
    ]


def _written(latched: list[bool], count: list[int], since: list[int]) -> dict[str, Any] | None:
    told: dict[str, Any] = {}
    for grade, is_latched, in_a_row, first in zip(GRADES, latched, count, since, strict=True):
        if is_latched:
            told[grade] = {"latched": True} | ({} if first == NEVER else {"since": first})
        elif in_a_row:
            told[grade] = {"count": in_a_row}
    return told or None


def _read(latches: Latches, row: int, told: Mapping[str, Any]) -> None:
    for column, grade in enumerate(GRADES):
        level = told.get(grade, {})
        latches.latched[row, column] = level.get("latched", False)
        latches.count[row, column] = level.get("count", 0)
        latches.since[row, column] = level.get("since", NEVER)
