"""A back-test as a report: rules on trial beside the rules in force, by rule, level and division."""

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.backtest import QUERIES, Run, Spell, run_rules
from alerts.backtest_lead import Episode, Lead, Official, episodes_of, events_of, lead_of
from alerts.backtest_places import Places, load_places
from alerts.backtest_sums import AlertSum, LevelSum, alerts_of, hours_of, level_sums, peak_of
from alerts.errors import BacktestRefused
from alerts.instants import aware
from alerts.pairs import RuleSet
from alerts.rule_kinds import WarningRule
from alerts.rule_scope import quantities_of, with_counted
from alerts.rules import AnyRule
from alerts.ruleset import Subject
from alerts.stored_state import load_subjects
from alerts.warnings_cover import clock
from config.database import Connection

ALERTS_AT_MOST = 2000
_SIDES = ("in_force", "proposed")


@dataclass(frozen=True, kw_only=True)
class DivisionSum:
    """One rule in one township."""

    code: str | None  # None: not located
    name: str
    alerts: int
    hours: float
    peak: str
    levels: dict[str, LevelSum]


@dataclass(frozen=True, kw_only=True)
class RuleSide:
    """One rule by one set of rules."""

    judges: int  # subjects
    refuses: int  # sensors that it must not judge
    alerts: int
    hours: float
    levels: dict[str, LevelSum]
    divisions: tuple[DivisionSum, ...]  # those with most alerts first
    lead: Lead | None  # None: no official event type is about it


@dataclass(frozen=True, kw_only=True)
class RuleReport:
    """One rule on both sides; None: it is not in that set."""

    rule_id: str
    label: dict[str, str]  # zh, en
    family: str
    follows_warnings: bool  # of kind warning: its alerts are the warnings themselves, and are not tried here
    in_force: RuleSide | None
    proposed: RuleSide | None

    @property
    def tells(self) -> bool:
        """Whether anything was raised, or warned of where the rule judges."""
        sides = [side for side in (self.in_force, self.proposed) if side is not None]
        return any(side.alerts or (side.lead is not None and side.lead.episodes) for side in sides)


@dataclass(frozen=True, kw_only=True)
class AlertRow:
    """One alert that would have been."""

    side: str  # in_force, proposed, both: the very same on both
    rule_id: str
    subject: str
    division: str
    begin: datetime
    end: datetime
    peak: str


@dataclass(frozen=True, kw_only=True)
class Backtest:
    """The whole report."""

    begin: datetime
    end: datetime
    read_since: datetime  # the warm-up begins there
    divisions: tuple[str, ...]  # codes; none: all
    exercise: bool  # the readings are those of an exercise
    readings: int
    sensors: int
    slices: int
    took_s: float
    alerts: dict[str, int]  # by side
    hours: dict[str, float]
    rules: tuple[RuleReport, ...]
    rows: tuple[AlertRow, ...]  # by begin; what differs first where there are too many
    rows_left_out: int


def backtest(
    connection: Connection,
    in_force: Sequence[AnyRule],
    proposed: Sequence[AnyRule],
    *,
    rule_ids: Collection[str],
    begin: datetime,
    end: datetime,
    codes: Collection[str] = (),
    exercise: bool = False,
) -> Backtest:
    """Both sets over the stored readings of the divisions with these codes, from `begin` up to `end` or now.

    Told of are the rules of `rule_ids`. Raises BacktestRefused for a span or a division that there is not.
    """
    started = time.monotonic()
    end = min(end, clock(connection))
    if begin >= end:
        raise BacktestRefused(f"nothing lies between {begin.isoformat()} and {end.isoformat()}: give an earlier --from")
    sides = [with_counted(rules, rule_ids) for rules in (in_force, proposed)]
    subjects = _subjects(connection, codes, quantities_of([rule for rules in sides for rule in rules]))
    run = run_rules(connection, sides, subjects, begin, end)
    places = load_places(connection, subjects)
    told = [[spell for spell in spells if spell.rule_id in rule_ids] for spells in run.spells]
    rows = _rows(told, places)
    rules = {rule.id: rule for side in sides for rule in side if rule.id in rule_ids}
    return Backtest(
        begin=begin,
        end=end,
        read_since=aware(run.since),
        divisions=tuple(sorted(codes)),
        exercise=exercise,
        readings=run.readings,
        sensors=run.sensors,
        slices=run.slices,
        took_s=round(time.monotonic() - started, 3),
        alerts={side: len(alerts_of(spells)) for side, spells in zip(_SIDES, told, strict=True)},
        hours={side: hours_of(spells) for side, spells in zip(_SIDES, told, strict=True)},
        rules=tuple(_rules(rules, run, told, places, _episodes(connection, rules.values(), begin, end))),
        rows=tuple(_chosen(rows)),
        rows_left_out=max(0, len(rows) - ALERTS_AT_MOST),
    )


def _subjects(connection: Connection, codes: Collection[str], quantities: frozenset[str]) -> list[Subject]:
    wanted = set(codes)
    known = {code for (code,) in connection.execute(QUERIES["known_codes"], {"codes": sorted(wanted)})}
    if unknown := wanted - known:
        raise BacktestRefused(f"no division has the code {', '.join(sorted(unknown))}: write 500114 or 500114005")
    inside = [one for one in load_subjects(connection) if not wanted or wanted & one.codes]
    if not inside:
        where = f" in {', '.join(sorted(wanted))} by the boundaries of today" if wanted else ""
        raise BacktestRefused(f"there is no sensor{where}: shijing sensor show NAME tells where one is")
    return [one for one in inside if not quantities or one.quantity in quantities]


def _rules(
    rules: Mapping[str, AnyRule],
    run: Run,
    told: Sequence[Sequence[Spell]],
    places: Places,
    episodes: Sequence[Episode],
) -> Iterable[RuleReport]:
    spells = [_by_rule(side) for side in told]
    for rule_id, rule in rules.items():
        both = [
            _side(rule, ruleset, by_rule.get(rule_id, []), places, episodes)
            if any(one.id == rule_id for one in ruleset.rules)
            else None
            for ruleset, by_rule in zip(run.rulesets, spells, strict=True)
        ]
        yield RuleReport(
            rule_id=rule_id,
            label={"zh": rule.label.zh, "en": rule.label.en},
            family=rule.family,
            follows_warnings=isinstance(rule, WarningRule),
            in_force=both[0],
            proposed=both[1],
        )


def _by_rule(found: Iterable[Spell]) -> dict[str, list[Spell]]:
    by_rule: dict[str, list[Spell]] = defaultdict(list)
    for spell in found:
        by_rule[spell.rule_id].append(spell)
    return by_rule


def _episodes(connection: Connection, rules: Iterable[AnyRule], begin: datetime, end: datetime) -> list[Episode]:
    events = sorted({event for rule in rules for event in events_of(rule.id, rule.family)})
    rows = connection.execute(QUERIES["official_warnings"], {"events": events, "begin": begin, "end": end})
    return episodes_of(
        Official(event=event, township=township, level=level, begin=begins, end=ends)
        for event, township, level, begins, ends in rows
    )


def _side(
    rule: AnyRule, ruleset: RuleSet, found: Sequence[Spell], places: Places, episodes: Sequence[Episode]
) -> RuleSide:
    number = next(at for at, one in enumerate(ruleset.rules) if one.id == rule.id)
    judged = ruleset.subject[ruleset.rule == number].tolist()
    events = events_of(rule.id, rule.family)
    alerts = alerts_of(found)
    townships = {places.township_of.get(subject) for subject in judged}
    return RuleSide(
        judges=len(judged),
        refuses=len({one.sensor_id for one in ruleset.refused if one.rule_id == rule.id}),
        alerts=len(alerts),
        hours=hours_of(found),
        levels=level_sums(found),
        divisions=tuple(_divisions(found, places)),
        lead=lead_of(events, episodes, alerts, places, townships) if events else None,
    )


def _divisions(found: Iterable[Spell], places: Places) -> list[DivisionSum]:
    by_township: dict[int | None, list[Spell]] = defaultdict(list)
    for spell in found:
        by_township[places.township_of.get(spell.subject)].append(spell)
    sums = [
        DivisionSum(
            code=places.codes.get(township),
            name=places.division_name(township),
            alerts=len(alerts_of(spells)),
            hours=hours_of(spells),
            peak=peak_of(spells),
            levels=level_sums(spells),
        )
        for township, spells in by_township.items()
    ]
    return sorted(sums, key=lambda one: (-one.alerts, one.code or ""))


def _rows(told: Sequence[Sequence[Spell]], places: Places) -> list[AlertRow]:
    in_force, proposed = (dict.fromkeys(alerts_of(spells)) for spells in told)
    found = [(alert, "both" if alert in proposed else "in_force") for alert in in_force]
    found += [(alert, "proposed") for alert in proposed if alert not in in_force]
    return [_row(alert, side, places) for alert, side in found]


def _row(alert: AlertSum, side: str, places: Places) -> AlertRow:
    return AlertRow(
        side=side,
        rule_id=alert.rule_id,
        subject=places.subject_name(alert.subject),
        division=places.division_name(places.township_of.get(alert.subject)),
        begin=aware(alert.begin),
        end=aware(alert.end),
        peak=alert.peak,
    )


def _chosen(rows: Sequence[AlertRow]) -> list[AlertRow]:
    first = sorted(rows, key=lambda one: (one.side == "both", one.begin))[:ALERTS_AT_MOST]
    return sorted(first, key=lambda one: (one.begin, one.rule_id, one.subject))
