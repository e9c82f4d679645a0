"""Proposed networks over HTTP: listed, drawn, taken over into a draft, each within one's scope."""

from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace

import httpx
import pytest
import shapely
from shapely.geometry import shape

from config.database import Connection
from config.generation_settings import GenerationSettings
from geo.generate_run import Wanted, Watch, run
from tests.browser.accounts import signed_in
from tests.browser.conftest import Serve
from tests.database.districts_seed import seed_districts

API = "/api/boundaries/proposals"


@pytest.fixture
def city(connection: Connection) -> SimpleNamespace:
    """Two townships of Yuzhong with a network each."""
    seed_districts(connection, "500103")
    ids = {}
    for name in ("解放碑街道", "菜园坝街道"):
        run(
            connection, Wanted(township=name, processes=1), GenerationSettings(), now=datetime.now(UTC), watch=Watch()
        )  # fmt: skip
        row = connection.execute("select division_id from division_versions where name = %s", (name,)).fetchone()
        assert row is not None
        ids[name] = row[0]
    return SimpleNamespace(own=ids["菜园坝街道"], foreign=ids["解放碑街道"])


@pytest.fixture
def client(connection: Connection, database_url: str, city: SimpleNamespace, serve: Serve) -> Iterator[httpx.Client]:
    planner = signed_in(connection, "planner", [("planner", city.own)])
    with httpx.Client(base_url=serve(database_url).url, timeout=60, headers=planner.headers) as opened:
        yield opened


def test_a_planner_sees_draws_and_takes_over_the_network_of_the_own_township(
    client: httpx.Client, city: SimpleNamespace
) -> None:
    (told,) = client.get(API).json()["proposals"]
    assert (told["township_id"], told["township"], told["mark"]) == (city.own, "菜园坝街道", "proposed")
    assert told["quality"]["not_contiguous"] == 0 and "OpenStreetMap" in told["attribution"]
    drawn = client.get(f"{API}/{city.own}").json()
    assert drawn["type"] == "FeatureCollection" and len(drawn["features"]) == told["grids"]
    assert shapely.coverage_is_valid([shape(one["geometry"]) for one in drawn["features"]])
    assert {one["properties"]["mark"] for one in drawn["features"]} == {"proposed"}
    assert drawn["features"][0]["properties"]["name"] == "第1网格"
    answer = client.post(f"{API}/{city.own}/adopt", json={})
    assert answer.status_code == 201, answer.text
    draft = answer.json()
    assert (draft["root"]["id"], draft["level"], draft["undo"]) == (city.own, "grid", 1)
    units = client.get(f"/api/boundaries/drafts/{draft['id']}/units").json()["units"]["features"]
    assert len(units) == told["grids"]
    findings = client.get(f"/api/boundaries/drafts/{draft['id']}/findings").json()["findings"]
    assert [one for one in findings if one["severity"] == "error"] == []
    assert client.get(API).json()["proposals"] == []
    again = client.post(f"{API}/{city.own}/adopt", json={})
    assert again.status_code == 404 and "方案" in again.json()["error_zh"]


def test_of_a_foreign_township_there_is_nothing(client: httpx.Client, city: SimpleNamespace) -> None:
    assert client.get(f"{API}/{city.foreign}").status_code == 404
    assert client.post(f"{API}/{city.foreign}/adopt", json={"remove_existing": True}).status_code == 404
    assert client.get(API, params={"under": city.foreign}).json()["proposals"] == []


@pytest.mark.parametrize("body", [{"remove_existing": "yes"}, {"title": "x" * 121}, {"what": 1}, []])
def test_what_is_no_wish_is_refused(client: httpx.Client, city: SimpleNamespace, body: object) -> None:
    assert client.post(f"{API}/{city.own}/adopt", json=body).status_code == 422
