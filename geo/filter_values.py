"""Comparisons of a filter: =, <, like, between, in, is null, with casei for letters of either size."""

import operator
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from geo.errors import FilterWrong
from geo.filter_columns import Columns, Expression, Objects, Truth, brief, joined, name_in, only
from geo.filter_times import instants_in


def values_of(operand: Any, columns: Columns) -> Objects:
    """The operand for each feature; None: it has none."""
    if (name := name_in(operand)) is not None:
        return _property(name, columns)
    if isinstance(operand, dict):
        if operand.get("op") in ("casei", "accenti"):
            return _folded(operand, columns)
        if set(operand) <= {"timestamp", "date"}:
            return _constant(instants_in(operand)[0], columns)
        raise FilterWrong(f"this is no value: {brief(operand)}")
    if operand is not None and not isinstance(operand, str | int | float | bool):
        raise FilterWrong(f"this is no value: {brief(operand)}")
    return _constant(operand, columns)


def _property(name: str, columns: Columns) -> Objects:
    if name in columns.properties:
        return columns.properties[name]
    if name in columns.times:
        first = columns.times[name][0]
        return np.array([one if np.isfinite(one) else None for one in first.tolist()], dtype=object)
    raise FilterWrong(f"there is no property {name[:60]!r} to be asked for: see the collection's queryables")


def _constant(value: Any, columns: Columns) -> Objects:
    filled: Objects = np.full(columns.count, None, dtype=object)
    filled[:] = value
    return filled


def _folded(operand: Expression, columns: Columns) -> Objects:
    if operand["op"] == "accenti":
        raise FilterWrong("accenti is not supported here: docs/ogc.md lists what is")
    inner = values_of(only(operand.get("args", []), "casei", 1)[0], columns)
    return np.array([one.casefold() if isinstance(one, str) else one for one in inner], dtype=object)


COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "<>": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def compare(name: str, arguments: list[Any], columns: Columns) -> Truth:
    left, right = (values_of(one, columns) for one in only(arguments, name, 2))
    return _each(COMPARED[name], left, right)


def _each(test: Callable[[Any, Any], bool], left: Objects, right: Objects) -> Truth:
    """A test of pairs; unknown where one is nothing. Raises FilterWrong for two that cannot be compared."""
    known = np.array([a is not None and b is not None for a, b in zip(left, right, strict=True)], bool)
    true = np.zeros(len(left), bool)
    try:
        true[known] = [_same_kind(a, b) and bool(test(a, b)) for a, b in zip(left[known], right[known], strict=True)]
    except TypeError as error:
        raise FilterWrong(f"two things of different kinds are compared: {error}") from error
    return Truth(true=true, known=known)


def _same_kind(left: Any, right: Any) -> bool:
    if isinstance(left, str) != isinstance(right, str):
        raise TypeError(f"{left!r} and {right!r}")
    return True


def ask_like(name: str, arguments: list[Any], columns: Columns) -> Truth:
    value, pattern = only(arguments, name, 2)
    is_folded = isinstance(pattern, dict) and pattern.get("op") == "casei"
    text = pattern["args"][0] if is_folded and len(pattern.get("args", [])) == 1 else pattern
    if not isinstance(text, str):
        raise FilterWrong("like takes a text in quotes, with % for any letters and _ for one")
    fits = re.compile(_expression_of(text.casefold() if is_folded else text), re.DOTALL)
    values = values_of(value, columns)
    known = np.array([isinstance(one, str) for one in values], bool)
    true = np.array([isinstance(one, str) and fits.fullmatch(one) is not None for one in values], bool)
    return Truth(true=true, known=known)


def _expression_of(pattern: str) -> str:
    """% is any letters, _ is one, a backslash takes the next as it is. (Runs of % are one, else it could take long.)"""
    parts = re.findall(r"\\.|%+|_|[^%_\\]+|\\", re.sub(r"%+", "%", pattern), re.DOTALL)
    if sum(part == "%" for part in parts) > 10:
        raise FilterWrong("like takes at most 10 times %")
    made = {"%": ".*", "_": "."}
    return "".join(made.get(part) or re.escape(part[-1] if part[0] == "\\" else part) for part in parts)


def ask_between(name: str, arguments: list[Any], columns: Columns) -> Truth:
    value, low, high = only(arguments, name, 3)
    return joined("and", [compare(">=", [value, low], columns), compare("<=", [value, high], columns)])


def ask_in(name: str, arguments: list[Any], columns: Columns) -> Truth:
    value, among = only(arguments, name, 2)
    if not isinstance(among, list) or not among:
        raise FilterWrong("in takes a list of values")
    wanted = {_literal(one) for one in among}
    values = values_of(value, columns)
    known = np.array([one is not None for one in values], bool)
    return Truth(true=known & np.array([one in wanted for one in values], bool), known=known)


def _literal(operand: Any) -> str | int | float | bool:
    """A value of a list, which is the same for all features."""
    if isinstance(operand, str | int | float | bool):
        return operand
    if isinstance(operand, dict) and operand.get("op") == "casei":
        (inner,) = only(operand.get("args", []), "casei", 1)
        if isinstance(inner, str):
            return inner.casefold()
    if isinstance(operand, dict) and set(operand) <= {"timestamp", "date"}:
        return instants_in(operand)[0]
    raise FilterWrong(f"a list has plain values: {brief(operand)} is none")


def ask_is_null(name: str, arguments: list[Any], columns: Columns) -> Truth:
    (operand,) = only(arguments, name, 1)
    if name_in(operand) in columns.geometries:
        empty = np.zeros(columns.count, bool)
    else:
        empty = np.array([one is None for one in values_of(operand, columns)], bool)
    return Truth(true=empty, known=np.ones(columns.count, bool))
