"""What the kernel remembers between batches: how far each sensor was heard, its windows, the latches of each pair."""

from dataclasses import dataclass, replace

import numpy as np

from alerts.columns import NEVER, Floats, Rows, Times
from alerts.history import History, no_history
from alerts.pairs import RuleSet
from alerts.windows import Windows


@dataclass(frozen=True, kw_only=True, eq=False)
class State:
    """Rule state. Never written in place: a changed state has new columns and shares the rest.

    Only pairs that were not at rest of late are kept, so a quiet city costs its watermarks alone.
    """

    watermark: Times  # [largest sensor id + 1] µs, latest reading judged; NEVER before the first
    last: Floats  # [same] that reading's value; NaN before the first
    windows: Windows  # the readings that rules look back on
    reach: Times  # [same] µs before its watermark that a sensor's readings are kept; -1: none are
    history: History
    lively_until: int = NEVER  # µs: before it nobody falls silent; NEVER: has to be looked for

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, State):
            return NotImplemented
        n = max(len(self.watermark), len(other.watermark))
        one, two = self.spread(n), other.spread(n)
        kept, theirs = (each.windows.within(each.oldest()) for each in (one, two))
        return (
            np.array_equal(one.watermark, two.watermark)
            and np.array_equal(one.last.view(np.int64), two.last.view(np.int64))
            and one.history == two.history
            and np.array_equal(kept.key, theirs.key)
            and np.array_equal(kept.value, theirs.value)
        )

    __hash__ = None  # type: ignore[assignment]

    @property
    def bytes(self) -> int:
        """About what it takes in memory."""
        latches = self.history.latches
        held = (self.watermark.nbytes, self.last.nbytes, self.reach.nbytes, 32 * len(self.history))
        return self.windows.bytes + sum(held) + latches.latched.nbytes + latches.count.nbytes + latches.since.nbytes

    def spread(self, n: int) -> "State":
        """With columns for the sensors 0 … n - 1 at least."""
        missing = n - len(self.watermark)
        if missing <= 0:
            return self
        return replace(
            self,
            watermark=np.concatenate([self.watermark, np.full(missing, NEVER)]),
            last=np.concatenate([self.last, np.full(missing, np.nan)]),
            reach=np.concatenate([self.reach, np.full(missing, -1)]),
        )

    def oldest(self) -> Times:
        """[by sensor] µs: what is earlier need not be kept."""
        kept = (self.reach >= 0) & (self.watermark != NEVER)
        return np.where(kept, np.where(kept, self.watermark, 0) - self.reach, NEVER)

    def heads(self, sensors: Rows) -> Times:
        """[n] the watermarks; NEVER for a sensor that was never heard of, and for -1."""
        known = (sensors >= 0) & (sensors < len(self.watermark))
        return (
            np.where(known, self.watermark[np.where(known, sensors, 0)], NEVER)
            if len(self.watermark)
            else np.full(len(sensors), NEVER)
        )


def initial_state(ruleset: RuleSet) -> State:
    """Nothing seen, everything at rest."""
    n = len(ruleset.reach)
    return State(
        watermark=np.full(n, NEVER),
        last=np.full(n, np.nan),
        reach=ruleset.reach,
        windows=Windows(),
        history=no_history(),
    )
