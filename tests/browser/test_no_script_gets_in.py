"""Every text that a page shows, as a script: nothing of it runs, and it is shown as the text that it is."""

import csv
import json
from datetime import timedelta
from pathlib import Path

import geopandas
import httpx
import pytest

from access.accounts import add_account
from config.database import Connection
from geo.default_data import DATA
from geo.importer import import_layer
from ingest.sensor_files import import_sensors
from tests.browser import seed
from tests.browser.conftest import OpenScreen, Serve
from tests.browser.seed import PEAK
from tests.database.feed import running_pipeline
from tests.database.test_ingest_sensor_files import HEADER

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


LAYER = "<img src=x onerror=window.pwned=1>.geojson"


def bring_in(city: Connection, city_url: str, folder: Path) -> None:
    """The same texts by the ways that strangers have: a sensors file, a layer of boundaries, messages of devices."""
    with (folder / "sensors.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER.split(","))
        levels = ("180.5", "183.5", "191.41")
        writer.writerow(["evil", "evil", "stage", "m", "wusong", BOTH, BOTH, "106.60", "29.62", "3600", *levels, BOTH])
    assert import_sensors(city, folder / "sensors.csv").errors == []
    townships = geopandas.read_file(DATA / "townships_derived.geojson")
    layer = townships[townships["district_code"] == "500103"][["name", "district_name", "code", "geometry"]]
    layer = layer.reset_index(drop=True)
    layer.loc[0, ["name", "code"]] = [BOTH, IMAGE]
    layer.to_file(folder / LAYER)
    report = import_layer(city, folder / LAYER, level="township", write=True, partial=True)
    assert report.written
    assert any("onerror" in one for one in report.features_without_division)
    with running_pipeline(city_url) as feed:
        feed.stage(195.0, PEAK, "evil")
        feed.stage(195.5, PEAK + timedelta(hours=1), "evil")
        told = {"value": 1.0, "time": PEAK.isoformat(), "unit": BOTH, "datum": BOTH, BOTH: BOTH}
        feed.send("cq/500105/evil/stage", told)
        feed.send("cq/500105/evil/stage", {"value": BOTH, "time": BOTH})
        feed.send(f"cq/500105/{NAME}/stage", {**told, "unit": "m"})
    (kept,) = city.execute("select count(*) from quarantine where payload like %s", (b"%onerror%",)).fetchone() or (0,)
    assert kept >= 2


def test_nothing_that_is_imported_or_sent_runs(
    city_url: str, city: Connection, serve: Serve, new_screen: OpenScreen, tmp_path: Path
) -> None:
    bring_in(city, city_url, tmp_path)
    running = serve(city_url)
    for language in ("zh", "en"):
        screen = new_screen()
        screen.open(f"{running.url}?lang={language}")
        page = screen.page
        page.evaluate("document.querySelectorAll('#alerts *, #incidents *').forEach((one) => one.click?.())")
        screen.settle()
        assert "onerror" in page.evaluate("document.body.innerText"), "the texts are not shown: nothing was tried"
        for path in ("", "rules", "audit", "accounts", "records"):
            if path:
                page.goto(f"{running.url}{path}?lang={language}")
                page.wait_for_load_state("networkidle")
            assert page.evaluate("window.pwned") is None, path
            assert page.evaluate("document.querySelectorAll('img[src=x]').length") == 0, path


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
