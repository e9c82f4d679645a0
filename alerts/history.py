"""What the latches of each pair have been, back to where a late reading may still change them.

A version is what the latches are from one sample on until the next version. A pair that has
been at rest for all of that time has none, so a quiet city costs nothing. Columns are never
written in place: a changed history has new ones.
"""

from dataclasses import dataclass

import numpy as np

from alerts.columns import Flags, Floats, Rows, Times, segments, spans
from alerts.latches import Latches, joined, resting


@dataclass(frozen=True, kw_only=True, eq=False)
class History:
    """n versions in order of pair, then time, then tie."""

    pair: Rows  # [n] of the rule set
    time: Times  # [n] of the sample that made it
    tie: Rows  # [n]
    value: Floats  # [n] of that sample
    latches: Latches  # [n]

    def __len__(self) -> int:
        return len(self.pair)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, History) and len(self) == len(other) and not self.differ(other).any()

    __hash__ = None  # type: ignore[assignment]

    def take(self, rows: Rows | Flags) -> "History":
        """The versions named by index or flag."""
        return History(
            pair=self.pair[rows],
            time=self.time[rows],
            tie=self.tie[rows],
            value=self.value[rows],
            latches=self.latches.take(rows),
        )

    def differ(self, other: "History") -> Flags:
        """[n] versions that are not the same in both, which are of one length."""
        same = (self.pair == other.pair) & (self.time == other.time) & (self.tie == other.tie)
        same &= self.value.view(np.int64) == other.value.view(np.int64)  # NaN is NaN here
        return np.asarray(~same | self.latches.differ(other.latches))

    def pairs(self) -> Rows:
        """Rising: every pair that has a version."""
        return self.pair[self.firsts()]

    def firsts(self) -> Rows:
        """The row of each pair's first version."""
        return segments(self.pair)

    def has(self, pairs: Rows) -> Flags:
        """[k] whether each of the pairs has a version."""
        if not len(self.pair):
            return np.zeros(len(pairs), bool)
        at = np.minimum(np.searchsorted(self.pair, pairs), len(self.pair) - 1)
        return np.asarray(self.pair[at] == pairs)

    def rows_of(self, pairs: Rows) -> tuple[Rows, Rows]:
        """The versions of the pairs, in order, and for each the place of its pair among them."""
        begin = np.searchsorted(self.pair, pairs)
        return spans(begin, np.searchsorted(self.pair, pairs, side="right") - begin)

    def at(self, pairs: Rows, time: Times, tie: Rows) -> Latches:
        """[k] the latches just before (time, tie)."""
        found = resting(len(pairs))
        if len(self.pair):
            rows, of = self.rows_of(pairs)
            older = earlier(self.time[rows], self.tie[rows], time[of], tie[of])
            rows, of = rows[older], of[older]
            found.put(of, self.latches.take(rows))  # the last one of a pair is what stays
        return found

    def latest(self, pairs: Rows) -> Latches:
        """[k] the latches now."""
        found = resting(len(pairs))
        end = np.searchsorted(self.pair, pairs, side="right")
        some = self.has(pairs)
        found.put(some, self.latches.take(end[some] - 1))
        return found

    def without(self, rows: Rows) -> "History":
        """All but these."""
        keep = np.ones(len(self), bool)
        keep[rows] = False
        return self.take(keep)

    def with_versions(self, versions: "History") -> "History":
        """And these, which are in order and later than any of their pairs here."""
        if not len(versions):
            return self
        both = chained(self, versions)
        return both.take(np.argsort(both.pair, kind="stable"))  # quick on two runs that are in order

    def pruned(self, pairs: Rows, horizon: Times) -> "History":
        """Of the k pairs, without what no reading at or after its horizon can go back to."""
        rows, of = self.rows_of(pairs)
        if not len(rows):
            return self
        old = self.time[rows] < horizon[of]
        followed = np.zeros(len(rows), bool)  # by a version that is before the horizon, too
        followed[:-1] = old[1:] & (of[1:] == of[:-1])
        gone = rows[followed | (old & self.latches.take(rows).at_rest())]
        return self.without(gone) if len(gone) else self


def chained(*parts: History) -> History:
    """The versions of all, one part after another."""
    return History(
        pair=np.concatenate([part.pair for part in parts]),
        time=np.concatenate([part.time for part in parts]),
        tie=np.concatenate([part.tie for part in parts]),
        value=np.concatenate([part.value for part in parts]),
        latches=joined(*(part.latches for part in parts)),
    )


def no_history() -> History:
    """Everything at rest, as far back as it matters."""
    none = np.zeros(0, np.int64)
    return History(pair=none, time=none, tie=none, value=np.zeros(0), latches=resting(0))


def earlier(time: Times, tie: Rows, than: Times, than_tie: Rows) -> Flags:
    """[n] whether (time, tie) comes before the other."""
    return np.asarray((time < than) | ((time == than) & (tie < than_tie)))
