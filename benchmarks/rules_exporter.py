"""The city for Prometheus: 100,000 values on /metrics that change at the same rate as the readings do.

A process of its own. A line is kept for each sensor and made again only when its value changes,
so a scrape costs little more than joining them.
"""

import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from threading import Thread

import numpy as np

from benchmarks.latency import ALARM_EVERY, RATE
from benchmarks.rules_mix import GATEWAY, SENSORS, STAGE_LEVELS, Mix
from benchmarks.rules_promql import PREFIX

_TOWNSHIPS = 1_016
_SUMMED = "rain"  # exposed as a running total, so that windows are differences


class City:
    """Lines of the exposition by sensor."""

    def __init__(self, mix: Mix) -> None:
        self.mix = mix
        self._luck = np.random.default_rng(6)
        self._heads = [
            f'{PREFIX}{quantity}{{sensor="{name}",township="{n // GATEWAY % _TOWNSHIPS}"}} '
            for n, (name, quantity) in enumerate(zip(mix.names, mix.quantities, strict=True))
        ]
        self._sum = np.zeros(SENSORS)
        self._summed = np.array([quantity == _SUMMED for quantity in mix.quantities])
        self._lines = [b""] * SENSORS
        self._crossed: set[int] = set()
        self._levels = b"".join(
            f'{PREFIX}stage_{level}{{sensor="{name}"}} {value}\n'.encode()
            for name, quantity in zip(mix.names, mix.quantities, strict=True)
            if quantity == "stage"
            for level, value in STAGE_LEVELS.items()
        )
        self.report(np.arange(SENSORS))

    def report(self, sensors: np.ndarray) -> None:
        """New quiet readings of these; those that crossed stay so."""
        now = np.full(len(sensors), time.time_ns() // 1000)
        values = self.mix.values(sensors, now, self._luck.random(len(sensors)))
        self._sum[sensors] += values
        values = np.where(self._summed[sensors], self._sum[sensors], values)
        for sensor, value in zip(sensors.tolist(), values.tolist(), strict=True):
            if sensor not in self._crossed:
                self._lines[sensor] = f"{self._heads[sensor]}{value}\n".encode()

    def cross(self, sensor: int) -> None:
        """Over its thresholds from now on."""
        self._crossed.add(sensor)
        self._lines[sensor] = f"{self._heads[sensor]}{self.mix.crossing[sensor]}\n".encode()

    def exposition(self) -> bytes:
        """All of it."""
        return b"".join(self._lines) + self._levels


def export(mix: Mix, alarms: list[int], told: Connection) -> None:
    """Serve, tell the port; told to begin, report at `RATE` and cross one by one; then tell who crossed when."""
    city = City(mix)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(city))
    Thread(target=server.serve_forever, daemon=True).start()
    told.send(server.server_address[1])
    begun, reported = time.perf_counter(), 0
    crossings: dict[str, float] = {}
    begun_alarms: float | None = None
    while len(crossings) < len(alarms):
        time.sleep(0.01)
        if begun_alarms is None and told.poll():
            told.recv()
            begun_alarms = time.perf_counter()
        due = int((time.perf_counter() - begun) * RATE)
        city.report(np.arange(reported, due) % SENSORS)
        reported = due
        if begun_alarms is not None and (time.perf_counter() - begun_alarms) * RATE >= len(crossings) * ALARM_EVERY:
            sensor = alarms[len(crossings)]
            city.cross(sensor)
            crossings[mix.names[sensor]] = time.time()
    told.send(crossings)
    told.recv()  # served on until nobody asks any more


def _handler(city: City) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = city.exposition()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    return Handler
