"""The demo as a newcomer runs it: to its end, again, stopped in the middle, and where it cannot run."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from config.folder import DataFolder
from config.settings import PROJECT

PATIENCE_S = 90
CHECK = Path(__file__).with_name("check_flood.py")


def shijing(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "shijing", *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S * 2,
        check=False,
    )


def headless(folder: DataFolder) -> dict[str, Any]:
    done = shijing("demo", "--once", "--speed", "max", "--json", "--data", str(folder.path))
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def users_of(folder: DataFolder) -> list[str]:
    """Processes that still have to do with a data folder."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        line = " ".join(process.info["cmdline"] or [])
        if str(folder.path) in line and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(line)
    return found


@pytest.fixture
def other_broker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The environment names a broker of real devices, which no replay may reach (here: which is not there)."""
    authority = tmp_path / "ca.pem"
    authority.write_text("")
    named = {"HOST": "broker.invalid", "PORT": "8883", "USERNAME": "shijing", "PASSWORD": "x", "TLS_CA": str(authority)}
    for name, value in named.items():
        monkeypatch.setenv(f"SHIJING_MQTT_{name}", value)


def eventually(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"not within {PATIENCE_S} s"
        time.sleep(0.05)


@pytest.mark.usefixtures("other_broker")
def test_the_headless_demo_says_what_the_published_stages_say(data_folder: DataFolder, tmp_path: Path) -> None:
    result = headless(data_folder)
    told = tmp_path / "demo.json"
    told.write_text(json.dumps(result), encoding="utf-8")
    checked = subprocess.run([sys.executable, CHECK, told], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert users_of(data_folder) == []

    # The same folder again: nothing is replayed twice, everything is still there.
    again = headless(data_folder)
    assert again["transitions"] == result["transitions"]
    assert again["runs"] == result["runs"]
    assert again["readings"]["stored"] == result["readings"]["stored"]

    status = json.loads(shijing("status", "--json", "--data", str(data_folder.path)).stdout)
    assert status["received"] == status["stored"] + status["repeats"] + status["quarantined"]
    assert (status["stored"], status["late"]) == (174, 0)
    assert [one["reason"] for one in status["quarantine"]] == ["datum"]
    assert status["partitions"][0]["clock"] == "2020-08-26T00:00:00+08:00"
    assert {"luzhou", "wucha"} <= {one["sensor"] for one in status["unlocated"]}


@pytest.mark.usefixtures("other_broker")
def test_the_demo_works_on_a_database_that_is_named(data_folder: DataFolder, database_url: str) -> None:
    done = shijing(
        *("demo", "--once", "--speed", "max", "--json"), *("--database", database_url, "--data", str(data_folder.path))
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["readings"] == {"published": 175, "stored": 174, "quarantined": 1}
    assert not (data_folder / "postgres").exists()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_in_the_middle_it_leaves_nothing_behind_and_goes_on(
    data_folder: DataFolder, number: signal.Signals
) -> None:
    port = free_port()
    arguments = ["demo", "--speed", "20000", "--port", str(port), "--data", str(data_folder.path)]
    with subprocess.Popen(
        [sys.executable, "-m", "shijing", *arguments],
        cwd=PROJECT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as demo:
        log = data_folder / "logs" / "replay.log"
        eventually(lambda: log.exists() and stored(data_folder) > 20)
        # Ctrl-C reaches the whole group at once; a service manager's SIGTERM the parent alone.
        (os.killpg if number == signal.SIGINT else os.kill)(demo.pid, number)
        assert demo.wait(PATIENCE_S) == 0
    assert users_of(data_folder) == []
    assert stored(data_folder) < 174, "it was not in the middle any more"
    assert sum(one["rule"] == "river-stage" for one in headless(data_folder)["transitions"]) == 17
    assert stored(data_folder) == 174


def stored(folder: DataFolder) -> int:
    return int(json.loads(shijing("status", "--json", "--data", str(folder.path)).stdout)["stored"])


def test_kill_9_of_the_demo_ends_its_children_too(data_folder: DataFolder) -> None:
    arguments = ["demo", "--speed", "1000", "--port", str(free_port()), "--data", str(data_folder.path)]
    with subprocess.Popen(
        [sys.executable, "-m", "shijing", *arguments], cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as demo:
        eventually((data_folder / "logs" / "replay.log").exists)
        demo.kill()
    eventually(lambda: users_of(data_folder) == [])


def test_a_taken_port_is_named_with_what_to_do(data_folder: DataFolder) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = shijing("demo", "--port", str(port), "--data", str(data_folder.path))
    assert done.returncode == 1
    assert f"port {port}" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_of_another_version_is_left_alone(data_folder: DataFolder) -> None:
    (data_folder / "shijing-data.json").write_text('{"format": 99}')
    done = shijing("status", "--data", str(data_folder.path))
    assert done.returncode == 1
    assert "format 99" in done.stderr
    assert "--data DIR" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_of_another_postgresql_is_left_alone(data_folder: DataFolder) -> None:
    (data_folder / "postgres").mkdir()
    (data_folder / "postgres" / "PG_VERSION").write_text("15\n")
    done = shijing("status", "--data", str(data_folder.path))
    assert done.returncode == 1
    assert "PostgreSQL 15" in done.stderr


def test_a_folder_that_is_something_elses_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    done = shijing("status", "--data", str(tmp_path))
    assert done.returncode == 1
    assert "not empty" in done.stderr


def test_a_wrong_setting_is_named_by_its_variable(monkeypatch: pytest.MonkeyPatch, data_folder: DataFolder) -> None:
    monkeypatch.setenv("SHIJING_MQTT_PORT", "99999")
    done = shijing("pipeline", "--data", str(data_folder.path))
    assert done.returncode == 1
    assert "SHIJING_MQTT_PORT" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_certificate_that_is_not_there_is_named_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, data_folder: DataFolder
) -> None:
    monkeypatch.setenv("SHIJING_MQTT_TLS_CA", str(tmp_path / "nowhere.pem"))
    done = shijing("pipeline", "--data", str(data_folder.path))
    assert done.returncode == 1
    assert "SHIJING_MQTT_TLS_CA: " in done.stderr and "nowhere.pem cannot be read" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["demo"],
        ["serve"],
        ["pipeline"],
        ["migrate"],
        ["import"],
        ["import", "divisions"],
        ["import", "sensors"],
        ["sensor", "move"],
        ["sensor", "replace"],
        ["sensor", "retire"],
        ["sensor", "correct"],
        ["sensor", "history"],
        ["replay"],
        ["status"],
        ["quarantine", "list"],
        ["quarantine", "release"],
        ["bench"],
        ["bench", "chain"],
        ["bench", "locate"],
    ],
    ids=" ".join,
)
def test_every_command_explains_itself(words: list[str]) -> None:
    done = shijing(*words, "--help")
    assert done.returncode == 0
    assert "Usage" in done.stdout
