"""Records entered, changed, ended and imported in a browser, by whoever keeps those of a district and nobody else."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from openpyxl import Workbook, load_workbook

from access import audit
from access.record_keeping import Keeper, add_record
from access.records import open_record, residents_in
from access.scope import EVERYWHERE
from access.vault import Vault
from config.database import Connection
from tests.browser.accounts import SignedIn, signed_in
from tests.browser.conftest import LIMIT_MS, SCREENSHOTS, OpenScreen, Serve
from tests.browser.signing import new_clock, new_vault
from tests.browser.test_accounts_page import as_, client_of, place

SIZES = {"desk": (1366, 768), "phone": (360, 740)}
HERE, THERE = "500103001", "500109001"
HEADS = ("区划代码", "类别", "姓名", "电话", "需求", "编号", "起", "止")
XSS = "<img src=x onerror=alert(1)>"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return new_vault(tmp_path)


@pytest.fixture
def keeper(city: Connection) -> SignedIn:
    return signed_in(city, "yuzhong.keeper", [("administrator", place(city, "渝中区"))])


def entered(city: Connection, vault: Vault, code: str, name: str, reference: str = "") -> str:
    """The id of a new record."""
    made = add_record(
        city, vault, {"division": code, "kind": "elder", "name": name, "reference": reference},
        Keeper(scope=EVERYWHERE, actor=uuid4(), now=datetime.now(UTC) - timedelta(days=1)),
    )  # fmt: skip
    return str(made)


def excel(*rows: tuple[object, ...]) -> bytes:
    book, out = Workbook(), io.BytesIO()
    for row in (HEADS, *rows):
        book.active.append(row)
    book.save(out)
    return out.getvalue()


def a_file(name: str, raw: bytes) -> dict[str, object]:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": raw}


def test_a_record_is_entered_changed_and_ended(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, vault: Vault, keeper: SignedIn
) -> None:
    running, page = serve(city_url, vault=vault), as_(new_screen, keeper)
    page.goto(f"{running.url}records/edit")
    page.click("#new")
    foreign = "(field) => field.add(new Option('磁器口街道', '磁器口街道', true, true))"
    page.locator("#division").evaluate(foreign)  # of another district, which the form does not offer
    page.select_option("#kind", "elder")
    page.fill("#name", "王建国")
    page.fill("#note", XSS)
    page.check("[value=oxygen]")
    page.click("#keep")
    assert page.inner_text(".gate-told") == "您的范围内没有代码或名称为“磁器口街道”的区划。"
    assert (page.input_value("#name"), page.input_value("#note")) == ("王建国", XSS)
    assert page.is_checked("[value=oxygen]")
    page.select_option("#division", label="解放碑街道")
    page.fill("#until", "2020-01-01")
    page.click("#keep")
    assert page.inner_text("#faults") == "止：早于或等于开始日期：请改为更晚的日期"
    page.fill("#until", "")
    page.click("#keep")
    assert page.inner_text(".own-done") == "档案已录入。"
    [known] = residents_in(city, place(city, "渝中区"), at=datetime.now(UTC))
    assert "王建国" not in page.content()

    page.click("#kept a")
    assert "王建国" not in page.content()
    assert page.input_value("#name") == ""
    page.select_option("#kind", "patient")
    page.fill("#phone", "13800001111")
    page.check("[name=clear][value=note]")
    page.click("#keep")
    assert page.inner_text(".own-done") == "档案已修改。"
    record = open_record(city, vault, known.id, actor=uuid4(), reason="核对档案内容")
    assert (record.name, record.phone, record.note, record.kind) == ("王建国", "13800001111", "", "patient")
    assert record.valid == known.valid  # the day that the form shows is the instant that it was

    page.click("#kept a")
    page.click("#ending summary")
    page.click("#ending button")
    assert "档案已结束" in page.inner_text(".own-done")
    assert residents_in(city, place(city, "渝中区"), at=datetime.now(UTC)) == []
    acts = [(one.act, one.actor) for one in reversed(audit.entries(city, act="record")) if one.act != "record.opened"]
    assert acts == [(act, keeper.account_id) for act in ("record.added", "record.changed", "record.ended")]


def test_a_file_is_previewed_mended_and_imported(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, vault: Vault, keeper: SignedIn
) -> None:
    entered(city, vault, THERE, "李四", "510202194001010011")
    running, page = serve(city_url, vault=vault), as_(new_screen, keeper)
    page.goto(f"{running.url}records/import")
    wrong = excel(
        (HERE, "elder", "王建国", None, None, "510202194001010011", None, None),  # of another district
        (THERE, "elder", "王建国", None, None, None, None, None),
        (HERE, XSS, "王建国", None, None, None, "明天", None),
        (HERE, "elder", "张三", None, None, None, None, None),
    )
    page.set_input_files("#file", a_file(f"{XSS}.xlsx", wrong))  # type: ignore[arg-type]
    page.click("#send button")
    assert "有 4 处问题" in page.inner_text("#verdict")
    assert page.inner_text("h2") == f"{XSS}.xlsx"
    lines = page.locator("#rows tbody tr").all_inner_texts()
    assert lines[0].split("\t")[0] == "2"
    assert "F 编号：不能使用" in lines[0]
    assert "A 区划代码：不是您范围内现行的" in lines[1]
    assert "B 类别：不在可选项内" in lines[2]
    assert "G 起：不是日期" in lines[2]
    assert lines[3].split("\t")[:2] == ["5", "无误"]
    assert "王建国" not in page.content()
    assert page.locator("#apply").count() == 0
    assert residents_in(city, place(city, "渝中区"), at=datetime.now(UTC)) == []

    good = "区划代码,类别,姓名,需求\n500103001,老人,王建国,独居\n500103001,儿童,陈小果,\n".encode("gb18030")
    page.set_input_files("#file", a_file("档案.csv", good))  # type: ignore[arg-type]
    page.click("#send button")
    assert page.inner_text("#verdict") == "预览：新增 2 份，修改 0 份。尚未写入。"
    assert residents_in(city, place(city, "渝中区"), at=datetime.now(UTC)) == []
    key = page.input_value("#apply [name=held]")
    page.click("#apply button")
    assert page.inner_text(".own-done") == "档案已导入。"
    assert len(residents_in(city, place(city, "渝中区"), at=datetime.now(UTC))) == 2
    [entry] = audit.entries(city, act="record.imported")
    assert (entry.actor, entry.division_id) == (keeper.account_id, place(city, "渝中区"))
    with client_of(running, keeper) as client:
        again = client.post("records/import", data={"held": key})
        assert "预览已过期" in again.text  # it is taken once
    page.goto(f"{running.url}records/import?lang=en")
    page.set_input_files("#file", a_file("a.xls", b"\xd0\xcf\x11\xe0"))  # type: ignore[arg-type]
    page.click("#send button")
    assert "old .xls" in page.inner_text(".gate-told")


def test_the_template_is_filled_in_and_comes_back(
    city_url: str, city: Connection, serve: Serve, vault: Vault, keeper: SignedIn
) -> None:
    running = serve(city_url, vault=vault)
    with client_of(running, keeper) as client:
        book = load_workbook(io.BytesIO(client.get("records/template.xlsx").content))
        sheet, out = book.worksheets[0], io.BytesIO()
        assert sheet.column_dimensions["H"].number_format == "@"
        sheet.append([HERE, "老人", "王建国", "", "", "", "独居", "510202194001010011", "", ""])
        book.save(out)
        answer = client.post("records/import", files={"file": ("档案.xlsx", out.getvalue())})
        assert answer.status_code == 200
        assert "新增 1 份" in answer.text


def test_nobody_keeps_what_is_not_theirs(
    city_url: str, city: Connection, serve: Serve, vault: Vault, keeper: SignedIn
) -> None:
    foreign, own = entered(city, vault, THERE, "李四"), entered(city, vault, HERE, "张三")
    running, clock = serve(city_url, vault=vault), new_clock()
    plain = {"division": HERE, "kind": "elder", "since": "2026-01-01"}
    with client_of(running, keeper) as client:
        for resident in (foreign, uuid4()):
            assert client.get(f"records/{resident}/edit").status_code == 404
            assert client.post(f"records/{resident}/edit", data=plain).status_code == 404
            assert client.post(f"records/{resident}/end").status_code == 404
        moved = client.post(f"records/{own}/edit", data={**plain, "division": THERE})
        assert moved.status_code == 422
        assert client.get("records/edit?division=北碚区").status_code == 409
        assert client.get("records/list").status_code == 403  # to keep records is not to open them
        held = client.post("records/import", files={"file": ("a.csv", f"division,kind,name\n{HERE},elder,王五\n")}).text
    key = held.partition('name="held" value="')[2].partition('"')[0]
    assert key
    other = signed_in(city, "other.keeper", [("administrator", place(city, "渝中区"))])
    with client_of(running, other) as client:
        assert client.post("records/import", data={"held": key}).status_code == 422  # of somebody else's preview
    reader = signed_in(city, "reader", [("commander", place(city, "渝中区"))])
    with client_of(running, reader) as client:
        for path in ("records/edit", "records/new", "records/import", "records/template.xlsx", f"records/{own}/edit"):
            assert client.get(path).status_code == 403
        assert client.post("records", data=plain).status_code == 403
    with httpx.Client(base_url=running.url, cookies={"shijing": keeper.secret}) as client:  # as a foreign form would
        for path in ("records", f"records/{own}/edit", f"records/{own}/end"):
            assert client.post(path, data=plain).status_code == 403
        sent = client.post("records/import", files={"file": ("a.csv", b"division\n")}, data={"held": key})
        assert sent.status_code == 403
    assert len(residents_in(city, place(city, "渝中区"), at=clock.now, to_come=True, most=10)) == 1


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("size", SIZES)
def test_screenshots_of_the_records_kept(
    city_url: str,
    city: Connection,
    serve: Serve,
    new_screen: OpenScreen,
    vault: Vault,
    keeper: SignedIn,
    size: str,
    language: str,
) -> None:
    first = entered(city, vault, HERE, "张三")
    entered(city, vault, HERE, "李四")
    running, page = serve(city_url, vault=vault), as_(new_screen, keeper, SIZES[size])
    SCREENSHOTS.mkdir(exist_ok=True)

    def shown(name: str) -> None:
        page.evaluate("document.fonts.ready")
        page.screenshot(path=str(SCREENSHOTS / f"{name}-{size}-{language}.png"), full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name

    for name, path in (
        ("records-edit", "records/edit"), ("record-new", "records/new"), ("record-change", f"records/{first}/edit"),
        ("records-import", "records/import"),
    ):  # fmt: skip
        page.goto(f"{running.url}{path}?lang={language}", timeout=LIMIT_MS)
        shown(name)
    rows = [(HERE, "elder", "王建国", "#N/A", None, 510202194001010011, None, None)] * 2
    for name, raw in (
        ("records-faults", excel(*rows, (HERE, "child", "陈小果", None, "婴幼儿", None, None, None))),
        ("records-preview", excel((HERE, "elder", "王建国", None, "独居、吸氧", None, None, None))),
    ):
        page.set_input_files("#file", a_file("解放碑街道一老一小.xlsx", raw))  # type: ignore[arg-type]
        with page.expect_navigation():
            page.click("#send button")
        shown(name)
