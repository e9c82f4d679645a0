"""With a network that comes and goes, and a server that is killed between a tap and its answer: nothing is lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from config.database import Connection
from tests.browser.conftest import Running, Serve
from tests.browser.test_worker_page import OpenPhone, phones, shot, tap  # noqa: F401  # the fixture is used
from tests.browser.worker_ground import Flooded, Phone, flooded

_KEPT = (
    "(async () => (await caches.keys()).length === 1"
    " && (await navigator.serviceWorker.getRegistration())?.active?.state === 'activated')()"
)
_ONE = "select kind, counted from answers"


@pytest.fixture
def flood(connection: Connection, tmp_path: Path) -> Flooded:
    made = flooded(connection, tmp_path)
    made.flood()
    made.call()
    return made


@pytest.fixture
def served(flood: Flooded, database_url: str, serve: Serve) -> Running:
    return serve(database_url, vault=flood.ground.town.vault)


@pytest.fixture
def phone(flood: Flooded, served: Running, phones: OpenPhone) -> Iterator[Phone]:  # noqa: F811
    """One whose shell is kept, with the task before it."""
    opened = phones()
    opened.open(f"{served.url}worker")
    opened.wait(_KEPT)
    opened.page.wait_for_selector(".task .big")
    opened.wait("document.querySelector('#link').dataset.state === 'live'")
    yield opened


def test_offline_the_tasks_are_there_and_an_answer_waits_and_is_sent_once(
    flood: Flooded, served: Running, phone: Phone
) -> None:
    phone.context.set_offline(True)
    phone.open(f"{served.url}worker")  # from the phone
    assert "封闭下穿道" in phone.page.inner_text(".task")
    tap(phone, "收到")
    phone.page.wait_for_selector(".to-send")
    assert "1 条待发送" in phone.page.inner_text("#link")
    shot(phone, "offline-zh")
    phone.open(f"{served.url}worker")  # it survives the page
    phone.page.wait_for_selector(".to-send")
    tap(phone, "到场")
    phone.wait("document.querySelector('#link').innerText.includes('2 条待发送')")
    assert flood.one("select count(*) from answers") == (0,)
    phone.context.set_offline(False)
    flood.wait_row(phone.page, "select count(*) from answers", 2)
    phone.wait("document.querySelector('.to-send') === null")
    kinds = flood.connection.execute("select kind from answers order by received_at, tapped_at").fetchall()
    assert kinds == [("acknowledged",), ("on_site",)]


def test_the_time_of_an_answer_is_that_of_the_tap(flood: Flooded, phone: Phone) -> None:
    phone.context.set_offline(True)
    tap(phone, "收到")
    phone.page.wait_for_selector(".to-send")
    flood.ground.at(flood.connection, 7)  # seven minutes go by
    phone.context.set_offline(False)
    flood.wait_row(phone.page, "select count(*) from answers", 1)
    minutes = flood.one("select extract(epoch from received_at - tapped_at)::integer / 60 from answers")
    assert minutes in {(6,), (7,)}


def test_a_server_that_is_killed_between_the_tap_and_its_answer(flood: Flooded, served: Running, phone: Phone) -> None:
    """It takes the answer and dies before it says so: the phone sends it again, and it is the same."""
    lost: list[str] = []

    def lose(route: object) -> None:
        request = route.request  # type: ignore[attr-defined]
        lost.append(request.post_data)
        route.fetch()  # type: ignore[attr-defined]
        route.abort()  # type: ignore[attr-defined]

    phone.page.route("**/api/worker/answers", lose, times=1)
    tap(phone, "收到")
    flood.wait_row(phone.page, _ONE, "acknowledged", True)
    served.stop()
    assert lost
    served.start()
    phone.wait("document.querySelector('.to-send') === null && document.querySelector('.progress') !== null")
    assert flood.one("select count(*) from answers") == (1,)


def test_a_tap_while_the_server_is_away_is_sent_when_it_is_back(flood: Flooded, served: Running, phone: Phone) -> None:
    served.stop()
    tap(phone, "收到")
    phone.page.wait_for_selector(".to-send")
    served.start()
    flood.wait_row(phone.page, _ONE, "acknowledged", True)
    phone.wait("document.querySelector('.to-send') === null")


def test_what_somebody_left_on_the_phone_is_not_sent_by_the_next_one(
    flood: Flooded,
    served: Running,
    phone: Phone,
    browser: Browser,
) -> None:
    phone.context.set_offline(True)
    tap(phone, "收到")
    phone.page.wait_for_selector(".to-send")
    phone.context.add_cookies(flood.workers["网格长"].cookies)  # type: ignore[arg-type]
    phone.context.set_offline(False)
    phone.open(f"{served.url}worker")
    phone.wait("document.querySelector('.task') !== null && !document.body.innerText.includes('封闭下穿道')")
    assert flood.one("select count(*) from answers") == (0,)
    phone.context.add_cookies(flood.workers["网格员"].cookies)  # type: ignore[arg-type]
    phone.open(f"{served.url}worker")
    flood.wait_row(phone.page, _ONE, "acknowledged", True)
    assert flood.one("select person_id from answers") == (flood.ground.people["网格员"],)


def test_the_app_can_be_installed(served: Running, phone: Phone) -> None:
    told = phone.page.evaluate("fetch('/worker/manifest.webmanifest').then((answer) => answer.json())")
    assert (told["scope"], told["start_url"], told["display"]) == ("/worker", "/worker", "standalone")
    for icon in told["icons"]:
        size = phone.page.evaluate(
            f"createImageBitmap(new Blob()).catch(() => fetch('{icon['src']}')).then((a) => a.blob())"
            ".then(createImageBitmap).then((picture) => `${picture.width}x${picture.height}`)"
        )
        assert size == icon["sizes"]
    scope = phone.page.evaluate("navigator.serviceWorker.getRegistration().then((one) => one.scope)")
    assert scope == f"{served.url}worker"
