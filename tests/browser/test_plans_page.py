"""A township writes its plans in a browser: from a template, checked while it is written, published, withdrawn."""

from typing import Any

import pytest
from playwright.sync_api import Page

from access import audit
from alerts.plan_library import plans_in_force
from alerts.plan_listing import versions_of
from alerts.plan_store import Draft, add_plan
from alerts.plan_whole import Template
from config.database import Connection
from tests.browser.accounts import SignedIn, signed_in
from tests.browser.conftest import LIMIT_MS, SCREENSHOTS, OpenScreen, Serve
from tests.browser.test_accounts_page import as_, client_of, place
from tests.database.plan_seed import BODY, WRITER, plan

SIZES = {"desk": (1366, 768), "phone": (360, 740)}
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def mine(city: Connection) -> SignedIn:
    return signed_in(city, "official", [("township_official", place(city, "解放碑街道"))])


@pytest.fixture
def theirs(city: Connection) -> SignedIn:
    return signed_in(city, "other", [("township_official", place(city, "七星岗街道"))])


@pytest.fixture
def chief(city: Connection) -> SignedIn:
    return signed_in(city, "chief", [("township_official", None)])


def editing(page: Page) -> None:
    page.wait_for_selector("body[data-ready]", timeout=LIMIT_MS)


def said(page: Page, text: str) -> None:
    page.locator("#foot .state", has_text=text).wait_for(timeout=LIMIT_MS)


def field(page: Page, part: str, label: str, number: int = 0) -> Any:
    return page.locator(f"#part-{part}").get_by_label(label, exact=True).nth(number)


def shot(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"plans-{name}.png", full_page=True)


def test_from_a_template_to_the_township_own_plan_and_back(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, mine: SignedIn
) -> None:
    running = serve(city_url)
    page = as_(new_screen, mine)
    page.goto(f"{running.url}plans")
    assert page.locator("#plans .head a").all_inner_texts() == [
        "独居老人异常处置预案", "嘉陵江沿岸街道内涝与洪水预案", "老旧小区燃气泄漏处置预案"
    ]  # fmt: skip
    page.click("#new")
    page.select_option("#template", "GEO-01")
    page.fill("#code", "GEO-JFB")
    page.select_option("#division", label="解放碑街道")
    page.fill("#name", EVIL)
    page.click("#make")
    editing(page)
    assert page.locator("#part-tasks .ed-row").count() == 7
    assert page.locator("#part-tasks .whose").first.inner_text() == "继承"
    field(page, "basics", "名称").fill("大礼堂后坡滑坡预案")
    field(page, "tasks", "限时（分钟）", 4).fill("10")  # T5 waits for T3, which has fifteen
    wrong = page.locator("#part-tasks .ed-said.is-error")
    wrong.first.wait_for(timeout=LIMIT_MS)
    assert "要等的 T3 可用 15 分钟" in wrong.first.inner_text()
    said(page, "有未保存的修改")
    page.click("#save")
    said(page, "已保存为草稿")
    assert page.locator("#part-tasks .whose.is-own").inner_text() == "已改模板"
    page.click("#to-publish")
    assert page.locator("#put").is_disabled()
    page.click("#edit")
    editing(page)
    field(page, "tasks", "限时（分钟）", 4).fill("50")
    page.click("#save")
    said(page, "已保存为草稿")
    page.click("#to-publish")
    page.click("#put")
    assert page.inner_text(".own-done") == "预案已发布。"
    assert page.inner_text("h1") == "大礼堂后坡滑坡预案"
    number = int(page.url.partition("?")[0].rpartition("/")[2])
    [version] = versions_of(city, number)
    assert version.body == {"name": "大礼堂后坡滑坡预案", "tasks": [{"id": "T5", "limit_min": 50}]}
    here = {one.plan.id for one in plans_in_force(city).here(place(city, "解放碑街道"))}
    assert here == {"GEO-JFB", "FLD-02", "ELD-03", "GAS-04"}
    page.click("#withdraw summary")
    page.fill("#why", "治理完成")
    page.click("#withdraw-form button")
    assert page.inner_text(".own-done") == "预案已撤回。"
    assert [one.act for one in audit.entries(city, act="plan")] == [
        "plan.withdrawn", "plan.published", "plan.drafted", "plan.drafted", "plan.added"
    ]  # fmt: skip


def test_every_part_is_written_without_a_word_of_yaml(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, mine: SignedIn
) -> None:
    number = add_plan(city, "OWN-1", place(city, "解放碑街道"), Draft(own={}), WRITER)
    running = serve(city_url)
    page = as_(new_screen, mine)
    page.goto(f"{running.url}plans/{number}/edit")
    editing(page)
    field(page, "basics", "名称").fill("内涝")
    field(page, "basics", "受威胁 · 人数").fill("30")
    page.click("#part-trigger .buttons button")
    field(page, "trigger", "告警规则").select_option("6")
    field(page, "trigger", "达到级别").select_option("orange")
    page.click("#part-trigger .buttons button")
    field(page, "trigger", "类型", 1).select_option("report")
    field(page, "trigger", "报告的原话").fill("河水上岸")
    field(page, "levels", "II 级（橙）").fill("封控")
    page.click("#part-command .buttons button")
    field(page, "command", "职务或岗位").fill("街道办主任")
    for who, what in (("网格长", "转移低洼住户"), ("", "抽排")):
        page.click("#part-tasks > .buttons button")
        last = page.locator("#part-tasks .ed-row").count() - 1
        chosen = field(page, "tasks", "岗位", last)
        if who:
            chosen.select_option(who)
        else:
            chosen.select_option("\u0000")
            field(page, "tasks", "岗位", last).fill("市政公司")
        field(page, "tasks", "做什么", last).fill(what)
        field(page, "tasks", "限时（分钟）", last).fill(str(20 + 20 * last))
    page.locator("#part-tasks .ed-row").nth(1).get_by_label("T1 转移低洼住户").check()
    _write_the_rest(page)
    page.locator("#part-shelters .ed-said.is-error, #part-shelters + .ed-said").first.wait_for(timeout=LIMIT_MS)
    field(page, "shelters", "可容纳人数").fill("60")
    page.click("#save")
    said(page, "已保存为草稿")
    assert page.locator(".ed-said.is-error").all_inner_texts() == []
    [version] = versions_of(city, number)
    assert version.body == {
        "name": "内涝",
        "trigger": {"any": [{"rule": 6, "level": "orange"}, {"report": "河水上岸"}]},
        "command": {"commander": "街道办主任"},
        "levels": {"II": "封控"},
        "tasks": [
            {"id": "T1", "post": "网格长", "do": "转移低洼住户", "limit_min": 20},
            {"id": "T2", "post": "市政公司", "do": "抽排", "limit_min": 40, "after": ["T1"]},
        ],
        "terminate": {"by": "commander", "all": ["道路查验"]},
        "review": {"due_h": 72, "items": ["封控时点", "叫应率"]},
        "threatened": {"persons": 30},
        "routes": [{"id": "R1", "avoid": "滨江路", "to": "S1"}],
        "shelters": [{"id": "S1", "name": "小学", "capacity": 60}],
        "resources": [{"item": "沙袋", "count": 800}],
        "notify": ["区防指"],
        "upgrade": [{"unanswered_min": 15}],
        "privacy": {"show_on_wall": False, "map": "grid", "delete_after_close_d": 30},
    }
    page.goto(f"{running.url}plans/{number}")
    assert "河道水位 达到橙色及以上" in page.inner_text("#trigger")


def _write_the_rest(page: Page) -> None:
    """All that comes after the tasks."""
    page.click("#part-shelters > .buttons button")
    field(page, "shelters", "名称").fill("小学")
    field(page, "shelters", "可容纳人数").fill("20")
    page.click("#part-routes > .buttons button")
    field(page, "routes", "通往").select_option("S1")
    field(page, "routes", "避开").fill("滨江路")
    page.click("#part-resources > .buttons button")
    field(page, "resources", "物品").fill("沙袋")
    field(page, "resources", "数量").fill("800")
    page.click("#part-notify > .buttons button")
    field(page, "notify", "单位").fill("区防指")
    page.click("#part-upgrade > .buttons button")
    field(page, "upgrade", "类型").select_option("unanswered")
    page.click("#part-terminate > .buttons button")
    field(page, "terminate", "条件").fill("道路查验")
    field(page, "terminate", "签字人").select_option("commander")
    field(page, "review", "结束后几小时内").fill("72")
    field(page, "review", "复盘内容（每行一条）").fill("封控时点\n叫应率")
    page.get_by_label("涉及居民个人信息").check()


def test_another_townships_plan_is_neither_seen_nor_written(
    city_url: str, city: Connection, serve: Serve, mine: SignedIn, theirs: SignedIn, chief: SignedIn
) -> None:
    number = plan(city, "OWN-1", place(city, "解放碑街道"), {**BODY, "name": "解放碑内涝"})
    whole = plan(city, "CITY-1", None, {**BODY, "name": "全市内涝"})
    running = serve(city_url)
    changes = ("publish", "withdraw", "drop")
    with client_of(running, theirs) as other:
        assert "解放碑内涝" not in other.get("plans").text
        assert "全市内涝" in other.get("plans").text
        assert other.get(f"plans/{whole}").status_code == 200
        for one in (number, whole):
            assert other.get(f"plans/{one}/edit").status_code == 404
            assert other.get(f"plans/{one}/draft").status_code == 404
            assert other.post(f"plans/{one}/draft", json={"whole": {}}).status_code == 404
            assert other.post(f"plans/{one}/check", json={"whole": {}}).status_code == 404
            assert {other.post(f"plans/{one}/{act}", data={"why": "不要了"}).status_code for act in changes} == {404}
        for path in (f"plans/{number}", f"plans/{number}/file"):
            assert other.get(path).status_code == 404
        assert other.post("plans", data={"code": "X", "division": ""}).status_code == 409  # the city's
        assert other.post("plans", data={"code": "X", "division": "解放碑街道"}).status_code == 409
        refused = other.post("plans", data={"code": "X", "division": "七星岗街道", "template": f"#{number}"})
        assert refused.status_code == 409  # to inherit from what is not seen
    assert [one.state for one in versions_of(city, number)] == ["published"]
    with client_of(running, chief) as everywhere:
        assert everywhere.get(f"plans/{whole}/edit").status_code == 200


def test_rubbish_is_refused_in_words(city_url: str, city: Connection, serve: Serve, mine: SignedIn) -> None:
    number = add_plan(city, "OWN-1", place(city, "解放碑街道"), Draft(own={}), WRITER)
    running = serve(city_url)
    bodies: list[Any] = [
        {"whole": {"tasks": "x", "trigger": [1], "command": [], "levels": 3, "unknown": {"a": None}}},
        {"whole": {"tasks": [1, None, {"id": 3}, {}], "shelters": {}, "terminate": {"all": {}}, "upgrade": [[[]]]}},
        {"whole": {"trigger": {"any": [{"any": []}, {"rule": "6"}, {"level": "red"}]}, "routes": [{"id": "R"}] * 3}},
        {"whole": {"name": "x" * 5000, "threatened": {"persons": -1}, "privacy": 7}, "template": "GEO-01"},
        {"whole": {}, "template": "#999999"},
        {"whole": {}, "template": "#99999999999999"},
    ]
    with client_of(running, mine) as client:
        for body in bodies:
            answer = client.post(f"plans/{number}/check", json=body)
            assert answer.status_code in (200, 404, 422), answer.text
            if answer.status_code == 200:
                assert any(one["severity"] == "error" for one in answer.json()["findings"])
            kept = client.post(f"plans/{number}/draft", json=body)
            assert kept.status_code in (200, 404, 409), kept.text
            for path in (f"plans/{number}", f"plans/{number}/draft", f"plans/{number}/file", "plans"):
                assert client.get(path).status_code == 200, (path, body)
        assert client.post(f"plans/{number}/draft", json={"whole": []}).status_code == 422
        assert client.post(f"plans/{number}/draft", json={"whole": {"name": "字" * 200_000}}).status_code == 409
        assert client.post(f"plans/{number}/publish", data={"since": "gestern"}).status_code == 409
        assert client.post(f"plans/{number}/publish").status_code == 409
        assert client.get("plans/99999999999").status_code == 404
        assert client.get("plans/shipped/no%20such").status_code == 404


def test_a_file_is_previewed_and_kept_as_drafts(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, mine: SignedIn
) -> None:
    number = plan(city, "OWN-1", place(city, "解放碑街道"), {"name": "解放碑内涝"}, Template(code="FLD-02"))
    running = serve(city_url)
    with client_of(running, mine) as client:
        raw = client.get(f"plans/{number}/file?form=yaml").content
        book = client.get(f"plans/{number}/file").content
        assert client.get("plans/template.xlsx").status_code == 200
    text = raw.decode().replace("解放碑内涝", "解放碑洪水") + "  resources:\n    - item: 冲锋舟\n      count: 2\n"
    page = as_(new_screen, mine)
    page.goto(f"{running.url}plans/import")
    page.set_input_files("#file", {"name": "p.yaml", "mimeType": "text/plain", "buffer": text.encode()})
    page.click("#send button")
    assert "名称；物资" in page.inner_text("#rows")
    assert len(versions_of(city, number)) == 1
    shot(page, "import")
    page.click("#apply button")
    assert "导入为草稿" in page.inner_text(".own-done")
    assert [one.state for one in versions_of(city, number)] == ["draft", "published"]
    page.goto(f"{running.url}plans/{number}")
    shot(page, "draft")
    page.click("#put")
    assert [one.body["name"] for one in versions_of(city, number)] == ["解放碑洪水", "解放碑内涝"]
    page.goto(f"{running.url}plans/import")
    page.set_input_files("#file", {"name": "p.xlsx", "mimeType": "x", "buffer": book})
    page.click("#send button")
    assert "修改" in page.inner_text("#rows")
    for name, rubbish in (
        ("a.xlsx", b"PK\x03\x04rubbish"),
        ("a.yaml", b"- {a: [b"),
        ("a.yaml", b"\xff\xfe"),
        ("b.yaml", b"7"),
    ):
        page.goto(f"{running.url}plans/import")
        page.set_input_files("#file", {"name": name, "mimeType": "x", "buffer": rubbish})
        page.click("#send button")
        assert page.locator(".gate-told").count() == 1


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("size", list(SIZES))
def test_how_the_pages_look(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, mine: SignedIn, lang: str, size: str
) -> None:
    own = {"name": "大礼堂后坡滑坡避险转移预案", "tasks": [{"id": "T5", "limit_min": 12}, {"id": "T7", "drop": True}]}
    number = add_plan(
        city, "GEO-JFB", place(city, "解放碑街道"), Draft(own=own, template=Template(code="GEO-01")), WRITER
    )
    kept = plan(city, "OWN-1", place(city, "解放碑街道"), {"name": "解放碑内涝与洪水预案"}, Template(code="FLD-02"))
    running = serve(city_url)
    screen = new_screen(*SIZES[size], let_in=False)
    page = screen.page
    page.context.add_cookies(mine.cookies)  # type: ignore[arg-type]
    for name, path in (("list", "plans"), ("one", f"plans/{kept}"), ("new", "plans/new"), ("draft", f"plans/{number}")):
        page.goto(f"{running.url}{path}?lang={lang}")
        shot(page, f"{name}-{size}-{lang}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is wider than the {size}"
    page.goto(f"{running.url}plans/{number}/edit?lang={lang}")
    editing(page)
    shot(page, f"edit-{size}-{lang}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert screen.complaints == []
