"""Spells of alerts as sums: how often, how long, how high."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from alerts.backtest import Spell
from alerts.levels import GRADES, rank

HOUR_US = 3.6e9


@dataclass(frozen=True, kw_only=True)
class LevelSum:
    """One level over all subjects."""

    raised: int  # how often a subject came to it from below
    hours: float  # how long subjects stood at it, all together
    longest_h: float


@dataclass(frozen=True, kw_only=True)
class AlertSum:
    """One alert from its raise to its end."""

    rule_id: str
    subject: int
    begin: int  # µs
    end: int  # µs
    peak: str


def level_sum(found: Iterable[Spell], grade: str) -> LevelSum:
    """Spells of an alert come one after another: it was raised to the level where the one before was lower."""
    before: dict[int, str] = {}
    raised, hours = 0, [0.0]
    for spell in sorted(found, key=lambda one: (one.alert, one.begin)):
        if spell.level == grade:
            raised += rank(before.get(spell.alert, "none")) < rank(grade)
            hours.append((spell.end - spell.begin) / HOUR_US)
        before[spell.alert] = spell.level
    return LevelSum(raised=raised, hours=round(sum(hours), 2), longest_h=round(max(hours), 2))


def level_sums(found: Sequence[Spell]) -> dict[str, LevelSum]:
    """All four levels."""
    return {grade: level_sum(found, grade) for grade in GRADES}


def hours_of(found: Iterable[Spell]) -> float:
    """How long subjects stood at any level, all together."""
    return round(sum(spell.end - spell.begin for spell in found) / HOUR_US, 2)


def peak_of(found: Collection[Spell]) -> str:
    """The gravest level."""
    return max((spell.level for spell in found), key=rank)


def alerts_of(found: Iterable[Spell]) -> list[AlertSum]:
    """The alerts that spells are parts of, by begin."""
    parts: dict[int, list[Spell]] = {}
    for spell in found:
        parts.setdefault(spell.alert, []).append(spell)
    sums = [
        AlertSum(
            rule_id=spells[0].rule_id,
            subject=spells[0].subject,
            begin=min(spell.begin for spell in spells),
            end=max(spell.end for spell in spells),
            peak=peak_of(spells),
        )
        for spells in parts.values()
    ]
    return sorted(sums, key=lambda one: (one.begin, one.rule_id, one.subject))
