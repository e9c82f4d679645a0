"""What a rule looks at: quantities and their units, how far back, and the levels that its alerts can have."""

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from alerts.levels import Grade
from alerts.rule_kinds import AnyRule, ConditionRule, CountRule, EventRule, Rule, SilenceRule, StepRule, StuckRule
from alerts.rule_measures import MeasureKeys
from alerts.rule_overrides import applied
from alerts.rule_trees import leaves
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
    """The quantities concerned, in the order of the file; none for counts and warnings; none for silence means all."""
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

    A change, a rate and a full window reach back three times their length; where several sensors of a
    device are looked at, each reaches back by its `max_age_s` besides.
    """
    found = dict.fromkeys(units(rule), 0)
    bare = replace(rule, override=())
    for variant in [bare, *(applied(bare, override) for override in rule.override)]:
        for quantity, reach in _reaches(variant):
            found[quantity] = max(found[quantity], reach)
    return found


def _reaches(rule: AnyRule) -> Iterator[tuple[str, int]]:
    if isinstance(rule, Rule):
        yield from ((rule.quantity, measure.reach_us) for measure in rule.measures().values())
    elif isinstance(rule, StuckRule):
        yield rule.quantity, MeasureKeys(of="range", over_h=rule.over_h, full=True).resolved().reach_us
    elif isinstance(rule, StepRule):
        yield rule.quantity, micros(rule.within_s)
    elif isinstance(rule, ConditionRule):
        for leaf in (leaf for tree in rule.graded().values() for leaf in leaves(tree)):
            age = leaf.max_age_us if len(rule.units) > 1 else 0
            for quantity, measure in leaf.inputs(next(iter(rule.units))).values():
                yield quantity, measure.reach_us + age
