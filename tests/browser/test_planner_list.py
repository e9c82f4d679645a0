"""The list of drafts of boundaries: a new one by the form and on the map, generated grids taken over, who sees what."""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from config.database import Connection
from config.generation_settings import GenerationSettings
from geo.generate_run import Wanted, Watch, run
from tests.browser.accounts import SignedIn, signed_in
from tests.browser.axe import violations
from tests.browser.conftest import LIMIT_MS, SCREENSHOTS, OpenScreen, Running, Serve
from tests.browser.test_accounts_page import as_, place

SIZES = {"wide": (1920, 1080), "desk": (1366, 768), "tablet": (820, 1180)}


@pytest.fixture
def planner(city: Connection) -> SignedIn:
    return signed_in(city, "李规划", [("planner", place(city, "渝中区"))])


@pytest.fixture
def listed(city_url: str, planner: SignedIn, serve: Serve, new_screen: OpenScreen) -> tuple[Running, Page]:
    running = serve(city_url)
    page = as_(new_screen, planner)
    ready(page, running)
    return running, page


def ready(page: Page, running: Running, language: str = "zh") -> None:
    page.goto(f"{running.url}planner?lang={language}")
    page.wait_for_selector("body[data-ready]", timeout=LIMIT_MS)
    page.wait_for_selector("body[data-ground]", timeout=LIMIT_MS)


def test_a_draft_is_opened_by_the_form_and_listed(listed: tuple[Running, Page]) -> None:
    running, page = listed
    expect(page.locator("#root option").first).to_contain_text("渝中区")
    page.select_option("#level", "township")
    expect(page.locator("#name")).to_have_value("渝中区镇街调整")
    page.click("#open")
    page.wait_for_url("**/planner/*-*", timeout=LIMIT_MS)
    page.wait_for_selector("body[data-ready]", timeout=LIMIT_MS)
    expect(page.locator("#of")).to_contain_text("个镇街")
    ready(page, running)
    row = page.locator("tr[data-draft]")
    expect(row).to_contain_text("渝中区镇街调整")
    expect(row).to_contain_text("李规划")
    row.locator("a").first.click()
    page.wait_for_selector("body[data-ready] #title:not(:empty)", timeout=LIMIT_MS)
    expect(page.locator("#title")).to_have_text("渝中区镇街调整")


def test_a_township_is_chosen_on_the_map(listed: tuple[Running, Page]) -> None:
    _, page = listed
    box = page.locator("#map_small").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator("#level option")).to_have_count(1)
    expect(page.locator("#name")).to_have_value(
        page.locator("#root option:checked").inner_text().split(" · ")[-1] + "网格调整"
    )


def test_generated_grids_are_taken_over(city: Connection, listed: tuple[Running, Page], planner: SignedIn) -> None:
    now = datetime.now(UTC)
    run(city, Wanted(processes=1, district="渝中区"), GenerationSettings(), now=now, watch=Watch())
    running, page = listed
    ready(page, running)
    expect(page.locator("#proposals li").first).to_be_visible()
    code = page.locator("#root option[data-level=township]").nth(2).get_attribute("value") or ""
    page.select_option("#root", code)
    expect(page.locator("#proposals li")).to_have_count(1)
    page.screenshot(path=SCREENSHOTS / "planner-proposals.png", full_page=True)
    page.click(f"[data-adopt='{code}']")
    page.wait_for_url("**/planner/*-*", timeout=LIMIT_MS)
    page.wait_for_selector("body[data-ready]", timeout=LIMIT_MS)
    expect(page.locator("#of")).to_contain_text("个网格")
    expect(page.locator("#undo")).to_be_enabled()
    page.wait_for_selector("body[data-checked]", timeout=LIMIT_MS)
    page.screenshot(path=SCREENSHOTS / "planner-adopted.png")


def test_somebody_without_the_right_does_not_come_in(
    city: Connection, listed: tuple[Running, Page], new_screen: OpenScreen
) -> None:
    running, _ = listed
    page = as_(new_screen, signed_in(city, "kan", [("screen", None)]))
    answer = page.goto(f"{running.url}planner")
    assert answer is not None
    assert answer.status == 403


@pytest.mark.parametrize("size", SIZES)
def test_how_the_list_looks(listed: tuple[Running, Page], size: str) -> None:
    running, page = listed
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    for language in ("zh", "en"):
        ready(page, running, language)
        page.evaluate("document.fonts.ready")
        page.screenshot(path=SCREENSHOTS / f"planner-list-{size}-{language}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page) == []
