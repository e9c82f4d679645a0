"""People and rosters by file in a browser: previewed, mended, imported whole or not at all; and exported again."""

import io
from pathlib import Path

import pytest
from openpyxl import load_workbook

from access import audit
from access.vault import Vault
from config.database import Connection
from tests.browser.accounts import SignedIn, signed_in
from tests.browser.conftest import SCREENSHOTS, OpenScreen, Serve
from tests.browser.signing import new_vault
from tests.browser.test_accounts_page import as_, client_of, place
from tests.browser.test_people_page import EVIL, SIZES, organisation, person

HEADS = "机构,工号,姓名,电话,起\n"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return new_vault(tmp_path)


@pytest.fixture
def mine(city: Connection) -> SignedIn:
    return signed_in(city, "official", [("township_official", place(city, "解放碑街道"))])


def a_file(name: str, raw: bytes) -> dict[str, object]:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": raw}


def people(city: Connection) -> list[tuple[str]]:
    return city.execute("select staff_number from people order by 1").fetchall()


def test_a_file_of_people_is_previewed_mended_and_imported(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, vault: Vault, mine: SignedIn
) -> None:
    organisation(city, "解放碑街道")
    organisation(city, "朝阳街道")
    running, page = serve(city_url, vault=vault), as_(new_screen, mine)
    page.goto(f"{running.url}people")
    page.click("#files")
    rows = (
        "o-朝阳街道,7,外人,,2026-01-01",
        f"o-解放碑街道,8,{EVIL},,明天",
        "o-解放碑街道,9,王伟,13800000009,2026-01-01",
    )
    wrong = HEADS + "\n".join(rows)
    page.set_input_files("#file", a_file(f"{EVIL}.csv", wrong.encode("gb18030")))  # type: ignore[arg-type]
    page.click("#send button")
    assert "有 2 处问题" in page.inner_text("#verdict")
    lines = page.locator("#rows tbody tr").all_inner_texts()
    assert [line.split("\t")[1] for line in lines[:2]] == ["2", "3"]
    assert "不在您的管辖范围内" in lines[0]
    assert "不是日期时间" in lines[1]
    assert (page.locator("#apply").count(), people(city)) == (0, [])
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        page.screenshot(path=SCREENSHOTS / f"people-import-{size}-zh.png")
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    good = HEADS + "o-解放碑街道,9,王伟,13800000009,2026-01-01\n"
    page.set_input_files("#file", a_file("人员.csv", good.encode()))  # type: ignore[arg-type]
    page.click("#send button")
    assert "人员：新增 1" in page.inner_text("#verdict")
    assert people(city) == []
    key = page.input_value("#apply [name=held]")
    with client_of(running, mine) as client:
        for path, form in (("people/import", {"of": "roster"}), ("records/import", {})):
            assert client.post(path, data={"held": key, **form}).status_code == 422  # it was not previewed as that
    assert people(city) == []
    page.click("#apply button")
    assert page.inner_text(".own-done") == "文件已导入。"
    assert people(city) == [("9",)]
    [entry] = audit.entries(city, act="person.imported")
    assert entry.actor == mine.account_id
    with client_of(running, mine) as client:
        assert "预览已过期" in client.post("people/import", data={"held": key}).text  # it is taken once


def test_a_roster_of_another_township_is_refused_and_exports_hold_ones_own_alone(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, vault: Vault, mine: SignedIn
) -> None:
    person(city, vault, organisation(city, "解放碑街道"), "1", "王伟")
    person(city, vault, organisation(city, "朝阳街道"), "2", "赵敏")
    running, page = serve(city_url, vault=vault), as_(new_screen, mine)
    page.goto(f"{running.url}people/import?of=roster&lang=en")
    roster = "机构,工号,岗位,区划代码,起,止\n" + "".join(
        f"o-{name},{number},值班长,{code},2026-12-01 08:00,2026-12-01 20:00\n"
        for name, number, code in (("解放碑街道", 1, "500109001"), ("朝阳街道", 2, "500109001"))
    )
    page.set_input_files("#file", a_file("roster.csv", roster.encode()))  # type: ignore[arg-type]
    page.click("#send button")
    assert "nothing was written" in page.inner_text("#verdict")
    assert page.locator("#rows .bad").count() >= 2
    page.screenshot(path=SCREENSHOTS / "people-import-desk-en.png")
    assert city.execute("select count(*) from shifts").fetchone() == (0,)
    with client_of(running, mine) as client:
        answer = client.get("people/export.xlsx")
        cells = [cell.value for row in load_workbook(io.BytesIO(answer.content)).worksheets[0].rows for cell in row]
        assert "王伟" in cells
        assert "赵敏" not in cells
        assert client.get("people/template.xlsx?of=roster").status_code == 200
        assert client.post("people/import", data={"lang": "en"}).status_code == 422
        assert client.get("people/import?of=x").status_code == 422
    [entry] = audit.entries(city, act="person.exported")
    assert (entry.actor, entry.details) == (mine.account_id, {"rows": {"people": 1, "posts": 0}})
