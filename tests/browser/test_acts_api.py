"""Acts over HTTP, and by the command line: the same acts, the same refusals."""

import json
import urllib.error
import urllib.request
from datetime import timedelta
from typing import Any

from typer.testing import CliRunner

from config.database import Connection
from shijing import app
from tests.browser import seed
from tests.browser.conftest import Running, Serve
from tests.browser.test_api import ask_json

JSON = {"Content-Type": "application/json"}


def post(running: Running, path: str, body: Any, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    """Status and JSON; an error status is an answer like any other."""
    request = urllib.request.Request(
        running.url + path,
        data=json.dumps(body).encode(),
        headers=JSON | running.headers | (headers or {}),
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def test_an_alert_is_led_through_its_life(city_url: str, city: Connection, serve: Serve) -> None:
    seed.seed_readings(city)
    alert = seed.open_alert(city, "cuntan", "red", 191.62, seed.PEAK)
    running = serve(city_url)
    assert post(running, f"api/alerts/{alert}/ack", {})[1]["to_state"] == "acknowledged"
    assert post(running, f"api/alerts/{alert}/comment", {"note": "已到场"})[0] == 200
    status, told = post(running, f"api/alerts/{alert}/ack", {})
    assert (status, told) == (409, {"error": f"alert {alert} is acknowledged already"})
    assert post(running, f"api/alerts/{alert}/take", {})[1]["to_state"] == "in_hand"
    until = (seed.PEAK + timedelta(hours=1)).isoformat()
    shelf = post(running, f"api/alerts/{alert}/shelve", {"until": until, "reason": "检修"})[1]["suppression_id"]
    assert [one["holds"] for one in ask_json(running, "api/suppressions")["suppressions"]] == [1]
    assert post(running, f"api/suppressions/{shelf}/end", {})[1] == {"ended": shelf}
    assert post(running, f"api/alerts/{alert}/resolve", {})[1]["to_state"] == "resolved"
    assert post(running, f"api/alerts/{alert}/close", {"cause": "maybe"})[0] == 422
    assert post(running, f"api/alerts/{alert}/close", {"cause": "drill"})[1]["to_state"] == "closed"
    assert city.execute("select state, cause from alerts").fetchone() == ("closed", "drill")
    assert post(running, "api/alerts/999/ack", {})[0] == 404
    assert post(running, f"api/alerts/{alert}/ack", {"actor": "林"})[0] == 422  # who it is is known
    assert running.session is not None
    actors = city.execute("select distinct actor from alert_transitions where actor is not null").fetchall()
    assert actors == [(running.session.account_id,)]


def test_a_report_comes_in(city_url: str, city: Connection, serve: Serve) -> None:
    seed.seed_readings(city)
    running = serve(city_url)
    said = {"title": "河水上岸", "level": "orange", "lon": 106.6, "lat": 29.61}
    status, told = post(running, "api/alerts", said)
    assert status == 200
    found = city.execute("select kind, title, township_id is not null from alerts where id = %s", (told["alert_id"],))
    assert found.fetchone() == ("manual", "河水上岸", True)
    assert post(running, "api/alerts", {**said, "level": "pink"})[0] == 422


def test_only_a_page_of_ours_may_act(city_url: str, city: Connection, serve: Serve) -> None:
    seed.seed_readings(city)
    alert = seed.open_alert(city, "cuntan", "red", 191.62, seed.PEAK)
    running, path = serve(city_url), f"api/alerts/{alert}/ack"
    for headers in (
        {"Origin": "http://elsewhere.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"X-CSRF-Token": ""},
        {"X-CSRF-Token": "0" * 64},
    ):
        assert post(running, path, {}, headers)[0] == 403
    assert post(running, path, {}, {"Cookie": ""})[0] == 401
    assert post(running, path, {}, {"Content-Type": "text/plain"})[0] == 415
    assert city.execute("select state from alerts").fetchone() == ("open",)


def run(city_url: str, *words: str) -> Any:
    """The JSON that a command prints."""
    result = CliRunner().invoke(app, ["alert", *words, "--json", "--database", city_url])
    assert result.exit_code == 0, result.output + repr(result.exception)
    return json.loads(result.stdout)


def test_the_command_line_does_the_same(city_url: str, city: Connection) -> None:
    seed.seed_readings(city)
    alert = str(seed.open_alert(city, "cuntan", "red", 191.62, seed.PEAK))
    assert [one["name"] for one in run(city_url, "list")["alerts"]] == ["cuntan"]
    assert run(city_url, "ack", alert, "--as", "林")["to_state"] == "acknowledged"
    assert run(city_url, "take", alert, "--note", "出发")["to_state"] == "in_hand"
    run(city_url, "comment", alert, "水位仍涨")
    shelf = run(city_url, "shelve", alert, "--until", "2h", "--reason", "检修")["suppression_id"]
    assert run(city_url, "unshelve", str(shelf)) == {"ended": shelf}
    window = ["--subject", "cuntan", "--until", "3d", "--reason", "换传感器"]
    assert run(city_url, "maintain", *window)["suppression_id"] > shelf
    assert run(city_url, "resolve", alert)["to_state"] == "resolved"
    assert run(city_url, "close", alert, "--cause", "test")["to_state"] == "closed"
    code = city.execute("select code from division_versions where name = '涂山镇' and upper_inf(recorded)").fetchone()
    assert code is not None
    seen = run(city_url, "report", "裂缝", "--level", "yellow", "--division", code[0], "--as", "林")["alert_id"]
    told = run(city_url, "show", alert)
    assert [row["reason"] for row in told["rows"]] == [
        "acknowledged",
        "taken_in_hand",
        "commented",
        "suppressed",
        "suppressed",
        "resolved",
        "closed",
    ]
    assert told["rows"][0]["actor_name"] == "林"
    assert [one["id"] for one in run(city_url, "list", "--all")["alerts"]] == [seen, int(alert)]


def test_the_command_line_says_what_is_wrong(city_url: str, city: Connection) -> None:
    seed.seed_readings(city)
    for words in (["ack", "999"], ["shelve", "--until", "2h", "--reason", "x"], ["show", "999"]):
        result = CliRunner().invoke(app, ["alert", *words, "--database", city_url])
        assert result.exit_code == 1
        assert result.exception is not None
    text = CliRunner().invoke(app, ["alert", "list", "--database", city_url]).output
    assert "no open alerts" in text
