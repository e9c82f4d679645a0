"""The page of rule authors in a real Chromium: read, change, try on stored history, put in force."""

import json
import re
import urllib.error
import urllib.request
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import web
from alerts.rule_drafts import SHIPPED, read_files
from alerts.rule_sets import history, in_force, put_in_force
from config.database import Connection
from tests.browser import seed
from tests.browser.conftest import LIMIT_MS, SCREENSHOTS, OpenScreen, Running, Screen, Serve
from tests.database.feed import running_pipeline
from web import rules_api

SIZES = {"desk": (1920, 1080), "laptop": (1366, 768), "phone": (390, 844)}
STAGE = "river-stage.toml"


def open_rules(screen: Screen, running: Running, address: str = "", language: str = "zh") -> None:
    """Load the page at a rule and a tab."""
    screen.page.goto(f"{running.url}rules?lang={language}#{address}")
    screen.page.wait_for_selector("body[data-ready]", timeout=LIMIT_MS)


def write(screen: Screen, old: str, new: str) -> None:
    """Change the text in the editor as a person would, and wait for the check."""
    text = screen.page.input_value("#text")
    assert old in text
    screen.page.fill("#text", text.replace(old, new))
    screen.wait("document.querySelector('#check')?.dataset.state === 'checking'")
    screen.wait("document.querySelector('#check')?.dataset.state !== 'checking'")


def ask(running: Running, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
    """Status and JSON of an answer, an error's too."""
    data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(
        running.url + path, data, {"Content-Type": "application/json", **running.headers, **headers}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


@pytest.fixture
def running(city_url: str, city: Connection, serve: Serve) -> Running:
    seed.seed_readings(city)
    return serve(city_url)


def test_every_rule_is_told_in_words_with_whom_it_judges(running: Running, new_screen: OpenScreen) -> None:
    screen = new_screen()
    open_rules(screen, running, STAGE)
    page = screen.page
    assert page.locator(".shelf-rule").count() == len(ask(running, "api/rules")[1]["rules"])
    told = page.inner_text("#reading")
    for words in (
        "警戒水位以下 0.5 m",
        "保证水位",
        "历史最高水位",
        "一次满足即触发",
        "低于阈值 0.2 m",
        "13 个测站",
        "个区县",
    ):
        assert words in told
    page.click("#language")
    page.wait_for_selector("html[lang=en] body[data-ready]")
    page.click(f'[data-file="{STAGE}"]')
    screen.wait("document.querySelector('#reading')?.innerText.includes('0.5 m under the warning level')")
    assert screen.complaints == []
    assert {request.url.split("/")[2] for request in screen.requests if not request.url.startswith("data:")} == {
        running.url.split("/")[2]
    }


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("size", list(SIZES))
def test_screenshots_of_the_rules_page(running: Running, new_screen: OpenScreen, size: str, language: str) -> None:
    screen = new_screen(*SIZES[size])
    open_rules(screen, running, "", language)
    shoot(screen, f"rules-list-{size}-{language}")
    open_rules(screen, running, STAGE, language)
    shoot(screen, f"rules-read-{size}-{language}")
    write(screen, "margin = 0.2", "margin = 0.2 m\nhold = 3")
    shoot(screen, f"rules-fault-{size}-{language}")
    write(screen, "margin = 0.2 m\nhold = 3", "margin = 0.6")
    write(screen, "offset = -0.5", "offset = -1.5")
    shoot(screen, f"rules-edit-{size}-{language}")
    screen.page.click('[data-tab="try"]')
    screen.page.click("#trial-form button[type=submit]")
    screen.page.wait_for_selector("#report")
    shoot(screen, f"rules-try-{size}-{language}")
    screen.page.click('[data-tab="put"]')
    shoot(screen, f"rules-put-{size}-{language}")
    screen.page.fill("#put-form [name=note]", "汛期提前一米提示")
    screen.page.click("#put-form button[type=submit]")
    screen.page.wait_for_selector("#put-said")
    screen.page.click('[data-tab="history"]')
    screen.page.click("#versions li:last-child summary")
    screen.page.wait_for_selector("#versions .diff")
    shoot(screen, f"rules-history-{size}-{language}")
    wide = screen.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, "the page is wider than the screen"
    assert screen.complaints == []


def shoot(screen: Screen, name: str) -> None:
    screen.settle()
    screen.page.screenshot(path=SCREENSHOTS / f"{name}.png")


def levels(city: Connection) -> list[Any]:
    """The alerts of the rule of river stages, as they stand."""
    return city.execute("select id, level, state from alerts where rule_id = 'river-stage' order by id").fetchall()


def test_a_rule_changed_in_the_page_takes_over_in_a_running_pipeline(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen
) -> None:
    running, screen = serve(city_url), new_screen()
    with running_pipeline(city_url) as feed:
        feed.stage(183.6, seed.PEAK)  # 0.1 m over the guarantee level of Cuntan
        ((alert, level, state),) = levels(city)
        assert (level, state) == ("orange", "open")

        open_rules(screen, running, STAGE)
        write(screen, "margin = 0.2", 'margin = "a lot"')
        text = screen.page.input_value("#text")
        line = text.splitlines().index('margin = "a lot"') + 1
        assert f"第 {line} 行" in screen.page.inner_text(".faults")
        assert screen.page.inner_text("#gutter .wrong") == str(line)
        status, told = ask(running, "api/rules/put", put_body(0, {STAGE: text}))
        assert status == 422
        assert [(fault["file"], fault["line"]) for fault in told["faults"]] == [(STAGE, line)]
        feed.stage(183.7, seed.PEAK + timedelta(minutes=5))
        assert levels(city) == [(alert, "orange", "open")], "the old rules run on"
        assert in_force(city).id == 0

        write(screen, 'margin = "a lot"', "margin = 0.2")
        write(screen, '{from = "guarantee"}', '{from = "guarantee", offset = 1.0}')
        write(screen, "clear_for_s = 1800", "clear_for_s = 0")
        screen.page.click('[data-tab="put"]')
        screen.page.fill("#put-form [name=note]", "橙色提高一米")
        screen.page.click("#put-form button[type=submit]")
        screen.wait("document.querySelector('#put-said')?.innerText.includes('已投入使用')")
        assert account_name(running) in screen.page.inner_text("#in-force")
        assert levels(city) == [(alert, "orange", "open")], "nothing is forgotten"
        feed.stage(183.6, seed.PEAK + timedelta(minutes=10))
        assert levels(city) == [(alert, "yellow", "open")], "lowered by the new line, and the same alert"
    assert screen.complaints == []


def test_a_draft_of_an_older_version_is_not_put_in_force(
    city: Connection, running: Running, new_screen: OpenScreen
) -> None:
    screen = new_screen()
    open_rules(screen, running, STAGE)
    put_other_margin(city)
    write(screen, "clear_for_s = 1800", "clear_for_s = 900")
    screen.wait("document.querySelector('#notices').innerText.includes('已经生效')")
    status, told = ask(running, "api/rules/put", put_body(0, {STAGE: rewritten(city, "margin = 0.3", "margin = 0.4")}))
    assert (status, "by now" in told["error"]) == (409, True)


def test_a_version_is_taken_back_in_the_page(city: Connection, running: Running, new_screen: OpenScreen) -> None:
    put_other_margin(city)
    screen = new_screen()
    open_rules(screen, running, f"{STAGE}/history")
    screen.page.click("#versions [data-set='0'] summary")
    screen.page.fill("#versions [data-set='0'] [name=note]", "改回")
    screen.page.click("#versions [data-set='0'] button[type=submit]")
    screen.wait(f"document.querySelector('#in-force').innerText.includes('{account_name(running)}')")
    newest = history(city)[0]
    assert (newest.author, newest.note) == (account_name(running), "改回")
    assert in_force(city).files == read_files(SHIPPED)


def account_name(running: Running) -> str:
    assert running.session is not None
    return running.session.name


def put_other_margin(city: Connection) -> None:
    text = rewritten(city, "margin = 0.2", "margin = 0.3")
    put_in_force(city, {**in_force(city).files, STAGE: text}, author="王工", note="a")


def put_body(base: int, changes: dict[str, str]) -> dict[str, Any]:
    return {"base": base, "changes": changes, "note": "a"}


def rewritten(city: Connection, old: str, new: str) -> str:
    text = in_force(city).files[STAGE]
    assert old in text
    return text.replace(old, new)


@pytest.mark.parametrize(
    ("headers", "status", "reason"),
    [
        ({"Origin": "http://elsewhere.example"}, 403, "another site"),
        ({"Sec-Fetch-Site": "cross-site"}, 403, "another site"),
        ({"X-CSRF-Token": "of another session"}, 403, "of another session"),
        ({"Cookie": ""}, 401, "sign in first"),
        ({"Content-Type": "text/plain"}, 415, "application/json"),
        ({"Origin": "null"}, 403, "another site"),
    ],
)
def test_changes_come_from_our_own_page_of_somebody_signed_in(
    running: Running, headers: dict[str, str], status: int, reason: str
) -> None:
    for path in ("check", "try", "put", "revert"):
        answered, told = ask(running, f"api/rules/{path}", {}, **headers)
        assert (answered, reason in told["error"]) == (status, True), told


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"{", 422, "truncated"),
        (b'{"base": 0, "changes": {}, "more": 1}', 422, "unknown field `more`"),
        (b'{"base": 0, "changes": {"river-stage.toml": 1}}', 422, "Expected `str | null`"),
        (b'{"base": 77, "changes": {}}', 422, "no rule set 77"),
        (b'"' + b"x" * 2_000_001 + b'"', 413, "longer than"),
    ],
)
def test_a_body_that_cannot_be_is_said_in_a_sentence(running: Running, body: bytes, status: int, reason: str) -> None:
    answered, told = ask(running, "api/rules/check", body)
    assert (answered, reason in told["error"]) == (status, True), told


def test_of_two_trials_at_once_one_is_told_to_wait(running: Running) -> None:
    body = {"base": 0, "changes": {}, "rules": ["river-stage"], "begin": "2020-08-15T00:00:00+08:00",
            "end": "2020-08-21T00:00:00+08:00"}  # fmt: skip
    with rules_api.one_trial_at_a_time():
        status, told = ask(running, "api/rules/try", body)
    assert (status, "under way" in told["error"]) == (429, True)
    assert ask(running, "api/rules/try", body)[0] == 200
    assert ask(running, "api/rules/try", {**body, "begin": "2020-08-15T00:00:00"})[0] == 422
    assert ask(running, "api/rules/try", {**body, "begin": "2010-08-15T00:00:00Z"})[0] == 422


def test_health_tells_which_rules_are_in_force_and_what_is_wrong_with_the_newest(
    city: Connection, running: Running
) -> None:
    assert ask(running, "health")[1]["checks"]["rules"]["set"] == 0
    city.execute(
        "insert into rule_sets (files, origin, actor, note)"
        " values ('{\"a.toml\": \"x\"}', 'author', gen_random_uuid(), 'b')"
    )
    told = ask(running, "health")[1]["checks"]["rules"]
    assert told["alive"] is None
    assert "a.toml:1" in told["reason"]
    assert "a.toml:1" in ask(running, "api/rules")[1]["trouble"]


def test_every_string_of_the_page_is_there_in_both_languages_and_none_is_idle() -> None:
    folder = Path(web.__file__).parent / "static" / "rules"
    table = (folder / "strings.js").read_text().split("const table = {")[1].split("\n};")[0]
    entries = re.findall(r'^  (?:"([^"]+)"|(\w+)): \{ zh: "([^"]+)", en: "([^"]+)" \},$', table, re.MULTILINE)
    assert len(entries) == len([line for line in table.splitlines() if line.strip()])
    for quoted, bare, zh, en in entries:
        assert set(re.findall(r"\{\w+\}", zh)) == set(re.findall(r"\{\w+\}", en)), quoted or bare
    sources = "".join(path.read_text() for path in folder.glob("*.js") if path.name != "strings.js")
    known = {bare for _, bare, _, _ in entries if bare}
    assert set(re.findall(r'\bt\("(\w+)"', sources)) <= known
    assert {key for key in known if f'"{key}"' not in sources} == set()
