"""Bodies of plans: one way of writing them down, what is inherited, and files that give back what they were made of."""

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.plan_bodies import canonical, own_of
from alerts.plan_files_in import Read, read_yaml
from alerts.plan_files_out import FilePlan, yaml_of
from alerts.plan_inherit import inherited, inherited_plan
from alerts.plan_library import shipped_plans, shipped_templates
from alerts.plan_sheets_in import read_workbook
from alerts.plan_sheets_out import workbook_of
from alerts.plans import Plan, body_of_plan

# What spreadsheets and YAML take for something else, and what nobody thought of.
SIGNS = "预案撤离Tt01 9:{}[]=+-@'\"#、，,;；?!|>&*%~`^\\/<._$😀é\u00a0\u3000"
texts = st.one_of(
    st.text(SIGNS, min_size=1, max_size=12),
    st.sampled_from(
        ["yes", "是", "null", "~", "2026-01-01", "1e5", "0x1f", "=1+1", "- a", "T1、T2", "T1\nT2", "{a: 1}"]
    ),
).map(lambda text: canonical({"name": text}).get("name", "空"))
minutes = st.integers(1, 600)
levels = st.sampled_from(["blue", "yellow", "orange", "red"])
responses = st.sampled_from(["IV", "III", "II", "I"])
parts: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.fixed_dictionaries({"rule": st.integers(1, 999), "level": levels}),
        st.fixed_dictionaries({"official": texts}, optional={"level": levels}),
        st.fixed_dictionaries({"report": texts}),
    ),
    lambda below: st.one_of(
        st.fixed_dictionaries({one: st.lists(below, min_size=1, max_size=3)}) for one in ("any", "all")
    ),
    max_leaves=5,
)
conditions = st.one_of(
    texts,
    st.fixed_dictionaries({"below": levels, "for_h": minutes}),
    st.fixed_dictionaries({"rate_over": st.floats(0.1, 9), "unit": st.just("m/h")}),
    st.fixed_dictionaries({"stage_below_warning_m": st.just(0.2), "falling": st.booleans()}),
)


lines = texts.map(lambda text: " ".join(text.split("\n")))
lists = st.lists(lines, min_size=1, max_size=3)


def unique(items: st.SearchStrategy[dict[str, Any]], low: int) -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(items, min_size=low, max_size=4, unique_by=lambda one: one["id"])


task = st.fixed_dictionaries(
    {"id": st.sampled_from(["T1", "T2", "T3", "T4", "T5"]), "post": texts, "do": texts, "limit_min": minutes},
    optional={"backup": texts, "limit_min_red": minutes, "repeat_min": minutes, "from_level": responses,
              "evidence": texts, "after": lists, "result": lists},
)  # fmt: skip
bodies = st.fixed_dictionaries(
    {
        "name": texts,
        "trigger": st.builds(
            lambda part, more: {**part, **more}, parts,
            st.fixed_dictionaries({}, optional={"confirm_within_min": minutes, "suppress": lists}),
        ),
        "command": st.dictionaries(st.sampled_from(["commander", "a", "b", "总值班"]), texts, min_size=1),
        "levels": st.dictionaries(responses, texts, min_size=1),
        "tasks": unique(task, 1),
        "terminate": st.builds(lambda one, told: {"by": "commander", one: told}, st.sampled_from(["any", "all"]),
                               st.lists(conditions, min_size=1, max_size=3)),
        "review": st.fixed_dictionaries({"due_h": minutes, "items": lists}),
    },
    optional={
        "threatened": st.dictionaries(
            st.sampled_from(["persons", "households", "船只"]), st.integers(0, 99), min_size=1
        ),
        "routes": unique(st.fixed_dictionaries(
            {"id": st.sampled_from(["R1", "R2"]), "avoid": texts, "to": texts},
            optional={"way": st.sampled_from(["106.571,29.557 106.579,29.560", "106.5,29.5"])}), 1),
        "shelters": unique(st.fixed_dictionaries(
            {"id": st.sampled_from(["S1", "S2", "S3"]), "name": texts, "capacity": minutes}), 1),
        "resources": st.lists(
            st.fixed_dictionaries({"item": texts, "count": st.integers(0, 99)}), min_size=1, max_size=3),
        "notify": lists,
        "upgrade": st.lists(conditions, min_size=1, max_size=3),
        "privacy": st.fixed_dictionaries({"show_on_wall": st.booleans(), "map": st.sampled_from(["point", "grid"]),
                                          "delete_after_close_d": st.integers(0, 99)}),
    },
).map(canonical)  # fmt: skip


@settings(max_examples=40)
@given(bodies)
def test_a_body_has_one_way_of_being_written(body: dict[str, Any]) -> None:
    msgspec.convert({"id": "P", **body}, Plan)
    assert canonical(body) == body
    again = canonical(body_of_plan(msgspec.convert({"id": "P", **body}, Plan)))
    assert again == body
    assert list(again) == list(body)


@settings(max_examples=40)
@given(bodies, bodies)
def test_what_is_own_and_what_is_inherited_make_the_whole(template: dict[str, Any], whole: dict[str, Any]) -> None:
    own = own_of(template, whole)
    made = canonical(inherited(template, own))
    assert {key: value for key, value in made.items() if key not in ("tasks", "routes", "shelters")} == {
        key: value for key, value in whole.items() if key not in ("tasks", "routes", "shelters")
    }
    for key in ("tasks", "routes", "shelters"):  # those of the template come first
        assert {one["id"]: one for one in made.get(key, [])} == {one["id"]: one for one in whole.get(key, [])}
    assert canonical(inherited(template, own_of(template, made))) == made
    assert own_of(whole, whole) == {}
    plan = msgspec.convert({"id": "T", **template}, Plan)
    assert inherited_plan(plan, own, "P") == msgspec.convert({**made, "id": "P"}, Plan)


@settings(max_examples=20)
@given(bodies, bodies)
def test_files_give_back_what_they_were_made_of(template: dict[str, Any], whole: dict[str, Any]) -> None:
    plans = [
        FilePlan(code="P-1", body=whole),
        FilePlan(code="P-1", division="500105009", template="P-0@500105", note="说明", body=own_of(template, whole)),
        FilePlan(code="P-0", is_template=True, body=template),
    ]
    for read in (read_yaml("plans.yaml", yaml_of(plans)), read_workbook("plans.xlsx", workbook_of(plans))):
        same(read, plans)


def same(read: Read, plans: list[FilePlan]) -> None:
    assert read.faults == []
    assert [plan.told() for plan in read.plans] == [plan.told() for plan in plans]


def test_the_shipped_plans_go_through_files() -> None:
    plans = [
        FilePlan(code=plan.id, body=canonical(body_of_plan(plan))) for plan in (*shipped_plans(), *shipped_templates())
    ]
    assert [plan.code for plan in plans] == ["ELD-03", "FLD-02", "GAS-04", "GEO-01"]
    same(read_yaml("plans.yaml", yaml_of(plans)), plans)
    same(read_workbook("plans.xlsx", workbook_of(plans)), plans)
