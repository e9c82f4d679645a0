"""Which readings of a batch are judged, and where each of them belongs.

A stream is what a rule looks at for one subject: a sensor's readings, or those of a device's
sensors together. A reading older than its stream's head by no more than the rule's lateness is
put in its place; an older one is not judged. How old it is, is told by what had arrived before
it, whichever batch that came in.
"""

from dataclasses import dataclass

import numpy as np

from alerts.columns import Batch, Flags, Floats, Rows, Times, segments
from alerts.pairs import RuleSet
from alerts.state import State

_LONG_AGO = -(1 << 62)  # a head before every time with which one can still reckon


@dataclass(frozen=True, kw_only=True, eq=False)
class Arrived:
    """Rows of a batch by sensor, then time; each key once."""

    row: Rows  # place in the batch
    sensor: Rows
    time: Times
    value: Floats
    behind: Times  # µs behind the sensor's head when it came; negative: it moved the head

    @property
    def starts(self) -> Rows:
        """First row of each sensor."""
        return segments(self.sensor)

    def take(self, rows: Rows | Flags) -> "Arrived":
        """The rows named."""
        return Arrived(
            row=self.row[rows],
            sensor=self.sensor[rows],
            time=self.time[rows],
            value=self.value[rows],
            behind=self.behind[rows],
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Placed:
    """[n] flags for the rows of a batch, in order of arrival."""

    fresh: Flags  # newer than all of its sensor before
    judged: Flags  # by one rule at least; by none where none applies
    whole: Flags  # by every rule that applies: none found it too late


def placed(rules: RuleSet, state: State, batch: Batch) -> Placed:
    """What the rules will do with each row."""
    arrived = _by_sensor(state, batch)
    fresh, judged, whole = np.zeros((3, len(batch.time)), bool)
    fresh[arrived.row] = arrived.behind < 0
    judged[arrived.row] = _in_time(arrived, rules.most_lateness)
    whole[arrived.row] = _in_time(arrived, rules.least_lateness)
    if rules.streams.shared:
        touched = touches(rules, state, arrived.take(judged[arrived.row]))
        whole[touched.row[~touched.in_time]] = False
    return Placed(fresh=fresh, judged=judged, whole=whole)


def arrivals(rules: RuleSet, state: State, batch: Batch) -> Arrived:
    """The rows that any rule judges."""
    arrived = _by_sensor(state, batch)
    keep = _in_time(arrived, rules.most_lateness) & (arrived.behind != 0)  # nought: a repeat
    return _ordered(arrived if keep.all() else arrived.take(keep))


@dataclass(frozen=True, kw_only=True, eq=False)
class Touches:
    """Readings and the pairs with a stream of their own that they belong to, by pair, then arrival."""

    pair: Rows
    row: Rows  # place in the batch
    at: Rows  # place among the arrived
    in_time: Flags


def touches(rules: RuleSet, state: State, arrived: Arrived) -> Touches:
    """Every reading with every stream that it is part of."""
    pair, at = rules.streams.of_sensors(arrived.sensor)
    row = arrived.row[at]
    order = np.lexsort((row, pair))
    pair, at, row = pair[order], at[order], row[order]
    starts = segments(pair)
    head = rules.streams.heads(state, pair[starts])
    late = _behind(starts, arrived.time[at], np.repeat(head, np.diff(starts, append=len(pair))))
    return Touches(pair=pair, row=row, at=at, in_time=(late < 0) | (late <= rules.lateness[pair]))


def _in_time(arrived: Arrived, lateness: Times) -> Flags:
    """[n] by the lateness of the sensor; without a rule there is none."""
    known = np.minimum(arrived.sensor, len(lateness) - 1)
    allowed = np.where(known == arrived.sensor, lateness[known], 0) if len(lateness) else np.zeros(len(known), int)
    return np.asarray((arrived.behind < 0) | (arrived.behind <= allowed))


def _by_sensor(state: State, batch: Batch) -> Arrived:
    rows, sensor = batch.by_sensor
    time = batch.time[rows]
    behind = _behind(segments(sensor), time, state.heads(sensor))
    return Arrived(row=rows, sensor=sensor, time=time, value=batch.value[rows], behind=behind)


def _behind(starts: Rows, time: Times, head: Times) -> Times:
    """[n] µs behind the head and every earlier row of the same stretch."""
    if not len(time):
        return time
    head = np.maximum(head, _LONG_AGO)
    first = np.zeros(len(time), bool)
    first[starts] = True
    if (first[1:] | (time[1:] > time[:-1])).all():
        newest = np.where(first, head, np.maximum(head, np.roll(time, 1)))
        return np.asarray(newest - time)
    # A running maximum within each stretch: ranks of time, lifted by the stretch's number.
    sorted_, rank = np.unique(time, return_inverse=True)
    lift = (np.cumsum(first) - 1) * len(sorted_)
    highest = sorted_[np.maximum.accumulate(rank + lift) - lift]
    newest = np.where(first, head, np.maximum(head, np.roll(highest, 1)))
    return np.asarray(newest - time)


def _ordered(arrived: Arrived) -> Arrived:
    """By time within each sensor; of one key the row that came first."""
    same = arrived.sensor[1:] == arrived.sensor[:-1]
    if not (same & (arrived.time[1:] <= arrived.time[:-1])).any():
        return arrived
    arrived = arrived.take(np.lexsort((arrived.time, arrived.sensor)))
    again = (arrived.sensor[1:] == arrived.sensor[:-1]) & (arrived.time[1:] == arrived.time[:-1])
    return arrived.take(np.concatenate([[True], ~again]))
