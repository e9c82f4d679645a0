"""The linter of plans: each thing that it finds, where, and how it is told."""

from dataclasses import replace
from typing import Any

import pytest

from alerts.plan_files import load_plan_file
from alerts.plan_findings import Finding
from alerts.plan_lint import lint
from alerts.plan_surroundings import OnDuty, Surroundings, surroundings
from alerts.plans import body_of_plan
from alerts.rules import load_rules
from config.settings import CONFIG, PROJECT

AROUND = surroundings(load_rules(CONFIG / "rules"))
GOOD: dict[str, Any] = {
    "id": "P",
    "name": "试",
    "trigger": {"any": [{"rule": 6, "level": "yellow"}]},
    "command": {"commander": "书记"},
    "levels": {"III": "值守", "I": "转移"},
    "tasks": [
        {"id": "T1", "post": "值班长", "do": "叫应", "limit_min": 5},
        {"id": "T2", "post": "网格员", "backup": "网格长", "do": "封闭下穿道", "limit_min": 10, "after": ["T1"]},
    ],
    "terminate": {"all": ["道路查验"], "by": "commander"},
    "review": {"due_h": 72, "items": ["封控时点"]},
    "shelters": [{"id": "S1", "name": "小学", "capacity": 100}],
    "routes": [{"id": "R1", "avoid": "滨江路", "to": "S1"}],
}


def plan(**change: Any) -> dict[str, Any]:
    return {key: value for key, value in {**GOOD, **change}.items() if value is not None}


def tasks(*more: dict[str, Any], **change: Any) -> dict[str, Any]:
    """The plan with its second task changed, and more tasks."""
    return plan(tasks=[GOOD["tasks"][0], {**GOOD["tasks"][1], **change}, *more])


def found(body: dict[str, Any], around: Surroundings = AROUND) -> list[tuple[str, str, str]]:
    return [(one.severity, one.code, one.where) for one in lint(body, around)]


def test_nothing_is_found_in_a_good_plan_nor_in_the_worked_examples() -> None:
    assert found(plan()) == []
    examples = load_plan_file(PROJECT / "tests" / "unit" / "test_plans_examples.yaml")
    told = {one.id: found(body_of_plan(one)) for one in examples}
    assert told == {"GEO-01": [], "FLD-02": [("warning", "no_warning_rule", "trigger.3")], "ELD-03": [], "GAS-04": []}


LATER = {"id": "T3", "post": "值班长", "do": "叫应", "limit_min": 60, "from_level": "I"}
EARLIER = {"id": "T3", "post": "值班长", "do": "叫应", "limit_min": 90}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # what is never reached
        (tasks(from_level="I") | {"trigger": {"any": [{"rule": 20, "level": "yellow"},
                                                      {"rule": 19, "level": "yellow"}]}}, None),
        (plan(trigger={"any": [{"rule": 19, "level": "yellow"}]}) | tasks(from_level="I", after=[])
         | {"trigger": {"any": [{"rule": 19, "level": "yellow"}]}}, ("error", "unreachable", "tasks.T2.from_level")),
        (tasks(from_level="I") | {"levels": {"III": "值守", "II": "封控"}},
         ("error", "unreachable", "tasks.T2.from_level")),
        (tasks(LATER, {**EARLIER, "id": "T4", "after": ["T3"]}), ("error", "begins_later", "tasks.T4.after")),
        (plan(trigger={"any": [{"rule": 999, "level": "red"}]}), ("error", "unknown_rule", "trigger.1")),
        (plan(trigger={"any": [{"rule": 19, "level": "red"}]}), ("error", "rule_below", "trigger.1")),
        (plan(trigger={"any": [{"official": "11B99"}]}), ("warning", "no_warning_rule", "trigger.1")),
        # order
        (tasks({**EARLIER, "after": ["T4"]}, {**EARLIER, "id": "T4", "after": ["T3"]}),
         ("error", "cycle", "tasks.T3.after")),
        (tasks(after=["T9"]), ("error", "unknown_task", "tasks.T2.after")),
        (tasks({**EARLIER, "id": "T1"}), ("error", "twice", "tasks.T1.id")),
        # time
        (tasks(limit_min=5), ("error", "chain_too_long", "tasks.T2.limit_min")),
        (tasks(limit_min_red=5), ("error", "chain_too_long", "tasks.T2.limit_min_red")),
        (plan(trigger={**GOOD["trigger"], "confirm_within_min": 6}),
         ("error", "confirm_too_long", "trigger.confirm_within_min")),
        (plan(trigger={**GOOD["trigger"], "confirm_within_min": 5}), None),
        (tasks(repeat_min=5), ("error", "repeat_before_due", "tasks.T2.repeat_min")),
        (tasks(repeat_min=60), ("warning", "repeat_after_limit", "tasks.T2.repeat_min")),
        (tasks(repeat_min=10), None),
        (tasks(limit_min_red=30), ("warning", "red_slower", "tasks.T2.limit_min_red")),
        (tasks(limit_min=4, after=[]), ("warning", "backup_too_late", "tasks.T2.backup")),
        # places
        (plan(threatened={"persons": 101}), ("error", "shelter_too_small", "shelters")),
        (plan(threatened={"persons": 100}), None),
        (plan(threatened={"persons": 101}, shelters=[*GOOD["shelters"], {"id": "S2", "name": "馆", "capacity": 900}]),
         ("error", "shelter_too_small", "shelters")),  # no way leads there
        (plan(shelters=[*GOOD["shelters"], {"id": "S2", "name": "馆", "capacity": 9}]),
         ("warning", "no_route", "shelters.S2")),
        (plan(threatened={"persons": 9}, shelters=None, routes=None), ("warning", "no_shelter", "shelters")),
        (plan(routes=[{"id": "R1", "avoid": "路", "to": "S7"}]), ("error", "unknown_shelter", "routes.R1.to")),
        (plan(routes=[{**GOOD["routes"][0], "way": "106.571,29.557 106.579,29.560"}]), None),
        (plan(routes=[{**GOOD["routes"][0], "way": "29.557,106.571 29.560,106.579"}]),
         ("error", "wrong_way", "routes.R1.way")),
        # posts
        (plan(terminate={"all": ["查验"], "by": "b"}), ("error", "unknown_signer", "terminate.by")),
        (tasks(backup="grid_worker"), ("warning", "own_backup", "tasks.T2.backup")),
        (tasks(do="强制带离拒不撤离人员"), ("error", "not_allowed", "tasks.T2.post")),
        (tasks(post="交巡警", do="强制带离拒不撤离人员"),
         ("error", "not_allowed", "tasks.T2.backup")),  # its backup would
        (tasks(post="交巡警", backup=None, do="强制带离拒不撤离人员"), None),  # a party outside is in no list
        (tasks(post="某某公司", backup=None, do="拆除危房"), None),
        (tasks(do="吹奏唢呐"), ("warning", "in_no_list", "tasks.T2.post")),
        (tasks(post="值班长", backup=None, do="扣押船只"), ("error", "not_allowed", "tasks.T2.post")),
    ],
)  # fmt: skip
def test_each_thing_is_found_where_it_is(body: dict[str, Any], expected: tuple[str, str, str] | None) -> None:
    told = found({**body, "tasks": [{k: v for k, v in one.items() if v is not None} for one in body["tasks"]]})
    assert (told == []) if expected is None else (expected in told), told


def test_a_refusal_by_the_duty_list_names_the_entry_in_both_languages() -> None:
    (one,) = [each for each in lint(tasks(do="对沿街商户罚款", backup="交巡警"), AROUND) if each.code == "not_allowed"]
    assert "村（社区）四清单负-01“行政执法、行政处罚”（行政处罚法第 17 条）" in one.zh
    assert "负-01 Law enforcement and fines" in one.en
    assert one.mend_zh
    assert one.mend_en


def duty(**manned: tuple[int, int, str]) -> Surroundings:
    return replace(
        AROUND, duty={post: OnDuty(manned=m, places=n, level=where) for post, (m, n, where) in manned.items()}
    )


def test_posts_with_nobody_on_duty_are_told_with_how_many_places_lack_somebody() -> None:
    around = duty(duty_officer=(1, 1, "township"), grid_worker=(2, 5, "grid"), grid_leader=(0, 2, "village"))
    (one,) = lint(plan(), around)
    assert (one.severity, one.where) == ("warning", "tasks.T2.post")
    assert one.zh == "“网格员”现在无人在岗：5 个网格中的 3 个"
    assert one.en == "nobody is on duty now for Grid worker: 3 of 5 grids"
    (helped,) = lint(plan(), duty(grid_worker=(0, 5, "grid"), grid_leader=(2, 2, "village")))
    assert "由替补承担" in helped.zh
    (command,) = lint(plan(command={"commander": "指挥长"}), duty(commander=(0, 1, "township")))
    assert (command.where, command.zh) == ("command.commander", "“指挥长”现在无人在岗")


def test_every_fault_of_form_is_told_at_once_with_its_place() -> None:
    body = plan(
        name=None,
        tasks=[{"id": "T1", "post": "值班长", "do": "叫应"}, {"post": "值班长", "do": "叫应", "limit_min": "五"}],
        trigger={"any": [{"rule": 6}]},
        shelters=[{"id": "S1", "name": "小学", "capacity": 0}],
        colour="red",
    )
    told = {one.where: one.zh for one in lint(body, AROUND)}
    assert told == {
        "name": "缺少“名称”",
        "tasks.T1": "任务须有限时，或每隔多少分钟重复",
        "tasks.#2.limit_min": "限时（分钟）：此处应为 整数，填写的是 文字",
        "trigger.1": "按规则启动须选择级别",
        "shelters.S1.capacity": "容量：不能小于 1",
        "colour": "“colour”不是预案的内容",
    }
    assert all(one.severity == "error" for one in lint(body, AROUND))


def test_findings_are_told_in_both_languages() -> None:
    every: list[Finding] = [
        *lint(tasks(limit_min=5, repeat_min=4, do="罚款"), AROUND), *lint(plan(name=3, tasks=[]), AROUND)
    ]  # fmt: skip
    for one in every:
        assert one.zh
        assert one.en
        assert one.mend_zh
        assert one.mend_en
        assert one.line().startswith("error: ")
