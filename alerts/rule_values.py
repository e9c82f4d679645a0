"""The small values that rule files are made of."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Text = Annotated[str, Meta(min_length=1)]
Number = Annotated[float, Meta(ge=-1e9, le=1e9)]  # finite, and small enough to be told to 1e-9
Samples = Annotated[int, Meta(ge=1, le=1_000_000)]  # in a row
Seconds = Annotated[float, Meta(ge=0, le=1e9)]  # event time
Margin = Annotated[float, Meta(ge=0, le=1e9)]  # in the unit of what is compared
MarginFraction = Annotated[float, Meta(ge=0, lt=1)]  # of the threshold
Direction = Literal["above", "below", "between"]

DAY_S = 86_400.0
LONGEST_S = 400 * DAY_S  # a window, so that times in µs and their sums stay far from overflow


class Misplaced(ValueError):
    """A value that does not go with others; `steps` lead to it from the struct that says so."""

    def __init__(self, reason: str, *steps: str | int) -> None:
        super().__init__(reason)
        self.steps = steps


class Words(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same words in the two languages of the screens."""

    zh: Text
    en: Text


def micros(seconds: float) -> int:
    """Whole microseconds, as the kernel counts."""
    return round(seconds * 1e6)
