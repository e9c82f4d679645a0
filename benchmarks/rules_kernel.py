"""The kernel alone, with all rules and a day of windows: everything pure that a batch goes through."""

import time
from typing import Any

import numpy as np

from alerts.columns import Batch
from alerts.kernel import evaluate, late_needs, placed, suspect
from alerts.pairs import RuleSet
from alerts.rules import AnyRule
from alerts.ruleset import compile_rules
from alerts.state import State
from alerts.stored_state import load_state, load_subjects, load_touches, load_warnings
from benchmarks.rules_city import sensor_ids
from benchmarks.rules_mix import SENSORS, Mix
from config.database import Connection

BATCHES = (2_000, 10_000)
_TURNS = 5  # of all sensors
_STEP_US = 10_000_000  # between two turns


def kernel(connection: Connection, mix: Mix, rules: list[AnyRule], now_us: int) -> dict[str, Any]:
    """Readings a second by size of batch, and what the rules' own columns take by sensor, bytes."""
    ruleset = compile_rules(
        rules, load_subjects(connection), touches=load_touches(connection), warnings=load_warnings(connection)
    )
    state = load_state(connection, ruleset)
    ids = sensor_ids(connection)
    rates: dict[str, int] = {}
    for size in BATCHES:
        state, rate = _rate(ruleset, state, _batches(mix, ids, size, now_us))
        rates[str(size)] = round(rate)
        now_us += (_TURNS + 1) * _STEP_US
    return {"readings_per_s": rates, "pairs": len(ruleset.rule), "state_bytes": round(state.bytes / SENSORS)}


def _batches(mix: Mix, ids: np.ndarray[Any, Any], size: int, begin_us: int) -> list[Batch]:
    luck = np.random.default_rng(5)
    made = []
    restless = mix.restless()
    for turn in range(_TURNS):
        moment = begin_us + turn * _STEP_US
        for first in range(0, SENSORS, size):
            sensors = np.arange(first, min(first + size, SENSORS))
            values = mix.values(sensors, np.full(len(sensors), moment), luck.random(len(sensors)))
            crossed = restless[(restless >= first) & (restless < first + size)]
            values[crossed - first] = mix.crossing[crossed]
            made.append(Batch(sensor=ids[sensors], time=np.full(len(sensors), moment), value=values))
    return made


def _rate(ruleset: RuleSet, state: State, batches: list[Batch]) -> tuple[State, float]:
    """The first turn goes unmeasured: it takes what the last readings left behind."""
    warm = len(batches) // _TURNS
    for batch in batches[:warm]:
        state = _judge(ruleset, state, batch)
    started = time.perf_counter()
    for batch in batches[warm:]:
        state = _judge(ruleset, state, batch)
    took = time.perf_counter() - started
    return state, sum(len(batch.time) for batch in batches[warm:]) / took


def _judge(ruleset: RuleSet, state: State, batch: Batch) -> State:
    """What alerts/batches.py asks of the kernel for a batch that is all new."""
    found = placed(ruleset, state, batch)
    assert found.judged.all()
    suspect(ruleset, state, batch)
    assert not late_needs(ruleset, state, batch)
    after, _ = evaluate(ruleset, state, batch, int(batch.time[-1]))
    return after
