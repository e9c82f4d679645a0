"""What this package raises on purpose.

ShijingError
├── ConfigError          config/posts.toml does not hold together
└── PeopleError
    ├── Unknown          no organisation, person, shift or post of that name or id
    └── Refused          a change that does not hold together with what is there
        └── Overlaps     it is there already, for some of that time
"""

from config.errors import ShijingError


class PeopleError(ShijingError):
    """The base of every error of this package; `zh` says the same on a page in Chinese."""

    def __init__(self, text: str, zh: str = "") -> None:
        super().__init__(text)
        self.zh = zh or text


class Unknown(PeopleError):
    """What was named is not there: says what, and where to look."""


class Refused(PeopleError):
    """It cannot be so; the text says why and what to do instead."""


class Overlaps(Refused):
    """The same is there already for some of that time."""
