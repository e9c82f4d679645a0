"""Units: right factors, nothing of another kind, and a device's text is never evaluated."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import Refused
from ingest.quantities import load_quantities
from ingest.units import conversion

QUANTITIES = load_quantities()
_RFC_8428 = ["m", "kg", "g", "s", "A", "K", "cd", "mol", "Hz", "rad", "sr", "N", "Pa", "J", "W", "C", "V", "F", "Ohm"]


@pytest.mark.parametrize(
    ("sent", "stored", "value", "meant"),
    [
        (None, "m", 1.5, 1.5),
        ("m", "m", 1.5, 1.5),
        ("cm", "m", 150, 1.5),
        ("m", "cm", 0.25, 25),
        ("mm", "cm", 30, 3),
        ("Cel", "degC", 36.6, 36.6),
        ("°C", "degC", 36.6, 36.6),
        ("℃", "degC", 36.6, 36.6),
        ("K", "degC", 273.15, 0),
        ("degF", "degC", 212, 100),
        ("degF", "degC", -40, -40),
        ("%RH", "percent", 80, 80),
        ("%", "percent", 80, 80),
        ("％", "percent", 80, 80),
        ("/", "percent", 0.8, 80),
        ("ppm", "percent", 10_000, 1),
        ("percent", "ppm", 1, 10_000),
        ("A", "mA", 0.03, 30),
        ("m3/s", "m ** 3 / s", 74_600, 74_600),
        ("m³/s", "m ** 3 / s", 74_600, 74_600),
        ("l/s", "m ** 3 / s", 1000, 1),
        ("ug/m3", "microgram / m ** 3", 75, 75),
        ("μg/m³", "microgram / m ** 3", 75, 75),  # Greek mu
        ("µg/m³", "microgram / m ** 3", 75, 75),  # micro sign
        ("mg/m^3", "microgram / m ** 3", 0.075, 75),
        ("rad", "degree", 3.14159265359, 180),
        ("deg", "degree", 15, 15),
        ("°", "degree", 15, 15),
        ("degC", "Cel", 20, 20),
        ("percent", "%RH", 20, 20),
    ],
)
def test_conversions(sent: str | None, stored: str, value: float, meant: float) -> None:
    found = conversion(sent, stored)
    assert value * found.scale + found.offset == pytest.approx(meant, rel=1e-10, abs=1e-9)


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("kg", "m"),
        ("", "m"),
        (" ", "m"),
        ("m2", "m"),
        ("nosuchunit", "m"),
        ("percent", "degree"),  # a slope is no angle
        ("deg", "percent"),
        ("rad", "dimensionless"),
        ("bit", "percent"),
        ("dB", "dimensionless"),  # no factor and offset makes a ratio of it
        ("Np", "percent"),
        ("kilodB", "percent"),
        ("%LEL", "degC"),
    ],
)
def test_units_of_another_kind(sent: str, stored: str) -> None:
    with pytest.raises(Refused, match="unit") as caught:
        conversion(sent, stored)
    assert caught.value.reason == "unit"
    assert repr(stored) in caught.value.detail


@pytest.mark.parametrize(
    "text",
    [
        "9**9**9**9",
        "m**9**9**9",
        "m**999999999",
        "m ** 4 ** 4 ** 4",
        "(" * 30,
        "10**10**10 m",
        "__import__('os')",
        "m.__class__",
        "lambda: 0",
        "1e400 m",
        "m;m",
        "m\0",
        "m\n",
        "\ud800",
        "m" * 10**6,
        "ﷺ" * 40,  # one sign that normalises to eighteen
        "a*" * 19,
        "m/m/m/m/m/m/m/m/m",
        "None",
        "nan",
        "inf",
        "if",
        "def",
        "_",
    ],
)
def test_a_text_is_never_arithmetic(text: str) -> None:
    conversion("cm", "m")  # the library is loaded
    started = time.thread_time()  # work, not waiting: other programs share the machine
    with pytest.raises(Refused) as caught:
        conversion(text, "m")
    assert time.thread_time() - started < 0.25
    assert len(caught.value.detail) < 300


@settings(max_examples=300, deadline=None)
@given(
    st.text(max_size=60)
    | st.text("mkgs*/^·-1234 °%_µdeltaCFnif", max_size=40)
    | st.lists(st.sampled_from([*_RFC_8428, "**4", "^-2", "*", "/", " "]), max_size=9).map("".join),
    st.sampled_from(sorted({quantity.unit for quantity in QUANTITIES.values()})),
)
def test_any_text_converts_or_is_refused(text: str, stored: str) -> None:
    try:
        found = conversion(text, stored)
    except Refused as refused:
        assert refused.reason == "unit"
    else:
        assert abs(found.scale) < float("inf") and abs(found.offset) < float("inf") and found.scale != 0


@pytest.mark.parametrize("quantity", sorted(QUANTITIES))
def test_every_quantity_is_in_a_unit_that_converts_to_itself(quantity: str) -> None:
    unit = QUANTITIES[quantity].unit
    found = conversion(f"{unit}" if unit != "dimensionless" else "/", unit)
    assert (found.scale, found.offset) == (1, 0)
