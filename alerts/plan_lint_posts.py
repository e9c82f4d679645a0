"""Posts of a plan: whether there are such, whether somebody is on duty for them, whether the task is theirs."""

from collections.abc import Iterator
from itertools import chain

from alerts.plan_findings import Finding, error, warning
from alerts.plan_surroundings import Surroundings, named_post
from alerts.plans import Plan, Task

_PLACES_ZH = {"grid": "个网格", "village": "个村（社区）", "township": "个镇街"}
_PLACES_EN = {"grid": "grids", "village": "villages", "township": "townships"}
_SYSTEM = "system"  # a task that no person does


def posts_findings(plan: Plan, around: Surroundings) -> Iterator[Finding]:
    """Of tasks and command."""
    for task in plan.tasks:
        yield from chain(_unmanned(task, around), _duties(task, around))
        if task.backup is not None and _same(task.backup, task.post):
            yield warning(
                f"tasks.{task.id}.backup",
                "own_backup",
                ("替补与岗位相同，无人可替", "the backup is the post itself: nobody stands in"),
                ("换一个岗位，或删去", "choose another post, or take it out"),
            )
    yield from _command(plan, around)


def _same(one: str, other: str) -> bool:
    first, second = named_post(one), named_post(other)
    return one == other or (first is not None and first == second)


def _unmanned(task: Task, around: Surroundings) -> Iterator[Finding]:
    """A post without anybody; one of a backup counts as long as the post itself has somebody."""
    lack = _lack(task.post, around)
    if lack is None or task.post == _SYSTEM:
        return
    helped = task.backup is not None and named_post(task.backup) is not None and _lack(task.backup, around) is None
    yield warning(
        f"tasks.{task.id}.post",
        "nobody_on_duty",
        (
            f"“{task.post}”现在无人在岗{lack[0]}" + ("；由替补承担" if helped else ""),
            f"nobody is on duty now for {_english(task.post)}{lack[1]}" + ("; the backup is called" if helped else ""),
        ),
        ("在“人员”或“值班”页登记任岗、排班", "enter who holds the post, or a shift, at People or Duty"),
    )


def _lack(name: str, around: Surroundings) -> tuple[str, str] | None:
    post = named_post(name)
    told = around.duty.get(post.id) if post is not None else None
    if told is None or told.manned >= told.places:
        return None
    without = told.places - told.manned
    if told.places == 1:
        return "", ""
    return (
        f"：{told.places} {_PLACES_ZH[told.level]}中的 {without} 个",
        f": {without} of {told.places} {_PLACES_EN[told.level]}",
    )


def _english(name: str) -> str:
    post = named_post(name)
    return name if post is None else post.en


def _command(plan: Plan, around: Surroundings) -> Iterator[Finding]:
    for place, name in plan.command.items():
        if (lack := _lack(name, around)) is not None:
            yield warning(
                f"command.{place}",
                "nobody_on_duty",
                (f"“{name}”现在无人在岗{lack[0]}", f"nobody is on duty now for {_english(name)}{lack[1]}"),
                ("在“人员”或“值班”页登记任岗、排班", "enter who holds the post, or a shift, at People or Duty"),
            )


def _duties(task: Task, around: Surroundings) -> Iterator[Finding]:
    """The backup does the same task: its lists count as well."""
    for key, name in (("post", task.post), ("backup", task.backup)):
        post = None if name is None else named_post(name)
        lists = None if post is None else around.duties.of(post.id)
        if post is None or lists is None:
            continue
        if (refusing := around.duties.refusing(post.id, task.do)) is not None:
            entry = refusing[1]
            yield error(
                f"tasks.{task.id}.{key}",
                "not_allowed",
                (
                    f"“{name}”不得承担此任务：{lists.zh}{entry.id}“{entry.zh}”（{entry.source}）",
                    f"{post.en} must not be given this: {lists.en}, {entry.id} {entry.en} ({entry.source})",
                ),
                ("交给有职权的岗位或单位，或改写任务", "give it to who may do it, or put the task differently"),
            )
        elif lists.duties and around.duties.allowing(post.id, task.do) is None:
            yield warning(
                f"tasks.{task.id}.{key}",
                "in_no_list",
                (
                    f"{lists.zh}的履职、协助清单中没有对应此任务的条目",
                    f"none of the duties and assists of {lists.en} covers this task",
                ),
                (
                    "核对是否属于该岗位，或改用清单中的说法",
                    "check that it is theirs, or put it in the words of the list",
                ),
            )
