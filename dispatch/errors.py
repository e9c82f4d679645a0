"""What goes wrong when people are called and answer.

DispatchError
├── Refused          an act or an answer that cannot be taken: said to whoever gave it
└── ChannelError     a message that a channel did not take
    ├── Passing      worth another attempt
    └── Final        no attempt will help: the number is none, the robot's key is wrong
"""

from config.errors import ShijingError


class DispatchError(ShijingError):
    """Something of this room went wrong."""


class Refused(DispatchError):
    """An act or an answer that cannot be taken; the sentence says why, and what can be done, in both languages."""

    def __init__(self, text: str, zh: str) -> None:
        super().__init__(text)
        self.zh = zh


class ChannelError(DispatchError):
    """A channel did not take a message; the text names no address and no secret."""


class Passing(ChannelError):
    """It may take it later: not before `pause_s`, where it said so. `unsure`: perhaps it took it, and did not say."""

    def __init__(self, text: str, *, pause_s: float | None = None, unsure: bool = False) -> None:
        super().__init__(text)
        self.pause_s = pause_s
        self.unsure = unsure


class Final(ChannelError):
    """It will never take it."""
