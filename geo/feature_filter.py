"""Filters of features: CQL2 (OGC 21-065r2) as JSON has it, asked of all features at once.

Text is read by the package cql2. What is compared with nothing is unknown, and a feature is in the answer where the
filter is true.
"""

from collections.abc import Callable
from typing import Any

import cql2
import msgspec
import numpy as np

from geo.errors import FilterWrong
from geo.filter_columns import Columns, Expression, Mask, Truth, brief, joined, name_in, only
from geo.filter_places import PLACED, ask_place
from geo.filter_times import TIMED, ask_time
from geo.filter_values import COMPARED, ask_between, ask_in, ask_is_null, ask_like, compare, values_of

MOST_CHARACTERS = 8_000
_MOST_DEEP = 40  # the parser of text goes down as deep as its input does
_MOST_CONDITIONS = 100  # each is asked of every feature


def read_filter(text: str, language: str) -> Expression:
    """A filter in `cql2-text` or `cql2-json` as JSON has it; raises FilterWrong."""
    if len(text) > MOST_CHARACTERS:
        raise FilterWrong(f"a filter has at most {MOST_CHARACTERS:,} characters, this has {len(text):,}")
    _check_depth(text)
    try:
        read = msgspec.json.decode(text) if language == "cql2-json" else cql2.parse_text(text).to_json()
    except (msgspec.DecodeError, cql2.ParseError, RecursionError, ValueError) as error:
        raise FilterWrong(f"the filter is no {language}: {_first_lines(error)}") from error
    if not isinstance(read, dict):
        raise FilterWrong("a filter is a comparison, or several joined by and, or, not")
    if (count := _operations(read)) > _MOST_CONDITIONS:
        raise FilterWrong(f"a filter has {_MOST_CONDITIONS} conditions at most, this one {count}")
    return read


def _operations(read: Expression) -> int:
    """How many there are. (Without calls of itself: what a parser gave may be nested deeper than those may be.)"""
    count, waiting = 0, [read]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            count += "op" in one
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return count


def _check_depth(text: str) -> None:
    deep = most = 0
    for one in text:
        deep += (one in "([{") - (one in ")]}")
        most = max(most, deep)
    if most > _MOST_DEEP:
        raise FilterWrong(f"a filter goes {_MOST_DEEP} brackets deep at most, this one {most}")


def _first_lines(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def matching(expression: Expression, columns: Columns) -> Mask:
    """Which features the filter is true for; raises FilterWrong for what it cannot ask."""
    return _truth(expression, columns, 0).true


def _truth(expression: Any, columns: Columns, depth: int) -> Truth:
    if isinstance(expression, bool):
        everywhere = np.ones(columns.count, bool)
        return Truth(true=everywhere & expression, known=everywhere)
    if name_in(expression) is not None:
        return _flag(expression, columns)
    if depth > 2 * _MOST_DEEP:
        raise FilterWrong("the filter is nested too deeply")
    name, arguments = _operation(expression)
    if name in ("and", "or"):
        return joined(name, [_truth(one, columns, depth + 1) for one in arguments])
    if name == "not":
        inner = _truth(only(arguments, name, 1)[0], columns, depth + 1)
        return Truth(true=inner.known & ~inner.true, known=inner.known)
    for names, ask in _ASKED:
        if name in names:
            return ask(name, arguments, columns)
    raise FilterWrong(f"a filter cannot ask for {name!r} here: docs/ogc.md lists what it can")


def _operation(expression: Any) -> tuple[str, list[Any]]:
    if not isinstance(expression, dict) or not isinstance(expression.get("op"), str):
        raise FilterWrong(f"this is no condition: {brief(expression)}")
    arguments = expression.get("args", [])
    if not isinstance(arguments, list):
        raise FilterWrong(f"args of {expression['op']} is no list")
    return expression["op"], arguments


def _flag(expression: Expression, columns: Columns) -> Truth:
    values = values_of(expression, columns)
    known = np.array([isinstance(one, bool) for one in values], bool)
    return Truth(true=known & np.array([one is True for one in values], bool), known=known)


_ASKED: tuple[tuple[frozenset[str], Callable[[str, list[Any], Columns], Truth]], ...] = (
    (frozenset(COMPARED), compare),
    (frozenset({"like"}), ask_like),
    (frozenset({"between"}), ask_between),
    (frozenset({"in"}), ask_in),
    (frozenset({"isNull"}), ask_is_null),
    (frozenset(PLACED), ask_place),
    (frozenset(TIMED), ask_time),
)
