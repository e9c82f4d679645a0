"""Our rules as Prometheus would have them: the same thresholds and `for`, an alerting rule for each level.

Windows are asked for in the cheapest way that Prometheus has: counters and gauges against
themselves at an offset, which reads two samples instead of a window. What it cannot say of
scraped values, or only with more series or whole windows read each second, is left out, named,
and so costs it nothing.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from alerts.rule_kinds import AnyRule, CountRule, EventRule, Rule
from alerts.rule_levels import Threshold
from alerts.rule_measures import Measure

PREFIX = "shijing_"


def alerting_rules(rules: Sequence[AnyRule], interval_s: int) -> tuple[dict[str, Any], list[str]]:
    """A rules file, its groups by quantity (they are evaluated side by side), and the ids of rules left out."""
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    by_id = {rule.id: rule for rule in rules}
    left_out = []
    for rule in rules:
        found = list(_alerts(rule, by_id))
        if found:
            groups[_group(rule)] += found
        else:
            left_out.append(rule.id)
    return {
        "groups": [{"name": name, "interval": f"{interval_s}s", "rules": its} for name, its in groups.items()]
    }, left_out


def _group(rule: AnyRule) -> str:
    return rule.quantity if isinstance(rule, Rule | EventRule) else rule.id


def _alerts(rule: AnyRule, by_id: dict[str, AnyRule]) -> Iterator[dict[str, Any]]:
    for level, expression in _expressions(rule, by_id):
        alert: dict[str, Any] = {"alert": rule.id, "expr": expression, "labels": {"level": level}}
        hold_s = rule.hold_s if isinstance(rule, Rule | EventRule) else 0
        yield alert | ({"for": f"{hold_s:.0f}s"} if hold_s else {})


def _expressions(rule: AnyRule, by_id: dict[str, AnyRule]) -> Iterator[tuple[str, str]]:
    """Level and expression of each that can be said."""
    if isinstance(rule, EventRule):
        yield rule.level, f"{PREFIX}{rule.quantity} >= 1"
    elif isinstance(rule, CountRule):
        yield from _counts(rule, by_id)
    elif isinstance(rule, Rule):
        for level, measure in rule.measures().items():
            figure = _figure(f"{PREFIX}{rule.quantity}", measure)
            if figure:
                yield level, _compared(rule, figure, rule.graded()[level])


def _figure(metric: str, measure: Measure) -> str | None:
    """What is compared; a sum is of a metric that is exposed as a running total."""
    over = f"{measure.over_us // 1_000_000}s"
    if measure.of == "value":
        return metric
    if measure.of == "mean":
        return f"avg_over_time({metric}[{over}])"
    if measure.of not in ("sum", "change", "rate"):
        return None
    figure = f"({metric} - {metric} offset {over})"
    if measure.of == "rate":
        return f"({figure} * {measure.per_us / measure.over_us:g})"
    return f"abs({figure})" if measure.absolute else figure


def _compared(rule: Rule, figure: str, threshold: Threshold) -> str:
    if threshold.is_band:
        return f"({figure} >= {threshold.low:g}) < {threshold.high:g}"
    sign = ("<" if rule.direction == "below" else ">") + ("" if threshold.strict else "=")
    if threshold.from_ is None:
        return f"{figure} {sign} {threshold.value:g}"
    return f"({figure} - on (sensor) {PREFIX}{rule.quantity}_{threshold.from_}) {sign} {threshold.offset:g}"


def _counts(rule: CountRule, by_id: dict[str, AnyRule]) -> Iterator[tuple[str, str]]:
    """Over an area that a label can name, of a rule that compares readings."""
    counted = by_id[rule.of]
    if rule.within not in ("grid", "township") or not isinstance(counted, Rule):
        return
    for level, share in rule.graded().items():
        lowest = counted.graded().get(share.level or rule.level)
        if share.at_least is not None and share.fraction is None and lowest is not None:
            members = _compared(counted, f"{PREFIX}{counted.quantity}", lowest)
            yield level, f"count by ({rule.within}) ({members}) >= {share.at_least}"
