"""Identifiers in the form of GB/T 35965.1: ZZZZZZDDDUUUXX_YYYYMMDDhhmmss_N, 31 characters.

ZZZZZZDDDUUUXX is the sender (a setting), YYYYMMDDhhmmss the Beijing time at which the message was entered,
N its number within that second, one digit from 0. Where ten messages have filled a second the next one
takes them, so that in a storm the time in an identifier may run ahead of `sent`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from alerts.instants import CHONGQING

_PER_SECOND = 10
_SECOND = timedelta(seconds=1)


class Numbers:
    """Gives out the free places of one sender, counting from those that are `taken` in each second."""

    def __init__(self, sender: str, taken: Mapping[datetime, int]) -> None:
        self._sender = sender
        self._taken = dict(taken)

    def draw(self, sent: datetime) -> tuple[str, datetime]:
        """The first free identifier at or after the second of `sent`, and its second."""
        second = sent.replace(microsecond=0)
        while self._taken.get(second, 0) >= _PER_SECOND:
            second += _SECOND
        number = self._taken.get(second, 0)
        self._taken[second] = number + 1
        return f"{self._sender}_{second.astimezone(CHONGQING):%Y%m%d%H%M%S}_{number}", second
