"""What every act on a run has in common: the run, locked; its row among the acts, the audit, what screens are told."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from access.audit import append
from alerts.tell import Event, tell_events
from config.database import Connection
from config.queries import Queries
from dispatch.clock import now_of
from dispatch.errors import Refused

QUERIES = Queries(Path(__file__).with_name("act_queries.sql"))
REASON_AT_MOST = 500

_STATES = {
    "proposed": ("waits for its confirmation", "待确认"),
    "open": ("is under way", "执行中"),
    "declined": ("was declined", "已否决"),
    "terminated": ("has ended", "已终止"),
    "reviewed": ("was reviewed", "已复盘"),
}


@dataclass(frozen=True, kw_only=True)
class RunNow:
    """A run as an act finds it, its row locked until the transaction ends."""

    id: int
    plan_id: str
    name: str
    township_id: int
    level: str
    state: str
    exercise: bool
    drill: bool
    started_at: datetime
    plan: dict[str, Any] | None  # None: a run of before there was a library


@dataclass(frozen=True, kw_only=True)
class Acted:
    """What an act did."""

    run_id: int
    kind: str
    state: str  # of the run, from now on
    level: str
    time: datetime  # by the clock that the run goes by


@contextmanager
def acting_on(connection: Connection, run_id: int) -> Iterator[tuple[RunNow, datetime]]:
    """One transaction: the run, locked, and the time by its clock. Raises Refused where there is none."""
    with connection.transaction():
        with connection.cursor(row_factory=class_row(RunNow)) as cursor:
            run = cursor.execute(QUERIES["lock_run"], {"run": run_id}).fetchone()
        if run is None:
            raise Refused(f"there is no run {run_id}", f"没有编号为 {run_id} 的预案运行。")
        yield run, now_of(connection)


def one_row(connection: Connection, query: str, run: RunNow, wanted: str, **named: object) -> None:
    """Move a run that is as it has to be; raises Refused for any other."""
    if connection.execute(QUERIES[query], {"run": run.id, **named}).rowcount != 1:
        raise not_so(run, wanted)


def not_so(run: RunNow, wanted: str) -> Refused:
    """That an act is for a run of another state."""
    (told, zh), (needed, needed_zh) = _STATES[run.state], _STATES[wanted]
    return Refused(
        f"run {run.id} {told}: this goes with one that {needed}",
        f"预案运行 {run.id} {zh}，此操作只用于{needed_zh}的运行。",
    )


def check_open(run: RunNow) -> None:
    """Raise Refused for one that is not under way."""
    if run.state != "open":
        raise not_so(run, "open")


def reason_of(text: str) -> str:
    """Why somebody does it; raises Refused for nothing, or for too much."""
    told = text.strip()
    if not told:
        raise Refused("say why: the reason stands in the record of the run", "请填写理由，理由会记入运行记录。")
    if len(told) > REASON_AT_MOST:
        raise Refused(
            f"the reason is longer than {REASON_AT_MOST} characters: write a shorter one, and the rest as a note",
            f"理由超过 {REASON_AT_MOST} 字，请写短一些，其余写入备注。",
        )
    return told


def add_act(
    connection: Connection,
    run: RunNow,
    kind: str,
    at: datetime,
    *,
    actor: UUID | None,
    task_id: int | None = None,
    reason: str = "",
    detail: Mapping[str, Any] | None = None,
) -> None:
    """A row of run_acts."""
    connection.execute(
        QUERIES["add_act"],
        {
            "run": run.id,
            "at": at,
            "kind": kind,
            "task": task_id,
            "actor": actor,
            "reason": reason,
            "detail": Jsonb(dict(detail or {})),
        },
    )


def finish(
    connection: Connection,
    run: RunNow,
    kind: str,
    at: datetime,
    *,
    actor: UUID | None,
    state: str | None = None,
    level: str | None = None,
    assignments: Sequence[int] = (),
    details: Mapping[str, Any] | None = None,
) -> Acted:
    """Tell screens and phones, and write the audit: the last of an act. `assignments`: whose phones it concerns."""
    done = Acted(run_id=run.id, kind=kind, state=state or run.state, level=level or run.level, time=at)
    tell_run(connection, run, done, assignments)
    told = {"level": done.level, **(details or {}), **({"exercise": True} if run.exercise else {})}
    append(connection, act=f"run.{kind}", actor=actor, subject=str(run.id), division_id=run.township_id, details=told)
    return done


def tell_run(connection: Connection, run: RunNow, done: Acted, assignments: Sequence[int] = ()) -> None:
    """What screens and phones are told."""
    tell_events(connection, _events(run, done, assignments), exercise=run.exercise)


def _events(run: RunNow, done: Acted, assignments: Sequence[int]) -> list[Event]:
    payload = {
        "run_id": run.id,
        "plan": run.plan_id,
        "level": done.level,
        "state": done.state,
        "township_id": run.township_id,
        "reason": done.kind,
        "time": done.time.isoformat(),
    }
    events: list[Event] = [{"kind": "run", "payload": payload}]
    if assignments:
        events.append({"kind": "task", "payload": {"run_id": run.id, "assignment_ids": list(assignments)}})
    return events
