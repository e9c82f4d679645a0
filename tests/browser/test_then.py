"""The past on the screen, in a real browser: an address that opens a moment, a past that moves on, and the way back."""

from datetime import timedelta

import httpx
import pytest
from playwright.sync_api import Route, expect

from config.database import Connection
from tests.browser import seed
from tests.browser.conftest import LIMIT_MS, SCREENSHOTS, OpenScreen, Running, Screen, Serve

AT = seed.PEAK - timedelta(hours=5)  # 2020-08-20 03:15 in Chongqing: the two lower alerts are older than that
ADDRESS = "?at=2020-08-20T03:15:00%2B08:00"


@pytest.fixture
def running(city_url: str, city: Connection, serve: Serve) -> Running:
    seed.seed_readings(city)
    seed.seed_alerts(city)
    return serve(city_url)


def at_shown(screen: Screen) -> str:
    return str(screen.page.evaluate("new URLSearchParams(location.search).get('at')"))


def test_an_address_opens_a_moment_and_the_way_back_is_live(
    running: Running, city: Connection, new_screen: OpenScreen
) -> None:
    screen = new_screen()
    page = screen.page
    screen.open(f"{running.url}{ADDRESS}")
    screen.wait("document.querySelector('.then-slider')?.max > 1000")
    expect(page.locator("#clock-time")).to_have_text("03:15:00", timeout=LIMIT_MS)
    expect(page.locator("#link-text")).to_have_text("历史")
    expect(page.locator("#clock-kind")).to_have_text("历史时刻")
    assert page.evaluate("document.body.dataset.past") == "yes"
    assert page.locator("#stale").is_hidden()
    asked = httpx.get(f"{running.url}api/then", params={"at": AT.isoformat()}, headers=running.headers).json()
    opened = [one["sensor"] for one in asked["board"]["alerts"]]
    assert opened == ["caiyuanba", "chaotianmen", "beibei3", "dongjintuo"]  # those that had been raised by then
    expect(page.locator("#verdict")).to_contain_text("橙")
    assert asked["values"][0]["time"] <= AT.isoformat()

    page.locator(".then-slider").focus()  # the keys of the slider
    page.keyboard.press("ArrowRight")
    expect(page.locator("#clock-time")).to_have_text("03:16:00", timeout=LIMIT_MS)
    page.keyboard.press("Control+ArrowRight")
    expect(page.locator("#clock-time")).to_have_text("04:16:00", timeout=LIMIT_MS)
    page.get_by_label("上一事件").click()
    screen.wait("new URLSearchParams(location.search).get('at') !== '2020-08-20T04:16:00+08:00'")
    assert at_shown(screen) < "2020-08-20T04:16:00"
    page.locator(".then-exact").fill("2020-08-20 07:30:00")
    page.locator(".then-exact").press("Enter")
    expect(page.locator("#clock-time")).to_have_text("07:30:00", timeout=LIMIT_MS)
    screen.wait("new URLSearchParams(location.search).get('at') === '2020-08-20T07:30:00+08:00'")
    held = [one for one in screen.requests if "/api/stream" in one.url]
    assert held == []  # the live stream was not even begun

    page.get_by_role("button", name="回到实时").first.click()
    expect(page.locator("#link-text")).to_have_text("实时", timeout=LIMIT_MS)
    expect(page.locator("#clock-time")).to_have_text("08:15:00", timeout=LIMIT_MS)
    assert "at=" not in page.url
    assert page.evaluate("document.body.dataset.past") is None
    assert screen.complaints == []


def test_the_past_moves_on_and_ends_in_the_present(running: Running, new_screen: OpenScreen) -> None:
    screen = new_screen()
    page = screen.page
    page.clock.install()
    in_flight = [0, 0]  # now, and at most

    def count(route: Route) -> None:
        in_flight[0] += 1
        in_flight[1] = max(in_flight)
        answer = route.fetch()
        in_flight[0] -= 1
        route.fulfill(response=answer)

    page.route("**/api/then?*", count)
    screen.open(f"{running.url}?at=2020-08-20T07:00:00%2B08:00")
    screen.wait("document.querySelector('.then-slider')?.max > 1000")
    page.clock.pause_at(page.evaluate("Date.now() + 5000"))
    page.get_by_label("播放速度").select_option("3600")
    page.locator(".then-play").click()
    assert "pace=3600" in page.url
    page.clock.run_for(500)  # half an hour each half second
    expect(page.locator("#clock-time")).to_have_text("07:30:00", timeout=LIMIT_MS)
    assert in_flight[1] == 1
    page.clock.run_for(500)
    expect(page.locator("#clock-time")).to_have_text("08:00:00", timeout=LIMIT_MS)
    page.clock.run_for(500)
    expect(page.locator("#link-text")).to_have_text("实时", timeout=LIMIT_MS)  # beyond 08:15 there is no past
    assert "pace=" not in page.url


def test_a_red_alert_that_opens_live_is_told(running: Running, city: Connection, new_screen: OpenScreen) -> None:
    screen = new_screen()
    page = screen.page
    page.clock.install()
    screen.open(f"{running.url}{ADDRESS}")
    with page.expect_response("**/api/alerts?level=red*"):
        page.clock.run_for(5_100)
    assert page.locator("#then-red").is_hidden()
    seed.open_alert(city, "zhutuo3", "red", 213.0, seed.PEAK)
    with page.expect_response("**/api/alerts?level=red*"):
        page.clock.run_for(5_100)
    expect(page.locator("#then-red")).to_be_visible(timeout=LIMIT_MS)
    assert "实时有新的红色告警" in page.inner_text("#then-red")
    page.locator("#then-red button").click()
    expect(page.locator("#link-text")).to_have_text("实时", timeout=LIMIT_MS)
    assert page.locator("#then-red").is_hidden()


def test_a_moment_that_cannot_be_is_said_so(running: Running, new_screen: OpenScreen) -> None:
    screen = new_screen()
    screen.open(running.url)
    screen.page.evaluate("history.pushState(null, '', '?at=2030-01-01T00:00:00%2B08:00')")
    screen.page.evaluate("dispatchEvent(new PopStateEvent('popstate'))")
    expect(screen.page.locator(".then-told")).to_contain_text("晚于当前时钟", timeout=LIMIT_MS)


def test_a_film_strip_has_its_frames(running: Running, new_screen: OpenScreen) -> None:
    screen = new_screen()
    span = "from=2020-08-19T08:15:00%2B08:00&to=2020-08-20T08:15:00%2B08:00"
    screen.page.goto(f"{running.url}then/report?{span}&frames=6")
    frames = screen.page.locator(".film-frame")
    assert frames.count() == 6
    assert frames.first.inner_text().startswith("1 2020-08-19 08:15")
    assert "2020-08-20 08:15" in frames.last.inner_text()
    assert "新增 寸滩 红" in frames.last.inner_text()
    assert frames.last.locator(".film-picture path").count() > frames.first.locator(".film-picture path").count()
    screen.page.screenshot(path=SCREENSHOTS / "film-zh.png", full_page=True)
    assert screen.complaints == []
    for language in ("zh", "en"):
        address = f"{running.url}then/report.pdf?{span}&frames=6&lang={language}"
        answer = httpx.get(address, headers=running.headers, timeout=60)
        assert answer.headers["content-type"] == "application/pdf", answer.text
        (SCREENSHOTS / f"film-{language}.pdf").write_bytes(answer.content)
    refused = httpx.get(f"{running.url}then/report?from=2020-01-01T00:00:00Z", headers=running.headers)
    assert refused.status_code == 422
