"""Answers that all screens ask for at once, after each change: made for one of them, told to the others like it."""

import time
from collections.abc import Callable, Hashable

from web.levels_kept import Kept

_TOLD_S = 1.0  # what was read is told for so long, and never across a live event


class Told:
    """Safe to share between threads."""

    def __init__(self, most: int = 128) -> None:
        self._kept: Kept[tuple[Hashable, ...], bytes] = Kept(most)

    def get(self, event: int, key: tuple[Hashable, ...], make: Callable[[], bytes]) -> bytes:
        """What was made for the key, or is made now. `event`: the last one that the screens were told of."""
        return self._kept.get((event, int(time.monotonic() / _TOLD_S), *key), make)
