"""Whom each rule judges and refuses, as columns: what `compile_rules` pairs, counted without making the pairs.

The two say the same of every registry (tests/database/test_rule_census.py); this one is for pages, which ask while one
types.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from alerts import subjects
from alerts.columns import Flags, Rows
from alerts.refusals import SensorRule, compared, refusal, units
from alerts.registry_columns import NONE, QUERIES, Registry
from alerts.rule_kinds import ConditionRule, CountRule, EventRule, Rule, SilenceRule, StepRule, StuckRule
from alerts.rule_overrides import Overridden
from alerts.rules import AnyRule
from alerts.sensor_subjects import Subject
from config.database import Connection

_SENSOR = 100  # an override by name comes after those of every code


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged:
    """One rule's subjects (see alerts/subjects.py), and the sensors that it refuses, by reason."""

    subjects: Rows
    refused: dict[str, Rows]


@dataclass(frozen=True, kw_only=True)
class _Read:
    """The registry, and whom overrides name in it."""

    connection: Connection
    registry: Registry

    def enabled(self, rule: Overridden, *, names: bool = True) -> Flags:
        """[n] whether the overrides leave each sensor in; the most particular has the last word."""
        enabled = np.ones(len(self.registry.sensor), bool)
        said = [(number, one) for number, one in enumerate(rule.override) if one.enabled is not None]
        steps: list[tuple[int, int, Flags, bool]] = []
        for number, one in said:
            steps += [(len(code), number, self._inside(code), bool(one.enabled)) for code in one.divisions]
            if names and one.sensors:
                steps.append((_SENSOR, number, self._named(one.sensors), bool(one.enabled)))
        for _, _, whom, says in sorted(steps, key=lambda step: step[:2]):
            enabled[whom] = says
        return enabled

    def _inside(self, code: str) -> Flags:
        rows = self.connection.execute(QUERIES["divisions_of_code"], {"code": code}).fetchall()
        divisions, found = np.array(rows, np.int64).ravel(), np.zeros(len(self.registry.sensor), bool)
        for column in self.registry.lies.values():
            found |= np.isin(column, divisions)
        return found

    def _named(self, names: Sequence[str]) -> Flags:
        rows = self.connection.execute(QUERIES["sensors_of_names"], {"names": list(names)}).fetchall()
        return np.isin(self.registry.sensor, np.array(rows, np.int64).ravel())


def census(connection: Connection, registry: Registry, rules: Sequence[AnyRule]) -> dict[str, Judged]:
    """By rule id; what a count counts has to be among the rules."""
    found: dict[str, Judged] = {}
    read = _Read(connection=connection, registry=registry)
    for rule in _in_turn(rules):
        if isinstance(rule, CountRule):
            found[rule.id] = Judged(subjects=_places(registry, rule, found[rule.of].subjects), refused={})
        elif isinstance(rule, SilenceRule):
            found[rule.id] = Judged(subjects=_silent(read, rule), refused={})
        elif isinstance(rule, Rule | EventRule | ConditionRule | StuckRule | StepRule):
            found[rule.id] = _looked_at(read, rule)
        else:
            found[rule.id] = Judged(subjects=np.zeros(0, np.int64), refused={})
    return found


def _in_turn(rules: Sequence[AnyRule]) -> Iterable[AnyRule]:
    """Counts after what they count."""
    waiting, known = list(rules), set[str]()
    while ready := [rule for rule in waiting if not isinstance(rule, CountRule) or rule.of in known]:
        yield from ready
        known |= {rule.id for rule in ready}
        waiting = [rule for rule in waiting if rule.id not in known]


def _looked_at(read: _Read, rule: SensorRule) -> Judged:
    registry = read.registry
    allowed, refused = np.zeros(len(registry.sensor), bool), dict[str, list[Rows]]()
    for quantity, unit in units(rule).items():
        how = compared(rule, quantity)
        for number, sort in enumerate(registry.sorts):
            if sort.quantity == quantity:
                reason = refusal(unit, how, _one_of(sort.quantity, sort.unit, sort.datum))
                rows = registry.sort == number
                if reason:
                    refused.setdefault(reason, []).append(registry.sensor[rows])
                else:
                    allowed |= rows
    if isinstance(rule, ConditionRule) and len(rule.units) > 1:
        judged = _devices(read, rule, allowed)
    else:
        judged = registry.sensor[allowed & read.enabled(rule)]
    if isinstance(rule, StepRule):  # it marks readings, and has no subjects
        judged = judged[:0]
    return Judged(subjects=judged, refused={reason: np.sort(np.concatenate(all_)) for reason, all_ in refused.items()})


def _one_of(quantity: str, unit: str, datum: str | None) -> Subject:
    return Subject(sensor_id=0, quantity=quantity, unit=unit, datum=datum, levels={}, levels_datum=datum)


def _devices(read: _Read, rule: ConditionRule, allowed: Flags) -> Rows:
    """The devices of these sensors; a device is left out where its first quantity's sensor is.

    An override by name is about a device only where the rule looks at one sensor of it alone.
    """
    registry = read.registry
    order = {quantity: place for place, quantity in enumerate(rule.units)}
    sort_place = np.array([order.get(sort.quantity, len(order)) for sort in registry.sorts], np.int64)
    rows = np.flatnonzero(allowed)
    place = sort_place[registry.sort[rows]] if len(rows) else rows
    rows = rows[np.lexsort((-registry.sensor[rows], place, registry.device[rows]))]
    devices, first, many = np.unique(registry.device[rows], return_index=True, return_counts=True)
    by_code, by_all = read.enabled(rule, names=False)[rows[first]], read.enabled(rule)[rows[first]]
    enabled = np.where(many == 1, by_all, by_code)
    return np.asarray(subjects.of("device", 0) | devices[enabled])


def _silent(read: _Read, rule: SilenceRule) -> Rows:
    registry = read.registry
    wanted = [not rule.quantities or sort.quantity in rule.quantities for sort in registry.sorts]
    some = registry.timed & np.array(wanted, bool)[registry.sort] & read.enabled(rule)
    found = [registry.sensor[some]] if "sensor" in rule.subjects else []
    if "gateway" in rule.subjects:
        gateways = np.unique(registry.gateway[some])
        found.append(subjects.of("gateway", 0) | gateways[gateways != NONE])
    return np.concatenate([np.zeros(0, np.int64), *found])


def _places(registry: Registry, rule: CountRule, counted: Rows) -> Rows:
    """What a count is about: the divisions of what it counts, or each of these that has a place."""
    rows = registry.rows_of(counted)
    counted, rows = counted[rows != NONE], rows[rows != NONE]
    if rule.within == "radius_m":
        return np.asarray(counted[registry.placed[rows]])
    found = np.unique(registry.level("township" if rule.within == "township" else "grid")[rows])
    return np.asarray(subjects.of("division", 0) | found[found != NONE])
