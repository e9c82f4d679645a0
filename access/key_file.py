"""The file that holds the keys: JSON, for its owner's eyes only, never written over while it is read."""

import base64
import binascii
import json
import os
import secrets
import stat
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from access.errors import VaultError

_FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Key:
    """One key. Its secret is not shown."""

    id: str  # 8 hexadecimal digits
    made_at: datetime
    secret: bytes = field(repr=False)  # 32 bytes


def read_key_file(path: Path) -> list[Key]:
    """The keys, oldest first; raises VaultError where they are not to be had or not to be trusted."""
    try:
        with path.open("rb") as opened:
            mode = stat.S_IMODE(os.fstat(opened.fileno()).st_mode)
            text = opened.read()
    except OSError as error:
        raise VaultError(
            f"the key file {path} cannot be read ({error.strerror}): restore it from its backup;"
            " without it no personal field opens and no seal of the audit trail can be checked"
        ) from error
    if mode & 0o077:
        raise VaultError(f"the key file {path} is open to others (mode {mode:04o}): chmod 600 {path}")
    return _parse(text, path)


def _parse(text: bytes, path: Path) -> list[Key]:
    try:
        told = json.loads(text)
        if told["format"] != _FORMAT:
            raise VaultError(f"the key file {path} is of format {told['format']}, this program reads {_FORMAT}")
        keys = [
            Key(
                id=bytes.fromhex(one["id"]).hex(),
                made_at=datetime.fromisoformat(one["made_at"]),
                secret=base64.b64decode(one["secret"], validate=True),
            )
            for one in told["keys"]
        ]
    except (ValueError, KeyError, TypeError, binascii.Error):  # without the cause: it may show the text
        raise VaultError(f"the key file {path} does not hold together: restore it from its backup") from None
    if not keys or any(len(key.secret) != 32 or len(key.id) != 8 for key in keys) or _doubled(keys):
        raise VaultError(f"the key file {path} has no usable keys: restore it from its backup")
    return keys


def _doubled(keys: list[Key]) -> bool:
    return len({key.id for key in keys}) < len(keys)


def make_key_file(path: Path, *, now: datetime) -> bool:
    """Make one with a first key, its folder for its owner alone; False where there is one by now.

    Raises VaultError where it cannot be made, or where seals tell that there was one.
    """
    seals = path.with_name(f"{path.name}.seals")
    if seals.exists() and not path.exists():
        raise VaultError(f"the key file {path} is gone, its seals in {seals} are not: restore it from its backup")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = _written(path, [_new_key(now)])
        try:
            os.link(fresh, path)  # unlike a rename it fails where another process was first
        except FileExistsError:
            return False
        finally:
            fresh.unlink()
        _sync(path.parent)
    except OSError as error:
        raise VaultError(f"the key file {path} cannot be made: {error}") from error
    return True


def add_key(path: Path, *, now: datetime) -> Key:
    """Add a key that encrypts from now on; the older ones stay to open what they sealed."""
    key = _new_key(now)
    keep_keys(path, [*read_key_file(path), key])
    return key


def keep_keys(path: Path, keys: list[Key]) -> None:
    """Put these keys in the file's place, in one step."""
    try:
        _written(path, keys).replace(path)
        _sync(path.parent)
    except OSError as error:
        raise VaultError(f"the key file {path} cannot be written: {error}") from error


def _new_key(now: datetime) -> Key:
    return Key(id=secrets.token_hex(4), made_at=now, secret=secrets.token_bytes(32))


def _written(path: Path, keys: list[Key]) -> Path:
    """A file beside it with these keys, on the disk."""
    told = [
        {"id": key.id, "made_at": key.made_at.isoformat(), "secret": base64.b64encode(key.secret).decode()}
        for key in keys
    ]
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as opened:
        json.dump({"format": _FORMAT, "keys": told}, opened, indent=1)
        opened.flush()
        os.fsync(opened.fileno())
    return fresh


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
