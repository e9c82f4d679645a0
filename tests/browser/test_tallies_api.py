"""Tallies, the way down to a division and search over HTTP: their contracts, in one's scope, and what is refused."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from config.database import Connection
from tests.browser.accounts import signed_in
from tests.browser.conftest import Running, Serve
from tests.database.out_seed import DISTRICT, GRID, OTHER_DISTRICT, OTHER_TOWNSHIP, SENSOR, TOWNSHIP
from tests.database.rights_city import SECOND_TOWNSHIP, VILLAGE, VILLAGE_GRID, RightsCity, seed_rights_city

COLUMNS = ["id", "red", "orange", "yellow", "blue", "sensors", "silent", "answer_s", "load"]


@pytest.fixture
def city(connection: Connection) -> RightsCity:
    return seed_rights_city(connection)


@pytest.fixture
def running(database_url: str, city: RightsCity, serve: Serve) -> Running:
    return serve(database_url)


@pytest.fixture
def client(running: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running.url, headers=running.headers, timeout=60) as opened:
        yield opened


@pytest.fixture
def official(running: Running, connection: Connection, city: RightsCity) -> Iterator[httpx.Client]:
    """Somebody of one township."""
    headers = signed_in(connection, "official", [("duty_officer", city.divisions[TOWNSHIP])]).headers
    with httpx.Client(base_url=running.url, headers=headers, timeout=60) as opened:
        yield opened


def tallies(client: httpx.Client, **asked: Any) -> dict[int, dict[str, Any]]:
    answer = client.get("api/tallies", params=asked)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["columns"] == COLUMNS and told["level"] == asked["level"] and told["at"].endswith("Z")
    return {row[0]: dict(zip(COLUMNS, row, strict=True)) for row in told["rows"]}


def found(client: httpx.Client, asked: str) -> list[dict[str, Any]]:
    answer = client.get("api/search", params={"q": asked})
    assert answer.status_code == 200, answer.text
    return answer.json()["found"]  # type: ignore[no-any-return]


def test_tallies_of_each_level_have_a_row_for_each_division(client: httpx.Client, city: RightsCity) -> None:
    at = city.divisions
    assert tallies(client, level="district").keys() == {at[DISTRICT], at[OTHER_DISTRICT]}
    townships = tallies(client, level="township")
    assert townships.keys() == {at[TOWNSHIP], at[SECOND_TOWNSHIP], at[OTHER_TOWNSHIP]}
    assert tallies(client, level="township", **{"in": at[DISTRICT]}) == {
        number: townships[number] for number in (at[TOWNSHIP], at[SECOND_TOWNSHIP])
    }
    assert tallies(client, level="village", **{"in": at[TOWNSHIP]}).keys() == {at[VILLAGE]}
    assert tallies(client, level="grid", **{"in": at[TOWNSHIP]}).keys() == {at[GRID], at[VILLAGE_GRID]}
    assert tallies(client, level="grid", **{"in": at[VILLAGE]}).keys() == {at[VILLAGE_GRID]}


def test_the_way_leads_from_the_district_down(client: httpx.Client, city: RightsCity) -> None:
    told = client.get("api/path", params={"in": city.divisions[VILLAGE_GRID]}).json()
    assert [one["code"] for one in told["path"]] == [DISTRICT, TOWNSHIP, VILLAGE, VILLAGE_GRID]
    assert [one["level"] for one in told["path"]] == ["district", "township", "village", "grid"]
    west, south, east, north = told["path"][1]["bounds"]
    assert west < 106.6 < east and south < 29.62 < north
    assert told["path"][0]["bounds"] is None and told["below"] is None
    whole = client.get("api/path").json()
    assert whole["path"] == [] and whole["city"]["name"] == "重庆市"
    assert client.get("api/path", params={"in": city.divisions[DISTRICT]}).json()["below"] == "township"


def test_nothing_beyond_the_scope_is_told(official: httpx.Client, city: RightsCity) -> None:
    at = city.divisions
    assert tallies(official, level="township").keys() == {at[TOWNSHIP]}
    assert tallies(official, level="district") == {}
    for path in ("api/path", "api/tallies?level=grid"):
        separator = "&" if "?" in path else "?"
        for number in (at[OTHER_TOWNSHIP], 2**31 - 1):
            answer = official.get(f"{path}{separator}in={number}")
            assert (answer.status_code, answer.json()["error"]) == (404, "no such division")
    assert official.get("api/path", params={"in": at[DISTRICT]}).status_code == 200  # it lies in it
    assert {one["id"] for one in found(official, "街道")} == {at[TOWNSHIP]}
    assert found(official, "磁器口") == [] == found(official, "gas-b")


def test_what_cannot_be_asked_is_refused(client: httpx.Client, city: RightsCity) -> None:
    at = city.divisions
    for path in (
        "api/tallies", "api/tallies?level=city", "api/tallies?level=grid", f"api/tallies?level=grid&in={at[DISTRICT]}",
        f"api/tallies?level=village&in={at[GRID]}", "api/tallies?level=township&in=0", "api/path?in=x",
        "api/path?in=99999999999", f"api/search?q={'长' * 61}",
    ):  # fmt: skip
        assert client.get(path).status_code == 422, path
    assert httpx.get(f"{client.base_url}api/search?q=x").status_code == 401


def test_what_is_found_has_all_that_the_page_shows(client: httpx.Client, city: RightsCity) -> None:
    at = city.divisions
    township, sensor = found(client, "寸滩")[:2]
    assert township | {"lon": 0, "lat": 0} == {
        "kind": "township", "id": at[TOWNSHIP], "title": "寸滩街道", "note": "江北区", "in": at[TOWNSHIP], "lon": 0,
        "lat": 0, "sensor": None,
    }  # fmt: skip
    assert township["lon"] == pytest.approx(106.6, abs=0.03)
    assert sensor == {
        "kind": "sensor", "id": city.sensors[SENSOR], "title": "寸滩", "note": "cuntan 江北区 寸滩街道",
        "in": at[TOWNSHIP], "lon": 106.6, "lat": 29.62, "sensor": None,
    }  # fmt: skip
    assert found(client, "") == [] == found(client, "  ") == found(client, "查无此处")


def test_a_new_name_is_found(client: httpx.Client, city: RightsCity, connection: Connection) -> None:
    assert found(client, "qinggangjie") == []
    connection.execute(
        "update division_versions set name = '青杠街道' where division_id = %s", (city.divisions[SECOND_TOWNSHIP],)
    )
    deadline = time.monotonic() + 30
    while [one["id"] for one in found(client, "qinggangjie")] != [city.divisions[SECOND_TOWNSHIP]]:
        assert time.monotonic() < deadline
    assert found(client, "石马河") == []
