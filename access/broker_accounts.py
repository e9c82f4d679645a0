"""Accounts of the MQTT broker: kept in the database, the password told once. Each act is in the audit, by their ids."""

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from psycopg.rows import class_row

from access.audit import append
from access.errors import BrokerAccountError
from config.database import Connection
from config.queries import Queries

QUERIES = Queries(Path(__file__).with_name("broker_queries.sql"))

# A password has 192 random bits: no number of rounds makes guessing it harder, and the broker, which has one
# thread, does these for every device that comes back after an outage.
_ROUNDS = 101  # Mosquitto's own
_NAME = re.compile(r"[^/+#:$\s\x00-\x1f\x7f][^/+#:\s\x00-\x1f\x7f]{0,63}")


class Role(StrEnum):
    """What an account is for; what it may do follows from it (access/broker_grants.py)."""

    GATEWAY = "gateway"  # a device, or a gateway with the devices that the registry puts behind it
    PIPELINE = "pipeline"
    WARNINGS = "warnings"  # receives official warnings
    WARNING_SOURCE = "warning-source"  # brings them
    ALERTS_OUT = "alerts-out"
    WATCH = "watch"
    DISPATCHER = "dispatcher"  # calls people
    WORKER_APP = "worker-app"  # is called: named by the person's id
    LOUDSPEAKER = "loudspeaker"  # named by its division's code
    REPLAY = "replay"  # recorded data, as any device: for exercises


@dataclass(frozen=True, kw_only=True)
class BrokerAccount:
    """One account, as it is stored."""

    id: UUID
    name: str
    role: str
    hash: str
    note: str
    created_at: datetime
    rotated_at: datetime
    locked_at: datetime | None
    lock_reason: str
    devices: list[str]  # that a gateway speaks for besides itself


def accounts(connection: Connection) -> list[BrokerAccount]:
    """All of them, by name."""
    with connection.cursor(row_factory=class_row(BrokerAccount)) as cursor:
        return cursor.execute(QUERIES["accounts"]).fetchall()


def add_account(connection: Connection, name: str, role: Role, note: str = "") -> str:
    """Make an account; the password, which is kept nowhere. Raises BrokerAccountError for a name that cannot be."""
    _check_name(name)
    password = secrets.token_urlsafe(24)
    row = {"name": name, "role": role.value, "hash": mosquitto_hash(password), "note": note}
    with connection.transaction():
        made = connection.execute(QUERIES["add_account"], row).fetchone()
        if made is None:
            raise BrokerAccountError(
                f"the account {name!r} is there already: shijing gateway rotate {name} gives it a new password"
            )
        append(connection, act="gateway.added", actor=None, subject=made[0], details={"for": role.value})
    return password


def rotate(connection: Connection, name: str) -> str:
    """Give an account a new password, which is kept nowhere; the old one holds until the files are written."""
    password = secrets.token_urlsafe(24)
    row = {"name": name, "hash": mosquitto_hash(password)}
    _change(connection, "rotate_account", row, act="gateway.rotated")
    return password


def lock(connection: Connection, name: str, reason: str) -> None:
    """Shut an account out, from the next writing of the files on."""
    _change(connection, "lock_account", {"name": name, "reason": reason}, act="gateway.locked")


def unlock(connection: Connection, name: str) -> None:
    """Let it in again, with the password that it had."""
    _change(connection, "unlock_account", {"name": name}, act="gateway.unlocked")


def tell_written(connection: Connection, *, accounts: int, locked: int) -> None:
    """That the broker's files were written, in the audit: from then on it goes by what was changed."""
    with connection.transaction():
        append(connection, act="gateway.written", actor=None, details={"accounts": accounts, "locked": locked})


def mosquitto_hash(password: str, *, salt: bytes | None = None, rounds: int = _ROUNDS) -> str:
    """As Mosquitto 2 keeps it: `$7$rounds$salt$hash`, PBKDF2 with SHA-512 (2.0 reads no Argon2)."""
    salt = secrets.token_bytes(12) if salt is None else salt
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, rounds)
    return f"$7${rounds}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise BrokerAccountError(
            f"{name!r} cannot be an account: 1 to 64 characters without blanks and / + # : (nor $ at the beginning);"
            " a device's is its name in the topic"
        )
    if name == "alert" or name.startswith("shijing-"):
        raise BrokerAccountError(f"{name!r} is kept for our own topics and sessions: choose another name")


def _change(connection: Connection, query: str, row: dict[str, str], *, act: str) -> None:
    with connection.transaction():
        changed = connection.execute(QUERIES[query], row).fetchone()
        if changed is None:
            raise BrokerAccountError(f"there is no account {row['name']!r}: shijing gateway list names all of them")
        append(connection, act=act, actor=None, subject=changed[0])
