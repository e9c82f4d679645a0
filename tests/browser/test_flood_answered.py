"""Two people at once: the flood opens the plan, a phone answers tap by tap, the commander sees each, and whoever does
not answer is passed over. The clock is told; nobody waits for a minute."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from config.database import Connection
from dispatch.sweep import sweep
from tests.browser.accounts import SignedIn, signed_in
from tests.browser.conftest import LIMIT_MS, SCREENSHOTS, Running, Serve
from tests.browser.worker_ground import Flooded, Phone, flooded
from tests.database.people_seed import TOWNSHIP
from tests.database.run_seed import START


@pytest.fixture
def flood(connection: Connection, tmp_path: Path) -> Flooded:
    return flooded(connection, tmp_path)


@pytest.fixture
def served(flood: Flooded, database_url: str, serve: Serve) -> Running:
    return serve(database_url, vault=flood.ground.town.vault)


@pytest.fixture
def commander(flood: Flooded) -> SignedIn:
    return signed_in(flood.connection, "zhihui", [("commander", flood.ground.town.divisions[TOWNSHIP])])


class Desks:
    """Opens pages for people; closes them after the test."""

    def __init__(self, browser: Browser, stack: ExitStack) -> None:
        self._browser = browser
        self._stack = stack

    def page(self, who: SignedIn, width: int, height: int, **options: object) -> Page:
        context = self._browser.new_context(viewport={"width": width, "height": height}, **options)  # type: ignore[arg-type]
        self._stack.callback(context.close)
        context.add_cookies(who.cookies)  # type: ignore[arg-type]
        return context.new_page()

    def phone(self, who: SignedIn, url: str) -> Phone:
        page = self.page(who, 360, 740, has_touch=True, is_mobile=True, device_scale_factor=2)
        phone = Phone(context=page.context, page=page)
        phone.open(f"{url}worker")
        phone.wait("document.querySelector('#link').dataset.state === 'live'")
        return phone


@pytest.fixture
def desks(browser: Browser) -> Iterator[Desks]:
    with ExitStack() as stack:
        yield Desks(browser, stack)


def look(flood: Flooded, minutes: float) -> None:
    """The dispatcher's look at everything, so many minutes after the start."""
    flood.ground.at(flood.connection, minutes)
    sweep(flood.connection, channels=frozenset())


def tap(phone: Phone, word: str) -> None:
    phone.page.wait_for_timeout(950)  # what follows at once is not meant for the button that came in its place
    phone.page.locator(".task .big", has_text=word).click(timeout=LIMIT_MS)


def of_task(flood: Flooded, run: int, key: str) -> str:
    row = flood.one(
        "select assignments.id from assignments join tasks on tasks.id = task_id"
        " where assignments.run_id = %s and task_key = %s",
        run,
        key,
    )
    return f"tr[data-assignment='{row[0]}']"


def test_a_phone_answers_and_the_commander_sees_each_step(
    flood: Flooded, served: Running, desks: Desks, commander: SignedIn
) -> None:
    phone = desks.phone(flood.workers["网格员"], served.url)
    desk = desks.page(commander, 1366, 900)
    desk.goto(f"{served.url}runs")
    desk.wait_for_selector("body[data-ready]", timeout=LIMIT_MS)
    run = flood.flood("orange")
    expect(desk.locator(f"article[data-run='{run}']")).to_be_visible(timeout=LIMIT_MS)
    desk.goto(f"{served.url}runs/{run}")
    look(flood, 0)
    mine = desk.locator(of_task(flood, run, "T2"))
    expect(mine.locator(".chain b")).to_have_text("已读", timeout=LIMIT_MS)  # which is not acknowledged
    for minutes, word in ((0.3, "收到"), (2.0, "到场"), (4.0, "完成")):
        flood.ground.at(flood.connection, minutes)
        tap(phone, word)
        expect(mine.locator(".chain b")).to_have_text(word, timeout=LIMIT_MS)
    desk.screenshot(path=SCREENSHOTS / "flood-answered-desk.png", full_page=True)
    phone.page.screenshot(path=SCREENSHOTS / "flood-answered-phone.png")
    told = flood.one(
        "select acknowledged_at, on_site_at, done_at from assignments join tasks on tasks.id = task_id"
        " where task_key = 'T2'"
    )
    # By the phone's clock, which follows the told one as it last heard it.
    after = [(one - START).total_seconds() for one in told]  # type: ignore[operator]
    assert 0 < after[0] <= 18 < after[1] <= 120 < after[2] <= 240
    assert flood.one("select count(*) from answers where counted") == (3,)


def test_the_backup_is_called_when_nobody_answers(
    flood: Flooded, served: Running, desks: Desks, commander: SignedIn
) -> None:
    desk = desks.page(commander, 1366, 900)
    run = flood.flood("orange")
    flood.connection.execute("update tasks set backup = '网格长' where task_key = 'T2'")
    flood.connection.execute("update tasks set after = '{T2}', started_at = null where task_key = 'T5'")
    flood.connection.execute("delete from assignments where task_id in (select id from tasks where task_key = 'T5')")
    backup = desks.phone(flood.workers["网格长"], served.url)
    # The worker's own phone is open, and lies on a table.
    desks.phone(flood.workers["网格员"], served.url)
    desk.goto(f"{served.url}runs/{run}")
    desk.wait_for_selector("body[data-ready]", timeout=LIMIT_MS)
    mine = desk.locator(of_task(flood, run, "T2"))
    look(flood, 0)
    look(flood, 3.9)
    assert backup.page.locator(".task").count() == 0
    look(flood, 4)
    backup.page.wait_for_selector(".task .big", timeout=LIMIT_MS)
    expect(mine).to_contain_text("备岗", timeout=LIMIT_MS)
    tap(backup, "收到")
    expect(mine.locator(".chain b")).to_have_text("收到", timeout=LIMIT_MS)
    look(flood, 30)
    called = (
        "select distinct part from calls join assignments on assignments.id = assignment_id"
        " join tasks on tasks.id = task_id where task_key = 'T2' and calls.called_at <= %s order by 1"
    )
    minute = flood.ground.at(flood.connection, 8)
    assert flood.connection.execute(called.encode(), (minute,)).fetchall() == [("backup",), ("post",)]
    desk.screenshot(path=SCREENSHOTS / "flood-backup-desk.png", full_page=True)
