"""Single sign-on, end to end: our server, a browser, and a real OpenID provider of somebody else on loopback."""

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Page

from access.accounts import account, add_account, grant, link_oidc
from access.oidc import subject_of
from config.database import Connection
from tests.browser.accounts import ROLES
from tests.browser.conftest import OpenScreen, Running, Serve
from tests.browser.signing import Clock, new_clock, session_of

SCRIPT = Path(__file__).parent.parent / "oidc" / "provider.sh"
SECRET = "a secret of the client, for tests"


class OtherProvider:
    """Where the provider will listen, and the process once there is a server of ours for it to send people back to."""

    def __init__(self, port: int) -> None:
        self.issuer = f"http://127.0.0.1:{port}"
        self._port = port
        self._processes: list[subprocess.Popen[str]] = []

    def start(self, running: Running, id_token_s: int = 3600) -> None:
        arguments = [str(self._port), f"{running.url}sign-in/oidc/back", SECRET, str(id_token_s)]
        process = subprocess.Popen([str(SCRIPT), *arguments], stdout=subprocess.PIPE, text=True)
        self._processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == f"ready {self.issuer}\n"

    def stop(self) -> None:
        for process in self._processes:
            process.terminate()
            process.communicate(timeout=20)


@pytest.fixture
def provider(new_screen: OpenScreen, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[OtherProvider]:
    """The provider that our server's settings name. Its own pages would like a font from elsewhere: they do without."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        found = OtherProvider(free.getsockname()[1])
    secret = tmp_path / "client-secret"
    secret.write_text(f"{SECRET}\n")
    monkeypatch.setenv("SHIJING_OIDC_ISSUER", found.issuer)
    monkeypatch.setenv("SHIJING_OIDC_CLIENT_ID", "shijing")
    monkeypatch.setenv("SHIJING_OIDC_CLIENT_SECRET_FILE", str(secret))
    goto = Page.goto

    def alone(page: Page, url: str) -> None:
        page.route("https://**", lambda route: route.abort())
        goto(page, url)

    monkeypatch.setattr(Page, "goto", alone)
    yield found
    found.stop()


def at_the_provider(page: Page, name: str = "wang.fang") -> None:
    """Fill in the provider's own pages."""
    page.fill("[name=login]", name)
    page.fill("[name=password]", "any will do")
    page.click("button[type=submit]")
    page.click("button[type=submit]")  # that our client may know the name


def held_back(page: Page, running: Running, away: str) -> str:
    """The address that the provider sends the browser back to; it has not opened anything yet: a cookie was missing."""
    found: list[str] = []
    page.on("request", lambda one: found.append(one.url) if "/sign-in/oidc/back" in one.url else None)
    cookies = [one for one in page.context.cookies() if one["name"] == "shijing-oidc"]  # type: ignore[typeddict-item]
    page.context.clear_cookies(name="shijing-oidc")
    page.goto(away)
    at_the_provider(page)
    page.wait_for_url(f"{running.url}sign-in/oidc/back**")
    assert page.inner_text(".gate-told") == BROKEN
    page.context.add_cookies(cookies)  # type: ignore[arg-type]
    return found[0]


def linked(connection: Connection, issuer: str, name: str = "wang.fang") -> None:
    """An account that only the provider lets in."""
    account_id = add_account(connection, name)
    grant(connection, account_id, "commander", None, roles=ROLES, now=new_clock().now)
    link_oidc(connection, account_id, subject_of(issuer, "wang.fang"))


REFUSED = "统一身份认证未能完成登录，请稍后重试，或用密码登录。"
BROKEN = "登录已中断或已过期，请重新登录。"
UNKNOWN = "统一身份认证中的身份未关联本系统账号，请联系管理员。"


def test_a_linked_account_comes_in_by_the_provider(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, provider: OtherProvider
) -> None:
    linked(city, provider.issuer)
    running, screen = serve(city_url), new_screen(let_in=False)
    provider.start(running)
    screen.page.goto(f"{running.url}account?lang=en")
    screen.page.click(".gate-single")
    assert screen.page.url.startswith(provider.issuer)
    at_the_provider(screen.page)
    screen.page.wait_for_url(f"{running.url}account?lang=en")
    assert "Linked with the single sign-on" in screen.page.inner_text("#who")
    assert city.execute("select way from sessions s join accounts on id = account_id where name = 'wang.fang'"
                        ).fetchall() == [("oidc",)]  # fmt: skip


def test_who_is_not_linked_is_refused_also_with_a_name_that_there_is(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, provider: OtherProvider
) -> None:
    add_account(city, "wang.fang")
    running, screen = serve(city_url), new_screen(let_in=False)
    provider.start(running)
    screen.page.goto(f"{running.url}sign-in/oidc")
    at_the_provider(screen.page)
    assert screen.page.inner_text(".gate-told") == UNKNOWN
    assert session_of(screen.page.context) == ""
    assert account(city, "wang.fang").oidc_subject is None


def test_unknown_people_are_made_without_any_role_where_the_settings_want_that(
    city_url: str,
    city: Connection,
    serve: Serve,
    new_screen: OpenScreen,
    provider: OtherProvider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SHIJING_OIDC_UNKNOWN", "made")
    add_account(city, "taken")
    running = serve(city_url)
    provider.start(running)
    for name, page in (("wang.fang", new_screen(let_in=False).page), ("taken", new_screen(let_in=False).page)):
        page.goto(f"{running.url}sign-in/oidc?next=/account")
        at_the_provider(page, name)
        if name == "wang.fang":
            assert "尚未授予任何角色" in page.inner_text("#who")
        else:  # a name does not make it theirs
            assert page.inner_text(".gate-told") == UNKNOWN
    assert account(city, "wang.fang").oidc_subject == subject_of(provider.issuer, "wang.fang")


def test_what_comes_back_is_good_once_in_one_browser_and_with_its_own_state(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, provider: OtherProvider
) -> None:
    linked(city, provider.issuer)
    running, screen, other = serve(city_url), new_screen(let_in=False), new_screen(let_in=False)
    provider.start(running)
    away = screen.page.request.get(f"{running.url}sign-in/oidc", max_redirects=0).headers["location"]
    address = held_back(screen.page, running, away)
    other.page.goto(address)  # whoever saw the address, in another browser
    assert other.page.inner_text(".gate-told") == BROKEN
    cookies = screen.page.context.cookies()
    screen.page.goto(altered(address, state="a" * 43))
    assert screen.page.inner_text(".gate-told") == BROKEN
    assert session_of(screen.page.context) == ""
    screen.page.context.add_cookies(cookies)  # type: ignore[arg-type]
    screen.page.goto(address)  # as it was meant
    assert session_of(screen.page.context) != ""


def test_a_code_is_taken_once(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, provider: OtherProvider
) -> None:
    linked(city, provider.issuer)
    running, screen = serve(city_url), new_screen(let_in=False)
    provider.start(running)
    page = screen.page
    addresses: list[str] = []
    page.on("request", lambda one: addresses.append(one.url) if "/oidc/back" in one.url else None)
    page.goto(f"{running.url}sign-in/oidc?next=/account")
    at_the_provider(page)
    page.wait_for_url(f"{running.url}account")
    page.context.clear_cookies(domain="127.0.0.1", name="shijing")
    page.goto(addresses[0])  # the whole address again
    assert page.inner_text(".gate-told") == BROKEN
    # The used code under a state that is good: the provider refuses it.
    away = page.request.get(f"{running.url}sign-in/oidc", max_redirects=0).headers["location"]
    page.goto(altered(addresses[0], state=parse_qs(urlsplit(away).query)["state"][0]))
    assert page.inner_text(".gate-told") == REFUSED
    assert session_of(page.context) == ""


@pytest.mark.parametrize("wrong", ["nonce", "issuer", "verifier"])
def test_a_token_for_another_sign_in_is_refused(
    city_url: str,
    city: Connection,
    serve: Serve,
    new_screen: OpenScreen,
    provider: OtherProvider,
    wrong: str,
) -> None:
    linked(city, provider.issuer)
    running, screen = serve(city_url), new_screen(let_in=False)
    provider.start(running)
    page = screen.page
    away = page.request.get(f"{running.url}sign-in/oidc", max_redirects=0).headers["location"]
    back = held_back(page, running, altered(away, nonce="n" * 43) if wrong == "nonce" else away)
    if wrong == "verifier":
        city.execute("update oidc_logins set verifier = %s", ["v" * 64])
    page.goto(altered(back, iss="http://127.0.0.1:1") if wrong == "issuer" else back)
    assert page.inner_text(".gate-told") == REFUSED
    assert session_of(page.context) == ""


def test_a_token_that_has_expired_is_refused(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, provider: OtherProvider
) -> None:
    linked(city, provider.issuer)
    clock: Clock = new_clock()
    running, screen = serve(city_url, clock=clock), new_screen(let_in=False)
    provider.start(running, id_token_s=60)
    screen.page.goto(f"{running.url}sign-in/oidc")
    clock.on(9 * 60)
    at_the_provider(screen.page)
    assert screen.page.inner_text(".gate-told") == REFUSED
    assert session_of(screen.page.context) == ""


def test_a_provider_of_another_name_and_one_that_is_down_are_told(
    city_url: str,
    city: Connection,
    serve: Serve,
    new_screen: OpenScreen,
    provider: OtherProvider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screen = new_screen(let_in=False)
    down = serve(city_url)
    screen.page.goto(f"{down.url}sign-in/oidc")
    assert screen.page.inner_text(".gate-told") == REFUSED
    monkeypatch.setenv("SHIJING_OIDC_ISSUER", provider.issuer.replace("127.0.0.1", "localhost"))
    running = serve(city_url)
    provider.start(running)
    screen.page.goto(f"{running.url}sign-in/oidc")
    assert screen.page.inner_text(".gate-told") == REFUSED
    screen.page.goto(f"{down.url}sign-in/oidc")  # it is up by now, and asked again
    assert screen.page.url.startswith(provider.issuer)


def test_without_a_provider_there_is_no_button(city_url: str, serve: Serve, new_screen: OpenScreen) -> None:
    running, screen = serve(city_url), new_screen(let_in=False)
    screen.page.goto(f"{running.url}sign-in")
    assert screen.page.locator(".gate-single").count() == 0
    assert screen.page.request.get(f"{running.url}sign-in/oidc").status == 404


def altered(address: str, **values: str) -> str:
    """The address with other values in its query."""
    parts = urlsplit(address)
    query = {name: found[0] for name, found in parse_qs(parts.query).items()} | values
    return parts._replace(query=urlencode(query)).geturl()
