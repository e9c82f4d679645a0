"""The commands about plans, as a person types them, and files from strangers."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from openpyxl import Workbook, load_workbook
from typer.testing import CliRunner

from access.scope import Scope
from alerts.errors import PlanRefused
from alerts.plan_export import file_plans
from alerts.plan_files_out import FilePlan, yaml_of
from alerts.plan_import import Asked, import_file
from alerts.plan_listing import versions_of
from alerts.plan_sheets_out import workbook_of
from alerts.plan_store import Draft, Term, add_plan, publish, save_draft
from alerts.plan_whole import Template
from config.database import Connection
from config.errors import SheetRefused
from shijing import app
from tests.database.out_seed import DISTRICT, OTHER_TOWNSHIP, TOWNSHIP, division, seed_city
from tests.database.plan_seed import AROUND, BODY, NOW, WRITER, plan

Typed = Callable[..., Any]


@pytest.fixture(autouse=True)
def city(connection: Connection) -> None:
    seed_city(connection)


@pytest.fixture
def typed(database_url: str) -> Typed:
    def run(*arguments: object) -> Any:
        return CliRunner().invoke(app, ["plan", *map(str, arguments), "--database", database_url])

    return run


def test_a_file_becomes_drafts_that_are_checked_published_exported_and_withdrawn(
    connection: Connection, typed: Typed, tmp_path: Path
) -> None:
    file, book, again = tmp_path / "p.yaml", tmp_path / "p.xlsx", tmp_path / "q.yaml"
    own = FilePlan(code="FLD-02", division=TOWNSHIP, template="FLD-02", body={"name": "寸滩内涝"})
    file.write_bytes(yaml_of([FilePlan(code="FLD-09", body=BODY), own]))
    preview = json.loads(typed("import", file, "--json").stdout)
    assert [(one["code"], one["state"]) for one in preview["changes"]] == [("FLD-09", "new"), ("FLD-02", "new")]
    assert not preview["written"]
    assert json.loads(typed("list", "--json").stdout)["plans"] == []
    assert typed("import", file, "--apply").stdout.endswith("Written as drafts.\n")
    assert typed("lint", "FLD-09").exit_code == 0
    assert "in force" in typed("publish", "FLD-09").stdout
    assert "in force" in typed("publish", "FLD-02", "--division", "寸滩街道").stdout
    told = json.loads(typed("list", "--json").stdout)
    assert [(one["code"], one["name"], one["state"]) for one in told["plans"]] == [
        ("FLD-09", "内涝预案", "in_force"), ("FLD-02", "寸滩内涝", "in_force")]  # fmt: skip
    for out in (book, again):
        assert typed("export", out).exit_code == 0
        same = json.loads(typed("import", out, "--json").stdout)
        assert [(one["state"], one["differences"]) for one in same["changes"]] == [("unchanged", [])] * 2
    assert typed("export", book).exit_code == 2  # it is there already
    assert typed("export", tmp_path / "p.doc").exit_code == 2
    assert typed("withdraw", "FLD-09", "--why", "并入总体预案").exit_code == 0
    assert [one["code"] for one in json.loads(typed("list", "--state", "in_force", "--json").stdout)["plans"]] == [
        "FLD-02"
    ]
    assert typed("publish", "NONE").exit_code == 1


def test_errors_are_told_and_refuse(typed: Typed, tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    wrong = {**BODY, "tasks": [{"id": "T1", "post": "网格员", "do": "罚款", "limit_min": 5}]}
    file.write_bytes(yaml_of([FilePlan(code="FLD-09", body=wrong)]))
    by_file = typed("lint", file)
    assert (by_file.exit_code, "负-01" in by_file.stdout) == (1, True)
    assert typed("import", file, "--apply").exit_code == 0
    assert typed("lint").exit_code == 1
    refused = typed("publish", "FLD-09")
    assert isinstance(refused.exception, PlanRefused)


def test_a_file_in_the_way_that_officials_fill_it_in(connection: Connection, tmp_path: Path) -> None:
    file = tmp_path / "empty.xlsx"
    file.write_bytes(workbook_of([]))
    book = load_workbook(file)
    book["预案"].append(
        ["N-1", TOWNSHIP, "", "", "暴雨预案", "任一", 3, "演练、测试", "指挥长", "全部", 72, "叫应率；时点"]
    )
    for row in ((1, "规则", 6, "橙色"), (2, "全部", "", ""), ("2.1", "规则", 8, "黄"), ("2.2", "报告", "进水", "")):
        book["触发"].append(["", "", *row])
    book["响应级别"].append(["", "", "II", "转移"])
    book["指挥"].append(["N-1", TOWNSHIP, "指挥长", "街道办主任"])
    book["任务"].append(["", "", "T1", "", "值班长", "", "叫应", 5])
    book["任务"].append(["", "", "T2", "", "网格员", "网格长", "转移", 30.0, "", "", "", "T1", "", "完成、无人"])
    book["终止"].append(["", "", "人工", "雨停"])
    book["终止"].append(["", "", "监测", "{below: yellow, for_h: 2}"])
    book.save(file)
    asked = Asked(scope=Scope(everywhere=True), actor=None, at=NOW, around=AROUND, apply=True)
    report = import_file(connection, "a.xlsx", file.read_bytes(), asked)
    assert report.faults == []
    assert report.changes[0].plan_id is not None
    (version,) = versions_of(connection, report.changes[0].plan_id)
    assert version.body == {
        "name": "暴雨预案",
        "trigger": {
            "any": [{"rule": 6, "level": "orange"}, {"all": [{"rule": 8, "level": "yellow"}, {"report": "进水"}]}],
            "confirm_within_min": 3, "suppress": ["演练", "测试"],
        },
        "command": {"commander": "街道办主任"},
        "levels": {"II": "转移"},
        "tasks": [
            {"id": "T1", "post": "值班长", "do": "叫应", "limit_min": 5},
            {"id": "T2", "post": "网格员", "do": "转移", "backup": "网格长", "limit_min": 30,
             "result": ["完成", "无人"], "after": ["T1"]},
        ],
        "terminate": {"by": "commander", "all": ["雨停", {"below": "yellow", "for_h": 2}]},
        "review": {"due_h": 72, "items": ["叫应率", "时点"]},
    }  # fmt: skip


def test_what_cannot_be_read_is_told_by_sheet_and_row_and_nothing_is_written(
    connection: Connection, tmp_path: Path
) -> None:
    file = tmp_path / "wrong.xlsx"
    book = load_workbook(_empty(file))
    book["预案"].append(["N-1", "", "", "", "=1+1", "任一", "三", "", "", "", "", "", "也许"])
    book["预案"].append(["N-2", "999999999"])
    book["任务"].append(["N-9", "", "T1"])
    book["触发"].append(["N-1", "", "3.1", "规则", "6", "黄"])
    book["终止"].append(["N-1", "", "监测", "{a: [}"])
    book.save(file)
    asked = Asked(scope=Scope(everywhere=True), actor=None, at=NOW, around=AROUND, apply=True)
    report = import_file(connection, "wrong.xlsx", file.read_bytes(), asked)
    assert not report.written
    assert {one.where for one in report.faults} == {"预案!2", "预案!3", "任务!2", "触发!2", "终止!2"}
    assert connection.execute("select count(*) from plans").fetchone() == (0,)


def _empty(file: Path) -> Path:
    file.write_bytes(workbook_of([]))
    return file


def test_a_file_reaches_no_further_than_the_scope(connection: Connection) -> None:
    mine = division(connection, TOWNSHIP)
    theirs = plan(connection, "TPL", division(connection, OTHER_TOWNSHIP))
    above = plan(connection, "D-1", division(connection, DISTRICT))
    scope = Scope(divisions=frozenset({mine}))
    asked = Asked(scope=scope, actor=None, at=NOW, around=AROUND, apply=True)

    def sent(**how: Any) -> bool:
        return import_file(connection, "p.yaml", yaml_of([FilePlan(code="N-1", **how)]), asked).written

    assert not sent(division="", body=BODY)
    assert not sent(division=OTHER_TOWNSHIP, body=BODY)
    assert not sent(division=TOWNSHIP, template=f"TPL@{OTHER_TOWNSHIP}")
    assert sent(division=TOWNSHIP, template=f"D-1@{DISTRICT}")
    assert len(versions_of(connection, theirs)) == len(versions_of(connection, above)) == 1


def test_export_tells_drafts_where_they_are_wanted(connection: Connection) -> None:
    number = plan(connection, "FLD-09", None)
    save_draft(connection, number, Draft(own={**BODY, "name": "新"}), WRITER)
    names = [file_plans(connection, [number], NOW, drafts=drafts)[0].body["name"] for drafts in (False, True)]
    assert names == ["内涝预案", "新"]
    heir = add_plan(
        connection, "X", division(connection, TOWNSHIP), Draft(own={}, template=Template(code="FLD-09")), WRITER
    )
    publish(connection, heir, Term(since=NOW), WRITER, AROUND)
    (told,) = file_plans(connection, [heir], NOW)
    assert (told.division, told.template, told.body) == (TOWNSHIP, "FLD-09", {})


def test_rubbish_files_are_refused_in_words_and_change_nothing(connection: Connection) -> None:
    asked = Asked(scope=Scope(everywhere=True), actor=None, at=NOW, around=AROUND, apply=True)
    pick = random.Random(11)
    sound = workbook_of([FilePlan(code="FLD-09", body=BODY)])
    text = yaml_of([FilePlan(code="FLD-09", body=BODY)])
    other = Workbook()
    other.active.append(["不是", "预案"])
    rubbish = [b"", b"\x00", b"a: &a [*a]", b"- " * 2000, b"[" * 3000, b"{}", b"- id: 3", b"- id: x\n  id: y",
               b"id: 2026-99-99",
               b"- {id: A, tasks: 7}", b"- {id: A, trigger: {any: [7]}}", b"- {id: A, revise_by: soon}",
               b"- {id: A}\n- {id: A}", yaml.safe_dump([{"id": "A", "x" * 70000: 1}]).encode()]  # fmt: skip
    for raw in (sound, text):
        for _ in range(60):
            place = pick.randrange(len(raw))
            rubbish.append(raw[:place] + pick.randbytes(pick.randrange(9)) + raw[place + pick.randrange(9) :])
    for raw in rubbish:
        try:
            report = import_file(connection, "rubbish", raw, Asked(**{**vars(asked), "apply": False}))
        except SheetRefused as refused:
            assert refused.zh
        else:
            assert report.changes or all(one.zh and one.en for one in report.faults)
    assert connection.execute("select count(*) from plans").fetchone() == (0,)
