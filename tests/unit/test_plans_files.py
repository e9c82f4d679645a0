"""Plan files: the forms that are taken, and what a fault in one says."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.errors import AlertsError, EditedFileError
from alerts.plan_files import load_plan_file, load_plans
from alerts.plans import Part, Privacy
from config.settings import CONFIG, PROJECT

EXAMPLES_FILE = PROJECT / "tests" / "unit" / "test_plans_examples.yaml"
EXAMPLES = EXAMPLES_FILE.read_text(encoding="utf-8")

GOOD = """\
- id: T-01
  name: 试
  trigger:
    any:
      - {rule: 6, level: yellow}
      - {official: 11B03, level: orange}
  command: {commander: 书记}
  levels: {IV: 值守}
  tasks:
    - {id: T1, post: 值班长, do: 叫应, limit_min: 5}
    - {id: T2, post: 网格员, do: 封闭, limit_min: 10, after: [T1]}
  routes: [{id: R1, avoid: 下穿道, to: S1}]
  shelters: [{id: S1, name: 社区, capacity: 200}]
  terminate: {all: [道路查验], by: commander}
  review: {due_h: 72, items: [封控时点]}
"""


def test_all_four_worked_examples_are_taken_whole() -> None:
    plans = {plan.id: plan for plan in load_plan_file(EXAMPLES_FILE)}
    assert list(plans) == ["GEO-01", "FLD-02", "ELD-03", "GAS-04"]
    written = {entry["id"]: entry for entry in yaml.safe_load(EXAMPLES)}
    for plan_id, plan in plans.items():
        assert [task.do for task in plan.tasks] == [task["do"] for task in written[plan_id]["tasks"]]
        assert list(plan.notify) == written[plan_id]["notify"]
        assert list(plan.upgrade) == written[plan_id]["upgrade"]
        assert list(plan.terminate.all_ or ()) == written[plan_id]["terminate"]["all"]
    geo = plans["GEO-01"].trigger
    assert (geo.confirm_within_min, geo.any_ and geo.any_[2].all_) == (
        3,
        (Part(rule=13, level="yellow"), Part(report="群测群防员发现裂缝或掉块")),
    )
    assert plans["GEO-01"].threatened == {"households": 12, "persons": 38, "need_carry": 6}
    assert plans["ELD-03"].trigger.suppress == ("外出报备", "住院", "停水", "设备离线")
    assert plans["ELD-03"].privacy == Privacy(show_on_wall=False, map="grid", delete_after_close_d=30)
    assert plans["ELD-03"].tasks[4].result == ("平安", "外出", "送医", "误报")


def test_the_shipped_plans_are_the_worked_examples() -> None:
    shipped = {plan.id: plan for plan in load_plans(CONFIG / "plans")}
    templates = {plan.id: plan for plan in load_plans(CONFIG / "plan_templates")}
    assert (sorted(shipped), sorted(templates)) == (["ELD-03", "FLD-02", "GAS-04"], ["GEO-01"])
    assert shipped | templates == {plan.id: plan for plan in load_plan_file(EXAMPLES_FILE)}


def write(folder: Path, text: str, name: str = "test.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_one_plan_without_a_list(tmp_path: Path) -> None:
    alone = "\n".join(line[2:] for line in GOOD.splitlines())
    assert load_plan_file(write(tmp_path, alone)) == load_plan_file(write(tmp_path, GOOD, "list.yaml"))
    with pytest.raises(EditedFileError, match=r"test\.yaml:10: ") as caught:
        load_plan_file(write(tmp_path, alone.replace("limit_min: 5", "limit_min: 0")))
    assert "limit_min" in caught.value.mend


FAULTS = [
    ("id: T-01", "ids: T-01", 1, "unknown field `ids`", "did you mean `id`"),
    ("  name: 试\n", "", 1, "missing required field `name`", "plan's name"),
    ("rule: 6, level: yellow", "rule: six, level: yellow", 5, "got `str`", "number"),
    ("rule: 6, level: yellow", "rule: 6, level: purple", 5, "'purple'", "blue, yellow"),
    ("rule: 6, level: yellow", "rule: 6", 5, "lacks its `level`", "blue, yellow"),
    ("rule: 6, level: yellow", "rule: 6, report: x, level: red", 5, "says one of", "rule"),
    ("official: 11B03, level: orange", "report: x, level: orange", 6, "`level` goes with", "blue, yellow"),
    ("IV: 值守", "V: 值守", 8, "'V'", "levels: {IV"),
    ("limit_min: 5", "limit_min: 0", 10, ">= 1", "whole minutes"),
    ("limit_min: 5", "limit_min: soon", 10, "got `str`", "whole minutes"),
    ("limit_min: 5", "limit_minutes: 5", 10, "`limit_minutes`", "did you mean `limit_min`"),
    (", limit_min: 5", "", 10, "`limit_min` or a `repeat_min`", "whole minutes"),
    ("id: T2", "id: T1", 11, "task `id` T1 is used twice", "of its own"),
    ("after: [T1]", "after: [T9]", 11, "`after` T9", "without a circle"),
    ("after: [T1]", "after: [T2]", 11, "wait for each other: T2 → T2", "without a circle"),
    ("to: S1", "to: S9", 12, "no shelter of the plan", "id of a shelter"),
    ("capacity: 200", "capacity: many", 13, "got `str`", "persons"),
    ("by: commander", "by: mayor", 14, "`by` mayor", "`command` of this plan"),
    ("all: [道路查验]", "all: [道路查验], any: [x]", 14, "either `any` or `all`", "`a"),
    ("do: 叫应", "do: 叫应, do: 再叫应", 10, "`do` is written twice", "keep one"),
    ("after: [T1]", "after: [*a]", 11, "not YAML: found undefined alias", "quotes"),
    ("name: 试", "name: [试", 0, "not YAML", "brackets"),
    ("name: 试", "name: 2020-99-99", 1, "not YAML", "quotes"),
    ("name: 试", "name: 2020-09-09", 2, "name: Expected `str`, got `date`", "plan's name"),
    ("name: 试", "name: !!python/name:os.system x", 2, "not YAML", "quotes"),
    ("name: 试", "? [a]\n  : 试", 2, "a key is a list", "before the colon"),
    ("name: 试", "name: \x01", 1, "not YAML", "quotes"),
]


@pytest.mark.parametrize(("old", "new", "line", "reason", "mend"), FAULTS)
def test_a_fault_is_named_with_file_line_reason_and_remedy(
    tmp_path: Path, old: str, new: str, line: int, reason: str, mend: str
) -> None:
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(EditedFileError) as caught:
        load_plans(tmp_path)
    said = str(caught.value)
    assert said.startswith(f"{path}:"), said
    assert line in (0, caught.value.line), said
    assert reason in caught.value.reason, said
    assert mend in caught.value.mend, said


def test_a_second_plan_is_named_by_its_own_line(tmp_path: Path) -> None:
    second = GOOD.replace("T-01", "T-02").replace("limit_min: 5", "limit_min: -5")
    with pytest.raises(EditedFileError, match=r"test\.yaml:25: "):
        load_plans(write(tmp_path, GOOD + second).parent)


def test_ids_are_unique_in_a_file_and_in_the_folder(tmp_path: Path) -> None:
    with pytest.raises(EditedFileError, match=r"test\.yaml:16: plan `id` T-01 is here twice"):
        load_plans(write(tmp_path, GOOD + GOOD).parent)
    write(tmp_path, GOOD)
    with pytest.raises(EditedFileError, match=r"zz\.yaml:1: plan `id` T-01 is in test\.yaml too"):
        load_plans(write(tmp_path, GOOD, "zz.yaml").parent)


def test_aliases_are_refused(tmp_path: Path) -> None:
    """An anchor that contains itself would never end."""
    with pytest.raises(EditedFileError, match="by an alias"):
        load_plan_file(write(tmp_path, "&a [*a]"))


def test_nothing_to_load(tmp_path: Path) -> None:
    with pytest.raises(AlertsError, match="no plan files"):
        load_plans(tmp_path)
    for empty in ("", "- \n", "just words", "[]"):
        path = write(tmp_path, empty)
        if empty != "[]":
            with pytest.raises(EditedFileError):
                load_plan_file(path)
        else:
            assert load_plan_file(path) == []


lines = st.lists(st.sampled_from(GOOD.splitlines()) | st.text(max_size=30), max_size=20)


@settings(max_examples=300, deadline=None)
@given(text=st.one_of(lines.map("\n".join), st.text(), st.binary()))
def test_whatever_is_in_a_file_only_its_own_error_comes(
    tmp_path_factory: pytest.TempPathFactory, text: str | bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "test.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    try:
        load_plan_file(path)
    except EditedFileError as error:
        assert error.line >= 1
        assert error.mend
