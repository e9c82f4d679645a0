"""Unit conversion by pint, reduced to `stored = scale × sent + offset` so that a batch converts at once."""

import math
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pint

from ingest.errors import Refused

# Units of RFC 8428 and of Chinese devices whose spelling pint does not share, in the form NFKC (³ is 3, ℃ is °C).
_SENML = {
    "Cel": "degC",
    "%RH": "percent",
    "%": "percent",
    "/": "dimensionless",
    "%LEL": "percent",
    "%VOL": "percent",
    "lm": "lumen",
    "deg": "degree",
    "m3": "m ** 3",
    "m3/s": "m ** 3 / s",
    "l/s": "liter / s",
    "ug/m3": "microgram / m ** 3",
    "μg/m3": "microgram / m ** 3",
    "°": "degree",
}
# Products and quotients of named units with small powers: a device's text is never arithmetic
# (pint would evaluate 9**9**9 and not come back).
_POWER = r"(?: ?(?:\*\*|\^)? ?-?[1-4])?"
_NAMED = rf"[A-Za-zµμ°%_]+{_POWER}"
_LONGEST = 40
_UNIT = re.compile(rf"{_NAMED}(?: ?[*/·] ?{_NAMED}){{0,4}}")


@dataclass(frozen=True)
class Conversion:
    """stored = scale × sent + offset."""

    scale: float
    offset: float


AS_SENT = Conversion(1.0, 0.0)


@cache
def _registry() -> Any:
    return pint.UnitRegistry(autoconvert_offset_to_baseunit=True)


def conversion(sent: str | None, stored: str) -> Conversion:
    """How a value in `sent` becomes one in `stored`; no unit sent means the stored one.

    Raises Refused("unit", …) for an unknown unit or one of another kind.
    """
    if sent is None or sent == stored:
        return AS_SENT
    spelled, wanted = _spelled(sent[:_LONGEST]), _spelled(stored)
    if len(sent) > _LONGEST or (spelled not in _SENML.values() and not _UNIT.fullmatch(spelled)):
        raise Refused("unit", f"{sent[:_LONGEST]!r} is no unit: send {stored!r}")
    try:
        return _affine(spelled, wanted)
    except (pint.PintError, ValueError, TypeError, AttributeError, AssertionError, ArithmeticError) as error:
        raise Refused(
            "unit", f"the unit {sent!r} cannot become {stored!r} ({type(error).__name__}): send {stored!r}"
        ) from error


def _spelled(unit: str) -> str:
    """As pint spells it."""
    plain = unicodedata.normalize("NFKC", unit)
    return _SENML.get(plain, plain)


def _affine(sent: str, stored: str) -> Conversion:
    registry = _registry()
    # Dimensions alone would let an angle or a count pass for a ratio: all three have none.
    if registry.Quantity(1.0, sent).to_root_units().units != registry.Quantity(1.0, stored).to_root_units().units:
        raise pint.DimensionalityError(sent, stored)
    # Steps of 10 keep decimal factors such as 0.01 exact to the last digit after rounding.
    with np.errstate(over="raise"):
        zero, ten, twenty = (registry.Quantity(number, sent).to(stored).magnitude for number in (0.0, 10.0, 20.0))
    if not math.isclose(twenty - ten, ten - zero, rel_tol=1e-6):
        raise ValueError("a logarithmic unit")
    return Conversion(float(f"{(ten - zero) / 10:.12g}"), float(f"{zero:.12g}"))
