"""Events in a browser: from a phone's report to closure at a desk, live, in both languages; and none but one's own."""

import base64
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Page

from access import audit
from access.vault import Vault
from config.database import Connection
from events.listing import event, steps
from tests.browser.accounts import signed_in
from tests.browser.conftest import LIMIT_MS, SCREENSHOTS, OpenScreen, Serve
from tests.browser.event_city import AT, HERE, EventCity, event_city, said, send, several
from tests.browser.signing import new_vault
from tests.browser.test_accounts_page import as_, client_of
from tests.browser.test_people_page import EVIL, SIZES


def shoot(page: Page, name: str) -> None:
    """A picture of the whole page, once its fonts have come."""
    page.evaluate("document.fonts.ready")
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


# A picture of two by two.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEklEQVR4nGP4z8DAwMDAxAADAA4EAQHg3gGNAAAAAElFTkSuQmCC"
)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return new_vault(tmp_path)


@pytest.fixture
def made(city: Connection, vault: Vault) -> EventCity:
    return event_city(city, vault)


def test_from_the_phone_to_closure_at_the_desk_live(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, vault: Vault, made: EventCity
) -> None:
    running = serve(city_url, vault=vault)
    page = as_(new_screen, made.officer)
    page.goto(f"{running.url}events")
    page.wait_for_selector("body[data-live]", timeout=LIMIT_MS)
    assert page.locator("#nothing").count() == 1
    with client_of(running, made.worker) as worker:
        photo = base64.b64encode(PNG).decode()
        number = send(worker, kind="gas", text=EVIL, photo_base64=photo)
        page.wait_for_selector(f"#events a[href='/events/{number}']", timeout=LIMIT_MS)
        assert f"紧急事件 #{number}" in page.inner_text("#call")
        page.click("#events .head a")
        assert page.inner_text("#text") == EVIL  # as text
        assert "第一网格" in page.inner_text(".facts")
        page.click("#open-photo button")
        assert page.evaluate("document.querySelector('#photo').naturalWidth") == 2
        assert audit.entries(city, actor=made.officer.account_id)[0].act == "event.photo_opened"
        page.goto(f"{running.url}events/{number}")
        page.click("#taps button:has-text('王伟')")
        assert page.inner_text(".own-done") == "已指派。"
        assert worker.get("api/worker/events").json()["events"][0]["may_act"]
        tap = {"act": "handle", "key": str(uuid4()), "choice": "done"}
        first, again = (worker.post(f"api/worker/events/{number}/act", json=tap).json() for _ in range(2))
    assert (first["state"], first["counted"], again["counted"]) == ("handled", True, False)
    page.wait_for_selector("#verify", timeout=LIMIT_MS)  # the page followed
    shoot(page, "event-verify-desk-zh")
    page.click("#verify")
    found = event(city, number)
    assert found is not None and (found.state, found.closed_level) == ("closed", "township")
    assert [one.act for one in steps(city, number)] == [
        "reported", "accepted", "assigned", "handled", "handed_up", "verified", "closed",
    ]  # fmt: skip


def test_what_is_urgent_is_called_out_on_the_map_until_it_is_accepted(
    city_url: str, serve: Serve, new_screen: OpenScreen, vault: Vault, made: EventCity
) -> None:
    running = serve(city_url, vault=vault)
    page = as_(new_screen, made.officer)
    page.goto(running.url)
    page.wait_for_selector("body[data-ready]", timeout=LIMIT_MS)
    with client_of(running, made.worker) as worker, client_of(running, made.officer) as officer:
        send(worker, kind="tree")
        number = send(worker, kind="fire")
        page.wait_for_selector(f".urgent-calls a[href='/events/{number}']", timeout=LIMIT_MS)
        shoot(page, "events-urgent-map-desk-zh")
        assert page.locator(".urgent-calls a").count() == 1
        assert officer.post(f"events/{number}/act", data={"what": "accept"}).status_code == 303
        page.wait_for_selector(".urgent-calls", state="detached", timeout=LIMIT_MS)


def test_a_worker_takes_theirs_in_three_taps_on_the_page(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, vault: Vault, made: EventCity
) -> None:
    running = serve(city_url, vault=vault)
    page = as_(new_screen, made.worker, SIZES["phone"])
    page.goto(f"{running.url}events/report")
    page.click(".event-kinds label:has-text('树木倒伏')")
    page.select_option("#of", "500103002001001")
    page.click("#send")
    assert page.url.startswith(f"{running.url}events/mine")
    assert page.inner_text(".own-done") == "事件已上报。"
    page.click("#mine button:has-text('我来处置')")
    shoot(page, "events-mine-phone-zh")
    page.click("#mine button[data-choice=done]")
    assert "已办结" in page.inner_text("#mine article")
    [row] = city.execute("select closed_level, way, reporter from events").fetchall()
    assert row == ("grid", "desk", made.worker_id)
    page.goto(f"{running.url}events/mine?lang=en")
    shoot(page, "events-mine-phone-en")


def test_the_place_is_picked_on_the_map(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, vault: Vault, made: EventCity
) -> None:
    running = serve(city_url, vault=vault)
    page = as_(new_screen, made.officer)
    page.goto(f"{running.url}events/report")
    page.wait_for_selector("body[data-ground]", timeout=LIMIT_MS)
    page.evaluate(f"void map_small.setView([{AT[1]}, {AT[0]}], 15, {{animate: false}})")
    page.click(".event-map", position={"x": 200, "y": 175})
    assert "已选位置" in page.inner_text("#picked")
    page.click(".event-kinds label:has-text('道路破损')")
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        shoot(page, f"event-report-{size}-zh")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.click("#send")
    page.wait_for_selector("#steps", timeout=LIMIT_MS)
    assert HERE in page.inner_text(".facts")
    page.goto(f"{running.url}events/report?lang=en")
    page.wait_for_selector("body[data-ground]", timeout=LIMIT_MS)
    shoot(page, "event-report-phone-en")


def test_lists_figures_and_pages_are_seen_in_both_languages(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, vault: Vault, made: EventCity
) -> None:
    running = serve(city_url, vault=vault)
    screen = new_screen(*SIZES["desk"], let_in=False)
    page = screen.page
    page.context.add_cookies(made.officer.cookies)  # type: ignore[arg-type]
    with client_of(running, made.worker) as worker:
        numbers = list(several(worker))
        for number in numbers[:4]:
            tap = {"act": "handle", "key": str(uuid4()), "choice": "done"}
            worker.post(f"api/worker/events/{number}/act", json=tap)
    city.execute("update events set overdue_at = now(), was_late = true where id = %s", (numbers[5],))
    for language in ("zh", "en"):
        for path in ("events", f"events/{numbers[5]}", "events/figures", f"events/{numbers[0]}"):
            page.set_viewport_size({"width": 1366, "height": 768})
            page.goto(f"{running.url}{path}?lang={language}")
            if page.locator(".event-map").count():
                page.wait_for_selector("body[data-ground]", timeout=LIMIT_MS)
            for size, (width, height) in SIZES.items():
                page.set_viewport_size({"width": width, "height": height})
                name = path.replace("/", "-").replace(str(numbers[5]), "open").replace(str(numbers[0]), "closed")
                shoot(page, f"{name}-{size}-{language}")
                assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, size)
    assert screen.complaints == []


def test_events_of_another_township_are_not_there(
    city_url: str, city: Connection, serve: Serve, vault: Vault, made: EventCity
) -> None:
    running = serve(city_url, vault=vault)
    with client_of(running, made.worker) as worker:
        number = send(worker, text="302 室", photo_base64=base64.b64encode(PNG).decode())
    tap = {"act": "accept", "key": str(uuid4())}
    with client_of(running, made.stranger) as stranger:
        assert stranger.get("api/events").json() == {"events": [], "next": None}
        assert stranger.get(f"api/events/{number}").status_code == 404
        assert stranger.get(f"events/{number}").status_code == 404
        assert stranger.post(f"api/events/{number}/act", json=tap).status_code == 404
        assert stranger.post(f"api/worker/events/{number}/act", json=tap).status_code == 404
        assert stranger.post(f"events/{number}/act", data={"what": "accept"}).status_code == 404
        assert stranger.post(f"events/{number}/photo").status_code == 404
        assert stranger.post(f"events/mine/{number}", data={"what": "accept"}).status_code == 404
        assert stranger.get("events", params={"division": HERE}).status_code == 422
        assert stranger.get("events/report.xlsx", params={"division": HERE}).status_code == 422
        foreign = stranger.post(
            "api/worker/events", json={"key": str(uuid4()), "kind": "road", "lon": AT[0], "lat": AT[1]}
        )
        assert (foreign.status_code, "上报范围" in foreign.json()["error_zh"]) == (409, True)
    found = event(city, number)
    assert found is not None and found.state == "reported"


def test_outside_of_all_grids_is_said(city_url: str, serve: Serve, vault: Vault, made: EventCity) -> None:
    running = serve(city_url, vault=vault)
    with client_of(running, made.worker) as worker:
        inside = worker.post("api/worker/events", json=said()).json()
        outside = worker.post("api/worker/events", json=said(at=(AT[0] + 0.002, AT[1]))).json()
    assert (inside["grid_name"], inside["said_zh"], inside["level"]) == ("第一网格", "", "grid")
    assert (outside["grid_name"], outside["level"]) == (None, "village")
    assert outside["said_zh"] == "该位置不在任何网格内，已报至民权路社区。"
    assert outside["said"].startswith("the place lies outside of all grids")


def test_a_worker_of_one_grid_reports_in_the_one_beside_it_and_keeps_seeing_that(
    city_url: str, city: Connection, serve: Serve, vault: Vault, made: EventCity
) -> None:
    narrow = signed_in(city, "narrow", [("grid_worker", made.grid)])
    running = serve(city_url, vault=vault)
    with client_of(running, narrow) as worker:
        number = send(worker, at=(AT[0] + 0.002, AT[1]))
        assert [one["id"] for one in worker.get("api/worker/events").json()["events"]] == [number]
        with client_of(running, made.worker) as other:
            theirs = send(other, at=(AT[0] + 0.002, AT[1]))
        tap = {"act": "accept", "key": str(uuid4())}
        assert worker.post(f"api/worker/events/{theirs}/act", json=tap).status_code == 404
        far = worker.post("api/worker/events", json=said(at=(106.4352, 29.8333)))  # another township
        assert far.status_code == 409


def test_what_went_up_to_the_district_is_seen_in_the_township_and_not_touched(
    city_url: str, city: Connection, serve: Serve, vault: Vault, made: EventCity
) -> None:
    running = serve(city_url, vault=vault)
    with client_of(running, made.worker) as worker, client_of(running, made.officer) as officer:
        number = send(worker, kind="fire")
        up = {"what": "up", "choice": "department"}
        assert officer.post(f"events/{number}/act", data=up).status_code == 303
        page = officer.get(f"events/{number}").text
        assert "由区县办理" in page and 'id="taps"' not in page
        assert officer.post(f"events/{number}/act", data=up).status_code == 409
        told = worker.get("api/worker/events").json()["events"]
        assert [(one["id"], one["may_act"]) for one in told] == [(number, False)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": "none"},
        {"kind": "no such"},
        {"kind": ""},
        {"lon": 200},
        {"lat": None},
        {"lon": 10.0, "lat": 10.0},
        {"happened_at": "yesterday"},
        {"happened_at": "2026-11-26T08:00:00"},
        {"accuracy_m": -1},
        {"text": "x" * 501},
        {"photo_base64": "no base 64!"},
        {"photo_base64": base64.b64encode(b"<svg onload=alert(1)>").decode()},
        {"photo_base64": "A" * 1_900_001},
        {"more": 1},
        {"urgent": "yes"},
    ],
)
def test_rubbish_from_a_phone_is_refused_and_nothing_is_kept(
    database_url: str,
    serve: Serve,
    city: Connection,
    city_url: str,
    vault: Vault,
    made: EventCity,
    wrong: dict[str, object],
) -> None:
    running = serve(city_url, vault=vault)
    sound = {"key": str(uuid4()), "kind": "road", "lon": AT[0], "lat": AT[1]}
    with client_of(running, made.worker) as worker:
        answer = worker.post("api/worker/events", json={**sound, **wrong})
    assert answer.status_code in (409, 422), answer.text
    assert answer.json()["error"]
    assert city.execute("select count(*) from events").fetchone() == (0,)
