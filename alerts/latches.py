"""Latches: what a pair of a rule and a subject remembers, and how a row of samples moves it.

Each level is a latch of its own. It is set by `raise_after` samples in a row that meet it, over
at least `hold`; it is released by the first sample that ends an unbroken run of clear ones over
at least `clear_for`. A sample that does neither, because something is unknown, breaks both runs.
"""

from dataclasses import dataclass

import numpy as np

from alerts.columns import NEVER, Counts, Flags, Floats, Rows, Times
from alerts.levels import GRADES


@dataclass(frozen=True, kw_only=True, eq=False)
class Latches:
    """Rows of four latches, lowest level first."""

    latched: Flags  # [n, 4]
    count: Counts  # [n, 4] samples in a row that met the level, up to as many as it takes; 0 once latched
    since: Times  # [n, 4] µs, first of an unbroken run: of clear ones where latched, else of met ones; or NEVER

    def __len__(self) -> int:
        return len(self.latched)

    def take(self, rows: Rows | Flags) -> "Latches":
        """The rows named by index or flag."""
        return Latches(latched=self.latched[rows], count=self.count[rows], since=self.since[rows])

    def levels(self) -> Rows:
        """[n] the highest level that is latched: 0 for none … 4 for red."""
        found = np.zeros(len(self.latched), np.int64)
        for column in range(self.latched.shape[1]):
            found[self.latched[:, column]] = column + 1
        return found

    def at_rest(self) -> Flags:
        """[n] nothing latched and no count running."""
        return np.asarray(~(self.latched.any(axis=1) | self.count.any(axis=1)))

    def differ(self, other: "Latches") -> Flags:
        """[n] rows that are not the same in both."""
        same = (self.latched == other.latched) & (self.count == other.count) & (self.since == other.since)
        return np.asarray(~same.all(axis=1))

    def put(self, rows: Rows | Flags, others: "Latches") -> None:
        """Overwrite rows; only for columns that nobody else has seen yet."""
        self.latched[rows], self.count[rows], self.since[rows] = others.latched, others.count, others.since


def resting(n: int) -> Latches:
    """`n` rows at rest."""
    shape = (n, len(GRADES))
    return Latches(latched=np.zeros(shape, bool), count=np.zeros(shape, np.int32), since=np.full(shape, NEVER))


def joined(*parts: Latches) -> Latches:
    """The rows of all, one part after another."""
    return Latches(
        latched=np.concatenate([part.latched for part in parts]),
        count=np.concatenate([part.count for part in parts]),
        since=np.concatenate([part.since for part in parts]),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Tracks:
    """The samples of k pairs, one pair after another, each in order: m rows."""

    pairs: Rows  # [k] rising
    pair: Rows  # [m] index into `pairs`
    time: Times  # [m]
    tie: Rows  # [m] orders samples of one time: the sensor that was read, or the subject that was counted
    value: Floats  # [m] what a transition tells
    arrival: Rows  # [m] place in the batch
    met: Flags  # [m, 4] per level: reaches the threshold
    clear: Flags  # [m, 4] beyond the clear line; with neither, it is unknown or in between

    @property
    def begins(self) -> Rows:
        """[k] first row of each pair; every pair has one."""
        return np.searchsorted(self.pair, np.arange(len(self.pairs)))


@dataclass(frozen=True, kw_only=True, eq=False)
class Terms:
    """What it takes to set and release, for k pairs."""

    raise_after: Counts  # [k] samples in a row
    hold: Times  # [k] µs that they span at least
    clear_for: Times  # [k] µs


def stepped(tracks: Tracks, terms: Terms, before: Latches) -> tuple[Latches, Times]:
    """[m, 4] the latches after each row, and since when it was met in an unbroken run; without a loop over rows.

    How many samples in a row met a level, and since when an unbroken run has been clear, does
    not depend on the latch itself. So both are told from the last row that broke the run, and
    a latch from the last row that set or released it.
    """
    of, met, clear = tracks.pair, tracks.met, tracks.clear
    begin, time = tracks.begins[of][:, None], tracks.time
    carried = before.take(of)
    count = _in_a_row(met, begin, carried.count)
    met_since = _since(met, begin, time, np.where(carried.latched, NEVER, carried.since))
    clear_since = _since(clear, begin, time, np.where(carried.latched, carried.since, NEVER))
    needed = terms.raise_after[of][:, None]
    sets = met & (count >= needed)
    if terms.hold.any():
        sets &= time[:, None] - met_since >= terms.hold[of][:, None]
    releases = clear & (time[:, None] - clear_since >= terms.clear_for[of][:, None])
    decided = _last(sets | releases)
    told = np.take_along_axis(sets, np.maximum(decided, 0), axis=0)
    latched = np.where(decided < begin, carried.latched, told)
    counting = ~latched & met
    after = Latches(
        latched=latched,
        count=np.where(counting, np.minimum(count, needed), 0).astype(np.int32),
        since=np.where(latched & clear, clear_since, np.where(counting, met_since, NEVER)),
    )
    return after, met_since


def _in_a_row(met: Flags, begin: Rows, carried: Counts) -> Rows:
    """[m, 4] how many rows up to each met the level without a break, those of earlier batches counted."""
    here, broken = np.arange(len(met))[:, None], _last(~met)
    return np.where(broken < begin, here - begin + 1 + carried, here - broken)


def _since(flags: Flags, begin: Rows, time: Times, carried: Times) -> Times:
    """[m, 4] when the unbroken run began, which may be in an earlier batch."""
    here, broken = np.arange(len(flags))[:, None], _last(~flags)
    first = np.minimum(np.maximum(broken + 1, begin), here)
    return np.where((broken < begin) & (carried != NEVER), carried, time[first])


def _last(flags: Flags) -> Rows:
    """[m, 4] the latest row up to each where the flag was up; -1 before the first."""
    rows = np.where(flags, np.arange(len(flags))[:, None], -1)
    return np.asarray(np.maximum.accumulate(rows, axis=0))
