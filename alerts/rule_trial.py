"""A draft of rules tried on stored readings, beside the rules in force: what each would have raised.

The kernel is the live one, over the readings in order of their own time. It begins some days
early, so that windows are full and what stood open at the beginning stands open here, too.
"""

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from alerts.columns import Batch
from alerts.errors import TrialTooLarge
from alerts.kernel import Transition, evaluate
from alerts.rule_sets import QUERIES
from alerts.rules import AnyRule
from alerts.ruleset import compile_rules
from alerts.state import initial_state
from alerts.stored_state import load_subjects
from config.database import Connection

WARM_UP = timedelta(days=3)
DAYS_AT_MOST = 366
READINGS_AT_MOST = 2_000_000
SECONDS_AT_MOST = 30.0
_AT_ONCE = 50_000  # readings in one call of the kernel

_POSTGRES_EPOCH_US = 946_684_800_000_000  # 2000-01-01 UTC
_HEADER, _TRAILER = 19, 2  # bytes around a binary COPY
_ROW = np.dtype(
    [("fields", ">i2"), ("_sensor", ">i4"), ("sensor", ">i4"), ("_time", ">i4"), ("time", ">i8"), ("_value", ">i4"),
     ("value", ">f8")]
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Readings:
    """Stored readings in order of time."""

    sensor: NDArray[np.int32]
    time: NDArray[np.int64]  # µs
    value: NDArray[np.float64]

    def batches(self) -> Iterator[Batch]:
        """One after another, small enough for one call."""
        for start in range(0, len(self.time), _AT_ONCE):
            rows = slice(start, start + _AT_ONCE)
            yield Batch(sensor=self.sensor[rows], time=self.time[rows], value=self.value[rows])


@dataclass(frozen=True, kw_only=True)
class Spell:
    """A stretch of time on which a subject stood at one level by a rule."""

    rule_id: str
    subject: int
    level: str
    begin: int  # µs
    end: int  # µs; of one that went on, the end of the trial
    alert: int  # spells of one alert have one number
    value: float


def stored_readings(connection: Connection, sensors: Collection[int], begin: datetime, end: datetime) -> Readings:
    """The readings of the sensors from `begin` (less the warm-up) to `end`; raises TrialTooLarge."""
    if end - begin > timedelta(days=DAYS_AT_MOST):
        raise TrialTooLarge(f"{(end - begin).days} days are more than {DAYS_AT_MOST}: choose fewer")
    values = {"sensors": sorted(sensors), "begin": begin - WARM_UP, "end": end, "limit": READINGS_AT_MOST + 1}
    row = connection.execute(QUERIES["count_readings"], values).fetchone()
    if row is not None and row[0] > READINGS_AT_MOST:
        raise TrialTooLarge(f"more than {READINGS_AT_MOST:,} readings: choose fewer days or divisions")
    with connection.cursor().copy(QUERIES["copy_readings"], values) as copy:
        body = b"".join(bytes(part) for part in copy)[_HEADER:-_TRAILER]
    rows = np.frombuffer(body, _ROW)
    return Readings(
        sensor=rows["sensor"].astype(np.int32),
        time=rows["time"].astype(np.int64) + _POSTGRES_EPOCH_US,
        value=rows["value"].astype(np.float64),
    )


def spells(
    connection: Connection, rules: Sequence[AnyRule], readings: Readings, begin_us: int, end_us: int, deadline: float
) -> list[Spell]:
    """What the rules would have raised from `begin_us` on; raises TrialTooLarge past `deadline` (monotonic s)."""
    ruleset = compile_rules(rules, load_subjects(connection))
    state, found = initial_state(ruleset), list[Transition]()
    for batch in readings.batches():
        if time.monotonic() > deadline:
            raise TrialTooLarge(f"not done in {SECONDS_AT_MOST:.0f} s: choose fewer days or divisions")
        state, transitions = evaluate(ruleset, state, batch, int(batch.time[-1]))
        found += transitions
    return list(_spells(found, begin_us, end_us))


def _spells(transitions: Sequence[Transition], begin: int, end: int) -> Iterator[Spell]:
    """Transitions as stretches, clipped to the time that was asked for."""
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
