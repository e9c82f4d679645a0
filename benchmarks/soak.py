"""`shijing bench soak`: a screen left alone while readings and alerts come, and whether its memory grows.

What comes is as much at the end as at the beginning: a page that shows more needs more memory, and that is no leak.
The product's own parts: database, broker, pipeline, web server, and a real Chromium on the screen. Once a minute the
browser collects its garbage and says how much is left; a line through what it says after the first quarter tells the
growth. Needs Playwright and a Chromium (SHIJING_TEST_CHROMIUM, or PATH).
"""

import multiprocessing
import os
import platform
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import CDPSession, Page

from benchmarks.boundaries_edit import server, somebody
from benchmarks.boundaries_view import chromium, page_of, until
from benchmarks.city import SENSORS, furnish
from benchmarks.publish import pipeline, send
from commands.servers import Place, broker, database
from config.database import connect
from config.folder import DataFolder

MINUTES, RATE = 20.0, 500
_WARM = 0.25  # of the time, in which caches fill
_HOURS = 72.0


def run(*, minutes: float = MINUTES, rate: int = RATE) -> dict[str, Any]:
    """`heap_mb` {first, last, growth_per_hour, growth_in_72_h}, elements and listeners in the page."""
    with tempfile.TemporaryDirectory(prefix="shijing-bench-", ignore_cleanup_errors=True) as folder:
        place = Place(data=Path(folder) / "data")
        with database(place) as url, broker(place) as mqtt:
            furnish(url)
            with connect(url, "bench", autocommit=True) as connection:
                headers = somebody(connection, "commander", None)
            log = DataFolder(Path(folder) / "data") / "logs" / "pipeline.log"
            context = multiprocessing.get_context("fork")
            stop, sent = context.Event(), context.Value("q", 0)
            sender = context.Process(target=send, args=(mqtt, rate, SENSORS, stop, sent, _steady))
            with pipeline([*place.arguments()], log):
                sender.start()
                try:
                    with server(url) as address, chromium() as browser, page_of(browser, headers) as page:
                        samples = _watched(page, address, minutes)
                finally:
                    stop.set()
                    sender.join()
    return {**_figures(samples), "minutes": minutes, "readings_sent": sent.value, "conditions": _conditions(rate)}


def _steady(turn: int, group: int, place: int) -> float:
    """Depths in cm: fifty devices stand under water all the time, so that what is open neither grows nor shrinks while
    every reading differs from the one before."""
    if group % 10 == 0 and place == 0:
        return 5.0 + turn % 3
    return 1.0 + (turn + place) % 10 / 10


def _watched(page: Page, address: str, minutes: float) -> list[dict[str, float]]:
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.goto(address)
    until(page, "document.body.dataset.ready === 'true'")
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    began, samples = time.monotonic(), []
    while (passed := time.monotonic() - began) < minutes * 60:
        samples.append({"hours": passed / 3600, **_sample(session)})
        page.wait_for_timeout(min(60_000, minutes * 60_000 / 8))
    samples.append({"hours": (time.monotonic() - began) / 3600, **_sample(session)})
    return samples


def _sample(session: CDPSession) -> dict[str, float]:
    session.send("HeapProfiler.collectGarbage")
    told = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    return {
        "heap_mb": told["JSHeapUsedSize"] / 1e6,
        "elements": told["Nodes"],
        "listeners": told["JSEventListeners"],
    }


def _figures(samples: list[dict[str, float]]) -> dict[str, Any]:
    warm = [one for one in samples if one["hours"] >= _WARM * samples[-1]["hours"]]
    hours = np.array([one["hours"] for one in warm])

    def told(name: str) -> dict[str, float]:
        values = np.array([one[name] for one in warm])
        slope = float(np.polyfit(hours, values, 1)[0])
        return {
            "first": round(float(values[0]), 2),
            "last": round(float(values[-1]), 2),
            "most": round(float(values.max()), 2),
            "growth_per_hour": round(slope, 2),
            "growth_in_72_h": round(slope * _HOURS, 1),
        }

    return {
        "heap_mb": told("heap_mb"),
        "elements": told("elements"),
        "listeners": told("listeners"),
        "samples": len(samples),
    }


def _conditions(rate: int) -> dict[str, Any]:
    return {
        "rate": rate,
        "sensors": SENSORS,
        "cores": os.cpu_count(),
        "load_average": [round(one, 1) for one in os.getloadavg()],
        "python": platform.python_version(),
    }


def lines(result: dict[str, Any]) -> list[str]:
    """For people."""
    heap = result["heap_mb"]
    return [
        f"heap: {heap['first']} MB after the first quarter, {heap['last']} MB at the end of {result['minutes']:g} min"
        f" ({heap['growth_per_hour']:+} MB an hour)",
        f"elements: {result['elements']['first']:g} → {result['elements']['last']:g};"
        f" listeners: {result['listeners']['first']:g} → {result['listeners']['last']:g}",
        f"{result['readings_sent']:,} readings sent meanwhile",
    ]
