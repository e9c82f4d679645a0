"""One's own account: roles in words, sessions, API tokens; and nothing of anybody else's."""

from datetime import UTC, datetime

import httpx
import pytest

from access.accounts import division_named, grant
from config.database import Connection
from tests.browser.accounts import ROLES, signed_in
from tests.browser.conftest import LIMIT_MS, OpenScreen, Serve
from tests.browser.signing import account_with_password, fill_in, new_vault
from web.account_words import RIGHTS_ZH, agent_in_words, right_in_words


@pytest.mark.parametrize("size", [(1366, 768), (390, 844)])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_it_says_in_words_who_may_what_where_and_fits(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, size: tuple[int, int], language: str
) -> None:
    account_id = account_with_password(city)
    now = datetime.now(UTC)
    place = division_named(city, "渝中区", now=now)
    grant(city, account_id, "duty_officer", place, roles=ROLES, now=now)
    running, screen = serve(city_url), new_screen(*size, let_in=False)
    screen.page.goto(f"{running.url}account?lang={language}")
    fill_in(screen.page)
    screen.page.goto(f"{running.url}account?lang={language}")
    expected = {"zh": ["指挥长全市", "值班员渝中区"], "en": ["Commanderthe whole city", "Duty officer渝中区"]}
    rows = [row.replace("\n", "") for row in screen.page.locator("#who li").all_inner_texts()]
    assert rows == expected[language]
    for path in ("account", "sign-in/code", "", "rules"):
        screen.page.goto(f"{running.url}{path}?lang={language}")
        assert screen.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert screen.page.locator(".bar-account a, .bar-account button, .gate-form").first.is_visible()


def test_one_session_is_ended_from_another(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen
) -> None:
    account_with_password(city)
    running = serve(city_url)
    desk, phone = new_screen(let_in=False).page, new_screen(let_in=False).page
    for page in (phone, desk):
        page.goto(f"{running.url}sign-in?next=/account")
        fill_in(page)
        page.wait_for_url(f"{running.url}account")
    desk.reload()
    assert desk.locator("#sessions li").count() == 2
    assert desk.locator("#sessions li").nth(0).inner_text().startswith("Chrome")
    desk.click("#sessions li button")
    desk.wait_for_url(f"{running.url}account#sessions")
    assert desk.locator("#sessions li").count() == 1
    assert "本次" in desk.inner_text("#sessions li")
    phone.reload()
    assert phone.url.startswith(f"{running.url}sign-in")


def test_a_token_is_made_shown_once_used_and_revoked(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen
) -> None:
    account_with_password(city)
    running, page = serve(city_url), new_screen(let_in=False).page
    page.goto(f"{running.url}sign-in?next=/account")
    fill_in(page)
    page.click("#tokens summary")
    page.fill("#label", "<b>dashboard</b>")
    page.check("[value='map.read']")
    page.fill("#division", "no such place")
    page.click("#tokens .own-form button")
    assert page.inner_text("#tokens .gate-told") == "没有代码或名称为“no such place”的区划。"
    page.fill("#label", "<b>dashboard</b>")
    page.check("[value='map.read']")
    page.fill("#division", "渝中区")
    page.select_option("#days", "7")
    page.click("#tokens .own-form button")
    secret = page.inner_text("#token")

    def asks(path: str) -> int:
        headers = {"Authorization": f"Bearer {secret}"}
        return httpx.get(f"{running.url}{path}", headers=headers, timeout=LIMIT_MS / 1000).status_code

    assert asks("api/state") == 200
    assert asks("api/alerts") == 403  # not one of its rights
    assert asks("account") == 403  # what is a person's own is none of a program's
    page.click(".gate-single")
    assert secret not in page.content()
    assert page.inner_text("#tokens li b") == "<b>dashboard</b>"
    page.click("#tokens li button")
    page.wait_for_url(f"{running.url}account#tokens")
    assert page.locator("#tokens li").count() == 0
    assert asks("api/state") == 401


def test_nobody_reaches_what_is_anothers(city_url: str, city: Connection, serve: Serve, tmp_path) -> None:  # type: ignore[no-untyped-def]
    mine = signed_in(city, "li.na", [("screen", None)])
    other = signed_in(city, "chen.lan", [("commander", None)])
    (session,) = city.execute("select encode(token_hash, 'hex') from sessions where account_id = %s", [other.account_id]
                              ).fetchone()  # type: ignore[misc]  # fmt: skip
    running = serve(city_url, vault=new_vault(tmp_path))
    with httpx.Client(base_url=running.url, cookies={"shijing": mine.secret}) as client:
        csrf = {"csrf": mine.headers["X-CSRF-Token"]}
        assert client.post("account/sessions/end", data=csrf | {"session": session}).status_code == 409
        form = csrf | {"label": "more than mine", "right": "alerts.act"}
        assert client.post("account/tokens", data=form).status_code == 409
        assert "chen.lan" not in client.get("account").text
        # A program that holds a token of mine does not change what is mine.
        form = csrf | {"label": "a program", "right": "map.read"}
        secret = client.post("account/tokens", data=form).text.split('id="token">')[1].split("<")[0]
    with httpx.Client(base_url=running.url, headers={"Authorization": f"Bearer {secret}"}) as program:
        for path in ("account/tokens", "account/password", "account/factor/begin", "sign-out/everywhere"):
            answer = program.post(path, data={"label": "x", "right": "map.read", "old": "", "new": "", "again": ""})
            assert (path, answer.status_code) == (path, 403)
    left = city.execute(
        "select count(*) from sessions where account_id = any(%s)", [[mine.account_id, other.account_id]]
    )
    assert left.fetchone() == (2,)


def test_every_right_has_words_in_both_languages() -> None:
    from access.rights import RIGHTS

    assert set(RIGHTS_ZH) == set(RIGHTS)
    assert all(right_in_words(right, "zh") != right_in_words(right, "en") for right in RIGHTS)


@pytest.mark.parametrize(
    ("agent", "zh"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537 Chrome/120.0 Safari/537 Edg/120.0", "Edge · Windows"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/120.0 Mobile MicroMessenger/8.0", "微信 · 安卓"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17 like Mac OS X) Version/17 Safari/604", "Safari · 苹果手机或平板"),
        ("curl/8.0", "curl/8.0"),
        ("", "未知设备"),
    ],
)
def test_devices_are_told_in_words(agent: str, zh: str) -> None:
    assert agent_in_words(agent, "zh") == zh
