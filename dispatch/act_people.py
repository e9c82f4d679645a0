"""Who does it: an assignment that is given to a named person instead, or answered at the desk for somebody."""

from uuid import UUID

from access.audit import append
from alerts.run_tasks import Begin, advance_later
from config.database import Connection
from dispatch.act_base import QUERIES, Acted, RunNow, acting_on, add_act, check_open, finish, reason_of
from dispatch.answers import Answer, Given, Kind, give
from dispatch.errors import Refused


def reassign(
    connection: Connection, run_id: int, assignment_id: int, *, person_id: UUID, reason: str, actor: UUID
) -> Acted:
    """End the calls that there were and call this one, who has until the same time. Raises Refused.

    That the person may be called by whoever asks was looked up before (web/runs_people.py).
    """
    why = reason_of(reason)
    with acting_on(connection, run_id) as (run, at):
        check_open(run)
        named = {"run": run_id, "assignment": assignment_id, "person": person_id, "at": at}
        task_id = _task_of(connection, run, assignment_id)
        if connection.execute(QUERIES["person_exists"], named).fetchone() == (False,):
            raise Refused("there is nobody of that id", "没有此人。")
        if connection.execute(QUERIES["reassign"], named).rowcount != 1:
            raise Refused("that is over already: nobody need do it", "该任务安排已结束，不必改派。")
        connection.execute(QUERIES["end_calls"], named)
        connection.execute(QUERIES["call_by_name"], named)
        detail = {"assignment": assignment_id, "person": str(person_id)}
        add_act(connection, run, "reassigned", at, actor=actor, task_id=task_id, reason=why, detail=detail)
        advance_later(connection, [Begin(run_id=run_id, at=at)])
        return finish(connection, run, "reassigned", at, actor=actor, assignments=[assignment_id], details=detail)


def answer_for(
    connection: Connection,
    run_id: int,
    assignment_id: int,
    *,
    key: UUID,
    kind: Kind,
    result: str | None,
    actor: UUID,
) -> Given:
    """Answer at the desk for somebody who said so by voice, or for an outside party. Raises Refused.

    `key` is made where it was tapped: sent twice, it is one answer.
    """
    with connection.transaction():
        with acting_on(connection, run_id) as (run, at):
            check_open(run)
            _task_of(connection, run, assignment_id)
        again = connection.execute(QUERIES["answered_before"], {"key": key}).fetchone() == (True,)
        answer = Answer(key=key, assignment_id=assignment_id, kind=kind, tapped_at=at, result=result)
        given = give(connection, answer, actor=actor, person_id=None, at=at)
        if not given.counted:
            raise Refused("it is over or further already: load the page anew", "该任务已结束或已更进一步，请刷新。")
        if not again:
            told = {"assignment": assignment_id, "kind": kind}
            append(
                connection, act="run.answered", actor=actor, subject=str(run_id), division_id=run.township_id,
                details=told,
            )  # fmt: skip
    return given


def _task_of(connection: Connection, run: RunNow, assignment_id: int) -> int:
    """The task of an assignment of that run, its row locked."""
    found = connection.execute(QUERIES["lock_assignment"], {"run": run.id, "assignment": assignment_id}).fetchone()
    if found is None:
        raise Refused(f"run {run.id} has no assignment {assignment_id}", f"预案运行 {run.id} 没有该任务安排。")
    return int(found[1])
