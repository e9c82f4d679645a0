"""From readings to samples: for each pair that a batch may move, what was read and which levels it meets."""

from dataclasses import dataclass

import numpy as np

from alerts.arrivals import Arrived, Touches, touches
from alerts.columns import NEVER, Flags, Floats, Heads, Past, Rows, Times, begins, segments, spans
from alerts.conditions import Seen
from alerts.history import earlier
from alerts.latches import Tracks
from alerts.levels import GRADES
from alerts.pairs import Judged, RuleSet
from alerts.state import State
from alerts.windows import Windows

_TOLD = -1  # arrival of what was judged in an earlier batch


@dataclass(frozen=True, kw_only=True, eq=False)
class Sampled:
    """Samples by pair, then time, then sensor; nothing is judged yet."""

    pair: Rows
    time: Times
    sensor: Rows
    value: Floats
    arrival: Rows

    def take(self, rows: Rows | Flags) -> "Sampled":
        """The rows named."""
        return Sampled(
            pair=self.pair[rows],
            time=self.time[rows],
            sensor=self.sensor[rows],
            value=self.value[rows],
            arrival=self.arrival[rows],
        )

    def tracks(self, met: Flags, clear: Flags, value: Floats) -> Tracks:
        """What the latches are stepped through."""
        pairs = self.pair[segments(self.pair)]
        return Tracks(
            pairs=pairs,
            pair=np.searchsorted(pairs, self.pair),
            time=self.time,
            tie=self.sensor,
            value=value,
            arrival=self.arrival,
            met=met,
            clear=clear,
        )


# Thresholds of plain readings: almost all pairs, and almost all of them quiet.


def simple_tracks(rules: RuleSet, state: State, arrived: Arrived, past: Past | None) -> Tracks | None:
    """The pairs of plain thresholds that this batch may move.

    A pair is passed over when it was at rest of late and no value here reaches its lowest threshold.
    """
    simple = rules.simple
    late = (arrived.behind > 0).any()
    rows = _with_past(state, arrived, past) if late and past is not None else arrived
    starts = rows.starts
    pairs, of = simple.pairs_of(rows.sensor[starts])
    if not len(pairs):
        return None
    loud = reaching(rules, rows, starts, pairs, of) | state.history.has(pairs)
    pairs, of = pairs[loud], of[loud]
    row, pair = spans(starts[of], np.diff(starts, append=len(rows.row))[of])
    if late:
        row, pair = _within_reach(rules, rows, row, pair, pairs)
    if not len(row):
        return None
    which = pairs[pair]
    signed = (rows.value[row] * simple.sign[which])[:, None]
    sampled = Sampled(
        pair=which,
        time=rows.time[row],
        sensor=rows.sensor[row],
        value=rows.value[row],
        arrival=_heard(pair, rows.row[row]),
    )
    return sampled.tracks(signed >= simple.threshold[which], signed < simple.clear[which], sampled.value)


def reaching(rules: RuleSet, rows: Arrived, starts: Rows, pairs: Rows, of: Rows) -> Flags:
    """[k] whether some value of its sensor reaches the pair's lowest threshold; a NaN is looked at closely."""
    simple = rules.simple
    farthest = np.maximum.reduceat(rows.value, starts)[of]
    if simple.looks_down:
        lowest = np.minimum.reduceat(rows.value, starts)[of]
        farthest = np.where(simple.sign[pairs] > 0, farthest, -lowest)
    return np.asarray(~(farthest < simple.lowest[pairs]))


def _with_past(state: State, arrived: Arrived, past: Past) -> Arrived:
    """The rows and what was judged before of their sensors, up to their heads; a row here comes before one there."""
    sensor = past.sensor.astype(np.int64)
    known = np.isin(sensor, arrived.sensor[arrived.behind > 0]) & (past.time <= state.heads(sensor))
    rows = Arrived(
        row=np.concatenate([arrived.row, np.full(known.sum(), _TOLD)]),
        sensor=np.concatenate([arrived.sensor, sensor[known]]),
        time=np.concatenate([arrived.time, past.time[known]]),
        value=np.concatenate([arrived.value, past.value[known]]),
        behind=np.concatenate([arrived.behind, np.zeros(known.sum(), np.int64)]),
    )
    rows = rows.take(np.lexsort((rows.time, rows.sensor)))  # stable
    again = (rows.sensor[1:] == rows.sensor[:-1]) & (rows.time[1:] == rows.time[:-1])
    return rows.take(np.concatenate([[True], ~again]))


def _within_reach(rules: RuleSet, rows: Arrived, row: Rows, pair: Rows, pairs: Rows) -> tuple[Rows, Rows]:
    """Without rows that came too late for the pair, and without the past before its first new one."""
    new = (rows.row[row] != _TOLD) & ((rows.behind[row] < 0) | (rows.behind[row] <= rules.lateness[pairs[pair]]))
    first = np.full(len(pairs), np.iinfo(np.int64).max)
    np.minimum.at(first, pair[new], rows.time[row[new]])
    keep = new | ((rows.row[row] == _TOLD) & (rows.time[row] > first[pair]))
    return row[keep], pair[keep]


def _heard(pair: Rows, row: Rows) -> Rows:
    """The place in the batch at which a sample could be judged: once all before it had come, too."""
    if (row[1:] > row[:-1])[pair[1:] == pair[:-1]].all():
        return row
    lift = pair * (int(row.max()) + 2)
    return np.asarray(np.maximum.accumulate(row + lift) - lift)


# Everything else: windows, conditions, devices. Rule by rule, over the pairs that the batch touches.


def other_tracks(rules: RuleSet, state: State, windows: Windows, arrived: Arrived) -> list[Tracks]:
    """The tracks of each rule with conditions, by pair; `state` is of before the batch, `windows` hold it."""
    if not rules.judged or not len(arrived.row):
        return []
    windows = windows.remembering()
    touched = touches(rules, state, arrived)
    sampled = _sampled(rules, state, windows, arrived, touched)
    edges = np.searchsorted(sampled.pair, [*(one.base for one in rules.judged), len(rules.rule)])
    tracks = []
    for one, begin, end in zip(rules.judged, edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        if end > begin:
            tracks.append(_judged(rules, state, windows, one, sampled.take(np.arange(begin, end))))
    return [each for each in tracks if each is not None]


def _sampled(rules: RuleSet, state: State, windows: Windows, arrived: Arrived, touched: Touches) -> Sampled:
    """The batch's own samples; of a pair that a late one came for, all from there on."""
    ok = touched.in_time
    sampled = Sampled(
        pair=touched.pair[ok],
        time=arrived.time[touched.at[ok]],
        sensor=arrived.sensor[touched.at[ok]],
        value=arrived.value[touched.at[ok]],
        arrival=touched.row[ok],
    )
    sampled = sampled.take(np.lexsort((sampled.sensor, sampled.time, sampled.pair)))
    if not len(sampled.pair):
        return sampled
    starts = segments(sampled.pair)
    head, tie = rules.streams.head_keys(state, sampled.pair[starts])
    late = earlier(sampled.time[starts], sampled.sensor[starts], head, tie)
    of = np.cumsum(begins(sampled.pair)) - 1
    sampled = _again(sampled, _heard(of, sampled.arrival))
    if not late.any():
        return sampled
    redone = _from_windows(rules, windows, sampled, starts[late])
    both = [sampled.take(~late[of]), redone]
    merged = Sampled(**{name: np.concatenate([getattr(each, name) for each in both]) for name in vars(redone)})
    return merged.take(np.argsort(merged.pair, kind="stable"))


def _again(sampled: Sampled, arrival: Rows) -> Sampled:
    return Sampled(pair=sampled.pair, time=sampled.time, sensor=sampled.sensor, value=sampled.value, arrival=arrival)


def _from_windows(rules: RuleSet, windows: Windows, sampled: Sampled, firsts: Rows) -> Sampled:
    """All samples of these pairs from the sample at `firsts` on, by pair, time and sensor."""
    pairs, start, tie = sampled.pair[firsts], sampled.time[firsts], sampled.sensor[firsts]
    member, of = rules.streams.members_of(pairs)
    which, time, value = windows.since(member, start[of])
    pair, sensor = of[which], member[which]
    keep = ~earlier(time, sensor, start[pair], tie[pair])
    pair, sensor, time, value = pair[keep], sensor[keep], time[keep], value[keep]
    order = np.lexsort((sensor, time, pair))
    last = np.searchsorted(sampled.pair, pairs, side="right") - 1
    return Sampled(
        pair=pairs[pair[order]],
        time=time[order],
        sensor=sensor[order],
        value=value[order],
        arrival=sampled.arrival[last][pair[order]],
    )


def _judged(rules: RuleSet, state: State, windows: Windows, rule: Judged, sampled: Sampled) -> Tracks | None:
    seen = Seen(
        windows=windows,
        subjects=rule.subjects,
        warnings=rules.warnings,
        subject=sampled.pair - rule.base,
        time=sampled.time,
        sensor=sampled.sensor,
        value=sampled.value,
    )
    met, clear = np.zeros((2, len(sampled.pair), len(GRADES)), bool)
    for column, condition in enumerate(rule.levels):
        if condition is None:
            clear[:, column] = True
        else:
            verdict = condition.judge(seen)
            met[:, column], clear[:, column] = verdict.met, verdict.clear
    starts = segments(sampled.pair)
    loud = np.logical_or.reduceat(met.any(axis=1), starts) | state.history.has(sampled.pair[starts])
    keep = np.repeat(loud, np.diff(starts, append=len(sampled.pair)))
    if not keep.any():
        return None
    figure = sampled.value if rule.told is None else rule.told.figure(seen)
    figure = np.where(np.isnan(figure), sampled.value, figure)
    return sampled.take(keep).tracks(met[keep], clear[keep], figure[keep])


def head_keys(rules: RuleSet, heads: Heads, pairs: Rows) -> tuple[Times, Rows]:
    """[k] the newest sample of each pair's stream before this batch: time and sensor."""
    simple = pairs < len(rules.simple.sensor)
    time, tie = np.full(len(pairs), NEVER), np.zeros(len(pairs), np.int64)
    sensor = rules.simple.sensor[pairs[simple]].astype(np.int64)
    time[simple], tie[simple] = heads.heads(sensor), sensor
    time[~simple], tie[~simple] = rules.streams.head_keys(heads, pairs[~simple])
    return time, tie
