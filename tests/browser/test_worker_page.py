"""The worker's page as a thumb finds it: three taps, choices instead of typing, and what it looks like."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from config.database import Connection
from tests.browser.axe import violations
from tests.browser.conftest import SCREENSHOTS, Running, Serve
from tests.browser.worker_ground import LIMIT_MS, SPOT, Flooded, Phone, flooded
from tests.database.people_seed import GRID

OpenPhone = Callable[..., Phone]
_STATE = "select state from assignments where id = (select min(assignment_id) from answers)"


@pytest.fixture
def flood(connection: Connection, tmp_path: Path) -> Flooded:
    return flooded(connection, tmp_path)


@pytest.fixture
def served(flood: Flooded, database_url: str, serve: Serve) -> Running:
    return serve(database_url, vault=flood.ground.town.vault)


@pytest.fixture
def phones(flood: Flooded, browser: Browser) -> Iterator[OpenPhone]:
    """Opens phones of 5 inches; closes them after the test."""
    opened: list[Phone] = []

    def make(name: str = "网格员", **options: Any) -> Phone:
        context = browser.new_context(
            viewport={"width": 360, "height": 740},
            device_scale_factor=2,
            has_touch=True,
            is_mobile=True,
            permissions=["geolocation"],
            geolocation={"longitude": SPOT[0], "latitude": SPOT[1], "accuracy": 12},
            **options,
        )
        context.add_cookies(flood.workers[name].cookies)  # type: ignore[arg-type]
        phone = Phone(context=context, page=context.new_page())
        phone.page.on("pageerror", lambda error: phone.complaints.append(str(error)))
        phone.page.on("console", lambda said: _note(phone, said.type, said.text))
        opened.append(phone)
        return phone

    yield make
    for phone in opened:
        phone.context.close()


def _note(phone: Phone, kind: str, text: str) -> None:
    if kind in ("error", "warning"):
        phone.complaints.append(text)


def shot(phone: Phone, name: str) -> None:
    """A picture of what is in sight, to be looked at; the letters have come."""
    phone.wait("!navigator.onLine || (document.fonts.size > 0 && document.fonts.status === 'loaded')")
    phone.page.wait_for_timeout(300)
    phone.wait("!navigator.onLine || document.fonts.status === 'loaded'")
    phone.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    phone.page.screenshot(path=SCREENSHOTS / f"worker-{name}.png")


def big(page: Page) -> str:
    return page.inner_text(".task .big")


def tap(phone: Phone, word: str) -> None:
    """Tap the big button of that word, as soon as it takes a tap."""
    phone.page.wait_for_timeout(950)  # a tap that follows at once is not meant for the button that came in its place
    phone.page.locator(".task .big", has_text=word).click()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_three_taps_close_a_task(flood: Flooded, served: Running, phones: OpenPhone, language: str) -> None:
    words = {"zh": ["收到", "到场", "完成"], "en": ["Received", "On site", "Done"]}[language]
    flood.flood()
    flood.call()
    phone = phones()
    phone.open(f"{served.url}worker{'' if language == 'zh' else '?lang=en'}")
    phone.wait("document.querySelector('.task .big') !== null")
    shot(phone, f"task-{language}")
    for word, state in zip(words, ("acknowledged", "on_site", "done"), strict=True):
        assert big(phone.page) == word
        tap(phone, word)
        flood.wait_row(phone.page, _STATE, state)
        if state != "done":
            phone.wait("document.querySelector('.progress') !== null && document.querySelector('.to-send') === null")
    phone.wait("document.querySelector('.finished') !== null && document.querySelector('.task') === null")
    shot(phone, f"done-{language}")
    assert flood.one("select count(*) from answers where counted") == (3,)
    assert phone.complaints == []


def test_a_red_task_rings_shows_itself_and_is_received_and_read(
    flood: Flooded, served: Running, phones: OpenPhone
) -> None:
    phone = phones()
    phone.page.add_init_script(
        "globalThis.rung = []; navigator.vibrate = (how) => { if (how) rung.push(how); return true; };"
        "HTMLMediaElement.prototype.play = function () { rung.push(this.src); return Promise.resolve(); };"
    )
    phone.open(f"{served.url}worker")
    phone.wait("document.querySelector('#link').dataset.state === 'live'")
    phone.wait("document.querySelector('.empty .note') !== null")
    shot(phone, "none-zh")
    phone.page.click("#heading")  # a phone that was touched once may ring
    flood.flood()
    flood.call()
    phone.wait("document.querySelector('.task') !== null")
    phone.wait("rung.some((one) => String(one).endsWith('red-zh.wav'))")
    assert phone.page.evaluate("rung.some(Array.isArray)")
    shot(phone, "arrives-zh")
    flood.wait_row(phone.page, "select state from deliveries where channel = 'app' and state <> 'skipped'", "read")
    assert phone.complaints == []


def test_a_second_tap_that_follows_at_once_is_not_meant(flood: Flooded, served: Running, phones: OpenPhone) -> None:
    flood.flood()
    flood.call()
    phone = phones()
    phone.open(f"{served.url}worker")
    phone.page.wait_for_selector(".task .big")
    phone.page.dblclick(".task .big")
    flood.wait_row(phone.page, _STATE, "acknowledged")
    phone.wait("document.querySelector('.to-send') === null && document.querySelector('.progress') !== null")
    assert flood.one("select count(*) from answers") == (1,)
    assert big(phone.page) == "到场"


def test_results_are_chosen_and_one_who_cannot_says_so_twice(
    flood: Flooded, served: Running, phones: OpenPhone
) -> None:
    flood.flood()
    flood.connection.execute("update tasks set results = '{平安,外出,送医,误报}'")
    flood.call()
    phone = phones()
    phone.open(f"{served.url}worker")
    phone.page.wait_for_selector(".task .big")
    phone.page.get_by_text("去不了，叫下一位").click()
    phone.page.wait_for_selector(".sure")
    shot(phone, "cannot-zh")
    phone.page.get_by_role("button", name="返回").click()
    tap(phone, "收到")
    tap(phone, "到场")
    phone.page.wait_for_selector(".choices")
    shot(phone, "results-zh")
    tap(phone, "外出")
    flood.wait_row(phone.page, _STATE, "done")
    assert flood.one("select result from answers where kind = 'done'") == ("外出",)


def test_who_cannot_has_the_task_no_more(flood: Flooded, served: Running, phones: OpenPhone) -> None:
    flood.flood()
    flood.call()
    phone = phones()
    phone.open(f"{served.url}worker")
    phone.page.get_by_text("去不了，叫下一位").click()
    tap(phone, "是，叫下一位")
    phone.wait("document.querySelector('.task') === null")
    assert flood.one("select kind from answers") == ("cannot",)


def test_the_place_and_the_grid_are_shown_on_a_map(flood: Flooded, served: Running, phones: OpenPhone) -> None:
    flood.flood()
    flood.call()
    phone = phones()
    phone.open(f"{served.url}worker")
    phone.page.click(".map-toggle")
    phone.page.wait_for_selector(".map-place .leaflet-container")
    phone.wait("document.querySelector('#map-note').textContent.includes('推算边界')")
    phone.page.locator(".map-place").scroll_into_view_if_needed()
    shot(phone, "map-zh")
    for language in ("zh", "en"):
        phone.open(f"{served.url}worker{'' if language == 'zh' else '?lang=en'}")
        phone.page.click("[data-view=grid]")
        phone.page.wait_for_selector(".pin-sensor")
        shot(phone, f"grid-{language}")
    assert phone.complaints == []


def test_nothing_moves_under_the_thumb(flood: Flooded, served: Running, phones: OpenPhone) -> None:
    flood.flood()
    flood.call()
    phone = phones(user_agent="Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/120 Mobile Safari/537.36")
    phone.page.add_init_script(
        "globalThis.shifts = []; new PerformanceObserver((list) => { for (const one of list.getEntries())"
        " if (!one.hadRecentInput) shifts.push(one.value); }).observe({type: 'layout-shift', buffered: true});"
    )
    phone.open(f"{served.url}worker")
    phone.page.wait_for_selector(".task .big")
    phone.wait("document.querySelector('#link').dataset.state === 'live'")
    phone.page.wait_for_timeout(500)
    assert phone.page.evaluate("shifts") == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_has_a_name_and_a_contrast_of_seven_to_one(
    flood: Flooded, served: Running, phones: OpenPhone, scheme: str
) -> None:
    flood.flood()
    flood.call()
    phone = phones(color_scheme=scheme)
    phone.page.route("**/api/worker/event-kinds", lambda route: route.fulfill(json={"kinds": _KINDS}))
    for language in ("zh", "en"):
        phone.open(f"{served.url}worker{'' if language == 'zh' else '?lang=en'}")
        phone.page.wait_for_selector(".task .big")
        assert violations(phone.page) == []
        phone.page.click(".second >> nth=0")
        phone.page.wait_for_selector(".sure")
        assert violations(phone.page) == []
        phone.page.click("[data-view=grid]")
        phone.page.wait_for_selector(".pin-sensor")
        assert violations(phone.page) == []
        phone.page.click("[data-view=report]")
        phone.page.wait_for_selector(".kind")
        phone.page.locator(".kind").nth(1).click()
        phone.page.evaluate("scrollTo(0, document.body.scrollHeight)")  # the button lies over nothing there
        assert violations(phone.page) == []


def test_at_night_it_is_dark(flood: Flooded, served: Running, phones: OpenPhone) -> None:
    flood.flood()
    flood.call()
    phone = phones(color_scheme="dark")
    phone.open(f"{served.url}worker")
    phone.page.wait_for_selector(".task .big", timeout=LIMIT_MS)
    shot(phone, "task-dark-zh")
    assert phone.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(10, 18, 27)"


def test_a_task_that_comes_beside_another_is_told_at_the_top_and_moves_nothing(
    flood: Flooded, served: Running, phones: OpenPhone
) -> None:
    flood.flood("yellow")
    flood.call()
    phone = phones()
    phone.open(f"{served.url}worker")
    phone.page.wait_for_selector(".task .big")
    phone.wait("document.querySelector('#link').dataset.state === 'live'")
    before = phone.page.locator(".task .big").bounding_box()
    task = flood.one(
        "insert into tasks (run_id, task_key, post, post_id, what, state, started_at) select id, 'X1', '网格员',"
        " 'grid_worker', '巡查低洼商户', 'waiting', started_at from plan_runs returning id"
    )[0]
    flood.connection.execute(
        "insert into assignments (task_id, run_id, division_id, state, due_at, next_at)"
        " select %s, run_id, division_id, 'waiting', due_at, '2020-08-13' from assignments join calls"
        " on calls.assignment_id = assignments.id where calls.person_id = %s limit 1",
        (task, flood.ground.people["网格员"]),
    )
    flood.call()
    phone.wait("!document.querySelector('#banner').hidden")
    assert phone.page.locator(".task .big").first.bounding_box() == before
    shot(phone, "second-zh")
    phone.page.click("#banner button")
    phone.wait("document.querySelectorAll('.task.is-open').length === 1")
    assert "巡查低洼商户" in phone.page.inner_text(".task.is-open")


_KINDS = [
    {"id": name, "zh": zh, "en": en, "icon": icon, "urgent": False}
    for name, zh, en, icon in (
        ("crack", "裂缝或掉块", "Crack or falling rock", "⛰"),
        ("water", "积水", "Standing water", "🌊"),
        ("manhole", "井盖缺损", "Broken manhole", "🕳"),
        ("fire", "火情烟雾", "Fire or smoke", "🔥"),
        ("quarrel", "矛盾纠纷", "Quarrel", "🗣"),
        ("other", "其他", "Something else", "❔"),
    )
]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_event_is_reported_in_two_taps(flood: Flooded, served: Running, phones: OpenPhone, language: str) -> None:
    phone = phones()
    phone.open(f"{served.url}worker{'' if language == 'zh' else '?lang=en'}")
    phone.page.click("[data-view=report]")
    phone.page.wait_for_selector(".kind")
    phone.wait("document.querySelector('#where').textContent.includes('12')")
    phone.page.locator(".kind").nth(1).click()
    shot(phone, f"report-{language}")
    phone.page.click("#report-send")
    grid = flood.ground.town.divisions[GRID]
    flood.wait_row(phone.page, "select count(*), min(grid_id) from events", 1, grid)
    phone.wait("document.querySelector('.reported')?.textContent.startsWith('✓')")
    shot(phone, f"reported-{language}")


def test_without_a_position_the_place_is_tapped_on_the_map(
    flood: Flooded,
    served: Running,
    phones: OpenPhone,
) -> None:
    phone = phones()
    phone.context.clear_permissions()
    phone.page.route("**/api/worker/event-kinds", lambda route: route.fulfill(json={"kinds": _KINDS}))
    sent: list[Any] = []
    phone.page.route("**/api/worker/events", lambda route: (sent.append(route.request.post_data_json), route.abort()))
    phone.open(f"{served.url}worker")
    phone.wait("document.querySelector('#link').dataset.state === 'live'")
    phone.page.wait_for_timeout(500)
    phone.page.click("[data-view=report]")
    phone.page.wait_for_selector(".kind")
    phone.page.locator(".kind").first.click()
    phone.page.click("#report-send")
    assert "还缺位置" in phone.page.inner_text("#report-fault")
    if not phone.page.is_visible("#report-map"):
        phone.page.click("#on-map")
    phone.page.wait_for_selector("#report-map .leaflet-container")
    phone.page.click("#report-map .leaflet-container", position={"x": 120, "y": 150})
    phone.wait("document.querySelector('#where').textContent.includes('已在地图上选定')")
    shot(phone, "report-map-zh")
    phone.page.click("#report-send")
    phone.page.wait_for_selector(".reported")
    phone.wait("document.querySelector('#link').innerText.includes('待发送')")
    assert sent
    assert abs(sent[0]["lon"] - SPOT[0]) < 0.05


def test_a_report_that_is_refused_is_mended_and_not_lost(flood: Flooded, served: Running, phones: OpenPhone) -> None:
    phone = phones()
    phone.context.set_geolocation({"longitude": 0.0, "latitude": 0.0, "accuracy": 12})
    phone.open(f"{served.url}worker")
    phone.page.click("[data-view=report]")
    phone.page.wait_for_selector(".kind")
    phone.wait("document.querySelector('#where').textContent.includes('12')")
    phone.page.locator(".kind").nth(1).click()
    phone.page.fill("#words", "路面积水")
    phone.page.click("#report-send")
    phone.wait("document.querySelector('.reported')?.textContent.includes('没有送达')")
    shot(phone, "report-refused-zh")
    phone.page.get_by_role("button", name="修改后再报").click()
    phone.page.wait_for_selector("#report-map .leaflet-container")
    assert phone.page.input_value("#words") == "路面积水"
    phone.page.evaluate("map_worker.setView([29.62, 106.6], 15, {animate: false})")
    phone.page.click("#report-map .leaflet-container", position={"x": 150, "y": 150})
    phone.page.click("#report-send")
    flood.wait_row(phone.page, "select count(*) from events", 1)
