"""What a draft changes, unit by unit, and which land goes from which unit to which: pure geometry, no database."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import shapely

from geo.crs import areas_m2
from geo.topology import Unit

LineageKind = Literal["split", "merge", "rename", "transfer", "correction", "established", "abolished"]

# Land that is less than this changed hands only by rounding, or by a border that was drawn better.
SMALLEST_TRANSFER_M2 = 10.0
_BREADTH = 1e-6  # degrees, 0.1 m: a strip that is no wider is a border that was drawn better
_NO_LAND = 1e-12  # square degrees: 0.01 m²
SMALLEST_HEIR = 0.05  # of its land that a unit gets from another, or that another leaves it, to be of its lineage


@dataclass(frozen=True, kw_only=True)
class Share:
    """Land that one unit had and another one has."""

    from_key: str
    to_key: str
    area_m2: float
    of_from: float  # of the former unit's area
    of_to: float  # of the latter's


@dataclass(frozen=True, kw_only=True)
class Descent:
    """One line of lineage, by the units' keys."""

    kind: LineageKind
    from_key: str | None
    to_key: str | None
    share: float | None = None  # of the former unit's land
    share_of_to: float | None = None  # and of the latter's
    note: str = ""


@dataclass(frozen=True)
class Difference:
    """A level under a root as it is and as a draft would have it."""

    before: Mapping[str, Unit]
    after: Mapping[str, Unit]

    @cached_property
    def gone(self) -> list[str]:
        return sorted(self.before.keys() - self.after.keys())

    @cached_property
    def new(self) -> list[str]:
        return sorted(self.after.keys() - self.before.keys())

    @cached_property
    def redrawn(self) -> list[str]:
        """Those that stay, with another outline."""
        return sorted(key for key in self._staying if not _same_outline(self.before[key], self.after[key]))

    @cached_property
    def described(self) -> list[str]:
        """Those that stay, with another name, code, kind, parent or number of households."""
        return sorted(key for key in self._staying if about(self.before[key]) != about(self.after[key]))

    @cached_property
    def _staying(self) -> set[str]:
        return {key for key in self.before.keys() & self.after.keys() if self.before[key] is not self.after[key]}

    def __bool__(self) -> bool:
        return bool(self.gone or self.new or self.redrawn or self.described)

    @cached_property
    def touched_before(self) -> list[str]:
        """Units whose land as it is may go to others."""
        return [*self.gone, *self.redrawn]

    @cached_property
    def touched_after(self) -> list[str]:
        return [*self.new, *self.redrawn]

    @cached_property
    def shares(self) -> list[Share]:
        """Land that changes hands, the largest first."""
        former, latter = self.touched_before, self.touched_after
        if not former or not latter:
            return []
        old = np.array([self.before[key].geometry for key in former], dtype=object)
        new = np.array([self.after[key].geometry for key in latter], dtype=object)
        # Neighbours that only touch are nearly all of those that meet: a hand's breadth inside they do not.
        inside = shapely.buffer(old, -_BREADTH, quad_segs=1, join_style="mitre")
        first, second = shapely.STRtree(new).query(inside, predicate="intersects")
        other = np.array([former[a] != latter[b] for a, b in zip(first, second, strict=True)], dtype=bool)
        first, second = first[other], second[other]
        pieces = shapely.intersection(old[first], new[second])
        large = shapely.area(pieces) > 0
        first, second, pieces = first[large], second[large], pieces[large]
        if not len(pieces):
            return []
        area, old_area, new_area = areas_m2(pieces), areas_m2(old), areas_m2(new)
        rows = [
            Share(
                from_key=former[a],
                to_key=latter[b],
                area_m2=float(size),
                of_from=float(size / old_area[a]),
                of_to=float(size / new_area[b]),
            )
            for a, b, size in zip(first.tolist(), second.tolist(), area, strict=True)
            if size >= SMALLEST_TRANSFER_M2
        ]
        return sorted(rows, key=lambda row: (-row.area_m2, row.from_key, row.to_key))

    @cached_property
    def _by_former(self) -> dict[str, list[Share]]:
        found: dict[str, list[Share]] = defaultdict(list)
        for row in self.shares:
            found[row.from_key].append(row)
        return found

    def heirs(self, key: str) -> list[Share]:
        """Whose land a unit's that is gone becomes, the one with most of it first."""
        shares = self._by_former.get(key, [])
        return [row for row in shares if row.of_from >= SMALLEST_HEIR] or shares[:1]

    def parts(self, key: str) -> list[Share]:
        """New units that were made out of one that stays."""
        new = set(self.new)
        return [row for row in self._by_former.get(key, []) if row.to_key in new and row.of_to >= SMALLEST_HEIR]

    @cached_property
    def lineage(self) -> list[Descent]:
        """What became of what, in a fixed order."""
        return [*self._of_the_gone(), *self._of_the_new(), *self._of_the_staying()]

    def _of_the_gone(self) -> Iterator[Descent]:
        for key in self.gone:
            heirs = self.heirs(key)
            if not heirs:
                yield Descent(kind="abolished", from_key=key, to_key=None)
            kind: LineageKind = "merge" if len(heirs) == 1 else "split"
            for row in heirs:
                yield _descent(kind, row)

    def _of_the_new(self) -> Iterator[Descent]:
        known = {row.to_key for key in self.gone for row in self.heirs(key)}
        for key in self.redrawn:
            for row in self.parts(key):
                known.add(row.to_key)
                yield _descent("split", row)
        for key in self.new:
            if key not in known:
                yield Descent(kind="established", from_key=None, to_key=key)

    def _of_the_staying(self) -> Iterator[Descent]:
        staying = set(self.redrawn)
        moved: set[str] = set()
        for row in self.shares:
            if row.from_key in staying and row.to_key in staying:
                moved |= {row.from_key, row.to_key}
                yield _descent("transfer", row)
        taken = {row.to_key for row in self.shares} | {row.from_key for row in self.shares}
        for key in self.redrawn:
            if key not in moved | taken and _is_other_land(self.before[key], self.after[key]):
                yield Descent(kind="correction", from_key=key, to_key=key)
        for key in self.described:
            yield from _of_the_described(self.before[key], self.after[key])


def _descent(kind: LineageKind, row: Share) -> Descent:
    return Descent(kind=kind, from_key=row.from_key, to_key=row.to_key, share=row.of_from, share_of_to=row.of_to)


def _of_the_described(old: Unit, new: Unit) -> Iterator[Descent]:
    if (old.name, old.code, old.kind) != (new.name, new.code, new.kind):
        note = f"{old.name} {old.code} → {new.name} {new.code}"
        yield Descent(kind="rename", from_key=old.key, to_key=new.key, note=note)
    if old.parent_id != new.parent_id:
        yield Descent(
            kind="transfer", from_key=old.key, to_key=new.key, note=f"parent {old.parent_id} → {new.parent_id}"
        )


def about(unit: Unit) -> tuple[int, str, str, str, int | None]:
    """All of a unit but its outline."""
    return unit.parent_id, unit.code, unit.name, unit.kind, unit.households


def _same_outline(one: Unit, other: Unit) -> bool:
    return one.geometry is other.geometry or bool(
        shapely.equals_exact(one.geometry, other.geometry) and one.derived == other.derived
    )


def _is_other_land(one: Unit, other: Unit) -> bool:
    """A vertex more on a border that runs as it did is no other land."""
    return bool(shapely.area(shapely.symmetric_difference(one.geometry, other.geometry)) > _NO_LAND)


def area_of(units: Sequence[Unit]) -> float:
    """m²."""
    return float(areas_m2(np.array([one.geometry for one in units], dtype=object)).sum()) if units else 0.0
