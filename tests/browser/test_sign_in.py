"""Signing in and out in a real browser: what lets in, what does not, and what ends at once."""

from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Route, expect

from access.accounts import account, link_person, lock
from access.sessions import add_link
from config.database import Connection
from tests.browser.accounts import ROLES, signed_in
from tests.browser.conftest import OpenScreen, Serve
from tests.browser.run_ground import run_ground
from tests.browser.signing import PASSWORD, account_with_password, fill_in, new_clock, new_vault, session_of


def test_name_and_password_open_the_map_and_the_bar_says_who(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen
) -> None:
    account_with_password(city)
    running, screen = serve(city_url), new_screen(let_in=False)
    screen.page.goto(running.url)
    assert screen.page.url == f"{running.url}sign-in?next=/"
    fill_in(screen.page)
    screen.page.wait_for_selector("body[data-ready]")
    assert screen.page.url == running.url
    assert screen.page.inner_text(".bar-account a") == "chen.lan"
    assert screen.complaints == []
    screen.page.click(".bar-account button")
    screen.page.wait_for_url(f"{running.url}sign-in")
    assert session_of(screen.page.context) == ""
    assert city.execute("select count(*) from sessions where way = 'password'").fetchone() == (0,)
    screen.page.goto(running.url)
    assert screen.page.url.startswith(f"{running.url}sign-in")


def test_wrong_ones_lock_the_account_for_a_while_and_say_for_how_long(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen
) -> None:
    account_with_password(city)
    clock = new_clock()
    running, screen = serve(city_url, clock=clock), new_screen(let_in=False)
    screen.page.goto(f"{running.url}sign-in")
    for _ in range(4):
        fill_in(screen.page, password="not the right one")
        assert screen.page.inner_text(".gate-told") == "名称或密码不对。"
    fill_in(screen.page, password="not the right one")
    assert screen.page.inner_text(".gate-told") == "输错次数过多，请 1 分钟 后再试。"
    fill_in(screen.page)  # the right one, too early
    assert screen.page.inner_text(".gate-told").startswith("输错次数过多")
    assert session_of(screen.page.context) == ""
    assert city.execute("select act from audit order by seq desc limit 1").fetchone() == ("account.held",)
    clock.on(61)
    fill_in(screen.page)
    screen.page.wait_for_selector("body[data-ready]")
    found = account(city, "chen.lan")
    assert (found.failed_tries, found.locked_until) == (0, None)


def test_a_name_that_there_is_not_is_answered_as_a_wrong_password(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen
) -> None:
    lock(city, account_with_password(city), now=new_clock().now)
    running, screen = serve(city_url), new_screen(let_in=False)
    screen.page.goto(f"{running.url}sign-in?lang=en")
    said = []
    for name in ("nobody.here", "chen.lan"):  # the second is right, and locked by hand
        fill_in(screen.page, name)
        said.append(screen.page.inner_text(".gate-told"))
    assert said == ["The name or the password is wrong."] * 2


def test_a_session_of_before_is_not_taken_over_and_ends(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen
) -> None:
    account_with_password(city)
    planted = signed_in(city, "the.attacker", [("screen", None)]).secret
    running, screen = serve(city_url), new_screen(let_in=False)
    for cookie in (planted, "a" * 43):
        screen.page.context.clear_cookies()
        screen.page.goto(f"{running.url}sign-in")
        screen.page.context.add_cookies([{"name": "shijing", "value": cookie, "url": running.url}])
        fill_in(screen.page)
        screen.page.wait_for_selector("body[data-ready]")
        assert screen.page.inner_text(".bar-account a") == "chen.lan"
        assert session_of(screen.page.context) not in ("", cookie)
    assert city.execute("select count(*) from sessions s join accounts on id = account_id where name = 'the.attacker'"
                        ).fetchone() == (0,)  # fmt: skip


@pytest.mark.parametrize(
    "onward",
    [
        "https://elsewhere.test/",
        "//elsewhere.test/",
        "/\\elsewhere.test/",
        "\\\\elsewhere.test",
        "//[",
        "/\t/elsewhere.test",
        "javascript:alert(1)",
        "%2f%2felsewhere.test",
    ],
)
def test_the_way_on_stays_with_us(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, onward: str
) -> None:
    account_with_password(city, roles=())
    running, screen = serve(city_url), new_screen(let_in=False)
    asked: list[str] = []

    def note(route: Route) -> None:
        asked.append(route.request.url)
        route.abort()

    screen.page.route(lambda url: not url.startswith(running.url), note)
    screen.page.goto(f"{running.url}account?lang=en")
    screen.page.evaluate("(onward) => { document.querySelector('[name=next]').value = onward; }", onward)
    fill_in(screen.page)
    screen.page.wait_for_load_state()
    assert screen.page.url.startswith(running.url)
    assert asked == []
    assert session_of(screen.page.context) != ""


def test_a_link_opens_once(city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen) -> None:
    account_id = account_with_password(city)
    clock = new_clock()
    secret = add_link(city, account_id, now=clock.now, lasts_s=900)
    running = serve(city_url, clock=clock)
    first, second = new_screen(let_in=False), new_screen(let_in=False)
    for _ in range(3):  # a chat's preview, a mail scanner, the browser's own prefetch
        assert httpx.get(f"{running.url}link/{secret}").status_code == 200
    first.page.goto(f"{running.url}link/{secret}?lang=en")
    assert session_of(first.page.context) == ""
    assert first.page.inner_text("#use") == "Sign in"
    first.page.goto(f"{running.url}link/{secret}")
    first.page.click("#use")
    first.page.wait_for_selector("body[data-ready]")
    assert first.page.inner_text(".bar-account a") == "chen.lan"
    second.page.goto(f"{running.url}link/{secret}")
    assert second.page.inner_text(".gate-told") == "这个登录链接已用过或已过期，请索取新的链接。"
    assert session_of(second.page.context) == ""
    late = add_link(city, account_id, now=clock.now, lasts_s=900)
    clock.on(901)
    second.page.goto(f"{running.url}link/{late}")
    assert session_of(second.page.context) == ""


def test_the_link_of_a_grid_worker_leads_to_their_tasks(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, tmp_path: Path
) -> None:
    """And of nobody who has other work, too, or has no person to be called."""
    ground = run_ground(city, new_vault(tmp_path))
    running = serve(city_url)
    both = (("grid_worker", None), ("commander", None))
    for name, roles, person, page in (
        ("zhang.qiang", both[:1], "张强", "worker"),
        ("nobody", both[:1], None, ""),
        ("leader", both, "李娜", ""),
    ):
        account_id = signed_in(city, name, list(roles)).account_id
        if person:
            link_person(city, account_id, ground.people[person])
        secret = add_link(city, account_id, now=datetime.now(UTC), lasts_s=900)
        screen = new_screen(let_in=False)
        screen.page.goto(f"{running.url}link/{secret}")
        screen.page.click("#use")
        screen.page.wait_for_url(f"{running.url}{page}", wait_until="commit")
        expect(screen.page.locator("#tasks" if page else "#map_city")).to_be_visible()


def test_signing_out_everywhere_ends_another_browsers_page_and_stream_at_once(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen
) -> None:
    account_with_password(city)
    running = serve(city_url)
    wall, desk = new_screen(let_in=False), new_screen(let_in=False)
    for screen in (wall, desk):
        screen.page.goto(f"{running.url}sign-in")
        fill_in(screen.page)
        screen.page.wait_for_selector("body[data-ready]")
    wall.wait("document.querySelector('#link').dataset.state === 'live'")
    desk.page.goto(f"{running.url}account")
    assert desk.page.locator("#sessions li").count() == 2
    desk.page.click("#everywhere")
    desk.page.wait_for_url(f"{running.url}sign-in")
    wall.page.wait_for_url(f"{running.url}sign-in?next=%2F")  # nobody touched it
    assert city.execute("select count(*) from sessions where way = 'password'").fetchone() == (0,)


def test_a_password_that_somebody_gave_is_changed_before_anything_else(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen
) -> None:
    account_with_password(city, must_change=True)
    running, screen = serve(city_url), new_screen(let_in=False)
    screen.page.goto(f"{running.url}rules")
    fill_in(screen.page)
    assert screen.page.url == f"{running.url}account"
    assert "请先改成自己的密码" in screen.page.inner_text(".due")
    for path in ("", "rules"):
        screen.page.goto(running.url + path)
        assert screen.page.url == f"{running.url}account"
    assert screen.page.request.get(f"{running.url}api/state").status == 403
    _change(screen.page, PASSWORD, PASSWORD)
    assert screen.page.inner_text(".own .gate-told:not(.due)") == "新密码不能与原密码相同。"
    _change(screen.page, "not the old one", "quiet lamps by the river")
    assert screen.page.inner_text(".own .gate-told:not(.due)") == "原密码不对。"
    assert account(city, "chen.lan").failed_tries == 1
    _change(screen.page, PASSWORD, "chen.lan chen.lan")
    assert "容易被猜中" in screen.page.inner_text(".own .gate-told:not(.due)")
    _change(screen.page, PASSWORD, "quiet lamps by the river")
    assert "密码已修改" in screen.page.inner_text(".own-done")
    screen.page.click(".own-done a")
    screen.page.wait_for_selector("body[data-ready]")


def _change(page, old: str, new: str) -> None:  # type: ignore[no-untyped-def]
    for field, value in (("#old", old), ("#new", new), ("#again", new)):
        page.fill(field, value)
    page.click("#password button")


def test_a_form_of_another_site_changes_nothing(city_url: str, city: Connection, serve: Serve) -> None:
    import httpx

    someone = signed_in(city, "chen.lan", [(role, None) for role in ROLES])
    running = serve(city_url)
    paths = ("sign-out", "sign-out/everywhere", "account/password", "account/factor/begin", "account/tokens",
             "account/sessions/end", "account/factor/remove")  # fmt: skip
    with httpx.Client(base_url=running.url, cookies={"shijing": someone.secret}) as client:
        form = {"session": "0" * 64, "label": "x", "right": "map.read"}
        for path in paths:
            assert client.post(path, data=form).status_code == 403, path
            assert client.post(path, data=form | {"csrf": "0" * 64}).status_code == 403, path
            own = form | {"csrf": someone.headers["X-CSRF-Token"]}
            assert client.post(path, data=own, headers={"Origin": "http://elsewhere.test"}).status_code == 403, path
            assert client.post(path, data=own, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403, path
        assert client.get("account/me").json()["name"] == "chen.lan"
