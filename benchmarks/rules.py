"""`shijing bench rules`: 100,000 sensors under all shipped rules, beside the same thresholds in Prometheus.

One run after the other on one machine: the kernel alone; the start of a pipeline with a day of
readings behind it; readings in packs at full speed; the delay of alerts at a steady rate, with
what the processes take meanwhile; then the peer under the same readings.
"""

import os
import platform
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from alerts.rules import AnyRule, load_rules
from benchmarks.chain import send
from benchmarks.latency import ALARM_EVERY, RATE, SAMPLES, SECONDS, from_publish_to_commit
from benchmarks.rules_city import Packs, furnish, remember_a_day
from benchmarks.rules_kernel import kernel
from benchmarks.rules_mix import GATEWAY, SENSORS, Mix, city_mix, told_mix
from benchmarks.rules_peer import peer
from benchmarks.rules_usage import Usage, broker_processes, server_processes
from commands.children import Child
from commands.servers import Place, broker, database
from config.database import connect
from config.migrate import migrate
from config.settings import CONFIG, BrokerSettings
from geo.defaults import import_defaults

_WARM_UP = 0.2  # of the turns, before the rate is taken
_TURN_US = 1_000_000  # event time between two readings of a sensor at full speed


@dataclass(frozen=True, kw_only=True)
class _Stage:
    """The servers that a pipeline works with."""

    place: Place
    url: str
    mqtt: BrokerSettings

    @contextmanager
    def pipeline(self) -> Iterator[tuple[psutil.Process, float]]:
        """A running one, and the seconds from its start to being ready."""
        data = self.place.folder()
        child = Child(
            name="pipeline",
            arguments=["pipeline", *self.place.arguments()],
            log_file=data / "logs" / "pipeline.log",
            # The day behind it was not received by a pipeline: the books cannot know of it.
            environment={"SHIJING_LEDGER_CHECKS": "false"},
        )
        started = time.perf_counter()
        child.start()
        try:
            child.await_ready()
            yield psutil.Process(child.process.pid), time.perf_counter() - started
        finally:
            child.ask_to_stop()
            child.await_end()


def run(*, readings: int = 2_000_000, peer_folder: Path | None = None) -> dict[str, Any]:
    """Figures of this machine; the peer's programs are looked for in `peer_folder` first."""
    rules, load = load_rules(CONFIG / "rules"), os.getloadavg()[0]
    mix = city_mix(time.time_ns() // 1000)
    with tempfile.TemporaryDirectory(prefix="shijing-bench-", ignore_cleanup_errors=True) as folder:
        result = _ours(Place(data=Path(folder) / "data"), mix, rules, max(2, readings // SENSORS))
    result["peer"] = peer(mix, rules, peer_folder)
    result["conditions"] |= {"load_average": [round(load, 2), round(os.getloadavg()[0], 2)]}
    return result


def _ours(place: Place, mix: Mix, rules: list[AnyRule], turns: int) -> dict[str, Any]:
    with database(place) as url, broker(place) as mqtt:
        stage = _Stage(place=place, url=url, mqtt=mqtt)
        bare = _bare_memory(stage)
        with connect(url, "bench", autocommit=True) as connection:
            furnish(connection, mix)
            stored, windowed = remember_a_day(connection, mix, time.time_ns() // 1000)
            alone = kernel(connection, mix, rules, time.time_ns() // 1000)
        with stage.pipeline() as (process, start_s):
            filled = process.memory_info().rss
            packs = Packs(mix)
            rate = _full_speed(stage, packs, turns)
            delay, usage = _steady(stage, mix, packs, process)
            grown = process.memory_info().rss
    return {
        "kernel_readings_per_s": alone["readings_per_s"],
        "chain_readings_per_s": round(rate),
        "alert_latency_ms": delay,
        "start_s": round(start_s, 2),
        "memory_per_sensor_bytes": {
            "process": round((filled - bare) / SENSORS),
            "process_after_the_run": round((grown - bare) / SENSORS),
            "rule_state": alone["state_bytes"],
        },
        "usage": usage,
        "conditions": _conditions(rules, turns, alone["pairs"], stored, windowed),
    }


def _conditions(rules: list[AnyRule], turns: int, pairs: int, stored: int, windowed: int) -> dict[str, Any]:
    return {
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "rules": f"{len(rules)} files, all on: {pairs} pairs of a rule and a subject",
        **told_mix(),
        "kernel": "placed, suspect, late_needs and evaluate in this process, by size of batch",
        "chain": f"{turns * SENSORS} readings in SenML packs of {GATEWAY}, the first {_WARM_UP:.0%} unmeasured",
        "latency": f"{RATE} readings/s for {SECONDS} s, one alarm in {ALARM_EVERY}, every quantity in turn;"
        " PUBLISH to NOTIFY of commit, of every alert that is raised",
        "start": f"process start to subscribed; {stored} readings of a day stored, {windowed} of them in windows,"
        " in the server's cache",
        "memory": "resident set beyond that of a pipeline without sensors",
        "all": "QoS 1, acknowledged after commit, fsync on, locating on, embedded broker and database, ledger off",
    }


def _bare_memory(stage: _Stage) -> int:
    """Resident set of a pipeline that knows no sensor."""
    with connect(stage.url, "bench", autocommit=True) as connection:
        migrate(connection)
        import_defaults(connection)
    with stage.pipeline() as (process, _):
        return int(process.memory_info().rss)


def _full_speed(stage: _Stage, packs: Packs, turns: int) -> float:
    """Readings a second from the first PUBLISH to the last commit."""
    made = list(packs.turns(turns, time.time_ns() // 1000, _TURN_US))
    warm = int(len(made) * _WARM_UP)
    send(stage.url, stage.mqtt, made[:warm])
    started = time.perf_counter()
    send(stage.url, stage.mqtt, made[warm:])
    return (len(made) - warm) * GATEWAY / (time.perf_counter() - started)


def _steady(
    stage: _Stage, mix: Mix, packs: Packs, process: psutil.Process
) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Delay of alerts, and what each process takes for it."""
    with ExitStack() as open_:
        parts = {
            "pipeline": [process],
            "database": server_processes(open_.enter_context(connect(stage.url, "bench", autocommit=True))),
            "broker": broker_processes(stage.place.folder()),
        }
        usage = {name: Usage(its) for name, its in parts.items()}
        alarms = mix.alarms(RATE * SECONDS // ALARM_EVERY)
        delay = from_publish_to_commit(
            stage.url, stage.mqtt, _alarming(packs, alarms), per_second=RATE / GATEWAY, alarms=len(alarms)
        )
        return delay, {name: each.told() for name, each in usage.items()}


def _alarming(packs: Packs, alarms: list[int]) -> Iterator[bytes]:
    """One pack after the other; of every `ALARM_EVERY` readings the first two packs carry the same alarm."""
    between = ALARM_EVERY // GATEWAY
    for k in range(RATE * SECONDS // GATEWAY):
        turn, place = divmod(k, between)
        now = time.time_ns() // 1000
        alarm = alarms[turn] if place < SAMPLES else None
        yield packs.one(k % (SENSORS // GATEWAY) if alarm is None else alarm // GATEWAY, now, alarm)


def lines(result: dict[str, Any]) -> list[str]:
    """For people."""
    kernel_rates = ", ".join(f"{rate:,} in batches of {size}" for size, rate in result["kernel_readings_per_s"].items())
    delay, memory = result["alert_latency_ms"], result["memory_per_sensor_bytes"]
    figures = [
        f"kernel alone:   {kernel_rates} (readings/s)",
        f"whole chain:    {result['chain_readings_per_s']:,} readings/s",
        f"publish → committed alert at {RATE:,} readings/s: p50 {delay['p50']} ms, p99 {delay['p99']} ms",
        f"start with {SENSORS:,} sensors and a day of readings: {result['start_s']} s",
        f"memory a sensor: {memory['process']} bytes of the process, {memory['rule_state']} of them the rules'",
    ]
    for name, told in (result["usage"] | result["peer"].get("usage", {})).items():
        figures.append(f"  {name}: {told['cpu_s']} CPU s in {told['seconds']} s, {told['memory_mb']} MB")
    return [*figures, f"peer: {_peer_line(result['peer'])}", *_told(result["conditions"])]


def _peer_line(told: dict[str, Any]) -> str:
    if "delay_ms" not in told:
        return str(told["not_run"])
    delay = told["delay_ms"]
    return (
        f"{told['programs']}, scraped each {told['scrape_s']} s: crossing → notification p50 {delay['p50']} ms,"
        f" p99 {delay['p99']} ms; {told['notified']} of {told['crossings']} crossings notified"
    )


def _told(conditions: dict[str, Any]) -> list[str]:
    return [f"  {name}: {value}" for name, value in conditions.items()]
