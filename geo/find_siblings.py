"""Findings of units beside their like: names and codes that occur twice, uneven load, too many changes."""

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from statistics import median
from typing import TypeVar

from config.boundary_settings import BoundarySettings
from geo.finding import Finding, finding
from geo.mends import coded, numbered
from geo.topology import Coverage, Unit

FEWEST_FOR_A_MEDIAN = 3
Word = TypeVar("Word", bound=Hashable)


def duplicates(coverage: Coverage, of: Collection[str]) -> Iterator[Finding]:
    """duplicate_name in a parent and duplicate_code in the coverage, where one of `of` is among them.

    The first one (by key) keeps what it has; each other is a finding with the first beside it.
    """
    asked = [unit for key in of if (unit := coverage.units.get(key))]
    for first, other in _twice(coverage, {(u.parent_id, u.name) for u in asked}, lambda u: (u.parent_id, u.name), of):
        yield finding(
            "duplicate_name", [other, first], size=2, unit="", at=other.geometry, mend=numbered(coverage, other),
            other=first.code,
        )  # fmt: skip
    for first, other in _twice(coverage, {u.code for u in asked if u.code}, lambda u: u.code, of):
        yield finding(
            "duplicate_code", [other, first], size=2, unit="", at=other.geometry,
            mend=coded(coverage, other, len(other.code)), other=first.name, code=other.code,
        )  # fmt: skip


def _twice(
    coverage: Coverage, words: Collection[Word], word: Callable[[Unit], Word], of: Collection[str]
) -> Iterator[tuple[Unit, Unit]]:
    """Of each word that several have: the first unit, and each other one."""
    having: dict[Word, list[Unit]] = {}
    for unit in coverage.units.values():
        if (said := word(unit)) in words:
            having.setdefault(said, []).append(unit)
    for units in having.values():
        if len(units) > 1:
            first, *others = sorted(units, key=_age)
            yield from ((first, other) for other in others if other.key in of or first.key in of)


def _age(unit: Unit) -> tuple[bool, int]:
    """Divisions that exist come before new ones."""
    return unit.key[0] != "d", int(unit.key[1:])


def load(coverage: Coverage, parent_id: int, settings: BoundarySettings) -> Iterator[Finding]:
    """load_uneven: households against the median of the parent's grids."""
    units = [coverage.units[key] for key in coverage.children[parent_id]]
    known = [unit for unit in units if unit.households is not None]
    if coverage.level != "grid" or len(known) < FEWEST_FOR_A_MEDIAN:
        return
    middle = float(median(unit.households or 0 for unit in known))
    for unit in known:
        if not middle / settings.load_ratio <= (unit.households or 0) <= middle * settings.load_ratio:
            yield finding(
                "load_uneven", [unit], size=unit.households or 0, unit="households", at=unit.geometry, median=middle
            )


def changes(units: Sequence[Unit], counts: Mapping[int, int], settings: BoundarySettings) -> Iterator[Finding]:
    """changes_often: `counts` are the published changes of each division in the last year."""
    for unit in units:
        count = counts.get(unit.division_id, 0) if unit.division_id is not None else 0
        if count > settings.changes_per_year:
            yield finding(
                "changes_often", [unit], size=count, unit="", at=unit.geometry, bound=settings.changes_per_year
            )
