"""Accounts kept by administrators of two scopes: what each sees and does, and what neither may."""

import re
from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx
import pytest
from playwright.sync_api import Page

from access import audit
from access.accounts import accounts, division_named
from access.scope import EVERYWHERE
from config.database import Connection
from tests.browser.accounts import SignedIn, signed_in
from tests.browser.conftest import LIMIT_MS, SCREENSHOTS, OpenScreen, Running, Serve
from tests.browser.signing import account_with_password

SIZES = {"desk": (1366, 768), "phone": (390, 844)}


def place(city: Connection, name: str) -> int:
    return division_named(city, name, now=datetime.now(UTC))


@pytest.fixture
def mine(city: Connection) -> SignedIn:
    """Who keeps the accounts of Yuzhong."""
    return signed_in(city, "yuzhong.admin", [("administrator", place(city, "渝中区"))])


@pytest.fixture
def theirs(city: Connection) -> SignedIn:
    return signed_in(city, "beibei.admin", [("administrator", place(city, "北碚区"))])


@pytest.fixture
def chief(city: Connection) -> SignedIn:
    return signed_in(city, "city.admin", [("administrator", None)])


def client_of(running: Running, session: SignedIn) -> httpx.Client:
    return httpx.Client(base_url=running.url, headers=session.headers, timeout=20)


def as_(new_screen: OpenScreen, session: SignedIn, size: tuple[int, int] = SIZES["desk"]) -> Page:
    page = new_screen(*size, let_in=False).page
    page.context.add_cookies(session.cookies)  # type: ignore[arg-type]
    return page


def roles_of(city: Connection, account_id: UUID) -> list[tuple[str, int | None]]:
    [row] = accounts(city, EVERYWHERE, now=datetime.now(UTC), account_id=account_id)
    return [(grant["role"], grant["division_id"]) for grant in row["grants"]]


def names(page: Page) -> list[str]:
    return page.locator("#accounts .head a").all_inner_texts()


def test_each_sees_the_accounts_of_their_own_district(
    city_url: str,
    city: Connection,
    serve: Serve,
    new_screen: OpenScreen,
    mine: SignedIn,
    theirs: SignedIn,
    chief: SignedIn,
) -> None:
    account_with_password(city, "li.na", (("grid_worker", place(city, "解放碑街道")),))
    account_with_password(city, "wang.wei", (("commander", place(city, "北碚区")),))
    both = (("planner", place(city, "渝中区")), ("planner", place(city, "北碚区")))
    account_with_password(city, "of.both", both)
    running = serve(city_url)
    page = as_(new_screen, mine)
    page.goto(f"{running.url}accounts")
    assert names(page) == ["li.na", "yuzhong.admin"]
    page.fill("[name=q]", "解放碑")
    page.click(".line button")
    assert names(page) == ["li.na"]
    page.fill("[name=q]", "wang")
    page.click(".line button")
    assert page.inner_text("#nobody") == "没有符合的账号。"
    other = as_(new_screen, theirs)
    other.goto(f"{running.url}accounts")
    assert names(other) == ["beibei.admin", "wang.wei"]
    whole = as_(new_screen, chief)
    whole.goto(f"{running.url}accounts?q=指挥长")
    assert names(whole)[1:] == ["wang.wei"]  # after the test server's own, which has every role
    whole.goto(f"{running.url}accounts")
    assert {"li.na", "wang.wei", "of.both", "city.admin"} <= set(names(whole))


def test_an_account_is_erased_after_its_name_was_written_once_more(
    city_url: str,
    city: Connection,
    serve: Serve,
    new_screen: OpenScreen,
    mine: SignedIn,
    chief: SignedIn,
) -> None:
    gone = account_with_password(city, "li.na", (("grid_worker", place(city, "解放碑街道")),))
    foreign = account_with_password(city, "wang.wei", (("commander", place(city, "北碚区")),))
    auditor = account_with_password(city, "auditor", (("auditor", place(city, "渝中区")),))
    running, page = serve(city_url), as_(new_screen, mine)
    page.goto(f"{running.url}accounts/{gone}")
    page.click("#erasing summary")
    page.fill("#erase-name", "li.nan")
    page.click("#erasing button")
    assert page.inner_text(".gate-told") == "未注销：填写的名称与账号不符。"
    page.click("#erasing summary")
    page.fill("#erase-name", "li.na")
    page.click("#erasing button")
    assert page.inner_text(".own-done") == "账号已注销，名称已清除。"
    assert "li.na" not in names(page)
    with client_of(running, mine) as client:
        assert client.get(f"accounts/{gone}").status_code == 404
        assert client.post(f"accounts/{gone}/erase", data={"name": "li.na"}).status_code == 404  # twice
        assert client.post(f"accounts/{foreign}/erase", data={"name": "wang.wei"}).status_code == 404
        assert client.post(f"accounts/{auditor}/erase", data={"name": "auditor"}).status_code == 409  # reserved
        assert client.post(f"accounts/{mine.account_id}/erase", data={"name": "yuzhong.admin"}).status_code == 409
    with httpx.Client(base_url=running.url, cookies={"shijing": mine.secret}) as client:  # as a foreign form would
        assert client.post(f"accounts/{auditor}/erase", data={"name": "auditor"}).status_code == 403
    [entry] = audit.entries(city, act="account.erased")
    assert (entry.actor, entry.subject, entry.division_id) == (mine.account_id, str(gone), place(city, "解放碑街道"))
    watcher = as_(new_screen, signed_in(city, "watcher", [("auditor", place(city, "渝中区"))]))
    watcher.goto(f"{running.url}audit?act=account.erased")
    assert f"erased-{str(gone)[:13]}" in watcher.inner_text("#acts")
    assert "li.na" not in watcher.content()
    watcher.goto(f"{running.url}audit?account=erased-{str(gone)[:13]}")
    assert watcher.locator("#nothing").count() == 1  # nothing was done by it; it is found, though


def test_an_account_is_made_signs_in_once_and_is_locked(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, mine: SignedIn
) -> None:
    running = serve(city_url)
    page = as_(new_screen, mine)
    page.goto(f"{running.url}accounts/new")
    assert page.input_value("#division") == "500103"
    assert page.locator("#divisions option[value='500103001']").count() == 1
    page.fill("#name", "chen.lan")
    page.select_option("#role", "duty_officer")
    page.fill("#division", "磁器口街道")  # of another district
    page.click("#new button")
    assert page.inner_text(".gate-told") == "您的范围内没有代码或名称为“磁器口街道”的区划。"
    assert page.input_value("#name") == "chen.lan"
    page.fill("#division", "解放碑街道")
    page.click("#new button")
    link = page.inner_text("#link")
    person = new_screen(let_in=False).page
    person.goto(link)
    person.click("#use")
    assert person.url == running.url
    page.click(".button")
    assert "chen.lan" in page.inner_text("h1")
    page.click("#lock")
    assert page.inner_text(".own-done") == "账号已锁定，其会话已全部结束。"
    person.wait_for_url(f"{running.url}sign-in**", timeout=LIMIT_MS)  # by itself, with the end of its stream
    page.click("#unlock")
    page.click("#password")
    assert re.fullmatch(r"([a-z2-9]{5}-){3}[a-z2-9]{5}", page.inner_text("#password"))
    [entry] = audit.entries(city, act="account.added", actor=mine.account_id)
    [locked] = audit.entries(city, act="account.locked", actor=mine.account_id)
    assert (entry.actor, locked.actor, locked.subject) == (mine.account_id, mine.account_id, entry.subject)
    assert [one.act for one in audit.entries(city, actor=mine.account_id)][::-1][1:] == [
        "account.added", "role.granted", "link.made", "account.locked", "account.unlocked", "password.set",
    ]  # fmt: skip


def test_a_role_is_given_until_a_day_and_taken_back(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, mine: SignedIn
) -> None:
    account_id = account_with_password(city, "li.na", (("grid_worker", place(city, "解放碑街道")),))
    running = serve(city_url)
    page = as_(new_screen, mine)
    page.goto(f"{running.url}accounts/{account_id}")
    page.click("#roles summary")
    page.select_option("#role", "planner")
    page.fill("#until", "2099-12-31")
    page.click("#give > button")
    assert page.locator("#roles li").nth(1).inner_text().startswith("规划员 渝中区")
    page.locator("#roles li button").nth(0).click()
    page.locator("#roles li button").nth(0).click()
    assert roles_of(city, account_id) == []
    page.goto(f"{running.url}accounts")  # whoever has no role any more is not lost
    assert names(page) == ["li.na", "yuzhong.admin"]


ACTS = ("roles", "roles/end", "lock", "unlock", "sign-out", "password", "link")


def test_nobody_sees_or_changes_or_guesses_what_is_anothers(
    city_url: str, city: Connection, serve: Serve, mine: SignedIn, theirs: SignedIn, chief: SignedIn
) -> None:
    foreign = account_with_password(city, "wang.wei", (("commander", place(city, "北碚区")),))
    (number,) = city.execute("select id from account_roles where account_id = %s", [foreign]).fetchone()  # type: ignore[misc]
    running = serve(city_url)
    before = audit.entries(city, most=1000)
    form = {"role": "planner", "division": "渝中区", "grant": str(number)}
    with client_of(running, mine) as client:
        for account_id in (foreign, theirs.account_id, chief.account_id, uuid4()):
            answers = [client.get(f"accounts/{account_id}")]
            answers += [client.post(f"accounts/{account_id}/{act}", data=form) for act in ACTS]
            told = {(answer.status_code, answer.text) for answer in answers}
            assert told == {(404, '{"error":"no such account"}')}, told
    assert roles_of(city, foreign) == [("commander", place(city, "北碚区"))]
    assert audit.entries(city, most=1000) == before


def test_nobody_gives_more_than_they_may(
    city_url: str, city: Connection, serve: Serve, mine: SignedIn, chief: SignedIn
) -> None:
    yuzhong, worker = (
        place(city, "渝中区"),
        account_with_password(city, "li.na", (("grid_worker", place(city, "解放碑街道")),)),
    )
    watched = account_with_password(city, "watcher", (("auditor", yuzhong),))
    screen = signed_in(city, "wall", [("screen", yuzhong)], kind="screen").account_id
    running = serve(city_url)

    def gives(account_id: UUID, role: str, division: str) -> int:
        with client_of(running, mine) as client:
            answer = client.post(f"accounts/{account_id}/roles", data={"role": role, "division": division})
            return answer.status_code

    assert gives(worker, "grid_worker", "") == 409  # everywhere
    assert gives(worker, "grid_worker", "北碚区") == 409
    assert gives(worker, "auditor", "渝中区") == 409  # reserved
    assert gives(worker, "emperor", "渝中区") == 409
    assert gives(screen, "duty_officer", "渝中区") == 409  # a screen only shows
    assert gives(mine.account_id, "commander", "渝中区") == 409  # their own
    assert roles_of(city, worker) == [("grid_worker", place(city, "解放碑街道"))]
    assert roles_of(city, mine.account_id) == [("administrator", yuzhong)]
    with client_of(running, mine) as client:
        # Who signs in as the auditor is the auditor: so neither link nor password.
        assert client.post(f"accounts/{watched}/link").status_code == 409
        assert client.post(f"accounts/{watched}/password").status_code == 409
        assert client.post(f"accounts/{watched}/lock").status_code == 409
        form = {"name": "second", "role": "auditor", "division": "渝中区", "by": "password"}
        assert client.post("accounts", data=form).status_code == 409
        assert client.post("accounts", data={**form, "role": "commander", "division": "500109"}).status_code == 409
        assert client.post("accounts", data={**form, "role": "commander", "division": ""}).status_code == 409
        assert client.post(f"accounts/{mine.account_id}/lock").status_code == 409
        assert 'id="give"' not in client.get(f"accounts/{mine.account_id}").text
    assert city.execute("select count(*) from accounts where name = 'second'").fetchone() == (0,)
    assert gives(worker, "administrator", "解放碑街道") == 303  # of no more than they have
    with client_of(running, chief) as client:
        answer = client.post(f"accounts/{worker}/roles", data={"role": "auditor", "division": ""})
        assert answer.status_code == 303


def test_the_last_administrator_of_everywhere_stays(
    city_url: str, city: Connection, serve: Serve, chief: SignedIn
) -> None:
    running = serve(city_url)
    assert running.session is not None
    other = running.session.account_id  # the test server's own holds every role
    with client_of(running, chief) as client:
        assert client.post(f"accounts/{other}/lock").status_code == 303
        assert client.post(f"accounts/{other}/unlock").status_code == 303
        # As when the one who asks is locked or leaves at that instant.
        city.execute("update account_roles set valid = tstzrange(lower(valid), '2099-01-01') where account_id = %s",
                     [chief.account_id])  # fmt: skip
        answer = client.post(f"accounts/{other}/lock", data={"lang": "en"})
        assert (answer.status_code, "last administrator" in answer.text) == (409, True)
    assert city.execute("select locked_at from accounts where id = %s", [other]).fetchone() == (None,)


def test_a_form_of_another_page_does_nothing(city_url: str, city: Connection, serve: Serve, mine: SignedIn) -> None:
    worker = account_with_password(city, "li.na", (("grid_worker", place(city, "解放碑街道")),))
    running = serve(city_url)
    with httpx.Client(base_url=running.url, cookies={"shijing": mine.secret}) as client:
        assert client.post(f"accounts/{worker}/lock").status_code == 403
        assert client.post(f"accounts/{worker}/lock", data={"csrf": "0" * 64}).status_code == 403
        good = client.post(f"accounts/{worker}/lock", data={"csrf": mine.headers["X-CSRF-Token"]})
        assert good.status_code == 303


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("size", SIZES)
def test_the_pages_fit(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, mine: SignedIn, size: str, language: str
) -> None:
    street = place(city, "解放碑街道")
    for name, roles in (
        ("li.na", (("grid_worker", street),)),
        ("chen.lan", (("commander", street), ("planner", street))),
    ):
        worker = account_with_password(city, name, roles)
    signed_in(city, "大屏-渝中", [("screen", street)], kind="screen")
    running = serve(city_url)
    page = as_(new_screen, mine, SIZES[size])
    SCREENSHOTS.mkdir(exist_ok=True)
    for path, name in (("accounts", "list"), ("accounts/new", "new"), (f"accounts/{worker}", "one")):
        page.goto(f"{running.url}{path}?lang={language}")
        page.evaluate("document.fonts.ready")
        if name == "one":
            page.click("#roles summary")
        page.screenshot(path=str(SCREENSHOTS / f"accounts-{name}-{size}-{language}.png"), full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        assert page.get_attribute("html", "data-language") == language
