"""The access log: written beside the answers, nothing lost at a clean stop, what is dropped is counted."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from psycopg import conninfo

from access.access_log import Access, AccessLog
from config.database import Connection

NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)
ACCOUNT = UUID("11111111-1111-4111-8111-111111111111")


def access(number: int, route: str = "/api/alerts/{alert}") -> Access:
    return Access(
        at=NOW + timedelta(seconds=number),
        account=ACCOUNT if number % 2 else None,
        method="GET",
        route=route,
        status=200,
        ms=1.5,
        address="127.0.0.1",
    )


@contextmanager
def running(log: AccessLog) -> Iterator[AccessLog]:
    log.start()
    try:
        yield log
    finally:
        log.stop()


def count(connection: Connection) -> int:
    row = connection.execute("select count(*) from access_log").fetchone()
    assert row is not None
    return int(row[0])


def test_a_clean_stop_loses_nothing(connection: Connection, database_url: str) -> None:
    with running(AccessLog(database_url)) as log, ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: log.add(access(number)), range(10_000)))
    assert (count(connection), log.written, log.dropped) == (10_000, 10_000, 0)
    row = connection.execute("select * from access_log order by at limit 1 offset 1").fetchone()
    assert row == (NOW + timedelta(seconds=1), ACCOUNT, "GET", "/api/alerts/{alert}", 200, 1.5, "127.0.0.1")


def test_it_is_written_while_it_runs(connection: Connection, database_url: str) -> None:
    with running(AccessLog(database_url, every_s=0.01)) as log:
        log.add(access(1))
        written = threading.Event()
        while not log.written and not written.wait(0.01):
            pass
        assert count(connection) == 1


def test_what_finds_no_room_is_counted(connection: Connection, database_url: str) -> None:
    log = AccessLog(database_url, at_most=10)
    for number in range(13):
        log.add(access(number))
    with running(log):
        pass
    assert (count(connection), log.dropped) == (10, 3)


def test_an_entry_that_no_column_takes_holds_up_no_other(connection: Connection, database_url: str) -> None:
    with running(AccessLog(database_url)) as log:
        log.add(access(1, route="/api/\0" + "x" * 5000))
        log.add(access(2))
    assert (count(connection), log.dropped) == (2, 0)


def test_it_waits_for_a_table_that_is_not_there_yet(
    connection: Connection, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    connection.execute("alter table access_log rename to later")
    with running(AccessLog(database_url, every_s=0.01)) as log:
        log.add(access(1))
        waiting = threading.Event()
        while "waits for the database" not in caplog.text and not waiting.wait(0.01):
            pass
        connection.execute("alter table later rename to access_log")
    assert (count(connection), log.dropped) == (1, 0)


def test_what_a_database_that_is_away_did_not_take_is_counted(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with running(AccessLog(conninfo.make_conninfo(database_url, dbname="not_there"))) as log:
        log.add(access(1))
    assert (log.written, log.dropped) == (0, 1)
    assert "1 entries could not be written before the end and are lost" in caplog.text
