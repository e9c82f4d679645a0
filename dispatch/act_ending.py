"""How a run ends: conditions that people tick, the signature of whoever the plan names, and the end itself."""

from datetime import datetime
from typing import Any
from uuid import UUID

from alerts.run_tasks import post_id
from config.database import Connection
from dispatch.act_base import QUERIES, Acted, RunNow, acting_on, add_act, check_open, finish, one_row, reason_of
from dispatch.act_tasks import stand_down
from dispatch.condition_facts import facts_of, runs_to_judge
from dispatch.conditions import Purpose, judge
from dispatch.errors import Refused
from dispatch.judging import conditions_of, judge_conditions, met_of
from people.duty import on_duty_for

_REVIEW_DUE_H = 72  # [D] where a run has kept no plan


def tick(connection: Connection, run_id: int, purpose: Purpose, number: int, *, met: bool, actor: UUID) -> Acted:
    """Somebody says that a condition holds, or that it does not any more; what is measured says so itself."""
    with acting_on(connection, run_id) as (run, at):
        check_open(run)
        condition = _condition(run, purpose, number)
        if _verdict(connection, run, condition, at) is not None:
            raise Refused(
                "that condition is measured: the system notes by itself whether it holds",
                "该条件由系统按监测数据自动判断，不能手工勾选。",
            )
        named = {"run": run_id, "purpose": purpose, "number": number, "at": at, "actor": actor, "measured": False}
        query, kind = ("meet_condition", "condition_met") if met else ("unmeet_condition", "condition_unmet")
        if connection.execute(QUERIES[query], named).rowcount != 1:
            raise Refused("that was noted before: nothing is different", "该条件的状态没有变化。")
        detail: dict[str, Any] = {"purpose": purpose, "number": number}
        add_act(connection, run, kind, at, actor=actor, detail=detail)
        return finish(connection, run, kind, at, actor=actor, details=detail)


def _condition(run: RunNow, purpose: Purpose, number: int) -> Any:
    for one, place, condition in conditions_of(run.plan):
        if (one, place) == (purpose, number):
            return condition
    raise Refused(f"the plan of run {run.id} has no such condition", f"预案运行 {run.id} 没有这个条件。")


def _verdict(connection: Connection, run: RunNow, condition: Any, at: datetime) -> bool | None:
    """By what is stored; None where nothing tells, and so a person does."""
    if isinstance(condition, str):
        return None
    found = runs_to_judge(connection, [run.id])
    return judge(condition, facts_of(connection, found, at)[run.id])


def sign(connection: Connection, run_id: int, *, actor: UUID) -> Acted:
    """Whoever the plan names signs that it may end."""
    with acting_on(connection, run_id) as (run, at):
        check_open(run)
        _check_signs(connection, run, actor, at)
        if actor in signatures(connection, run.id):
            raise Refused("you have signed already", "您已签字。")
        detail = {"place": signed_by(run.plan)}
        add_act(connection, run, "signed", at, actor=actor, detail=detail)
        return finish(connection, run, "signed", at, actor=actor)


def signed_by(plan: dict[str, Any] | None) -> str:
    """The place in the command that ends it."""
    return str((plan or {}).get("terminate", {}).get("by", "commander"))


def signatures(connection: Connection, run_id: int) -> dict[UUID, datetime]:
    """Who has signed, and when; a rise makes them void."""
    return dict(connection.execute(QUERIES["signed"], {"run": run_id}).fetchall())


def _check_signs(connection: Connection, run: RunNow, actor: UUID, at: datetime) -> None:
    if not may_sign(connection, run, actor, at):
        post = (run.plan or {}).get("command", {}).get(signed_by(run.plan), "")
        raise Refused(
            f"this run is ended by its {signed_by(run.plan)} ({post}): they sign, or a commander of the township",
            f"本预案由“{post or '指挥长'}”签字终止：请其本人或本镇街指挥长签字。",
        )


def may_sign(connection: Connection, run: RunNow, actor: UUID, at: datetime) -> bool:
    """A commander of the township may, and whoever is on duty for the post that the plan names."""
    named = {"account": actor, "township": run.township_id, "run": run.id}
    if connection.execute(QUERIES["commands_there"], named).fetchone() == (True,):
        return True
    person = connection.execute(QUERIES["person_of_account"], named).fetchone()
    post = post_id(str((run.plan or {}).get("command", {}).get(signed_by(run.plan), "")))
    if person is None or post is None:
        return False
    places = [run.township_id, *(row[0] for row in connection.execute(QUERIES["grids_of_run"], named))]
    there = on_duty_for(connection, [(place, post) for place in places], at)
    return any(one.person_id == person[0] for answer in there for one in answer)


def missing(connection: Connection, run: RunNow) -> list[str]:
    """What the end still lacks: `condition:0` by number, and `signature`."""
    met = met_of(connection, [run.id]).get(run.id, {})
    wanted = [number for purpose, number, _ in conditions_of(run.plan) if purpose == "terminate"]
    lacking = [f"condition:{number}" for number in wanted if ("terminate", number) not in met]
    if (run.plan or {}).get("terminate", {}).get("any") and len(lacking) < len(wanted):
        lacking = []
    return lacking + ([] if signatures(connection, run.id) else ["signature"])


def terminate(
    connection: Connection, run_id: int, *, actor: UUID | None, reason: str = "", override: bool = False
) -> Acted:
    """End it where its conditions hold and it is signed; `override` ends it all the same, for a reason on record."""
    why = reason_of(reason) if override else reason.strip()
    with connection.transaction():
        with acting_on(connection, run_id) as (run, at):
            check_open(run)
        judge_conditions(connection, [run_id], at)
        with acting_on(connection, run_id) as (run, at):
            return _end(connection, run, at, actor=actor, reason=why, override=override)


def _end(
    connection: Connection, run: RunNow, at: datetime, *, actor: UUID | None, reason: str, override: bool
) -> Acted:
    lacking = missing(connection, run)
    if lacking and not override:
        raise Refused(
            f"{len(lacking)} of what the plan asks for before its end is missing: see the conditions and the signature",
            f"终止条件尚缺 {len(lacking)} 项（条件或签字），请逐项核对；确需提前终止的，请说明理由。",
        )
    due = int((run.plan or {}).get("review", {}).get("due_h", _REVIEW_DUE_H))
    one_row(connection, "terminate_run", run, "open", at=at, due_h=due)
    theirs = stand_down(connection, run, at, actor=actor)
    moved = {"run": run.id, "at": at, "from": run.level, "to": run.level, "reason": "terminated", "actor": actor}
    connection.execute(QUERIES["add_transition"], moved)
    detail = {"override": bool(lacking), "missing": lacking}
    add_act(connection, run, "terminated", at, actor=actor, reason=reason, detail=detail)
    return finish(
        connection, run, "terminated", at, actor=actor, state="terminated", assignments=theirs, details=detail
    )
