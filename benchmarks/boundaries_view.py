"""How long a planner looks at an empty map: from the click to the first drawn view of each level, in a real Chromium.

Every view is the first one of its draft: nothing is in the browser's cache, and the server has not read the draft yet.
And how smooth a vertex is dragged among 2,000 grids. Needs Playwright and a Chromium (SHIJING_TEST_CHROMIUM, or PATH).
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.boundaries_district import District, seed_district
from benchmarks.boundaries_edit import server, somebody
from config.database import connect
from config.embedded_database import embedded_database
from config.folder import DataFolder
from config.migrate import migrate

TIMES = 3
_SIZE = {"width": 1366, "height": 768}
_WAIT_MS = 60_000
# When the page says that its map is drawn, and the frames after it are on the screen: since the navigation began.
_WATCH = """
new MutationObserver((_, watch) => {
  if (!document.body || document.body.dataset.ready === undefined) return;
  watch.disconnect();
  requestAnimationFrame(() => requestAnimationFrame(() => { globalThis.drawnAfter = performance.now(); }));
}).observe(document, { subtree: true, attributes: true, childList: true });
"""
_FRAMES = """
globalThis.frames = [];
const count = (now) => { globalThis.frames.push(now); requestAnimationFrame(count); };
requestAnimationFrame(count);
"""


class NoChromium(RuntimeError):
    """There is no browser to measure with."""


def run(times: int = TIMES) -> dict[str, Any]:
    """`first_view_s` by level (the median of `times`), the worst of them, and the frames of a drag."""
    with (
        tempfile.TemporaryDirectory(prefix="shijing-bench-") as folder,
        embedded_database(DataFolder(Path(folder) / "data")) as url,
        connect(url, "bench", autocommit=True) as connection,
    ):
        migrate(connection)
        district = seed_district(connection)
        headers = somebody(connection, "planner", district.city)
        with server(url) as address, chromium() as browser:
            return _figures(browser, address, headers, district, times)


def _figures(
    browser: Browser, address: str, headers: Mapping[str, str], district: District, times: int
) -> dict[str, Any]:
    roots = {
        "districts_of_a_city": (district.city, "district"),
        "townships_of_a_district": (district.district, "township"),
        "grids_of_a_township": (district.townships[0], "grid"),
        "grids_of_a_district": (district.district, "grid"),
    }
    took: dict[str, list[float]] = {name: [] for name in roots}
    frames: dict[str, float] = {}
    for time in range(times):
        for name, (root, level) in roots.items():
            said = {"root_id": root, "level": level, "title": f"{name} {time}"}
            opened = httpx.post(f"{address}api/boundaries/drafts", json=said, headers=headers, timeout=60)
            opened.raise_for_status()
            with page_of(browser, headers) as page:
                took[name].append(_first_view(page, f"{address}planner/{opened.json()['id']}"))
                if name == "grids_of_a_district" and not frames:
                    frames = _drag(page)
    levels = {name: round(median(values), 2) for name, values in took.items()}
    return {"first_view_s": max(levels.values()), "levels": levels, "grids": len(district.grids), "drag": frames}


def _first_view(page: Page, address: str) -> float:
    page.goto(address)
    until(page, "globalThis.drawnAfter > 0")
    return float(page.evaluate("globalThis.drawnAfter")) / 1000


def until(page: Page, condition: str) -> None:
    """Until it is true. (Playwright's own way needs eval, which the page forbids.)"""
    for _ in range(_WAIT_MS // 10):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(10)
    raise RuntimeError(f"never true: {condition}")


def _drag(page: Page) -> dict[str, float]:
    """A vertex of a grid in the middle, dragged about; frames per second, and the longest frame."""
    page.wait_for_selector("#lock.is-mine", timeout=_WAIT_MS)
    page.evaluate("void map_planner.setView(map_planner.getCenter(), 15, { animate: false })")
    box = page.locator(".pl-map").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_selector(".marker-icon:not(.marker-icon-middle)", timeout=_WAIT_MS)
    vertex = page.locator(".marker-icon:not(.marker-icon-middle)").nth(3).bounding_box()
    assert vertex is not None
    x, y = vertex["x"] + vertex["width"] / 2, vertex["y"] + vertex["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 5, y + 5)
    page.evaluate(_FRAMES)
    for step in range(120):
        page.mouse.move(x + 5 + 10 * (step % 4 - 1.5), y + 5 + 8 * (step % 3 - 1))
    frames: list[float] = page.evaluate("globalThis.frames")
    page.mouse.up()
    gaps = [after - before for before, after in pairwise(frames)]
    return {"frames_per_s": round(1000 * len(gaps) / sum(gaps), 1), "longest_frame_ms": round(max(gaps), 1)}


@contextmanager
def page_of(browser: Browser, headers: Mapping[str, str]) -> Iterator[Page]:
    """A page with nothing in its cache, signed in."""
    context = browser.new_context(viewport=_SIZE)  # type: ignore[arg-type]
    secret = headers["Cookie"].partition("=")[2]
    pairs = {"shijing": secret, "shijing-csrf": headers["X-CSRF-Token"]}
    context.add_cookies([{"name": name, "value": value, "url": "http://127.0.0.1"} for name, value in pairs.items()])
    page = context.new_page()
    page.add_init_script(_WATCH)
    try:
        yield page
    finally:
        context.close()


@contextmanager
def chromium() -> Iterator[Browser]:
    named = os.environ.get("SHIJING_TEST_CHROMIUM")
    path = named or next((found for one in ("chromium", "google-chrome") if (found := shutil.which(one))), None)
    if path is None:
        raise NoChromium("no Chromium on this machine: install one, or name it with SHIJING_TEST_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
