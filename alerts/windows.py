"""The readings that rules look back on: a few immutable runs, each sorted by sensor and time.

A batch is a new run; runs that are not much larger are merged with it, so that their number
grows with the logarithm of what is kept. A sum is the difference of two prefix sums, in whole
millionths and modulo 2^64, so it is exact however long the run is. Nothing in a run is ever
changed: a state that was handed out stays what it was.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from alerts.columns import NEVER, Flags, Floats, Keys, Rows, Times, keys, spans

_GROWTH = 4  # a run is at least so many times as long as the next
_UNIT = 1e6
_LARGEST = 4e12  # in size, so that a millionth of it still is an int64


@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """Readings in order of sensor, then time; each key once."""

    key: Keys  # [n] sensor + 1j · time in µs
    value: Floats  # [n]

    @cached_property
    def sums(self) -> Rows:
        """[n + 1] millionths up to each row."""
        clipped = np.clip(self.value, -_LARGEST, _LARGEST)
        return np.concatenate([[0], np.cumsum(np.rint(clipped * _UNIT).astype(np.int64))])

    def upto(self, key: Keys) -> Rows:
        """[m] how many rows are at or before each key."""
        return np.searchsorted(self.key, key, side="right")

    def take(self, rows: Rows | Flags) -> "Run":
        """The rows named, which are in order."""
        return Run(key=self.key[rows], value=self.value[rows])


@dataclass(frozen=True, kw_only=True, eq=False)
class Windows:
    """All that is kept, the longest run first."""

    runs: tuple[Run, ...] = ()
    found: dict[tuple[int, bytes], Rows] | None = None  # places looked up before; None: they are not remembered
    newest_found: dict[bytes, tuple[Times, Floats]] | None = None  # and newest readings

    def remembering(self) -> "Windows":
        """The same for one round of questions: rules that look at the same samples share what was looked up."""
        return Windows(runs=self.runs, found={}, newest_found={})

    def _upto(self, key: Keys) -> list[Rows]:
        """[m] for each run how many of its rows are at or before each key."""
        if self.found is None:
            return [run.upto(key) for run in self.runs]
        text = key.tobytes()
        places = []
        for number, run in enumerate(self.runs):
            if (number, text) not in self.found:
                self.found[number, text] = run.upto(key)
            places.append(self.found[number, text])
        return places

    def __len__(self) -> int:
        return sum(len(run.key) for run in self.runs)

    @property
    def bytes(self) -> int:
        """What the columns take."""
        return sum(run.key.nbytes + run.value.nbytes + run.sums.nbytes for run in self.runs)

    def add(self, sensor: Rows, time: Times, value: Floats, oldest: Times) -> "Windows":
        """With more readings, in order of sensor and time; what is before `oldest` [by sensor] may be dropped."""
        run = Run(key=keys(sensor, time), value=value)
        runs = list(self.runs)
        while runs and len(runs[-1].key) < _GROWTH * len(run.key):
            run = _within(_merged(runs.pop(), run), oldest)
        return Windows(runs=(*runs, run)) if len(run.key) else Windows(runs=tuple(runs))

    def totals(self, sensor: Rows, after: Times, upto: Times) -> tuple[Rows, Rows]:
        """[m] sum in millionths (modulo 2^64) and number of a sensor's readings, after < time ≤ upto."""
        total, count = np.zeros((2, len(sensor)), np.int64)
        low, high = self._upto(keys(sensor, after)), self._upto(keys(sensor, upto))
        for run, begin, end in zip(self.runs, low, high, strict=True):
            total += run.sums[end] - run.sums[begin]
            count += end - begin
        return total, count

    def extremes(self, sensor: Rows, after: Times, upto: Times) -> tuple[Floats, Floats]:
        """[m] least and greatest of a sensor's readings, after < time ≤ upto; inf and -inf where there are none."""
        least, greatest = np.full(len(sensor), np.inf), np.full(len(sensor), -np.inf)
        low, high = self._upto(keys(sensor, after)), self._upto(keys(sensor, upto))
        for run, begin, end in zip(self.runs, low, high, strict=True):
            some = np.flatnonzero(end > begin)
            if len(some):
                lengths = (end - begin)[some]
                values = run.value[spans(begin[some], lengths)[0]]
                starts = np.cumsum(lengths) - lengths
                least[some] = np.minimum(least[some], np.minimum.reduceat(values, starts))
                greatest[some] = np.maximum(greatest[some], np.maximum.reduceat(values, starts))
        return least, greatest

    def newest(self, sensor: Rows, upto: Times) -> tuple[Times, Floats]:
        """[m] time and value of a sensor's newest reading at or before `upto`; NEVER and NaN where there is none."""
        key = keys(sensor, upto)
        if self.newest_found is None:
            return self._newest(sensor, key)
        text = key.tobytes()
        if text not in self.newest_found:
            self.newest_found[text] = self._newest(sensor, key)
        return self.newest_found[text]

    def _newest(self, sensor: Rows, key: Keys) -> tuple[Times, Floats]:
        time, value = np.full(len(sensor), NEVER), np.full(len(sensor), np.nan)
        for run, place in zip(self.runs, self._upto(key), strict=True):
            at = place - 1
            found = run.key[np.maximum(at, 0)]
            when = found.imag.astype(np.int64)
            newer = (at >= 0) & (found.real == sensor) & (when > time)
            time, value = np.where(newer, when, time), np.where(newer, run.value[np.maximum(at, 0)], value)
        return time, value

    def since(self, sensor: Rows, start: Times) -> tuple[Rows, Times, Floats]:
        """Every reading of the k sensors from its start on: its sensor's place among the k, time and value."""
        low, high = keys(sensor, start - 1), keys(sensor + 1, np.full(len(sensor), NEVER))
        found: list[tuple[Rows, Times, Floats]] = []
        for run in self.runs:
            begin = run.upto(low)
            rows, of = spans(begin, run.upto(high) - begin)
            found.append((of, run.key[rows].imag.astype(np.int64), run.value[rows]))
        if not found:
            return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
        of, time, value = (np.concatenate(column) for column in zip(*found, strict=True))
        order = np.lexsort((time, of))
        return of[order], time[order], value[order]

    def within(self, oldest: Times) -> Run:
        """All in one run without what is before `oldest` [by sensor]: equal for equal histories."""
        run = Run(key=np.zeros(0, np.complex128), value=np.zeros(0))
        for each in reversed(self.runs):
            run = _merged(each, run)
        return _within(run, oldest)


def _within(run: Run, oldest: Times) -> Run:
    keep = run.key.imag >= oldest[run.key.real.astype(np.int64)]
    return run if keep.all() else run.take(keep)


def _merged(long: Run, short: Run) -> Run:
    """One run of two; of a key in both, the first one's value stays."""
    if not len(short.key):
        return long
    place = long.upto(short.key)
    fresh = np.ones(len(place), bool)
    if len(long.key):
        fresh = long.key[np.maximum(place - 1, 0)] != short.key
    place, short = place[fresh], short.take(fresh)
    into = place + np.arange(len(place))
    own = np.ones(len(long.key) + len(into), bool)
    own[into] = False
    key, value = np.empty(len(own), np.complex128), np.empty(len(own))
    key[own], value[own] = long.key, long.value
    key[into], value[into] = short.key, short.value
    return Run(key=key, value=value)
