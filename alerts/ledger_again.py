"""The stored readings of a span through the kernel once more, in order of event time.

It begins early enough for windows, holds and counts to be full, and earlier still with the
sensors of what was raised already when the span began.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from alerts.columns import Batch
from alerts.kernel import Transition, evaluate
from alerts.ledger_account import Span
from alerts.ledger_copy import copied, slices
from alerts.pairs import RuleSet
from alerts.state import initial_state
from config.database import Connection

_AT_ONCE = 100_000  # readings in one call of the kernel
_MARGIN = timedelta(hours=1)  # beyond the widest window: counts in a row, lateness
_LONG_AGO, _FAR = -(1 << 62), 1 << 62
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Pair = tuple[str, int]  # rule id, subject
Move = tuple[Pair, int, str, str]  # when (µs), from and to which level


@dataclass(frozen=True, kw_only=True)
class Raised:
    """What was raised already when the span began."""

    pair: Pair
    since: datetime
    sensors: list[int]  # that it goes by; none: of a division or a gateway, which cannot be gone back to


class Again:
    """One run over a span."""

    def __init__(self, connection: Connection, ruleset: RuleSet, span: Span, raised: Sequence[Raised]) -> None:
        self.heard = _LONG_AGO  # µs, the newest reading; known after the run
        self._connection = connection
        self._ruleset = ruleset
        self._span = span
        self._raised = raised
        self._warm_up = warm_up(ruleset)

    def moves(self) -> Iterator[Move]:
        """The changes of level within the span, by the kernel."""
        state = initial_state(self._ruleset)
        since, until = _us(self._span.since, _LONG_AGO), _us(self._span.until, _FAR)
        for batch in self._batches():
            self.heard = max(self.heard, int(batch.time[-1]))
            state, transitions = evaluate(self._ruleset, state, batch, self.heard)
            yield from (_move(one) for one in transitions if since <= one.time < until)

    def _batches(self) -> Iterator[Batch]:
        """Judged readings in order of event time; those that tell how raised alerts came about come first."""
        begin = self._span.since - self._warm_up if self._span.since else None
        if begin and self._raised:
            yield from _cut(self._before(begin))
        for since, until in slices(self._connection, Span(since=begin, until=self._span.until)):
            yield from _cut(copied(self._connection, "copy_judged", since=since, until=until))

    def _before(self, begin: datetime) -> Batch:
        needs: dict[int, datetime] = {}
        for one in self._raised:
            for sensor in one.sensors:
                needs[sensor] = min(one.since - self._warm_up, needs.get(sensor, begin))
        since = list(needs.values())
        return copied(self._connection, "copy_judged_before", sensors=list(needs), since=since, until=begin)


def warm_up(ruleset: RuleSet) -> timedelta:
    """How far back a rule may look from the begin of the span."""
    columns = [ruleset.reach, ruleset.keep, ruleset.terms.hold, ruleset.terms.clear_for]
    columns += [silent.allowed for silent in ruleset.silent]
    longest = max(int(column.max(initial=0)) for column in columns)
    return timedelta(microseconds=longest) + _MARGIN


def _cut(readings: Batch) -> Iterator[Batch]:
    for begin in range(0, len(readings.time), _AT_ONCE):
        rows = slice(begin, begin + _AT_ONCE)
        yield Batch(sensor=readings.sensor[rows], time=readings.time[rows], value=readings.value[rows])


def _move(one: Transition) -> Move:
    return ((one.rule_id, one.subject), one.time, one.from_level, one.to_level)


def _us(moment: datetime | None, otherwise: int) -> int:
    return otherwise if moment is None else round((moment - _EPOCH) / timedelta(microseconds=1))
