"""Checks of rules against what lies outside of their files: quantities, how long readings are kept, other rules."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter

from alerts.levels import rank
from alerts.rule_kinds import AnyRule, ConditionRule, CountRule, SilenceRule, StepRule, WarningRule
from alerts.rule_mend import MEND
from alerts.rule_needs import grades, quantities, reaches, units
from alerts.rule_values import DAY_S
from ingest.errors import Refused
from ingest.quantities import Quantity, load_quantities
from ingest.units import conversion

_WIDTH = {"radius_m": 0, "grid": 1, "touching": 1, "township": 2}  # of the places that counts are about


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What rules may speak of."""

    quantities: Mapping[str, Quantity]
    retention_s: float | None = None  # how long readings are kept; None: for ever


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something wrong with a rule that could be read."""

    steps: tuple[str | int, ...]  # to the key at fault
    reason: str
    mend: str


@lru_cache(maxsize=1)
def shipped_limits() -> Limits:
    """The quantities of config/quantities.toml, kept for ever."""
    return Limits(quantities=load_quantities())


def file_fault(rule: AnyRule, limits: Limits) -> Fault | None:
    """The first fault of one rule by itself."""
    return _quantity_fault(rule, limits) or _unit_fault(rule, limits) or _window_fault(rule, limits)


def set_fault(rules: Mapping[str, AnyRule]) -> tuple[str, Fault] | None:
    """The first fault between rules, and the id of the rule that has it."""
    counts = {name: rule for name, rule in rules.items() if isinstance(rule, CountRule)}
    for name, rule in counts.items():
        if fault := _count_fault(rule, rules):
            return name, fault
    try:
        TopologicalSorter({name: [rule.of] for name, rule in counts.items()}).prepare()
    except CycleError as error:
        circle = error.args[1]
        fault = Fault(steps=("of",), reason=f"`of` goes in a circle: {' → '.join(circle)}", mend=_MEND_CIRCLE)
        return next(name for name in circle if name in counts), fault
    return None


_MEND_CIRCLE = "count a rule that does not count this one"


def _quantity_fault(rule: AnyRule, limits: Limits) -> Fault | None:
    for name in quantities(rule):
        if name not in limits.quantities:
            near = difflib.get_close_matches(name, limits.quantities, n=1)
            mend = f"did you mean {near[0]!r}?" if near else f"write one of {', '.join(limits.quantities)}"
            return Fault(steps=_at(rule, name), reason=f"config/quantities.toml has no quantity {name!r}", mend=mend)
    return None


def _at(rule: AnyRule, quantity: str) -> tuple[str | int, ...]:
    if isinstance(rule, ConditionRule):
        return ("units", quantity)
    return ("quantities",) if isinstance(rule, SilenceRule) else ("quantity",)


def _unit_fault(rule: AnyRule, limits: Limits) -> Fault | None:
    for name, unit in units(rule).items():
        stored = limits.quantities[name].unit
        try:
            if unit != stored:  # of one kind: a sensor may be registered in another unit than the usual one
                conversion(unit, stored)
        except Refused:
            steps = _at(rule, name) if isinstance(rule, ConditionRule) else ("unit",)
            return Fault(steps=steps, reason=f"{name} is not measured in {unit!r}", mend=f"write {stored!r}")
    return None


def _window_fault(rule: AnyRule, limits: Limits) -> Fault | None:
    kept = limits.retention_s
    if kept is None:
        return None
    longest = max(reaches(rule).values(), default=0) / 1e6
    if longest <= kept:
        return None
    reason = f"looks back {longest / DAY_S:g} days, but readings are kept for {kept / DAY_S:g}"
    mend = "shorten the window (a change, a rate and a full window look back three times their length)"
    key = next(
        (key for key in ("measure", "over_h", "within_s", "levels") if getattr(rule, key, None) is not None), "levels"
    )
    return Fault(steps=(key,), reason=reason, mend=mend)


def _count_fault(rule: CountRule, rules: Mapping[str, AnyRule]) -> Fault | None:
    counted = rules.get(rule.of)
    if counted is None:
        near = difflib.get_close_matches(rule.of, rules, n=1)
        mend = f"did you mean {near[0]!r}?" if near else MEND["of"]
        return Fault(steps=("of",), reason=f"there is no rule {rule.of!r} to count", mend=mend)
    if isinstance(counted, (StepRule, WarningRule)):
        return Fault(steps=("of",), reason=f"{rule.of!r} raises no alerts of sensors", mend="count another rule")
    if isinstance(counted, CountRule) and _WIDTH[counted.within] > _WIDTH[rule.within]:
        reason = f"{rule.of!r} is about a whole {counted.within}, which lies in no {rule.within}"
        return Fault(steps=("within",), reason=reason, mend="count within a wider area")
    return _level_fault(rule, counted)


def _level_fault(rule: CountRule, counted: AnyRule) -> Fault | None:
    highest = max(grades(counted), key=rank)
    for share in rule.graded().values():
        if share.level is not None and rank(share.level) > rank(highest):
            reason = f"{rule.of!r} never is {share.level}: its highest level is {highest}"
            return Fault(steps=("level",), reason=reason, mend=f'write level = "{highest}" or a lower one')
    return None
