"""Alerts that are no sensor's, taken by somebody, or put aside: on the screen, and as they change."""

from datetime import timedelta
from uuid import UUID

import pytest

from alerts import subjects
from alerts.actors import actor_of
from alerts.acts import acknowledge, close, now, take_in_hand
from alerts.reports import Report, report
from alerts.suppress import end, release, shelve
from config.database import Connection
from tests.browser import seed
from tests.browser.conftest import OpenScreen, Screen, Serve
from tests.browser.test_api import ask_json


@pytest.fixture
def lin(city: Connection) -> UUID:
    return actor_of(city, "林")


def queue(screen: Screen, *words: str) -> None:
    """Wait until the queue says these words."""
    told = " && ".join(f"document.querySelector('#alerts').innerText.includes('{word}')" for word in words)
    screen.wait(told)


def test_a_report_appears_by_name_and_place_and_goes_when_it_is_closed(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, lin: UUID
) -> None:
    seed.seed_readings(city, below=16)
    screen = new_screen()
    screen.open(serve(city_url).url)
    what = Report(title="河水上岸", level="orange", family="flood", lon=106.6, lat=29.61)
    alert = report(city, what, actor=lin, rules=[], plans=[])
    queue(screen, "河水上岸", "人工上报", "南岸区")
    screen.wait(f"document.querySelector('[data-place=\"{alert}\"]') !== null")
    screen.wait("document.querySelector('#alerts [data-queue]') !== null")  # it is an incident of its own
    screen.page.click("#alerts [data-queue]")
    screen.wait("document.querySelector('#incident-stage').innerText.includes('河水上岸')")
    close(city, alert, cause="real", actor=lin)
    screen.wait("document.querySelector('#verdict').innerText.includes('一切正常')")
    assert screen.page.evaluate("document.querySelector('[data-place]')") is None
    assert screen.complaints == []


def test_who_takes_an_alert_is_seen_at_once(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, lin: UUID
) -> None:
    seed.seed_readings(city)
    alert = seed.open_alert(city, "cuntan", "red", 191.62, seed.PEAK)
    screen = new_screen()
    screen.open(serve(city_url).url)
    assert "已签收" not in screen.page.inner_text("#alerts")
    acknowledge(city, alert, actor=lin)
    queue(screen, "已签收")
    take_in_hand(city, alert, actor=lin)
    queue(screen, "处置中")


def test_what_is_put_aside_is_counted_and_not_shown(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, lin: UUID
) -> None:
    seed.seed_readings(city)
    seed.open_alert(city, "cuntan", "red", 191.62, seed.PEAK)
    other = seed.open_alert(city, "ciqikou", "orange", 194.29, seed.PEAK)
    screen = new_screen()
    screen.open(serve(city_url).url)
    queue(screen, "磁器口", "2 起未结")
    shelf = shelve(city, alert_id=other, until=now(city) + timedelta(hours=1), reason="标尺检修", actor=lin)
    queue(screen, "1 起未结", "搁置 1")
    screen.wait("!document.querySelector('#alerts').innerText.includes('磁器口')")
    end(city, shelf, actor=lin)
    assert release(city, now(city), rules=[], plans=[]) == [other]
    queue(screen, "磁器口", "2 起未结")


def test_the_board_names_alerts_of_every_subject(city_url: str, city: Connection, serve: Serve) -> None:
    seed.seed_readings(city)
    device = city.execute("select id, name from devices order by id limit 1").fetchone()
    assert device is not None
    township = seed.township_id(city, "江北区", "寸滩街道")
    for subject, kind in (
        (subjects.of("device", device[0]), "sensor"),
        (subjects.of("gateway", device[0]), "silence"),
        (subjects.of("division", township), "count"),
    ):
        city.execute(
            "insert into alerts (rule_id, subject, kind, township_id, level, peak, state, opened_at, changed_at)"
            " values ('any', %s, %s, %s, 'blue', 'blue', 'open', %s, %s)",
            (subject, kind, township, seed.PEAK, seed.PEAK),
        )
    board = ask_json(serve(city_url), "api/state")["board"]
    assert [(one["sensor_id"], one["label"], one["township"], one["value"]) for one in board["alerts"]] == [
        (None, device[1], "寸滩街道", None),
        (None, device[1], "寸滩街道", None),
        (None, "寸滩街道", "寸滩街道", None),
    ]
    assert (board["counts"]["suppressed"], board["counts"]["inhibited"]) == (0, 0)
