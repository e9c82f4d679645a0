"""The commands about people, as a person types them; and the people of the demo."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner

from access import audit
from access.verify import verify
from config.database import Connection
from ingest.scenario import load_scenario
from people.demo import MARK, make_demo_people
from people.duty import on_duty
from people.holdings import hold_post
from people.persons import people
from people.private import open_private
from shijing import app
from tests.database.people_seed import GRID, NOW, TOWNSHIP, Town, town
from tests.database.plain_texts import plain_texts

Told = Callable[..., Any]


@pytest.fixture
def there(connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    made = town(connection, tmp_path)
    monkeypatch.setenv("SHIJING_ACCESS_KEY_FILE", str(made.vault.path))
    return made


@pytest.fixture
def told(database_url: str) -> Told:
    def run(*arguments: str, typed: str = "") -> Any:
        """The JSON of a command on the test's database."""
        done = CliRunner().invoke(app, [*arguments, "--json", "--database", database_url], input=typed)
        assert done.exit_code == 0, (done.output, done.exception)
        return json.loads(
            done.stdout.splitlines()[-1].partition("{")[1] + done.stdout.splitlines()[-1].partition("{")[2]
        )

    return run


def test_from_an_organisation_to_who_is_on_duty(connection: Connection, there: Town, told: Told) -> None:
    made = told(
        "organisation", "add", "fire", "消防站", "--kind", "bureau", "--parent", TOWNSHIP, "--division", TOWNSHIP
    )
    listed = told("organisation", "list")["organisations"]
    assert [(one["code"], one["parent_id"], len(one["divisions"])) for one in listed] == [
        (TOWNSHIP, None, 1), ("fire", there.organisation, 1)
    ]  # fmt: skip
    assert listed[1]["id"] == made["id"]
    since = (NOW - timedelta(days=1)).isoformat()
    person = told("people", "add", "1", "--organisation", "fire", "--since", since, typed="王建国\n")["id"]
    other = told(
        "people", "add", "2", "--organisation", "消防站", "--since", since, "--phone", "139 1234 5678",
        "--skill", "潜水", "--employment", "volunteer", "--name", "李翠花",
    )["id"]  # fmt: skip
    listed = told("people", "list", "--organisation", "fire")["people"]
    assert {one["staff_number"]: one["skills"] for one in listed} == {"1": [], "2": ["潜水"]}
    named = {one["id"]: one["name"] for one in told("people", "list", "--names", "--at", NOW.isoformat())["people"]}
    assert named == {person: "王建国", other: "李翠花"}
    hold_post(connection, UUID(person), "消防", there.divisions[TOWNSHIP], since=NOW - timedelta(hours=1))
    asked = ("duty", GRID, "--post", "消防", "--at", NOW.isoformat())
    [row] = told(*asked)["on_duty"]
    assert (row["person_id"], row["name"], row["why"], row["division"]) == (
        person,
        "王建国",
        "holder",
        f"区划{TOWNSHIP}",
    )
    told("absence", "add", "王建国", "--since", NOW.isoformat(), "--stand-in", "13912345678", "--kind", "sick")
    [row] = told(*asked)["on_duty"]
    assert (row["person_id"], row["why"], row["instead_of"]) == (other, "stand_in", person)
    assert told("people", "end", "fire/2", "--at", NOW.isoformat())["left"] == other
    assert told(*asked)["on_duty"] == []
    assert plain_texts(connection, ["王建国", "李翠花", "13912345678"]) == []
    assert len(audit.entries(connection, act="person.names_listed")) == 3


def test_without_json_it_is_lines_for_people(
    connection: Connection, database_url: str, there: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lines(*arguments: str) -> str:
        done = CliRunner().invoke(app, [*arguments, "--database", database_url])
        assert done.exit_code == 0, (done.output, done.exception)
        return done.stdout

    who = there.person(connection, "王建国")
    connection.execute(
        "insert into shifts (person_id, post, division_id, during)"
        " values (%s, 'duty_officer', %s, tstzrange('2020-01-01', '2040-01-01'))",
        (who, there.divisions[TOWNSHIP]),
    )
    assert f"王建国  区划{TOWNSHIP}  shift" in lines("duty", f"区划{GRID}")
    monkeypatch.delenv("SHIJING_ACCESS_KEY_FILE")
    assert f"{who}  区划{TOWNSHIP}  shift" in lines("duty", GRID)  # without a key: who it is stays an id
    assert str(who) in lines("people", "list")
    assert "nobody is on duty" in lines("duty", GRID, "--post", "物业")
    assert TOWNSHIP in lines("organisation", "list")


@pytest.mark.parametrize(("arguments", "said"), [
    (("duty", "nowhere"), "no division has the code or name 'nowhere'"),
    (("duty", GRID, "--post", "市长"), "there is no post '市长'"),
    (("duty", GRID, "--at", "yesterday"), "is no time"),
    (("people", "end", "nobody"), "no people are called so"),
    (("people", "list", "--organisation", "none"), "no organisation has the code or name 'none'"),
    (("organisation", "add", "x", "y", "--kind", "club"), "is no kind of organisation"),
])  # fmt: skip
def test_what_cannot_be_is_said(database_url: str, there: Town, arguments: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(app, [*arguments, "--database", database_url])
    assert done.exit_code != 0
    assert said in f"{done.output}{done.exception}"


def test_people_of_the_demo_are_invented_and_say_so(connection: Connection, there: Town) -> None:
    scenario = load_scenario("flood-2020-08")
    connection.execute(
        "with device as (insert into devices (name) values ('gauge') returning id), sensor as (insert into sensors"
        " (name, device_id, quantity, unit) select 'gauge', id, 'stage', 'm' from device returning id)"
        " insert into sensor_divisions (sensor_id, level, division_id, valid)"
        " select id, 'township', %s, tstzrange(null, null) from sensor",
        (there.divisions[TOWNSHIP],),
    )
    made = make_demo_people(connection, there.vault, begin=scenario.start, end=scenario.end)
    there_are = people(connection, scenario.live_from)
    assert made == len(there_are) == 14
    opened = open_private(connection, there.vault, [one.id for one in there_are])
    assert all(one.name.endswith(MARK) and one.phone.startswith("000") for one in opened.values())
    assert len({one.name for one in opened.values()}) == made
    on = on_duty(connection, there.divisions[GRID], scenario.live_from)
    assert [one.post for one in on if one.why == "shift"] == ["duty_officer"]
    assert {"commander", "grid_leader", "grid_worker", "hydrology"} <= {one.post for one in on}
    assert make_demo_people(connection, there.vault, begin=scenario.start, end=scenario.end) == 0
    assert verify(connection, there.vault).intact


def test_single_acts_about_posts_shifts_absences_and_the_end(connection: Connection, there: Town, told: Told) -> None:
    person = str(there.person(connection, "李娜"))
    later, end = (NOW + timedelta(days=3650)).isoformat(), (NOW + timedelta(days=3651)).isoformat()
    assert told("people", "hold", person, "值班长", "--division", TOWNSHIP)["holding"]
    told("people", "release", person, "值班长", "--division", TOWNSHIP, "--at", later)
    shift = told("roster", "add", person, "值班长", "--division", TOWNSHIP, "--since", later, "--until", end)["shift"]
    assert told("roster", "cancel", str(shift))["cancelled"] == shift
    away = told("absence", "add", person)["absence"]
    assert told("absence", "end", str(away), "--at", later)["ended"] == away
    told("people", "end", person)
    told("people", "erase", person, "--yes")
    told("people", "renew", person, "--since", later)
    acts = [entry.act for entry in audit.entries(connection, most=100)]
    assert {"post.held", "post.ended", "shift.added", "shift.cancelled", "absence.ended", "person.erased",
            "person.term_renewed"} <= set(acts)  # fmt: skip
