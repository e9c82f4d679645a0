"""`shijing bench screen`: from a reading's PUBLISH to the pixel, with many screens on one machine.

Everything is a process of its own, as in an installation: database, broker, pipeline, web server, a Chromium without a
GPU, and the other screens as streams of one process. Readings flow all the while, also during the first view.
"""

import multiprocessing
import os
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import numpy as np
import psutil

from benchmarks.boundaries_view import chromium
from benchmarks.screen_browser import ages_ms, conditions, first_view_s, level_change_ms, pan_fps, screen
from benchmarks.screen_city import City, furnish_screens, seed_week, send_steadily
from benchmarks.screen_clients import run_watchers
from commands.children import Child
from commands.servers import Place, broker, database
from config.database import connect
from config.settings import BrokerSettings, WebSettings
from web.serve import serve

SENSORS, RATE, SCREENS, SECONDS, PER_DAY = 100_000, 5_000, 50, 180, 4
_CHANGES = 7
_FIRST_VIEWS = 5
_SEEKS = 20
_LONGEST_S = 3600.0  # of everything that is measured while readings flow
_spawn = multiprocessing.get_context("spawn")


def run(
    *,
    sensors: int = SENSORS,
    rate: int = RATE,
    screens: int = SCREENS,
    seconds: float = SECONDS,
    per_day: int = PER_DAY,
) -> dict[str, Any]:
    """`pixel_ms` {p50, p99}, `first_view_s`, `level_change_ms`, `pan_fps`, `seek_ms`, and what they are made of.

    `at_rest`: the first view, the level change and the pan once more, of a screen alone before any reading flows.
    """
    with tempfile.TemporaryDirectory(prefix="shijing-bench-", ignore_cleanup_errors=True) as folder:
        place = Place(data=Path(folder) / "data")
        with database(place) as url, broker(place) as mqtt:
            city = furnish_screens(url, sensors)
            with _pipeline(place) as pipeline, _server(url) as (address, web), chromium() as browser:
                at_rest = _looked_at(browser, address, city)
                with _readings(mqtt, sensors, rate), _others(address, city, screens - 1) as others:
                    meter = _Meter(url, {"pipeline": [pipeline], "web": [web], "database": _postgres(place)})
                    figures = _watched(browser, address, city, others, meter, seconds)
                figures["seek_ms"] = seek_ms(url, address, city, per_day)
                told = conditions(browser)
    return figures | {
        "at_rest": at_rest,
        "conditions": {
            "sensors": sensors,
            "readings_per_s": rate,
            "screens": f"1 Chromium and {screens - 1} streams",
            "cpus": os.cpu_count(),
            "load_average": [round(one, 1) for one in os.getloadavg()],
            "sensors_in_view": city.townships[0].sensors,
            "seconds": seconds,
            **told,
        },
    }


def _looked_at(browser: Any, address: str, city: City) -> dict[str, Any]:
    """How soon it is there, how soon it is elsewhere, and how it is dragged about."""
    firsts = []
    for place in city.townships[:_FIRST_VIEWS]:
        with screen(browser, address, city.cookies) as page:
            firsts.append(first_view_s(page, address, place))
    with screen(browser, address, city.cookies) as page:
        first_view_s(page, address, city.townships[0])
        change = level_change_ms(page, city.townships[_FIRST_VIEWS : _FIRST_VIEWS + _CHANGES])
        pan = pan_fps(page)
    return {
        "first_view_s": round(median(firsts), 2),
        "first_views_s": [round(one, 2) for one in firsts],  # at rest the first is of a server that just began
        "level_change_ms": round(change),
        "pan_fps": pan["fps"],
        "longest_frame_ms": pan["longest_frame_ms"],
    }


def _watched(browser: Any, address: str, city: City, others: Any, meter: "_Meter", seconds: float) -> dict[str, Any]:
    looked = _looked_at(browser, address, city)
    with screen(browser, address, city.cookies) as page:
        first_view_s(page, address, city.townships[0])
        others.send("begin")
        with meter:
            ages = ages_ms(page, seconds)
        others.send("end")
        frames, received, theirs = others.recv()
    return {
        "pixel_ms": _percentiles(ages),
        **looked,
        "labels_drawn": len(ages),
        "stream_ms": _percentiles(theirs),  # until a frame reached a stream
        "stream_frames_per_s": round(frames / seconds, 1),
        "stream_kb_per_s": round(received / seconds / 1000),
        **meter.told(),
    }


class _Meter:
    """What the chain does meanwhile: shares of a core, and how long nothing was committed."""

    def __init__(self, url: str, processes: Mapping[str, Sequence[psutil.Process]]) -> None:
        self._url = url
        self._processes = processes
        self._stop = threading.Event()
        self._gap_s = self._took_s = 0.0
        self._cpu: dict[str, float] = {}
        self._thread = threading.Thread(target=self._listen)

    def __enter__(self) -> None:
        self._begun, self._before = time.monotonic(), self._cpu_s()
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._took_s = time.monotonic() - self._begun
        self._cpu = {name: spent - self._before[name] for name, spent in self._cpu_s().items()}
        self._stop.set()
        self._thread.join()

    def told(self) -> dict[str, Any]:
        shares = {name: round(spent / self._took_s, 2) for name, spent in self._cpu.items()}
        return {"cores_taken": shares, "longest_gap_between_commits_ms": round(1000 * self._gap_s)}

    def _cpu_s(self) -> dict[str, float]:
        times = {name: [one.cpu_times() for one in some] for name, some in self._processes.items()}
        return {name: sum(one.user + one.system for one in some) for name, some in times.items()}

    def _listen(self) -> None:
        with connect(self._url, "bench", autocommit=True) as connection:
            connection.execute("listen shijing_readings")
            last = time.monotonic()
            while not self._stop.is_set():
                for _ in connection.notifies(timeout=0.5, stop_after=1):
                    now = time.monotonic()
                    self._gap_s, last = max(self._gap_s, now - last), now


def _postgres(place: Place) -> list[psutil.Process]:
    first = int((place.folder().path / "postgres" / "postmaster.pid").read_text().split()[0])
    return [psutil.Process(first), *psutil.Process(first).children()]


def seek_ms(url: str, address: str, city: City, per_day: int) -> float | None:
    """How long a moment of the past week takes to come, 95 of 100; None where the server has no past."""
    cookies = {"shijing": city.secret}
    with httpx.Client(base_url=address, cookies=cookies, timeout=120) as client:
        now = time.time()
        asked: list[dict[str, str | int]] = [
            {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - 7 * 86400 * share)), "in": place.division}
            for share, place in zip(np.linspace(0.05, 0.95, _SEEKS), city.townships, strict=False)
        ]
        if client.get("api/then", params=asked[0]).status_code == 404:
            return None
        seed_week(url, per_day)
        took = []
        for moment in asked:
            begun = time.perf_counter()
            client.get("api/then", params=moment).raise_for_status()
            took.append(1000 * (time.perf_counter() - begun))
    return round(float(np.percentile(took, 95)), 1)


def _percentiles(ms: Sequence[float]) -> dict[str, float]:
    p50, p99 = np.percentile(ms, [50, 99]) if len(ms) else (float("nan"), float("nan"))
    return {"p50": round(float(p50), 1), "p99": round(float(p99), 1)}


@contextmanager
def _pipeline(place: Place) -> Iterator[psutil.Process]:
    log = place.folder().path / "logs" / "pipeline.log"
    child = Child(name="pipeline", arguments=["pipeline", *place.arguments()], log_file=log)
    child.start()
    try:
        child.await_ready()
        yield psutil.Process(child.process.pid)
    finally:
        child.ask_to_stop()
        child.await_end()


@contextmanager
def _server(url: str) -> Iterator[tuple[str, psutil.Process]]:
    """The web server: its address and its process."""
    here, there = _spawn.Pipe()
    process = _spawn.Process(target=_serve, args=(url, there))
    process.start()
    try:
        yield here.recv(), psutil.Process(process.pid)
    finally:
        process.terminate()
        process.join(15)


def _serve(url: str, pipe: Any) -> None:
    serve(WebSettings(port=0, rate_requests="", rate_changes=""), url, ready=pipe.send)


@contextmanager
def _readings(mqtt: BrokerSettings, sensors: int, rate: int) -> Iterator[None]:
    """Flow for the length of the block."""
    sender = _spawn.Process(target=send_steadily, args=(mqtt, sensors, rate, time.time() + _LONGEST_S))
    sender.start()
    try:
        yield
    finally:
        sender.terminate()
        sender.join(15)


@contextmanager
def _others(address: str, city: City, count: int) -> Iterator[Any]:
    """The other screens, all with their first view: half of them of the whole city."""
    port = int(address.rstrip("/").rsplit(":", 1)[1])
    divisions = [None if n % 2 else city.townships[n // 2].division for n in range(count)]
    here, there = _spawn.Pipe()
    process = _spawn.Process(target=run_watchers, args=(port, city.secret, divisions, there), daemon=True)
    process.start()
    try:
        here.recv()
        yield here
    finally:
        process.terminate()
        process.join(15)


def lines(result: dict[str, Any]) -> list[str]:
    """For people."""
    pixel, stream, seek = result["pixel_ms"], result["stream_ms"], result["seek_ms"]
    return [
        f"publish → pixel:   p50 {pixel['p50']} ms, p99 {pixel['p99']} ms ({result['labels_drawn']} labels)",
        f"publish → stream:  p50 {stream['p50']} ms, p99 {stream['p99']} ms,"
        f" {result['stream_frames_per_s']} frames/s and {result['stream_kb_per_s']} kB/s to all",
        f"first view:        {result['first_view_s']} s",
        f"level change:      {result['level_change_ms']} ms",
        f"pan:               {result['pan_fps']} frames/s, longest frame {result['longest_frame_ms']} ms",
        f"  at rest:         {result['at_rest']}",
        f"seek:              {'not measured: this server has no /api/then' if seek is None else f'{seek} ms'}",
        f"cores taken:       {result['cores_taken']}",
        *(f"  {name}: {value}" for name, value in result["conditions"].items()),
    ]
