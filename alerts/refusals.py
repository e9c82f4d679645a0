"""What a rule must not be compared with: readings in another unit, or in another height system than its levels."""

from collections.abc import Iterable
from dataclasses import dataclass

from alerts.rule_kinds import ConditionRule, EventRule, Rule, StepRule, StuckRule
from alerts.rule_trees import Node, Own
from alerts.sensor_subjects import Subject

SensorRule = Rule | EventRule | ConditionRule | StuckRule | StepRule


@dataclass(frozen=True, kw_only=True)
class Compared:
    """How a rule compares the readings of one quantity."""

    own: bool = False  # with levels of the sensor's own
    fixed: bool = False  # with numbers, though the readings are heights


def refusal(unit: str, how: Compared, sensor: Subject) -> str:
    """Why a rule in this unit, which compares like this, must not judge the sensor; empty where it may."""
    if unit != sensor.unit:
        return f"the rule is in {unit}, the sensor in {sensor.unit}: give the rule the sensor's unit"
    if how.own and sensor.levels_datum != sensor.datum:
        return f"levels in datum {sensor.levels_datum}, readings in {sensor.datum}: state both in one datum"
    if how.fixed and sensor.datum is not None:
        return f"a fixed threshold names no datum, the sensor reads in {sensor.datum}: use the sensor's own levels"
    return ""


def units(rule: SensorRule) -> dict[str, str]:
    """The unit of every quantity that the rule looks at."""
    return rule.units if isinstance(rule, ConditionRule) else {rule.quantity: rule.unit}


def compared(rule: SensorRule, quantity: str) -> Compared:
    """What the rule does with readings of the quantity."""
    if isinstance(rule, Rule):
        of = rule.measures()
        levels = rule.graded()
        return Compared(
            own=any(one.from_ is not None for one in levels.values()),
            fixed=any(one.from_ is None and not of[grade].datum_free for grade, one in levels.items()),
        )
    if isinstance(rule, ConditionRule):
        nodes = [node for tree in rule.graded().values() for node in _nodes(tree) if node.form == "leaf"]
        its = [node for node in nodes if (node.quantity or next(iter(rule.units))) == quantity]
        own = [isinstance(node.above or node.below, Own) for node in its]
        return Compared(
            own=any(own),
            fixed=any(not has and not node.resolved().datum_free for node, has in zip(its, own, strict=True)),
        )
    return Compared(fixed=isinstance(rule, EventRule))


def _nodes(node: Node) -> Iterable[Node]:
    yield node
    for part in node.parts:
        yield from _nodes(part)
