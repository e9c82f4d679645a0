"""A short stamp of what this server serves: a page that hears another one than it was made with loads itself anew."""

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

_HERE = Path(__file__).parent
_SERVED = ("static", "templates")


@cache
def build_stamp() -> str:
    """Of the version, our modules, sheets and templates; read once, for that is what a server goes on serving."""
    stamp = hashlib.sha256(version("shijing").encode())
    for path in sorted(path for folder in _SERVED for path in (_HERE / folder).rglob("*") if path.is_file()):
        content = path.read_bytes()
        stamp.update(f"{path.relative_to(_HERE).as_posix()} {len(content)}\n".encode() + content)
    return stamp.hexdigest()[:16]
