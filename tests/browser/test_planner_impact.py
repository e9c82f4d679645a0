"""The way of a draft in a browser: impact, submitted, reviewed by another person, published, filed, taken back."""

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from openpyxl import load_workbook
from playwright.sync_api import Browser, Page

from config.database import Connection
from tests.browser.accounts import SignedIn, signed_in
from tests.browser.conftest import LIMIT_MS, Running, Serve
from tests.database.out_seed import one
from tests.database.publish_ground import Ground, lay_out

pytestmark = pytest.mark.storage


@pytest.fixture
def ground(connection: Connection) -> Ground:
    return lay_out(connection)


@pytest.fixture
def server(database_url: str, ground: Ground, serve: Serve) -> Running:  # the ground comes first
    return serve(database_url)


class Office:
    """Somebody at a desk."""

    def __init__(self, browser: Browser, server: Running, who: SignedIn) -> None:
        self.context = browser.new_context(viewport={"width": 1280, "height": 1000})
        self.context.add_cookies(who.cookies)  # type: ignore[arg-type]
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda said: self._note(said.type, said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.url = server.url

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)

    def open(self, draft: UUID, language: str = "zh") -> None:
        self.page.goto(f"{self.url}planner/{draft}/impact?lang={language}")
        self.page.wait_for_selector("#impact-map[data-drawn]", timeout=LIMIT_MS)

    def state(self) -> str | None:
        return self.page.locator("#state").get_attribute("data-state")


def drafted(server: Running, who: SignedIn, ground: Ground, *steps: dict[str, Any]) -> UUID:
    with httpx.Client(base_url=server.url, headers=who.headers, timeout=30) as client:
        asked = {"root_id": ground.township, "level": "grid", "title": "合并网格"}
        head = client.post("api/boundaries/drafts", json=asked).json()
        sent = {"revision": 0, "steps": [{"id": str(uuid4()), "step": step} for step in steps]}
        answer = client.post(f"api/boundaries/drafts/{head['id']}/steps", json=sent)
        assert answer.status_code == 200, answer.text
    return UUID(head["id"])


def merge(ground: Ground) -> dict[str, Any]:
    return {"kind": "merge", "units": [ground.key(0, 0), ground.key(0, 1)], "into": ground.key(0, 1)}


def test_the_whole_way_of_a_draft(
    browser: Browser, connection: Connection, ground: Ground, server: Running, tmp_path: Path
) -> None:
    planner = signed_in(connection, "李规划", [("planner", ground.district)])
    reviewer = signed_in(connection, "王审核", [("boundary_reviewer", ground.district)])
    draft = drafted(server, planner, ground, merge(ground))
    drawing, deciding = Office(browser, server, planner), Office(browser, server, reviewer)
    drawing.open(draft)
    assert drawing.page.locator("#impact-map").get_attribute("data-drawn") == "3"
    assert drawing.page.locator("#impact-map").get_attribute("data-dots") == "1"
    assert drawing.page.locator("#review").count() == 0
    drawing.page.screenshot(path=tmp_path / "impact.png", full_page=True)
    drawing.page.fill("#submit textarea", "两个网格户数偏少")
    drawing.page.click("#submit button")
    assert drawing.state() == "submitted"
    deciding.open(draft, "en")
    deciding.page.click("#review button[value=approve]")
    assert deciding.state() == "approved"
    deciding.page.click("#publish button")
    assert deciding.state() == "published"
    assert "Sensors" in deciding.page.locator("#followed").inner_text()
    assert one(connection, "select count(*) from division_lineage where kind = 'merge'") == 1
    deciding.page.screenshot(path=tmp_path / "published.png", full_page=True)
    deciding.page.fill("#filed-as", "渝网备〔2026〕1号")
    deciding.page.click("#file button")
    assert deciding.state() == "filed"
    drawing.open(draft)
    drawing.page.fill("#why", "合并有误")
    drawing.page.click("#roll-back button")
    assert drawing.state() == "draft"
    assert one(connection, "select count(*) from boundary_drafts where republishes = %s", draft) == 1
    assert drawing.complaints == [] and deciding.complaints == []


def test_whoever_drew_does_not_review(connection: Connection, ground: Ground, server: Running) -> None:
    both = [("boundary_reviewer", ground.district)]
    planner = signed_in(connection, "自审", both)
    draft = drafted(server, planner, ground, merge(ground))
    with httpx.Client(base_url=server.url, headers=planner.headers, timeout=30) as client:
        at = f"api/boundaries/drafts/{draft}"
        assert client.post(f"{at}/submit", json={}).status_code == 200
        answer = client.post(f"{at}/review", json={"verdict": "approve"})
        assert answer.status_code == 403 and "不能审核" in answer.json()["error_zh"]


def test_a_reviewer_of_the_township_alone_is_not_of_the_level_above(
    connection: Connection, ground: Ground, server: Running
) -> None:
    planner = signed_in(connection, "李规划", [("planner", ground.district)])
    near = signed_in(connection, "本镇", [("boundary_reviewer", ground.township)])
    draft = drafted(server, planner, ground, merge(ground))
    at = f"{server.url}api/boundaries/drafts/{draft}"
    assert httpx.post(f"{at}/submit", json={}, headers=planner.headers, timeout=30).status_code == 200
    answer = httpx.post(f"{at}/review", json={"verdict": "approve"}, headers=near.headers, timeout=30)
    assert answer.status_code == 403 and "上一级" in answer.json()["error_zh"]


def test_the_impact_as_files(connection: Connection, ground: Ground, server: Running, tmp_path: Path) -> None:
    planner = signed_in(connection, "李规划", [("planner", ground.district)])
    draft = drafted(server, planner, ground, merge(ground))
    at = f"{server.url}api/boundaries/drafts/{draft}/impact"
    with httpx.Client(headers=planner.headers, timeout=30) as client:
        told = client.get(at).json()
        assert told["counts"] == {"sensor": 1, "undecided": 0}
        assert [(one["kind"], one["before"]["id"], one["after"]["id"]) for one in told["units"]] == [
            ("merge", ground.grid(0, 0), ground.grid(0, 1))
        ]
        assert [one["key"] for one in told["without_worker"]] == [ground.key(0, 1)]
        features = client.get(f"{at}.geojson").json()["features"]
        assert [one["properties"].get("side") for one in features] == ["before", "before", "after", None]
        (tmp_path / "impact.xlsx").write_bytes(client.get(f"{at}.xlsx").content)
    book = load_workbook(tmp_path / "impact.xlsx")
    assert book.sheetnames == ["单元", "随之变动", "户数", "待处理"]
    assert [cell.value for cell in book["单元"][4]][:5] == [
        "合并", ground.code(0, 0), "网格1-0-0", ground.code(0, 1), "网格1-0-1",
    ]  # fmt: skip
