"""The levels of an alert, lowest first (domain: blue IV, yellow III, orange II, red I)."""

from typing import Literal

Level = Literal["none", "blue", "yellow", "orange", "red"]
Grade = Literal["blue", "yellow", "orange", "red"]

LEVELS: tuple[Level, ...] = ("none", "blue", "yellow", "orange", "red")
GRADES: tuple[Grade, ...] = ("blue", "yellow", "orange", "red")

_RANKS: dict[str, int] = {level: rank for rank, level in enumerate(LEVELS)}


def rank(level: str) -> int:
    """0 for none … 4 for red."""
    return _RANKS[level]


def highest(*levels: Level) -> Level:
    """The highest of the levels; none where there is none."""
    return LEVELS[max(map(rank, levels), default=0)]
