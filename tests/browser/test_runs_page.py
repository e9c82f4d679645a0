"""The commander's pages of runs in a browser: what is under way, one run followed live, each act, and who may not."""

import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Page, expect

from access import audit
from access.vault import Vault
from config.database import Connection
from dispatch.act_ending import sign, terminate, tick
from dispatch.acts import confirm, set_level
from tests.browser.accounts import SignedIn, signed_in
from tests.browser.conftest import LIMIT_MS, SCREENSHOTS, OpenScreen, Serve
from tests.browser.run_ground import ELSEWHERE, HERE, RunGround, run_ground
from tests.browser.signing import new_vault
from tests.browser.test_accounts_page import as_, client_of, place

SIZES = {"desk": (1366, 768), "wide": (1920, 1080), "phone": (360, 740)}
WHY = "上级要求"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return new_vault(tmp_path)


@pytest.fixture
def ground(city: Connection, vault: Vault) -> RunGround:
    return run_ground(city, vault)


@pytest.fixture
def commander(city: Connection) -> SignedIn:
    return signed_in(city, "wang.wei", [("commander", place(city, HERE))])


def ready(page: Page, url: str) -> None:
    page.goto(url)
    page.wait_for_selector("body[data-ready]", timeout=LIMIT_MS)


def shots(page: Page, url: str, name: str) -> None:
    """Both languages at every size; nothing is wider than the page."""
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        for language in ("zh", "en"):
            ready(page, f"{url}?lang={language}")
            page.evaluate("document.fonts.ready")
            page.screenshot(path=SCREENSHOTS / f"{name}-{size}-{language}.png", full_page=True)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (size, language)


def row(page: Page, assignment: int) -> Any:
    return page.locator(f"tr[data-assignment='{assignment}']")


def test_the_page_follows_what_the_phone_does(
    city_url: str, serve: Serve, new_screen: OpenScreen, vault: Vault, ground: RunGround, commander: SignedIn
) -> None:
    run = ground.start(actor=commander.account_id)
    ground.climb()
    mine = ground.assignment(run, "T2", "first")
    running, page = serve(city_url, vault=vault), as_(new_screen, commander)
    ready(page, f"{running.url}runs/{run}")
    there = row(page, mine)
    expect(there).to_contain_text("张强")
    expect(there).to_contain_text("短信")
    expect(there.locator(".chain b")).to_have_text("叫应中")
    for kind, word in (("acknowledged", "收到"), ("on_site", "到场"), ("done", "完成")):
        ground.tap(mine, kind, "张强")  # type: ignore[arg-type]
        expect(there.locator(".chain b")).to_have_text(word, timeout=LIMIT_MS)
    expect(there).to_contain_text("后应答")
    expect(page.locator("#timeline")).to_contain_text("到场")
    ready(page, f"{running.url}runs")
    lane = page.locator(f"article[data-run='{run}']")
    expect(lane).to_contain_text("已应 1/")
    ground.tap(ground.assignment(run, "T1", "township"), "acknowledged", "李娜")
    expect(lane).to_contain_text("已应 2/", timeout=LIMIT_MS)


def test_how_the_pages_look(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, vault: Vault, ground: RunGround,
    commander: SignedIn,
) -> None:  # fmt: skip
    ground.propose()
    run = ground.start(level="red", actor=commander.account_id)
    drill = ground.start(level="yellow", drill=True, actor=commander.account_id)
    ground.climb()
    ground.climb(2.2)
    ground.tap(ground.assignment(run, "T2", "first"), "acknowledged", "张强")
    ground.tap(ground.assignment(run, "T1", "township"), "done", "李娜")
    ground.tap(ground.assignment(drill, "T2", "second"), "on_site", "陈静")
    tick(city, run, "terminate", 2, met=True, actor=commander.account_id)
    sign(city, run, actor=commander.account_id)
    running, page = serve(city_url, vault=vault), as_(new_screen, commander)
    shots(page, f"{running.url}runs", "runs")
    shots(page, f"{running.url}runs/{run}", "run")
    page.set_viewport_size({"width": 1366, "height": 768})
    ready(page, f"{running.url}runs/{drill}")
    assert "演练" in page.inner_text("#head")
    page.screenshot(path=SCREENSHOTS / "run-drill-desk-zh.png", full_page=True)


def say(page: Page, reason: str | None = None) -> None:
    """Give the dialog's reason and send it."""
    if reason is not None:
        page.click(f"dialog .chip-button:text-is('{reason}')")
    page.click("dialog button[type='submit']")
    page.wait_for_selector("dialog", state="detached", timeout=LIMIT_MS)


def test_a_commander_leads_a_run_from_its_confirmation_to_its_review(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, vault: Vault, ground: RunGround,
    commander: SignedIn,
) -> None:  # fmt: skip
    run = ground.propose()
    running, page = serve(city_url, vault=vault), as_(new_screen, commander)
    ready(page, f"{running.url}runs")
    first = page.locator("#lanes article").first
    expect(first).to_have_class(re.compile("proposed"))
    expect(first.locator(".count-down")).to_contain_text("后自动启动")
    first.get_by_role("button", name="确认启动").click()
    say(page)
    expect(page.locator(f"article[data-run='{run}']")).to_contain_text("任务完成 0/7", timeout=LIMIT_MS)

    ready(page, f"{running.url}runs/{run}")
    page.click("#do-raise")
    say(page, "现场情况加重")
    expect(page.locator("#head .badge")).to_have_text("红", timeout=LIMIT_MS)
    page.click("#do-add")
    page.fill("#act-post", "专职网格员")
    page.fill("#act-what", "清点人数")
    page.screenshot(path=SCREENSHOTS / "run-add-desk-zh.png")
    say(page, "现场需要")
    expect(page.locator("#tasks")).to_contain_text("清点人数", timeout=LIMIT_MS)
    page.locator("tbody.task").nth(6).get_by_role("button", name="略过").click()
    say(page, "现场不需要")
    expect(page.locator("tbody.task").nth(6)).to_have_class(re.compile("is-skipped"), timeout=LIMIT_MS)
    page.locator("tbody.task").nth(0).get_by_role("button", name="代答").first.click()
    page.select_option("#act-kind", "done")
    say(page)
    expect(page.locator("tbody.task").nth(0)).to_contain_text("台席代答", timeout=LIMIT_MS)
    page.click("#do-note")
    page.fill("#act-text", "道路已抢通")
    say(page)
    expect(page.locator("#timeline")).to_contain_text("道路已抢通", timeout=LIMIT_MS)
    for button in ("预警解除", "地质队员签字"):
        page.locator(".conditions li", has_text=button).get_by_role("button", name="已满足").click()
        say(page)
        expect(page.locator(".conditions li", has_text=button)).to_contain_text("wang.wei", timeout=LIMIT_MS)
    page.click("#do-sign")
    say(page)
    expect(page.locator("#signatures")).to_contain_text("wang.wei", timeout=LIMIT_MS)
    page.click("#do-override")
    say(page, "险情已解除")
    expect(page.locator(".run-state")).to_have_text("已终止", timeout=LIMIT_MS)
    page.click("#do-review")
    say(page)
    expect(page.locator(".run-state")).to_have_text("已复盘", timeout=LIMIT_MS)
    acts = [one.act for one in reversed(audit.entries(city, actor=commander.account_id)) if one.act.startswith("run.")]
    assert acts == [
        "run.confirmed", "run.raised", "run.task_added", "run.task_skipped", "run.answered", "run.noted",
        "run.condition_met", "run.condition_met", "run.signed", "run.terminated", "run.reviewed",
    ]  # fmt: skip


def test_a_drill_is_started_with_few_clicks_and_a_task_given_to_somebody(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, vault: Vault, ground: RunGround,
    commander: SignedIn,
) -> None:  # fmt: skip
    running, page = serve(city_url, vault=vault), as_(new_screen, commander)
    ready(page, f"{running.url}runs")
    expect(page.locator("#lanes")).to_contain_text("没有执行中的预案")
    page.click("#start")
    page.wait_for_selector("#act-plan")
    page.check("input[value='drill']")
    page.click("dialog .grids summary")
    page.check("dialog .grid-ticks input >> nth=0")
    page.click("dialog .chip-button:text-is('月度演练')")
    page.screenshot(path=SCREENSHOTS / "run-start-desk-zh.png")
    page.click("dialog button[type='submit']")
    page.wait_for_url(re.compile(r"/runs/\d+$"))
    page.wait_for_selector("body[data-ready]", timeout=LIMIT_MS)
    assert "演练" in page.inner_text("#head")
    assert page.title().startswith("【演练】")
    page.locator("tbody.task").nth(1).get_by_role("button", name="改派").click()
    page.wait_for_selector("#act-person")
    page.select_option("#act-person", str(ground.people["陈静"]))
    say(page, "就近安排")
    expect(page.locator("tbody.task").nth(1)).to_contain_text("改派", timeout=LIMIT_MS)
    expect(page.locator("tbody.task").nth(1)).to_contain_text("陈静")


ACTS: dict[str, Any] = {
    "confirm": {},
    "decline": {"reason": WHY},
    "level": {"level": "red", "reason": WHY},
    "tasks": {"post": "网格员", "what": "巡查", "limit_min": 5, "reason": WHY},
    "tasks/{task}/skip": {"reason": WHY},
    "assignments/{assignment}/reassign": {"person": "{person}", "reason": WHY},
    "assignments/{assignment}/answer": {"key": "{key}", "kind": "done"},
    "conditions": {"purpose": "terminate", "number": 2, "met": True},
    "sign": {},
    "terminate": {"override": True, "reason": WHY},
    "review": {},
    "notes": {"text": "x", "key": "{key}"},
}


def posts(client: httpx.Client, ground: RunGround, run: int, **headers: str) -> dict[str, int]:
    """The answer to each act on a run."""
    task = ground.city.execute("select min(id) from tasks where run_id = %s", (run,)).fetchone()
    named = {"task": str((task or (0,))[0]), "assignment": str(ground.assignment(run, "T2", "first")),
             "person": str(ground.people["陈静"])}  # fmt: skip
    found = {}
    for act, body in ACTS.items():
        told = {key: value.format(**named, key=uuid4()) if isinstance(value, str) else value
                for key, value in body.items()}  # fmt: skip
        answer = client.post(f"api/runs/{run}/{act.format(**named)}", json=told, headers=headers)
        found[act] = answer.status_code
    return found


def test_a_run_of_another_township_is_as_if_there_were_none(
    city_url: str, city: Connection, serve: Serve, vault: Vault, ground: RunGround
) -> None:
    run = ground.start()
    stranger = signed_in(city, "elsewhere", [("commander", place(city, ELSEWHERE))])
    reader = signed_in(city, "reader", [("township_official", place(city, HERE))])
    running = serve(city_url, vault=vault)
    with client_of(running, stranger) as client:
        assert set(posts(client, ground, run).values()) == {404}
        assert client.get(f"api/runs/{run}").status_code == 404
        assert client.get(f"runs/{run}").status_code == 404
        assert client.get(f"api/runs/{run}/people").status_code == 404
        assert client.get("api/runs").json()["lanes"] == []
        assert client.get("api/runs", params={"division": HERE}).status_code == 422
        assert client.get("api/run-choices", params={"division": HERE}).status_code == 422
        start = {"plan": "FLD-02", "township": HERE, "level": "red", "reason": WHY}
        assert client.post("api/runs", json=start).status_code == 422
    with client_of(running, reader) as client:
        assert set(posts(client, ground, run).values()) == {403}
        assert client.get(f"api/runs/{run}").json()["lane"]["may"] == {"command": False, "sign": False}
    assert city.execute("select count(*) from run_acts where run_id = %s", (run,)).fetchone() == (0,)


def test_a_page_of_another_site_does_nothing_and_foreign_ids_within_a_run_are_none(
    city_url: str, city: Connection, serve: Serve, vault: Vault, ground: RunGround, commander: SignedIn
) -> None:
    run, other = ground.start(), ground.start(drill=True)
    running = serve(city_url, vault=vault)
    with client_of(running, commander) as client:
        assert set(posts(client, ground, run, **{"X-CSRF-Token": "x"}).values()) == {403}
        theirs = ground.assignment(other, "T2", "first")
        body: dict[str, Any] = {"key": str(uuid4()), "kind": "done"}
        assert client.post(f"api/runs/{run}/assignments/{theirs}/answer", json=body).status_code == 409
        body = {"person": str(ground.people["陈静"]), "reason": WHY}
        assert client.post(f"api/runs/{run}/assignments/{theirs}/reassign", json=body).status_code == 409
        mine = ground.assignment(run, "T2", "first")
        for nobody in (str(uuid4()), "x"):
            told = client.post(f"api/runs/{run}/assignments/{mine}/reassign", json={"person": nobody, "reason": WHY})
            assert told.status_code in {409, 422}
        assert client.post(f"api/runs/{run}/level", json={"level": "red"}).status_code == 422
    assert city.execute("select count(*) from run_acts").fetchone() == (0,)


def test_what_is_sent_twice_is_done_once_and_refused_in_both_languages(
    city_url: str, city: Connection, serve: Serve, vault: Vault, ground: RunGround, commander: SignedIn
) -> None:
    run = ground.start()
    running = serve(city_url, vault=vault)
    with client_of(running, commander) as client:
        key = str(uuid4())
        twice = [
            ("level", {"level": "red", "reason": WHY}),
            ("tasks", {"post": "网格员", "what": "巡查", "limit_min": 5, "reason": WHY}),
            ("conditions", {"purpose": "terminate", "number": 2, "met": True}),
            ("sign", {}),
            ("notes", {"text": "x", "key": key}),
            ("terminate", {"override": True, "reason": WHY}),
        ]
        for act, body in twice:
            assert client.post(f"api/runs/{run}/{act}", json=body).status_code == 200, act
            again = client.post(f"api/runs/{run}/{act}", json=body)
            assert again.status_code == 409, act
            assert re.search("[一-鿿]", again.json()["error_zh"]) and again.json()["error"].isascii() is not None
    kinds = [one[0] for one in city.execute("select kind from run_acts where run_id = %s", (run,))]
    assert sorted(kind for kind in kinds if kind != "task_stood_down") == sorted(
        ["raised", "task_added", "condition_met", "signed", "noted", "terminated"]
    )


def test_names_and_runs_are_shown_as_rights_and_plan_allow(
    city_url: str, city: Connection, serve: Serve, vault: Vault, ground: RunGround, commander: SignedIn
) -> None:
    hidden, shown = ground.propose("ELD-03", "red"), ground.start()
    confirm(city, hidden, actor=commander.account_id)
    ground.climb()
    screen = signed_in(city, "wall", [("screen", place(city, HERE))], kind="screen")
    author = signed_in(city, "author", [("rule_author", None)])
    running = serve(city_url, vault=vault)
    with client_of(running, screen) as client:
        listed = client.get("api/runs").json()
        assert [lane["run"]["id"] for lane in listed["lanes"]] == [shown]
        assert listed["people"] == {}
        for path in (f"api/runs/{hidden}", f"runs/{hidden}"):
            assert client.get(path).status_code == 404
        whole = client.get(f"api/runs/{shown}")
        assert "张强" not in whole.text and "现场报告险情" not in whole.text
        board = client.get("api/state").json()["board"]
        assert [run["id"] for run in board["runs"]] == [shown]
    with client_of(running, author) as client:
        assert "张强" not in client.get(f"api/runs/{shown}").text
    with client_of(running, commander) as client:
        assert "张强" in client.get(f"api/runs/{shown}").text
        told = client.get(f"api/runs/{hidden}").json()
        assert told["map"] == "grid" and all(one["lon"] is None for one in told["alerts"])


def test_runs_that_are_over_are_found_by_filters(
    city_url: str, city: Connection, serve: Serve, vault: Vault, ground: RunGround, commander: SignedIn
) -> None:
    real, drill = ground.start(), ground.start(drill=True)
    set_level(city, real, "red", reason=WHY, actor=commander.account_id)
    for run in (real, drill):
        terminate(city, run, actor=commander.account_id, override=True, reason=WHY)
    running = serve(city_url, vault=vault)
    with client_of(running, commander) as client:

        def over(**asked: Any) -> list[int]:
            return [run["id"] for run in client.get("api/runs", params=asked).json()["closed"]]

        assert over() == [drill, real]
        assert over(drill="false") == [real]
        assert over(drill="true", state="terminated") == [drill]
        assert over(state="reviewed") == []
        assert over(plan="fld") == [drill, real]
        assert over(plan="滑坡") == []
        assert over(division=HERE) == [drill, real]
        assert over(before=drill) == [real]
