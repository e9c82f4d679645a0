"""Official warnings entered by hand, and ended by hand: read from a fax, a telephone call, a screen."""

import json
from datetime import datetime
from uuid import UUID, uuid4

from alerts.actors import actor_of
from alerts.warnings import Message, WarningRefused
from alerts.warnings_alerts import Judging
from alerts.warnings_cover import QUERIES
from alerts.warnings_csv import Row, message_of
from alerts.warnings_store import Origin, Outcome, store
from config.database import Connection


def add(
    connection: Connection, row: Row, judging: Judging, *, actor: str | UUID, now: datetime | None = None
) -> Outcome:
    """Store a warning from its fields, named as in a file of warnings; `actor` is who entered it, by id or by name.

    Raises WarningRefused with the field that is wrong.
    """
    message = message_of(row, "by hand", identifier=_identifier())
    return _store(connection, message, row, judging, actor, now)


def cancel(
    connection: Connection,
    warning: str,
    judging: Judging,
    *,
    actor: str | UUID,
    reason: str,
    now: datetime | None = None,
) -> Outcome:
    """End a warning by its number or identifier, in its sender's name.

    Raises WarningRefused where there is none, several have that identifier, or it is over.
    """
    with connection.transaction():
        connection.execute(QUERIES["lock_warnings"])
        found = connection.execute(QUERIES["find_to_cancel"], {"name": warning}).fetchall()
        if len(found) != 1:
            what = (
                "there is none" if not found else f"{len(found)} senders use it: {', '.join(row[0] for row in found)}"
            )
            raise WarningRefused("cancel", f"warning {warning[:200]!r}", what, "name the number that the list shows")
        sender, identifier, status, clock = found[0]
        message = Message(
            identifier=_identifier(),
            sender=sender,
            sent=now or clock,
            status=status,
            msg_type="cancel",
            references=(f"{sender},{identifier}",),
            parts=(),
        )
        row = {"cancels": f"{sender},{identifier}", "reason": reason, "identifier": message.identifier}
        return _store(connection, message, row, judging, actor, now)


def _identifier() -> str:
    return f"hand-{uuid4().hex}"


def _store(
    connection: Connection, message: Message, row: Row, judging: Judging, actor: str | UUID, now: datetime | None
) -> Outcome:
    with connection.transaction():
        raw = json.dumps({**row, "identifier": message.identifier}, ensure_ascii=False, sort_keys=True).encode()
        origin = Origin(source="hand", actor=_actor(connection, actor))
        return store(connection, message, raw, origin, judging, now=now)


def _actor(connection: Connection, name: str | UUID) -> UUID:
    if isinstance(name, UUID):
        return name
    if not name.strip():
        raise WarningRefused("actor", "by hand, actor", "it is empty", "say who enters it")
    return actor_of(connection, name)
