"""The same thresholds in Prometheus with Alertmanager, under the same readings; not run where they are not there."""

import json
import multiprocessing
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import psutil

from alerts.rules import AnyRule, EventRule, Rule
from benchmarks.latency import ALARM_EVERY, RATE, SECONDS
from benchmarks.rules_exporter import export
from benchmarks.rules_mix import Mix
from benchmarks.rules_promql import alerting_rules
from benchmarks.rules_usage import Usage

_SCRAPES_S = (1, 2, 5, 10)  # the first that is sustained
_SETTLE_S = 20.0
_BORN_S = 3.0
_STOP_S = 10.0
_PATIENCE_S = 60.0
_ABSENT = (
    "Prometheus and Alertmanager were not found: install Debian's packages prometheus and prometheus-alertmanager,"
    " or unpack them (apt-get download, dpkg -x), copy usr/share/prometheus/alertmanager to /usr/share/prometheus"
    " and name the folder with --peer-folder"
)
_NOT_DONE = (
    "a reading that comes late or out of order: the exporter shows the newest value alone",
    "what crossed and came back between two scrapes, or while Prometheus was down: nobody knows of it afterwards",
    "samples in a row: `for` counts time, so `raise_after` is left out (in its favour)",
    "clear lines under the threshold (margin, clear_for): an alert ends with the first scrape under its threshold",
    "who has to act: no plans, runs, tasks or incidents; nothing is committed before it is told",
)


@dataclass(frozen=True, kw_only=True)
class _Programs:
    prometheus: str
    alertmanager: str


@dataclass(frozen=True, kw_only=True)
class _Peer:
    """The running peer."""

    url: str  # of Prometheus
    exporter: Connection
    processes: dict[str, psutil.Process]
    notified: dict[str, float]  # sensor → when its first notification came; grows
    folder: Path  # with a log of each program

    def died(self) -> str:
        """What a program said that did not stay, a while after its start; empty where all are there."""
        time.sleep(_BORN_S)
        for name, process in self.processes.items():
            if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
                said = [log.read_text(errors="replace")[-400:] for log in self.folder.glob(f"*{name}.log")]
                return f"{name} did not start: {' '.join(said)}"
        return ""


def peer(mix: Mix, rules: list[AnyRule], folder: Path | None) -> dict[str, Any]:
    """From crossing to notification, and what it takes; or why it was not run."""
    programs = _find(folder)
    if programs is None:
        return {"not_run": _ABSENT}
    try:
        return _first_sustained(programs, mix, rules)
    except (OSError, EOFError) as error:  # our own figures are not to be lost with it
        return {"not_run": f"it stopped: {error}"}


def _first_sustained(programs: _Programs, mix: Mix, rules: list[AnyRule]) -> dict[str, Any]:
    alarms = mix.alarms(RATE * SECONDS // ALARM_EVERY, quantities=_at_once(rules))
    for scrape_s in _SCRAPES_S:
        wanted, left_out = alerting_rules(rules, 1)
        with _running(programs, mix, alarms, wanted, scrape_s) as stage:
            if died := stage.died():
                return {"not_run": died}
            if _sustained(stage, scrape_s):
                told = _measured(stage, len(alarms)) | _about(programs, wanted, left_out)
                return told | {"scrape_s": scrape_s}
    return {"not_run": f"the machine sustains no scrape interval up to {_SCRAPES_S[-1]} s"}


def _find(folder: Path | None) -> _Programs | None:
    path = str(folder / "usr" / "bin") if folder else None
    prometheus = shutil.which("prometheus", path=path)
    alertmanager = shutil.which("prometheus-alertmanager", path=path) or shutil.which("alertmanager", path=path)
    return _Programs(prometheus=prometheus, alertmanager=alertmanager) if prometheus and alertmanager else None


def _at_once(rules: list[AnyRule]) -> set[str]:
    """Quantities whose readings are compared themselves: windows would need a day of scrapes first."""
    events = {rule.quantity for rule in rules if isinstance(rule, EventRule)}
    plain = (rule for rule in rules if isinstance(rule, Rule))
    return events | {rule.quantity for rule in plain if any(one.of == "value" for one in rule.measures().values())}


@contextmanager
def _running(programs: _Programs, mix: Mix, alarms: list[int], rules: dict[str, Any], scrape_s: int) -> Iterator[_Peer]:
    ours, theirs = multiprocessing.get_context("fork").Pipe()
    exporter = multiprocessing.get_context("fork").Process(target=export, args=(mix, alarms, theirs), daemon=True)
    exporter.start()
    notified: dict[str, float] = {}
    hook = _webhook(notified)
    web, manager = _free_port(), _free_port()
    with tempfile.TemporaryDirectory(prefix="shijing-peer-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        _write(folder / "alertmanager.yml", _routing(hook.server_address[1]))
        _write(folder / "rules.yml", rules)
        _write(folder / "prometheus.yml", _scraping(_answer(ours), manager, scrape_s, folder / "rules.yml"))
        started = [_start(each, folder) for each in _commands(programs, folder, web, manager)]
        pids = [*(process.pid for process in started), exporter.pid]
        named = zip(("prometheus", "alertmanager", "exporter"), pids, strict=True)
        processes = {which: psutil.Process(pid) for which, pid in named}
        try:
            yield _Peer(
                url=f"http://127.0.0.1:{web}",
                exporter=ours,
                processes=processes,
                notified=notified,
                folder=folder,
            )
        finally:
            for process in started:
                _stop(process)
            exporter.terminate()
            exporter.join()
            hook.shutdown()


def _answer(exporter: Connection) -> Any:
    """What the exporter says next; raises TimeoutError where it says nothing."""
    if not exporter.poll(_PATIENCE_S + SECONDS):
        raise TimeoutError("the exporter does not answer: the machine is too busy for it")
    return exporter.recv()


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content))  # JSON is YAML


def _routing(port: int) -> dict[str, Any]:
    """Every alert for itself and at once."""
    hook = {"url": f"http://127.0.0.1:{port}/", "send_resolved": False}
    route = {"receiver": "bench", "group_by": ["..."], "group_wait": "0s", "group_interval": "1s"}
    return {"route": route, "receivers": [{"name": "bench", "webhook_configs": [hook]}]}


def _scraping(exporter: int, manager: int, scrape_s: int, rules: Path) -> dict[str, Any]:
    every = f"{scrape_s}s"
    return {
        "global": {"scrape_interval": every, "scrape_timeout": every, "evaluation_interval": "1s"},
        "rule_files": [str(rules)],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{manager}"]}]}]},
        "scrape_configs": [{"job_name": "city", "static_configs": [{"targets": [f"127.0.0.1:{exporter}"]}]}],
    }


def _commands(programs: _Programs, folder: Path, web: int, manager: int) -> tuple[list[str], list[str]]:
    return (
        [
            programs.prometheus,
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'samples'}",
            f"--web.listen-address=127.0.0.1:{web}",
        ],
        [
            programs.alertmanager,
            f"--config.file={folder / 'alertmanager.yml'}",
            f"--storage.path={folder / 'silences'}",
            f"--web.listen-address=127.0.0.1:{manager}",
            "--cluster.listen-address=",
        ],
    )


def _start(command: list[str], folder: Path) -> "subprocess.Popen[bytes]":
    with (folder / f"{Path(command[0]).name}.log").open("wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:  # it writes what it has scraped first, which may take long
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _webhook(notified: dict[str, float]) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            now = time.time()
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            for alert in told["alerts"]:
                notified.setdefault(alert["labels"].get("sensor", ""), now)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    return server


def _sustained(stage: _Peer, scrape_s: int) -> bool:
    """Whether it scrapes in time, once it has settled: its first scrape is dearer, every series is new."""
    deadline = time.monotonic() + _PATIENCE_S
    while not _asked(stage, "count_over_time(scrape_duration_seconds[5m])") and time.monotonic() < deadline:
        time.sleep(0.2)
    time.sleep(_SETTLE_S + 2 * scrape_s)
    over = f"[{10 + scrape_s}s]"
    came = _asked(stage, f"count_over_time(up{over})")
    took = _asked(stage, f"max_over_time(scrape_duration_seconds{over})")
    up = _asked(stage, f"min_over_time(up{over})")
    return bool(up and took) and up[0] == 1 and took[0] < scrape_s and came[0] >= 10 // scrape_s


def _asked(stage: _Peer, query: str) -> list[float]:
    """The values that answer it; none where it does not answer (yet)."""
    try:
        with urllib.request.urlopen(f"{stage.url}/api/v1/query?{urllib.parse.urlencode({'query': query})}") as answer:
            return [float(one["value"][1]) for one in json.load(answer)["data"]["result"]]
    except OSError:
        return []


def _own_metric(stage: _Peer, name: str) -> float:
    """The sum of one of Prometheus' own metrics."""
    with urllib.request.urlopen(f"{stage.url}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


def _measured(stage: _Peer, wanted: int) -> dict[str, Any]:
    missed = _own_metric(stage, "prometheus_rule_group_iterations_missed_total")
    usage = {name: Usage([process]) for name, process in stage.processes.items()}
    stage.exporter.send("begin")
    crossings: dict[str, float] = _answer(stage.exporter)
    told = {name: each.told() for name, each in usage.items()}
    deadline = time.monotonic() + _PATIENCE_S
    while len(crossings.keys() & stage.notified.keys()) < wanted and time.monotonic() < deadline:
        time.sleep(0.05)
    delays = [(stage.notified[sensor] - at) * 1000 for sensor, at in crossings.items() if sensor in stage.notified]
    p50, p99 = np.percentile(delays, [50, 99]) if delays else (np.nan, np.nan)
    return {
        "delay_ms": {"p50": round(float(p50)), "p99": round(float(p99))},
        "crossings": len(crossings),
        "notified": len(delays),
        "evaluations_missed": round(_own_metric(stage, "prometheus_rule_group_iterations_missed_total") - missed),
        "scrape_took_s": round(max(_asked(stage, "max_over_time(scrape_duration_seconds[20s])"), default=np.nan), 2),
        "usage": told,
    }


def _about(programs: _Programs, rules: dict[str, Any], left_out: list[str]) -> dict[str, Any]:
    versions = [_version(program) for program in (programs.prometheus, programs.alertmanager)]
    return {
        "programs": " with ".join(versions),
        "settings": "evaluation_interval 1 s, group_wait 0 s, every alert its own notification, no other flags",
        "rules": sum(len(group["rules"]) for group in rules["groups"]),
        "rules_left_out": left_out,
        "windows": "against the value at an offset; no day of scrapes behind them, so they find nothing to compare",
        "does_not_do": list(_NOT_DONE),
    }


def _version(program: str) -> str:
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return " ".join((told.stdout or told.stderr).split()[:3]).rstrip(",").replace(", version", "")
