"""Processor time and memory of processes over a while."""

import json
import time
from collections.abc import Sequence

import psutil

from config.database import Connection
from config.folder import DataFolder


class Usage:
    """From its making until it is told."""

    def __init__(self, processes: Sequence[psutil.Process]) -> None:
        self._before = {process: _cpu_s(process) for process in processes}
        self._began = time.perf_counter()

    def told(self) -> dict[str, float]:
        """CPU seconds, seconds passed, and memory (shared pages counted once) now."""
        used = sum(_cpu_s(process) - before for process, before in self._before.items())
        memory = sum(_memory(process) for process in self._before)
        return {
            "cpu_s": round(used, 1),
            "seconds": round(time.perf_counter() - self._began, 1),
            "memory_mb": round(memory / 2**20),
        }


def _cpu_s(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def _memory(process: psutil.Process) -> int:
    """Its proportional share where that may be read, else its resident set."""
    try:
        return int(process.memory_full_info().pss)
    except psutil.AccessDenied:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def server_processes(connection: Connection) -> list[psutil.Process]:
    """Those of the database server that the connection leads to."""
    row = connection.execute("select pg_backend_pid()").fetchone()
    assert row is not None
    server = psutil.Process(row[0]).parent()
    assert server is not None
    return [server, *server.children()]


def broker_processes(folder: DataFolder) -> list[psutil.Process]:
    """That of the data folder's broker."""
    return [psutil.Process(json.loads((folder / "broker.json").read_text())["pid"])]
