"""The page of figures in a real Chromium: charts drawn, tables behind them, Excel with the same numbers, two roles."""

import io
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook
from playwright.sync_api import Browser, Page

from access import audit
from access.vault import Vault
from config.database import connect
from tests.browser.accounts import SignedIn, signed_in
from tests.browser.conftest import LIMIT_MS, SCREENSHOTS, OpenScreen, Running
from tests.browser.signing import new_vault
from tests.database.clones import cloned
from tests.database.figures_seed import Seeded, seed_figures
from tests.database.out_seed import DISTRICT, TOWNSHIP
from tests.database.rights_city import OTHER_TOWNSHIP

MONTH = "from=2026-11-01&to=2026-11-30"
SIZES = {"wall": (1920, 1080), "desk": (1366, 768), "tablet": (820, 1180)}


class Ground:
    """A server of a seeded city, and who is signed in there."""

    def __init__(self, url: str, made: Seeded, running: Running, who: dict[str, SignedIn]) -> None:
        self.url, self.made, self.running, self.who = url, made, running, who

    def client(self, name: str) -> httpx.Client:
        return httpx.Client(base_url=self.running.url, headers=self.who[name].headers, timeout=30)


@pytest.fixture(scope="module")
def ground(server_url: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    from config.settings import WebSettings

    vault: Vault = new_vault(tmp_path_factory.mktemp("keys"))
    with cloned(server_url, template, "shijing_figures_page") as url:
        with connect(url, "test", autocommit=True) as owner:
            made = seed_figures(owner)
            owner.execute("insert into heard_by select id, 'cq' from sensors")
            number = made.city.divisions
            who = {
                "commander": signed_in(owner, "commander", [("commander", None)]),
                "official": signed_in(owner, "official", [("township_official", number[TOWNSHIP])]),
                "worker": signed_in(owner, "worker", [("grid_worker", number[TOWNSHIP])]),
                "screen": signed_in(owner, "wall", [("screen", None)], kind="screen"),
            }
        running = Running(url, None, WebSettings(port=0), vault=vault)
        yield Ground(url, made, running, who)
        running.stop()


def page_of(new_screen: OpenScreen, ground: Ground, name: str, size: str = "wall") -> tuple[Page, list[str]]:
    screen = new_screen(*SIZES[size], let_in=False)
    screen.page.context.add_cookies(ground.who[name].cookies)  # type: ignore[arg-type]
    return screen.page, screen.complaints


def opened(page: Page, ground: Ground, query: str) -> None:
    page.goto(f"{ground.running.url}figures?{query}")
    page.wait_for_selector("body[data-ready]", timeout=LIMIT_MS)


def drawn(page: Page, key: str) -> bool:
    """Whether more than the ground of a chart's canvas is painted."""
    return bool(page.evaluate(
        """(key) => {
            const canvas = document.querySelector(`#figure-${key} canvas`);
            if (!canvas) return false;
            const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
            const seen = new Set();
            for (let at = 0; at < data.length; at += 4) {
                if (data[at + 3]) seen.add(data[at] * 65536 + data[at + 1] * 256 + data[at + 2]);
            }
            return seen.size > 5;
        }""", key))  # fmt: skip


def rows(page: Page, key: str) -> list[list[str]]:
    return [
        [cell.inner_text().strip() for cell in row.locator("th, td").all()]
        for row in page.locator(f"#figure-{key} table tr").all()
    ]


CHARTS = (
    "alerts_by_day", "alerts_by_family", "online", "alert_times", "task_times", "event_times", "closure",
    "false_alarms", "load", "coverage", "comparison",
)  # fmt: skip


def test_a_commander_sees_every_chart_and_its_table(ground: Ground, new_screen: OpenScreen) -> None:
    page, complaints = page_of(new_screen, ground, "commander")
    opened(page, ground, MONTH)
    for key in CHARTS:
        assert drawn(page, key), key
    with ground.client("commander") as client:
        told = client.get(f"api/figures?{MONTH}").json()
    button = page.locator("#figure-alerts_by_family .figure-toggle")
    button.focus()
    page.keyboard.press("Enter")
    assert button.get_attribute("aria-pressed") == "true"
    assert not page.locator("#figure-alerts_by_family canvas").is_visible()
    last = rows(page, "alerts_by_family")[-1]
    assert last[0] == "合计"
    assert last[-1] == str(sum(told["this"]["alerts"].values()))
    page.keyboard.press("Enter")
    assert page.locator("#figure-alerts_by_family canvas").is_visible()
    assert complaints == []


def test_the_address_says_what_is_asked(ground: Ground, new_screen: OpenScreen) -> None:
    page, complaints = page_of(new_screen, ground, "commander")
    opened(page, ground, "span=7d")
    with page.expect_response("**/api/figures?*drills=true*"):
        page.check("#drills")
    page.wait_for_selector(".drills-mark", timeout=LIMIT_MS)
    assert "drills=true" in page.url
    with page.expect_response("**/api/figures?*compare=township*"):
        page.select_option("#compare", "township")
    page.wait_for_selector("#figure-comparison th:has-text('镇街')", timeout=LIMIT_MS, state="attached")
    district = str(ground.made.city.divisions[DISTRICT])
    with page.expect_response(f"**/api/figures?*in={district}*"):
        page.select_option("#in", district)
    page.go_back()
    page.wait_for_selector("#figures:not([aria-busy])", timeout=LIMIT_MS)
    assert page.input_value("#in") == ""
    page.click("#figure-comparison .figure-toggle")
    page.click("#figure-comparison .sorter:has-text('红')")
    assert page.locator("#figure-comparison [aria-sort]").inner_text().startswith("红")
    reds = [int(row[1]) for row in rows(page, "comparison")[1:]]
    assert reds == sorted(reds, reverse=True)
    assert complaints == []


def test_a_township_official_sees_their_own_and_no_more(ground: Ground, new_screen: OpenScreen) -> None:
    page, complaints = page_of(new_screen, ground, "official")
    opened(page, ground, MONTH)
    assert "寸滩街道" in page.inner_text("#told")
    assert "磁器口" not in page.content()
    page.click("#figure-comparison .figure-toggle")
    heads = [row[0] for row in rows(page, "comparison")]
    assert heads[0] == "村社" and set(heads[1:]) == {"第二村", "不在其中"}
    number = ground.made.city.divisions
    with ground.client("official") as client:
        assert client.get(f"api/figures?in={number[OTHER_TOWNSHIP]}").status_code == 404
        assert client.get(f"api/figures/strip?in={number[OTHER_TOWNSHIP]}").status_code == 404
        assert client.get("api/figures?compare=district").status_code == 422
        assert client.get("api/figures?from=2026-11-20&to=2026-11-01").status_code == 422
    assert complaints == []


def test_what_needs_a_right_of_its_own_is_left_out_and_said(ground: Ground, new_screen: OpenScreen) -> None:
    page, complaints = page_of(new_screen, ground, "worker")
    opened(page, ground, MONTH)
    assert "events.read" in page.inner_text("#figure-closure")
    assert "plans.read" in page.inner_text("#figure-load")
    with ground.client("worker") as worker, ground.client("screen") as screen, ground.client("commander") as commander:
        told = worker.get(f"api/figures?{MONTH}").json()
        assert (told["tasks"], told["events"], told["this"]["called"]) == (None, None, None)
        by_post = screen.get(f"api/figures?{MONTH}").json()["tasks"]["load"]
        assert by_post and all(one["name"] is None and one["person_id"] is None for one in by_post)
        assert all(one["name"] for one in commander.get(f"api/figures?{MONTH}").json()["tasks"]["load"])
    opened(page, ground, "from=2025-01-01&to=2025-01-02")
    assert "没有发生监测告警" in page.inner_text("#figure-alerts_by_day")
    assert complaints == []


def sheets(raw: bytes) -> dict[str, list[tuple[Any, ...]]]:
    book = load_workbook(io.BytesIO(raw))
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets}


def test_the_workbook_has_the_same_numbers(ground: Ground) -> None:
    with connect(ground.url, "test", autocommit=True) as owner:
        owner.execute(
            "insert into alerts (rule_id, subject, township_id, level, peak, state, kind, family, opened_at,"
            " changed_at) values ('=1+1', 17179900000, %s, 'red', 'red', 'open', 'manual', 'gas', '2026-11-15',"
            " '2026-11-15')",
            (ground.made.city.divisions[TOWNSHIP],),
        )  # fmt: skip
    with ground.client("commander") as client:
        told = client.get(f"api/figures?{MONTH}").json()
        answer = client.get(f"figures.xlsx?{MONTH}")
        english = client.get(f"figures.xlsx?{MONTH}&lang=en")
    assert answer.headers["content-disposition"] == 'attachment; filename="figures-2026-11-01-2026-11-30.xlsx"'
    found = sheets(answer.content)
    assert found["每日告警"][-1][-1] == sum(told["this"]["alerts"].values())
    [whole] = [one for one in told["events"]["closure"] if one["of_all"]]
    assert found["分级办结"][-1][1:3] == (whole["reported"], whole["closed"])
    [tasks] = [one for one in told["tasks"]["counts"] if one["of_all"]]
    assert found["任务应答"][-1][1:4] == (tasks["called"], tasks["answered"], tasks["done"])
    times = {row[0]: row for row in found["告警用时"][3:]}
    [acknowledged] = [one for one in told["alert_times"] if one["of_all"] and one["step"] == "acknowledged"]
    assert times["签收"][1] == acknowledged["count"]
    assert times["签收"][2:5] == pytest.approx(acknowledged["marks"], abs=0.06)
    assert times["签收"][6:] == tuple(acknowledged["bins"])
    assert "搁置" in found["每日告警"][1][0] and "2026-11-01 ～ 2026-11-30" in found["每日告警"][1][0]
    [cell] = [row[0] for row in found["各规则误报"] if row[0] == "=1+1"]
    book = load_workbook(io.BytesIO(answer.content))
    assert all(one.data_type != "f" for sheet in book.worksheets for row in sheet.iter_rows() for one in row), cell
    assert "Alerts by day" in sheets(english.content)
    with connect(ground.url, "test", autocommit=True) as owner:
        assert audit.entries(owner, actor=ground.who["commander"].account_id)[0].act == "figures.drawn"


def test_the_strip_tells_of_today(ground: Ground, new_screen: OpenScreen) -> None:
    with ground.client("commander") as client, ground.client("screen") as wall:
        told = client.get("api/figures/strip").json()
        today = client.get("api/figures?span=today").json()
        assert wall.get("api/figures/strip").json()["closed"] is None  # events need a right that a wall has not
    assert told["alerts"] == today["this"]["alerts"]
    assert told["acknowledged_s"] == today["this"]["acknowledged_s"]
    assert (told["reported"], told["closed"]) == (today["this"]["reported"], today["this"]["closed"])
    assert (told["sensors"], told["silent"]) == (today["online"][-1]["sensors"], today["online"][-1]["silent"])
    page, complaints = page_of(new_screen, ground, "commander")
    opened(page, ground, "span=today")
    page.evaluate(
        """async () => {
            const { startFigures } = await import("/static/figures/strip.js");
            const node = document.createElement("section");
            document.querySelector("#told").after(node);
            startFigures(node);
        }"""
    )
    page.wait_for_selector(".figures-strip .strip-part", timeout=LIMIT_MS)
    assert f"{told['closed']}/{told['reported']}" in page.inner_text(".figures-strip")
    assert complaints == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_it_fits_every_screen(ground: Ground, new_screen: OpenScreen, browser: Browser, language: str) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    page, complaints = page_of(new_screen, ground, "commander")
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        opened(page, ground, f"{MONTH}&lang={language}")
        page.evaluate("document.fonts.ready")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert drawn(page, "alerts_by_day")
        page.screenshot(path=SCREENSHOTS / f"figures-{size}-{language}.png", full_page=True)
    assert complaints == []
