"""The page of rule authors in a real Chromium: read, change, try on stored history, put in force."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from config.database import Connection
from tests.browser import seed
from tests.browser.conftest import LIMIT_MS, SCREENSHOTS, OpenScreen, Running, Screen, Serve

SIZES = {"desk": (1920, 1080), "phone": (390, 844)}
STAGE = "river-stage.toml"
OpenRules = Callable[..., Screen]


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
    request = urllib.request.Request(running.url + path, data, {"Content-Type": "application/json", **headers})
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
    screen.page.fill("#put-form [name=author]", "李工")
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
