"""What the screen is told of what needs a person now: waiting incidents, answers, silence, the ledger, the tour."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from psycopg.types.json import Jsonb

from access.vault import Vault
from alerts import subjects
from alerts.actors import actor_of
from alerts.acts import acknowledge
from config.database import Connection
from tests.browser import seed
from tests.browser.accounts import SignedIn, signed_in
from tests.browser.conftest import Running, Serve
from tests.browser.run_ground import RunGround, run_ground
from tests.browser.signing import new_vault
from tests.browser.test_api import ask_json


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return new_vault(tmp_path)


@pytest.fixture
def ground(city: Connection, vault: Vault) -> RunGround:
    return run_ground(city, vault)


def json_as(running: Running, who: SignedIn, path: str) -> Any:
    """The JSON of an answer to somebody."""
    return httpx.get(f"{running.url}{path}", headers=who.headers, timeout=30).json()


def silence(city: Connection, kind: str, number: int, township: int | None, hours: float) -> int:
    """An open alert that says that nothing comes from there since so many hours before the peak."""
    sensor = number if kind == "sensor" else None
    subject = subjects.of(kind, number)  # type: ignore[arg-type]
    at = seed.PEAK - timedelta(hours=hours)
    row = city.execute(
        "insert into alerts (rule_id, family, subject, sensor_id, kind, township_id, level, peak, state, opened_at,"
        " changed_at) values ('device-offline', 'device', %s, %s, 'silence', %s, 'blue', 'blue', 'open', %s, %s)"
        " returning id",
        (subject, sensor, township, at, at),
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_incidents_wait_until_somebody_answers(city_url: str, city: Connection, serve: Serve) -> None:
    seed.seed_readings(city)
    first = seed.open_alert(city, "caiyuanba", "orange", 193.0, seed.PEAK - timedelta(minutes=5))
    older = seed.open_alert(city, "beibei3", "orange", 198.0, seed.PEAK - timedelta(minutes=40))
    worst = seed.open_alert(city, "wulong", "red", 199.0, seed.PEAK - timedelta(minutes=1))
    seed.group_alerts(city, [first, older, worst])
    running = serve(city_url)
    told = ask_json(running, "api/now")
    assert [(one["label"], one["waiting"], one["open_alerts"]) for one in told["incidents"]] == [
        ("武隆", 1, 1),
        ("北碚(三)", 1, 1),
        ("菜园坝", 1, 1),
    ]
    assert told["incident_count"] == 3
    assert told["incidents"][1]["waiting_since"] == "2020-08-19T23:35:00Z"
    assert told["incidents"][0]["alert_ids"] == [worst]
    acknowledge(city, older, actor=actor_of(city, "林"))
    after = ask_json(running, "api/now")["incidents"]
    assert [one["label"] for one in after] == ["武隆", "菜园坝", "北碚(三)"]  # who is answered waits no more
    assert (after[2]["waiting"], after[2]["waiting_since"], after[2]["acknowledged"]) == (0, None, 1)


def test_who_was_called_and_who_answered_by_name_for_those_who_may_see_it(
    city_url: str, city: Connection, serve: Serve, vault: Vault, ground: RunGround
) -> None:
    run = ground.start()
    ground.climb()
    ground.tap(ground.assignment(run, "T2", "first"), "acknowledged", "张强")
    running = serve(city_url, vault=vault)
    (lane,) = ask_json(running, "api/now")["lanes"]
    task = next(one for one in lane["tasks"] if one["key"] == "T2")
    assert (task["called"], task["answered"]) == (2, 1)
    assert [(one["place"], one["who"], one["acknowledged_at"] is None) for one in task["places"]] == [
        ("金蓉二网格", "陈静", True),  # who has not answered comes first
        ("金蓉一网格", "张强", False),
    ]
    assert {one["channel"] for one in task["places"][0]["channels"]} >= {"sms"}
    wall = signed_in(city, "wall", [("screen", None)], kind="screen")
    (seen,) = json_as(running, wall, "api/now")["lanes"]
    assert seen["answered"] == lane["answered"]
    assert {one["who"] for task in seen["tasks"] for one in task["places"]} == {None}
    city.execute("update plan_runs set plan = jsonb_set(plan, '{privacy}', '{\"show_on_wall\": false}')")
    assert ask_json(running, "api/now")["lanes"] == []


def test_what_is_silent_is_named_the_longest_first_and_counted_with_its_gateway(
    city_url: str, city: Connection, serve: Serve
) -> None:
    seed.seed_readings(city)
    where = seed.township_id(city, "武隆区", "凤山街道")
    row = city.execute("insert into devices (name) values ('gate-7') returning id").fetchone()
    assert row is not None
    city.execute("update devices set gateway = 'gate-7' where name in ('caijia', 'xiaoheba')")
    gate = silence(city, "gateway", row[0], None, 2)
    behind = silence(city, "sensor", seed.sensor_id(city, "caijia"), None, 2)
    city.execute("update alerts set inhibited_by = %s where id = %s", (gate, behind))
    city.execute(
        "delete from readings where sensor_id = %s and time > %s",
        (seed.sensor_id(city, "zhutuo3"), seed.PEAK - timedelta(hours=30)),
    )
    silence(city, "sensor", seed.sensor_id(city, "wulong"), where, 1)
    silence(city, "sensor", seed.sensor_id(city, "zhutuo3"), None, 1)
    silent = ask_json(serve(city_url), "api/now")["silent"]
    assert (silent["gateways"], silent["sensors"]) == (1, 3)
    assert [(one["kind"], one["name"], one["behind"], one["district"]) for one in silent["named"]] == [
        ("gateway", "gate-7", 2, None),
        ("sensor", "朱沱(三)", 0, None),
        ("sensor", "武隆", 0, "武隆区"),
    ]
    assert silent["named"][1]["since"] == "2020-08-18T18:15:00Z"  # its last reading


def test_how_the_ledger_stands(city_url: str, city: Connection, serve: Serve) -> None:
    seed.seed_readings(city)
    running = serve(city_url)
    assert ask_json(running, "api/now")["ledger"]["balanced"] is None
    account = {"name": "readings", "difference": -3, "balanced": False, "missing": ["hour …"]}
    city.execute(
        "insert into ledger_checks (kind, since, until, took_s, balanced, accounts)"
        " values ('span', '2026-05-03', '2026-05-04', 0.1, false, %s)",
        (Jsonb([account]),),
    )
    ledger = ask_json(running, "api/now")["ledger"]
    assert (ledger["balanced"], ledger["missing"]) == (False, [{"name": "readings", "difference": 3}])
    assert (ledger["since"], ledger["until"]) == ("2026-05-03T00:00:00+00:00", "2026-05-04T00:00:00+00:00")


def test_the_stage_is_told_the_ground_and_the_plan(
    city_url: str, city: Connection, serve: Serve, vault: Vault, ground: RunGround
) -> None:
    seed.seed_readings(city)
    alert = seed.open_alert(city, "ciqikou", "red", 194.29, seed.PEAK)
    seed.group_alerts(city, [alert])
    run = ground.start(level="red")
    city.execute("insert into run_alerts (run_id, alert_id, joined_at) values (%s, %s, %s)", (run, alert, seed.PEAK))
    city.execute(
        "insert into residents (id, division_id, kind, valid)"
        " values (gen_random_uuid(), %s, 'elder', tstzrange('2020-01-01', null))",
        (ground.places["first"],),
    )
    (incident,) = city.execute("select id from incidents").fetchone() or (0,)
    running = serve(city_url, vault=vault)
    told = ask_json(running, f"api/now/incidents/{incident}")
    assert [(one["label"], one["state"]) for one in told["alerts"]] == [("磁器口", "open")]
    own = [one["properties"]["name"] for one in told["ground"]["features"] if not one["properties"]["touching"]]
    assert own == ["磁器口街道"]
    assert sum(one["properties"]["touching"] for one in told["ground"]["features"]) >= 3
    assert [one["id"] for one in told["lanes"]] == [run]
    assert told["plans"][0]["shelters"] == [{"id": "S2", "name": "社区中心", "capacity": 200}]
    assert (told["in_need"], told["may_act"]) == ({"elder": 1}, True)
    assert ask_json(running, "api/now")["incidents"][0]["runs"] == [run]
    wall = signed_in(city, "wall", [("screen", None)], kind="screen")
    assert json_as(running, wall, f"api/now/incidents/{incident}")["may_act"] is False
    elsewhere = signed_in(city, "far", [("duty_officer", seed.township_id(city, "武隆区", "凤山街道"))])
    answer = httpx.get(f"{running.url}api/now/incidents/{incident}", headers=elsewhere.headers, timeout=30)
    assert answer.status_code == 404


def test_where_nothing_measures_and_what_the_rules_mean(city_url: str, city: Connection, serve: Serve) -> None:
    seed.seed_readings(city)
    running = serve(city_url)
    told = ask_json(running, "api/now/standing")
    assert told["blind"] == {
        "townships": 1031 - 11,
        "all_of_them": 1031,
        "unheard": 0,
        "unplaced": 2,  # two of the gauges stand nowhere
    }
    assert told["bands"]["combustible_gas"][0] == {"level": "yellow", "value": 10.0, "sum_h": None}
    rain = [(one["level"], one["value"], one["sum_h"]) for one in told["bands"]["rain"]]  # of what falls in an hour
    assert rain == [("blue", 35.0, 1.0), ("yellow", 45.0, 1.0), ("orange", 60.0, 1.0), ("red", 80.0, 1.0)]


def test_the_tour_goes_through_the_districts(
    city_url: str, city: Connection, serve: Serve, vault: Vault, ground: RunGround
) -> None:
    seed.seed_readings(city)
    running = serve(city_url, vault=vault)
    places = ask_json(running, "api/now/tour")["places"]
    assert len(places) > 35
    here = next(one for one in places if one["name"] == "沙坪坝区")
    stop = ask_json(running, f"api/now/tour/{here['id']}")
    assert (stop["sensors"], [one["name"] for one in stop["last"]]) == (1, ["磁器口"])
    assert {"zh": "值班员", "en": "Duty officer", "people": 1} in stop["duty"] or stop["duty"]
    assert ground.people
