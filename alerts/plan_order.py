"""The order of a plan's tasks: circles, and what each waits for."""

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

from alerts.plans import Plan, Task


def cycle_of(plan: Plan) -> list[str]:
    """The ids of tasks that wait for each other, the first one again at the end; empty where there is no circle."""
    try:
        TopologicalSorter({task.id: task.after for task in plan.tasks}).prepare()
    except CycleError as error:
        return [str(one) for one in error.args[1]]
    return []


def waits_for(plan: Plan) -> Mapping[str, list[Task]]:
    """For each task what comes before it, directly or not, nearest first."""
    tasks = {task.id: task for task in plan.tasks}
    found: dict[str, list[Task]] = {}
    for task in plan.tasks:
        before: dict[str, Task] = {}
        todo = list(task.after)
        while todo:
            key = todo.pop(0)
            if key in tasks and key not in before and key != task.id:
                before[key] = tasks[key]
                todo += tasks[key].after
        found[task.id] = list(before.values())
    return found
