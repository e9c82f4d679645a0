"""Expressions: what they compute, on columns, and what is not let through."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.rule_expressions import expression

RAIN = np.array([0.0, 10.0, np.nan, -4.0])
STAGE = np.array([180.0, 0.0, 1.0, 2.0])


@pytest.mark.parametrize(
    ("text", "names", "figures"),
    [
        ("rain", ["rain"], [0, 10, None, -4]),
        ("stage - 2 * rain", ["stage", "rain"], [180, -20, None, 10]),
        ("-rain ** 2", ["rain"], [0, -100, None, -16]),
        ("+stage / rain", ["stage", "rain"], [None, 0, None, -0.5]),
        ("max(rain, 0, stage / 100)", ["rain", "stage"], [1.8, 10, None, 0.02]),
        ("min(abs(rain), 5)", ["rain"], [0, 5, None, 4]),
        ("0.1 + 0.2 + 0 * rain", ["rain"], [0.3, 0.3, None, 0.3]),
        ("rain ** 0.5", ["rain"], [0, 3.16227766, None, None]),
        ("rain ** -1", ["rain"], [None, 0.1, None, -0.25]),
        (" ( rain\t+ 1 ) ", ["rain"], [1, 11, None, -3]),
        ("rain * 1e12 ** 8 * 1e12 ** 8 * 1e12 ** 8 * 1e12 ** 8", ["rain"], [0, None, None, None]),
    ],
)
def test_what_is_computed(text: str, names: list[str], figures: list[float | None]) -> None:
    found = expression(text)
    assert list(found.names) == names
    figure = found.evaluate({"rain": RAIN, "stage": STAGE})
    assert [None if np.isnan(one) else one for one in figure] == pytest.approx(figures, abs=1e-9)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "does not parse"),
        ("rain +", "does not parse"),
        ("rain stage", "does not parse"),
        ("(rain", "does not parse"),
        ("rain, stage", "tuple is not allowed"),
        ("rain // 2", "does not parse|not allowed"),
        ("rain % 2", "cannot read on"),
        ("rain > 2", "cannot read on"),
        ("rain.mean", "cannot read on"),
        ("rain[0]", "cannot read on"),
        ("'rain'", "cannot read on"),
        ("1if rain else 2", "cannot read on"),
        ("rain if rain else 2", "ifexp is not allowed"),
        ("rain and stage", "boolop is not allowed"),
        ("not rain", "not is not allowed|not allowed"),
        ("lambda: rain", "cannot read on"),
        ("open(rain)", "only min, max and abs"),
        ("min(*rain)", "starred is not allowed"),
        ("min()", "min of 0 values"),
        ("abs(rain, stage)", "abs of 2 values"),
        ("min(min)(rain)", "only min, max and abs"),
        ("rain ** stage", "a power is a number"),
        ("rain ** 9", "a power is a number"),
        ("rain ** 2 ** 3", "a power is a number"),
        ("3 * 4", "names no quantity"),
        ("rain + 1e13", "not allowed"),
        ("rain + " + "9" * 350, "not allowed"),
        ("rain + 007", "does not parse"),
        ("rain" * 101, "longer than 400"),
        ("+".join(["rain"] * 60), "more than 100 parts"),
        ("-" * 300 + "rain", "more than 100 parts|does not parse"),
    ],
)
def test_what_is_not_let_through(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        expression(text)


trees = st.recursive(
    st.sampled_from(["rain", "stage", "2", "0.5"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda one: f"({one[0]} {one[1]} {one[2]})"),
        inner.map(lambda one: f"-{one}"),
        inner.map(lambda one: f"abs({one})"),
        st.tuples(inner, inner).map(lambda one: f"max({one[0]}, {one[1]})"),
    ),
    max_leaves=8,
)


@given(tree=trees, rain=st.lists(st.floats(-100, 100), min_size=1, max_size=5))
def test_a_column_is_its_rows_one_by_one(tree: str, rain: list[float]) -> None:
    found = expression(f"{tree} + 0 * rain")
    stage = [value / 3 for value in rain]
    column = found.evaluate({"rain": np.array(rain), "stage": np.array(stage)})
    for row, (one, other) in enumerate(zip(rain, stage, strict=True)):
        alone = eval(tree, {"rain": one, "stage": other, "abs": abs, "max": max})
        assert column[row] == pytest.approx(alone, rel=1e-9, abs=1e-8)
