"""A township keeps its people in a browser; another township's are neither seen nor changed, whatever is sent."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest

from access import audit
from access.vault import Vault
from config.database import Connection
from people.holdings import hold_post
from people.listing import absences, holdings_of
from people.organisations import add_organisation
from people.persons import add_person
from people.private import private
from tests.browser.accounts import SignedIn, signed_in
from tests.browser.conftest import SCREENSHOTS, OpenScreen, Serve
from tests.browser.signing import new_vault
from tests.browser.test_accounts_page import as_, client_of, place

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SIZES = {"desk": (1366, 768), "phone": (360, 740)}
EVIL = "<script>alert(1)</script>"
ACTS = ("change", "end", "renew", "posts", "posts/end", "absences", "absences/end")


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return new_vault(tmp_path)


def organisation(city: Connection, name: str) -> int:
    return add_organisation(city, kind="township", code=f"o-{name}", name=f"{name}中心", divisions=[place(city, name)])


def person(city: Connection, vault: Vault, where: int, number: str, name: str) -> UUID:
    fields = private(name, f"1380000{number:>04}")
    return add_person(city, vault, organisation_id=where, staff_number=number, fields=fields, since=LONG_AGO)


@pytest.fixture
def mine(city: Connection) -> SignedIn:
    return signed_in(city, "official", [("township_official", place(city, "解放碑街道"))])


def test_from_entering_to_the_end_of_service(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, vault: Vault, mine: SignedIn
) -> None:
    where = organisation(city, "解放碑街道")
    other = person(city, vault, where, "2", "李娜")
    running = serve(city_url, vault=vault)
    screen = new_screen(*SIZES["desk"], let_in=False)
    page = screen.page
    page.context.add_cookies(mine.cookies)  # type: ignore[arg-type]
    page.goto(f"{running.url}people")
    page.click("#new")
    page.fill("#name", EVIL)
    page.fill("#staff_number", "2")
    page.fill("#phone", "13800001111")
    page.select_option("#post", "duty_officer")
    page.click("#add button")
    assert page.inner_text("#add .gate-told") == "该机构已有此工号，请换一个，或修改该人员。"
    page.fill("#staff_number", "1")
    page.click("#add button")
    assert page.inner_text("h1") == EVIL  # as text
    assert "值班长 解放碑街道" in page.inner_text("#posts li")
    page.click("#absences summary")
    page.select_option("#stand_in", str(other))
    page.click("#away button")
    assert "顶岗：李娜" in page.inner_text("#absences li")
    page.goto(f"{running.url}people?absent=1")
    assert page.locator("#people tbody tr").count() == 1
    page.goto(f"{running.url}people?q=李娜")
    assert page.locator("#people .head a").all_inner_texts() == ["李娜"]
    page.goto(f"{running.url}people?q=1")
    page.click("#people .head a")
    page.locator("#fields summary").nth(1).click()
    page.click("#end button")
    assert page.inner_text(".own-done") == "离职已登记。"
    assert page.locator("#posts li.over").count() == 1
    page.goto(f"{running.url}people?state=no&lang=en")
    assert page.locator("#people .head a").all_inner_texts() == [EVIL]
    assert [one for one in screen.complaints if "409" not in one] == []  # the staff number that was taken
    acts = [one.act for one in audit.entries(city, actor=mine.account_id)]
    assert {"person.added", "post.held", "absence.added", "person.left"} <= set(acts)


def test_nothing_of_another_township_is_seen_or_changed(
    city_url: str, city: Connection, serve: Serve, vault: Vault, mine: SignedIn
) -> None:
    own, foreign = organisation(city, "解放碑街道"), organisation(city, "朝阳街道")
    me, them = person(city, vault, own, "1", "王伟"), person(city, vault, foreign, "9", "赵敏")
    hold_post(city, them, "duty_officer", place(city, "朝阳街道"), since=LONG_AGO)
    [held] = holdings_of(city, them)
    running = serve(city_url, vault=vault)
    before, code = audit.entries(city, most=1000), "500109001"
    with client_of(running, mine) as client:
        assert "赵敏" not in client.get("people?state=all").text
        for sought in ("赵敏", "9", "13800000009"):
            assert 'id="nobody"' in client.get("people", params={"q": sought}).text
        for who in (them, uuid4()):
            answers = [client.get(f"people/{who}")]
            answers += [client.post(f"people/{who}/{act}", data={"held": str(held.id)}) for act in ACTS]
            assert {one.status_code for one in answers} == {404}
        form = {"organisation": str(foreign), "staff_number": "5", "name": "某人"}
        assert client.post("people", data=form).status_code == 409
        hidden = {
            "post": "duty_officer",
            "division": code,
            "stand_in": str(them),
            "held": str(held.id),
            "kind": "leave",
        }
        for act in ("posts", "posts/end", "absences"):
            assert client.post(f"people/{me}/{act}", data=hidden).status_code == 409, act
    assert audit.entries(city, most=1000) == before
    assert absences(city, since=LONG_AGO - timedelta(days=1)) == []
    with httpx.Client(base_url=running.url, cookies={"shijing": mine.secret}) as client:
        assert client.post(f"people/{me}/end").status_code == 403
        assert client.post(f"people/{me}/end", data={"csrf": "0" * 64}).status_code == 403


def test_without_a_key_file_the_page_says_so(
    city_url: str, city: Connection, serve: Serve, vault: Vault, mine: SignedIn
) -> None:
    person(city, vault, organisation(city, "解放碑街道"), "77", "王伟")
    with client_of(serve(city_url), mine) as client:
        text = client.get("people").text
        assert ('id="no-names"' in text, "王伟" in text, "77" in text) == (True, False, True)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("size", SIZES)
def test_the_pages_fit(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, vault: Vault, mine: SignedIn, size: str,
    language: str,
) -> None:  # fmt: skip
    where = organisation(city, "解放碑街道")
    one, *_ = [person(city, vault, where, str(number), f"王{letter}") for number, letter in enumerate("伟芳娜敏静", 1)]
    hold_post(city, one, "duty_officer", place(city, "解放碑街道"), since=LONG_AGO)
    running, page = serve(city_url, vault=vault), as_(new_screen, mine, SIZES[size])
    SCREENSHOTS.mkdir(exist_ok=True)
    for path, name in (("people", "list"), ("people/new", "new"), (f"people/{one}", "card")):
        page.goto(f"{running.url}{path}?lang={language}")
        page.evaluate("document.fonts.ready")
        page.screenshot(path=str(SCREENSHOTS / f"people-{name}-{size}-{language}.png"), full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
