"""The dispatcher as a process: a message that is due reaches a gateway, and one that was cut off comes again."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from access.vault import Vault
from config.database import Connection
from config.jobs import Job, defer
from tests.database.call_seed import Call, call
from tests.loopback.listener import Asked, Listener, Said, listening, said


@pytest.fixture
def run(connection: Connection, database_url: str, tmp_path: Path) -> Call:
    made = call(connection, database_url, tmp_path)
    connection.execute("insert into instance (exercise) values (false) on conflict do nothing")
    return made


@pytest.fixture
def gateway() -> Iterator[Listener]:
    with listening(lambda _: said({"code": 0})) as up:
        yield up


@contextmanager
def dispatcher(run: Call, gateway: Listener, tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    environment = {
        **os.environ,
        "SHIJING_ACCESS_KEY_FILE": str(Vault.of_folder(tmp_path).path),
        "SHIJING_SMS_URL": gateway.url,
    }
    command = [sys.executable, "-m", "shijing", "dispatcher", "--database", run.url]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


def until(true: Callable[[], object]) -> None:
    deadline, pause = time.monotonic() + 60, threading.Event()
    while not true():
        assert time.monotonic() < deadline, "it did not come true"
        pause.wait(0.05)


def test_a_job_of_the_ladder_is_sent(run: Call, gateway: Listener, tmp_path: Path) -> None:
    one = run.delivery("sms", run.person())
    with dispatcher(run, gateway, tmp_path):
        with run.connection.transaction():
            defer(run.connection, [Job(task="deliver", args={"delivery_ids": [one]})])
        until(lambda: run.rows("state") == [("sent",)])
    assert [asked.json["id"] for asked in gateway.asked] == [str(run.rows("key")[0][0])]


def test_kill_9_while_the_gateway_answers_and_the_next_dispatcher_sends_it_again(
    run: Call, gateway: Listener, tmp_path: Path
) -> None:
    run.delivery("sms", run.person())  # without a job: it is found
    dying: list[subprocess.Popen[str]] = []

    def kills(_: Asked) -> Said:
        dying[0].kill()
        return Said(broken=True)

    gateway.answer = kills
    with dispatcher(run, gateway, tmp_path) as process:
        dying.append(process)
        process.wait(60)
    assert run.rows("state") == [("sending",)]
    gateway.answer = lambda _: said({"code": 0})
    with dispatcher(run, gateway, tmp_path):
        until(lambda: run.rows("state, repeated") == [("sent", 1)])
    first, again = gateway.asked
    assert first.headers["idempotency-key"] == again.headers["idempotency-key"] == str(run.rows("key")[0][0])
