"""Who is on duty, now and in a week, in a browser; a township adds and cancels its own shifts and no others."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from access import audit
from access.vault import Vault
from config.database import Connection
from people.absences import add_absence
from people.holdings import add_shift, hold_post
from people.listing import shifts
from tests.browser.accounts import SignedIn, signed_in
from tests.browser.conftest import SCREENSHOTS, OpenScreen, Serve
from tests.browser.signing import new_vault
from tests.browser.test_accounts_page import as_, client_of, place
from tests.browser.test_people_page import EVIL, LONG_AGO, SIZES, organisation, person

HERE = "解放碑街道"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return new_vault(tmp_path)


@pytest.fixture
def mine(city: Connection) -> SignedIn:
    return signed_in(city, "official", [("township_official", place(city, HERE))])


def test_who_is_on_duty_is_seen_and_a_shift_is_added_and_cancelled(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, vault: Vault, mine: SignedIn
) -> None:
    where, now = organisation(city, HERE), datetime.now(UTC)
    holder, other = person(city, vault, where, "1", EVIL), person(city, vault, where, "2", "李娜")
    hold_post(city, holder, "commander", place(city, HERE), since=LONG_AGO)
    add_absence(
        city, holder, kind="leave", stand_in_id=other, since=now - timedelta(hours=1), until=now + timedelta(days=1)
    )
    page = as_(new_screen, mine)
    running = serve(city_url, vault=vault)
    page.goto(f"{running.url}duty")
    standing = page.locator("#standing tbody tr").all_inner_texts()
    assert standing[0].split("\t") == ["指挥长", "李娜", f"代 {EVIL}"]
    assert "值班长\t无人在岗\t" in standing
    assert page.locator("#week tbody tr").first.locator("td").count() == 7
    assert "空岗" in page.inner_text("#week")

    page.select_option("#person", str(other))
    page.select_option("#post", "duty_officer")
    begin = (now + timedelta(days=2)).strftime("%Y-%m-%dT08:00")
    page.fill("#since", begin)
    page.fill("#until", begin)
    page.click("#add button")
    assert page.locator(".gate-told").count() == 1  # it ends as it begins
    page.screenshot(path=SCREENSHOTS / "duty-refused-desk-zh.png", full_page=True)
    assert shifts(city, since=now) == []
    page.fill("#until", begin.replace("08:00", "20:00"))
    page.click("#add button")
    assert "值班长 · 李娜" in page.inner_text("#shifts")
    # Without spaces: where a cell is narrow, the line breaks between hours and name, and what is read has none.
    assert "08:00–20:00李娜" in "".join(page.inner_text("#week").split())
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        for language in ("zh", "en"):
            page.goto(f"{running.url}duty?lang={language}")
            page.screenshot(path=SCREENSHOTS / f"duty-{size}-{language}.png", full_page=True)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("#shifts button").first.click()
    assert shifts(city, since=now) == []
    acts = [one.act for one in reversed(audit.entries(city, actor=mine.account_id))]
    assert acts[-2:] == ["shift.added", "shift.cancelled"]


def test_shifts_of_another_township_are_not_touched(
    city_url: str, city: Connection, serve: Serve, vault: Vault, mine: SignedIn
) -> None:
    own, foreign = organisation(city, HERE), organisation(city, "朝阳街道")
    me, them = person(city, vault, own, "1", "王伟"), person(city, vault, foreign, "9", "赵敏")
    soon = datetime.now(UTC) + timedelta(days=1)
    kept = add_shift(city, them, "duty_officer", place(city, "朝阳街道"), since=soon, until=soon + timedelta(hours=8))
    running = serve(city_url, vault=vault)
    form = {"person": str(me), "post": "duty_officer", "since": "2030-01-01T08:00", "until": "2030-01-01T20:00"}
    code = "500103002"
    with client_of(running, mine) as client:
        assert "赵敏" not in client.get("duty", params={"division": "500109001"}).text
        assert client.get("duty", params={"division": "500109001"}).status_code == 409
        assert client.post("duty/shifts", data={**form, "division": "500109001"}).status_code == 409
        assert client.post("duty/shifts", data={**form, "division": HERE, "person": str(them)}).status_code == 409
        assert client.post("duty/shifts/cancel", data={"shift": str(kept), "division": code}).status_code == 409
        assert client.post("duty/shifts", data={**form, "division": HERE, "csrf": "x"}).status_code == 403
    assert [one.id for one in shifts(city, since=datetime.now(UTC))] == [kept]


def test_a_shift_of_ones_own_for_another_township_is_not_cancelled(
    city_url: str, city: Connection, serve: Serve, vault: Vault, mine: SignedIn
) -> None:
    me = person(city, vault, organisation(city, HERE), "1", "王伟")
    soon = datetime.now(UTC) + timedelta(days=1)
    lent = add_shift(city, me, "duty_officer", place(city, "朝阳街道"), since=soon, until=soon + timedelta(hours=8))
    running = serve(city_url, vault=vault)
    with client_of(running, mine) as client:
        answer = client.post("duty/shifts/cancel", data={"shift": str(lent), "division": HERE})
    assert (answer.status_code, "您的范围之外" in answer.text) == (409, True)
    assert [one.id for one in shifts(city, since=datetime.now(UTC))] == [lent]


def test_a_refusal_stands_beside_the_form_in_the_language_of_the_page(
    city_url: str, city: Connection, serve: Serve, vault: Vault, mine: SignedIn
) -> None:
    me = person(city, vault, organisation(city, HERE), "1", "王伟")
    running = serve(city_url, vault=vault)
    form = {"person": str(me), "post": "duty_officer", "division": HERE, "since": "2030-01-01T08:00"}
    with client_of(running, mine) as client:
        for language, told in (("zh", "请填写班次的开始和结束时间。"), ("en", "A shift has a beginning and an end")):
            page = client.post("duty/shifts", data={**form, "lang": language}).text
            assert told in page[page.index('id="add"') :]
            assert 'value="2030-01-01T08:00"' in page


def test_shifts_that_are_not_ones_own_have_no_button(
    city_url: str, city: Connection, serve: Serve, vault: Vault, mine: SignedIn
) -> None:
    me = person(city, vault, organisation(city, HERE), "1", "王伟")
    guest = person(city, vault, organisation(city, "朝阳街道"), "9", "赵敏")
    soon = datetime.now(UTC) + timedelta(hours=1)
    for who in (me, guest):
        add_shift(city, who, "duty_officer", place(city, HERE), since=soon, until=soon + timedelta(hours=8))
    running = serve(city_url, vault=vault)
    with client_of(running, mine) as client:
        page = client.get("duty").text
    listed = page[page.index('id="shifts"') :]
    assert "赵敏" in listed and "王伟" in listed
    assert listed.count('action="/duty/shifts/cancel"') == 1
