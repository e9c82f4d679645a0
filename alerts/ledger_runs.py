"""The account of the plans: every alert that calls for a plan is part of a run of it, with all of the plan's tasks."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import msgspec
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from alerts.ledger_account import QUERIES, Account, Span
from alerts.levels import Grade, Level
from alerts.plan_shelf import PlanShelf, matches
from alerts.plans import OpenAlert, Plan, TriggerKey
from alerts.record_runs import report_triggers, triggers_by_rule
from alerts.rules import AnyRule
from alerts.standing import OPEN
from config.database import Connection


@dataclass(frozen=True, kw_only=True)
class _Alert:
    id: int
    rule_id: str
    kind: str
    title: str
    township_id: int
    level: Level
    peak: Level
    state: str
    exercise: bool
    suppressed_by: int | None
    recorded_at: datetime
    was_held: bool  # suppressed for a while, or corrected: its worst level need not have started anything
    plans: list[str]  # of whose runs it is part


@dataclass(frozen=True, kw_only=True)
class _Run:
    id: int
    plan_id: str
    level: Level
    recorded_at: datetime
    wanted: list[str] | None  # the tasks of its plan
    tasks: list[str]  # that it has of these
    told: Level | None  # by its last transition


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """A plan that an alert calls for."""

    plan: Plan
    since: datetime | None  # that plan, as it is
    alert: _Alert


def runs(connection: Connection, span: Span, rules: Sequence[AnyRule], plans: Sequence[Plan]) -> Account:
    """Alerts that were open within the span, and all that are open now; a plan is not asked for what was before it."""
    parameters = span.parameters()
    since = _since(connection)
    alerts = _rows(connection, "alerts_for_plans", parameters, _Alert)
    asked = {(one.plan.id, one.alert.id): one for one in _asked(alerts, rules, PlanShelf.of(plans))}
    due = [one for one in asked.values() if _known(one.since or since.get(_key(one.plan)), one.alert.recorded_at)]
    held_back = [one for one in due if one.alert.suppressed_by is not None]
    due = [one for one in due if one.alert.suppressed_by is None]
    missing = [one for one in due if one.plan.id not in one.alert.plans]
    faults = [f"alert {one.alert.id} calls for plan {one.plan.id} and is part of no run of it" for one in missing]
    started = _rows(connection, "runs", parameters, _Run)
    for run in started:
        faults += _of_run(run)
    notes = [f"alert {one.alert.id} calls for plan {one.plan.id} and is suppressed" for one in held_back]
    return Account(
        name="runs", expected=len(due), found=len(due) - len(missing), faults=tuple(faults), notes=tuple(notes)
    )


def _of_run(run: _Run) -> Iterator[str]:
    """What is wrong with a run: its level, and its tasks, which are those of its plan as it was at the start."""
    if run.told is None:
        yield f"run {run.id} has no transition"
    elif run.told != run.level:
        yield f"run {run.id} is {run.level}, its transitions say {run.told}"
    if run.wanted is None:
        return  # begun before runs kept their plan
    wanted, there = set(run.wanted), set(run.tasks)
    if gone := sorted(wanted - there):
        yield f"run {run.id} of plan {run.plan_id} lacks the tasks {', '.join(gone)}"
    if strange := sorted(there - wanted):
        yield f"run {run.id} has tasks that plan {run.plan_id} does not have: {', '.join(strange)}"


def _asked(alerts: Iterable[_Alert], rules: Sequence[AnyRule], plans: PlanShelf) -> Iterator[_Asked]:
    """What each alert calls for by itself at its worst, and those open in a township together."""
    known = triggers_by_rule(rules)
    together: dict[bool, list[OpenAlert]] = {False: [], True: []}
    rows = {}
    for alert in alerts:
        triggers = report_triggers(alert.title) if alert.kind == "manual" else known.get(alert.rule_id)
        if triggers is None:
            continue
        rows[alert.id] = alert
        if not alert.was_held:
            worst = _as_plans_see(alert, triggers, alert.peak)
            yield from (_Asked(plan=match.plan, since=match.since, alert=alert) for match in matches(plans, [worst]))
        # What is suppressed calls for nothing, not even together with others.
        if alert.state in OPEN and alert.suppressed_by is None and alert.level != "none":
            together[alert.exercise].append(_as_plans_see(alert, triggers, alert.level))
    for here in together.values():
        for match in matches(plans, here):
            for alert_id in match.alert_ids:
                yield _Asked(plan=match.plan, since=match.since, alert=rows[alert_id])


def _as_plans_see(alert: _Alert, triggers: tuple[TriggerKey, ...], level: Level) -> OpenAlert:
    grade = cast(Grade, level)  # an alert that is open has one
    return OpenAlert(alert_id=alert.id, triggers=triggers, level=grade, township_id=alert.township_id)


def know_plans(connection: Connection, plans: Sequence[Plan]) -> None:
    """Remember since when these plans are in force; those of a database that knows none yet always were."""
    row = connection.execute(QUERIES["any_plan_known"]).fetchone()
    always = row is not None and not row[0]
    rows = [{"plan_id": plan_id, "fingerprint": mark} for plan_id, mark in {_key(plan) for plan in plans}]
    connection.execute(QUERIES["know_plans"], {"rows": Jsonb(rows), "always": always})


def _since(connection: Connection) -> dict[tuple[str, str], datetime | None]:
    """Since when the plans of files are in force as they are; absent: nobody wrote it down, so always."""
    return {(plan_id, mark): since for plan_id, mark, since in connection.execute(QUERIES["plans_known"])}


def _known(begun: datetime | None, at: datetime) -> bool:
    return begun is None or at >= begun


def _key(plan: Plan) -> tuple[str, str]:
    """Its id, and a mark of what decides whether it runs and with which tasks."""
    told = msgspec.json.encode([plan.trigger, plan.tasks], order="deterministic")
    return plan.id, hashlib.sha256(told).hexdigest()


def _rows(connection: Connection, query: str, parameters: dict[str, str], kind: Any) -> list[Any]:
    with connection.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(QUERIES[query], parameters).fetchall()
