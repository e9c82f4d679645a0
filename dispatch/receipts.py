"""What phones and gateways say of messages: delivered, read. Read is not acknowledged."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from psycopg.types.json import Jsonb

from config.database import Connection
from dispatch.clock import QUERIES
from dispatch.settling import settle, tell


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """One word of one message."""

    assignment_id: int
    person_id: UUID
    kind: Literal["delivered", "read"]
    channel: str = "app"


def receive(connection: Connection, receipts: Sequence[Receipt], at: datetime) -> int:
    """Write them, all in one transaction; how many assignments they moved. What nobody was sent is passed over."""
    if not receipts:
        return 0
    rows = [{**asdict(one), "person_id": str(one.person_id)} for one in receipts]
    with connection.transaction():
        moved = connection.execute(QUERIES["receive"], {"rows": Jsonb(rows), "at": at}).fetchall()
        settle(connection, {task for _, _, task in moved}, at)
        tell(connection, [(run, assignment) for assignment, run, _ in moved])
    return len(moved)
