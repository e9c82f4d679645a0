"""The phones whose page is open: a bounded queue each, and what each was told last.

Lives on the event loop. Nothing of it is stored but that a phone is there (table `phones`), and that only while it is.
"""

import asyncio
import logging
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from access.viewer import Viewer
from web.worker_cards import Told, as_list

log = logging.getLogger(__name__)

QUEUE_FRAMES = 64  # a phone that is so far behind comes back and is told all
SILENT_AT_MOST_S = 10.0
_LOOK_S = 0.5
_BEAT = b"event: beat\ndata: {}\n\n"


@dataclass(kw_only=True, eq=False)
class Phone:
    """One connection of one person."""

    person_id: UUID
    account_id: UUID
    session_hash: bytes = field(repr=False)
    id: UUID = field(default_factory=uuid4)
    ticket: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)  # shown with its receipts
    frames: asyncio.Queue[bytes | None] = field(default_factory=lambda: asyncio.Queue(QUEUE_FRAMES), repr=False)
    spoken_at: float = 0.0  # by the loop's clock
    is_welcome: bool = False  # told all that is open; what happens before that is in what it is told then
    told: dict[int, int] = field(default_factory=dict, repr=False)  # assignment → hash of its card

    def offer(self, frame: bytes | None) -> bool:
        """Queue it; False where the phone is too far behind."""
        try:
            self.frames.put_nowait(frame)
        except asyncio.QueueFull:
            return False
        return True


class Phones:
    """All of them; every method but those that say so is for the event loop that made it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._phones: dict[UUID, Phone] = {}
        self._by_person: dict[UUID, set[Phone]] = {}
        self._by_ticket: dict[str, Phone] = {}
        self._closed = False
        self._loop.call_later(_LOOK_S, self._beat)

    def __len__(self) -> int:
        return len(self._phones)

    def join(self, viewer: Viewer, person_id: UUID) -> Phone:
        """Somebody's page is open from now on."""
        phone = Phone(person_id=person_id, account_id=viewer.account_id, session_hash=viewer.session_hash)
        if self._closed:
            phone.offer(None)
            return phone
        phone.spoken_at = self._loop.time()
        self._phones[phone.id] = phone
        self._by_person.setdefault(person_id, set()).add(phone)
        self._by_ticket[phone.ticket] = phone
        return phone

    def leave(self, phone: Phone) -> None:
        """It is closed."""
        if self._phones.pop(phone.id, None) is None:
            return
        del self._by_ticket[phone.ticket]
        others = self._by_person[phone.person_id]
        others.discard(phone)
        if not others:
            del self._by_person[phone.person_id]

    def of_ticket(self, ticket: str) -> Phone | None:
        """Whose ticket that is."""
        return self._by_ticket.get(ticket)

    def is_here(self, person_id: UUID) -> bool:
        """Whether a phone of somebody is open; from any thread."""
        return person_id in self._by_person

    def all(self) -> list[Phone]:
        """Those of now; from any thread."""
        return list(self._phones.values())

    def welcome_from_thread(self, phones: Sequence[Phone], cards: Mapping[UUID, Sequence[Told]], at: datetime) -> None:
        """Tell new ones all that is open."""
        self._call(self._welcome, phones, cards, at)

    def tell_from_thread(self, cards: Mapping[UUID, Sequence[Told]], at: datetime) -> None:
        """Tell everybody of these cards, where they differ from what was told."""
        self._call(self._tell, cards, at)

    def end_from_thread(self, phones: Sequence[Phone]) -> None:
        """End these streams: they come back as what they are now, or not at all."""
        self._call(self._end, phones)

    def close(self) -> None:
        """End every stream, so that a server that stops need not wait for them."""
        self._closed = True
        self._end(self.all())

    def _call(self, act: Any, *given: Any) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(act, *given)

    def _welcome(self, phones: Iterable[Phone], cards: Mapping[UUID, Sequence[Told]], at: datetime) -> None:
        for phone in phones:
            own = cards.get(phone.person_id, [])
            phone.is_welcome = True
            phone.told.update((card.id, hash(card.text)) for card in own)
            # Its ticket and its id are letters, digits and dashes.
            told = b'"person":"%b","ticket":"%b","tasks":%b' % (
                str(phone.person_id).encode(), phone.ticket.encode(), as_list(own)
            )  # fmt: skip
            self._give(phone, _frame(b"tasks", at, told))

    def _tell(self, cards: Mapping[UUID, Sequence[Told]], at: datetime) -> None:
        for person_id, own in cards.items():
            for phone in [one for one in self._by_person.get(person_id, ()) if one.is_welcome]:
                news = [card for card in own if phone.told.get(card.id) != hash(card.text)]
                phone.told.update((card.id, hash(card.text)) for card in news)
                if news:
                    self._give(phone, _frame(b"cards", at, b'"cards":%b' % as_list(news)))

    def _beat(self) -> None:
        """Say something to those who have heard nothing for long: one look for all is cheaper than a timer for each."""
        now = self._loop.time()
        for phone in [one for one in self._phones.values() if now - one.spoken_at >= SILENT_AT_MOST_S]:
            self._give(phone, _BEAT)
        if not self._closed:
            self._loop.call_later(_LOOK_S, self._beat)

    def _give(self, phone: Phone, frame: bytes) -> None:
        phone.spoken_at = self._loop.time()
        if not phone.offer(frame):
            log.warning("a phone read too slowly and was let go; it comes back by itself")
            self._end([phone])

    def _end(self, phones: Iterable[Phone]) -> None:
        for phone in phones:
            self.leave(phone)
            while not phone.frames.empty():
                phone.frames.get_nowait()
            phone.offer(None)


def _frame(event: bytes, at: datetime, told: bytes) -> bytes:
    """One server-sent event; JSON has no line break outside of its strings, and none in them."""
    return b'event: %b\ndata: {"now":"%b",%b}\n\n' % (event, at.isoformat().encode(), told)
