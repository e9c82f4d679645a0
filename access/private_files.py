"""Files that others must not read, replaced as a whole: a reader finds the old one or the new one."""

import os
import tempfile
from pathlib import Path


def replace_file(path: Path, text: str, *, mode: int = 0o600, group_of_folder: bool = False) -> None:
    """Write `text` to `path` in one step, on disk when it returns; raises OSError.

    A file that was there keeps its owner; with `group_of_folder` a file takes the folder's group. So a service
    that reads it still can, when root has renewed it.
    """
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # mode 0600 from its first moment
    new = Path(name)
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            _give(file.fileno(), path, group_of_folder=group_of_folder)
            os.fchmod(file.fileno(), mode)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def _give(number: int, path: Path, *, group_of_folder: bool) -> None:
    mine = os.fstat(number)
    kept = path.stat() if path.exists() else mine
    group = path.parent.stat().st_gid if group_of_folder else kept.st_gid
    if (kept.st_uid, group) != (mine.st_uid, mine.st_gid):
        os.fchown(number, kept.st_uid, group)
