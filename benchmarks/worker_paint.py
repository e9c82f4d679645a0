"""First paint of the worker's page on a slow phone: `python -m benchmarks.worker_paint`, with Chromium on PATH or named
by SHIJING_TEST_CHROMIUM, and what the tests are installed with.

The profile is that of Lighthouse for phones: 1.6 Mbit/s, 150 ms there and back, a processor four times as slow.
`first` is with nothing kept, `again` with the shell kept by the service worker.
"""

import json
import multiprocessing
import os
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from access.credentials import csrf_of
from benchmarks.phones import _web
from benchmarks.phones_city import furnish
from config.database import connect
from config.embedded_database import embedded_database
from config.folder import DataFolder
from config.migrate import migrate

ROUNDS = 5
_SLOW = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 750e3 / 8}
_CPU_TIMES = 4
_AGENT = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120 Mobile Safari/537.36"
_WATCH = """
globalThis.shift = 0;
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) if (!one.hadRecentInput) globalThis.shift += one.value;
}).observe({type: "layout-shift", buffered: true});
"""
_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"


def run(rounds: int = ROUNDS) -> dict[str, Any]:
    """`first_paint_ms` and `layout_shift`, first and again: the median of some rounds, each in a browser of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="shijing-bench-") as folder,
        embedded_database(DataFolder(Path(folder) / "data")) as url,
        connect(url, "bench", autocommit=True) as connection,
    ):
        migrate(connection)
        secret = furnish(connection, 10)[0]
        here, there = multiprocessing.get_context("spawn").Pipe()
        server = multiprocessing.get_context("spawn").Process(target=_web, args=(url, there))
        server.start()
        try:
            return _measured(here.recv(), secret, rounds)
        finally:
            server.terminate()
            server.join(15)


def _measured(address: str, secret: str, rounds: int) -> dict[str, Any]:
    named = os.environ.get("SHIJING_TEST_CHROMIUM") or shutil.which("chromium") or "chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=named, args=["--no-sandbox", "--disable-gpu"])
        found = [_round(browser, address, secret) for _ in range(rounds)]
        browser.close()
    return {
        "first_paint_ms": {
            when: round(statistics.median(one[when][0] for one in found)) for when in ("first", "again")
        },
        "layout_shift": max(one[when][1] for one in found for when in ("first", "again")),
        "rounds": rounds,
        "load_average": [round(one, 1) for one in os.getloadavg()],
    }


def _round(browser: Browser, address: str, secret: str) -> dict[str, tuple[float, float]]:
    context = browser.new_context(viewport={"width": 360, "height": 740}, is_mobile=True, user_agent=_AGENT)
    pairs = {"shijing": secret, "shijing-csrf": csrf_of(secret)}
    context.add_cookies([{"name": name, "value": value, "url": address} for name, value in pairs.items()])
    first = _visit(context, address)
    return {"first": first, "again": _visit(context, address)}


def _visit(context: BrowserContext, address: str) -> tuple[float, float]:
    page: Page = context.new_page()
    slow = context.new_cdp_session(page)
    slow.send("Network.enable")
    slow.send("Network.emulateNetworkConditions", _SLOW)
    slow.send("Emulation.setCPUThrottlingRate", {"rate": _CPU_TIMES})
    page.add_init_script(_WATCH)
    page.goto(f"{address}worker")
    page.wait_for_selector("#link[data-state=live]", timeout=60_000)
    page.wait_for_selector(".empty .note", timeout=60_000)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    found = float(page.evaluate(_PAINT)), float(page.evaluate("globalThis.shift"))
    page.close()
    return found


if __name__ == "__main__":
    print(json.dumps(run()))
