"""`shijing bench chain`: publisher, broker, pipeline and database on one machine, and the naive chain beside them.

QoS 1, acknowledgement after commit, locating and rules on, the primary key on readings. The
pipeline is the product's own process; the clock of a run starts at the first PUBLISH and stops
when the last reading is committed.
"""

import json
import multiprocessing
import os
import platform
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.city import SENSORS, TOPIC, furnish
from benchmarks.latency import RATE, SECONDS, latency
from benchmarks.load import Sender, publish_packet
from benchmarks.naive import naive_rate
from commands.children import Child
from commands.servers import Place, broker, database
from config.database import Connection, connect
from config.folder import DataFolder
from config.settings import BrokerSettings

_PACK = 20
_WARM_UP = 0.2  # of the readings, before memory is looked at
_PATIENCE_S = 300.0


@dataclass(frozen=True, kw_only=True)
class _Stage:
    """The running chain."""

    url: str
    mqtt: BrokerSettings
    pipeline: psutil.Process


def run(*, readings: int = 2_000_000, singles: int = 60_000) -> dict[str, Any]:
    """Figures of this machine; `readings` go in packs of 20, `singles` one by one."""
    with (
        tempfile.TemporaryDirectory(prefix="shijing-bench-", ignore_cleanup_errors=True) as folder,
        _stage(Path(folder)) as stage,
    ):
        packed, growth = _packed(stage, readings)
        single = _single(stage, singles)
        in_packs = latency(stage.url, stage.mqtt, pack=_PACK, first_device=0)
        one_by_one = latency(stage.url, stage.mqtt, pack=1, first_device=1000)
        naive = naive_rate(stage.url, stage.mqtt)
    return {
        "packed_readings_per_s": round(packed),
        "single_readings_per_s": round(single),
        "alert_latency_ms": in_packs,
        "alert_latency_single_ms": one_by_one,
        "naive_readings_per_s": round(naive),
        "rss_growth_mb": round(growth, 1),
        "conditions": _conditions(readings, singles),
    }


def _conditions(readings: int, singles: int) -> dict[str, Any]:
    return {
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "sensors": SENSORS,
        "packed": f"{readings} readings in SenML packs of {_PACK}",
        "single": f"{singles} JSON messages",
        "latency": f"{RATE} readings/s for {SECONDS} s, in packs of {_PACK} and single; PUBLISH to NOTIFY of commit",
        "memory": f"resident set of the pipeline from {_WARM_UP:.0%} of the packed readings to the end",
        "all": "QoS 1, acknowledged after commit, fsync on, rules and locating on, embedded broker and database",
    }


@contextmanager
def _stage(folder: Path) -> Iterator[_Stage]:
    place = Place(data=folder / "data")
    data = DataFolder(folder / "data")
    with database(place) as url, broker(place) as mqtt:
        furnish(url)
        child = Child(
            name="pipeline", arguments=["pipeline", *place.arguments()], log_file=data / "logs" / "pipeline.log"
        )
        child.start()
        try:
            child.await_ready()
            yield _Stage(url=url, mqtt=mqtt, pipeline=psutil.Process(child.process.pid))
        finally:
            child.ask_to_stop()
            child.await_end()


def _packed(stage: _Stage, readings: int) -> tuple[float, float]:
    """Readings per second in packs, and how much the pipeline's memory grew, MB."""
    packs = readings // _PACK
    warm = int(packs * _WARM_UP)
    begin = _begin()
    send(stage.url, stage.mqtt, _packs(0, warm, begin))
    before = stage.pipeline.memory_info().rss
    started = time.perf_counter()
    send(stage.url, stage.mqtt, _packs(warm, packs, begin))
    rate = (packs - warm) * _PACK / (time.perf_counter() - started)
    return rate, (stage.pipeline.memory_info().rss - before) / 2**20


def _single(stage: _Stage, count: int) -> float:
    begin = _begin()
    packets = [
        publish_packet(TOPIC.format(k % SENSORS), _reading(_value(k), begin + k // SENSORS * 0.001), 1 + k % 60_000)
        for k in range(count)
    ]
    started = time.perf_counter()
    send(stage.url, stage.mqtt, packets)
    return count / (time.perf_counter() - started)


def _begin() -> float:
    """Seconds since the epoch, whole: readings of a run begin there and go up by milliseconds."""
    return float(int(time.time()) - 600)


def _value(k: int) -> float:
    return 1.0 + k % 100 / 100  # cm of water: below every threshold


def _reading(value: float, time_s: float) -> bytes:
    return json.dumps({"value": value, "time": time_s, "unit": "cm"}).encode()


def _packs(first: int, last: int, begin: float) -> list[bytes]:
    """Packs of a gateway that speaks for 20 devices at a time, one reading each."""
    return [
        publish_packet("cq/500103/gateway/senml", _pack(pack, begin), 1 + pack % 60_000) for pack in range(first, last)
    ]


def _pack(pack: int, begin: float) -> bytes:
    turn, group = divmod(pack, SENSORS // _PACK)
    records: list[dict[str, Any]] = [
        {"n": f"bench{group * _PACK + i}/water_depth", "v": _value(pack + i)} for i in range(_PACK)
    ]
    records[0] |= {"bt": begin + turn * 0.001, "bu": "cm"}
    return json.dumps(records).encode()


def send(url: str, mqtt: BrokerSettings, packets: list[bytes]) -> None:
    """Publish from a process of its own and wait until everything is committed."""
    with connect(url, "bench", autocommit=True) as connection:
        wanted = _messages(connection) + len(packets)
        sender = multiprocessing.get_context("fork").Process(target=_publish, args=(mqtt, packets))
        sender.start()
        deadline = time.monotonic() + _PATIENCE_S
        while _messages(connection) < wanted:
            if sender.exitcode or time.monotonic() > deadline:
                raise TimeoutError(f"{_messages(connection)} of {wanted} messages committed after {_PATIENCE_S} s")
            time.sleep(0.02)
        sender.join()


def _messages(connection: Connection) -> int:
    row = connection.execute("select coalesce(sum(messages), 0)::bigint from intake").fetchone()
    return int(row[0]) if row else 0


def _publish(mqtt: BrokerSettings, packets: list[bytes]) -> None:
    with Sender(mqtt.host, mqtt.port, f"bench-{os.getpid()}") as sender:
        sender.send(packets)


def lines(result: dict[str, Any]) -> list[str]:
    """For people."""
    packs, ones = result["alert_latency_ms"], result["alert_latency_single_ms"]
    figures = [
        f"packs of {_PACK}:    {result['packed_readings_per_s']:>9,} readings/s",
        f"single messages: {result['single_readings_per_s']:>9,} readings/s",
        f"naive chain:     {result['naive_readings_per_s']:>9,} readings/s (one INSERT and commit a message)",
        f"publish → committed alert at {RATE:,} readings/s in packs: p50 {packs['p50']} ms, p99 {packs['p99']} ms",
        f"publish → committed alert at {RATE:,} readings/s, single:   p50 {ones['p50']} ms, p99 {ones['p99']} ms",
        f"memory growth of the pipeline: {result['rss_growth_mb']} MB",
    ]
    return figures + [f"  {name}: {value}" for name, value in result["conditions"].items()]
