"""The embedded server comes back while somebody works with it, and stays away once nobody does."""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from psycopg import OperationalError

from config.database import connect
from config.database_keeper import kept_up
from config.embedded_database import embedded_database, is_up
from config.folder import DataFolder

PATIENCE_S = 60


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        threading.Event().wait(0.02)


def answers(url: str) -> bool:
    try:
        with connect(url, "test") as connection:
            return connection.execute("select 1").fetchone() == (1,)
    except OperationalError:
        return False


def kill(pgdata: Path) -> None:
    """The server's first process; the others end by themselves when they notice."""
    os.kill(int((pgdata / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    eventually(lambda: not is_up(pgdata))


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.database_keeper._LOOK_S", 0.1)


@pytest.fixture
def pgdata(data_folder: DataFolder) -> Iterator[Path]:
    yield data_folder / "postgres"
    assert not is_up(data_folder / "postgres"), "it is stopped with its last user all the same"


def test_a_server_that_was_killed_is_started_again_by_one_of_its_users(
    data_folder: DataFolder, pgdata: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with embedded_database(data_folder) as url, kept_up(data_folder), kept_up(data_folder):
        with connect(url, "test", autocommit=True) as connection:
            connection.execute("create table kept as select 1 as one")
        kill(pgdata)
        eventually(lambda: answers(url))
        with connect(url, "test") as connection:
            assert connection.execute("select one from kept").fetchone() == (1,)
    told = [record.getMessage() for record in caplog.records if "was started again" in record.getMessage()]
    assert len(told) == 1, "not by both of them"


def test_why_it_cannot_be_started_is_said_once_and_it_is_tried_again(
    data_folder: DataFolder, pgdata: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    settings = pgdata / "postgresql.auto.conf"
    with embedded_database(data_folder) as url, kept_up(data_folder):
        sound = settings.read_text()
        settings.write_text(sound + "nonsense = 'x'\n")
        kill(pgdata)
        eventually(lambda: any("nonsense" in record.getMessage() for record in caplog.records))
        assert "is down: it is tried again and again" in caplog.text
        settings.write_text(sound)
        eventually(lambda: answers(url))


def test_without_room_it_waits_and_says_how_much_is_needed(
    data_folder: DataFolder, pgdata: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with embedded_database(data_folder) as url, kept_up(data_folder):
        with monkeypatch.context() as patch:
            patch.setattr("config.database_keeper._ROOM_NEEDED", 2**60)
            kill(pgdata)
            eventually(lambda: "MB or more, then it is started again by itself" in caplog.text)
        eventually(lambda: answers(url))


def test_a_note_of_a_server_that_is_gone_is_not_believed(data_folder: DataFolder, pgdata: Path) -> None:
    """After a power cut its number may be another process's by now: here, this one's."""
    with embedded_database(data_folder):
        note = (pgdata / "postmaster.pid").read_text().splitlines()
    (pgdata / "postmaster.pid").write_text("\n".join([str(os.getpid()), *note[1:]]) + "\n")
    assert not is_up(pgdata)
    with embedded_database(data_folder) as url:
        assert answers(url)
