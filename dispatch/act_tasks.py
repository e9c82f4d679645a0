"""Tasks that a commander adds, skips, or that are stood down with the level or the end of their run."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from alerts.levels import GRADES
from alerts.run_tasks import Begin, begin_tasks, post_id
from config.database import Connection
from dispatch.act_base import QUERIES, Acted, RunNow, acting_on, add_act, check_open, finish, reason_of
from dispatch.errors import Refused

_WHAT_AT_MOST, _POST_AT_MOST, _LIMIT_AT_MOST = 200, 60, 7 * 24 * 60


def add_task(
    connection: Connection, run_id: int, *, post: str, what: str, limit_min: int, reason: str, actor: UUID
) -> Acted:
    """A task that the plan has not; it begins at once. Raises Refused."""
    post, what, why = _told(post, _POST_AT_MOST), _told(what, _WHAT_AT_MOST), reason_of(reason)
    if not 1 <= limit_min <= _LIMIT_AT_MOST:
        raise Refused(
            f"a task has a limit of 1 to {_LIMIT_AT_MOST} minutes", f"任务时限为 1 至 {_LIMIT_AT_MOST} 分钟。"
        )
    with acting_on(connection, run_id) as (run, at):
        check_open(run)
        named = {"run": run_id, "post": post, "post_id": post_id(post), "what": what, "limit_min": limit_min}
        row = connection.execute(QUERIES["add_task"], {**named, "actor": actor}).fetchone()
        if row is None:
            raise Refused("the run has that very task already", "该运行已有相同的任务。")
        add_act(connection, run, "task_added", at, actor=actor, task_id=row[0], reason=why)
        begin_tasks(connection, [Begin(run_id=run_id, at=at)])
        return finish(connection, run, "task_added", at, actor=actor, details={"task": row[0]})


def skip_task(connection: Connection, run_id: int, task_id: int, *, reason: str, actor: UUID) -> Acted:
    """It is not done, and what waits for it goes on. Raises Refused."""
    why = reason_of(reason)
    with acting_on(connection, run_id) as (run, at):
        check_open(run)
        if connection.execute(QUERIES["task_of_run"], {"run": run_id, "task": task_id}).fetchone() is None:
            raise Refused(f"run {run_id} has no task {task_id}", f"预案运行 {run_id} 没有任务 {task_id}。")
        ended, theirs = end_tasks(connection, [task_id], "skipped", at)
        if not ended:
            raise Refused("the task is over already", "该任务已结束。")
        add_act(connection, run, "task_skipped", at, actor=actor, task_id=task_id, reason=why)
        begin_tasks(connection, [Begin(run_id=run_id, at=at)])
        return finish(connection, run, "task_skipped", at, actor=actor, assignments=theirs, details={"task": task_id})


def end_tasks(connection: Connection, tasks: Sequence[int], state: str, at: datetime) -> tuple[list[int], list[int]]:
    """End what is open of these, and take back the calls: the tasks that were, and the assignments of theirs."""
    if not tasks:
        return [], []
    theirs = connection.execute(QUERIES["lock_assignments"], {"tasks": list(tasks)}).fetchall()
    named = {"tasks": list(tasks), "state": state, "at": at}
    ended = connection.execute(QUERIES["end_tasks"], named).fetchall()
    connection.execute(QUERIES["end_assignments"], {**named, "tasks": [row[0] for row in ended]})
    return [row[0] for row in ended], [row[0] for row in theirs]


def stand_down(
    connection: Connection, run: RunNow, at: datetime, *, actor: UUID | None, level: str | None = None
) -> list[int]:
    """End the open tasks of a run that fell to `level`, None: that is over. The assignments that were open."""
    query = "tasks_open" if level is None else "tasks_above"
    named = {"run": run.id, "levels": list(GRADES), "level": level}
    found = [row[0] for row in connection.execute(QUERIES[query], named).fetchall()]
    ended, theirs = end_tasks(connection, found, "stood_down", at)
    for task_id in ended:
        add_act(connection, run, "task_stood_down", at, actor=actor, task_id=task_id)
    return theirs


def _told(text: str, most: int) -> str:
    told = text.strip()
    if not 1 <= len(told) <= most:
        raise Refused(
            f"a task has a post and says what is to be done, in at most {most} characters",
            f"请填写岗位和任务内容，不超过 {most} 字。",
        )
    return told
