"""What the kernel needs to know of a rule: quantities, windows, grades, and one tree for each level of any kind."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from alerts.levels import Grade
from alerts.rule_kinds import AnyRule, ConditionRule, CountRule, EventRule, Rule, SilenceRule, StepRule, StuckRule
from alerts.rule_levels import Threshold
from alerts.rule_measures import Measure
from alerts.rule_overrides import applied
from alerts.rule_trees import Node, Own, leaves
from alerts.rule_values import micros


def units(rule: AnyRule) -> Mapping[str, str]:
    """Unit by quantity of all that the rule looks at itself; a count looks at another rule, a warning at none.

    Silence looks at when readings came, not at what they say, so it names no unit.
    """
    if isinstance(rule, ConditionRule):
        return rule.units
    if isinstance(rule, (Rule, EventRule, StuckRule, StepRule)):
        return {rule.quantity: rule.unit}
    return {}


def quantities(rule: AnyRule) -> tuple[str, ...]:
    """The quantities concerned, in the order of the file; none for counts and warnings, and for silence all."""
    return rule.quantities if isinstance(rule, SilenceRule) else tuple(units(rule))


def grades(rule: AnyRule) -> tuple[Grade, ...]:
    """The levels that an alert of the rule can have, lowest first; of a step none, of a warning all."""
    if isinstance(rule, (Rule, ConditionRule, CountRule)):
        return tuple(rule.graded())
    if isinstance(rule, (EventRule, SilenceRule, StuckRule)):
        return (rule.level,)
    return () if isinstance(rule, StepRule) else ("blue", "yellow", "orange", "red")


def reaches(rule: AnyRule) -> dict[str, int]:
    """How far back readings are needed, µs by quantity: the longest of all levels and overrides.

    A change, a rate and a full window reach back three times their length; a value of another sensor
    of the device as far as its `max_age_s`; a step as far as `within_s`.
    """
    if isinstance(rule, StepRule):
        return {rule.quantity: micros(rule.within_s)}
    found = dict.fromkeys(units(rule), 0)
    several = len(found) > 1
    for variant in _variants(rule):
        for tree in trees(variant).values():
            for leaf in leaves(tree):
                for quantity, reach in _reach(leaf, several=several):
                    found[quantity] = max(found[quantity], reach)
    return found


def longest_window(rules: Mapping[str, int] | AnyRule) -> int:
    """The longest reach of all quantities, µs."""
    return max((rules if isinstance(rules, Mapping) else reaches(rules)).values(), default=0)


def trees(rule: AnyRule) -> dict[Grade, Node]:
    """One tree for each level, lowest first: thresholds, events and stuck values written as conditions.

    Every leaf has its quantity, its margin and all keys of its measure, so that `leaf.resolved()` needs
    no rule. Counts, silence, steps and warnings have none.
    """
    if isinstance(rule, ConditionRule):
        return {grade: _completed(tree, rule) for grade, tree in rule.graded().items()}
    if isinstance(rule, Rule):
        return {grade: threshold_leaf(rule, threshold) for grade, threshold in rule.graded().items()}
    if isinstance(rule, EventRule):
        return {rule.level: Node(quantity=rule.quantity, above=1.0, margin=0.0)}
    return {rule.level: _stuck(rule)} if isinstance(rule, StuckRule) else {}


def threshold_leaf(rule: Rule, threshold: Threshold) -> Node:
    """A level of a graded threshold as a comparison."""
    keys: dict[str, Any] = _keys(threshold.resolved(rule.measure))
    leaf = Node(
        quantity=rule.quantity,
        above=0.0,
        strict=threshold.strict,
        margin=rule.margin,
        margin_fraction=rule.margin_fraction,
        **keys,
    )  # fmt: skip
    if threshold.is_band:
        return replace(leaf, above=None, low=threshold.low, high=threshold.high)
    at = threshold.value if threshold.from_ is None else Own(from_=threshold.from_, offset=threshold.offset)
    return replace(leaf, above=at) if rule.direction == "above" else replace(leaf, above=None, below=at)


def _keys(measure: Measure) -> dict[str, Any]:
    keys: dict[str, Any] = {"of": measure.of}
    if measure.of != "value":
        days = measure.of == "days"
        keys |= {"over_d": measure.over_us / 86_400e6} if days else {"over_s": measure.over_us / 1e6}
    keys |= {"full": True} if measure.full else {}
    keys |= {"abs": True} if measure.absolute else {}
    keys |= {"per": "h" if measure.per_us == 3_600_000_000 else "d"} if measure.of == "rate" else {}
    met = {"at_least": measure.at_least, "at_most": measure.at_most}
    return keys | {key: value for key, value in met.items() if value is not None}


def _completed(node: Node, rule: ConditionRule) -> Node:
    """The node with what its rule says for all: the only quantity, and the margin."""
    if node.form in ("all", "any"):
        parts = tuple(_completed(part, rule) for part in node.parts)
        return Node(all_=parts) if node.form == "all" else Node(any_=parts)
    if node.not_ is not None:
        return Node(not_=_completed(node.not_, rule))
    if node.form not in ("leaf", "expression"):
        return node
    if node.form == "leaf" and node.quantity is None:
        node = replace(node, quantity=next(iter(rule.units)))
    if node.margin is None and node.margin_fraction is None:
        margin = 0.0 if rule.margin is None and rule.margin_fraction is None else rule.margin
        node = replace(node, margin=margin, margin_fraction=rule.margin_fraction)
    return node


def _stuck(rule: StuckRule) -> Node:
    window: dict[str, Any] = {"quantity": rule.quantity, "over_h": rule.over_h, "margin": 0.0}
    parts = [
        Node(of="range", full=True, below=rule.tolerance, **window),
        Node(of="count", above=float(rule.at_least), **window),
    ]
    if rule.resting is not None:
        still = Node(quantity=rule.quantity, below=rule.resting, margin=0.0)
        over = Node(quantity=rule.quantity, above=rule.resting, strict=True, margin=0.0)
        under = replace(still, strict=True)
        parts.append(Node(any_=(over, under)))
    return Node(all_=tuple(parts))


def _variants(rule: AnyRule) -> Iterator[AnyRule]:
    """The rule, and what each override makes of it."""
    yield rule
    bare = replace(rule, override=())
    for override in rule.override:
        yield applied(bare, override)


def _reach(leaf: Node, *, several: bool) -> Iterator[tuple[str, int]]:
    age = leaf.max_age_us if several else 0
    if leaf.formula is not None:
        yield from ((name, age) for name in leaf.formula.names)
    elif leaf.quantity is not None:
        yield leaf.quantity, leaf.resolved().reach_us + age
