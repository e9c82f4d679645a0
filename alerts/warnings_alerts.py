"""Alerts from official warnings: while one of a rule's event type is in force over a township, an alert has its colour.

The alert is raised through the same writer as every other, in the transaction that stores the warning.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from alerts import subjects
from alerts.books import micros
from alerts.kernel import Transition
from alerts.levels import Level, highest, rank
from alerts.plan_library import plans_in_force
from alerts.plans import Plan
from alerts.record import record
from alerts.rule_kinds import Common, WarningRule
from alerts.rule_sets import rules_in_force
from alerts.warnings_cover import QUERIES, townships_of
from config.database import Connection
from config.exercise import is_exercise

_BACK = timedelta(hours=24)  # what ended longer ago raises nothing any more
_TOWNSHIP_DIGITS = 9
_LATE_US = 900_000_000  # a change found so much later than it was is marked; authorities take minutes to send

Pair = tuple[str, int]  # rule id, subject


@dataclass(frozen=True, kw_only=True)
class Judging:
    """What official warnings are judged by."""

    rules: Sequence[Common]
    plans: Sequence[Plan]
    exercise: bool = False  # this database is an exercise: what is raised is marked, and exercise warnings count

    @property
    def statuses(self) -> list[str]:
        """The warnings that count. An exercise never raises an alert among real ones, a test none at all."""
        return ["actual", "exercise"] if self.exercise else ["actual"]

    def by_event(self) -> dict[str, list[WarningRule]]:
        """The rules by the event type of their official warnings."""
        found = defaultdict(list)
        for rule in self.rules:
            if isinstance(rule, WarningRule):
                found[rule.event].append(rule)
        return found


def judging_of(connection: Connection) -> Judging:
    """The rules in force and the plans of this database, and whether it is an exercise."""
    return Judging(rules=rules_in_force(connection), plans=plans_in_force(connection), exercise=is_exercise(connection))


@dataclass(frozen=True, kw_only=True)
class Span:
    """One warning in force over a township: from `begins` up to and without `ends`, µs."""

    level: Level
    begins: int
    ends: int


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a rule last said of a township."""

    time: int  # µs
    level: Level


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change of level that is due."""

    time: int  # µs
    before: Level
    after: Level


def changes(spans: Sequence[Span], said: Said | None, now: int) -> list[Change]:
    """The changes up to and with `now` (µs) that lead from what was said last to what the spans say.

    The gravest of what is in force at a time counts. What should have been before the last word
    is not told again: the first change is at its time.
    """
    level: Level = said.level if said else "none"
    edges = {edge for span in spans for edge in (span.begins, span.ends)}
    if said:
        edges = {edge for edge in edges if edge > said.time} | {said.time}
    found = []
    for edge in sorted(edge for edge in edges if edge <= now):
        after = highest(*(span.level for span in spans if span.begins <= edge < span.ends))
        if after != level:
            found.append(Change(time=edge, before=level, after=after))
            level = after
    return found


def follow(connection: Connection, now: datetime, judging: Judging) -> int:
    """Bring the alerts of official warnings to what is in force at `now`, in the open transaction.

    How many changes were recorded. The caller holds the lock of warnings. Deterministic: asked again, it
    finds nothing to do. An alert that a person ended is not raised again by the warning that raised it.
    """
    by_event = judging.by_event()
    if not by_event:
        return 0
    asked = {
        "now": now,
        "since": now - _BACK,
        "statuses": judging.statuses,
        "events": list(by_event),
        "rules": [rule.id for rules in by_event.values() for rule in rules],
        "exercise": judging.exercise,
    }
    spans = _spans(connection, by_event, asked)
    said = _said(connection, asked | {"subjects": sorted({subject for _, subject in spans})})
    due = [
        (change.time, *pair, change)
        for pair in spans.keys() | said.keys()
        for change in changes(spans.get(pair, []), said.get(pair), micros(now))
    ]
    transitions = [
        _transition(rule, subject, change) for _, rule, subject, change in sorted(due, key=lambda one: one[:3])
    ]
    limit = micros(now) - _LATE_US
    late = {(one.subject, one.time) for one in transitions if one.time < limit}
    record(connection, transitions, rules=judging.rules, plans=judging.plans, late=late, exercise=judging.exercise)
    return len(transitions)


def expire(
    connection: Connection, now: datetime, judging: Judging | None = None, *, rules_changed: bool = False
) -> int:
    """What the passing of time does: warnings begin to hold and cease to; how many alerts' levels changed.

    To be called about once a second by whoever has a moment (a pipeline at its idle look, `shijing warning
    receive`), outside of a transaction; `now` is the pipeline's clock. Where nothing began or ended since, it
    is one short question, unless `rules_changed`. Several callers do no harm: one of them does it.
    """
    due = connection.execute(QUERIES["is_due"], {"now": now}).fetchone() == (True,)
    if not (due or rules_changed):
        return 0
    with connection.transaction():
        if connection.execute(QUERIES["try_lock_warnings"]).fetchone() != (True,):
            return 0
        changed = follow(connection, now, judging or judging_of(connection))
        connection.execute(QUERIES["note_followed"], {"now": now})
        return changed


def _spans(
    connection: Connection, by_event: Mapping[str, Sequence[WarningRule]], asked: dict[str, Any]
) -> dict[Pair, list[Span]]:
    muted = {rule.id: _muted(connection, rule, asked["now"]) for rules in by_event.values() for rule in rules}
    found = defaultdict(list)
    for event, division, level, begins, ends in connection.execute(QUERIES["intervals"], asked):
        span = Span(level=level, begins=micros(begins), ends=micros(ends))
        for rule in by_event[event]:
            if division not in muted[rule.id]:
                found[rule.id, subjects.of("division", division)].append(span)
    return found


def _muted(connection: Connection, rule: WarningRule, now: datetime) -> set[int]:
    """Townships where an override puts the rule out of force; of two overrides the one with the longer code counts."""
    said = [(code, one.enabled) for one in rule.override for code in one.divisions if one.enabled is not None]
    muted: set[int] = set()
    for code, enabled in sorted(said, key=lambda one: len(one[0])):
        townships = townships_of(connection, {code}, now).get(code, set()) if len(code) <= _TOWNSHIP_DIGITS else set()
        muted = muted - townships if enabled else muted | townships
    return muted


def _said(connection: Connection, asked: dict[str, Any]) -> dict[Pair, Said]:
    rows = connection.execute(QUERIES["last_levels"], asked)
    return {(rule, subject): Said(time=micros(time), level=level) for rule, subject, time, level in rows}


def _transition(rule_id: str, subject: int, change: Change) -> Transition:
    return Transition(
        rule_id=rule_id,
        subject=subject,
        time=change.time,
        from_level=change.before,
        to_level=change.after,
        value=float(rank(change.after)),
        reason="warning",
    )
