"""Official warnings over HTTP: listed, entered and ended by hand, and only from this machine's own pages."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from config.database import Connection
from config.settings import WebSettings
from geo.defaults import import_defaults
from tests.browser.conftest import Running

ROW: dict[str, Any] = {
    "sender": "黔江区规划和自然资源局",
    "sent": "2020-08-18T12:00:00+08:00",
    "expires": "2099-08-18T12:00:00+08:00",
    "level": "orange",
    "headline": "地质灾害气象风险橙色预警",
    "event_code": "11B37",
    "area_codes": ["500114005"],
}


@pytest.fixture
def client(database_url: str, connection: Connection) -> Iterator[httpx.Client]:
    import_defaults(connection)
    running = Running(database_url, None, WebSettings(port=0))
    try:
        with httpx.Client(base_url=running.url, timeout=20, headers=running.headers) as opened:
            yield opened
    finally:
        running.stop()


def test_entered_listed_shown_and_ended(client: httpx.Client) -> None:
    entered = client.post("/api/warnings", json=ROW)
    assert entered.status_code == 200, entered.text
    (number,) = entered.json()["ids"]
    (row,) = client.get("/api/warnings").json()["warnings"]
    assert (row["id"], row["level"], row["effective"], row["townships"]) == (
        number,
        "orange",
        "2020-08-18T04:00:00Z",
        1,
    )
    shown = client.get(f"/api/warnings/{number}").json()
    assert [each["code"] for each in shown["covered"]] == ["500114005"]
    assert client.get("/api/warnings?level=red").json()["warnings"] == []
    assert len(client.get("/api/warnings?at=2020-08-18T12:00:00%2B08:00&division=500114").json()["warnings"]) == 1
    assert client.post(f"/api/warnings/{number}/cancel", json={}).status_code == 200
    assert client.get("/api/warnings").json()["warnings"] == []
    first = client.get("/api/warnings?in_force=all&limit=1").json()
    second = client.get(f"/api/warnings?in_force=all&limit=1&before={first['next']}").json()
    assert [each["warnings"][0]["msg_type"] for each in (first, second)] == ["cancel", "alert"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://elsewhere.example"},
        {"X-CSRF-Token": "of another session"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_nothing_is_entered_from_elsewhere(client: httpx.Client, headers: dict[str, str]) -> None:
    for path in ("/api/warnings", "/api/warnings/1/cancel"):
        assert client.post(path, json=ROW, headers=headers).status_code == 403
    assert client.get("/api/warnings?in_force=all").json()["warnings"] == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"level": "purple"}, "purple"),
        ({"sent": "2020-08-18T12:00:00"}, "timezone"),
        ({"expires": "2020-08-18T11:00:00+08:00"}, "by hand, expires"),
        ({"area_codes": ["50011x"]}, "by hand, area_codes: '50011x' is no division code"),
        ({"sender": "two words"}, "by hand, sender"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_field_is_named(client: httpx.Client, changed: dict[str, Any], said: str) -> None:
    answer = client.post("/api/warnings", json=ROW | changed)
    assert answer.status_code == 422
    assert said in answer.json()["error"]


def test_what_is_not_there_is_told(client: httpx.Client) -> None:
    assert client.get("/api/warnings/7").status_code == 404
    ended = client.post("/api/warnings/7/cancel", json={})
    assert (ended.status_code, ended.json()["error"]) == (404, "no such official warning")
    assert client.get("/api/warnings?at=2020-08-18T12:00:00").status_code == 422
