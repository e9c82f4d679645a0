"""The screen in a real Chromium, on a real server and database."""

import json
from datetime import timedelta
from urllib.parse import urlsplit

from config.database import Connection
from tests.browser import seed
from tests.browser.conftest import SCREENSHOTS, OpenScreen, Serve

SIZES = {"wall": (1920, 1080), "phone": (390, 844)}
_ALERT = "document.querySelectorAll('#alerts .alert:not(.watch *)')"


def test_a_page_asks_no_other_host_and_complains_of_nothing(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen
) -> None:
    seed.seed_readings(city)
    seed.seed_alerts(city)
    running, screen = serve(city_url), new_screen()
    screen.open(running.url)
    screen.page.click(".station.level-red .pin", force=True)
    screen.settle()
    hosts = {urlsplit(request.url).netloc for request in screen.requests if not request.url.startswith("data:")}
    assert hosts == {urlsplit(running.url).netloc}
    assert screen.complaints == []


def test_a_quiet_city_says_so_and_names_what_it_cannot_place(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen
) -> None:
    seed.seed_readings(city, below=16)
    screen = new_screen()
    screen.open(serve(city_url).url)
    assert "一切正常" in screen.page.inner_text("#verdict")
    books = screen.page.inner_text("#books")
    for told in ("1,031", "已定位 1,016", "未定位测站 2", "泸州", "武胜(三)"):
        assert told in books
    drawn = screen.page.locator(".station .tag-name").all_text_contents()
    assert "寸滩" in drawn
    assert "泸州" not in drawn
    assert "非官方" in screen.page.inner_text(".map-foot")
    assert "预警信号" not in screen.page.inner_text("body")


def test_a_reading_and_an_alert_appear_without_a_reload(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen
) -> None:
    seed.seed_readings(city, below=16)
    screen = new_screen()
    screen.open(serve(city_url).url)
    screen.page.evaluate("window.sameDocument = true")
    cuntan = seed.sensor_id(city, "cuntan")
    time = seed.PEAK + timedelta(hours=1)
    seed.add_reading(city, cuntan, time, 191.62)
    city.execute("notify shijing_readings, 'cq'")
    screen.wait(f"document.querySelector('[data-sensor=\"{cuntan}\"] .tag-value')?.textContent === '191.62'")
    city.execute("update partitions set clock = %s", (time,))
    seed.open_alert(city, "cuntan", "red", 191.62, time)
    screen.wait(f"{_ALERT}.length === 1 && document.querySelector('#alerts').innerText.includes('寸滩')")
    screen.wait("document.querySelector('.station.level-red') !== null")
    screen.wait("document.querySelector('#clock-time').textContent === '09:15:00'")
    assert screen.page.evaluate("window.sameDocument") is True


def test_a_run_shows_its_tasks_against_the_pipelines_clock(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen
) -> None:
    seed.seed_readings(city)
    screen = new_screen()
    screen.open(serve(city_url).url)
    seed.start_run(city, ("江北区", "寸滩街道"), "red", seed.PEAK - timedelta(minutes=12))
    screen.wait("document.querySelectorAll('.task').length >= 3")
    runs = screen.page.inner_text("#runs")
    for told in ("嘉陵江沿岸街道内涝与洪水预案", "江北区 寸滩街道", "1/7 完成", "网格员", "超时 02:00", "剩 08:00"):
        assert told in runs


def test_a_screen_resumes_after_the_server_was_down(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen
) -> None:
    seed.seed_readings(city, below=16)
    running, screen = serve(city_url), new_screen()
    screen.open(running.url)
    screen.page.evaluate("window.sameDocument = true")
    running.stop()
    screen.wait("!document.querySelector('#stale').hidden")
    assert "连接中断" in screen.page.inner_text("#stale")
    seed.open_alert(city, "ciqikou", "orange", 194.29, seed.PEAK)  # while nobody listens
    running.start()
    screen.wait(f"{_ALERT}.length === 1 && document.querySelector('#stale').hidden")
    assert screen.page.inner_text("#link-text") == "实时"
    assert screen.page.evaluate("window.sameDocument") is True


def test_english_is_a_switch_away(city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen) -> None:
    seed.seed_readings(city, below=16)
    screen = new_screen()
    screen.open(serve(city_url).url)
    screen.page.click("#language")
    screen.page.wait_for_selector("html[lang=en] body[data-ready]")
    screen.wait("document.querySelector('#verdict').innerText.includes('All is well')")
    assert "derived, not official" in screen.page.inner_text(".map-foot")


def test_hostile_names_stay_text(city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen) -> None:
    seed.seed_readings(city)
    trap = "<img src=x onerror='window.trapped = true'>"
    city.execute("update sensors set label = %s, river = %s, unit = %s, source = %s", (trap, trap, trap, trap))
    city.execute("update sensors set levels = %s", (json.dumps({trap: 190.0}),))
    city.execute(  # no two of a parent have the same name
        "update division_versions set name = %s || division_id where parent_id is not null and upper_inf(recorded)",
        (trap,),
    )
    seed.open_alert(city, "cuntan", "red", 191.62, seed.PEAK)
    screen = new_screen()
    screen.open(serve(city_url).url)
    screen.wait("document.querySelector('.card h2') !== null")
    screen.page.mouse.move(700, 500)  # a township's note
    screen.settle()
    assert trap in screen.page.inner_text("#alerts")
    assert screen.page.evaluate("document.querySelectorAll('img[src=x]').length") == 0
    assert screen.page.evaluate("window.trapped") is None
    assert screen.complaints == []


def test_a_tap_on_an_incident_and_on_its_alert_opens_the_card_on_a_phone(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen
) -> None:
    seed.seed_readings(city)
    seed.seed_alerts(city)
    screen = new_screen(*SIZES["phone"])
    screen.open(serve(city_url).url)
    assert screen.page.evaluate("document.documentElement.scrollWidth") == SIZES["phone"][0]
    screen.wait("document.querySelectorAll('#alerts [data-queue]').length > 1")
    screen.page.click("#alerts [data-queue] >> nth=1")
    screen.page.click("[data-stage-alert]")
    card = screen.page.locator("#card")
    card.wait_for(state="visible")
    assert "菜园坝" in card.inner_text()
    screen.settle()
    SCREENSHOTS.mkdir(exist_ok=True)
    screen.page.screenshot(path=SCREENSHOTS / "card-phone-zh.png")
    screen.page.click("#card .close")
    card.wait_for(state="hidden")
