"""Plans under way as the screen shows them: who was called, by which channel, who answered.

Read as for the page of runs (web/runs_lanes.py), with the names that whoever asks may see; what a plan keeps from
walls is on no screen.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from config.database import Connection
from web.now_told import CalledTold, Channel, LaneTold, TaskTold
from web.runs_lanes import lanes_of, people_named, persons, rows
from web.runs_told import Assignment, Call, Lane, RunHead, Task
from web.state import Clock
from web.viewing import View

LANES_AT_MOST = 20
_PLACES_AT_MOST = 4  # of a task
_UNDER_WAY = ["proposed", "open"]

Names = Callable[[UUID | None], str | None]


def heads_under_way(connection: Connection, clock: Clock) -> list[RunHead]:
    """As far as a wall may show them: to be confirmed, then the gravest."""
    asked = {"id": None, "states": _UNDER_WAY, "before": None, "plan": None, "drill": None, "division": None}
    return rows(connection, RunHead, "runs", **asked, at=clock.now, wall=True, most=LANES_AT_MOST)


def heads_of(connection: Connection, clock: Clock, runs: Sequence[int]) -> list[RunHead]:
    """These runs."""
    asked = {"states": _UNDER_WAY, "before": None, "plan": None, "drill": None, "division": None}
    found = [rows(connection, RunHead, "runs", **asked, id=one, at=clock.now, wall=True, most=1) for one in runs]
    return [head for heads in found for head in heads]


def told_lanes(view: View, connection: Connection, heads: Sequence[RunHead], at: datetime) -> list[LaneTold]:
    """With their tasks and answers."""
    lanes = lanes_of(connection, view, heads, at)
    known = people_named(view, persons(lanes))
    return [_lane(lane, lambda person: known.get(str(person))) for lane in lanes]


def _lane(lane: Lane, named: Names) -> LaneTold:
    tasks = [_task(task, lane, named) for task in lane.tasks if task.state != "stood_down"]
    head = lane.run
    return LaneTold(
        id=head.id,
        plan_id=head.plan_id,
        name=head.name,
        township_id=head.township_id,
        township=head.township,
        district=head.district,
        level=head.level,
        state=head.state,
        exercise=head.exercise,
        drill=head.drill,
        started_at=head.started_at,
        confirm_by=head.confirm_by,
        called=sum(task.called for task in tasks),
        answered=sum(task.answered for task in tasks),
        done=sum(task.state in ("done", "skipped") for task in tasks),
        tasks=tasks,
    )


def _task(task: Task, lane: Lane, named: Names) -> TaskTold:
    there = [one for one in lane.assignments if one.task_id == task.id and one.called_at is not None]
    there.sort(key=lambda one: (_answered(one), one.called_at))
    calls: dict[int, list[Call]] = {one.id: [] for one in there}
    for call in lane.calls:
        if call.assignment_id in calls:
            calls[call.assignment_id].append(call)
    return TaskTold(
        key=task.key,
        post=task.post,
        what=task.what,
        state=task.state,
        due_at=task.due_at,
        repeat_min=task.repeat_min,
        called=len(there),
        answered=sum(_answered(one) for one in there),
        places=[_called(one, calls[one.id], named) for one in there[:_PLACES_AT_MOST]],
    )


def _answered(one: Assignment) -> bool:
    return any(time is not None for time in (one.acknowledged_at, one.on_site_at, one.done_at))


def _called(one: Assignment, calls: Sequence[Call], named: Names) -> CalledTold:
    last = calls[-1].person_id if calls else None
    newest: dict[str, Any] = {}
    for delivery in (delivery for call in calls for delivery in call.deliveries):
        newest[delivery["channel"]] = delivery["state"]
    return CalledTold(
        place=one.place,
        state=one.state,
        called_at=one.called_at,
        acknowledged_at=one.acknowledged_at,
        on_site_at=one.on_site_at,
        done_at=one.done_at,
        who=named(one.person_id or last),
        channels=[Channel(channel=channel, state=state) for channel, state in newest.items()],
    )
