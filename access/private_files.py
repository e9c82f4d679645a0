"""Files that others must not read, replaced as a whole: a reader finds the old one or the new one."""

import os
import tempfile
from pathlib import Path


def replace_file(path: Path, text: str, *, mode: int = 0o600, group_of_folder: bool = False) -> None:
    """Write `text` to `path` in one step, on disk when it returns; raises OSError.

    With `group_of_folder` the file takes the folder's group: that of a service which reads it.
    """
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # mode 0600 from its first moment
    new = Path(name)
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            group = path.parent.stat().st_gid
            if group_of_folder and os.fstat(file.fileno()).st_gid != group:
                os.fchown(file.fileno(), -1, group)
            os.fchmod(file.fileno(), mode)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
