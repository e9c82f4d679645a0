"""What a plan never gets to: triggers that nothing meets, tasks of levels that it does not reach."""

from collections.abc import Iterator

from alerts.levels import GRADES, Grade, rank
from alerts.plan_findings import Finding, Words, error, warning
from alerts.plan_order import waits_for
from alerts.plan_surroundings import RuleTold, Surroundings
from alerts.plans import GRADE_OF, Part, Plan, TriggerKey

LEVEL_ZH = {"none": "无", "blue": "蓝色", "yellow": "黄色", "orange": "橙色", "red": "红色"}


def reach_findings(plan: Plan, around: Surroundings) -> Iterator[Finding]:
    """Of triggers, levels and tasks."""
    yield from _triggers(plan, around)
    yield from _levels(plan, around)
    yield from _tasks(plan, around)


def highest_of(plan: Plan, around: Surroundings) -> Grade:
    """The highest level that a run of the plan may get to by its alerts."""
    tops = [_top(key, around) for key, _ in plan.trigger.named()]
    return max(tops, key=rank, default="red")


def _top(key: TriggerKey, around: Surroundings) -> Grade:
    """Reports and official warnings come in every colour, and so may what is not known."""
    told = around.rules.get(key) if around.rules is not None and isinstance(key, int) else None
    return told.levels[-1] if told is not None and told.levels else "red"


def _triggers(plan: Plan, around: Surroundings) -> Iterator[Finding]:
    if around.rules is None:
        return
    for where, part in parts_of(plan.trigger):
        if part.rule is not None:
            yield from _rule(where, part, around.rules.get(part.rule))
        elif part.official is not None and part.official not in around.officials:
            yield warning(
                where,
                "no_warning_rule",
                (
                    f"没有规则接收官方预警 {part.official}，此条件不会满足",
                    f"no rule takes official warnings of {part.official}: this is never met",
                ),
                ("请规则员添加接收该类预警的规则", "ask a rule author for a rule of kind warning"),
            )


def parts_of(part: Part, where: str = "trigger") -> Iterator[tuple[str, Part]]:
    """Every single condition of a trigger, with its place: trigger.1, trigger.3.1."""
    if part.key is not None:
        yield where, part
    for number, below in enumerate((*(part.any_ or ()), *(part.all_ or ())), start=1):
        yield from parts_of(below, f"{where}.{number}")


def _rule(where: str, part: Part, told: RuleTold | None) -> Iterator[Finding]:
    if told is None:
        yield error(
            where,
            "unknown_rule",
            (f"没有第 {part.rule} 号规则", f"there is no rule {part.rule}"),
            ("选择现行规则", "choose a rule that is in force"),
        )
    elif part.level is not None and (not told.levels or rank(part.level) > rank(told.levels[-1])):
        top = told.levels[-1] if told.levels else "none"
        yield error(
            where,
            "rule_below",
            (
                f"规则“{told.zh}”最高只到{LEVEL_ZH[top]}，达不到{LEVEL_ZH[part.level]}",
                f"the rule {told.en} gets to {top} at most, never to {part.level}",
            ),
            ("选择较低的级别，或另一条规则", "choose a lower level, or another rule"),
        )


def _levels(plan: Plan, around: Surroundings) -> Iterator[Finding]:
    told = {GRADE_OF[one] for one in plan.levels}
    top = highest_of(plan, around)
    for level in plan.levels:
        if rank(GRADE_OF[level]) > rank(top):
            yield warning(
                f"levels.{level}",
                "level_not_reached",
                (f"触发条件最高只到{LEVEL_ZH[top]}，只能由指挥员升级", f"alerts get to {top} only: somebody raises it"),
                ("可保留；或核对触发条件", "leave it, or check the trigger"),
            )
    lowest = min((level for _, level in plan.trigger.named()), key=rank, default="blue")
    missing = [one for one in GRADES if rank(lowest) <= rank(one) <= rank(top) and one not in told]
    if missing and not any(rank(one) < rank(missing[0]) for one in told):
        yield warning(
            "levels",
            "level_untold",
            (
                f"可能以{LEVEL_ZH[missing[0]]}启动，响应级别中没有写明怎么做",
                f"it may start at {missing[0]}, and the levels do not say what that means",
            ),
            ("补写该级别", "add that level"),
        )


def _tasks(plan: Plan, around: Surroundings) -> Iterator[Finding]:
    by_alerts = highest_of(plan, around)
    by_plan = max((GRADE_OF[one] for one in plan.levels), key=rank)
    ceiling = min(by_alerts, by_plan, key=rank)
    before = waits_for(plan)
    for task in plan.tasks:
        begins = task.grade() or "blue"
        where = f"tasks.{task.id}"
        if rank(begins) > rank(ceiling):
            yield error(f"{where}.from_level", "unreachable", _unreached(begins, by_alerts, by_plan), _MEND_LEVEL)
        later = [one for one in before[task.id] if rank(one.grade() or "blue") > rank(begins)]
        if later:
            first = max(later, key=lambda one: rank(one.grade() or "blue"))
            level = first.grade() or "blue"
            yield error(
                f"{where}.after",
                "begins_later",
                (
                    f"它要等 {first.id}，而 {first.id} 到{LEVEL_ZH[level]}才开始，在那之前它不会开始",
                    f"it waits for {first.id}, which begins at {level} only: it cannot begin before",
                ),
                (
                    f"删去前置任务 {first.id}，或把它的起始级别也改为{LEVEL_ZH[level]}",
                    f"take {first.id} out of `after`, or let it begin at {level} too",
                ),
            )


_MEND_LEVEL: Words = ("改低起始级别，或补充触发条件、响应级别", "lower it, or add a trigger or a level")


def _unreached(begins: Grade, by_alerts: Grade, by_plan: Grade) -> Words:
    if rank(begins) > rank(by_alerts):
        return (
            f"起始级别为{LEVEL_ZH[begins]}，触发条件最高只到{LEVEL_ZH[by_alerts]}，永远不会开始",
            f"it begins at {begins}, and what triggers the plan gets to {by_alerts} at most: it never begins",
        )
    return (
        f"起始级别为{LEVEL_ZH[begins]}，预案的响应级别最高只写到{LEVEL_ZH[by_plan]}",
        f"it begins at {begins}, and the plan's levels go up to {by_plan} only",
    )
