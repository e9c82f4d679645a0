"""What filters of features are about: columns of values, and truth that has three values, as in SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.errors import FilterWrong

Mask = NDArray[np.bool_]
Objects = NDArray[np.object_]
Floats = NDArray[np.float64]
Expression = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Columns:
    """What features are asked by: values of properties (None: nothing), and the geometry."""

    count: int
    properties: Mapping[str, Objects]
    times: Mapping[str, tuple[Floats, Floats]]  # seconds since 1970: first and last instant
    geometries: Mapping[str, Objects]  # lon/lat

    def taken(self, rows: NDArray[np.int64]) -> "Columns":
        """Those of some of the features."""
        return Columns(
            count=len(rows),
            properties={name: values[rows] for name, values in self.properties.items()},
            times={name: (first[rows], last[rows]) for name, (first, last) in self.times.items()},
            geometries={name: values[rows] for name, values in self.geometries.items()},
        )


@dataclass(frozen=True, kw_only=True)
class Truth:
    """True, and known to be one or the other, for each feature."""

    true: Mask
    known: Mask


def name_in(operand: Any) -> str | None:
    """The name of the property that an operand is; None: it is something else."""
    if isinstance(operand, dict) and set(operand) == {"property"} and isinstance(operand["property"], str):
        return operand["property"]
    return None


def only(arguments: Sequence[Any], name: str, count: int) -> Sequence[Any]:
    if len(arguments) != count:
        raise FilterWrong(f"{name} takes {count} arguments, not {len(arguments)}")
    return arguments


def joined(name: str, parts: list[Truth]) -> Truth:
    if not parts:
        raise FilterWrong(f"{name} joins nothing")
    true, false = np.array([one.true for one in parts]), np.array([one.known & ~one.true for one in parts])
    if name == "and":
        is_true, is_false = np.logical_and.reduce(true), np.logical_or.reduce(false)
    else:
        is_true, is_false = np.logical_or.reduce(true), np.logical_and.reduce(false)
    return Truth(true=is_true, known=is_true | is_false)


def brief(operand: Any) -> str:
    """A part of a filter in a message; never the whole of what may be nested deeply."""
    if isinstance(operand, dict):
        return f"{{{', '.join(map(str, list(operand)[:4]))}}} {str(operand.get('op', ''))[:40]}".strip()
    return f"a list of {len(operand)}" if isinstance(operand, list) else repr(operand)[:60]
