"""The menu of pages in a real Chromium: from the map to the others and back, and no room taken from the map."""

import re
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from config.database import Connection
from config.settings import WebSettings
from tests.browser import seed
from tests.browser.accounts import SignedIn, signed_in
from tests.browser.conftest import LIMIT_MS, SCREENSHOTS, OpenScreen, Running, Serve
from web.pages import Page, drawn

WALL = (1920, 1080)
PHONE = (390, 844)


@pytest.fixture
def running(city_url: str, city: Connection, serve: Serve) -> Running:
    seed.seed_readings(city)
    return serve(city_url)


@pytest.mark.parametrize(("size", "name"), [(WALL, "wall"), (PHONE, "phone")])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_from_the_map_to_the_rules_and_back(
    running: Running, new_screen: OpenScreen, size: tuple[int, int], name: str, language: str
) -> None:
    screen = new_screen(*size)
    page = screen.page
    page.goto(f"{running.url}?lang={language}")
    page.wait_for_selector(".pages > summary", timeout=LIMIT_MS)
    assert not page.is_visible(".pages a")
    page.click(".pages > summary")
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=str(SCREENSHOTS / f"menu-{name}-{language}.png"))
    box = page.locator(".pages > ul").bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= size[0]
    page.click('.pages a[href^="/rules"]')
    page.wait_for_selector("body.rules-page[data-ready]", timeout=LIMIT_MS)
    assert page.get_attribute("html", "data-language") == language
    page.click(".pages > summary")
    assert page.get_attribute(".pages [aria-current]", "href") == ("/rules" if language == "zh" else "/rules?lang=en")
    page.click(f'.pages a[href="/{"" if language == "zh" else "?lang=en"}"]')
    page.wait_for_selector(".stage .map", timeout=LIMIT_MS)
    assert page.get_attribute("html", "data-language") == language
    assert screen.complaints == []


def test_the_map_keeps_its_room_on_a_wall_also_while_the_menu_is_open(running: Running, new_screen: OpenScreen) -> None:
    screen = new_screen(*WALL)
    page = screen.page
    page.goto(running.url)
    page.wait_for_selector(".pages > summary", timeout=LIMIT_MS)
    room = page.locator(".map").bounding_box()
    page.evaluate("document.getElementById('pages').remove()")
    assert page.locator(".map").bounding_box() == room
    assert room is not None
    assert room["y"] == 88  # right under the bar


def test_the_menu_closes_by_itself(running: Running, new_screen: OpenScreen) -> None:
    screen = new_screen(*WALL)
    page = screen.page
    page.goto(running.url)
    for leave in (lambda: page.mouse.click(600, 40), lambda: page.keyboard.press("Escape")):
        page.click(".pages > summary")
        screen.wait("document.getElementById('pages').open")
        leave()
        screen.wait("!document.getElementById('pages').open")


def test_the_menu_has_what_one_may_see(city_url: str, city: Connection, serve: Serve, tmp_path: Path) -> None:
    running = serve(city_url, backtest=str(tmp_path))
    district = city.execute("select min(id) from divisions where level = 'district'").fetchone()
    assert district
    author = signed_in(city, "author", [("rule_author", None)])
    of_one = signed_in(city, "of-one-district", [("rule_author", district[0])])
    worker = signed_in(city, "worker", [("grid_worker", None)])
    assert offered(running, worker) == ["/", "/worker", "/figures", "/divisions"]
    assert offered(running, author) == ["/", "/runs", "/rules", "/figures", "/plans", "/divisions"]
    (tmp_path / "backtest.html").write_text("<html><body>\n<p>report</p></body></html>", encoding="utf-8")
    assert offered(running, author) == ["/", "/runs", "/rules", "/figures", "/plans", "/divisions", "/backtest"]
    assert offered(running, of_one) == ["/", "/runs", "/rules", "/figures", "/plans", "/divisions"], (
        "the report is about the whole city"
    )
    assert '<a href="/">' in got(running, "backtest", author)
    with pytest.raises(urllib.error.HTTPError, match="403") as refused:
        got(running, "backtest", of_one)
    refused.value.close()


def got(running: Running, path: str, who: SignedIn) -> str:
    with urllib.request.urlopen(urllib.request.Request(running.url + path, headers=who.headers), timeout=30) as answer:
        return str(answer.read().decode())


def offered(running: Running, who: SignedIn) -> list[str]:
    """The addresses in the menu."""
    menu = got(running, "", who).partition('class="pages"')[2].partition("</details>")[0]
    return re.findall(r'href="([^"]+)"', menu)


def test_words_of_the_menu_are_text() -> None:
    accounts = Page(path="/accounts", zh="账号 <管理>", en="Accounts", right="accounts.manage")
    assert "账号 &lt;管理&gt;" in drawn("/", "zh", [accounts])
    assert 'href="/accounts?lang=en"' in drawn("/", "en", [accounts])


def test_a_report_is_a_page_as_soon_as_there_is_one(tmp_path: Path) -> None:
    settings = WebSettings(backtest=tmp_path)
    assert settings.backtest_report is None
    (tmp_path / "backtest.html").write_text("<body>")
    assert settings.backtest_report == tmp_path / "backtest.html"
    assert WebSettings().backtest_report is None
