"""Rules with windows, bands and trees as conditions over the subjects that they judge."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from alerts import subjects
from alerts.columns import Rows
from alerts.compiled_lines import Back, fixed_line, node_lines, threshold_lines
from alerts.conditions import All, Any, Computed, Condition, During, Leaf, Not, Subjects, Warned
from alerts.levels import GRADES, Grade
from alerts.rule_kinds import ConditionRule, Rule, StuckRule
from alerts.rule_measures import Measure
from alerts.rule_trees import Node
from alerts.rule_values import micros
from alerts.sensor_subjects import Subject


@dataclass(frozen=True, kw_only=True)
class Group:
    """What is one subject for a rule: a sensor, or the sensors of a device that the rule looks at."""

    subject: int  # see alerts/subjects.py
    sensors: Mapping[str, Subject]  # by quantity

    @property
    def first(self) -> Subject:
        """One of them, for what they have in common."""
        return next(iter(self.sensors.values()))


@dataclass(frozen=True, kw_only=True, eq=False)
class Conditions:
    """Four levels over n subjects."""

    subjects: Subjects
    levels: Sequence[Condition | None]

    @property
    def told(self) -> Leaf | Computed | None:
        """The figure of its lowest level that is compared first."""
        return next((leaf for level in self.levels if level is not None for leaf in leaves(level)), None)

    def reaches(self) -> dict[str, int]:
        """How far back, in µs, which quantity is looked at."""
        found = dict.fromkeys(self.subjects.members, 0)
        for leaf in (leaf for level in self.levels if level is not None for leaf in leaves(level)):
            for quantity, measure in leaf.inputs:
                found[quantity] = max(found[quantity], measure.reach_us + leaf.max_age)
        return found


def sensor_groups(sensors: Iterable[Subject]) -> list[Group]:
    """Each sensor on its own."""
    return [Group(subject=one.sensor_id, sensors={one.quantity: one}) for one in sensors]


def device_groups(sensors: Iterable[Subject]) -> list[Group]:
    """Those of one device together; a sensor without a device is nothing to a rule over several quantities."""
    found: dict[int, dict[str, Subject]] = defaultdict(dict)
    for one in sensors:
        if one.device_id is not None:
            found[one.device_id][one.quantity] = one
    return [Group(subject=subjects.of("device", device), sensors=held) for device, held in sorted(found.items())]


def graded(rule: Rule, groups: Sequence[Group]) -> Conditions:
    """A graded threshold of measures or bands."""
    sensors = [group.first for group in groups]
    back, sign = Back.among(rule), -1 if rule.direction == "below" else 1
    measures = rule.measures()
    levels: dict[Grade, Condition] = {
        grade: Leaf(quantity=rule.quantity, measure=measures[grade], lines=threshold_lines(one, sign, back, sensors))
        for grade, one in rule.graded().items()
    }
    return _conditions(levels, groups, (rule.quantity,))


def trees(rule: ConditionRule, groups: Sequence[Group]) -> Conditions:
    """A condition for each level."""
    levels = {grade: _node(node, rule, groups) for grade, node in rule.graded().items()}
    return _conditions(levels, groups, tuple(rule.units))


def stuck(rule: StuckRule, groups: Sequence[Group]) -> Conditions:
    """A full window of readings that lie close together, and not where standing still is natural."""
    over, n, name = micros(rule.over_h * 3600), len(groups), rule.quantity
    parts: list[Condition] = [
        Leaf(
            quantity=name, measure=Measure(of="range", over_us=over, full=True), lines=fixed_line(rule.tolerance, -1, n)
        ),
        Leaf(quantity=name, measure=Measure(of="count", over_us=over), lines=fixed_line(rule.at_least, 1, n)),
    ]
    if rule.resting is not None:
        low, high = rule.resting - rule.tolerance, rule.resting + rule.tolerance
        below = Leaf(quantity=name, measure=Measure(), lines=fixed_line(low, -1, n, strict=True))
        above = Leaf(quantity=name, measure=Measure(), lines=fixed_line(high, 1, n, strict=True))
        parts.append(Any(parts=(below, above)))
    return _conditions({rule.level: All(parts=parts)}, groups, (name,))


def leaves(condition: Condition) -> Iterable[Leaf | Computed]:
    """Every comparison, in the order of the file."""
    if isinstance(condition, Leaf | Computed):
        yield condition
    elif isinstance(condition, All | Any):
        for part in condition.parts:
            yield from leaves(part)
    elif isinstance(condition, Not):
        yield from leaves(condition.part)


def _conditions(levels: Mapping[Grade, Condition], groups: Sequence[Group], quantities: tuple[str, ...]) -> Conditions:
    return Conditions(
        subjects=Subjects(
            members={quantity: _members(groups, quantity) for quantity in quantities},
            divisions=[group.first.divisions for group in groups],
        ),
        levels=[levels.get(grade) for grade in GRADES],
    )


def _members(groups: Sequence[Group], quantity: str) -> Rows:
    held = [group.sensors.get(quantity) for group in groups]
    return np.array([-1 if one is None else one.sensor_id for one in held], np.int64)


def _node(node: Node, rule: ConditionRule, groups: Sequence[Group]) -> Condition:
    if node.all_ is not None or node.any_ is not None:
        kind = All if node.all_ is not None else Any
        return kind(parts=tuple(_node(part, rule, groups) for part in node.parts))
    if node.not_ is not None:
        return Not(part=_node(node.not_, rule, groups))
    if node.during is not None:
        return During(months=node.during.months, hours=node.during.hours_us)
    if node.warning is not None:
        return Warned(event=node.warning, level=node.level or "blue")
    return _comparison(node, rule, groups)


def _comparison(node: Node, rule: ConditionRule, groups: Sequence[Group]) -> Condition:
    terms = node.inputs(next(iter(rule.units)))
    first = next(iter(terms.values()))
    lines = node_lines(node, Back.among(node, rule), [group.sensors.get(first.quantity) for group in groups])
    if node.formula is None:
        return Leaf(quantity=first.quantity, measure=first.measure, lines=lines, max_age=node.max_age_us)
    return Computed(formula=node.formula, terms=terms, lines=lines, max_age=node.max_age_us)
