"""A run that somebody starts by hand: real, or a drill, which is the same run with the mark of an exercise."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from alerts.books import micros
from alerts.levels import GRADES, Level
from alerts.plan_library import plans_in_force
from alerts.plan_shelf import PlanShelf, Shelved
from alerts.plans import body_of_plan
from alerts.record_runs import write_tasks
from alerts.run_tasks import Begin, begin_tasks
from alerts.runs import Run, RunTransition
from config.database import Connection
from dispatch.act_base import QUERIES, Acted, acting_on, finish, reason_of
from dispatch.clock import now_of
from dispatch.errors import Refused

GRIDS_AT_MOST = 500


@dataclass(frozen=True, kw_only=True)
class Start:
    """What is started."""

    plan: str  # its code
    township_id: int  # one that may be commanded: whoever asks looked that up
    level: str
    reason: str
    grids: Sequence[int] = field(default_factory=tuple)  # none: the township as a whole
    drill: bool = False


def start(connection: Connection, asked: Start, *, actor: UUID | None) -> Acted:
    """Start it; `actor` None: by command. Raises Refused, also where the same plan is under way there already."""
    why = reason_of(asked.reason)
    if asked.level not in GRADES:
        raise Refused(f"{asked.level!r} is no level: blue, yellow, orange or red", "级别只有蓝、黄、橙、红四级。")
    with connection.transaction():
        connection.execute(QUERIES["lock_runs"])
        at = now_of(connection)
        shelved = _plan(plans_in_force(connection, at=at), asked)
        run_id = _insert(connection, asked, shelved, why, at, actor)
        _add_grids(connection, run_id, asked, at)
        _add_tasks(connection, run_id, asked, shelved, at)
        begin_tasks(connection, [Begin(run_id=run_id, at=at)])
        with acting_on(connection, run_id) as (run, _):
            return finish(connection, run, "started", at, actor=actor, details={"drill": asked.drill})


def _plan(shelf: PlanShelf, asked: Start) -> Shelved:
    for one in shelf.here(asked.township_id):
        if one.plan.id == asked.plan:
            return one
    raise Refused(
        f"no plan {asked.plan[:60]!r} is in force in that township: see /plans",
        f"该镇街没有生效的预案“{asked.plan[:60]}”，请查看预案库。",
    )


def _insert(connection: Connection, asked: Start, shelved: Shelved, why: str, at: datetime, actor: UUID | None) -> int:
    plan = shelved.plan
    named = {
        "plan_id": plan.id,
        "version": shelved.version_id,
        "name": plan.name,
        "plan": Jsonb(body_of_plan(plan)),
        "township": asked.township_id,
        "level": asked.level,
        "drill": asked.drill,
        "at": at,
        "actor": actor,
        "reason": why,
    }
    row = connection.execute(QUERIES["start_run"], named).fetchone()
    if row is None:
        raise Refused(
            f"{plan.id} is under way in that township already: add to that run, or end it first",
            f"该镇街的 {plan.id} 已在执行或待确认，请在原运行中操作，或先将其终止。",
        )
    return int(row[0])


def _add_grids(connection: Connection, run_id: int, asked: Start, at: datetime) -> None:
    grids = sorted(set(asked.grids))
    if not grids:
        return
    named = {"run": run_id, "grids": grids, "township": asked.township_id, "at": at}
    if len(grids) > GRIDS_AT_MOST or len(connection.execute(QUERIES["grids_within"], named).fetchall()) != len(grids):
        raise Refused("a grid that was named is none of that township", "所选网格不都属于该镇街。")
    connection.execute(QUERIES["add_grids"], named)


def _add_tasks(connection: Connection, run_id: int, asked: Start, shelved: Shelved, at: datetime) -> None:
    level: Level = next(one for one in GRADES if one == asked.level)
    begun = RunTransition(time=micros(at), from_level="none", to_level=level, reason="started")
    run = Run(
        id=run_id,
        plan_id=shelved.plan.id,
        township_id=asked.township_id,
        level=level,
        started_at=micros(at),
        plan=shelved.plan,
        transitions=[begun],
    )
    write_tasks(connection, run)
