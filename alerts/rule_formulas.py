"""Expressions of rules in words, and the unit that their figure has."""

import ast
import math
import re
from collections.abc import Mapping

from alerts.rule_expressions import Expression

_WORD = re.compile(r"[a-z_][a-z0-9_]*(?!\w|\()|\*\*|[*-]")
_SIGNS = {"**": "^", "*": "×", "-": "−"}


def in_words(formula: Expression, words: Mapping[str, str]) -> str:
    """The formula with its names as `words` has them: `recent + 2 * rain` → 「雨量 3 天累计」 + 2 × 雨量."""
    return _WORD.sub(lambda found: _told(found.group(), words), ast.unparse(formula.tree))


def _told(word: str, words: Mapping[str, str]) -> str:
    return _SIGNS.get(word) or words.get(word, word)


def unit_of(formula: Expression, units: Mapping[str, str]) -> str:
    """The unit of the figure, where all it looks at is in one unit, added up or multiplied by numbers; else none."""
    alike = {units[name] for name in formula.names}
    return alike.pop() if len(alike) == 1 and _power(formula.tree) == 1 else ""


def _power(node: ast.AST) -> float:
    """How often the unit is multiplied with itself: 0 of a number, NaN where parts do not agree."""
    match node:
        case ast.Constant():
            return 0.0
        case ast.Name():
            return 1.0
        case ast.UnaryOp(operand=one):
            return _power(one)
        case ast.BinOp(left=left, op=ast.Mult() | ast.Div() as by, right=right):
            return _power(left) + _power(right) * (1 if isinstance(by, ast.Mult) else -1)
    return _power_alike(node)


def _power_alike(node: ast.AST) -> float:
    """Of what is added or compared; a bare number among figures is taken to be in their unit: max(rain, 0)."""
    match node:
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
            parts = [left, right]
        case ast.Call(args=parts):
            pass
        case _:
            return math.nan
    powers = {_power(one) for one in parts if not isinstance(one, ast.Constant)}
    return powers.pop() if len(powers) == 1 else math.nan
