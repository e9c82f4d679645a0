"""What the screen's server answers, asked over HTTP without a browser."""

import gzip
import json
import re
import socketserver
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPMessage
from types import SimpleNamespace
from typing import Any

import pytest

from alerts.fence import claim
from config.database import Connection, connect
from config.settings import BrokerSettings
from tests.browser import seed
from tests.browser.conftest import Running, Serve
from tests.database.feed import until
from web import listener, stream


def ask(running: Running, path: str, headers: dict[str, str] | None = None) -> tuple[int, HTTPMessage, bytes]:
    """Status, headers and body; an error status is an answer like any other."""
    try:
        with urllib.request.urlopen(
            urllib.request.Request(running.url + path, headers=running.headers | (headers or {})), timeout=10
        ) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def ask_json(running: Running, path: str) -> Any:
    """The JSON of an answer, whatever its status."""
    return json.loads(ask(running, path)[2])


@contextmanager
def listening(
    running: "Running | SimpleNamespace", after: int | None = None, in_view: int | None = None
) -> Iterator[Iterator[tuple[str, str, Any]]]:
    """The stream's events as (id, event, data)."""
    headers = running.headers | ({} if after is None else {"Last-Event-ID": str(after)})
    asked = running.url + ("api/stream" if in_view is None else f"api/stream?in={in_view}")
    with urllib.request.urlopen(urllib.request.Request(asked, headers=headers), timeout=30) as answer:
        yield _events(answer)


def _events(lines: Iterator[bytes]) -> Iterator[tuple[str, str, Any]]:
    event: dict[str, str] = {}
    for line in lines:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if line == b"\n" and "data" in event:
            yield event.get("id", ""), event["event"], json.loads(event["data"])
        event = {} if line == b"\n" else {**event, name: value}


def first(events: Iterator[tuple[str, str, Any]], kind: str) -> Any:
    """The data of the next event of a kind."""
    return next(data for _, event, data in events if event == kind)


def until_seen(events: Iterator[tuple[str, str, Any]], **wanted: Callable[[Any], object]) -> None:
    """Read on until of each kind one came that fits: what the database tells and what is looked up there meanwhile
    come in no fixed order."""
    missing = set(wanted)
    while missing:
        _, kind, data = next(events)
        if kind in missing and wanted[kind](data):
            missing.remove(kind)


def test_the_snapshot_holds_what_the_screen_shows(city_url: str, city: Connection, serve: Serve) -> None:
    seed.seed_readings(city)
    seed.seed_alerts(city)
    state = ask_json(serve(city_url), "api/state")
    board = state["board"]
    assert board["clock"] == {"now": "2020-08-20T00:15:00Z", "injected": True}
    assert [alert["level"] for alert in board["alerts"]] == ["red", "orange", "orange", "orange", "yellow", "blue"]
    assert [alert["label"] for alert in board["alerts"][1:4]] == ["菜园坝", "朝天门", "磁器口"]  # the oldest first
    counts = board["counts"]
    assert (counts["townships"], counts["townships_located"]) == (1031, 1016)
    assert (counts["readings"], counts["quarantined"], counts["late"]) == (273, 3, 1)
    stations = {station["name"]: station for station in state["stations"]}
    assert stations["cuntan"]["district"] == "江北区"
    assert stations["cuntan"]["derived"] is True
    assert stations["luzhou"]["lon"] is None
    assert stations["luzhou"]["township"] is None
    values = {value["id"]: value for value in state["values"]}
    assert values[stations["cuntan"]["id"]]["value"] == 191.62
    assert values[stations["cuntan"]["id"]]["previous"] < 191.62
    assert [task["task_key"] for task in board["tasks"][:7]] == ["T1", "T2", "T3", "T4", "T5", "T6", "T7"]


def test_layers_are_sent_once_for_each_version(city_url: str, city: Connection, serve: Serve) -> None:
    running = serve(city_url)
    status, headers, body = ask(running, "api/layers/townships.geojson")
    features = json.loads(gzip.decompress(body))["features"]
    assert status == 200
    assert len([feature for feature in features if feature["geometry"]]) == 1016
    assert all(feature["properties"]["derived"] for feature in features)
    again = {"If-None-Match": str(headers["ETag"])}
    assert ask(running, "api/layers/townships.geojson", again)[0] == 304
    later = ask(running, "api/layers/districts.geojson?at=2026-01-01T00:00:00%2B08:00")
    names = {feature["properties"]["name"] for feature in json.loads(gzip.decompress(later[2]))["features"]}
    assert "两江新区" in names
    city.execute("update division_versions set recorded = tstzrange(lower(recorded), now()) where code = '500103001'")
    assert ask(running, "api/layers/townships.geojson", again)[0] == 200


def test_errors_are_answered_in_json_and_tell_nothing_of_the_inside(city_url: str, serve: Serve) -> None:
    running = serve(city_url)
    assert ask(running, "api/layers/villages.geojson")[0] == 404
    assert ask_json(running, "api/layers/villages.geojson") == {"error": "no such layer"}
    assert ask(running, "api/sensors/9999/series")[0] == 404
    assert ask(running, "?lang=fr")[0] == 422


def test_a_series_is_oldest_first(city_url: str, city: Connection, serve: Serve) -> None:
    seed.seed_readings(city)
    series = ask_json(serve(city_url), f"api/sensors/{seed.sensor_id(city, 'cuntan')}/series")
    assert len(series["times"]) == len(series["values"]) == 21
    assert series["times"] == sorted(series["times"])
    assert series["values"][-1] == 191.62


def test_a_stream_begins_with_a_snapshot_and_tells_what_changes(city_url: str, city: Connection, serve: Serve) -> None:
    seed.seed_readings(city)
    with listening(serve(city_url)) as events:
        assert first(events, "snapshot")["event_id"] == 0
        seed.open_alert(city, "cuntan", "red", 191.62, seed.PEAK)
        until_seen(
            events,
            alert=lambda alert: alert["to"] == "red",
            board=lambda board: [alert["level"] for alert in board["alerts"]] == ["red"],
        )
        sensor = seed.sensor_id(city, "wulong")
        seed.add_reading(city, sensor, seed.PEAK + timedelta(hours=1), 178.0)
        city.execute("update partitions set clock = clock + interval '1 hour'")
        city.execute("notify shijing_readings, 'cq'")
        until_seen(
            events,
            readings=lambda changed: [(value["id"], value["value"]) for value in changed] == [(sensor, 178.0)],
            clock=lambda clock: clock["now"] == "2020-08-20T01:15:00Z",
        )


def test_a_screen_that_comes_before_the_listener_misses_nothing(
    city_url: str, city: Connection, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What happens while a server starts is in the first snapshot, or told after it."""
    asked, first_frames, read_last = threading.Event(), stream._first_frames, listener.read_last_event_id

    def ask_for_frames(*given: Any) -> Any:
        asked.set()
        return first_frames(*given)

    def begin_late(connection: Connection) -> int:
        assert asked.wait(10)
        seed.open_alert(city, "cuntan", "red", 191.62, seed.PEAK)
        return read_last(connection)

    monkeypatch.setattr(stream, "_first_frames", ask_for_frames)
    monkeypatch.setattr(listener, "read_last_event_id", begin_late)
    with listening(serve(city_url)) as events:
        assert [alert["level"] for alert in first(events, "snapshot")["board"]["alerts"]] == ["red"]


def test_a_stream_replays_what_was_missed_then_a_snapshot(city_url: str, city: Connection, serve: Serve) -> None:
    seed.seed_readings(city)
    seed.seed_alerts(city)
    (last,) = city.execute("select max(id) from live_events").fetchone() or (0,)
    with listening(serve(city_url), after=last - 2) as events:
        replayed = [next(events) for _ in range(3)]
    expected = [(str(last - 1), "run"), (str(last), "run"), (str(last), "snapshot")]
    assert [(number, kind) for number, kind, _ in replayed] == expected
    assert len(replayed[2][2]["board"]["alerts"]) == 6


def test_a_stream_lives_through_lost_connections_to_the_database(city_url: str, city: Connection, serve: Serve) -> None:
    seed.seed_readings(city)
    running = serve(city_url)
    with listening(running) as events:
        first(events, "snapshot")
        city.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where application_name like 'shijing-web%' and datname = current_database()"
        )
        while first(events, "status") != {"database": False}:
            pass  # the first one may still tell that the stream began
        assert first(events, "status") == {"database": True}
        seed.open_alert(city, "cuntan", "red", 191.62, seed.PEAK)
        assert first(events, "alert")["sensor"] == "cuntan"
    assert ask(running, "api/state")[0] == 200


def test_connections_that_died_are_replaced_before_anybody_asks(city_url: str, city: Connection, serve: Serve) -> None:
    """Else whoever asks first after a restart of the database waits for each dead one, and is told that it is away."""
    running = serve(city_url)
    assert ask(running, "api/state")[0] == 200  # by both pools
    kept = (
        "select count(distinct application_name) from pg_stat_activity"
        " where application_name in ('shijing-web', 'shijing-web-scoped') and datname = current_database()"
    )
    assert city.execute(kept.encode()).fetchone() == (2,)
    city.execute(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
        " where application_name like 'shijing-web%' and datname = current_database()"
    )
    until(lambda: city.execute(kept.encode()).fetchone() == (2,))
    assert ask(running, "api/state")[0] == 200


class _Connack(socketserver.BaseRequestHandler):
    """Answers CONNECT as a broker does, refusing it."""

    def handle(self) -> None:
        assert self.request.recv(64)[4:8] == b"MQTT"
        self.request.sendall(b"\x20\x03\x00\x87\x00")


@pytest.fixture
def broker() -> Iterator[BrokerSettings]:
    """Something that speaks MQTT."""
    with socketserver.TCPServer(("127.0.0.1", 0), _Connack) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield BrokerSettings(host="127.0.0.1", port=server.server_address[1])
        server.shutdown()
        thread.join()


def test_health_says_what_is_not_alive(city_url: str, city: Connection, serve: Serve, broker: BrokerSettings) -> None:
    running = serve(city_url, broker)
    with listening(running) as events:
        first(events, "snapshot")  # the stream has started
        assert ask(running, "health")[0] == 503
        health = ask_json(running, "health")
        assert health["failed"] == ["pipeline"]
        assert health["checks"]["pipeline"]["reason"] == "no pipeline was ever started on this database"
        assert health["checks"]["stream"]["clients"] == 1
        with connect(city_url, "pipeline", autocommit=True) as pipeline:
            claim(pipeline, "cq").check_and_beat(pipeline, connected=True)
            count_a_batch(city)
            status, _, body = ask(running, "health")
        assert (status, json.loads(body)["alive"]) == (200, True)
        assert json.loads(body)["checks"]["pipeline"]["last_batch_age_s"] < 100
        assert json.loads(body)["checks"]["pipeline"]["partitions"] == {"cq": "alive"}


def count_a_batch(city: Connection) -> None:
    city.execute("insert into intake (partition, minute, last_at) values ('cq', date_trunc('minute', now()), now())")


def leave(pipeline: Connection, city: Connection) -> None:
    """Close the connection; returns when the database knows it."""
    gone = {"pid": pipeline.info.backend_pid}
    pipeline.close()
    deadline = time.monotonic() + 10
    while city.execute("select from pg_stat_activity where pid = %(pid)s", gone).fetchall():
        assert time.monotonic() < deadline


def pipeline_check(running: Running) -> dict[str, Any]:
    check: dict[str, Any] = ask_json(running, "health")["checks"]["pipeline"]
    return check


def test_health_of_a_pipeline_is_its_heartbeat_and_its_broker(city_url: str, city: Connection, serve: Serve) -> None:
    running = serve(city_url)
    with connect(city_url, "pipeline", autocommit=True) as pipeline:
        fence = claim(pipeline, "cq")
        assert "cq: cut off from the broker since" in pipeline_check(running)["reason"], "it has not connected yet"
        fence.check_and_beat(pipeline, connected=True)
        assert pipeline_check(running)["alive"] is True
        fence.check_and_beat(pipeline, connected=False)
        fence.check_and_beat(pipeline, connected=False)
        lost = city.execute("select cut_off_at < seen_at from partitions").fetchone()
        assert lost == (True,), "since when, not when it was last told"
        assert "cq: cut off from the broker since" in pipeline_check(running)["reason"]
        fence.check_and_beat(pipeline, connected=True)
        city.execute("update partitions set seen_at = now() - interval '21 s'")
        assert "cq: silent since" in pipeline_check(running)["reason"]
        assert ask(running, "health")[0] == 503
        fence.check_and_beat(pipeline, connected=True)
        assert pipeline_check(running)["alive"] is True
        leave(pipeline, city)
    assert "cq: not running" in pipeline_check(running)["reason"]


def test_health_needs_the_pipeline_of_every_partition_that_was_not_given_up(
    city_url: str, city: Connection, serve: Serve
) -> None:
    running = serve(city_url)
    opened = connect(city_url, "pipeline", autocommit=True), connect(city_url, "pipeline", autocommit=True)
    with opened[0] as north, opened[1] as south:
        claim(north, "north").check_and_beat(north, connected=True)
        claim(south, "south").check_and_beat(south, connected=True)
        assert pipeline_check(running)["alive"] is True
        leave(south, city)
        check = pipeline_check(running)
        assert (check["alive"], check["partitions"]["north"]) == (False, "alive")
        assert check["reason"].startswith("south: not running")
        city.execute("update partitions set seen_at = now() - interval '8 days' where name = 'south'")
        assert pipeline_check(running)["alive"] is True
        leave(north, city)
        assert pipeline_check(running)["alive"] is False
        city.execute("update partitions set seen_at = now() - interval '8 days'")
        assert pipeline_check(running)["alive"] is False, "one at least"


def test_metrics_count_the_pipelines_at_work(city_url: str, serve: Serve) -> None:
    running = serve(city_url)
    with connect(city_url, "pipeline", autocommit=True) as pipeline:
        claim(pipeline, "cq").check_and_beat(pipeline, connected=True)
        least = seen_age_s(pipeline)
        text = ask(running, "metrics")[2].decode()
        most = seen_age_s(pipeline)
    assert "shijing_pipelines 1.0" in text
    age = re.search(r'^shijing_pipeline_seen_age_seconds\{partition="cq"\} (\S+)$', text, re.MULTILINE)
    assert age is not None
    assert least <= float(age[1]) <= most


def seen_age_s(connection: Connection) -> float:
    """How old the partition's heartbeat is, by the database's clock at this moment."""
    row = connection.execute(
        "select extract(epoch from clock_timestamp() - seen_at)::float8 from partitions"
    ).fetchone()
    assert row is not None
    return float(row[0])


def test_health_names_a_broker_that_is_gone(city_url: str, serve: Serve) -> None:
    health = ask_json(serve(city_url, BrokerSettings(host="127.0.0.1", port=1)), "health")
    assert "broker" in health["failed"]


def test_metrics_are_prometheus_text(city_url: str, city: Connection, serve: Serve) -> None:
    seed.seed_readings(city)
    seed.seed_alerts(city)
    running = serve(city_url)
    ask(running, "api/state")
    text = ask(running, "metrics")[2].decode()
    for line in (
        "shijing_readings_stored_total 273.0",
        'shijing_quarantined{reason="datum"} 3.0',
        'shijing_open_alerts{level="orange"} 3.0',
        "shijing_open_runs 2.0",
        "shijing_stream_clients 0.0",
        "shijing_database_up 1.0",
    ):
        assert line in text
    lag = re.search(r"^shijing_pipeline_clock_lag_seconds (\S+)$", text, re.MULTILINE)
    assert lag is not None
    assert float(lag[1]) == pytest.approx((datetime.now(UTC) - seed.PEAK).total_seconds(), abs=60)
    assert re.search(r'^shijing_http_requests_total\{.*route="/api/state",status="200"\}', text, re.MULTILINE)


def test_every_answer_carries_the_security_headers(city_url: str, serve: Serve) -> None:
    running = serve(city_url, map_approval="<b>GS(2026)1</b>")
    for path in ("", "api/state", "built/main.js", "vendor/leaflet/leaflet.js", "nowhere"):
        headers = ask(running, path)[1]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "unsafe-inline" not in headers["Content-Security-Policy"]
    pages = [ask(running, "")[2].decode() for _ in range(2)]
    nonces = [re.findall(r'nonce="([^"]+)"', page) for page in pages]
    assert nonces[0] != nonces[1]
    assert "&lt;b&gt;GS(2026)1&lt;/b&gt;" in pages[0]
