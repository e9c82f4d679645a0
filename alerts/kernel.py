"""The kernel: readings in, transitions out. Pure: no clock, no database, no network.

Live running, catching up, back-tests and drills all call `evaluate`, and the same readings
give the same transitions and the same state in whatever batches they come.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from alerts.columns import NEVER, Batch, Counts, Flags, Floats, Rows, Times, spans
from alerts.levels import LEVELS, Level
from alerts.ruleset import RuleSet
from alerts.state import Latches, State

Reason = Literal[
    "raised",
    "escalated",
    "lowered",
    "cleared",
    "corrected",
    "silent",
    "rule_changed",
    "rule_removed",
    "retired",
]

_RANKS = np.arange(1, len(LEVELS))


@dataclass(frozen=True, kw_only=True, slots=True)
class Transition:
    """One alert's change of level, by one reading."""

    rule_id: str
    subject: int  # see alerts/subjects.py
    time: int  # of the reading, µs
    from_level: Level
    to_level: Level
    value: float
    reason: Reason
    retracts: bool = False  # takes back what was said before: it should not have been
    pending_since: int | None = None  # raises: the first sample that counted, µs


@dataclass(frozen=True, kw_only=True, eq=False)
class _Readings:
    """Rows of a batch by sensor, in their order of arrival within each sensor."""

    rows: Rows  # place in the batch
    sensor: Rows
    time: Times
    value: Floats
    starts: Rows  # first row of each sensor

    @property
    def lengths(self) -> Rows:
        return np.diff(self.starts, append=len(self.rows))


def in_order(state: State, batch: Batch) -> Flags:
    """[n] the rows that are judged: later than the sensor's watermark and than its earlier rows here."""
    readings = _by_sensor(batch)
    flags = np.zeros(len(batch.time), bool)
    flags[readings.rows] = _rising(state, readings)
    return flags


def evaluate(
    rules: RuleSet,
    state: State,
    batch: Batch,
    now: int,  # noqa: ARG001 - silence is judged by it; thresholds go by the readings' own times
) -> tuple[State, list[Transition]]:
    """Judge the batch: the state after it, and the transitions in order of arrival (then of rules).

    Rows that are not `in_order` are passed over. Nothing that is handed in is changed.
    """
    readings = _judged(state, batch)
    if not len(readings.rows):
        return state, []
    state = replace(state, watermark=_watermark(state, readings))
    pairs, of = _loud(rules, state, readings)
    if not len(pairs):
        return state, []
    return _step(rules, state, _tracks(readings, pairs, of))


def _by_sensor(batch: Batch) -> _Readings:
    # One sort of sensor and row in a single number is several times as fast as a stable argsort.
    keys = np.sort((batch.sensor.astype(np.int64) << 32) | np.arange(len(batch.sensor)))
    rows, sensor = keys & 0xFFFFFFFF, keys >> 32
    return _Readings(rows=rows, sensor=sensor, time=batch.time[rows], value=batch.value[rows], starts=_starts(sensor))


def _starts(sensor: Rows) -> Rows:
    return np.flatnonzero(np.diff(sensor, prepend=-1))


def _rising(state: State, readings: _Readings) -> Flags:
    """[n] later than the watermark and than every earlier row of the sensor."""
    if not len(readings.rows):
        return np.zeros(0, bool)
    watermark = state.watermarks(int(readings.sensor[-1]) + 1)
    fresh = readings.time > watermark[readings.sensor]
    first = np.zeros(len(readings.rows), bool)
    first[readings.starts] = True
    if (first[1:] | (readings.time[1:] > readings.time[:-1])).all():
        return np.asarray(fresh)
    # A running maximum within each sensor: ranks of time, lifted by the sensor's number.
    rank = np.unique(readings.time, return_inverse=True)[1]
    lifted = rank + (np.cumsum(first) - 1) * len(rank)
    earlier = np.maximum.accumulate(lifted)[:-1]
    return np.asarray(fresh & np.concatenate([[True], lifted[1:] > earlier]))


def _judged(state: State, batch: Batch) -> _Readings:
    readings = _by_sensor(batch)
    keep = _rising(state, readings)
    if keep.all():
        return readings
    sensor = readings.sensor[keep]
    return _Readings(
        rows=readings.rows[keep],
        sensor=sensor,
        time=readings.time[keep],
        value=readings.value[keep],
        starts=_starts(sensor),
    )


def _watermark(state: State, readings: _Readings) -> Times:
    watermark = state.watermarks(int(readings.sensor[-1]) + 1).copy()
    last = readings.starts + readings.lengths - 1
    watermark[readings.sensor[last]] = readings.time[last]
    return watermark


def _loud(rules: RuleSet, state: State, readings: _Readings) -> tuple[Rows, Rows]:
    """The pairs that this batch may move, rising, and for each the number of its sensor among the readings.

    A pair is passed over when it is at rest and no value here reaches its lowest threshold.
    """
    pairs, of = rules.pairs_of(readings.sensor[readings.starts])
    farthest = np.maximum.reduceat(readings.value, readings.starts)[of]
    if rules.looks_down:
        lowest = np.minimum.reduceat(readings.value, readings.starts)[of]
        farthest = np.where(rules.sign[pairs] > 0, farthest, -lowest)
    loud = ~(farthest < rules.lowest[pairs]) | state.active(pairs)  # a NaN is looked at closely
    return pairs[loud], of[loud]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Tracks:
    """The readings of k pairs, one pair after another, each in order of time: m rows."""

    pairs: Rows  # [k] rising
    pair: Rows  # [m] index into `pairs`
    begins: Rows  # [m] first row of this row's pair
    ends: Rows  # [k] last row of each pair
    arrival: Rows  # [m] place in the batch
    time: Times  # [m]
    value: Floats  # [m]


def _tracks(readings: _Readings, pairs: Rows, of: Rows) -> _Tracks:
    lengths = readings.lengths[of]
    row, pair = spans(readings.starts[of], lengths)
    ends = np.cumsum(lengths) - 1
    return _Tracks(
        pairs=pairs,
        pair=pair,
        begins=(ends + 1 - lengths)[pair],
        ends=ends,
        arrival=readings.rows[row],
        time=readings.time[row],
        value=readings.value[row],
    )


def _step(rules: RuleSet, state: State, tracks: _Tracks) -> tuple[State, list[Transition]]:
    """Take the pairs through their readings."""
    before = state.of(tracks.pairs)
    after = _latched(rules, tracks, before)
    level = _levels(after)
    old = np.concatenate([[0], level[:-1]])
    old[tracks.begins == np.arange(len(old))] = _levels(before)
    moved = np.flatnonzero(level != old)
    order = np.lexsort((tracks.pair[moved], tracks.arrival[moved]))
    transitions = _transitions(rules, tracks, moved[order], old, level)
    return state.with_latches(tracks.pairs, after.take(tracks.ends)), transitions


def _levels(latches: Latches) -> Rows:
    return np.asarray((latches.latched * _RANKS).max(axis=1))


def _latched(rules: RuleSet, tracks: _Tracks, before: Latches) -> Latches:
    """[m, 4] the latches after each of the m rows, without a loop over them.

    How many samples in a row met a threshold, and since when an unbroken run has been under
    the clear line, does not depend on the latch itself. So both are told from the last row
    that broke the run, and a latch from the last row that set or released it.
    """
    of, begin = tracks.pairs[tracks.pair], tracks.begins[:, None]
    signed = (tracks.value * rules.sign[of])[:, None]
    met, clear = signed >= rules.threshold[of], signed < rules.clear[of]
    count = _in_a_row(met, begin, before.count[tracks.pair])
    since = _since(clear, begin, tracks.time, before.since[tracks.pair])
    sets = met & (count >= rules.raise_after[of][:, None])
    releases = clear & (tracks.time[:, None] - since >= rules.clear_for[of][:, None])
    decided = _last(sets | releases)
    told = np.take_along_axis(sets, np.maximum(decided, 0), axis=0)
    latched = np.where(decided < begin, before.latched[tracks.pair], told)
    return Latches(
        latched=latched,
        count=np.where(latched | ~met, 0, count).astype(np.int32),
        since=np.where(latched & clear, since, NEVER),
    )


def _in_a_row(met: Flags, begin: Rows, carried: Counts) -> Rows:
    """[m, 4] how many rows up to each met the threshold without a break, those of earlier batches counted."""
    here, broken = np.arange(len(met))[:, None], _last(~met)
    return np.where(broken < begin, here - begin + 1 + carried, here - broken)


def _since(clear: Flags, begin: Rows, time: Times, carried: Times) -> Times:
    """[m, 4] when the unbroken run under the clear line began, which may be in an earlier batch."""
    here, broken = np.arange(len(clear))[:, None], _last(~clear)
    first = np.minimum(np.maximum(broken + 1, begin), here)
    return np.where((broken < begin) & (carried != NEVER), carried, time[first])


def _last(flags: Flags) -> Rows:
    """[m, 4] the latest row up to each where the flag was up; -1 before the first."""
    rows = np.where(flags, np.arange(len(flags))[:, None], -1)
    return np.asarray(np.maximum.accumulate(rows, axis=0))


def _transitions(rules: RuleSet, tracks: _Tracks, rows: Rows, old: Rows, new: Rows) -> list[Transition]:
    pairs = tracks.pairs[tracks.pair[rows]]
    columns = (
        rules.rule[pairs],
        rules.sensor[pairs],
        tracks.time[rows],
        old[rows],
        new[rows],
        tracks.value[rows],
    )
    return [
        Transition(
            rule_id=rules.rules[rule].id,
            subject=sensor,
            time=time,
            from_level=LEVELS[was],
            to_level=LEVELS[is_],
            value=value,
            reason=_reason(was, is_),
        )
        for rule, sensor, time, was, is_, value in zip(*(column.tolist() for column in columns), strict=True)
    ]


def _reason(was: int, is_: int) -> Reason:
    if was == 0:
        return "raised"
    if is_ == 0:
        return "cleared"
    return "escalated" if is_ > was else "lowered"
