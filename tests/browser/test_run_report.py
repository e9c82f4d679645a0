"""A run's report in a browser, as PDF and as Word: in both languages, with names for whoever may know them."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import docx
import httpx
import pypdfium2
import pytest

from access.audit import entries
from access.vault import Vault
from config.database import Connection
from tests.browser.accounts import SignedIn, signed_in
from tests.browser.conftest import SCREENSHOTS, OpenScreen, Running, Screen, Serve
from tests.database.out_seed import OTHER_TOWNSHIP, TOWNSHIP
from tests.database.rights_city import RightsCity, seed_rights_city
from tests.database.run_ground import PLAN, RunGround, add_run, at, divisions_of

SIZES = {"desk": (1366, 768), "phone": (360, 740)}


@dataclass(frozen=True, kw_only=True)
class Office:
    """A server, a drill that was held, and who asks."""

    running: Running
    connection: Connection
    city: RightsCity
    drill: RunGround
    vault: Vault

    def get(self, who: SignedIn, path: str) -> httpx.Response:
        return httpx.get(f"{self.running.url.rstrip('/')}{path}", headers=who.headers, timeout=60)

    def person(self, name: str, role: str, code: str = TOWNSHIP, kind: str = "person") -> SignedIn:
        return signed_in(self.connection, name, [(role, self.city.divisions[code])], kind)

    def open(self, screen: Screen, who: SignedIn, path: str) -> None:
        screen.page.context.add_cookies(who.cookies)  # type: ignore[arg-type]
        screen.page.goto(f"{self.running.url.rstrip('/')}{path}")


@pytest.fixture
def office(connection: Connection, database_url: str, serve: Serve, tmp_path: Path) -> Iterator[Office]:
    city, vault = seed_rights_city(connection), Vault.of_folder(tmp_path)
    drill = add_run(
        connection, divisions_of(city.divisions), vault=vault, drill=True, alert=city.alerts["report-a"]
    )  # fmt: skip
    yield Office(
        running=serve(database_url, vault=vault), connection=connection, city=city, drill=drill, vault=vault
    )  # fmt: skip


def pages_of(raw: bytes) -> list[str]:
    """The text of each page of a PDF."""
    document = pypdfium2.PdfDocument(raw)
    try:
        return [page.get_textpage().get_text_range() for page in document]
    finally:
        document.close()


def draw(raw: bytes, name: str) -> None:
    """The pages as pictures, to be looked at."""
    document = pypdfium2.PdfDocument(raw)
    for number, page in enumerate(document, 1):
        page.render(scale=1.6).to_pil().save(SCREENSHOTS / f"{name}-{number}.png")
    document.close()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_shows_the_report(office: Office, new_screen: OpenScreen, size: str, language: str) -> None:
    who, screen = office.person("commander", "commander"), new_screen(*SIZES[size], let_in=False)
    office.open(screen, who, f"/runs/{office.drill.run_id}/report?lang={language}")
    paper = screen.page.locator("#paper").inner_text()
    assert ("演练，并非实情" if language == "zh" else "EXERCISE, NOT REAL") in paper
    assert "77" in paper and "李格长" in paper and "100 %" in paper and "现场有老人摔倒" in paper
    assert screen.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    screen.settle()
    screen.page.screenshot(path=SCREENSHOTS / f"run-report-{size}-{language}.png", full_page=True)
    assert screen.complaints == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_pdf_has_chinese_and_the_mark_on_every_page(office: Office, language: str) -> None:
    who = office.person("commander", "commander")
    answer = office.get(who, f"/runs/{office.drill.run_id}/report.pdf?lang={language}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    pages = pages_of(answer.content)
    draw(answer.content, f"run-report-{language}")
    assert len(pages) >= 2
    assert all(("演练，并非实情" if language == "zh" else "EXERCISE, NOT REAL") in page for page in pages)
    text = "".join("".join(page.split()) for page in pages)
    for told in (
        "嘉陵江沿岸街道内涝与洪水预案",
        "封闭亲水步道，转移低洼住户",
        "寸滩街道",
        "第一网格",
        "李格长",
        "已转移12人",
    ):
        assert told in text, told


def test_the_word_file_has_the_same(office: Office) -> None:
    who = office.person("commander", "commander")
    answer = office.get(who, f"/runs/{office.drill.run_id}/report.docx")
    document = docx.Document(io.BytesIO(answer.content))
    text = "\n".join(cell.text for table in document.tables for row in table.rows for cell in row.cells)
    assert "李格长" in text and "已转移12人" in text and "叫应率" in text
    assert document.sections[0].header.paragraphs[0].text == "【演练，并非实情】"
    assert [one.details for one in entries(office.connection, act="run.report_taken")] == [{"kind": "docx"}]


def test_without_the_right_to_people_nobody_is_named(office: Office) -> None:
    author = office.person("author", "rule_author")
    for form in ("report", "report.pdf", "report.docx"):
        answer = office.get(author, f"/runs/{office.drill.run_id}/{form}")
        assert answer.status_code == 200
        text = answer.text if form == "report" else "".join(pages_of(answer.content)) if form.endswith("pdf") else ""
        if form.endswith("docx"):
            tables = docx.Document(io.BytesIO(answer.content)).tables
            text = "".join(cell.text for table in tables for row in table.rows for cell in row.cells)
        assert "李格长" not in text and "刘奶奶" not in text and "年度防汛演练" not in text
    assert entries(office.connection, act="run.report_taken") == []


def test_a_wall_screen_sees_what_the_plan_lets_it(office: Office) -> None:
    wall = office.person("wall", "screen", kind="screen")
    shown = office.get(wall, f"/runs/{office.drill.run_id}/report")
    assert shown.status_code == 200 and "李格长" not in shown.text
    plan = {**PLAN, "id": "ELD-03", "privacy": {"show_on_wall": False, "map": "grid", "delete_after_close_d": 30}}
    elder = add_run(
        office.connection, divisions_of(office.city.divisions), vault=office.vault, plan=plan,
        alert=office.city.alerts["report-a"],
    )  # fmt: skip
    assert office.get(wall, f"/runs/{elder.run_id}/report").status_code == 404
    told = office.get(office.person("commander", "commander"), f"/runs/{elder.run_id}/report").text
    assert "李格长" in told and not any(one in told for one in ("刘奶奶", "摔倒", "河水上岸"))


def test_a_run_under_way_without_a_plan_has_a_report_too(office: Office, new_screen: OpenScreen) -> None:
    author, screen = office.person("author", "rule_author"), new_screen(1366, 768, let_in=False)
    office.open(screen, author, f"/runs/{office.city.runs['a']}/report?lang=en")
    assert "T1 叫应" in screen.page.locator("#paper").inner_text()
    screen.settle()
    screen.page.screenshot(path=SCREENSHOTS / "run-report-under-way.png", full_page=True)
    assert office.get(author, f"/runs/{office.city.runs['a']}/report.pdf").status_code == 200


def test_of_another_scope_there_is_nothing(office: Office) -> None:
    other = office.person("other", "commander", OTHER_TOWNSHIP)
    for form in ("report", "report.pdf", "report.docx"):
        assert office.get(other, f"/runs/{office.drill.run_id}/{form}").status_code == 404
    assert "FLD-02" not in office.get(other, "/runs/reviews").text


def test_what_people_write_is_text(office: Office, new_screen: OpenScreen) -> None:
    evil = "<script>document.title='in'</script><img src=x onerror=alert(1)>"
    plan = {**PLAN, "id": "EVL-01", "name": evil, "review": {"due_h": 1, "items": [evil]}}
    run = add_run(office.connection, divisions_of(office.city.divisions), vault=office.vault, plan=plan)
    office.connection.execute(
        "insert into run_acts (run_id, time, kind, actor, reason) values (%s, now(), 'noted', %s, %s)",
        (run.run_id, run.commander, evil),
    )
    who, screen = office.person("commander", "commander"), new_screen(1366, 768, let_in=False)
    office.open(screen, who, f"/runs/{run.run_id}/report")
    assert evil in screen.page.locator("#paper").inner_text() and screen.page.title() != "in"
    office.open(screen, who, "/runs/reviews")
    assert evil in screen.page.locator("#reviews").inner_text()
    assert screen.complaints == []
    text = "".join(pages_of(office.get(who, f"/runs/{run.run_id}/report.pdf").content))
    assert "onerror=alert(1)" in "".join(text.split())
    assert office.get(who, f"/runs/{run.run_id}/report.docx").status_code == 200


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_reviews_that_are_due(office: Office, new_screen: OpenScreen, size: str, language: str) -> None:
    later = add_run(office.connection, divisions_of(office.city.divisions), vault=office.vault,
                    plan={**PLAN, "id": "FLD-05", "name": "中小河流山洪预案"})  # fmt: skip
    office.connection.execute(
        "update plan_runs set review_due_at = %s where id = %s",
        (datetime.now(UTC) + timedelta(days=1), later.run_id),
    )
    office.connection.execute("update plan_runs set review_due_at = %s where id = %s", (at(62), office.drill.run_id))
    office.connection.execute("update partitions set clock = %s", (at(64),))
    who, screen = office.person("commander", "commander"), new_screen(*SIZES[size], let_in=False)
    office.open(screen, who, f"/runs/reviews?lang={language}")
    rows = screen.page.locator("#reviews tbody tr").all_inner_texts()
    late = "已逾期" if language == "zh" else "overdue"
    assert ["FLD-02" in rows[0], late in rows[0], "FLD-05" in rows[1], late in rows[1]] == [True, True, True, False]
    screen.settle()
    screen.page.screenshot(path=SCREENSHOTS / f"run-reviews-{size}-{language}.png", full_page=True)
    assert screen.complaints == []


@pytest.mark.parametrize("size", SIZES)
def test_a_commander_reviews_and_types_only_what_is_not_known(
    office: Office, new_screen: OpenScreen, size: str
) -> None:
    who, screen = office.person("commander", "commander"), new_screen(*SIZES[size], let_in=False)
    office.open(screen, who, f"/runs/{office.drill.run_id}/report")
    form = screen.page.locator("#review")
    assert "100 %（应答 3 / 叫应 3）" in form.inner_text()
    screen.settle()
    form.screenshot(path=SCREENSHOTS / f"run-review-{size}.png")
    assert form.locator("textarea:visible").count() == 1
    form.locator("textarea").nth(4).fill("两处销号 <b>")
    form.locator("button").click()
    screen.page.wait_for_selector(".own-done")
    assert "两处销号 <b>" in screen.page.locator("#part-review").inner_text()
    assert screen.page.locator("#review").count() == 0
    row = office.connection.execute("select detail from run_acts where kind = 'reviewed'").fetchone()
    assert row is not None and row[0]["items"] == [{"number": 4, "text": "两处销号 <b>"}]
    assert row[0]["figures"]["answered"] == 3
    [entry] = entries(office.connection, act="run.reviewed")
    assert (entry.actor, entry.details) == (who.account_id, {"items": 1, "exercise": True})
    again = httpx.post(
        f"{office.running.url}runs/{office.drill.run_id}/report/review",
        headers=who.headers, data={"csrf": who.headers["X-CSRF-Token"]}, timeout=30,
    )  # fmt: skip
    assert again.status_code == 409 and "尚未复盘" in again.text
    assert screen.complaints == []


def test_an_auditor_does_not_review(office: Office) -> None:
    auditor = office.person("auditor", "auditor")
    assert 'id="review"' not in office.get(auditor, f"/runs/{office.drill.run_id}/report").text
    answer = httpx.post(
        f"{office.running.url}runs/{office.drill.run_id}/report/review",
        headers=auditor.headers, data={"csrf": auditor.headers["X-CSRF-Token"]}, timeout=30,
    )  # fmt: skip
    assert answer.status_code == 403


def test_without_pango_the_page_says_what_to_install(
    office: Office, new_screen: OpenScreen, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("web.run_report", "web.run_report_pdf"):
        monkeypatch.setattr(f"{module}.lacks_pango", lambda: True)
    who, screen = office.person("commander", "commander"), new_screen(1366, 768, let_in=False)
    office.open(screen, who, f"/runs/{office.drill.run_id}/report")
    assert "libpango-1.0-0" in screen.page.locator("#pdf-lacks").inner_text()
    assert screen.page.locator("#pdf").count() == 0
    screen.settle()
    screen.page.screenshot(path=SCREENSHOTS / "run-report-no-pango.png")
    answer = office.get(who, f"/runs/{office.drill.run_id}/report.pdf")
    assert answer.status_code == 404 and "apt-get install libpango" in answer.text
    assert office.get(who, f"/runs/{office.drill.run_id}/report.docx").status_code == 200


def test_the_page_goes_to_the_printer_without_its_frame(office: Office, new_screen: OpenScreen) -> None:
    who, screen = office.person("commander", "commander"), new_screen(1366, 768, let_in=False)
    office.open(screen, who, f"/runs/{office.drill.run_id}/report")
    raw = screen.page.pdf(prefer_css_page_size=True)
    pages = pages_of(raw)
    draw(raw, "run-report-printed")
    assert len(pages) >= 2 and all("演练，并非实情" in page for page in pages)
    assert "下载" not in "".join(pages)
