"""What a channel is given to send, and what a channel is."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """A browser that takes web push for a person: its address at the push service, and its keys (RFC 8291)."""

    id: UUID
    endpoint: str = field(repr=False)  # who has it may send there
    p256dh: str = field(repr=False)  # base64url
    auth: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One message to one address."""

    key: UUID  # what is sent again is sent under the same one
    repeated: bool  # it may have come through before
    to: str = field(repr=False)  # a number, a mail address, a person's id, a division's code; "" for a group's robot
    subscriptions: tuple[Subscription, ...] = ()
    title: str
    body: str
    short: str  # for a text message
    spoken: str  # for a voice
    level: str
    drill: bool
    url: str  # of the page where it is answered; "": the system has no address that it may name
    at: datetime  # when it is sent, by the clock of the machine
    run_id: int
    assignment_ids: tuple[int, ...]


class Channel(Protocol):
    """A way to somebody."""

    @property
    def leaves_network(self) -> bool:
        """Whether what it sends goes to somebody else's machines."""

    def send(self, notices: Sequence[Notice]) -> None:
        """Send one message about these, all of one address; raises dispatch.errors.Passing or Final.

        Several are a digest. It returns when the message was taken, and may be called from several threads at once.
        """
