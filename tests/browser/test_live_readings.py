"""From a committed batch to the frame that a screen hears: only what concerns it, and nothing is missed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from config.database import Connection
from tests.browser import seed
from tests.browser.accounts import signed_in
from tests.browser.conftest import OpenScreen, Running, Serve
from tests.browser.test_api import ask, ask_json, first, listening
from tests.database.feed import until
from tests.database.live_ground import tell
from web import state

LATER = seed.PEAK + timedelta(hours=1)


@pytest.fixture
def seeded(city: Connection) -> Connection:
    """With a reading of each gauge, and a partition that batches are told by."""
    seed.seed_readings(city)
    city.execute("insert into partitions (name, epoch) values ('cq', 1) on conflict (name) do nothing")
    return city


@contextmanager
def in_view(running: Running, division: int | None = None, **headers: Any) -> Iterator[Iterator[tuple[str, str, Any]]]:
    """A screen's events, from the frame after its snapshot."""
    told = SimpleNamespace(url=running.url, headers=headers or running.headers)
    with listening(told, in_view=division) as events:
        first(events, "snapshot")
        yield events


def readings(events: Iterator[tuple[str, str, Any]]) -> list[tuple[int, float, float | None]]:
    return [(one["id"], one["value"], one["previous"]) for one in first(events, "readings")]


def ready(city: Connection) -> None:
    """The thread that tells readings has read all sensors: it waits for the next."""
    asleep = (
        "select from pg_stat_activity where application_name = 'shijing-web-readings' and state = 'idle'"
        " and datname = current_database() and query ~* 'partitions'"
    )
    until(lambda: bool(city.execute(asleep.encode()).fetchall()))


def test_a_batch_is_told_without_a_look_at_other_sensors(city_url: str, seeded: Connection, serve: Serve) -> None:
    """The readings of this batch are in no table of readings: only what the batch says tells of them."""
    cuntan, wulong = seed.sensor_id(seeded, "cuntan"), seed.sensor_id(seeded, "wulong")
    running = serve(city_url)
    ready(seeded)
    with in_view(running) as events:
        tell(seeded, [(cuntan, LATER, 190.0), (wulong, seed.PEAK - timedelta(days=2), 1.0)])
        assert readings(events) == [(cuntan, 190.0, 191.62)], "what came late is not told"
        with seeded.transaction():
            tell(seeded, [(cuntan, LATER + timedelta(minutes=5), 189.0)])
            tell(seeded, [(cuntan, LATER + timedelta(minutes=4), 188.0)])  # older than the one before it
        assert readings(events) == [(cuntan, 189.0, 190.0)]


def test_what_a_crash_or_a_gap_took_away_is_read_from_the_sensors(
    city_url: str, seeded: Connection, serve: Serve
) -> None:
    cuntan, wulong = seed.sensor_id(seeded, "cuntan"), seed.sensor_id(seeded, "wulong")
    running = serve(city_url)
    ready(seeded)
    with in_view(running) as events:
        tell(seeded, [(cuntan, LATER, 190.0)])
        assert readings(events) == [(cuntan, 190.0, 191.62)]
        seed.add_reading(seeded, cuntan, LATER, 190.0)
        with seeded.transaction():  # more than is kept came since the last look
            seed.add_reading(seeded, wulong, LATER, 178.0)
            tell(seeded, [(wulong, LATER, 178.0)])
            tell(seeded, [(cuntan, LATER + timedelta(minutes=1), 189.0)])
            seed.add_reading(seeded, cuntan, LATER + timedelta(minutes=1), 189.0)
            seeded.execute("delete from live_batches where number <= 2")
        heard = {}
        while len(heard) < 2:
            heard |= {sensor: value for sensor, value, _ in readings(events)}
        assert heard == {cuntan: 189.0, wulong: 178.0}
        seeded.execute("truncate live_batches")  # as a crash leaves it
        seed.add_reading(seeded, wulong, LATER + timedelta(minutes=2), 177.0)
        seeded.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where application_name = 'shijing-web-readings' and datname = current_database()"
        )
        assert readings(events) == [(wulong, 177.0, 178.0)]
        tell(seeded, [(wulong, LATER + timedelta(minutes=3), 176.0)])  # numbers begin anew
        assert readings(events) == [(wulong, 176.0, 177.0)]


def test_each_screen_hears_of_its_scope_and_of_what_it_has_in_view(
    city_url: str, seeded: Connection, serve: Serve
) -> None:
    cuntan, wulong, luzhou = (seed.sensor_id(seeded, name) for name in ("cuntan", "wulong", "luzhou"))
    township = seed.township_id(seeded, "江北区", "寸滩街道")
    other = int(
        seeded.execute("select division_id from sensor_divisions where sensor_id = %s", (wulong,)).fetchall()[0][0]
    )
    running = serve(city_url)
    official = signed_in(seeded, "official", [("township_official", township)])
    theirs = SimpleNamespace(url=running.url, headers=official.headers)
    assert ask(theirs, f"api/state?in={other}")[0] == 404  # type: ignore[arg-type]
    assert ask(theirs, f"api/stream?in={other}")[0] == 404  # type: ignore[arg-type]
    assert ask(running, "api/state?in=2147483647")[0] == 404
    assert ask(running, "api/state?in=0")[0] == 422
    seen = ask_json(running, f"api/state?in={township}")
    assert ([one["id"] for one in seen["stations"]], seen["stations_shown"]) == ([cuntan], "all")
    assert [one["id"] for one in seen["values"]] == [cuntan]
    ready(seeded)
    with (
        in_view(running) as city,
        in_view(running, township) as cuntans,
        in_view(running, other) as wulongs,
        in_view(running, **official.headers) as officials,
    ):
        tell(seeded, [(cuntan, LATER, 190.0), (wulong, LATER, 178.0), (luzhou, LATER, 240.0)])
        assert {one[0] for one in readings(city)} == {cuntan, wulong, luzhou}
        assert {one[0] for one in readings(cuntans)} == {cuntan}
        assert {one[0] for one in readings(wulongs)} == {wulong}
        assert {one[0] for one in readings(officials)} == {cuntan}


def test_a_sensor_that_comes_into_view_by_its_alert_is_told_with_its_station(
    city_url: str, seeded: Connection, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "CITY_AT_MOST", 1)
    cuntan, wulong = seed.sensor_id(seeded, "cuntan"), seed.sensor_id(seeded, "wulong")
    running = serve(city_url)
    assert ask_json(running, "api/state")["stations"] == []
    ready(seeded)
    with in_view(running) as events:
        alert = seed.open_alert(seeded, "cuntan", "red", 191.62, seed.PEAK)
        told = first(events, "stations")
        assert ([one["name"] for one in told["stations"]], told["gone"]) == (["cuntan"], [])
        assert [(one["id"], one["value"]) for one in told["values"]] == [(cuntan, 191.62)]
        tell(seeded, [(cuntan, LATER, 190.0), (wulong, LATER, 178.0)])
        assert readings(events) == [(cuntan, 190.0, 191.62)]
        with seeded.transaction():
            seeded.execute("update alerts set state = 'resolved' where id = %s", (alert,))
            seeded.execute("select log_live_event('alert', %s)", (json.dumps({"alert_id": alert, "to": "none"}),))
        assert first(events, "stations") == {"stations": [], "values": [], "gone": [cuntan]}


_PAGE = "(await import('/built/main.js'))"


@pytest.mark.parametrize(("address", "streams"), [("", 1), ("?in={}", 1), ("?in=0{}", 2), ("?in=2147483647", None)])
def test_the_stream_that_the_head_of_the_page_began_is_the_one_that_the_screen_follows(
    city_url: str, seeded: Connection, serve: Serve, new_screen: OpenScreen, address: str, streams: int | None
) -> None:
    """Another only where the address is written as no part of the screen writes it, or names what there is not."""
    township = seed.township_id(seeded, "江北区", "寸滩街道")
    running = serve(city_url)
    screen = new_screen()
    asked: list[str] = []
    screen.page.on("request", lambda request: asked.append(request.url) if "/api/stream" in request.url else None)
    screen.open(running.url + address.format(township))
    ready(seeded)
    screen.wait(f"(async () => {_PAGE}.store.link === 'live')()")
    assert streams is None or len(asked) == streams, asked
    tell(seeded, [(seed.sensor_id(seeded, "cuntan"), LATER, 190.0)])
    screen.wait(f"(async () => {_PAGE}.store.values.get({seed.sensor_id(seeded, 'cuntan')})?.value === 190)()")


def test_the_screen_follows_its_address_and_holds_still_in_the_past(
    city_url: str, seeded: Connection, serve: Serve, new_screen: OpenScreen
) -> None:
    cuntan, wulong = seed.sensor_id(seeded, "cuntan"), seed.sensor_id(seeded, "wulong")
    township = seed.township_id(seeded, "江北区", "寸滩街道")
    running = serve(city_url)
    screen = new_screen()
    screen.open(running.url)
    ready(seeded)

    def run(script: str) -> Any:
        return screen.page.evaluate(f"async () => {script}")

    stations = f"{_PAGE}.store.stations"
    whole = run(f"{stations}.size")
    run(f"{{ globalThis.least = {whole}; const store = {_PAGE}; store.when('stations', () => {{"
        " globalThis.least = Math.min(globalThis.least, store.store.stations.size); }); }")  # fmt: skip
    run(f"{_PAGE}.say({{ in: {township} }})")
    screen.wait(f"(async () => {stations}.size === 1)()")
    assert run("globalThis.least") == 1, "never without what was shown before"
    run(f"{_PAGE}.say({{ in: 2147483647 }})")
    screen.wait(f"(async () => {stations}.size === {whole})()")  # unknown: what the screen may show
    screen.wait(f"(async () => {_PAGE}.store.link === 'live')()")

    words = "{ 'then.link': { zh: '历史', en: 'past' } }"  # unless the part that shows the past has brought them
    run(f"{{ try {{ {_PAGE}.addWords({words}); }} catch {{}} }}")
    run(f"{_PAGE}.holdStream()")
    assert run(f"{_PAGE}.store.link") == "past"
    tell(seeded, [(wulong, LATER, 178.0)])
    seed.add_reading(seeded, wulong, LATER, 178.0)
    with in_view(running) as events:  # another screen hears the next one, so this one could have, too
        tell(seeded, [(cuntan, LATER, 190.0)])
        seed.add_reading(seeded, cuntan, LATER, 190.0)
        heard: set[int] = set()
        while cuntan not in heard:
            heard |= {one[0] for one in readings(events)}
    assert run(f"{_PAGE}.store.values.get({wulong}).value") != 178.0
    run(f"{_PAGE}.releaseStream(() => {{}})")
    screen.wait(f"(async () => {_PAGE}.store.values.get({wulong})?.value === 178)()")
    screen.wait(f"(async () => {_PAGE}.store.link === 'live')()")

    older = {"id": cuntan, "time": seed.PEAK.isoformat(), "value": 1, "previous": None}
    run(f"{_PAGE}.takeReadings([{json.dumps(older)}])")
    assert run(f"{_PAGE}.store.values.get({cuntan}).value") == 190.0
    assert run(f"{_PAGE}.store.build.length") == 16


def test_who_joins_while_alerts_open_learns_of_each(city_url: str, seeded: Connection, serve: Serve) -> None:
    """Another screen has a board already: the one that joins is given it, and whatever it does not say yet."""
    running = serve(city_url)
    with in_view(running):
        for gauge in seed.GAUGES:
            alert = seed.open_alert(seeded, gauge.name, "red", 191.62, seed.PEAK)
            with listening(running) as events:
                board = first(events, "snapshot")["board"]
                while alert not in {one["id"] for one in board["alerts"]}:
                    board = first(events, "board")
