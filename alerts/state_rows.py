"""The latches of each pair as rows that are stored, and back; windows are read from the readings instead."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any

import numpy as np

from alerts.columns import NEVER, Floats, Rows, Times
from alerts.history import History, no_history
from alerts.latches import resting
from alerts.levels import GRADES
from alerts.pairs import RuleSet
from alerts.state import State, initial_state
from alerts.windows import Windows


@dataclass(frozen=True, kw_only=True)
class StateRow:
    """One subject's versions as they are stored; `state` is None once it is at rest."""

    rule_id: str
    subject: int
    # {"versions": [{"time": µs, "tie": sensor, "value": 181.0, "yellow": {"latched": true, "since": µs}, …}, …]}:
    # oldest first; each level that is not at rest, by its latch or by its count.
    state: dict[str, Any] | None


@dataclass(frozen=True, kw_only=True)
class Readings:
    """Readings that were judged, in any order: three columns of one length."""

    sensor: Rows
    time: Times
    value: Floats


def changed(ruleset: RuleSet, before: State, after: State) -> list[StateRow]:
    """The rows to store so that the store, which held `before`, holds `after`, a later state of the same rules."""
    old, new = before.history, after.history
    if new is old:
        return []
    pairs = np.union1d(old.pairs(), new.pairs())
    old_rows, old_of = old.rows_of(pairs)
    new_rows, new_of = new.rows_of(pairs)
    differs = np.bincount(old_of, minlength=len(pairs)) != np.bincount(new_of, minlength=len(pairs))
    old_rows, new_rows, of = old_rows[~differs[old_of]], new_rows[~differs[new_of]], old_of[~differs[old_of]]
    differs[of[old.take(old_rows).differ(new.take(new_rows))]] = True
    return _rows(ruleset, new, pairs[differs])


def persisted(ruleset: RuleSet, state: State) -> list[StateRow]:
    """Every row of the state that is not at rest."""
    return _rows(ruleset, state.history, state.history.pairs())


def restore(
    ruleset: RuleSet,
    rows: Iterable[StateRow],
    heads: Mapping[int, tuple[int, float]],
    readings: Readings | None = None,
) -> State:
    """The state that the stored rows, the heads (sensor id → µs and value) and the kept readings tell of.

    A row whose rule is gone, or no longer judges its subject, is left out (see `orphans`).
    """
    state = initial_state(ruleset).spread(max(heads, default=-1) + 1)
    ids = np.fromiter(heads, np.int64, len(heads))
    watermark, last = state.watermark.copy(), state.last.copy()
    watermark[ids] = np.array([time for time, _ in heads.values()], np.int64)
    last[ids] = np.array([value for _, value in heads.values()], np.float64)
    state = replace(state, watermark=watermark, last=last, history=_history(ruleset, list(rows)))
    return state if readings is None else with_windows(state, readings)


def carried_over(old: RuleSet, state: State, new: RuleSet) -> State:
    """The state under a changed rule set: what was latched stays so, by rule id and subject.

    Windows keep what they hold: where the new rules look further back, restore them from the readings.
    """
    carried = replace(state.spread(len(new.reach)), history=_history(new, persisted(old, state)))
    reach = np.full(len(carried.watermark), -1)
    reach[: len(new.reach)] = new.reach
    return replace(carried, reach=reach, lively_until=NEVER)


def orphans(ruleset: RuleSet, rows: Iterable[StateRow]) -> list[StateRow]:
    """The stored rows that the rules do not judge any more."""
    rows = list(rows)
    pairs = ruleset.find([row.rule_id for row in rows], np.array([row.subject for row in rows], np.int64))
    return [row for row, pair in zip(rows, pairs.tolist(), strict=True) if pair < 0]


def with_windows(state: State, readings: Readings) -> State:
    """With windows of these readings alone, as far back as the state's rules look."""
    oldest = state.oldest()
    keep = (state.reach[readings.sensor] >= 0) & (readings.time >= oldest[readings.sensor])
    sensor, time, value = readings.sensor[keep], readings.time[keep], readings.value[keep]
    order = _order(sensor, time)
    return replace(state, windows=Windows().add(sensor[order], time[order], value[order], oldest))


def _order(sensor: Rows, time: Times) -> Rows:
    """By sensor, then time; as one number where both fit in, which sorts several times as fast."""
    if not len(sensor):
        return np.zeros(0, np.int64)
    since = time - time.min()
    bits = int(since.max()).bit_length()
    if bits + int(sensor.max()).bit_length() > 63:
        return np.lexsort((time, sensor))
    return np.argsort((sensor << bits) | since)


def _rows(ruleset: RuleSet, history: History, pairs: Rows) -> list[StateRow]:
    rows, of = history.rows_of(pairs)
    versions: list[list[dict[str, Any]]] = [[] for _ in range(len(pairs))]
    for place, version in zip(of.tolist(), _versions(history, rows), strict=True):
        versions[place].append(version)
    ids = ruleset.ids
    named = zip(ruleset.rule[pairs].tolist(), ruleset.subject[pairs].tolist(), versions, strict=True)
    return [
        StateRow(rule_id=ids[rule], subject=subject, state={"versions": told} if told else None)
        for rule, subject, told in named
    ]


def _versions(history: History, rows: Rows) -> list[dict[str, Any]]:
    versions = history.take(rows)
    latches = versions.latches
    columns = (versions.time, versions.tie, versions.value, latches.latched, latches.count, latches.since)
    return [
        {"time": time, "tie": tie, "value": value if value == value else None} | _written(latched, count, since)  # noqa: PLR0124 - NaN
        for time, tie, value, latched, count, since in zip(*(column.tolist() for column in columns), strict=True)
    ]


def _written(latched: list[bool], count: list[int], since: list[int]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for grade, is_latched, in_a_row, first in zip(GRADES, latched, count, since, strict=True):
        if is_latched:
            told[grade] = {"latched": True} | ({} if first == NEVER else {"since": first})
        elif in_a_row:
            told[grade] = {"count": in_a_row, "since": first}
    return told


def _history(ruleset: RuleSet, rows: Sequence[StateRow]) -> History:
    pairs = ruleset.find([row.rule_id for row in rows], np.array([row.subject for row in rows], np.int64))
    known = [(pair, row.state) for pair, row in zip(pairs.tolist(), rows, strict=True) if pair >= 0 and row.state]
    flat = [(pair, version) for pair, told in sorted(known, key=itemgetter(0)) for version in _told(told)]
    if not flat:
        return no_history()
    latches = resting(len(flat))
    for row, (_, version) in enumerate(flat):
        for column, grade in enumerate(GRADES):
            level = version.get(grade, {})
            latches.latched[row, column] = level.get("latched", False)
            latches.count[row, column] = level.get("count", 0)
            latches.since[row, column] = level.get("since", NEVER)
    return History(
        pair=np.array([pair for pair, _ in flat], np.int64),
        time=np.array([version.get("time", NEVER) for _, version in flat], np.int64),
        tie=np.array([version.get("tie", 0) for _, version in flat], np.int64),
        value=np.array([_number(version.get("value")) for _, version in flat], np.float64),
        latches=latches,
    )


def _told(state: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The versions; a row of before there were any is one that has always been."""
    versions: list[dict[str, Any]] = state["versions"] if "versions" in state else [dict(state)]
    return versions


def _number(told: float | None) -> float:
    return float("nan") if told is None else told
