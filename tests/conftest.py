"""The real servers that tests share: one PostgreSQL for the session, a database cloned for each test."""

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import hypothesis
import psycopg
import pytest
from psycopg import conninfo, sql

from access.scope import ScopeSeal, read_seal
from config.database import Connection, connect
from config.embedded_database import embedded_database
from config.folder import DataFolder
from config.migrate import migrate

# How long an example takes is the machine's affair, and its other programs'.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

_numbers = itertools.count(1)
_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 6 << 30  # for two sessions at once; a container's usual 64 MB will not do


def _place() -> Path | None:
    """Where data folders lie: in memory where there is room, on disk else. A cloned database is hundreds of files."""
    return _MEMORY if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM_BYTES else None


@contextmanager
def _folder() -> Iterator[DataFolder]:
    """A data folder outside pytest's own: its parents are closed to the database's system user at each start."""
    with tempfile.TemporaryDirectory(prefix="shijing-test-", dir=_place(), ignore_cleanup_errors=True) as path:
        yield DataFolder(Path(path) / "data")


@pytest.fixture
def data_folder() -> Iterator[DataFolder]:
    """An empty data folder for servers of the test's own."""
    with _folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def session_data_folder() -> Iterator[DataFolder]:
    """The same, for the whole session."""
    with _folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """The server under test: the embedded one, or SHIJING_TEST_DATABASE_URL (make test-timescale)."""
    named = os.environ.get("SHIJING_TEST_DATABASE_URL")
    if named:
        yield named
        return
    with _folder() as folder, embedded_database(folder) as url:
        _make_hasty(url)
        yield url


def _make_hasty(url: str) -> None:
    """A server that nobody needs again: it does not wait for the disk, and keeps little of its log."""
    with psycopg.connect(url, autocommit=True) as connection:
        for setting in ("fsync = off", "full_page_writes = off", "max_wal_size = '256MB'"):
            connection.execute(sql.SQL("alter system set " + setting))
        connection.execute("select pg_reload_conf()")


def _database_url(server_url: str, name: str) -> str:
    return conninfo.make_conninfo(server_url, dbname=name)


def _create(server_url: str, name: str, template: str) -> None:
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("create database {} template {} strategy file_copy").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )


def _drop(server_url: str, name: str) -> None:
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def template(server_url: str) -> Iterator[str]:
    """The name of a database with the schema and nothing in it."""
    name = f"shijing_template_{os.getpid()}"
    _create(server_url, name, "template0")
    with connect(_database_url(server_url, name), "template", autocommit=True) as connection:
        migrate(connection)
    yield name
    _drop(server_url, name)


@pytest.fixture(scope="session")
def done_with(server_url: str) -> Iterator[list[str]]:
    """Names of databases to drop. Not at once: the server waits a tenth of a second for sessions that just ended."""
    names: list[str] = []
    yield names
    for name in names:
        _drop(server_url, name)


@pytest.fixture
def database_url(server_url: str, template: str, done_with: list[str]) -> Iterator[str]:
    """The URL of a fresh database with the schema, for this test alone."""
    while done_with:
        _drop(server_url, done_with.pop())
    name = f"shijing_test_{os.getpid()}_{next(_numbers)}"
    _create(server_url, name, template)
    yield _database_url(server_url, name)
    done_with.append(name)


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    """An autocommit connection to this test's database."""
    with connect(database_url, "test", autocommit=True) as opened:
        yield opened


@pytest.fixture
def seal(connection: Connection) -> ScopeSeal:
    """What scopes are sealed with in this test's database."""
    return read_seal(connection)
