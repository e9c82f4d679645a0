"""Fields of people encrypted at rest, with keys that are in no database.

A ciphertext is bound to its table, column and row, so it cannot be moved to another one. In front of it
stands the id of its key: several keys may be in use while they are rotated (access/rotation.py).
"""

import hmac
import os
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
        keys = read_key_file(path)
        self._derived = {key.id: _Derived(key) for key in keys}
        self._current = self._derived[keys[-1].id]

    @classmethod
    def of_folder(cls, folder: Path) -> Self:
        """The vault of a data folder, in `secrets/key`; the key is made at the first use."""
        path = folder / "secrets" / "key"
        if not path.exists():
            make_key_file(path, now=datetime.now(UTC))
        return cls(path)

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
        """The ciphertext of a field (29 + 4 bytes longer than the text in UTF-8)."""
        nonce = os.urandom(_NONCE)
        key = self._current
        return b"%b%b%b%b" % (_FORMAT, key.id, nonce, key.fields.encrypt(nonce, text.encode(), _bound(context)))

    def open(self, sealed: bytes, *, context: Context) -> str:
        """The text of a ciphertext; raises CannotOpen where key, row or bytes are not those that it was made with."""
        where = f"{context[0]}.{context[1]} of {context[2]}"
        if sealed[:1] != _FORMAT or len(sealed) < _HEAD + _NONCE + 16:
            raise CannotOpen(f"{where} holds no ciphertext of ours")
        key = self._derived.get(self.key_of(sealed))
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
        return _blind(self._current, text, context)

    def blinds(self, text: str, *, context: Column) -> list[bytes]:
        """What to search for, `= any(…)`: the blind index of a text under every key, a rotation may be under way."""
        return [_blind(key, text, context) for key in self._derived.values()]

    def is_current(self, sealed: bytes) -> bool:
        """Whether a ciphertext or blind index is of the key that encrypts now."""
        return sealed[len(_FORMAT) : _HEAD] == self._current.id

    @staticmethod
    def key_of(sealed: bytes) -> str:
        """The id of the key of a ciphertext or blind index."""
        return bytes(sealed[len(_FORMAT) : _HEAD]).hex()

    def vouch(self, message: bytes) -> tuple[str, bytes]:
        """The id of the key that vouches for a message, and the HMAC."""
        return self._current.id.hex(), _mac(self._current, message)

    def vouched(self, message: bytes, mac: bytes, key_id: str) -> bool:
        """Whether that key of ours vouched for it."""
        key = self._derived.get(key_id)
        return key is not None and hmac.compare_digest(_mac(key, message), mac)

    def knows(self, key_id: str) -> bool:
        """Whether the file has that key."""
        return key_id in self._derived


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
