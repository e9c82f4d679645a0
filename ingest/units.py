"""Unit conversion by pint, reduced to `stored = scale × sent + offset` so that a batch converts at once."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import pint

from ingest.errors import Refused

# Units of RFC 8428 whose spelling pint does not share.
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
    "μg/m³": "microgram / m ** 3",
    "m³/s": "m ** 3 / s",
    "°": "degree",
}
# Products and quotients of named units with small powers: a device's text is never arithmetic
# (pint would evaluate 9**9**9 and not come back).
_POWER = r"(?: ?(?:\*\*|\^)? ?-?[1-4])?"
_NAMED = rf"[A-Za-zµμ°%_]+{_POWER}"
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
    if sent is None or sent == stored or _SENML.get(sent) == stored:
        return AS_SENT
    if sent not in _SENML and (len(sent) > 40 or not _UNIT.fullmatch(sent)):
        raise Refused("unit", f"{sent[:40]!r} is no unit: send {stored!r}")
    try:
        return _affine(_SENML.get(sent, sent), stored)
    except (pint.PintError, ValueError, TypeError, AttributeError, AssertionError, ArithmeticError) as error:
        raise Refused(
            "unit", f"the unit {sent!r} cannot become {stored!r} ({type(error).__name__}): send {stored!r}"
        ) from error


def _affine(sent: str, stored: str) -> Conversion:
    registry = _registry()
    zero = registry.Quantity(0.0, sent).to(stored).magnitude
    ten = registry.Quantity(10.0, sent).to(stored).magnitude
    # A step of 10 keeps decimal factors such as 0.01 exact to the last digit after rounding.
    return Conversion(float(f"{(ten - zero) / 10:.12g}"), float(f"{zero:.12g}"))
