"""What this package raises on purpose.

ShijingError
├── ConfigError          config/event_kinds.toml does not hold together
└── EventError
    ├── EventUnknown     no event of that number
    ├── Refused          a step that cannot be taken as things stand
    └── Misplaced        a place where nothing can be reported
"""

from config.errors import ShijingError


class EventError(ShijingError):
    """The base of every error of this package; `zh` says the same in Chinese."""

    def __init__(self, text: str, zh: str = "") -> None:
        super().__init__(text)
        self.zh = zh or text


class EventUnknown(EventError):
    """No event of that number, or none that whoever asks may see."""

    def __init__(self, number: int) -> None:
        super().__init__(f"there is no event {number}", f"没有编号为 {number} 的事件。")


class Refused(EventError):
    """It cannot be so; the text says why and what to do instead."""


class Misplaced(Refused):
    """No township is there, or none that whoever reports may report for."""
