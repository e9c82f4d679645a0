"""What `shijing vault rotate` runs."""

from datetime import UTC, datetime
from typing import Any

from access import audit
from access.key_file import add_key
from access.rotation import SEALED, reencrypt
from access.seals import seal
from access.vault import Vault
from config.database import Connection, connect
from dispatch.addresses import SEALED as ADDRESSES_SEALED
from dispatch.forget import SEALED as ATTACHMENTS_SEALED
from events.private import SEALED as EVENT_SEALED
from people.private import SEALED as PEOPLE_SEALED

COLUMNS = (*SEALED, *PEOPLE_SEALED, *ADDRESSES_SEALED, *ATTACHMENTS_SEALED, *EVENT_SEALED)


def rotate(database_url: str, vault: Vault, *, new_key: bool) -> dict[str, Any]:
    """A new key, everything encrypted with it, and a seal of it: so the trail is vouched for by both keys."""
    with connect(database_url, "vault", autocommit=True) as connection:
        seal(connection, vault, now=datetime.now(UTC))
        if new_key:
            _tell(connection, "vault.key_added", key=add_key(vault.path, now=datetime.now(UTC)).id)
        fresh = Vault(vault.path)
        fields = reencrypt(connection, fresh, COLUMNS)
        _tell(connection, "vault.rotated", key=fresh.key_ids[-1], fields=fields)
        seal(connection, fresh, now=datetime.now(UTC))
    return {"key": fresh.key_ids[-1], "keys": fresh.key_ids, "fields": fields}


def _tell(connection: Connection, act: str, **facts: Any) -> None:
    with connection.transaction():
        audit.append(connection, act=act, actor=None, details=facts)
