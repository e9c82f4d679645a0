"""Messages that are due, as rows with what they are about; the locks that keep two from sending one of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from config.database import Connection
from dispatch.addresses import QUERIES, Address
from dispatch.notice import Notice
from dispatch.words import Matter, words_of


@dataclass(frozen=True, kw_only=True, eq=False)
class Open:
    """One delivery."""

    id: int
    channel: str
    key: UUID
    repeated: int
    tries_before: int
    digest: UUID | None
    person_id: UUID | None
    part: str
    assignment_id: int
    run_id: int
    division_id: int
    due_at: datetime  # the task
    what: str
    level: str
    exercise: bool
    plan: str
    privacy: dict[str, Any] | None
    place: str
    code: str  # of the place
    over: str  # why it need not be sent any more
    address: Address = field(default_factory=Address)

    @property
    def tries(self) -> int:
        """How often it was sent, or is about to be."""
        return self.tries_before + self.repeated + 1

    def notice(self, url: str, now: datetime) -> Notice:
        """What is sent, under the key of the message that it is in."""
        privacy = self.privacy or {}
        matter = Matter(
            plan=self.plan,
            task=self.what,
            place=self.place,
            due_at=self.due_at,
            level=self.level,
            drill=self.exercise,
            part=self.part,
            private=self.privacy is not None,
            map=privacy.get("map", "none"),
        )
        words = words_of(matter, self.channel, url)
        return Notice(
            key=self.digest or self.key,
            repeated=self.repeated > 0,
            to=self.address.to,
            subscriptions=self.address.subscriptions,
            **vars(words),
            level=self.level,
            drill=self.exercise,
            url=url,
            at=now,
            run_id=self.run_id,
            assignment_ids=(self.assignment_id,),
        )


class Locks:
    """The deliveries that this session holds, until they are sent and that is written."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._held: set[int] = set()

    def take(self, ids: Sequence[int]) -> list[int]:
        """Those of them that nobody else holds."""
        new = [one for one in ids if one not in self._held]
        rows = self._connection.execute(QUERIES["lock"], {"ids": new}).fetchall()
        self._held |= {number for number, got in rows if got}
        return [one for one in ids if one in self._held]

    def release(self) -> None:
        """Let go of all; a connection that broke let go by itself."""
        if self._held and not self._connection.closed:
            self._connection.execute(QUERIES["unlock"], {"ids": list(self._held)}).fetchall()
        self._held = set()


def read_open(connection: Connection, ids: Sequence[int], at: datetime) -> list[Open]:
    """Those of these deliveries that are not sent yet, locked until the transaction's end."""
    with connection.cursor(row_factory=class_row(Open)) as cursor:
        return cursor.execute(QUERIES["open"], {"ids": list(ids), "at": at}).fetchall()


def pass_over(connection: Connection, why: Mapping[Open, str]) -> None:
    """Write down that these are not sent, and why."""
    if why:
        rows = [{"id": row.id, "detail": reason} for row, reason in why.items()]
        connection.execute(QUERIES["skip"], {"rows": Jsonb(rows)})
