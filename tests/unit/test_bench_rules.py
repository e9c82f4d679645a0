"""The city of `shijing bench rules` has sensors for every rule, and its peer has our thresholds."""

from typing import Any

import numpy as np

from alerts.rules import AnyRule, ConditionRule, CountRule, SilenceRule, WarningRule, load_rules
from benchmarks.rules_mix import KINDS, SENSORS, city_mix
from benchmarks.rules_promql import alerting_rules
from config.settings import CONFIG

RULES = load_rules(CONFIG / "rules")
MIX = city_mix(1_600_000_000_000_000)


def quantities(rule: AnyRule) -> set[str]:
    """What it looks at; nothing where it looks at silence, at other rules or at official warnings."""
    if isinstance(rule, ConditionRule):
        return rule.looked_at()
    return set() if isinstance(rule, SilenceRule | CountRule | WarningRule) else {rule.quantity}


def alerts(rule_id: str) -> dict[str, dict[str, Any]]:
    """What the peer has for one rule, by level."""
    groups = alerting_rules(RULES, 1)[0]["groups"]
    found = [one for group in groups for one in group["rules"] if one["alert"] == rule_id]
    return {one["labels"]["level"]: one for one in found}


def test_every_rule_that_looks_at_readings_has_sensors() -> None:
    assert len(RULES) >= 28
    measured = {kind.quantity for kind in KINDS if kind.sensors}
    assert [rule.id for rule in RULES if not quantities(rule) <= measured] == []


def test_quiet_readings_are_possible_and_sensors_cross_at_most_once_at_a_time() -> None:
    every = np.arange(SENSORS)
    values = MIX.values(every, np.full(SENSORS, MIX.since_us), np.ones(SENSORS))
    assert np.isfinite(values).all()
    alarms = MIX.alarms(200)
    assert len(set(alarms)) == 200
    assert not set(alarms) & set(MIX.restless().tolist())
    assert np.isfinite(MIX.crossing[alarms]).all()


def test_the_peer_compares_with_the_same_numbers() -> None:
    assert alerts("combustible-gas")["orange"]["expr"] == "shijing_combustible_gas >= 25"
    assert alerts("oxygen-low")["orange"]["expr"] == "shijing_oxygen < 19.5"
    assert alerts("manhole-tilt")["orange"]["for"] == "1800s"
    assert alerts("smoke")["red"]["expr"] == "shijing_smoke >= 1"
    assert alerts("tilt-change")["red"]["expr"] == "abs((shijing_tilt - shijing_tilt offset 86400s)) >= 1"
    assert alerts("river-stage")["blue"]["expr"] == "(shijing_stage - on (sensor) shijing_stage_warning) >= -0.5"
    assert alerts("water-depth-area")["orange"]["expr"] == "count by (township) (shijing_water_depth >= 10) >= 3"


def test_what_the_peer_cannot_say_is_named() -> None:
    told, left_out = alerting_rules(RULES, 1)
    said = {one["alert"] for group in told["groups"] for one in group["rules"]}
    assert said | set(left_out) == {rule.id for rule in RULES}
    assert not said & set(left_out)
