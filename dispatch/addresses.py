"""Where people are reached: the sealed telephone and mail address of a person, the browsers that take web push.

Opened for sending alone, on the server's own connection, and told to nobody: not in a log, not in a row. That somebody
was called, by which channel and when, is in `deliveries`.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson

from access.rotation import SealedColumn
from access.vault import Vault
from config.database import Connection
from config.queries import Queries
from dispatch.endpoints import is_sealed_line
from dispatch.errors import Refused
from dispatch.notice import Subscription
from people.private import open_private

QUERIES = Queries(Path(__file__).with_name("delivery_queries.sql"))
TABLE = "push_subscriptions"
SEALED = (
    SealedColumn(table=TABLE, id="id", column="endpoint", blind="endpoint_blind"),
    SealedColumn(table=TABLE, id="id", column="keys"),
)

_MOST = 5  # browsers of one person; one more replaces the oldest
_LONGEST = 2_000  # letters


@dataclass(frozen=True, kw_only=True)
class Address:
    """One place to send to; not shown in a repr, and so in no log."""

    to: str = field(default="", repr=False)
    subscriptions: tuple[Subscription, ...] = field(default=(), repr=False)


def addresses_of(
    connection: Connection, vault: Vault | None, channel: str, people: Collection[UUID]
) -> dict[UUID, Address]:
    """Where these people are reached by a channel; who cannot be is not among them."""
    if channel == "mqtt":
        return {person: Address(to=str(person)) for person in people}
    if vault is None or not people:
        return {}
    if channel == "push":
        found = subscriptions_of(connection, vault, people)
        return {person: Address(to=str(person), subscriptions=mine) for person, mine in found.items()}
    name = "email" if channel == "email" else "phone"
    opened = open_private(connection, vault, people)
    return {person: Address(to=to) for person, fields in opened.items() if (to := getattr(fields, name))}


def subscriptions_of(
    connection: Connection, vault: Vault, people: Iterable[UUID]
) -> dict[UUID, tuple[Subscription, ...]]:
    """The browsers that take web push for these people. Raises CannotOpen for another key."""
    found: dict[UUID, tuple[Subscription, ...]] = defaultdict(tuple)
    rows = connection.execute(QUERIES["subscriptions"], {"people": list(people)}).fetchall()
    for number, person, endpoint, keys in rows:
        told: dict[str, Any] = orjson.loads(vault.open(bytes(keys), context=(TABLE, "keys", number)))
        opened = vault.open(bytes(endpoint), context=(TABLE, "endpoint", number))
        found[person] += (Subscription(id=number, endpoint=opened, **told),)
    return dict(found)


def put_subscription(
    connection: Connection, vault: Vault, person_id: UUID, *, endpoint: str, p256dh: str, auth: str, at: datetime
) -> None:
    """Take web push for a person at a browser, in a transaction of its own; a browser is one person's at a time.

    Raises Refused for what is none. Whether the push service may be asked is known when it is (dispatch/channels/push).
    """
    too_long = max(map(len, (endpoint, p256dh, auth))) > _LONGEST
    if too_long or not (is_sealed_line(endpoint) and p256dh and auth):
        raise Refused("this is no subscription for web push", "推送订阅无效。")
    number = uuid4()
    named = {
        "id": number,
        "person": person_id,
        "endpoint": vault.seal(endpoint, context=(TABLE, "endpoint", number)),
        "blind": vault.blind(endpoint, context=(TABLE, "endpoint")),
        "keys": vault.seal(orjson.dumps({"p256dh": p256dh, "auth": auth}).decode(), context=(TABLE, "keys", number)),
        "at": at,
    }
    with connection.transaction():
        drop_subscription(connection, vault, endpoint=endpoint)
        connection.execute(QUERIES["put_subscription"], named)
        connection.execute(QUERIES["drop_oldest"], {"person": person_id, "most": _MOST})


def drop_subscription(connection: Connection, vault: Vault, *, endpoint: str, person_id: UUID | None = None) -> None:
    """Send no more to a browser; with `person_id` only where it is that person's."""
    blinds = vault.blinds(endpoint, context=(TABLE, "endpoint"))
    connection.execute(QUERIES["drop_endpoint"], {"blinds": blinds, "person": person_id})
