"""The linter of plans: what cannot work as it is written, before an alert finds out. Pure: no clock, no database."""

from collections.abc import Iterator, Sequence

from alerts.plan_findings import Finding, error, warning
from alerts.plan_form import read
from alerts.plan_inherit import Body
from alerts.plan_lint_posts import posts_findings
from alerts.plan_lint_reach import reach_findings
from alerts.plan_lint_time import time_findings
from alerts.plan_order import cycle_of
from alerts.plan_surroundings import Surroundings
from alerts.plan_way import wrong_way
from alerts.plans import Plan


def lint(body: Body, around: Surroundings) -> list[Finding]:
    """Every finding of a whole body, errors first; where it has not the form of a plan, its faults alone."""
    plan, faults = read(body)
    return faults if plan is None else lint_plan(plan, around)


def lint_plan(plan: Plan, around: Surroundings) -> list[Finding]:
    """The same of a plan that has the form of one."""
    found = [
        *_ids(plan),
        *_order(plan),
        *_ways(plan),
        *_room(plan),
        *_end(plan),
        *reach_findings(plan, around),
        *time_findings(plan, around),
        *posts_findings(plan, around),
    ]
    return sorted(found, key=lambda one: one.severity != "error")


def _ids(plan: Plan) -> Iterator[Finding]:
    named: tuple[tuple[str, Sequence[str]], ...] = (
        ("tasks", [task.id for task in plan.tasks]),
        ("routes", [route.id for route in plan.routes]),
        ("shelters", [shelter.id for shelter in plan.shelters]),
    )
    for name, ids in named:
        for one in dict.fromkeys(one for one in ids if ids.count(one) > 1):
            yield error(
                f"{name}.{one}.id",
                "twice",
                (f"编号 {one} 用了不止一次", f"the id {one} is used more than once"),
                ("给其中一项另编号", "give one of them another id"),
            )


def _order(plan: Plan) -> Iterator[Finding]:
    known = {task.id for task in plan.tasks}
    for task in plan.tasks:
        for first in task.after:
            if first not in known:
                yield error(
                    f"tasks.{task.id}.after",
                    "unknown_task",
                    (f"前置任务 {first} 不在本预案中", f"it comes after {first}, which the plan does not have"),
                    ("改为本预案的任务编号，或删去", "name a task of this plan, or take it out"),
                )
    if circle := cycle_of(plan):
        way = " → ".join(circle)
        yield error(
            f"tasks.{circle[0]}.after",
            "cycle",
            (f"任务互相等待，谁也不能开始：{way}", f"tasks wait for each other, and none can begin: {way}"),
            ("删去其中一个前置任务", "take one of them out of `after`"),
        )


def _ways(plan: Plan) -> Iterator[Finding]:
    shelters = {shelter.id for shelter in plan.shelters}
    for route in plan.routes:
        if route.to not in shelters:
            yield error(
                f"routes.{route.id}.to",
                "unknown_shelter",
                (f"路线通往 {route.to}，预案中没有这个安置点", f"it leads to {route.to}, which is no shelter here"),
                ("选择本预案的安置点", "choose a shelter of this plan"),
            )
        if wrong := wrong_way(route.way):
            yield error(
                f"routes.{route.id}.way",
                "wrong_way",
                (f"走向：{wrong[0]}", f"its way: {wrong[1]}"),
                (
                    "依次写各点的“经度,纬度”，以空格分隔",
                    "write lon,lat of its points in order, spaces between",
                ),
            )
    reached = {route.to for route in plan.routes}
    for shelter in plan.shelters:
        if shelter.id not in reached:
            yield warning(
                f"shelters.{shelter.id}",
                "no_route",
                (f"没有路线通往安置点“{shelter.name}”", f"no route leads to the shelter {shelter.name}"),
                ("补一条通往它的路线", "add a route to it"),
            )


def _room(plan: Plan) -> Iterator[Finding]:
    persons = plan.threatened.get("persons", 0)
    if not persons:
        return
    reached = {route.to for route in plan.routes}
    room = sum(shelter.capacity for shelter in plan.shelters if shelter.id in reached)
    if not plan.shelters:
        yield warning(
            "shelters",
            "no_shelter",
            (f"受威胁 {persons} 人，没有安置点", f"{persons} persons are threatened, and there is no shelter"),
            ("写明安置点和路线；就地避险的可不填", "add shelters and routes, unless people stay where they are"),
        )
    elif room < persons:
        yield error(
            "shelters",
            "shelter_too_small",
            (
                f"有路线可到的安置点共容纳 {room} 人，少于受威胁的 {persons} 人",
                f"the shelters that routes lead to hold {room}, fewer than the {persons} persons threatened",
            ),
            ("增加安置点、路线，或核对人数", "add a shelter or a route, or check the numbers"),
        )


def _end(plan: Plan) -> Iterator[Finding]:
    if plan.terminate.by not in plan.command:
        yield error(
            "terminate.by",
            "unknown_signer",
            (f"签字人“{plan.terminate.by}”不在指挥名单中", f"who signs, {plan.terminate.by}, is not in the command"),
            ("选择指挥名单中的一位", "choose one of the command"),
        )
