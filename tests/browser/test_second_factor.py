"""The second factor in a real browser: set up, asked for, taken once, lost, and made a duty."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from access.accounts import account, set_password
from access.rights import Role
from access.second_factor import begin, confirm
from access.sessions import add_link
from access.vault import Vault
from config.database import Connection
from tests.browser.accounts import ROLES
from tests.browser.conftest import OpenScreen, Running, Serve
from tests.browser.signing import (
    Clock,
    account_with_password,
    code_of,
    fill_in,
    give_code,
    new_clock,
    new_vault,
    session_of,
)


@pytest.fixture
def clock() -> Clock:
    return new_clock()


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return new_vault(tmp_path)


def with_factor(city: Connection, vault: Vault, clock: Clock) -> tuple[str, list[str]]:
    """The account chen.lan with a second factor: its secret and recovery codes. The code of now is used up."""
    account_id = account_with_password(city)
    secret = begin(city, vault, account_id, now=clock.now)
    codes = confirm(city, vault, account_id, code_of(secret, clock), now=clock.now)
    clock.on(30)
    return secret, codes


def at_the_second_form(page: Page, running: Running) -> None:
    page.goto(f"{running.url}sign-in?next=/account")
    fill_in(page)
    page.wait_for_url(f"{running.url}sign-in/code")


def test_it_is_set_up_on_the_account_page_and_asked_for_afterwards(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, vault: Vault, clock: Clock
) -> None:
    account_with_password(city)
    running, screen = serve(city_url, vault=vault, clock=clock), new_screen(let_in=False)
    page = screen.page
    page.goto(f"{running.url}sign-in?next=/account")
    fill_in(page)
    page.click("#factor button")
    assert page.evaluate("document.querySelector('.qr').naturalWidth") > 200  # the policy of the page lets it be shown
    secret = page.inner_text("#secret")
    page.fill("#code", "000000" if code_of(secret, clock) != "000000" else "111111")
    page.click("#factor button[type=submit] >> nth=0")
    assert "验证码不对" in page.inner_text(".gate-told")
    assert page.inner_text("#secret") == secret
    page.fill("#code", code_of(secret, clock))
    page.click("#factor button[type=submit] >> nth=0")
    codes = page.locator("#codes li").all_inner_texts()
    assert len(set(codes)) == 10
    assert not [said for said in screen.complaints if "401" not in said]  # the wrong code's answer

    stored = account(city, "chen.lan").totp_secret
    assert stored is not None
    assert secret.replace(" ", "").encode() not in stored
    hashes = city.execute("select code_hash from recovery_codes").fetchall()
    assert not any(code.replace("-", "").encode() in row[0] for code in codes for row in hashes)

    page.click(".gate-single")
    page.click(".bar-account button")
    clock.on(30)
    at_the_second_form(page, running)
    assert session_of(page.context) == ""
    give_code(page, code_of(secret, clock))
    page.wait_for_url(f"{running.url}account")
    assert "剩余恢复码：10" in page.inner_text("#factor")


def test_a_code_and_a_ticket_are_taken_once(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, vault: Vault, clock: Clock
) -> None:
    secret, _ = with_factor(city, vault, clock)
    running = serve(city_url, vault=vault, clock=clock)
    first, second = new_screen(let_in=False).page, new_screen(let_in=False).page
    at_the_second_form(first, running)
    (ticket,) = [one for one in first.context.cookies() if one["name"] == "shijing-step"]  # type: ignore[typeddict-item]
    code = code_of(secret, clock)
    give_code(first, code)
    assert session_of(first.context) != ""

    at_the_second_form(second, running)
    give_code(second, code)  # seen over the shoulder
    assert second.inner_text(".gate-told") == "验证码不对，或已用过。请等待下一个验证码。"
    second.context.add_cookies([ticket])  # type: ignore[list-item]
    clock.on(30)
    second.goto(f"{running.url}sign-in/code")
    assert second.inner_text(".gate-told") == "等待时间过长，请重新登录。"
    assert session_of(second.context) == ""


def test_wrong_codes_lock_as_wrong_passwords_do_and_the_right_password_forgets_none(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, vault: Vault, clock: Clock
) -> None:
    secret, _ = with_factor(city, vault, clock)
    running, page = serve(city_url, vault=vault, clock=clock), new_screen(let_in=False).page
    for _ in range(4):
        at_the_second_form(page, running)  # with the right password, every time
        give_code(page, "no code")
        assert "验证码不对" in page.inner_text(".gate-told")
    give_code(page, "no code")
    assert "输错次数过多" in page.inner_text(".gate-told")
    give_code(page, code_of(secret, clock))
    assert "输错次数过多" in page.inner_text(".gate-told")
    assert session_of(page.context) == ""
    clock.on(61)
    give_code(page, code_of(secret, clock))  # the ticket lasts for five minutes
    page.wait_for_url(f"{running.url}account")


def test_a_ticket_ends_by_itself_and_with_a_new_password(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, vault: Vault, clock: Clock
) -> None:
    secret, _ = with_factor(city, vault, clock)
    running, page = serve(city_url, vault=vault, clock=clock), new_screen(let_in=False).page
    at_the_second_form(page, running)
    clock.on(301)
    give_code(page, code_of(secret, clock))
    assert page.inner_text(".gate-told") == "等待时间过长，请重新登录。"
    at_the_second_form(page, running)
    set_password(city, account(city, "chen.lan").id, "quiet lamps by the river")
    give_code(page, code_of(secret, clock))
    assert page.inner_text(".gate-told") == "等待时间过长，请重新登录。"
    assert session_of(page.context) == ""


def test_a_recovery_code_opens_once_and_a_code_turns_it_off(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, vault: Vault, clock: Clock
) -> None:
    secret, codes = with_factor(city, vault, clock)
    running, page = serve(city_url, vault=vault, clock=clock), new_screen(let_in=False).page
    at_the_second_form(page, running)
    give_code(page, codes[0].upper().replace("-", " "))
    page.wait_for_url(f"{running.url}account")
    assert "剩余恢复码：9" in page.inner_text("#factor")
    page.fill("#code", codes[0])
    page.click("#factor button >> nth=0")
    assert "验证码不对" in page.inner_text(".gate-told")
    page.fill("#code", code_of(secret, clock))
    page.click("#factor [formaction$=codes]")
    renewed = page.locator("#codes li").all_inner_texts()
    assert len(set(renewed) - set(codes)) == 10
    page.click(".gate-single")
    page.fill("#code", codes[1])  # one of before
    page.click("#factor button >> nth=0")
    assert "验证码不对" in page.inner_text(".gate-told")
    page.fill("#code", renewed[0])
    page.click("#factor button >> nth=0")
    assert "未启用" in page.inner_text("#factor h2")
    assert account(city, "chen.lan").totp_secret is None
    assert city.execute("select count(*) from recovery_codes").fetchone() == (0,)


def test_a_link_does_not_go_past_it(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, vault: Vault, clock: Clock
) -> None:
    secret, _ = with_factor(city, vault, clock)
    link = add_link(city, account(city, "chen.lan").id, now=clock.now, lasts_s=900)
    running, page = serve(city_url, vault=vault, clock=clock), new_screen(let_in=False).page
    page.goto(f"{running.url}link/{link}")
    page.click("#use")
    assert page.url == f"{running.url}sign-in/code"
    assert session_of(page.context) == ""
    give_code(page, code_of(secret, clock))
    page.wait_for_selector("body[data-ready]")


def test_without_the_key_nobody_with_a_second_factor_comes_in(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, vault: Vault, clock: Clock
) -> None:
    secret, _ = with_factor(city, vault, clock)
    running, page = serve(city_url, clock=clock), new_screen(let_in=False).page
    at_the_second_form(page, running)
    give_code(page, code_of(secret, clock))
    assert "服务器缺少密钥文件" in page.inner_text(".gate-told")
    assert session_of(page.context) == ""


def test_a_role_can_ask_for_it_before_anything_else(
    city_url: str,
    city: Connection,
    serve: Serve,
    new_screen: OpenScreen,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, vault = new_clock(), new_vault(tmp_path)
    plain = ROLES["administrator"]
    strict = Role(zh=plain.zh, en=plain.en, rights=plain.rights, second_factor=True)
    monkeypatch.setattr("web.app.load_roles", lambda: {**ROLES, "administrator": strict})
    account_with_password(city, roles=(("administrator", None),))
    account_with_password(city, "li.na")
    running, page = serve(city_url, vault=vault, clock=clock), new_screen(let_in=False).page
    page.goto(running.url)
    fill_in(page)
    assert page.url == f"{running.url}account"
    assert "请先启用" in page.inner_text(".due")
    assert page.locator("#tokens").count() == 0
    assert page.request.get(f"{running.url}api/state").status == 403
    form = {"csrf": page.get_attribute("[name=csrf]", "value"), "label": "a way round", "right": "map.read"}
    assert page.request.post(f"{running.url}account/tokens", form=form).status == 403  # type: ignore[arg-type]
    page.click("#factor button")
    page.fill("#code", code_of(page.inner_text("#secret"), clock))
    page.click("#factor button[type=submit] >> nth=0")
    page.goto(running.url)
    page.wait_for_selector("body[data-ready]")
    other = new_screen(let_in=False).page  # a commander is not asked
    other.goto(running.url)
    fill_in(other, "li.na")
    other.wait_for_selector("body[data-ready]")
