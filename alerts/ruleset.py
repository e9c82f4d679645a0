"""Rules and sensors become a rule set: who is judged by which rule, against which lines.

What must not be compared (another unit, another height system) is in `refused`, for a person to see.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from alerts.compiled_conditions import Conditions, Group, device_groups, graded, sensor_groups, stuck, trees
from alerts.compiled_lines import Back, fixed_line, threshold_lines
from alerts.compiled_places import Touches
from alerts.conditions import Lines, WarningInForce
from alerts.levels import Grade
from alerts.pair_columns import Conditioned, Parts, Plain, Stepped, laid_down
from alerts.pairs import Refused, RuleSet
from alerts.refusals import SensorRule, compared, refusal, units
from alerts.rule_measures import Measure
from alerts.rule_overrides import Overridden, applied, fitting
from alerts.rules import AnyRule, ConditionRule, EventRule, Rule, StepRule, StuckRule
from alerts.sensor_subjects import Subject

__all__ = ["Refused", "RuleSet", "Subject", "compile_rules"]

RuleT = TypeVar("RuleT", bound=Overridden)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Sensors:
    """All sensors, and by what they read."""

    every: Sequence[Subject]
    by_quantity: Mapping[str, Sequence[Subject]]
    refused: list[Refused] = field(default_factory=list)

    def allowed(self, rule: SensorRule) -> list[Subject]:
        """Those that the rule may look at; the others are noted as refused."""
        found = []
        for quantity, unit in units(rule).items():
            how = compared(rule, quantity)
            for one in self.by_quantity.get(quantity, ()):
                reason = refusal(unit, how, one)
                if reason:
                    self.refused.append(Refused(rule_id=rule.id, sensor_id=one.sensor_id, reason=reason))
                else:
                    found.append(one)
        return found


def compile_rules(
    rules: Sequence[AnyRule],
    subjects: Iterable[Subject],
    *,
    touches: Touches | None = None,
    warnings: Sequence[WarningInForce] = (),
) -> RuleSet:
    """Pair every rule with what it judges; what must not be compared is in `refused`.

    `touches`: grid → the grids that touch it, for counts over these. `warnings`: official ones
    in force, for conditions that ask for them.
    """
    every = sorted(subjects, key=lambda one: one.sensor_id)
    by_quantity: dict[str, list[Subject]] = defaultdict(list)
    for one in every:
        by_quantity[one.quantity].append(one)
    sensors = _Sensors(every=every, by_quantity=by_quantity)
    parts = Parts(sensors=every, touches=touches or {}, warnings=warnings)
    for number, rule in enumerate(rules):
        _add(parts, number, rule, sensors)
    return laid_down(tuple(rules), tuple(sensors.refused), parts)


def _add(parts: Parts, number: int, rule: AnyRule, sensors: _Sensors) -> None:
    """The pairs of a rule that looks at its subjects' own readings; counts and silence come last."""
    if isinstance(rule, Rule | EventRule | ConditionRule | StuckRule | StepRule):
        groups = _groups(rule, sensors.allowed(rule))
        for own, its in _alike(rule, groups):
            _add_alike(parts, number, own, its)


def _groups(rule: SensorRule, sensors: Sequence[Subject]) -> list[Group]:
    several = isinstance(rule, ConditionRule) and len(rule.units) > 1
    return device_groups(sensors) if several else sensor_groups(sensors)


def _alike(rule: RuleT, groups: Sequence[Group]) -> list[tuple[RuleT, list[Group]]]:
    """The rule as it is for some subjects, for each of its forms; those that it must not judge are left out."""
    if not rule.override:
        return [(rule, list(groups))]
    found: dict[tuple[int, ...], list[Group]] = defaultdict(list)
    for group in groups:
        name = group.first.name if len(group.sensors) == 1 else None
        found[fitting(rule, name, group.first.codes)].append(group)
    return [(own, its) for numbers, its in found.items() if (own := _overridden(rule, numbers)) is not None]


def _overridden(rule: RuleT, numbers: Sequence[int]) -> RuleT | None:
    enabled = True
    own = rule
    for number in numbers:
        override = rule.override[number]
        enabled = enabled if override.enabled is None else override.enabled
        own = applied(own, override)
    return own if enabled else None


def _add_alike(parts: Parts, number: int, rule: SensorRule, groups: Sequence[Group]) -> None:
    sensors = [group.first for group in groups]
    if isinstance(rule, StepRule):
        parts.steps.append(Stepped(rule=rule, sensors=sensors))
    elif isinstance(rule, EventRule):
        lines = {rule.level: fixed_line(1.0, 1, len(sensors))}
        parts.plain.append(Plain(number=number, rule=rule, sensors=sensors, sign=1, lines=lines))
    elif isinstance(rule, Rule) and _is_plain(rule):
        sign = -1 if rule.direction == "below" else 1
        parts.plain.append(
            Plain(number=number, rule=rule, sensors=sensors, sign=sign, lines=_lines(rule, sign, sensors))
        )
    else:
        conditions = _conditions(rule, groups)
        parts.conditioned.append(Conditioned(number=number, rule=rule, groups=groups, conditions=conditions))


def _is_plain(rule: Rule) -> bool:
    """Whether readings themselves are compared with one line each."""
    bands = any(one.is_band for one in rule.graded().values())
    return not bands and all(measure == Measure() for measure in rule.measures().values())


def _lines(rule: Rule, sign: int, sensors: Sequence[Subject]) -> dict[Grade, Lines]:
    back = Back.among(rule)
    return {grade: threshold_lines(one, sign, back, sensors) for grade, one in rule.graded().items()}


def _conditions(rule: Rule | ConditionRule | StuckRule, groups: Sequence[Group]) -> Conditions:
    if isinstance(rule, Rule):
        return graded(rule, groups)
    return trees(rule, groups) if isinstance(rule, ConditionRule) else stuck(rule, groups)
