"""Expressions over figures of windows, against a brute-force reading of history, one sample after another."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.columns import NEVER, Batch
from alerts.kernel import Transition, evaluate
from alerts.rule_kinds import ConditionRule
from alerts.rules import AnyRule
from alerts.ruleset import compile_rules
from alerts.sensor_subjects import Subject
from alerts.state import initial_state

SECOND = 1_000_000
Reading = tuple[int, int, float]  # sensor, time in µs, value
SENSOR = {"rain": 1, "stage": 2}
UNIT = {"rain": "mm", "stage": "m"}
WORDS = {"zh": "试", "en": "Test"}
FIGURES: dict[str, Callable[[list[float]], float]] = {
    "sum": sum,
    "mean": fmean,
    "min": min,
    "max": max,
    "range": lambda of: max(of) - min(of),
}


@dataclass(frozen=True, kw_only=True)
class Term:
    """One figure as a rule file has it, and as a person would work it out."""

    quantity: str
    of: str
    over: int  # seconds
    ago: int = 0  # seconds

    def written(self, name: str) -> dict[str, Any]:
        """For a rule."""
        ago = {"ago_s": float(self.ago)} if self.ago else {}
        return {"name": name, "quantity": self.quantity, "of": self.of, "over_s": float(self.over), **ago}

    def figure(self, rows: list[Reading], time: int, sensor: int) -> float | None:
        """At one sample; of readings at its own time, those of sensors with larger ids come later."""
        own = SENSOR[self.quantity]
        end = time - (own > sensor) - self.ago * SECOND
        begin = end - self.over * SECOND
        held = {at: value for of, at, value in rows if of == own}
        inside = [value for at, value in sorted(held.items()) if begin < at <= end]
        if self.of == "count":
            return float(len(inside))
        if self.of == "change":
            bases = [at for at in held if begin - 2 * self.over * SECOND <= at <= begin]
            return inside[-1] - held[max(bases)] if inside and bases else None
        return FIGURES[self.of](inside) if inside else None


def the_rule(terms: list[Term], *, above: float, margin: float, units: dict[str, str]) -> AnyRule:
    """a - b, a - b + c, …"""
    names = "abc"[: len(terms)]
    text = names[0] + "".join(f" {sign} 2 * {name}" for sign, name in zip("-+", names[1:], strict=False))
    written = [term.written(name) for term, name in zip(terms, names, strict=True)]
    level = {"expression": text, "above": above, "margin": margin, "terms": written}
    common = {"id": "terms", "number": 1, "label": WORDS, "first_action": WORDS, "units": units}
    form = {"kind": "condition", **common, "levels": {"red": level}, "raise_after": 1, "clear_for_s": 0.0}
    return msgspec.convert(form, AnyRule)  # type: ignore[arg-type]


def by_kernel(rule: AnyRule, rows: list[Reading]) -> list[Transition]:
    device = [
        Subject(sensor_id=number, quantity=name, unit=UNIT[name], datum=None, levels={}, levels_datum=None, device_id=1)
        for name, number in SENSOR.items()
    ]
    rules = compile_rules([rule], device)
    sensor, time, value = zip(*rows, strict=True)
    batch = Batch(sensor=np.array(sensor, np.int32), time=np.array(time, np.int64), value=np.array(value, np.float64))
    return evaluate(rules, initial_state(rules), batch, NEVER)[1]


def by_hand(terms: list[Term], rows: list[Reading], *, above: float, margin: float) -> list[tuple[int, str, float]]:
    """Time, level and figure of every change, sample after sample."""
    looked_at, said, red = {SENSOR[term.quantity] for term in terms}, list[tuple[int, str, float]](), False
    for sensor, time, _ in rows:
        figures = [term.figure(rows, time, sensor) for term in terms]
        if sensor not in looked_at or any(one is None for one in figures):
            continue
        weights = (1, -2, 2)[: len(terms)]
        figure = round(sum(weight * one for weight, one in zip(weights, figures, strict=True) if one is not None), 9)
        if (figure >= above and not red) or (figure < above - margin and red):
            red = not red
            said.append((time, "red" if red else "none", figure))
    return said


histories = st.lists(
    st.tuples(st.sampled_from([1, 1, 2]), st.integers(0, 24).map(lambda n: n * SECOND // 2), st.integers(0, 8)),
    min_size=1,
    max_size=40,
    unique_by=lambda row: row[:2],
).map(lambda rows: sorted(((s, t, v / 2) for s, t, v in rows), key=lambda row: (row[1], row[0])))
all_terms = st.builds(
    Term,
    quantity=st.sampled_from(["rain", "stage"]),
    of=st.sampled_from([*FIGURES, "count", "change"]),
    over=st.integers(1, 4),
    ago=st.integers(0, 4),
)


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=histories, terms=st.lists(all_terms, min_size=1, max_size=3), above=st.integers(0, 6))
def test_the_kernel_says_what_a_person_would_work_out(rows: list[Reading], terms: list[Term], above: int) -> None:
    units = {name: UNIT[name] for name in SENSOR if name in {term.quantity for term in terms}}
    rule = the_rule(terms, above=above, margin=0.5, units=units)
    told, expected = by_kernel(rule, rows), by_hand(terms, rows, above=above, margin=0.5)
    assert [(one.time, one.to_level) for one in told] == [(time, level) for time, level, _ in expected]
    assert [one.value for one in told] == pytest.approx([figure for _, _, figure in expected], abs=1e-9)


def test_a_window_may_end_before_the_one_beside_it_begins() -> None:
    """3 s of rain, and the 5 s before them: the reading on the seam is in one of the two."""
    terms = [Term(quantity="rain", of="sum", over=3), Term(quantity="rain", of="sum", over=5, ago=3)]
    rows = [(1, second * SECOND, 2.0**second) for second in range(10)]
    recent, before = (term.figure(rows, 9 * SECOND, 1) for term in terms)
    assert (recent, before) == (2**9 + 2**8 + 2**7, 2**6 + 2**5 + 2**4 + 2**3 + 2**2)
    assert recent is not None
    assert before is not None
    rule = the_rule(terms, above=recent - 2 * before, margin=0.0, units={"rain": "mm"})
    assert isinstance(rule, ConditionRule)
    assert [(one.time, one.value) for one in by_kernel(rule, rows)] == [(9 * SECOND, recent - 2 * before)]
