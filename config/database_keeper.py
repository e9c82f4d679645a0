"""Keeps the embedded PostgreSQL of a data folder up while a command works with it.

PostgreSQL comes back by itself from most crashes, but not from a disk without room for its log:
then its recovery fails as well, and it ends. It was started by us, so nobody else would start it again.
"""

import logging
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.embedded_database import is_up, start_server
from config.errors import DataFolderError
from config.folder import DataFolder, starting

log = logging.getLogger(__name__)

_LOOK_S = 1.0
_LONGEST_S = 30.0  # between two attempts that fail
_AGAIN_S = 60.0  # how often the same is said
_ROOM_NEEDED = 64 * 2**20  # recovery writes two or three log files of 16 MB


@contextmanager
def kept_up(folder: DataFolder) -> Iterator[None]:
    """For the length of the block, inside that of `embedded_database`, start the server again where it went down."""
    keeper = _Keeper(folder)
    keeper.start()
    try:
        yield
    finally:
        keeper.stop()


class _Keeper(threading.Thread):
    """Looks whether the server is there; of several processes that do, one starts it."""

    def __init__(self, folder: DataFolder) -> None:
        super().__init__(name="database-keeper", daemon=True)
        self._folder = folder
        self._pgdata = folder / "postgres"
        self._stopping = threading.Event()
        self._said = ""
        self._said_at = 0.0

    def run(self) -> None:
        """Look until told to stop, less often while attempts fail."""
        wait = _LOOK_S
        while not self._stopping.wait(wait):
            wait = _LOOK_S if self._look() else min(2 * wait, _LONGEST_S)

    def stop(self) -> None:
        """Returns when no attempt is under way any more."""
        self._stopping.set()
        self.join()

    def _look(self) -> bool:
        """False after an attempt that failed."""
        if is_up(self._pgdata):
            return True
        free = _least_room(self._pgdata)
        if free < _ROOM_NEEDED:
            self._say(
                f"its disk has {free // 2**20} MB left: free {_ROOM_NEEDED // 2**20} MB or more,"
                " then it is started again by itself"
            )
            return True  # looking costs nothing
        with starting(self._folder, "postgres"):
            return is_up(self._pgdata) or self._start()

    def _start(self) -> bool:
        try:
            start_server(self._pgdata)
        except (DataFolderError, OSError, AssertionError) as error:  # its wheel asserts what it finds in its files
            self._say(f"it is tried again and again to start it: {error}")
            return False
        log.warning("the embedded database in %s was down and was started again", self._pgdata)
        self._said = ""
        return True

    def _say(self, why: str) -> None:
        if why != self._said or time.monotonic() - self._said_at > _AGAIN_S:
            log.error("the embedded database in %s is down: %s", self._pgdata, why)
            self._said, self._said_at = why, time.monotonic()


def _least_room(pgdata: Path) -> int:
    """Bytes; its log may lie on another disk. 0 where the folder is gone, with its disk perhaps."""
    try:
        return min(shutil.disk_usage(pgdata).free, shutil.disk_usage(pgdata / "pg_wal").free)
    except OSError:
        return 0
