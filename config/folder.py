"""A data folder: its version, and the servers that every command on it shares.

A server of the folder is started by the first command that needs it and stopped by the
last one that leaves. Who still needs it is told by shared file locks, which the kernel
releases however a process ends, so nothing has to be cleaned up after a kill -9.
"""

import fcntl
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from config.errors import DataFolderError

log = logging.getLogger(__name__)

FORMAT = 1
_MARK = "shijing-data.json"
_ROOM_NEEDED = 500 * 2**20


class DataFolder:
    """A folder that holds one installation's data; made where it does not exist yet.

    Raises DataFolderError where the folder is of another version, is something else's,
    cannot be written, or has no room.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().resolve()
        mark = self.path / _MARK
        try:
            if mark.exists():
                _check_format(mark)
            else:
                _make(self.path, mark)
        except OSError as error:
            raise DataFolderError(f"the data folder {self.path} cannot be used: {error}") from error
        free = shutil.disk_usage(self.path).free
        if free < _ROOM_NEEDED:
            raise DataFolderError(
                f"{self.path} has {free // 2**20} MB left on its disk and the database needs at least"
                f" {_ROOM_NEEDED // 2**20} MB: free some room, or name another folder with --data DIR"
            )

    def __truediv__(self, name: str) -> Path:
        return self.path / name


def _check_format(mark: Path) -> None:
    try:
        found = json.loads(mark.read_text())["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise DataFolderError(f"{mark} cannot be read ({error}): restore it, or name another --data DIR") from error
    if found != FORMAT:
        raise DataFolderError(
            f"{mark.parent} was made by another version (format {found}, this program uses {FORMAT}):"
            " use that version, or name another folder with --data DIR"
        )


def _make(path: Path, mark: Path) -> None:
    if path.exists() and any(path.iterdir()):
        raise DataFolderError(
            f"{path} is not empty and is no data folder of ours: name an empty or a new folder with --data DIR"
        )
    path.mkdir(parents=True, exist_ok=True)
    mark.write_text(json.dumps({"format": FORMAT}) + "\n")


@contextmanager
def shared_server(folder: DataFolder, name: str, start: Callable[[], None], stop: Callable[[], None]) -> Iterator[None]:
    """Hold the folder's server `name` up for the length of the block.

    `start` must leave a running server alone; `stop` is called when no other process
    holds the same server.
    """
    users = os.open(folder / f"{name}.users.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        with starting(folder, name):
            start()
            fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield
        finally:
            with starting(folder, name):
                fcntl.flock(users, fcntl.LOCK_UN)
                if _alone(users):
                    stop()
    finally:
        os.close(users)


@contextmanager
def starting(folder: DataFolder, name: str) -> Iterator[None]:
    """Alone of all processes to start or stop the folder's server `name`, for the length of the block."""
    descriptor = os.open(folder / f"{name}.start.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _alone(users: int) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
