"""A disk that fills up under the running chain: everything waits, nothing is lost, and with room it goes on by itself.

The database, with its data folder, lies on a small disk and is started by `shijing serve`; broker and pipeline
are processes beside it.
"""

import errno
import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from config.database import connect
from config.embedded_database import is_up
from config.folder import DataFolder
from config.settings import PROJECT, BrokerSettings
from tests.broker.chain import PATIENCE_S, SCENARIO, Chain, differences, eventually

MEGABYTES = 640  # a data folder is not opened with less than 500 free


def on_small_disk(folder: Path, megabytes: int, *arguments: str) -> list[str]:
    """A command of ours whose data folder lies on a disk of its own."""
    tool = str(PROJECT / "tests" / "tools" / "small_disk")
    ours = [sys.executable, "-m", "shijing", *arguments, "--data", str(folder / "data")]
    return [tool, str(folder), str(megabytes), *ours]


class SmallDisk:
    """`shijing serve` with its data folder on a disk of its own; seen from here by way of /proc."""

    def __init__(self, folder: Path, log: Path) -> None:
        self._log = log
        command = on_small_disk(folder, MEGABYTES, "serve", "--port", "0", "--lifeline")
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=PROJECT
            )
        assert self._process.stdout is not None
        word, _, self._page = self._process.stdout.readline().strip().partition(" ")
        if word != "ready":
            self.close()
            pytest.fail(self.log())
        disk = Path(f"/proc/{self._process.pid}/root{folder}")
        self._ballast = disk / "ballast"
        self.pgdata = disk / "data" / "postgres"
        self.url = f"postgresql://postgres@/postgres?host={self.pgdata}"

    def fill(self) -> None:
        """To the last byte."""
        with self._ballast.open("wb", buffering=0) as ballast:
            for size in (2**20, 2**12):
                try:
                    while ballast.write(bytes(size)) == size:
                        pass
                except OSError as error:
                    assert error.errno == errno.ENOSPC

    def free(self) -> None:
        """As an operator who deletes what fills the disk."""
        self._ballast.unlink()

    def health(self) -> dict[str, Any]:
        """What /health says, whatever its status."""
        try:
            with urllib.request.urlopen(f"{self._page}health", timeout=10) as answer:
                found: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                found = json.load(error)
        return found

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def close(self) -> None:
        """Its lifeline ends: it stops its servers, and with them goes the disk."""
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        self._process.wait(30)


@pytest.fixture
def disk(data_folder: DataFolder, tmp_path: Path) -> Iterator[SmallDisk]:
    made = SmallDisk(data_folder.path, tmp_path / "serve.log")
    yield made
    made.close()


@pytest.fixture
def chain(disk: SmallDisk, point_at_broker: BrokerSettings, tmp_path: Path) -> Iterator[Chain]:
    built = Chain(disk.url, point_at_broker, tmp_path)
    built.start()
    yield built
    built.pipeline.ask_to_stop()
    built.pipeline.await_end()


def under_way(chain: Chain) -> bool:
    told = chain.clock()
    return told is not None and told > SCENARIO.live_from


def test_a_full_disk_holds_everything_up_and_loses_nothing(
    chain: Chain, disk: SmallDisk, expected: dict[str, Any]
) -> None:
    with chain.replaying(seconds=6) as done:
        eventually(lambda: under_way(chain))
        disk.fill()
        eventually(lambda: "its disk is full: free some room" in chain.log())
        assert done.wait(PATIENCE_S), "the broker takes what the devices send all the same"
    assert len(chain.outcome()["readings"]) < len(expected["readings"])
    # What was acknowledged and is not stored would be lost with this process.
    chain.kill()
    pipeline = chain.start()
    eventually(lambda: "cq: silent since" in disk.health()["checks"]["pipeline"].get("reason", ""))
    assert disk.health()["failed"] == ["pipeline"]
    assert len(chain.outcome()["readings"]) < len(expected["readings"])
    disk.free()
    chain.await_end()
    assert pipeline.process.poll() is None, "the pipeline lived through it"
    assert differences(chain.outcome(), expected) == {}
    eventually(lambda: disk.health()["alive"])


def test_a_database_that_ended_itself_for_want_of_room_is_started_again(
    chain: Chain, disk: SmallDisk, expected: dict[str, Any]
) -> None:
    """Without room for its log PostgreSQL stops at once, and its recovery fails as well."""
    with chain.replaying(seconds=6) as done:
        eventually(lambda: under_way(chain))
        disk.fill()
        use_up_the_log(disk.url)
        eventually(lambda: not is_up(disk.pgdata))
        eventually(lambda: "MB left: free 64 MB or more, then it is started again by itself" in disk.log())
        assert "database" in disk.health()["failed"]
        assert done.wait(PATIENCE_S)
    assert not is_up(disk.pgdata)
    disk.free()
    chain.await_end()
    assert chain.pipeline.process.poll() is None, "the pipeline lived through it"
    assert "was down and was started again" in disk.log()
    assert "PANIC" in (disk.pgdata / "log").read_text(errors="replace")
    assert differences(chain.outcome(), expected) == {}


def use_up_the_log(url: str) -> None:
    """Write to the database's log until it has no room for more; nothing else is changed."""
    with pytest.raises(psycopg.OperationalError), connect(url, "test", autocommit=True) as connection:
        while True:
            connection.execute("select pg_logical_emit_message(true, 'test', repeat('x', 1000000))")


@pytest.mark.parametrize("command", [["migrate"], ["demo", "--once"], ["pipeline"]])
def test_nothing_starts_on_a_disk_that_is_too_full(data_folder: DataFolder, command: list[str]) -> None:
    words = on_small_disk(data_folder.path, 100, *command)
    said = subprocess.run(words, check=False, capture_output=True, text=True, cwd=PROJECT, timeout=60)
    assert said.returncode != 0
    assert "MB left on its disk" in said.stderr
    assert "free some room" in said.stderr
    assert "Traceback" not in said.stderr
