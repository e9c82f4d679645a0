"""Seals: what whoever can write the database cannot make, since the key is not in it.

A seal vouches for an entry's hash and by it for the whole chain up to there. It is written to the database
and, after that commit, to a file beside the key: deleted seals and a cut-off tail are then found as well.
One key file, and so one file of seals, belongs to one database.
"""

import fcntl
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from psycopg.rows import class_row

from access.audit import QUERIES
from access.chain import BEGINNING, Broken, Head, follow, link_at, links_after
from access.errors import AuditBroken, AuditError
from access.vault import Vault
from config.database import Connection


@dataclass(frozen=True, kw_only=True)
class Seal:
    """One seal."""

    seq: int
    hash: bytes
    at: datetime
    key_id: str
    mac: bytes

    def is_genuine(self, vault: Vault) -> bool:
        """Whether the key that it names made it."""
        return vault.vouched(_sealed(self.seq, self.hash, self.at), self.mac, self.key_id)

    def line(self) -> str:
        """As the file beside the key tells it."""
        told = {
            "seq": self.seq,
            "hash": self.hash.hex(),
            "at": self.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "key": self.key_id,
            "mac": self.mac.hex(),
        }
        return json.dumps(told) + "\n"


def seal(connection: Connection, vault: Vault, *, now: datetime) -> Seal | None:
    """Seal the chain as it stands, on an autocommit connection; None where nothing was ever written.

    What was added since the last seal is checked first, so that nothing broken is sealed. Where nothing
    was added the last seal stays. Raises AuditBroken, and AuditError where the last seal is not ours.
    """
    with connection.transaction():
        connection.execute(QUERIES["lock_seals"])
        made = _seal(connection, vault, now)
    if made is not None:
        _keep(vault, made)
    return made


def seal_if_due(connection: Connection, vault: Vault, *, now: datetime, every: timedelta) -> Seal | None:
    """The same, where the last seal is as old as that; None where it is not."""
    last = _last(connection)
    return None if last is not None and now - last.at < every else seal(connection, vault, now=now)


def last_seal(connection: Connection) -> Seal | None:
    """The newest of the database."""
    return _last(connection)


def stored_seals(connection: Connection) -> list[Seal]:
    """Those of the database, by entry."""
    with connection.cursor(row_factory=class_row(Seal)) as cursor:
        return cursor.execute(QUERIES["seals"]).fetchall()


def file_seals(vault: Vault) -> list[Seal]:
    """Those of the file beside the key, in order; a last line that a crash cut short does not count.

    Raises AuditError, naming the line, for what is no seal.
    """
    path = vault.seals_file
    try:
        text = path.read_text(encoding="ascii") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise AuditError(f"the seals in {path} cannot be read: {error}") from error
    whole = text.split("\n")[:-1]
    return [_read(line, f"{path}:{number}") for number, line in enumerate(whole, 1)]


def _read(line: str, where: str) -> Seal:
    try:
        told = json.loads(line)
        return Seal(
            seq=int(told["seq"]),
            hash=bytes.fromhex(told["hash"]),
            at=datetime.fromisoformat(told["at"]),
            key_id=str(told["key"]),
            mac=bytes.fromhex(told["mac"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise AuditError(f"{where} is no seal ({error}): put the file back as it was backed up") from error


def _sealed(seq: int, digest: bytes, at: datetime) -> bytes:
    return f"{seq}\n{digest.hex()}\n{at.astimezone(UTC).isoformat(timespec='microseconds')}".encode()


def _last(connection: Connection) -> Seal | None:
    with connection.cursor(row_factory=class_row(Seal)) as cursor:
        return cursor.execute(QUERIES["last_seal"]).fetchone()


def _seal(connection: Connection, vault: Vault, now: datetime) -> Seal | None:
    last = _last(connection)
    if last is not None and not last.is_genuine(vault):
        raise AuditError(
            f"the last seal, of entry {last.seq}, was not made with a key of {vault.path}: name the key file"
            " that belongs to this database; if this is the one, the seal is forged: see docs/privacy.md"
        )
    head = _end_since(connection, last)
    if isinstance(head, Broken):
        raise AuditBroken(head.seq, head.why)
    if head.seq == (last.seq if last else 0):
        return last
    key_id, mac = vault.vouch(_sealed(head.seq, head.hash, now))
    made = Seal(seq=head.seq, hash=head.hash, at=now, key_id=key_id, mac=mac)
    connection.execute(QUERIES["add_seal"], vars(made))
    return made


def _end_since(connection: Connection, last: Seal | None) -> Head | Broken:
    """The end of the chain, from the sealed entry on."""
    if last is None:
        return follow(links_after(connection, 0), BEGINNING, {})
    link = link_at(connection, last.seq)
    if link is None:
        return Broken(seq=last.seq, why="it is missing, and was sealed")
    head = follow([link], Head(seq=link.seq - 1, hash=link.prev), {last.seq: {last.hash}})
    return head if isinstance(head, Broken) else follow(links_after(connection, head.seq), head, {})


def _keep(vault: Vault, made: Seal) -> None:
    """Add it to the file where it is not there; what a crash cut short is taken away first."""
    path = vault.seals_file
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if made not in file_seals(vault):
                os.ftruncate(descriptor, path.read_bytes().rfind(b"\n") + 1)
                os.write(descriptor, made.line().encode())
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise AuditError(f"the seal was stored, but {path} cannot be written: {error}") from error
