"""How often something is done: soon after it is asked for, but neither too often nor too seldom."""


class Pace:
    """Due when asked for and `least_s` have passed, and in any case after `most_s`; due at the start."""

    def __init__(self, *, least_s: float, most_s: float) -> None:
        self._least = self._floor = least_s
        self._most = most_s
        self._last = float("-inf")
        self._asked = False

    def ask(self) -> None:
        """Something has happened: take the next turn that is allowed."""
        self._asked = True

    def slow_to(self, least_s: float) -> None:
        """Leave at least this long between two turns, where that is longer than set."""
        self._least = max(self._floor, least_s)

    def take(self, now: float) -> bool:
        """True where a turn is due; it counts as taken."""
        if self.wait(now) > 0:
            return False
        self._last = now
        self._asked = False
        return True

    def wait(self, now: float) -> float:
        """Seconds until the next turn is due, 0 where it is."""
        interval = self._least if self._asked else max(self._least, self._most)
        return max(0.0, self._last + interval - now)
