"""How the screen behaves: its theme, its parts, and a desk that drives it."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from config.database import Connection
from tests.browser import seed
from tests.browser.accounts import SignedIn, signed_in
from tests.browser.conftest import LIMIT_MS, OpenScreen, Running, Screen, Serve
from tests.browser.test_accounts_page import as_, place
from web import build


def post(running: Running, who: dict[str, str], path: str, body: dict[str, object]) -> httpx.Response:
    return httpx.post(running.url + path, json=body, headers=who)


def listed(running: Running, who: dict[str, str]) -> list[str]:
    """The names of the screens that somebody may drive."""
    answer = httpx.get(f"{running.url}api/screens", headers=who)
    assert answer.status_code == 200, answer.text
    return [one["name"] for one in answer.json()["screens"]]


def asked(page: Page) -> dict[str, str]:
    """What the page's address says."""
    return {key: values[0] for key, values in parse_qs(urlsplit(page.url).query).items()}


@pytest.fixture
def running(city_url: str, city: Connection, serve: Serve) -> Running:
    seed.seed_readings(city)
    seed.seed_alerts(city)
    return serve(city_url)


def test_the_theme_is_changed_by_a_button_and_told_by_the_address(running: Running, new_screen: OpenScreen) -> None:
    screen = new_screen()
    screen.open(running.url)
    dark = screen.page.evaluate("getComputedStyle(document.body).backgroundColor")
    screen.page.click("#manners .theme")
    assert asked(screen.page)["theme"] == "light"
    light = screen.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert light != dark
    screen.page.reload()
    screen.wait("document.body.dataset.ready === 'true'")
    assert screen.page.evaluate("getComputedStyle(document.body).backgroundColor") == light
    screen.page.click("#manners .theme")
    assert "theme" not in asked(screen.page)
    assert screen.complaints == []


@pytest.mark.parametrize("rubbish", ["in=abc", "at=yesterday", "in=-1&sensor=x&thing=1e9", "at=2020-08-20T03:15:00"])
def test_an_address_that_says_nothing_sensible_shows_the_city_as_it_is(
    running: Running, new_screen: OpenScreen, rubbish: str
) -> None:
    screen = new_screen()
    screen.open(f"{running.url}?{rubbish}&theme=light")
    screen.wait("document.querySelector('#link').dataset.state === 'live'")
    assert screen.page.evaluate("document.documentElement.dataset.theme") == "light"
    assert screen.complaints == []


@pytest.mark.parametrize(
    ("parts", "there", "away"),
    [
        ("map", ["#map_city"], ["#alerts", "#runs"]),
        ("queue", ["#alerts"], ["#map_city", "#runs"]),
        ("plans", ["#runs"], ["#map_city", "#alerts"]),
        ("nothing,of,this", ["#map_city", "#alerts", "#runs"], []),
    ],
)
def test_a_screen_shows_the_parts_that_its_address_names(
    running: Running, new_screen: OpenScreen, parts: str, there: list[str], away: list[str]
) -> None:
    screen = new_screen()
    screen.open(f"{running.url}?parts={parts}")
    for selector in there:
        expect(screen.page.locator(selector)).to_be_visible()
        box = screen.page.locator(selector).bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 1921
    for selector in away:
        expect(screen.page.locator(selector)).to_be_hidden()


def test_a_desk_drives_a_wall_and_what_it_did_is_written_down_once(
    running: Running, new_screen: OpenScreen, city: Connection
) -> None:
    wall_account = signed_in(city, "wall", [("screen", None)], kind="screen")
    officer = signed_in(city, "officer", [("duty_officer", None)])
    wall, desk = as_(new_screen, wall_account), as_(new_screen, officer)
    for page, address in ((wall, "?screen=东墙&parts=map"), (desk, "?")):
        page.goto(f"{running.url}{address}")
        page.wait_for_selector("body[data-ready]", timeout=LIMIT_MS)
    screen = Screen(page=wall)
    desk.goto(f"{running.url}?shade=silent")
    desk.wait_for_selector("body[data-ready]", timeout=LIMIT_MS)
    desk.click("#manners .desk > summary")
    row = desk.locator(".desk-screens li", has_text="东墙")
    expect(row).to_be_visible(timeout=LIMIT_MS)
    row.get_by_role("button", name="推送当前画面").click()
    expect(row.get_by_role("status")).to_have_text("已推送", timeout=LIMIT_MS)
    screen.wait("new URLSearchParams(location.search).get('shade') === 'silent'")
    assert asked(wall)["screen"] == "东墙"
    assert asked(wall)["parts"] == "map"
    row.get_by_role("checkbox").check()  # and from now on it follows
    desk.evaluate("import('/built/main.js').then(({ say }) => say({ shade: 'load' }))")
    screen.wait("new URLSearchParams(location.search).get('shade') === 'load'")
    moment = "2020-08-20T03:15:00+08:00"  # into the past, where the stream is held back, and out of it again
    desk.evaluate(f"import('/built/main.js').then(({{ say }}) => say({{ at: '{moment}' }}))")
    screen.wait("document.body.dataset.past === 'yes'")
    desk.evaluate("import('/built/main.js').then(({ say }) => say({ at: null }))")
    screen.wait("document.body.dataset.past !== 'yes' && !location.search.includes('at=')")
    acts = city.execute("select actor, count(*) from audit where act = 'screen.driven' group by actor").fetchall()
    assert acts == [(officer.account_id, 1)]


def test_what_a_desk_shows_while_the_wall_is_still_loading_is_not_lost(
    running: Running, new_screen: OpenScreen, city: Connection
) -> None:
    """The head of the page listens before the modules are here."""
    wall = as_(new_screen, signed_in(city, "wall", [("screen", None)], kind="screen"))
    screen_of, officer = Screen(page=wall), signed_in(city, "officer", [("duty_officer", None)])
    wall.goto(f"{running.url}?screen=wall")
    wall.wait_for_selector("body[data-ready]", timeout=LIMIT_MS)
    with httpx.Client(base_url=running.url, headers=officer.headers) as client:
        [screen] = client.get("api/screens").json()["screens"]
        held: list[Route] = []
        wall.route("**/built/main.js*", lambda route: held.append(route))  # noqa: PLW0108  # it wants a function
        wall.reload(wait_until="commit")
        screen_of.wait("globalThis.begun?.heard.some(({ type }) => type === 'snapshot')")
        shown = client.post("api/screens/show", json={"screen": screen["id"], "address": "shade=silent"})
        assert shown.status_code == 200, shown.text
        screen_of.wait("globalThis.begun.heard.some(({ type }) => type === 'screen')")
    held[0].continue_()
    screen_of.wait("new URLSearchParams(location.search).get('shade') === 'silent'")


@pytest.fixture
def here(city: Connection) -> SignedIn:
    return signed_in(city, "of-yuzhong", [("duty_officer", place(city, "渝中区"))])


def test_a_desk_drives_no_screen_that_sees_more_than_it_does(
    running: Running, city: Connection, here: SignedIn
) -> None:
    walls = {
        "city": signed_in(city, "city-wall", [("screen", None)], kind="screen"),
        "own": signed_in(city, "own-wall", [("screen", place(city, "渝中区"))], kind="screen"),
        "other": signed_in(city, "other-wall", [("screen", place(city, "沙坪坝区"))], kind="screen"),
    }
    number = {}
    for name, wall in walls.items():
        answer = post(running, wall.headers, "api/screens/here", {"name": name, "address": ""})
        number[name] = answer.json()["screen"]
    assert listed(running, here.headers) == ["own"]
    for name, status in (("city", 404), ("other", 404), ("own", 200)):
        answer = post(running, here.headers, "api/screens/show", {"screen": number[name], "address": "shade=load"})
        assert answer.status_code == status, (name, answer.text)
    wall = walls["own"].headers  # a screen only looks
    assert httpx.get(f"{running.url}api/screens", headers=wall).status_code == 403
    assert post(running, wall, "api/screens/show", {"screen": number["own"], "address": ""}).status_code == 403


@pytest.mark.parametrize("address", ["lang=en", "screen=x", "nonsense=1", "in=" + "1" * 600])
def test_a_screen_is_told_nothing_that_is_not_its_view(running: Running, address: str, city: Connection) -> None:
    number = post(running, running.headers, "api/screens/here", {"name": "wall", "address": ""}).json()["screen"]
    answer = post(running, running.headers, "api/screens/show", {"screen": number, "address": address})
    assert answer.status_code == 422
    assert city.execute("select count(*) from live_events where kind = 'screen'").fetchone() == (0,)


def test_a_screen_that_is_silent_is_forgotten(running: Running, city: Connection) -> None:
    post(running, running.headers, "api/screens/here", {"name": "wall", "address": ""})
    assert listed(running, running.headers) == ["wall"]
    city.execute("update screens set seen_at = %s", (datetime.now(UTC) - timedelta(seconds=91),))
    assert listed(running, running.headers) == []


def test_an_update_of_the_server_comes_without_a_hand(
    running: Running, new_screen: OpenScreen, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = new_screen()
    screen.open(f"{running.url}?theme=light&shade=silent")
    screen.page.evaluate("globalThis.former = true")
    running.stop()
    monkeypatch.setattr(build, "version", lambda _: "of tomorrow")
    build.build_stamp.cache_clear()
    with screen.page.expect_navigation(timeout=LIMIT_MS):
        running.start()
    screen.wait("document.body?.dataset.ready === 'true'")
    assert screen.page.evaluate("globalThis.former === undefined")
    assert asked(screen.page) == {"theme": "light", "shade": "silent"}
    monkeypatch.undo()
    build.build_stamp.cache_clear()


def test_a_wall_of_8k_writes_twice_as_large(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen
) -> None:
    """7680 × 2160: read from as far away as one of half the pixels."""
    seed.seed_readings(city)
    seed.open_alert(city, "cuntan", "red", 191.62, seed.PEAK)
    screen = new_screen(7680, 2160)
    screen.open(serve(city_url).url)
    screen.wait("document.querySelector('.station:not(.bare) > .tag') !== null")
    for what in (".tag", ".district-name"):
        size = f"parseFloat(getComputedStyle(document.querySelector('{what}')).fontSize)"
        assert screen.page.evaluate(size) >= 36, what
    for what in ("#verdict", "#crumbs"):  # by the scale of what they stand in
        assert screen.page.evaluate(f"document.querySelector('{what}').currentCSSZoom") >= 2, what
    boxes = "document.querySelectorAll('.station:not(.bare) > .tag')"
    tags = screen.page.evaluate(f"[...{boxes}].map((node) => node.getBoundingClientRect().toJSON())")
    assert len(tags) > 3
    for one in tags:
        for other in tags:
            apart = one["right"] <= other["left"] + 1 or other["right"] <= one["left"] + 1
            apart = apart or one["bottom"] <= other["top"] + 1 or other["bottom"] <= one["top"] + 1
            assert one is other or apart
    assert screen.complaints == []
