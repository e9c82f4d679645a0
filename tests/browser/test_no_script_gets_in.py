"""Every text that a page shows, as a script: nothing of it runs, and it is shown as the text that it is."""

import json

import httpx
import pytest

from access.accounts import add_account
from config.database import Connection
from tests.browser import seed
from tests.browser.conftest import OpenScreen, Serve
from tests.browser.seed import PEAK

IMAGE = '<img src=x onerror="window.pwned=1">'
CLOSING = "\"'></title></script><script>window.pwned=1</script>"
NAME = "<script>window.pwned=1<"  # without a blank or a slash, as names of devices have to be
BOTH = IMAGE + CLOSING


def poison(city: Connection) -> None:
    """As an import of sensors, divisions or warnings, or a message, would leave it."""
    seed.seed_readings(city)
    seed.seed_alerts(city)
    city.execute("update devices set name = %s where name = 'cuntan'", (NAME,))
    city.execute(
        "update sensors set name = %s, label = %s, river = %s, source = %s, levels = %s where name = 'cuntan'",
        (NAME, BOTH, BOTH, BOTH, json.dumps({IMAGE: 1.0})),
    )
    city.execute("update sensors set unit = %s, datum = %s where name = 'ciqikou'", (IMAGE, IMAGE))
    city.execute("update division_versions set name = %s where name in ('寸滩街道', '江北区', '磁器口街道')", (BOTH,))
    city.execute("update tasks set what = %s, post = %s, backup = %s", (BOTH, BOTH, BOTH))
    seed.announce(city, BOTH, "red", PEAK.replace(year=2099), sender=BOTH)
    city.execute("update alerts set title = %s", (BOTH,))
    city.execute(
        "update quarantine set reason = %s, detail = %s, topic = %s, payload = %s", (BOTH, BOTH, BOTH, BOTH.encode())
    )


def test_no_text_runs(city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen) -> None:
    poison(city)
    running = serve(city_url)
    with httpx.Client(base_url=running.url, headers=running.headers, timeout=30) as client:
        said = {"title": BOTH, "level": "red", "lon": 106.6, "lat": 29.61, "note": BOTH, "family": BOTH[:50]}
        alert = client.post("/api/alerts", json=said).json()["alert_id"]
        assert client.post(f"/api/alerts/{alert}/comment", json={"note": BOTH}).status_code == 200
        for path in ("/api/feed.atom", f"/api/alerts/{alert}.cap", "/metrics", "/api/state"):
            told = client.get(path)
            assert told.status_code == 200, path
            assert not told.headers["content-type"].startswith("text/html")
        assert "<img" not in client.get("/api/feed.atom").text
    for language in ("zh", "en"):
        screen = new_screen()
        screen.open(f"{running.url}?lang={language}")
        page = screen.page
        page.evaluate(
            "document.querySelectorAll('button:not(form button), [role=button], summary')"  # not the way out
            ".forEach((one) => one.click())"
        )
        page.evaluate(
            "document.querySelectorAll('#alerts *, #runs *, #incidents *, #warnings *').forEach((one) => one.click?.())"
        )
        screen.settle()
        assert "onerror" in page.evaluate("document.body.innerText"), "the texts are not shown: nothing was tried"
        assert page.evaluate("window.pwned") is None
        assert page.evaluate("document.querySelectorAll('img[src=x]').length") == 0
        page.goto(f"{running.url}rules?lang={language}")
        page.wait_for_load_state("networkidle")
        assert page.evaluate("window.pwned") is None
        assert page.evaluate("document.querySelectorAll('img[src=x]').length") == 0


def test_no_address_runs(city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen) -> None:
    """What the sign-in page gives back: the name that was typed, and where one wanted to go."""
    running = serve(city_url)
    page = new_screen(let_in=False).page
    for onward in (
        BOTH,
        "javascript:window.pwned=1",
        "//elsewhere.example",
        "/\\elsewhere.example",
        "https://elsewhere.example",
    ):
        page.goto(f"{running.url}sign-in?{httpx.QueryParams({'next': onward})}")
        assert page.evaluate("window.pwned") is None
        assert page.evaluate("document.querySelector('input[name=next]')?.value ?? '/'") == "/"
    told = httpx.post(f"{running.url}sign-in", data={"name": BOTH, "password": BOTH})
    page.set_content(told.text)
    assert page.evaluate("window.pwned") is None
    with pytest.raises(Exception, match="a name has"):
        add_account(city, IMAGE)
