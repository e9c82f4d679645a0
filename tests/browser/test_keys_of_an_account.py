"""What hands out a key of an account asks who is there; what a page may ask of a phone is told by its path."""

from pathlib import Path

import httpx
import pytest

from access.accounts import account
from access.second_factor import begin, codes_left, confirm
from access.sessions import add_link
from access.vault import Vault
from config.database import Connection
from tests.browser.conftest import SCREENSHOTS, OpenScreen, Serve
from tests.browser.signing import (
    PASSWORD,
    Clock,
    account_with_password,
    code_of,
    fill_in,
    new_clock,
    new_vault,
)

SIZES = {"desk": (1366, 768), "phone": (360, 740)}
_TURN_ON = "#factor form[action$=begin] button"


@pytest.fixture
def clock() -> Clock:
    return new_clock()


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return new_vault(tmp_path)


def test_a_second_factor_is_begun_by_whoever_knows_the_password(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, vault: Vault, clock: Clock
) -> None:
    account_with_password(city)
    running, page = serve(city_url, vault=vault, clock=clock), new_screen(let_in=False).page
    page.goto(f"{running.url}sign-in?next=/account")
    fill_in(page)
    assert page.locator("#factor-password").count() == 0  # signed in just now
    clock.on(301)
    page.reload()
    page.fill("#factor-password", "not my password")
    page.click(_TURN_ON)
    assert page.inner_text("#factor .gate-told") == "密码不对。"
    assert page.locator("#secret").count() == 0
    page.fill("#factor-password", PASSWORD)
    page.click(_TURN_ON)
    assert page.locator("#secret").count() == 1


def test_new_recovery_codes_take_the_password_beside_the_code(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, vault: Vault, clock: Clock
) -> None:
    account_id = account_with_password(city)
    running, page = serve(city_url, vault=vault, clock=clock), new_screen(let_in=False).page
    page.goto(f"{running.url}sign-in?next=/account")
    fill_in(page)
    page.wait_for_url(f"{running.url}account")
    secret = begin(city, vault, account_id, now=clock.now)
    former = confirm(city, vault, account_id, code_of(secret, clock), now=clock.now)
    clock.on(330)
    page.reload()
    page.fill("#code", code_of(secret, clock))
    page.click("button[formaction$=codes]")
    assert page.inner_text("#factor .gate-told") == "密码不对。"
    page.fill("#code", code_of(secret, clock))  # not used up
    page.fill("#factor-password", PASSWORD)
    page.click("button[formaction$=codes]")
    assert set(page.locator("#codes li").all_inner_texts()).isdisjoint(former)
    assert codes_left(city, account_id) == 10


def test_without_a_password_it_takes_a_new_sign_in(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, vault: Vault, clock: Clock
) -> None:
    account_id = account_with_password(city)
    city.execute("update accounts set password_hash = null where id = %s", [account_id])
    link = add_link(city, account_id, now=clock.now, lasts_s=900)
    running, page = serve(city_url, vault=vault, clock=clock), new_screen(let_in=False).page
    page.goto(f"{running.url}link/{link}")
    page.click("#use")
    page.wait_for_selector("body[data-ready]")
    clock.on(301)
    page.goto(f"{running.url}account")
    page.click(_TURN_ON)
    assert "请重新登录" in page.inner_text("#factor .gate-told")
    assert account(city, "chen.lan").totp_secret is None


def test_a_phone_is_asked_for_its_place_and_camera_by_the_workers_page_alone(
    city_url: str, city: Connection, serve: Serve
) -> None:
    url = serve(city_url).url
    for path, allowed in (("worker", "(self)"), ("worker/tasks", "(self)"), ("workers", "()"), ("sign-in", "()")):
        policy = httpx.get(f"{url}{path}").headers["permissions-policy"]
        assert policy == f"camera={allowed}, geolocation={allowed}, microphone={allowed}"


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("size", SIZES)
def test_screenshots_of_ones_own_account(
    city_url: str,
    city: Connection,
    serve: Serve,
    new_screen: OpenScreen,
    vault: Vault,
    clock: Clock,
    size: str,
    language: str,
) -> None:
    account_id = account_with_password(city, roles=(("commander", None), ("administrator", None)))
    link = add_link(city, account_id, now=clock.now, lasts_s=900)
    running = serve(city_url, vault=vault, clock=clock)
    page = new_screen(*SIZES[size], let_in=False).page
    SCREENSHOTS.mkdir(exist_ok=True)

    def shown(name: str) -> None:
        page.evaluate("document.fonts.ready")
        page.screenshot(path=str(SCREENSHOTS / f"{name}-{size}-{language}.png"), full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name

    page.goto(f"{running.url}link/{link}?lang={language}")
    shown("link")
    page.click("#use")
    page.wait_for_selector("body[data-ready]")
    clock.on(301)
    page.goto(f"{running.url}account?lang={language}")
    shown("account")
    secret = begin(city, vault, account_id, now=clock.now)
    confirm(city, vault, account_id, code_of(secret, clock), now=clock.now)
    page.reload()
    shown("account-factor")
    gone = account_with_password(city, "li.na", (("grid_worker", None),))
    page.goto(f"{running.url}accounts/{gone}?lang={language}")
    page.click("#erasing summary")
    shown("account-erase")
    with page.expect_navigation():
        page.click("#link")
    shown("account-once")
