"""Incidents for people and other programs: `shijing incident` and /api/incidents."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from alerts.instants import aware, iso
from config.database import Connection
from config.settings import WebSettings
from shijing import app
from tests.browser.conftest import Running
from tests.database.out_seed import CITY, DISTRICT, GRID, OTHER_DISTRICT, OTHER_TOWNSHIP, TOWNSHIP, division, seed_city
from tests.database.test_incidents import MINUTE, START, change, incident_of, raised, touch


@pytest.fixture
def city(connection: Connection) -> dict[str, int]:
    """Three incidents, oldest first: a flood that took in another, a gas leak in a grid, one drill that is over."""
    seed_city(connection)
    here, there, grid = (division(connection, code) for code in (TOWNSHIP, OTHER_TOWNSHIP, GRID))
    connection.execute("insert into partitions (name, clock) values ('cq', %s)", (aware(START + 12 * MINUTE),))
    first = raised(connection, here, level="red", lon=106.6, lat=29.6)
    second = raised(connection, there, at=1)
    absorbed = incident_of(connection, second)
    touch(connection, "township", (here, there))
    raised(connection, here, at=10)
    gas = raised(connection, here, grid_id=grid, family="gas", level="orange", at=11)
    drill = raised(connection, there, family="heat", exercise=True, at=12)
    change(connection, drill, at=13, state="closed")
    numbers = {"flood": first, "gas": gas, "drill": drill}
    return {name: incident_of(connection, alert) for name, alert in numbers.items()} | {"absorbed": absorbed}


@pytest.fixture
def client(database_url: str, city: dict[str, int]) -> Iterator[httpx.Client]:
    running = Running(database_url, None, WebSettings(port=0))
    try:
        with httpx.Client(base_url=running.url, timeout=20, headers=running.headers) as opened:
            yield opened
    finally:
        running.stop()


def asked(client: httpx.Client, query: str) -> list[int]:
    answer = client.get(f"/api/incidents?{query}")
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["incidents"]]


def test_the_list_its_filters_and_its_pages(client: httpx.Client, city: dict[str, int]) -> None:
    flood, gas, drill = city["flood"], city["gas"], city["drill"]
    for query, found in {
        "": [drill, gas, flood],
        "level=red": [flood],
        "level=orange&level=yellow": [drill, gas],
        "state=open": [drill, gas, flood],
        "state=closed": [],
        "family=gas": [gas],
        "exercise=false": [gas, flood],
        f"division={CITY}": [drill, gas, flood],
        f"division={DISTRICT}": [gas, flood],
        f"division={OTHER_DISTRICT}": [drill, flood],
        f"division={GRID}": [gas],
        f"to={iso(START + 11 * MINUTE).replace('+', '%2B')}": [flood],
        f"from={iso(START + 11 * MINUTE)}": [drill, gas],  # a + that nobody escaped
    }.items():
        assert asked(client, query) == found, query
    seen, address = [], "/api/incidents?limit=1&exercise=false"
    while address:
        answer = client.get(address)
        seen += [one["id"] for one in answer.json()["incidents"]]
        address = answer.json()["next"]
        assert (f'<{address}>; rel="next"' == answer.headers.get("Link")) if address else "Link" not in answer.headers
    assert seen == [gas, flood]


def test_one_incident_in_full(client: httpx.Client, city: dict[str, int]) -> None:
    told = client.get(f"/api/incidents/{city['flood']}").json()
    assert (told["level"], told["peak"], told["state"], told["alerts"], told["open_alerts"]) == (
        "red",
        "red",
        "open",
        3,
        3,
    )
    assert told["alerts_per_minute"] == 0.1  # one in the ten minutes to 12: those of 0 and 1 are older
    assert told["spread"] is None
    assert [one["name"] for one in told["townships"]] == ["寸滩街道", "磁器口街道"]
    assert [one["parent"] for one in told["townships"]] == ["江北区", "沙坪坝区"]
    assert told["absorbed"] == [city["absorbed"]]
    assert [one["kind"] for one in told["story"]] == ["opened", "absorbed", "joined"]
    assert len(told["alert_ids"]) == 3
    assert client.get(f"/api/incidents/{city['absorbed']}").json() == told  # under its old number


def test_what_cannot_be_asked(client: httpx.Client) -> None:
    assert client.get("/api/incidents/999").status_code == 404
    for query in ("level=green", "division=12", "division=999999", "cursor=x", "colour=red", "limit=0"):
        answer = client.get(f"/api/incidents?{query}")
        assert answer.status_code == 422, query
        assert query.partition("=")[0] in answer.json()["error"]


def run(url: str, *words: str) -> Any:
    return CliRunner().invoke(app, ["incident", *words, "--database", url])


def test_the_command_line(database_url: str, city: dict[str, int]) -> None:
    listed = json.loads(run(database_url, "list", "--json").output)["incidents"]
    assert [one["id"] for one in listed] == [city["drill"], city["gas"], city["flood"]]
    lines = run(database_url, "list").output.splitlines()
    assert "EXERCISE heat" in lines[0]
    assert "red" in lines[2] and "3 alerts (3 open, 0.1/min) in 2 townships" in lines[2]
    shown = run(database_url, "show", str(city["absorbed"])).output
    assert "江北区 寸滩街道, 沙坪坝区 磁器口街道" in shown
    assert f"absorbed ({city['absorbed']})" in shown
    assert json.loads(run(database_url, "show", str(city["gas"]), "--json").output)["grids"][0]["name"] == "第一网格"
    wrong = run(database_url, "show", "999")
    assert wrong.exit_code == 2 and "there is no incident 999" in wrong.output
    assert "is no level" in run(database_url, "list", "--level", "green").output
