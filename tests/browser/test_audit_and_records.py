"""The audit and the records in a browser, by accounts of different scopes."""

import re
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from access import audit
from access.record_import import import_records
from access.records import open_record, residents_in
from access.seals import seal
from config.database import Connection
from tests.browser.accounts import SignedIn, signed_in
from tests.browser.conftest import LIMIT_MS, SCREENSHOTS, OpenScreen, Serve
from tests.browser.signing import new_vault
from tests.browser.test_accounts_page import as_, client_of, place
from web.audit_export import cell
from web.audit_words import ACTS

SIZES = {"desk": (1366, 768), "phone": (360, 740)}
FILE = """division,kind,name,address,phone,needs
500103001,elder,王建国,民生路88号,13800001111,alone
500109001,child,陈小果,,,
"""


@pytest.fixture
def vault(tmp_path: Path, city: Connection):  # type: ignore[no-untyped-def]
    found = new_vault(tmp_path)
    (tmp_path / "people.csv").write_text(FILE, encoding="utf-8")
    report = import_records(city, found, tmp_path / "people.csv", actor=None, now=datetime.now(UTC))
    assert (report.added, report.errors) == (2, [])
    seal(city, found, now=datetime.now(UTC))
    return found


def one_with(city: Connection, roles: list[str], district: str) -> SignedIn:
    return signed_in(city, f"{roles[0]}.{district}", [(role, place(city, district)) for role in roles])


def test_every_act_of_the_code_has_words() -> None:
    root = Path(__file__).parents[2]
    text = "".join(path.read_text() for room in ("access", "people", "commands") for path in (root / room).glob("*.py"))
    written = set(re.findall(r'(?:act=|_log\(connection, |_tell\(connection, )"([a-z_]+\.[a-z_]+)"', text))
    assert len(written) > 20
    assert written <= set(ACTS)


def test_a_cell_is_no_formula() -> None:
    assert [cell(text) for text in ("=1+1", " @x", "-2", "chen.lan", 7)] == ["'=1+1", "' @x", "'-2", "chen.lan", 7]


def test_a_record_is_opened_for_a_reason_and_the_auditor_reads_it(
    city_url: str,
    city: Connection,
    serve: Serve,
    new_screen: OpenScreen,
    vault,  # type: ignore[no-untyped-def]
) -> None:
    running, opener = serve(city_url, vault=vault), one_with(city, ["commander"], "渝中区")
    page = as_(new_screen, opener)
    page.goto(f"{running.url}records/list")
    assert page.locator("#residents tbody tr").count() == 1
    assert "王建国" not in page.content()
    page.click("#residents summary")
    page.select_option("[name=why]", "weather")
    page.fill("[name=words]", "上门送氧气瓶")
    page.click("#residents form button")
    assert "王建国" in page.inner_text("#record")
    [entry] = audit.entries(city, act="record.opened")
    assert f"第 {entry.seq} 条" in page.inner_text("#logged")
    assert entry.actor == opener.account_id
    auditor, other = one_with(city, ["auditor"], "渝中区"), one_with(city, ["auditor"], "北碚区")
    page = as_(new_screen, auditor)
    page.goto(f"{running.url}audit/openings")
    assert page.locator("#openings tbody tr").count() == 1
    assert "氧气" not in page.content()
    page.click("#reasons button")
    assert "高温寒潮看望：上门送氧气瓶" in page.inner_text("#openings")
    assert audit.entries(city, act="record.openings_listed")[0].actor == auditor.account_id
    with client_of(running, other) as client:
        assert 'id="nothing"' in client.get("audit/openings").text
        told = client.get("api/audit").json()["entries"]
        assert all(one["division_id"] == place(city, "北碚区") for one in told)
        assert client.get("audit/access").status_code == 403
        assert client.get("audit/access.csv").status_code == 403


def test_openings_are_filtered_by_division_and_day(
    city_url: str,
    city: Connection,
    serve: Serve,
    new_screen: OpenScreen,
    vault,  # type: ignore[no-untyped-def]
) -> None:
    for district in ("渝中区", "北碚区"):
        [one] = residents_in(city, place(city, district), at=datetime.now(UTC))
        open_record(city, vault, one.id, actor=uuid4(), reason="核对档案内容")
    running, page = serve(city_url, vault=vault), as_(new_screen, signed_in(city, "watcher", [("auditor", None)]))
    page.goto(f"{running.url}audit/openings")
    assert page.locator("#openings tbody tr").count() == 2
    page.fill("[name=division]", "北碚区")
    page.click("#filters button")
    assert page.locator("#openings tbody tr").count() == 1
    page.click("#reasons button")
    assert page.inner_text("#openings").count("核对档案内容") == 1  # the filter stays with the reasons
    page.fill("[name=division]", "")
    page.fill("[name=to]", "2026-01-01")
    page.click("#filters button")
    assert page.locator("#nothing").count() == 1
    with client_of(running, one_with(city, ["auditor"], "渝中区")) as client:
        assert client.get("audit/openings?division=北碚区").status_code == 422
        assert client.get("audit/openings?from=tomorrow").status_code == 422
        assert 'name="division" value="&lt;b&gt;"' in client.get("audit/openings?division=<b>").text


def test_an_export_has_every_row_of_the_scope(
    city_url: str,
    city: Connection,
    serve: Serve,
    vault,  # type: ignore[no-untyped-def]
) -> None:
    here, there = place(city, "渝中区"), place(city, "北碚区")
    with city.transaction():
        city.execute(
            "insert into audit (act, subject, division_id, details)"
            " select 'shift.added', '', case when n %% 2 = 0 then %s::integer else %s::integer end, '{}'"
            " from generate_series(1, 5001) as n",
            [here, there],
        )
        city.execute(
            "insert into access_log (at, method, route, status, ms, address)"
            " select now(), 'GET', '/many', 200, 1, '' from generate_series(1, 21000)"  # of one instant
        )
    running = serve(city_url, vault=vault)
    with client_of(running, one_with(city, ["auditor"], "渝中区")) as client:
        lines = client.get("audit/acts.csv?act=shift.added").text.splitlines()
        assert len(lines) == 1 + 2500
        numbers = [int(line.partition(",")[0]) for line in lines[1:]]
        assert numbers == sorted(set(numbers), reverse=True)
        assert client.get("audit/acts.csv?account=nobody").status_code == 422
    with client_of(running, signed_in(city, "watcher", [("auditor", None)])) as client:
        assert len(client.get("audit/access.csv?route=/many").text.splitlines()) == 1 + 21000
        with client.stream("GET", "audit/access.csv?route=/many") as answer:  # and gone, in the middle
            next(answer.iter_raw(100))
        for _ in range(3):  # its place is free again
            assert client.get("audit/acts.csv?act=shift.cancelled").status_code == 200


def test_a_record_of_another_district_is_not_there(
    city_url: str,
    city: Connection,
    serve: Serve,
    vault,  # type: ignore[no-untyped-def]
) -> None:
    running, opener = serve(city_url, vault=vault), one_with(city, ["commander"], "渝中区")
    [foreign] = residents_in(city, place(city, "北碚区"), at=datetime.now(UTC))
    [own] = residents_in(city, place(city, "渝中区"), at=datetime.now(UTC))
    form = {"why": "move", "words": "转移到安置点"}
    with client_of(running, opener) as client:
        for resident in (foreign.id, uuid4()):
            told = client.post(f"records/{resident}/open", data=form)
            assert (told.status_code, told.json()) == (404, {"error": "no such record"})
        assert client.post(f"records/{own.id}/open", data={**form, "words": "看"}).status_code == 409
        assert client.get("records/list?division=北碚区").status_code == 422
        counts = client.get("api/records/counts").json()
        assert (counts["division"], counts["counts"]["total"]) == ("渝中区", 1)
        told = client.get("api/records/counts?division=北碚区")
        assert told.status_code == 422
        assert told.json() == {
            "error": "no division of yours has the code or name '北碚区'",
            "error_zh": "您的范围内没有代码或名称为“北碚区”的区划。",
        }
    assert audit.entries(city, act="record.opened") == []
    with httpx.Client(base_url=running.url, cookies={"shijing": opener.secret}) as client:
        assert client.post(f"records/{own.id}/open", data=form).status_code == 403
    screen = signed_in(city, "wall", [("screen", place(city, "渝中区"))], kind="screen")
    with client_of(running, screen) as client:
        assert client.get("records").status_code == 200
        assert client.get("records/list").status_code == 403
        assert client.post(f"records/{own.id}/open", data=form).status_code == 403


def test_acts_are_filtered_exported_and_the_trail_is_checked(
    city_url: str,
    city: Connection,
    serve: Serve,
    new_screen: OpenScreen,
    vault,  # type: ignore[no-untyped-def]
) -> None:
    running, auditor = serve(city_url, vault=vault), signed_in(city, "watcher", [("auditor", None)])
    page = as_(new_screen, auditor)
    page.goto(f"{running.url}audit")
    for _ in range(100):
        if "审计链完整" in page.inner_text("#trail"):
            break
        page.reload()
    assert "审计链完整" in page.inner_text("#trail")
    page.select_option("[name=act]", "role.granted")
    page.fill("[name=account]", "nobody.here")
    with page.expect_navigation():
        page.click("#filters button")
    assert page.inner_text(".gate-told") == "没有名为“nobody.here”的账号。"
    page.fill("[name=account]", "")
    with page.expect_navigation():
        page.click("#filters button")
    assert set(page.locator("#acts .head").all_inner_texts()[0].split()) >= {"授予角色", "角色"}
    with client_of(running, auditor) as client:
        text = client.get("audit/acts.csv?act=role.granted").text
        assert text.startswith("\ufeff序号,时间,操作人")
        assert "授予角色" in text
        for wrong in ("account=nobody.here", "division=北京", "from=2026-13-01", "to=gestern"):
            for path in ("audit", "audit/acts.csv", "audit/access.csv", "api/audit"):
                known = path == "audit/access.csv" and wrong.startswith("division")  # requests have no division
                assert client.get(f"{path}?{wrong}").status_code == (200 if known else 422), (path, wrong)
        assert client.get("audit/access?before=gestern").status_code == 422
        first = client.get("api/audit?limit=2").json()
        second = client.get(f"api/audit?limit=2&before={first['next']}").json()
        assert first["entries"][-1]["seq"] - 1 == second["entries"][0]["seq"]
        assert client.get("audit/access.csv").status_code == 200


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("size", SIZES)
def test_the_pages_fit(
    city_url: str,
    city: Connection,
    serve: Serve,
    new_screen: OpenScreen,
    vault,
    size: str,
    language: str,  # type: ignore[no-untyped-def]
) -> None:
    running = serve(city_url, vault=vault)
    assert running.session is not None
    page = as_(new_screen, running.session, SIZES[size])
    SCREENSHOTS.mkdir(exist_ok=True)
    pages = ("audit", "audit/openings", "audit/access", "records", "records/list?division=500103")
    for path in pages:
        page.goto(f"{running.url}{path}{'&' if '?' in path else '?'}lang={language}", timeout=LIMIT_MS)
        page.evaluate("document.fonts.ready")
        name = path.partition("?")[0].replace("/", "-")
        page.screenshot(path=str(SCREENSHOTS / f"{name}-{size}-{language}.png"))
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    page.goto(f"{running.url}records/list?division=500103&lang={language}")
    page.click("#residents summary")
    page.screenshot(path=str(SCREENSHOTS / f"records-why-{size}-{language}.png"))
    page.select_option("[name=why]", "weather")
    page.fill("[name=words]", "上门送氧气瓶")
    with page.expect_navigation():
        page.click("#residents form button")
    page.screenshot(path=str(SCREENSHOTS / f"record-once-{size}-{language}.png"))
    page.goto(f"{running.url}audit/openings?lang={language}")
    with page.expect_navigation():
        page.click("#reasons button")
    page.screenshot(path=str(SCREENSHOTS / f"audit-openings-{size}-{language}.png"))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
