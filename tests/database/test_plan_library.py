"""The library of plans: versions, what is in force for whom, what is inherited; nothing published is changed."""

from datetime import date, timedelta

import psycopg
import pytest

from access.audit import entries
from alerts.errors import PlanRefused, PlanUnknown
from alerts.plan_library import edition, plans_in_force
from alerts.plan_listing import Asked, choices, listed, newest, versions_of
from alerts.plan_store import Draft, Term, Writer, add_plan, drop_draft, publish, save_draft, withdraw
from alerts.plan_whole import Template
from config.database import Connection
from tests.database.out_seed import CITY, DISTRICT, GRID, OTHER_TOWNSHIP, TOWNSHIP, division, seed_city
from tests.database.plan_seed import AROUND, BODY, NOW, WRITER, plan

LATER = NOW + timedelta(days=30)


@pytest.fixture(autouse=True)
def city(connection: Connection) -> None:
    seed_city(connection)


def names(connection: Connection, township: str, at: object = NOW) -> dict[str, str]:
    shelf = plans_in_force(connection, at=at)  # type: ignore[arg-type]
    return {one.plan.id: one.plan.name for one in shelf.here(division(connection, township))}


def test_a_township_has_its_own_plan_else_its_districts_else_the_citys(connection: Connection) -> None:
    before = names(connection, TOWNSHIP)
    assert {"FLD-02", "ELD-03", "GAS-04"} == set(before)  # those of the files
    plan(connection, "FLD-02", None, {**BODY, "name": "全市"})
    plan(connection, "FLD-02", division(connection, DISTRICT), {**BODY, "name": "江北区"})
    assert (names(connection, TOWNSHIP)["FLD-02"], names(connection, OTHER_TOWNSHIP)["FLD-02"]) == ("江北区", "全市")
    plan(connection, "FLD-02", division(connection, TOWNSHIP), {**BODY, "name": "寸滩"})
    assert names(connection, TOWNSHIP)["FLD-02"] == "寸滩"
    assert names(connection, TOWNSHIP, NOW - timedelta(days=1)) == before


def test_one_template_is_every_townships_with_what_differs(connection: Connection) -> None:
    plan(connection, "TPL", None, {**BODY, "name": "模板"}, is_template=True)
    own = {"name": "寸滩内涝", "tasks": [{"id": "T2", "limit_min": 8}, {"id": "T1", "drop": True}]}
    plan(connection, "FLD-09", division(connection, TOWNSHIP), own, Template(code="TPL"))
    shelf = plans_in_force(connection, at=NOW)
    assert "TPL" not in {one.id for one in shelf}  # a template starts nothing
    (mine,) = [one for one in shelf if one.id == "FLD-09"]
    assert [(task.id, task.post, task.limit_min) for task in mine.tasks] == [("T2", "网格员", 8)]
    assert mine.command == BODY["command"]


def test_a_change_of_the_template_is_one_of_all_that_inherit(connection: Connection) -> None:
    template = plan(connection, "TPL", None, is_template=True)
    own = {"tasks": [{"id": "T2", "limit_min": 8}]}
    plan(connection, "FLD-09", division(connection, TOWNSHIP), own, Template(plan_id=template))
    save_draft(connection, template, Draft(own={**BODY, "name": "新模板"}), WRITER)
    publish(connection, template, Term(since=LATER), Writer(actor=None, at=NOW), AROUND)
    assert names(connection, TOWNSHIP)["FLD-09"] == "内涝预案"
    assert names(connection, TOWNSHIP, LATER)["FLD-09"] == "新模板"
    save_draft(connection, template, Draft(own={**BODY, "tasks": BODY["tasks"][:1]}), WRITER)
    with pytest.raises(PlanRefused, match="FLD-09"):  # T2 would have a limit, and nothing to do
        publish(connection, template, Term(since=LATER), WRITER, AROUND)


def test_plans_that_came_with_the_program_are_inherited_from_too(connection: Connection) -> None:
    own = {"name": "寸滩洪水", "shelters": [{"id": "S2", "capacity": 500}]}
    plan(connection, "FLD-02", division(connection, TOWNSHIP), own, Template(code="FLD-02"))
    (mine,) = [one for one in plans_in_force(connection, at=NOW) if one.name == "寸滩洪水"]
    assert (mine.shelters[0].name, mine.shelters[0].capacity, len(mine.tasks)) == ("社区中心", 500, 7)
    plan(connection, "FLD-02", None, {**BODY, "shelters": [{"id": "S2", "name": "体育馆", "capacity": 50}]})
    (mine,) = [one for one in plans_in_force(connection, at=NOW) if one.name == "寸滩洪水"]
    assert (mine.shelters[0].name, len(mine.tasks)) == ("体育馆", 2)  # the city's own has taken the file's place


def test_what_was_published_is_not_changed(connection: Connection) -> None:
    number = plan(connection, "FLD-09", None)
    for change in ("body = '{}'", "template_code = 'X'", "revise_by = '2030-01-01'", "state = 'draft', valid = null",
                   "valid = tstzrange('2020-01-01', null)"):  # fmt: skip
        with pytest.raises(psycopg.errors.RestrictViolation, match="was published"):
            connection.execute(f"update plan_versions set {change} where plan_id = {number}".encode())
    with pytest.raises(psycopg.errors.RestrictViolation):
        connection.execute("delete from plan_versions where plan_id = %s", (number,))


def test_versions_follow_each_other(connection: Connection) -> None:
    number = plan(connection, "FLD-09", None, {**BODY, "name": "一"})
    save_draft(connection, number, Draft(own={**BODY, "name": "二"}, note="改名"), WRITER)
    assert names(connection, TOWNSHIP)["FLD-09"] == "一"
    publish(connection, number, Term(since=LATER), WRITER, AROUND)
    assert (names(connection, TOWNSHIP)["FLD-09"], names(connection, TOWNSHIP, LATER)["FLD-09"]) == ("一", "二")
    shelf = plans_in_force(connection, at=NOW)
    assert not shelf.is_over(LATER - timedelta(seconds=1))
    assert shelf.is_over(LATER)
    save_draft(connection, number, Draft(own={**BODY, "name": "三"}), WRITER)
    publish(connection, number, Term(since=NOW + timedelta(days=1)), WRITER, AROUND)  # the second never begins
    assert names(connection, TOWNSHIP, LATER)["FLD-09"] == "三"
    versions = versions_of(connection, number)
    assert [(one.number, one.state) for one in versions] == [(3, "published"), (2, "withdrawn"), (1, "published")]
    assert (shown := newest(versions, NOW)) is not None
    assert shown.number == 1


def test_a_withdrawn_plan_is_in_force_no_longer_but_it_was(connection: Connection) -> None:
    number = plan(connection, "FLD-09", None)
    first = edition(connection, at=NOW)
    gone = NOW + timedelta(hours=1)
    with pytest.raises(PlanRefused, match="say why"):
        withdraw(connection, number, " ", WRITER)
    withdraw(connection, number, "已并入总体预案", Writer(actor=None, at=gone))
    assert "FLD-09" in names(connection, TOWNSHIP, NOW)
    assert "FLD-09" not in names(connection, TOWNSHIP, gone)
    assert edition(connection, at=NOW) == first != edition(connection, at=gone)
    with pytest.raises(PlanRefused, match="no version"):
        withdraw(connection, number, "再撤一次", Writer(actor=None, at=gone))


def test_a_plan_is_revised_within_three_years(connection: Connection) -> None:
    number = add_plan(connection, "FLD-09", None, Draft(own=BODY, revise_by=date(2030, 1, 1)), WRITER)
    with pytest.raises(PlanRefused, match="2029-11-20"):
        publish(connection, number, Term(since=NOW), WRITER, AROUND)
    save_draft(connection, number, Draft(own=BODY), WRITER)
    publish(connection, number, Term(since=NOW), WRITER, AROUND)
    assert versions_of(connection, number)[0].revise_by == date(2029, 11, 20)

    def due(day: date) -> list[str]:
        return [one.code for one in listed(connection, Asked(at=NOW, due_by=day))]

    assert (due(date(2029, 11, 19)), due(date(2029, 11, 20))) == ([], ["FLD-09"])


def test_errors_refuse_publishing_and_warnings_do_not(connection: Connection) -> None:
    wrong = {**BODY, "tasks": [{"id": "T1", "post": "网格员", "do": "对占道经营罚款", "limit_min": 5}]}
    number = add_plan(connection, "FLD-09", None, Draft(own=wrong), WRITER)
    with pytest.raises(PlanRefused, match="负-01") as refused:
        publish(connection, number, Term(since=NOW), WRITER, AROUND)
    assert [one.code for one in refused.value.findings] == ["not_allowed"]
    assert versions_of(connection, number)[0].state == "draft"


def test_a_draft_is_given_up_and_with_it_a_plan_that_has_nothing_else(connection: Connection) -> None:
    number = add_plan(connection, "FLD-09", None, Draft(own={}), WRITER)
    drop_draft(connection, number, WRITER)
    with pytest.raises(PlanUnknown):
        drop_draft(connection, number, WRITER)
    kept = plan(connection, "FLD-10", None)
    save_draft(connection, kept, Draft(own={}), WRITER)
    drop_draft(connection, kept, WRITER)
    assert [one.state for one in versions_of(connection, kept)] == ["published"]


def test_codes_and_templates_are_looked_at(connection: Connection) -> None:
    for code in ("", "两 字", "a/b", "x" * 61, "a@b"):
        with pytest.raises(PlanRefused, match="code"):
            add_plan(connection, code, None, Draft(own={}), WRITER)
    for code in (GRID, CITY):
        with pytest.raises(PlanRefused, match="a township's"):
            add_plan(connection, "FLD-09", division(connection, code), Draft(own={}), WRITER)
    number = add_plan(connection, "FLD-09", None, Draft(own={}), WRITER)
    with pytest.raises(PlanRefused, match="already"):
        add_plan(connection, "FLD-09", None, Draft(own={}), WRITER)
    for template in (
        Template(code="nowhere"),
        Template(plan_id=999),
        Template(plan_id=number),
        Template(code="FLD-09"),
    ):
        with pytest.raises(PlanRefused, match="template"):
            save_draft(connection, number, Draft(own={}, template=template), WRITER)


def test_templates_do_not_inherit_in_a_circle(connection: Connection) -> None:
    first = plan(connection, "A", division(connection, DISTRICT))
    second = plan(connection, "B", division(connection, DISTRICT), {}, Template(plan_id=first))
    with pytest.raises(PlanRefused, match="inherits from itself"):
        save_draft(connection, first, Draft(own={}, template=Template(plan_id=second)), WRITER)


def test_what_may_be_inherited_from(connection: Connection) -> None:
    plan(connection, "FLD-02", None)
    plan(connection, "D-1", division(connection, DISTRICT))
    plan(connection, "T-1", division(connection, TOWNSHIP))
    found = [(one.code, one.is_shipped, one.is_template) for one in choices(connection, NOW)]
    assert sorted(found) == [
        ("D-1", False, False), ("ELD-03", True, False), ("FLD-02", False, False), ("GAS-04", True, False),
        ("GEO-01", True, True),
    ]  # fmt: skip


def test_every_act_is_in_the_audit(connection: Connection) -> None:
    number = plan(connection, "FLD-09", None)
    save_draft(connection, number, Draft(own=BODY), WRITER)
    drop_draft(connection, number, WRITER)
    withdraw(connection, number, "并入", WRITER)
    acts = [(one.act, one.subject) for one in entries(connection, act="plan")]
    assert acts == [(act, str(number)) for act in (
        "plan.withdrawn", "plan.draft_dropped", "plan.drafted", "plan.published", "plan.added")]  # fmt: skip


def test_the_list_is_searched(connection: Connection) -> None:
    mine = division(connection, TOWNSHIP)
    plan(connection, "FLD-09", None)
    plan(connection, "FLD-09", mine, {"name": "寸滩内涝"}, Template(code="FLD-09"))
    add_plan(connection, "NEW", mine, Draft(own={}, template=Template(code="FLD-09")), WRITER)

    def codes(**asked: object) -> list[tuple[str, str | None]]:
        return [(one.code, one.division_name) for one in listed(connection, Asked(at=NOW, **asked))]  # type: ignore[arg-type]

    assert codes() == [("FLD-09", None), ("FLD-09", "寸滩街道"), ("NEW", "寸滩街道")]
    assert codes(q="内涝") == codes()[:2]
    assert codes(q="寸滩") == codes()[1:]
    assert codes(within=mine) == codes()[1:]
    assert codes(within=mine, around=True) == codes()
    assert codes(within=division(connection, OTHER_TOWNSHIP)) == []
    assert (codes(state="draft"), codes(state="in_force")) == (codes()[2:], codes()[:2])
    assert (codes(whose="city"), codes(whose="township")) == (codes()[:1], codes()[1:])
    assert codes(most=1, after=listed(connection, Asked(at=NOW))[0].id) == codes()[1:2]
