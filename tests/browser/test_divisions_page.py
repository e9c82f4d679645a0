"""Divisions in a browser: found by a name of any time, where anything belonged, one with its life, totals by maps."""

import io
from datetime import UTC, datetime
from typing import Any

import httpx
import openpyxl
import pytest
from playwright.sync_api import Page

from config.database import Connection
from geo.lineage import find
from tests.browser.accounts import signed_in
from tests.browser.axe import violations
from tests.browser.conftest import LIMIT_MS, SCREENSHOTS, OpenScreen, Running, Serve
from tests.browser.test_accounts_page import as_, client_of
from tests.browser.test_people_page import SIZES
from tests.database.clocks_ground import alert, event, run

THEN = datetime(2024, 7, 1, tzinfo=UTC)


def shoot(page: Page, name: str) -> None:
    """A picture of the whole page, once its fonts have come."""
    page.evaluate("document.fonts.ready")
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


def number_of(city: Connection, name: str) -> int:
    return next(one.id for one in find(city, name) if one.name == name)


@pytest.fixture
def running(city_url: str, city: Connection, serve: Serve) -> Running:
    """With history: alerts, a run and events of 2024 in streets of Jiangbei and Yubei."""
    cuntan, renhe = number_of(city, "寸滩街道"), number_of(city, "人和街道")
    city.execute("update alerts set exercise = false")
    for grade in ("red", "orange"):
        sensor = city.execute("select id from sensors where name = 'cuntan'").fetchone()
        assert sensor is not None
        alert(city, THEN, sensor_id=sensor[0], within=cuntan, grade=grade)
    alert(city, THEN, within=renhe)
    run(city, cuntan, THEN)
    event(city, renhe, THEN)
    return serve(city_url)


def test_from_an_old_name_to_its_life(city: Connection, running: Running, new_screen: OpenScreen) -> None:
    viewer = signed_in(city, "viewer", [("screen", None)])
    page = as_(new_screen, viewer)
    page.goto(f"{running.url}divisions")
    page.fill("#find input[name=q]", "500105005")  # the code that it had in Jiangbei
    page.click("#find button")
    assert page.inner_text("#found tbody").split()[:3] == ["寸滩街道", "500157004", "镇街"]
    shoot(page, "divisions-found-desk-zh")
    page.click("#found a")
    clocks = page.inner_text("#clocks")
    assert "属 江北区" in clocks and "属 两江新区" in clocks and "2025-11-06 前" in clocks
    assert "划转" in page.inner_text("#changes") and "江北区 → 两江新区" in page.inner_text("#changes")
    page.wait_for_selector("#outlines[data-drawn='1']", timeout=LIMIT_MS)
    assert violations(page) == []
    shoot(page, "division-township-desk-zh")
    page.goto(f"{running.url}divisions/{number_of(city, '渝北区')}")
    assert page.locator("#gone").count() == 1
    assert "62.1%" in page.inner_text("#after") and "25 个下级区划划出" in page.inner_text("#after")
    page.goto(f"{running.url}divisions/{number_of(city, '北碚区')}?lang=en")
    page.wait_for_selector("#outlines[data-drawn='2']", timeout=LIMIT_MS)  # then and now
    assert "5 divisions came" in page.inner_text("#before")
    shoot(page, "division-district-desk-en")
    page.select_option("#then", index=1)  # as it is today: one outline is left
    page.wait_for_selector("#outlines[data-drawn='1']", timeout=LIMIT_MS)


def test_where_a_position_and_a_sensor_belonged(city: Connection, running: Running, new_screen: OpenScreen) -> None:
    page = as_(new_screen, signed_in(city, "viewer", [("screen", None)]))
    page.goto(f"{running.url}divisions")
    for asked in ("106.60, 29.62", "cuntan"):
        page.fill("#where input[name=place]", asked)
        page.fill("#where input[name=at]", "2024-07-01")
        page.click("#where button")
        assert "江北区 500105" in page.inner_text("#belongs-then")
        assert "两江新区 500157" in page.inner_text("#belongs-today")
        assert "当时系统中尚无记录" in page.inner_text("#belongs-known")
    assert violations(page) == []
    shoot(page, "divisions-where-desk-zh")
    page.fill("#where input[name=place]", "没有这个")
    page.click("#where button")
    assert "既不是经纬度" in page.inner_text("[role=alert]")


def test_totals_under_either_map_have_one_sum(city: Connection, running: Running, new_screen: OpenScreen) -> None:
    page = as_(new_screen, signed_in(city, "viewer", [("screen", None)]))
    page.goto(f"{running.url}divisions/totals?what=alerts&from=2024-01-01&to=2024-12-31")
    rows = page.inner_text("#totals tbody")
    assert "江北区" in rows and "渝北区" in rows and "两江新区" in rows
    assert page.inner_text("#sums").count(" 3") == 2
    bars = page.evaluate("[...document.querySelectorAll('#totals rect')].map((one) => one.getAttribute('width'))")
    assert len(bars) == 6 and "100.0" in bars
    assert violations(page) == []
    shoot(page, "divisions-totals-desk-zh")
    phone = as_(new_screen, signed_in(city, "phone", [("screen", None)]), SIZES["phone"])
    phone.goto(f"{running.url}divisions/totals?what=alerts&from=2024-01-01&to=2024-12-31&lang=en")
    shoot(phone, "divisions-totals-phone-en")
    phone.goto(f"{running.url}divisions/{number_of(city, '两江新区')}")
    phone.wait_for_selector("#outlines[data-drawn]", timeout=LIMIT_MS)
    shoot(phone, "division-phone-zh")


def test_the_api_tells_the_three_views(city: Connection, running: Running) -> None:
    everything = signed_in(city, "all", [("commander", None)])
    with client_of(running, everything) as client:
        told = _told(client, "api/boundaries/belonging?lon=106.60&lat=29.62&at=2024-07-01T00:00:00%2B08:00")
        assert [one["name"] for one in told["then"]["divisions"]] == ["重庆市", "江北区", "寸滩街道"]
        assert [one["code"] for one in told["today"]["divisions"]] == ["500000", "500157", "500157004"]
        assert told["known_then"]["divisions"] == []
        assert _told(client, "api/boundaries/belonging?sensor=cuntan&at=2024-07-01T00:00:00Z")["today"] == told["today"]
        for what, table in (("alert", "alerts"), ("run", "plan_runs"), ("event", "events")):
            query = {"alerts": "select max(id) from alerts", "plan_runs": "select max(id) from plan_runs",
                     "events": "select max(id) from events"}[table]  # fmt: skip
            row = city.execute(query).fetchone()
            assert row is not None
            found = _told(client, f"api/boundaries/belonging?{what}={row[0]}")
            names = [one["name"] for one in found["then"]["divisions"]]
            assert names[1] in ("江北区", "渝北区")
            assert found["today"]["divisions"][1]["name"] == "两江新区"
        for wrong in ("", "lon=1", "sensor=cuntan&alert=1", "alert=1&at=2024-07-01T00:00:00Z", "lon=nan&lat=1"):
            assert client.get(f"api/boundaries/belonging?{wrong}").status_code == 422, wrong
        for unknown in ("alert=99999", "event=99999", "run=99999", "sensor=none"):
            assert client.get(f"api/boundaries/belonging?{unknown}").status_code == 404, unknown
        sums = {}
        for on_map in ("then", "today", "2024-01-01"):
            path = f"api/boundaries/totals?what=alerts&level=district&from=2024-01-01&to=2024-12-31&map={on_map}"
            found = _told(client, path)
            sums[on_map] = {one["name"]: one["count"] for one in found["totals"]}, found["sum"]
        assert {total for _, total in sums.values()} == {3}
        assert set(sums["today"][0]) == {"两江新区"} and set(sums["then"][0]) == {"江北区", "渝北区"}
        assert sums["2024-01-01"] == sums["then"]
        answer = client.get(path.replace("totals?", "totals.xlsx?"))
        sheet = openpyxl.load_workbook(io.BytesIO(answer.content))["按月"]
        assert [cell.value for cell in sheet[4]][:3] == ["500105", "江北区", "重庆市"]
        assert client.get(path.replace("to=2024-12-31", "to=2023-12-31")).status_code == 422


def test_what_lies_outside_of_the_scope_is_not_there(city: Connection, running: Running) -> None:
    elsewhere = signed_in(city, "elsewhere", [("screen", number_of(city, "渝中区"))])
    with client_of(running, elsewhere) as client:
        assert client.get("api/boundaries/belonging?sensor=cuntan").status_code == 404
        assert client.get("api/boundaries/belonging?sensor=chaotianmen").status_code == 200
        path = "api/boundaries/totals?what=alerts&level=district&from=2024-01-01&to=2024-12-31&map=today"
        assert _told(client, path)["sum"] == 0


def test_readings_are_counted_in_the_scope(city: Connection, running: Running) -> None:
    city.execute("select ensure_readings_partition('2024-07-01')")
    city.execute(
        "insert into readings select id, %s::timestamptz + minute * interval '1 minute', 1, false, true"
        " from sensors, generate_series(0, 99) minute", (THEN,),
    )  # fmt: skip
    city.execute("select mark_rollups(array_agg(distinct date_trunc('hour', time, 'UTC'))) from readings")
    whole = city.execute("select count(*) from readings").fetchone()
    assert whole is not None and whole[0] > 200
    some = signed_in(city, "some", [("screen", number_of(city, "渝中区"))])
    path = "api/boundaries/totals?what=readings&level=district&from=2024-01-01&to=2024-12-31"
    for who, expected in ((some, 200), (signed_in(city, "all", [("screen", None)]), whole[0])):
        with client_of(running, who) as client:
            for on_map in ("then", "today"):
                assert _told(client, f"{path}&map={on_map}")["sum"] == expected


def test_a_right_for_less_than_the_map_reaches_no_further(city: Connection, running: Running) -> None:
    """Whoever sees the whole map, and alerts of one district alone, has those of the district counted."""
    path = "api/boundaries/totals?what=alerts&level=district&from=2024-01-01&to=2024-12-31"
    newest = city.execute("select max(id) from alerts").fetchone()
    assert newest is not None
    with client_of(running, signed_in(city, "map", [("planner", None)])) as client:
        assert client.get(path).status_code == 403
        assert client.get(f"api/boundaries/belonging?alert={newest[0]}").status_code == 403
    for name, count, status in (("渝中区", 0, 404), ("两江新区", 3, 200)):
        roles = [("planner", None), ("screen", number_of(city, name))]
        with client_of(running, signed_in(city, f"of-{count}", roles)) as client:
            assert _told(client, path)["sum"] == count
            assert client.get(f"api/boundaries/belonging?alert={newest[0]}").status_code == status


def _told(client: httpx.Client, path: str) -> Any:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()
