"""Fields of people encrypted at rest, with keys that are in no database.

A ciphertext is bound to its table, column and row, so it cannot be moved to another one. In front of it
stands the id of its key: several keys may be in use while they are rotated (access/rotation.py).
"""

import hmac
import os
import time
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from access.errors import CannotOpen
from access.key_file import Key, make_key_file, read_key_file

Context = tuple[str, str, UUID | int | str]  # table, column, id of the row
Column = tuple[str, str]  # table, column

_FORMAT = b"\x01"
_ID = 4  # bytes of a key's id
_NONCE = 12
_BLIND = 16
_HEAD = len(_FORMAT) + _ID
_LOOK_EVERY_S = 1.0


class _Derived:
    """What one key is used for, a key of its own for each."""

    def __init__(self, key: Key) -> None:
        self.id = bytes.fromhex(key.id)
        self.fields = AESGCM(_derive(key, b"fields"))
        self.blind = _derive(key, b"blind index")
        self.seals = _derive(key, b"audit seals")


def _derive(key: Key, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"shijing " + purpose).derive(key.secret)


class Vault:
    """The keys of one key file."""

    def __init__(self, path: Path) -> None:
        """Raises VaultError where the file is missing, open to others, or does not hold together."""
        self.path = path
        self._looked_at = 0.0  # time.monotonic()
        self._version: tuple[int, int] | None = None
        self._derived: dict[str, _Derived] = {}
        self._current = self._read()

    @classmethod
    def of_folder(cls, folder: Path, name: str = "key") -> Self:
        """The vault of a data folder, in `secrets/`; the key is made at the first use."""
        path = folder / "secrets" / name
        if not path.exists():
            make_key_file(path, now=datetime.now(UTC))
        return cls(path)

    def _read(self) -> _Derived:
        """Read the file where it is another one than was read; the key that encrypts."""
        self._looked_at = time.monotonic()
        version = _version(self.path)
        if not self._derived or version not in (None, self._version):  # gone for a while: those we have serve
            keys = read_key_file(self.path)
            self._derived = {key.id: self._derived.get(key.id) or _Derived(key) for key in keys}
            self._current, self._version = self._derived[keys[-1].id], version
        return self._current

    def _encrypting(self) -> _Derived:
        """The key that encrypts; a rotation by another process is noticed within a second."""
        return self._read() if time.monotonic() - self._looked_at > _LOOK_EVERY_S else self._current

    def _of(self, key_id: str) -> _Derived | None:
        """A key by its id; one that is not known may have been added since the file was read."""
        if key_id not in self._derived:
            self._read()
        return self._derived.get(key_id)

    def __repr__(self) -> str:
        return f"Vault({str(self.path)!r}, keys={self.key_ids})"

    @property
    def key_ids(self) -> list[str]:
        """The ids of the keys, oldest first; the last one encrypts."""
        return list(self._derived)

    @property
    def seals_file(self) -> Path:
        """Where the seals of the audit trail are kept beside the key."""
        return self.path.with_name(f"{self.path.name}.seals")

    def seal(self, text: str, *, context: Context) -> bytes:
        """The ciphertext of a field (33 bytes longer than the text in UTF-8)."""
        nonce = os.urandom(_NONCE)
        key = self._encrypting()
        return b"%b%b%b%b" % (_FORMAT, key.id, nonce, key.fields.encrypt(nonce, text.encode(), _bound(context)))

    def open(self, sealed: bytes, *, context: Context) -> str:
        """The text of a ciphertext; raises CannotOpen where key, row or bytes are not those that it was made with."""
        where = f"{context[0]}.{context[1]} of {context[2]}"
        if sealed[:1] != _FORMAT or len(sealed) < _HEAD + _NONCE + 16:
            raise CannotOpen(f"{where} holds no ciphertext of ours")
        key = self._of(self.key_of(sealed))
        if key is None:
            raise CannotOpen(
                f"{where} was encrypted with the key {self.key_of(sealed)}, which {self.path} has not: restore it there"
            )
        nonce, body = sealed[_HEAD : _HEAD + _NONCE], sealed[_HEAD + _NONCE :]
        try:
            return key.fields.decrypt(nonce, body, _bound(context)).decode()
        except InvalidTag:
            raise CannotOpen(f"{where} does not open: it was changed, or belongs to another row") from None

    def blind(self, text: str, *, context: Column) -> bytes:
        """The same bytes for the same text (NFKC, without outer spaces) in the same column: to search it exactly."""
        return _blind(self._encrypting(), text, context)

    def blinds(self, text: str, *, context: Column) -> list[bytes]:
        """What to search for, `= any(…)`: the blind index of a text under every key, a rotation may be under way."""
        self._encrypting()
        return [_blind(key, text, context) for key in self._derived.values()]

    @property
    def head(self) -> bytes:
        """What stands in front of all that the key that encrypts now makes."""
        return _FORMAT + self._encrypting().id

    @staticmethod
    def key_of(sealed: bytes) -> str:
        """The id of the key of a ciphertext or blind index."""
        return bytes(sealed[len(_FORMAT) : _HEAD]).hex()

    def vouch(self, message: bytes) -> tuple[str, bytes]:
        """The id of the key that vouches for a message, and the HMAC."""
        key = self._encrypting()
        return key.id.hex(), _mac(key, message)

    def vouched(self, message: bytes, mac: bytes, key_id: str) -> bool:
        """Whether that key of ours vouched for it."""
        key = self._of(key_id)
        return key is not None and hmac.compare_digest(_mac(key, message), mac)

    def knows(self, key_id: str) -> bool:
        """Whether the file has that key."""
        return self._of(key_id) is not None


def _version(path: Path) -> tuple[int, int] | None:
    """Tells a file from the one that is put in its place; None: there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def _mac(key: _Derived, message: bytes) -> bytes:
    return hmac.digest(key.seals, message, "sha256")


def _blind(key: _Derived, text: str, column: Column) -> bytes:
    plain = unicodedata.normalize("NFKC", text).strip().encode()
    return _FORMAT + key.id + hmac.digest(key.blind, _joined(column) + plain, "sha256")[:_BLIND]


def _bound(context: Context) -> bytes:
    return _joined((context[0], context[1], str(context[2])))


def _joined(parts: Iterable[str]) -> bytes:
    """Each part with its length before it: no two contexts read the same."""
    return b"".join(b"%d:%b" % (len(part.encode()), part.encode()) for part in parts)
