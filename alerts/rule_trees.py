"""Conditions as rule files write them: trees of all, any and not, with comparisons, seasons and warnings as leaves."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from alerts.levels import Grade
from alerts.rule_expressions import FUNCTIONS, Expression, expression
from alerts.rule_levels import check_band
from alerts.rule_measures import Input, Measure, MeasureKeys, Term
from alerts.rule_values import Margin, MarginFraction, Misplaced, Number, Seconds, Text, micros

Month = Annotated[int, Meta(ge=1, le=12)]
Clock = Annotated[str, Meta(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
EventCode = Annotated[str, Meta(pattern=r"^[0-9]{2}[A-Z][0-9]{2}$")]

_MAX_AGE_S = 3600.0
_FORMS = ("all_", "any_", "not_", "during", "warning", "expression", "above", "below", "low")
_COMPARES = ("above", "below", "low")


class Own(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A level of the sensor's own and an offset to it."""

    from_: Text = field(name="from")
    offset: Number = 0.0


class Season(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Months and hours of Chongqing time; both may go over the end of the year or the day."""

    months: tuple[Month, Month] | None = None  # first and last, both within
    hours: tuple[Clock, Clock] | None = None  # from ≤ t < to

    @property
    def hours_us(self) -> tuple[int, int] | None:
        """The hours in µs of the day."""
        return (_of_day(self.hours[0]), _of_day(self.hours[1])) if self.hours else None

    def __post_init__(self) -> None:
        if self.months is None and self.hours is None:
            raise Misplaced("`during` has `months` or `hours` or both")
        if self.hours and (self.hours[0] == self.hours[1] or self.hours[0] == "24:00"):
            raise Misplaced("`hours` are no span: write 00:00 to 24:00 for a whole day", "hours")


class Node(
    MeasureKeys, frozen=True, kw_only=True, rename={"all_": "all", "any_": "any", "not_": "not"}
):  # fmt: skip
    """One node of a condition: exactly one of the forms that `form` names."""

    all_: Annotated[tuple["Node", ...], Meta(min_length=1)] | None = None
    any_: Annotated[tuple["Node", ...], Meta(min_length=1)] | None = None
    not_: "Node | None" = None
    during: Season | None = None
    warning: EventCode | None = None  # an official warning of this type in force …
    level: Grade | None = None  # … at this level or graver; blue where it is left out
    expression: Annotated[str, Meta(min_length=1)] | None = None  # over quantities of one device, and terms
    terms: Annotated[tuple[Term, ...], Meta(min_length=1, max_length=20)] | None = None  # figures of windows, by name
    quantity: Text | None = None  # may be left out where the rule has only one
    above: Number | Own | None = None
    below: Number | Own | None = None
    low: Number | None = None  # a band: low ≤ value < high
    high: Number | None = None
    strict: bool = False  # only beyond the threshold, not at it
    margin: Margin | None = None  # neither: the rule's own, else 0
    margin_fraction: MarginFraction | None = None
    max_age_s: Seconds | None = None  # how old what another sensor of the device read may be

    @property
    def form(self) -> Literal["all", "any", "not", "during", "warning", "expression", "leaf"]:
        """Which of the forms it is."""
        for name in ("all_", "any_", "not_", "during", "warning", "expression"):
            if getattr(self, name) is not None:
                return name.rstrip("_")  # type: ignore[return-value]
        return "leaf"

    @property
    def parts(self) -> tuple["Node", ...]:
        """The nodes under it, in their order."""
        return self.all_ or self.any_ or ((self.not_,) if self.not_ else ())

    @property
    def formula(self) -> Expression | None:
        """The expression, ready to be evaluated."""
        return None if self.expression is None else expression(self.expression)

    def inputs(self, only: str) -> dict[str, Input]:
        """What a comparison looks at, by the name that the expression has for it.

        `only`: the quantity where none is written.
        """
        if self.formula is None:
            quantity = self.quantity or only
            return {quantity: Input(quantity, self.resolved())}
        terms = {term.name: Input(term.quantity or only, term.resolved()) for term in self.terms or ()}
        return {name: terms.get(name) or Input(name, Measure()) for name in self.formula.names}

    def named_quantities(self) -> list[str]:
        """The names in the expression that no term has."""
        terms = {term.name for term in self.terms or ()}
        return [name for name in (self.formula.names if self.formula else ()) if name not in terms]

    @property
    def max_age_us(self) -> int:
        """How old a value may be that another sensor read."""
        return micros(_MAX_AGE_S if self.max_age_s is None else self.max_age_s)

    def __post_init__(self) -> None:
        _check_form(self)
        if self.margin is not None and self.margin_fraction is not None:
            raise Misplaced("a comparison has either a `margin` or a `margin_fraction`", "margin")
        if self.form == "leaf":
            _check_leaf(self)
        if self.expression is not None:
            _check_expression(self)


def walk(tree: Node) -> Iterator[tuple[tuple[str | int, ...], Node]]:
    """Every node with the steps to it, each before its parts, in the order of the file."""
    open_: list[tuple[tuple[str | int, ...], Node]] = [((), tree)]
    while open_:
        steps, node = open_.pop()
        yield steps, node
        inner = [(*steps, node.form, *([number] if node.form != "not" else [])) for number in range(len(node.parts))]
        open_ += reversed(list(zip(inner, node.parts, strict=True)))


def leaves(tree: Node) -> tuple[Node, ...]:
    """The comparisons of a tree, those of expressions too, in the order of the file."""
    return tuple(node for _, node in walk(tree) if node.form in ("leaf", "expression"))


def _check_form(node: Node) -> None:
    given = [name.rstrip("_") for name in _FORMS[:6] if getattr(node, name) is not None]
    if len(given) > 1:
        raise Misplaced(f"`{given[1]}` and `{given[0]}` are two conditions: put them under `all` or `any`", given[1])
    allowed = _KEYS[node.form]
    stray = next((name for name in _written(node) if name not in allowed), None)
    if stray is not None:
        raise Misplaced(f"`{stray}` does not go with `{node.form}`", stray)
    if node.form in ("expression", "leaf") and sum(getattr(node, name) is not None for name in _COMPARES) != 1:
        raise Misplaced("a comparison has one of `above`, `below`, or `low` and `high`")


def _check_leaf(node: Node) -> None:
    node.resolved()
    if node.low is not None:
        check_band(node.low, node.high, strict=node.strict)


def _check_expression(node: Node) -> None:
    try:
        expression(str(node.expression))
    except ValueError as error:
        raise Misplaced(f"`expression`: {error}", "expression") from error
    _check_terms(node)
    if isinstance(node.above or node.below, Own):
        raise Misplaced("an `expression` is compared with a number", "expression")
    if node.low is not None:
        check_band(node.low, node.high, strict=node.strict)


def _check_terms(node: Node) -> None:
    """Raises Misplaced for names that stand for two things, and for a term that the expression does not use."""
    used, seen = expression(str(node.expression)).names, set[str]()
    for number, term in enumerate(node.terms or ()):
        at = ("terms", number, "name")
        if term.name in FUNCTIONS:
            raise Misplaced(f"`name`: {term.name!r} is a function of expressions", *at)
        if term.name in seen:
            raise Misplaced(f"`name`: there are two terms {term.name!r}", *at)
        if term.name not in used:
            raise Misplaced(f"`name`: the `expression` does not use {term.name!r}", *at)
        seen.add(term.name)


_LINE = {"above", "below", "low", "high", "strict", "margin", "margin_fraction", "max_age_s"}
_KEYS: dict[str, set[str]] = {
    "all": {"all"},
    "any": {"any"},
    "not": {"not"},
    "during": {"during"},
    "warning": {"warning", "level"},
    "expression": {"expression", "terms", *_LINE},
    "leaf": {"quantity", *_LINE, *MeasureKeys.__struct_fields__},
}


def _written(node: Node) -> list[str]:
    """The keys that a node has, as files write them."""
    held: dict[str, Any] = {name: getattr(node, name) for name in node.__struct_fields__}
    return [name.rstrip("_") for name, value in held.items() if value is not None and value is not False]


def _of_day(clock: str) -> int:
    hours, minutes = re.split(":", clock)
    return micros(int(hours) * 3600 + int(minutes) * 60)
