"""A data folder: what is refused and how, and a server shared by processes that end in any way."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.errors import DataFolderError
from config.folder import FORMAT, DataFolder, shared_server

MARK = "shijing-data.json"

# Holds the server until its standard input ends; starts and stops are lines of a file.
USER = """\
import sys
from pathlib import Path
from config.folder import DataFolder, shared_server
folder = DataFolder(Path(sys.argv[1]))
running = folder / "running"
def log(word):
    with (folder / "events").open("a") as file:
        file.write(word + "\\n")
def start():
    if not running.exists():
        running.touch()
        log("start")
def stop():
    running.unlink()
    log("stop")
with shared_server(folder, "thing", start, stop):
    assert running.exists()
    print("in", flush=True)
    sys.stdin.read()
"""


def test_a_folder_is_made_and_known_again(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"
    assert (DataFolder(path) / "x") == path / "x"
    assert json.loads((path / MARK).read_text()) == {"format": FORMAT}
    assert DataFolder(path).path == path
    assert DataFolder(tmp_path / "a" / ".." / "a" / "b").path == path


def test_an_empty_folder_that_is_there_serves(tmp_path: Path) -> None:
    DataFolder(tmp_path)
    assert (tmp_path / MARK).exists()


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").touch()
    with pytest.raises(DataFolderError, match=r"not empty.*--data DIR"):
        DataFolder(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.doc"]


@pytest.mark.parametrize("found", [FORMAT + 1, 0, "1", None])
def test_a_folder_of_another_version(tmp_path: Path, found: object) -> None:
    (tmp_path / MARK).write_text(json.dumps({"format": found}))
    with pytest.raises(DataFolderError, match=r"another version.*--data DIR"):
        DataFolder(tmp_path)


@pytest.mark.parametrize("text", [b"", b"{", b"{}", b"[]", b"5", b"null", b'"x"', b"\xff\xfe"])
def test_a_mark_that_cannot_be_read(tmp_path: Path, text: bytes) -> None:
    (tmp_path / MARK).write_bytes(text)
    with pytest.raises(DataFolderError, match=r"cannot be read.*--data DIR"):
        DataFolder(tmp_path)


def test_a_path_that_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    for place in (path, path / "below"):
        with pytest.raises(DataFolderError, match=str(path)):
            DataFolder(place)


def test_a_full_disk_is_told_before_anything_breaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.folder._ROOM_NEEDED", 2**70)
    with pytest.raises(DataFolderError, match=r"MB left.*free some room"):
        DataFolder(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path / "data")


@pytest.fixture
def users() -> Iterator[list["subprocess.Popen[str]"]]:
    started: list[subprocess.Popen[str]] = []
    yield started
    for user in started:
        with user:
            user.kill()


def enter(users: list["subprocess.Popen[str]"], folder: DataFolder, *, wait: bool = True) -> "subprocess.Popen[str]":
    user = subprocess.Popen(
        [sys.executable, "-c", USER, str(folder.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    users.append(user)
    if wait:
        entered(user)
    return user


def entered(user: "subprocess.Popen[str]") -> None:
    assert user.stdout is not None and user.stdout.readline() == "in\n"


def leave(user: "subprocess.Popen[str]") -> None:
    assert user.stdin is not None
    user.stdin.close()
    assert user.wait(20) == 0


def events(folder: DataFolder) -> list[str]:
    return (folder / "events").read_text().split()


def test_the_first_starts_it_and_the_last_stops_it(folder: DataFolder, users: list["subprocess.Popen[str]"]) -> None:
    crowd = [enter(users, folder, wait=False) for _ in range(4)]
    for user in crowd:
        entered(user)
    assert events(folder) == ["start"]
    for user in crowd[:3]:
        leave(user)
    assert events(folder) == ["start"]
    leave(crowd[3])
    assert events(folder) == ["start", "stop"]
    leave(enter(users, folder))
    assert events(folder) == ["start", "stop", "start", "stop"]


def test_one_that_was_killed_needs_it_no_more(folder: DataFolder, users: list["subprocess.Popen[str]"]) -> None:
    killed, other = enter(users, folder), enter(users, folder)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    assert events(folder) == ["start"]
    leave(other)
    assert events(folder) == ["start", "stop"]


def test_after_a_kill_of_the_last_the_next_finds_it_running(
    folder: DataFolder, users: list["subprocess.Popen[str]"]
) -> None:
    killed = enter(users, folder)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    leave(enter(users, folder))
    assert events(folder) == ["start", "stop"], "not started twice, and not left running"


def test_a_server_that_does_not_start_keeps_nobody_out(folder: DataFolder) -> None:
    def fail() -> None:
        raise DataFolderError("no")

    for _ in range(2):
        with pytest.raises(DataFolderError), shared_server(folder, "thing", fail, fail):
            pass
    stopped = []
    with shared_server(folder, "thing", lambda: None, lambda: stopped.append(1)):
        pass
    assert stopped == [1]


def test_it_is_stopped_also_when_the_block_fails(folder: DataFolder) -> None:
    stopped = []
    with (
        pytest.raises(ZeroDivisionError),
        shared_server(folder, "thing", lambda: None, lambda: stopped.append(1)),
    ):
        raise ZeroDivisionError
    assert stopped == [1]


def test_servers_of_other_names_are_apart(folder: DataFolder) -> None:
    stopped = []
    with shared_server(folder, "one", lambda: None, lambda: stopped.append(1)):
        with shared_server(folder, "two", lambda: None, lambda: stopped.append(2)):
            pass
        assert stopped == [2]
