"""The parts of a rule set laid down as columns: pairs of plain thresholds, of conditions, of silence, of counts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from alerts import subjects
from alerts.columns import Floats, Rows, Times
from alerts.compiled_conditions import Conditions, Group
from alerts.compiled_places import Pairs, Touches, counted, silent
from alerts.conditions import Lines, WarningInForce
from alerts.latches import Terms
from alerts.levels import GRADES, Grade
from alerts.pairs import Counted, Index, Judged, Refused, RuleSet, Silent, Simple, Streams
from alerts.rule_values import micros
from alerts.rules import AnyRule, ConditionRule, CountRule, EventRule, Rule, SilenceRule, StepRule, StuckRule
from alerts.sensor_subjects import Subject


@dataclass(frozen=True, kw_only=True, eq=False)
class Plain:
    """A plain threshold over n sensors."""

    number: int
    rule: Rule | EventRule
    sensors: Sequence[Subject]
    sign: int
    lines: dict[Grade, Lines]


@dataclass(frozen=True, kw_only=True, eq=False)
class Conditioned:
    """Conditions over n subjects."""

    number: int
    rule: Rule | ConditionRule | StuckRule
    groups: Sequence[Group]
    conditions: Conditions


@dataclass(frozen=True, kw_only=True, eq=False)
class Stepped:
    """The largest step of some sensors."""

    rule: StepRule
    sensors: Sequence[Subject]


@dataclass(kw_only=True, eq=False)
class Parts:
    """What a rule set is made of."""

    sensors: Sequence[Subject]
    touches: Touches
    warnings: Sequence[WarningInForce]
    plain: list[Plain] = field(default_factory=list)
    conditioned: list[Conditioned] = field(default_factory=list)
    steps: list[Stepped] = field(default_factory=list)

    @property
    def size(self) -> int:
        """One more than the largest sensor id."""
        return max((one.sensor_id for one in self.sensors), default=-1) + 1


@dataclass(frozen=True, kw_only=True, eq=False)
class _Columns:
    """What all pairs have; n rows."""

    rule: Rows
    subject: Rows
    raise_after: Rows
    hold: Times
    clear_for: Times
    lateness: Times

    def take(self, rows: Rows) -> "_Columns":
        return _Columns(**{name: column[rows] for name, column in vars(self).items()})


def _joined(parts: Iterable[_Columns]) -> _Columns:
    none = _columns(0, [], None)
    all_ = [none, *parts]
    return _Columns(**{name: np.concatenate([getattr(part, name) for part in all_]) for name in vars(none)})


def _columns(number: int, subject: Sequence[int] | Rows, rule: AnyRule | None) -> _Columns:
    """The pairs of one rule. What is counted changes at an instant: samples in a row mean nothing there."""
    n = len(subject)
    raise_after = 1 if isinstance(rule, CountRule) else getattr(rule, "raise_after", 1)
    spans = (getattr(rule, name, 0.0) for name in ("hold_s", "clear_for_s", "lateness_s"))
    hold, clear_for, lateness = (np.full(n, micros(span or 0.0)) for span in spans)
    return _Columns(
        rule=np.full(n, number),
        subject=np.array(subject, np.int64),
        raise_after=np.full(n, raise_after),
        hold=hold,
        clear_for=clear_for,
        lateness=lateness,
    )


def laid_down(rules: tuple[AnyRule, ...], refused: tuple[Refused, ...], parts: Parts) -> RuleSet:
    """The rule set of these parts."""
    simple, columns = _simple(parts)
    judged, streams, more = _judged(parts, len(columns.rule))
    columns = _joined([columns, more])
    quiet, more = _silent(rules, parts, len(columns.rule))
    columns = _joined([columns, more])
    counts, more = _counted(rules, parts, columns)
    columns = _joined([columns, more])
    most, least = _lateness(parts, simple, judged, columns)
    return RuleSet(
        rules=rules,
        refused=refused,
        rule=columns.rule.astype(np.int32),
        subject=columns.subject,
        terms=Terms(raise_after=columns.raise_after.astype(np.int32), hold=columns.hold, clear_for=columns.clear_for),
        lateness=columns.lateness,
        keep=_keep(columns.lateness, counts),
        simple=simple,
        streams=streams,
        judged=judged,
        counted=counts,
        silent=quiet,
        reach=_reach(parts, most),
        most_lateness=most,
        least_lateness=least,
        step=_steps(parts, "limit", np.inf),
        step_within=_steps(parts, "within_s", 0.0) * 1e6,
        warnings=tuple(parts.warnings),
    )


def _simple(parts: Parts) -> tuple[Simple, _Columns]:
    """By sensor, then rule."""
    columns = _joined(_columns(part.number, [one.sensor_id for one in part.sensors], part.rule) for part in parts.plain)
    order = np.lexsort((columns.rule, columns.subject))
    columns = columns.take(order)
    none = np.zeros((0, len(GRADES)))
    simple = Simple(
        first=np.searchsorted(columns.subject, np.arange(parts.size + 1)),
        sensor=columns.subject.astype(np.int32),
        sign=np.concatenate([[], *(np.full(len(part.sensors), float(part.sign)) for part in parts.plain)])[order],
        threshold=np.concatenate([none, *(_four(part, "met") for part in parts.plain)])[order],
        clear=np.concatenate([none, *(_four(part, "clear") for part in parts.plain)])[order],
    )
    return simple, columns


def _four(part: Plain, line: str) -> Floats:
    """[n, 4] the lines of a plain threshold; inf where it has no such level."""
    found = np.full((len(part.sensors), len(GRADES)), np.inf)
    for grade, lines in part.lines.items():
        found[:, GRADES.index(grade)] = getattr(lines, line)
    return found


def _judged(parts: Parts, base: int) -> tuple[list[Judged], Streams, _Columns]:
    found, columns, at = [], [], base
    for part in parts.conditioned:
        conditions = part.conditions
        found.append(
            Judged(
                rule=part.number, base=at, subjects=conditions.subjects, levels=conditions.levels, told=conditions.told
            )
        )
        columns.append(_columns(part.number, [group.subject for group in part.groups], part.rule))
        at += len(part.groups)
    return found, _streams(parts, base, at), _joined(columns)


def _streams(parts: Parts, base: int, end: int) -> Streams:
    groups = [group for part in parts.conditioned for group in part.groups]
    sensors = [sorted(one.sensor_id for one in group.sensors.values()) for group in groups]
    pair = np.repeat(np.arange(end - base), [len(its) for its in sensors]).astype(np.int64)
    sensor = np.array([one for its in sensors for one in its], np.int64)
    return Streams(
        base=base,
        pairs=Index.made(sensor, pair + base, parts.size),
        members=Index.made(pair, sensor, end - base),
        only=np.array([its[0] if len(its) == 1 else -1 for its in sensors], np.int64),
    )


def _silent(rules: Sequence[AnyRule], parts: Parts, base: int) -> tuple[list[Silent], _Columns]:
    found, columns = [], []
    for number, rule in enumerate(rules):
        if isinstance(rule, SilenceRule):
            made, names = silent(rule, number, base, parts.sensors)
            found.append(made)
            columns.append(_columns(number, names, rule))
            base += len(names)
    return [one for one in found if len(one.members)], _joined(columns)


def _counted(rules: Sequence[AnyRule], parts: Parts, columns: _Columns) -> tuple[list[Counted], _Columns]:
    """Those that count other counts come after these."""
    found, added = [], _joined([])
    ids = {rule.id: number for number, rule in enumerate(rules)}
    where = _where(parts.sensors)
    for number, rule in _in_turn(rules):
        all_ = _joined([columns, added])
        pair = np.flatnonzero(all_.rule == ids[rule.of])
        subject = all_.subject[pair]
        pairs = Pairs(pair=pair, subject=subject, where=[where.get(one) for one in subject.tolist()])
        made, names = counted(rule, number, len(all_.rule), pairs, parts.touches)
        added = _joined([added, _columns(number, names, rule)])
        if len(names):
            found.append(made)
    return found, added


def _in_turn(rules: Sequence[AnyRule]) -> Iterable[tuple[int, CountRule]]:
    """The counts, each after the one that it counts; one that counts nothing here is left out."""
    waiting = [(number, rule) for number, rule in enumerate(rules) if isinstance(rule, CountRule)]
    known = {rule.id for rule in rules if not isinstance(rule, CountRule)}
    while ready := [(number, rule) for number, rule in waiting if rule.of in known]:
        yield from ready
        known |= {rule.id for _, rule in ready}
        waiting = [(number, rule) for number, rule in waiting if rule.id not in known]


def _where(sensors: Sequence[Subject]) -> dict[int, Subject]:
    """Where a subject lies: a device, a gateway and a division where the first of their sensors does."""
    found: dict[int, Subject] = {}
    for one in sensors:
        found[one.sensor_id] = one
        if one.device_id is not None:
            found.setdefault(subjects.of("device", one.device_id), one)
        if one.gateway_id is not None:
            found.setdefault(subjects.of("gateway", one.gateway_id), one)
        if one.grid_id is not None:
            found.setdefault(subjects.of("division", one.grid_id), one)
        if one.township_id is not None and (township := subjects.of("division", one.township_id)) not in found:
            found[township] = replace(one, grid_id=None, lon=None, lat=None)
    return found


def _keep(lateness: Times, counts: Sequence[Counted]) -> Times:
    keep = lateness.copy()
    for count in counts:
        member = count.members.found
        keep[member] = np.maximum(keep[member], lateness[count.base])
    return keep


def _lateness(parts: Parts, simple: Simple, judged: Sequence[Judged], columns: _Columns) -> tuple[Times, Times]:
    """[by sensor] the largest and the least of the rules that judge it; nought without one."""
    most, least = np.zeros(parts.size, np.int64), np.full(parts.size, np.iinfo(np.int64).max)
    pairs = [(simple.sensor.astype(np.int64), np.arange(len(simple.sensor)))]
    for one in judged:
        n = len(one.subjects.divisions)
        pairs += [(member, one.base + np.arange(n)) for member in one.subjects.members.values()]
    for sensor, pair in pairs:
        some = sensor >= 0
        np.maximum.at(most, sensor[some], columns.lateness[pair[some]])
        np.minimum.at(least, sensor[some], columns.lateness[pair[some]])
    return most, np.minimum(least, most)


def _reach(parts: Parts, lateness: Times) -> Times:
    """[by sensor] how far back readings are kept; -1: not at all."""
    reach = np.full(parts.size, -1)
    for part in parts.conditioned:
        back = part.conditions.reaches()
        for quantity, member in part.conditions.subjects.members.items():
            some = member[member >= 0]
            reach[some] = np.maximum(reach[some], back[quantity] + lateness[some])
    return reach


def _steps(parts: Parts, name: str, none: float) -> Floats:
    """[by sensor] what the step rule says; of several the first."""
    found = np.full(parts.size, none)
    for part in reversed(parts.steps):
        found[[one.sensor_id for one in part.sensors]] = getattr(part.rule, name)
    return found
