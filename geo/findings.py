"""What is wrong with a coverage, or worth a look.

Errors break what a level must be: its divisions tile their parent, each in one valid piece, under a code and a name
of its own. Warnings are for planners to weigh. Bounds: config/boundary_settings.py; words: geo/finding_words.py.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from config.boundary_settings import BoundarySettings
from geo.find_lines import leaves_line
from geo.find_shared import across_parents, of_parent
from geo.find_siblings import changes, duplicates, load
from geo.find_units import codes, shapes, sizes
from geo.finding import ERRORS, WARNINGS, Finding
from geo.lines import Line
from geo.topology import Change, Coverage

__all__ = ["ERRORS", "WARNINGS", "Finding", "check", "check_around"]


def check(
    coverage: Coverage,
    settings: BoundarySettings,
    *,
    lines: Sequence[Line] = (),
    counts: Mapping[int, int] | None = None,
) -> list[Finding]:
    """All findings, errors first, the largest first.

    `lines`: roads and rivers that borders should follow. `counts`: published changes of each division in the last
    year, by its id.
    """
    return _ordered(_found(coverage, list(coverage.children), frozenset(coverage.units), settings, lines, counts or {}))


def check_around(
    coverage: Coverage,
    changed: Change | Collection[str],
    settings: BoundarySettings,
    *,
    lines: Sequence[Line] = (),
    counts: Mapping[int, int] | None = None,
) -> tuple[frozenset[str], list[Finding]]:
    """After a change: the keys that were looked at, and all findings with one of them.

    Of the findings before, those with one of these keys are replaced; all others hold still. `coverage` is that
    after the change. A change tells where units that are gone lay; without it (keys alone) all is looked at then.
    """
    keys = frozenset(changed.keys if isinstance(changed, Change) else changed)
    parents = _touched(coverage, changed, keys)
    looked = keys.union(*(coverage.children[parent] for parent in parents))
    return looked, _ordered(_found(coverage, parents, looked, settings, lines, counts or {}))


def _touched(coverage: Coverage, changed: Change | Collection[str], keys: frozenset[str]) -> list[int]:
    """The parents (ids as in `coverage.children`) of units that changed."""
    units = [coverage.units[key] for key in keys if key in coverage.units]
    if isinstance(changed, Change):
        units += [unit for unit in changed.before.values() if unit is not None]
    elif len(units) < len(keys):
        return list(coverage.children)
    tiles = dict.fromkeys(coverage.tile_of(unit) for unit in units)
    return [tile for tile in tiles if tile in coverage.children]


def _found(
    coverage: Coverage,
    parents: Sequence[int],
    looked: frozenset[str],
    settings: BoundarySettings,
    lines: Sequence[Line],
    counts: Mapping[int, int],
) -> Iterator[Finding]:
    units = [coverage.units[key] for key in looked if key in coverage.units]
    if not units:
        return
    yield from shapes(coverage, units, settings)
    yield from sizes(coverage, [unit for unit in units if unit.geometry.is_valid], settings)
    yield from codes(coverage, units)
    yield from duplicates(coverage, looked)
    yield from leaves_line(units, lines, settings)
    yield from changes(units, counts, settings)
    yield from across_parents(coverage, looked, settings)
    for parent in parents:
        yield from of_parent(coverage, parent, settings)
        yield from load(coverage, parent, settings)


def _ordered(findings: Iterator[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda one: (one.severity, one.kind, -one.size, one.id))
