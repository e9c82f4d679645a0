"""A browser, a seeded city and our server between them."""

import itertools
import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request, expect, sync_playwright
from psycopg import conninfo, sql

from access.vault import Vault
from config.database import Connection, connect
from config.settings import BrokerSettings, WebSettings
from tests.browser import seed
from tests.browser.accounts import SignedIn, everything
from tests.browser.walk import Ground
from tests.database.rights_city import seed_rights_city
from web.app import create_app
from web.listening import listening_socket
from web.parts import wall_clock
from web.serve import Server

_numbers = itertools.count(1)
_CANDIDATES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SCREENSHOTS = Path(__file__).parent.parent / "screenshots"
LIMIT_MS = 45_000  # for a condition to come true; far more than it takes, also on a machine with much else to do

expect.set_options(timeout=LIMIT_MS)


def chromium_path() -> str:
    """The Chromium of this machine: the one that is named, else the first found on PATH."""
    named = os.environ.get("SHIJING_TEST_CHROMIUM")
    for candidate in [named] if named else _CANDIDATES:
        found = shutil.which(candidate)
        if found:
            return found
    pytest.fail(
        "no Chromium on this machine: `apt-get install chromium` (Debian), or name one with"
        " SHIJING_TEST_CHROMIUM=/path/to/chrome",
        pytrace=False,
    )


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for a module. (Not for the session: Playwright's event loop runs until it is closed,
    and tests of other rooms run loops of their own in this thread.)"""
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium_path(), args=arguments)
        yield opened
        opened.close()


@pytest.fixture(autouse=True)
def whole_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A click that leads to another page is over when that page is read, not when its first byte has come."""
    on_page, on_locator = Page.click, Locator.click

    def click_page(page: Page, *asked: Any, **options: Any) -> None:
        on_page(page, *asked, **options)
        page.wait_for_load_state("domcontentloaded")

    def click_locator(locator: Locator, *asked: Any, **options: Any) -> None:
        on_locator(locator, *asked, **options)
        locator.page.wait_for_load_state("domcontentloaded")

    monkeypatch.setattr(Page, "click", click_page)
    monkeypatch.setattr(Locator, "click", click_locator)


@dataclass
class Screen:
    """A page, and everything it asked for or complained of."""

    page: Page
    requests: list[Request] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, url: str) -> None:
        """Load the screen and wait until map and panels are drawn."""
        self.page.goto(url)
        self.page.wait_for_selector("body[data-ready]", timeout=LIMIT_MS)
        self.wait("document.querySelector('#books').childElementCount > 0")

    def wait(self, condition: str) -> None:
        """Wait until a JavaScript expression is true. (Playwright's own way needs eval, which the page forbids.)"""
        deadline = time.monotonic() + LIMIT_MS / 1000
        while not self.page.evaluate(condition):
            assert time.monotonic() < deadline, f"never true: {condition}"
            self.page.wait_for_timeout(50)

    def settle(self) -> None:
        """Wait until the fonts have come and the labels have been placed."""
        self.page.evaluate("document.fonts.ready")
        self.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


OpenScreen = Callable[..., Screen]

# A session is a cookie: browsers that are open when a server starts get that of its account, later ones at once.
_contexts: list[BrowserContext] = []
_sessions: list[SignedIn] = []


def _let_in(session: SignedIn) -> None:
    _sessions.append(session)
    for context in _contexts:
        context.add_cookies(session.cookies)  # type: ignore[arg-type]


@pytest.fixture
def new_screen(browser: Browser) -> Iterator[OpenScreen]:
    """Makes screens of a size in pixels; closes them after the test."""

    def make(width: int = 1920, height: int = 1080, *, let_in: bool = True) -> Screen:
        context = browser.new_context(viewport={"width": width, "height": height})
        context.set_default_timeout(LIMIT_MS)
        if let_in:
            _contexts.append(context)
            context.add_cookies(_sessions[-1].cookies if _sessions else [])  # type: ignore[arg-type]
        opened.append(context)
        screen = Screen(page=context.new_page())
        screen.page.on("request", lambda request: screen.requests.append(request))  # noqa: PLW0108  # it takes no builtin
        screen.page.on("console", lambda said: _note(screen, said.type, said.text))
        screen.page.on("pageerror", lambda error: _note(screen, "error", str(error)))
        return screen

    opened: list[BrowserContext] = []
    yield make
    for context in opened:
        context.close()
    _contexts.clear()
    _sessions.clear()


def _note(screen: Screen, kind: str, text: str) -> None:
    if kind in ("error", "warning"):
        screen.complaints.append(text)


class Running:
    """Our server in a thread; it can be stopped, and started again on the same port."""

    def __init__(
        self,
        database_url: str,
        broker: BrokerSettings | None,
        settings: WebSettings,
        *,
        account: bool = True,
        vault: Vault | None = None,
        clock: Callable[[], datetime] = wall_clock,
    ) -> None:
        self._vault, self._clock = vault, clock
        self.session: SignedIn | None = None
        self._account = account
        self._database_url = database_url
        self._broker = broker
        self._settings = settings
        self.start()

    def start(self) -> None:
        """Listen and answer; returns when it does."""
        answers = threading.Event()
        self._socket: socket.socket = listening_socket(self._settings.host, self._settings.port)
        self._settings = self._settings.model_copy(update={"port": self._socket.getsockname()[1]})
        self.url = f"http://127.0.0.1:{self._settings.port}/"
        app = create_app(self._settings, self._database_url, self._broker, vault=self._vault, clock=self._clock)
        self._server = Server(app, self.url, lambda _: answers.set())
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert answers.wait(20), "the server did not start"
        if self._account and self.session is None:
            self.session = everything(self._database_url)
        if self.session is not None:
            _let_in(self.session)

    @property
    def headers(self) -> dict[str, str]:
        """What a request of somebody who may do everything carries."""
        return {} if self.session is None else self.session.headers

    def _run(self) -> None:
        with self._socket:
            self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """Stop as at SIGTERM; returns when every thread has ended."""
        self._server.should_exit = True
        self._thread.join(20)
        assert not self._thread.is_alive(), "the server did not stop"


Serve = Callable[..., Running]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts servers on free ports; stops them after the test."""
    started: list[Running] = []

    def start(
        database_url: str,
        broker: BrokerSettings | None = None,
        *,
        vault: Vault | None = None,
        clock: Callable[[], datetime] = wall_clock,
        **settings: str,
    ) -> Running:
        started.append(Running(database_url, broker, WebSettings(port=0, **settings), vault=vault, clock=clock))
        return started[-1]

    yield start
    for running in started:
        running.stop()


@contextmanager
def _clone(server_url: str, template: str, name: str) -> Iterator[str]:
    with psycopg.connect(server_url, autocommit=True) as connection:
        create = sql.SQL("create database {} template {} strategy file_copy")
        connection.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
        try:
            yield conninfo.make_conninfo(server_url, dbname=name)
        finally:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def city_template(server_url: str, template: str) -> Iterator[str]:
    """The name of a database with the default divisions and the gauges, no readings."""
    name = f"shijing_screen_template_{os.getpid()}"
    with _clone(server_url, template, name) as url:
        with connect(url, "seed", autocommit=True) as connection:
            seed.seed_divisions(connection)
            seed.seed_gauges(connection)
        yield name


@pytest.fixture
def city_url(server_url: str, city_template: str) -> Iterator[str]:
    """A city of this test's own."""
    with _clone(server_url, city_template, f"shijing_screen_{os.getpid()}_{next(_numbers)}") as url:
        yield url


@pytest.fixture
def city(city_url: str) -> Iterator[Connection]:
    """An autocommit connection to this test's city."""
    with connect(city_url, "test", autocommit=True) as connection:
        yield connection


@pytest.fixture
def ground(connection: Connection) -> Ground:
    """A city of two districts with something in each, for what everybody may not see."""
    return Ground(connection, seed_rights_city(connection))


@pytest.fixture
def running(database_url: str, ground: Ground, serve: Serve) -> Running:
    """A server of that city."""
    return serve(database_url)


@pytest.fixture
def client(running: Running) -> Iterator[httpx.Client]:
    """Somebody with a program, signed in as nobody."""
    with httpx.Client(base_url=running.url, timeout=30) as opened:
        yield opened
