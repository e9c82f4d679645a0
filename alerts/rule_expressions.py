"""Expressions over quantities of one device: `stage - bank`, `max(rain, 0) / 2`; NumPy columns in, a column out.

The text is cut into words of a small alphabet first, then parsed by Python's own `ast`, of which
only numbers, names, + - * / ** and min, max, abs are let through. Nothing of it is ever executed.
"""

import ast
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from alerts.columns import Floats

_LONGEST = 400  # characters
_MOST = 100  # numbers, names, operators and calls
_HIGHEST_POWER = 8.0
_LARGEST = 1e12
_WORDS = re.compile(
    r"(?:\s+|(?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,3})?)(?![0-9A-Za-z_.])"
    r"|(?P<name>[a-z_][a-z0-9_]*)|\*\*|[-+*/(),])*"
)
_BINARY: dict[type[ast.operator], Callable[[Floats, Floats], Floats]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
FUNCTIONS: dict[str, Callable[[list[Floats]], Floats]] = {
    "min": np.minimum.reduce,
    "max": np.maximum.reduce,
    "abs": lambda one: np.abs(one[0]),
}


@dataclass(frozen=True)
class Expression:
    """A checked expression; equal where its text is."""

    text: str
    names: tuple[str, ...]  # the quantities, in order of their first use

    @property
    def tree(self) -> ast.expr:
        """As it was parsed; not to be changed."""
        return _parsed(self.text)

    def evaluate(self, values: Mapping[str, Floats]) -> Floats:
        """[m] from columns of m by name; NaN where a value is missing or the figure is not finite."""
        with np.errstate(all="ignore"):
            figure = _evaluate(self.tree, values)
        length = np.broadcast_shapes(*(np.shape(column) for column in values.values()))
        figure = np.broadcast_to(figure, length)
        known: Floats = np.where(np.isfinite(figure), figure, np.nan)
        return np.round(known, 9)


@lru_cache(maxsize=1024)
def expression(text: str) -> Expression:
    """The expression that a text is; raises ValueError that says what is wrong."""
    tree = _parsed(text)
    nodes = [node for node in ast.walk(tree) if not isinstance(node, ast.expr_context)]
    if len(nodes) > _MOST:
        raise ValueError(f"more than {_MOST} parts")
    for node in nodes:
        _check(node)
    functions = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    found = [node for node in nodes if isinstance(node, ast.Name) and id(node) not in functions]
    names = sorted(found, key=lambda name: name.col_offset)
    if not names:
        raise ValueError("names no quantity")
    return Expression(text=text, names=tuple(dict.fromkeys(name.id for name in names)))


@lru_cache(maxsize=1024)
def _parsed(text: str) -> ast.expr:
    if len(text) > _LONGEST:
        raise ValueError(f"longer than {_LONGEST} characters")
    known = _WORDS.match(text)
    end = known.end() if known else 0
    if end < len(text):
        raise ValueError(
            f"cannot read on from {text[end : end + 20]!r}: only names, numbers, + - * / ** ( ) min max abs"
        )
    try:
        return ast.parse(" ".join(text.split()), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"does not parse: {error.args[0] if error.args else 'too deep'}") from error


def _check(node: ast.AST) -> None:
    if isinstance(node, ast.Call):
        _check_call(node)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        _check_power(node.right)
    elif not _allowed(node):
        raise ValueError(
            f"{type(node).__name__.lower()} is not allowed: only + - * / **, min, max, abs and numbers up to 1e12"
        )


def _allowed(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        return type(node.value) in (int, float) and abs(node.value) <= _LARGEST  # type: ignore[arg-type]
    return isinstance(node, (ast.Name, ast.BinOp, ast.UnaryOp, ast.USub, ast.UAdd, *_BINARY))


def _check_call(call: ast.Call) -> None:
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    if name not in FUNCTIONS or call.keywords:
        raise ValueError("only min, max and abs can be called")
    if not call.args or (name == "abs" and len(call.args) > 1):
        raise ValueError(f"{name} of {len(call.args)} values")


def _check_power(exponent: ast.expr) -> None:
    if isinstance(exponent, ast.UnaryOp) and isinstance(exponent.op, ast.USub):
        exponent = exponent.operand
    if not isinstance(exponent, ast.Constant) or not abs(exponent.value) <= _HIGHEST_POWER:  # type: ignore[arg-type]
        raise ValueError(f"a power is a number up to {_HIGHEST_POWER:g}")


def _evaluate(node: ast.expr, values: Mapping[str, Floats]) -> Floats:
    match node:
        case ast.Constant(value=number):
            return np.float64(number)  # type: ignore[arg-type, return-value]
        case ast.Name(id=name):
            return values[name]
        case ast.UnaryOp(op=ast.USub()):
            return -_evaluate(node.operand, values)
        case ast.UnaryOp():
            return _evaluate(node.operand, values)
        case ast.BinOp():
            return _BINARY[type(node.op)](_evaluate(node.left, values), _evaluate(node.right, values))
        case ast.Call(func=ast.Name(id=name)):
            columns = np.broadcast_arrays(*(_evaluate(one, values) for one in node.args))
            return FUNCTIONS[name](list(columns))
    raise TypeError(f"not checked: {node}")
