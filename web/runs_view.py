"""What the pages of runs are told: the list of them, and everything about one, as its plan allows."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from access.errors import CannotOpen
from config.database import Connection
from dispatch.act_base import RunNow
from dispatch.act_ending import may_sign, signatures, signed_by
from dispatch.acts import notes
from dispatch.condition_words import condition_in_words
from dispatch.conditions import is_measured
from dispatch.judging import conditions_of, unjudged
from web.errors import RunUnknownError
from web.runs_lanes import QUERIES, heads, is_wall, lanes_of, people_named, persons, rows
from web.runs_map import ground_of
from web.runs_told import (
    Act,
    ConditionTold,
    Lane,
    RunAlert,
    RunHead,
    RunList,
    RunWhole,
    Signature,
    Transition,
)
from web.state import Clock, read_clock
from web.viewing import View

OPEN, OVER = ("proposed", "open"), ("declined", "terminated", "reviewed")
LANES_AT_MOST, CLOSED_AT_MOST = 60, 30
_ROUNDS = 3  # of a task that repeats; the report has all
_OF_THE_PLAN = ("command", "levels", "routes", "shelters", "resources", "notify", "review", "threatened")


@dataclass(frozen=True, kw_only=True)
class AskedRuns:
    """Which of those that are over."""

    plan: str | None = None
    state: str | None = None
    division: int | None = None
    drill: bool | None = None
    before: int | None = None


def read_list(view: View, asked: AskedRuns) -> RunList:
    """What is under way, and what is over as it was asked for."""
    with view.connection() as connection:
        clock = read_clock(connection)
        filters = {"division": asked.division, "plan": asked.plan, "drill": asked.drill}
        there = heads(connection, view, clock, states=list(OPEN), most=LANES_AT_MOST, **filters)
        states = [asked.state] if asked.state in OVER else list(OVER)
        over = heads(connection, view, clock, states=states, before=asked.before, most=CLOSED_AT_MOST + 1, **filters)
        lanes = lanes_of(connection, view, there, clock.now)
    return RunList(
        now=clock.now,
        injected=clock.injected,
        lanes=lanes,
        closed=over[:CLOSED_AT_MOST],
        more=len(over) > CLOSED_AT_MOST,
        people=people_named(view, persons(lanes)),
    )


def read_whole(view: View, run_id: int) -> RunWhole:
    """Everything about one; raises RunUnknownError for one that is not there, or not to be shown."""
    with view.connection() as connection:
        clock = read_clock(connection)
        found = heads(connection, view, clock, id=run_id, most=1)
        if not found:
            raise RunUnknownError
        lane = lanes_of(connection, view, found, clock.now, rounds=_ROUNDS)[0]
        plan = _one(connection, "plan_of_run", run_id)[0] or {}
        acts = rows(connection, Act, "acts", runs=[run_id])
        shown = plan.get("privacy", {}).get("map", "point")
        alerts = [_placed(one, shown) for one in rows(connection, RunAlert, "alerts", run=run_id)]
        transitions = rows(connection, Transition, "transitions", run=run_id)
        ground = None if shown == "none" else ground_of(connection, run_id, clock.now)
        conditions = _conditions(connection, run_id, plan)
    return _whole(view, lane, plan, acts, clock, alerts=alerts, transitions=transitions, ground=ground,
                  conditions=conditions, shown=shown)  # fmt: skip


def _whole(
    view: View,
    lane: Lane,
    plan: dict[str, Any],
    acts: list[Act],
    clock: Clock,
    *,
    alerts: list[RunAlert],
    transitions: list[Transition],
    ground: dict[str, Any] | None,
    conditions: list[ConditionTold],
    shown: str,
) -> RunWhole:
    named = persons([lane]) | {UUID(one.detail["person"]) for one in acts if "person" in one.detail}
    with view.acting() as connection:
        signed = signatures(connection, lane.run.id)
        untold = unjudged(connection, lane.run.id, clock.now) if lane.may.command else set()
        signs = lane.may.command and may_sign(
            connection, _as_acted_on(lane.run, plan), view.viewer.account_id, clock.now
        )
    actors = (
        {one.actor for one in acts}
        | {one.actor for one in transitions}
        | {one.met_by for one in conditions}
        | set(signed)
    )
    actors |= {lane.run.started_by} | {one.actor for one in lane.answers}
    return RunWhole(
        now=clock.now,
        injected=clock.injected,
        lane=replace(lane, may=replace(lane.may, sign=signs)),
        acts=[replace(one, reason="") for one in acts] if is_wall(view) else acts,
        transitions=transitions,
        alerts=alerts,
        conditions=[replace(one, untold=(one.purpose, one.number) in untold) for one in conditions],
        ends_when="any" if plan.get("terminate", {}).get("any") else "all",
        signed_by=str(plan.get("command", {}).get(signed_by(plan), "")),
        signatures=[Signature(actor=actor, time=time) for actor, time in signed.items()],
        plan={key: plan[key] for key in _OF_THE_PLAN if key in plan},
        map=shown,
        ground=ground,
        notes={} if is_wall(view) else _notes(view, lane.run.id),
        people=people_named(view, named),
        accounts={} if is_wall(view) else _accounts(view, actors),
    )


def _placed(alert: RunAlert, shown: str) -> RunAlert:
    return alert if shown == "point" else replace(alert, lon=None, lat=None)


def _conditions(connection: Connection, run_id: int, plan: dict[str, Any]) -> list[ConditionTold]:
    rows = connection.execute(QUERIES["conditions"], {"run": run_id}).fetchall()
    met = {(purpose, number): (at, by) for purpose, number, at, by in rows}
    told = []
    for purpose, number, condition in conditions_of(plan):
        at, by = met.get((purpose, number), (None, None))
        zh, en = condition_in_words(condition)
        told.append(
            ConditionTold(
                purpose=purpose,
                number=number,
                zh=zh,
                en=en,
                measured=is_measured(condition),
                untold=False,
                met_at=at,
                met_by=by,
            )
        )
    return told


def _accounts(view: View, ids: Iterable[UUID | None]) -> dict[str, str]:
    wanted = [one for one in set(ids) if one is not None]
    with view.acting() as connection:
        rows = connection.execute(QUERIES["account_names"], {"ids": wanted}).fetchall()
    return {str(number): name for number, name in rows}


def _notes(view: View, run_id: int) -> dict[str, str]:
    if view.parts.vault is None:
        return {}
    with view.acting() as connection:
        try:
            return notes(connection, view.parts.vault, run_id)
        except CannotOpen:
            return {}


def _as_acted_on(run: RunHead, plan: dict[str, Any]) -> RunNow:
    return RunNow(
        id=run.id,
        plan_id=run.plan_id,
        name=run.name,
        township_id=run.township_id,
        level=run.level,
        state=run.state,
        exercise=run.exercise,
        drill=run.drill,
        started_at=run.started_at,
        plan=plan,
    )


def _one(connection: Connection, query: str, run_id: int) -> tuple[Any, ...]:
    row = connection.execute(QUERIES[query], {"run": run_id}).fetchone()
    if row is None:
        raise RunUnknownError
    return row
