"""Deadlines of a plan that nobody can keep."""

from collections.abc import Iterator
from itertools import chain

from alerts.plan_findings import Finding, error, warning
from alerts.plan_order import cycle_of, waits_for
from alerts.plan_surroundings import Surroundings
from alerts.plans import Plan, Task


def time_findings(plan: Plan, around: Surroundings) -> Iterator[Finding]:
    """Of chains, confirmation, repeats and backups."""
    yield from chain(_confirmation(plan), _chains(plan))
    for task in plan.tasks:
        yield from chain(_red(task), _repeat(task), _backup(task, around))


def _limits(task: Task) -> list[tuple[str, int]]:
    """Its limits by the key that tells them."""
    told = [("limit_min", task.limit_min), ("limit_min_red", task.limit_min_red)]
    return [(key, limit) for key, limit in told if limit is not None]


def _confirmation(plan: Plan) -> Iterator[Finding]:
    confirm = plan.trigger.confirm_within_min
    limits = [(limit, task.id) for task in plan.tasks for _, limit in _limits(task) if not task.after]
    if confirm is None or not limits:
        return
    first, task_id = min(limits)
    if confirm > first:
        yield error(
            "trigger.confirm_within_min",
            "confirm_too_long",
            (
                f"确认可等 {confirm} 分钟，任务 {task_id} 的限时只有 {first} 分钟，从启动算起，未确认就已超时",
                f"{confirm} minutes to confirm, and task {task_id} is due {first} minutes after the start: it is late"
                " before anybody confirms",
            ),
            (
                f"确认时限不超过 {first} 分钟，或放宽任务限时",
                f"confirm within {first} minutes, or give the task longer",
            ),
        )


def _chains(plan: Plan) -> Iterator[Finding]:
    """All limits count from the start of the run: what comes after something has what that leaves of it."""
    if cycle_of(plan):
        return
    before = waits_for(plan)
    for task in plan.tasks:
        for key, limit in _limits(task):
            red = key == "limit_min_red"
            slow = max(before[task.id], key=lambda one: _takes(one, red=red), default=None)
            if slow is not None and _takes(slow, red=red) >= limit:
                yield error(
                    f"tasks.{task.id}.{key}",
                    "chain_too_long",
                    (
                        f"限时 {limit} 分钟，而它要等的 {slow.id} 可用 {_takes(slow, red=red)} 分钟，来不及",
                        f"it is due after {limit} minutes, and {slow.id}, which comes before it, may take"
                        f" {_takes(slow, red=red)}",
                    ),
                    ("放宽本任务限时，或缩短前置任务限时", "give it longer, or what comes before it less"),
                )


def _takes(task: Task, *, red: bool) -> int:
    return task.due_min("red" if red else "none")


def _red(task: Task) -> Iterator[Finding]:
    if task.limit_min and task.limit_min_red and task.limit_min_red > task.limit_min:
        yield warning(
            f"tasks.{task.id}.limit_min_red",
            "red_slower",
            (
                f"红色时限时 {task.limit_min_red} 分钟，反而长于平时的 {task.limit_min} 分钟",
                f"at red it has {task.limit_min_red} minutes, longer than the {task.limit_min} else",
            ),
            ("红色时应更快，请核对", "at red it should be faster: check it"),
        )


def _repeat(task: Task) -> Iterator[Finding]:
    """A first round that is due before the second begins is what plans mean by both."""
    for key, limit in _limits(task):
        if task.repeat_min is not None and task.repeat_min < limit:
            yield error(
                f"tasks.{task.id}.repeat_min",
                "repeat_before_due",
                (
                    f"每 {task.repeat_min} 分钟重复一次，而一次可用 {limit} 分钟，上一次未到期下一次已开始",
                    f"it is repeated every {task.repeat_min} minutes, and a round has {limit}: the next one begins"
                    " before one is due",
                ),
                ("限时不超过重复间隔", "let the limit be no longer than the repeat"),
            )
        elif task.repeat_min is not None and task.repeat_min > limit and key == "limit_min":
            yield warning(
                f"tasks.{task.id}.repeat_min",
                "repeat_after_limit",
                (
                    f"每 {task.repeat_min} 分钟重复一次，长于限时 {limit} 分钟：首次限时内完成，其后按间隔",
                    f"it is repeated every {task.repeat_min} minutes, longer than its limit of {limit}: once within"
                    " the limit, then at that pace",
                ),
                ("若本意是限时内多次，请缩短间隔", "if it is meant several times within the limit, repeat sooner"),
            )


def _backup(task: Task, around: Surroundings) -> Iterator[Finding]:
    limits = [limit for _, limit in _limits(task)]
    after = around.backup_after_min
    if task.backup is None or not limits or min(limits) > after:
        return
    yield warning(
        f"tasks.{task.id}.backup",
        "backup_too_late",
        (
            f"限时 {min(limits)} 分钟，替补在呼叫 {after:g} 分钟后才接到，已经超时",
            f"it is due after {min(limits)} minutes, and the backup is called {after:g} minutes after the first call",
        ),
        ("放宽限时，或直接由替补岗位担任", "give it longer, or let the backup's post do it"),
    )
