"""Rules over stored readings: what the kernel would have said, had they been in force.

The kernel is the live one, over the readings in the order of their own time. They are read in slices
of time, so that memory does not grow with the span, and all sets of rules see the same slice. It
begins early enough for windows to be full and for what stood open at the beginning to stand open here.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alerts.books import micros
from alerts.columns import NOTHING, Batch
from alerts.instants import aware
from alerts.kernel import Transition, evaluate
from alerts.pairs import RuleSet
from alerts.rules import AnyRule
from alerts.ruleset import Subject, compile_rules
from alerts.state import State, initial_state
from alerts.stored_state import load_touches, load_warnings
from config.database import Connection
from config.queries import Queries

QUERIES = Queries(Path(__file__).with_name("backtest_queries.sql"))
WARM_UP = timedelta(days=3)  # at least; rules with longer windows need more

_AT_ONCE = 50_000  # readings in one call of the kernel
_SLICE_ROWS = 500_000  # aimed at
_FIRST_SLICE_US = 600_000_000
_LONGEST_SLICE_US = 30 * 86_400_000_000
_POSTGRES_EPOCH_US = 946_684_800_000_000  # 2000-01-01 UTC
_HEADER, _TRAILER = 19, 2  # bytes around a binary COPY
_ROW = np.dtype(
    [("fields", ">i2"), ("_sensor", ">i4"), ("sensor", ">i4"), ("_time", ">i4"), ("time", ">i8"), ("_value", ">i4"),
     ("value", ">f8")]
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Readings:
    """Stored readings of a stretch of time, begin ≤ time < end (µs), in order of time."""

    begin: int
    end: int
    sensor: NDArray[np.int32]
    time: NDArray[np.int64]  # µs
    value: NDArray[np.float64]

    def batches(self) -> Iterator[tuple[Batch, int]]:
        """One after another, small enough for one call, each with how far everything was heard by then."""
        n = len(self.time)
        for start in range(0, n, _AT_ONCE):
            rows = slice(start, start + _AT_ONCE)
            heard = self.end if start + _AT_ONCE >= n else int(self.time[start + _AT_ONCE])
            yield Batch(sensor=self.sensor[rows], time=self.time[rows], value=self.value[rows]), heard - 1
        if not n:
            yield NOTHING, self.end - 1


@dataclass(frozen=True, kw_only=True)
class Spell:
    """A stretch of time on which a subject stood at one level by a rule."""

    rule_id: str
    subject: int
    level: str
    begin: int  # µs
    end: int  # µs; of one that went on, the end of the test
    alert: int  # spells of one alert have one number
    value: float


@dataclass(kw_only=True)
class Bench:
    """One set of rules under test: its state, and what it said so far."""

    ruleset: RuleSet
    state: State
    said: list[Transition] = field(default_factory=list)

    def judge(self, batch: Batch, heard_us: int) -> None:
        """The next readings."""
        self.state, transitions = evaluate(self.ruleset, self.state, batch, heard_us)
        self.said += transitions


@dataclass(frozen=True, kw_only=True)
class Run:
    """Several sets of rules over the same readings."""

    readings: int  # with those of the warm-up
    sensors: int  # that had any
    slices: int
    since: int  # µs, where reading began
    rulesets: tuple[RuleSet, ...]
    spells: tuple[tuple[Spell, ...], ...]  # by set of rules


def run_rules(
    connection: Connection,
    rule_sets: Sequence[Sequence[AnyRule]],
    subjects: Sequence[Subject],
    begin: datetime,
    end: datetime,
    *,
    check: Callable[[int], None] = lambda _: None,
) -> Run:
    """What each set of rules would have raised of `subjects` from `begin` up to `end`, in one pass.

    `check` is called before each batch with how many readings were judged so far; what it raises ends the run.
    """
    touches, warnings = load_touches(connection), load_warnings(connection)
    benches = [_bench(compile_rules(rules, subjects, touches=touches, warnings=warnings)) for rules in rule_sets]
    since = micros(begin) - max([round(WARM_UP.total_seconds() * 1e6), *(_reach(bench.ruleset) for bench in benches)])
    heard, judged, slices = set[int](), 0, 0
    for part in stored_slices(connection, [one.sensor_id for one in subjects], since, micros(end)):
        slices += 1
        heard.update(np.unique(part.sensor).tolist())
        for batch, heard_us in part.batches():
            check(judged)
            for bench in benches:
                bench.judge(batch, heard_us)
            judged += len(batch.time)
    span = micros(begin), micros(end)
    return Run(
        readings=judged,
        sensors=len(heard),
        slices=slices,
        since=since,
        rulesets=tuple(bench.ruleset for bench in benches),
        spells=tuple(tuple(spells_of(bench.said, *span)) for bench in benches),
    )


def _bench(ruleset: RuleSet) -> Bench:
    return Bench(ruleset=ruleset, state=initial_state(ruleset))


def _reach(ruleset: RuleSet) -> int:
    """How far back windows look, µs."""
    return int(ruleset.reach.max(initial=0))


def stored_slices(connection: Connection, sensors: Collection[int], begin: int, end: int) -> Iterator[Readings]:
    """The readings of the sensors with begin ≤ time < end (µs), a slice at a time, of about the same number each.

    Empty slices come, too: time passes in them.
    """
    names, first, last = sorted(sensors), begin, min(end, begin + _FIRST_SLICE_US)
    while first < end:
        part = _slice(connection, names, first, last)
        yield part
        grown = (last - first) * min(4.0, _SLICE_ROWS / max(1, len(part.time)))
        first, last = last, min(end, last + max(1, min(_LONGEST_SLICE_US, int(grown))))


def _slice(connection: Connection, sensors: list[int], begin: int, end: int) -> Readings:
    values = {"sensors": sensors, "begin": aware(begin), "end": aware(end)}
    with connection.cursor().copy(QUERIES["copy_readings"], values) as copy:
        body = b"".join(bytes(part) for part in copy)[_HEADER:-_TRAILER]
    rows = np.frombuffer(body, _ROW)
    return Readings(
        begin=begin,
        end=end,
        sensor=rows["sensor"].astype(np.int32),
        time=rows["time"].astype(np.int64) + _POSTGRES_EPOCH_US,
        value=rows["value"].astype(np.float64),
    )


def spells_of(transitions: Sequence[Transition], begin: int, end: int) -> Iterator[Spell]:
    """Transitions as stretches, clipped to begin … end (µs)."""
    standing: dict[tuple[str, int], tuple[Transition, int]] = {}
    alerts = 0
    for one in sorted(transitions, key=lambda each: each.time):
        key = (one.rule_id, one.subject)
        before = standing.pop(key, None)
        if before is not None:
            yield from _clipped(*before, begin, min(one.time, end))
        if one.to_level != "none":
            alerts += before is None
            standing[key] = (one, alerts if before is None else before[1])
    for left, alert in standing.values():
        yield from _clipped(left, alert, begin, end)


def _clipped(one: Transition, alert: int, begin: int, until: int) -> Iterator[Spell]:
    first = max(one.time, begin)
    if until > first or (until == first and one.time >= begin):
        yield Spell(
            rule_id=one.rule_id, subject=one.subject, level=one.to_level, begin=first, end=until, alert=alert,
            value=one.value,
        )  # fmt: skip
