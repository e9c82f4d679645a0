"""Errors of this room.

ScreenError
├── ScreenUnknown   there is no such screen now, or none that the desk may drive
├── AddressRefused  no address that a screen can be sent
└── NoSuchMoment    a time that the screen cannot go to
"""

from config.errors import ShijingError


class ScreenError(ShijingError):
    """What the screen reads or is told cannot be had."""


class ScreenUnknown(ScreenError):
    """There is no such screen now, or none that the desk may drive."""


class AddressRefused(ScreenError):
    """No address that a screen can be sent."""


class NoSuchMoment(ScreenError):
    """A time that the screen cannot go to; the text says why, `zh` says it in Chinese."""

    def __init__(self, told: str, zh: str) -> None:
        super().__init__(told)
        self.zh = zh
