"""What lies below a unit that is redrawn, split, merged or gone goes with the land: it gets the unit as its parent in
which it lies now, and its own outline is fitted to that unit's.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from psycopg.rows import namedtuple_row
from shapely.geometry.base import BaseGeometry

from boundaries.drafts import load_draft
from boundaries.errors import DraftRefused
from config.database import Connection
from config.queries import Queries
from geo.apply import apply
from geo.errors import StepRefused
from geo.fit import fit, with_parent
from geo.replacing import Redrawn
from geo.topology import Coverage, Parent, Unit

if TYPE_CHECKING:
    from boundaries.publish import Publishing

_QUERIES = Queries(Path(__file__).with_name("children_queries.sql"))


@dataclass(frozen=True, kw_only=True)
class Below:
    """One division below the draft's, as it is and as it will be."""

    before: Unit
    after: Unit
    level: str
    has_outline: bool

    @property
    def is_redrawn(self) -> bool:
        return self.has_outline and self.before.geometry is not self.after.geometry

    @property
    def is_moved(self) -> bool:
        return self.before.parent_id != self.after.parent_id


@dataclass(frozen=True, kw_only=True)
class Children:
    """All that follow, by level."""

    below: Mapping[str, list[Below]] = field(default_factory=dict)

    @property
    def levels(self) -> list[str]:
        """Those of which an outline changes."""
        return [level for level, found in self.below.items() if any(one.is_redrawn for one in found)]

    @property
    def count(self) -> int:
        return sum(one.is_redrawn or one.is_moved for found in self.below.values() for one in found)

    def redrawn_ids(self, level: str) -> list[int]:
        return [one.after.division_id or 0 for one in self.below[level] if one.is_redrawn]

    def redrawn(self, level: str) -> Redrawn:
        """As the placing of sensors takes it."""
        changed = [one for one in self.below[level] if one.is_redrawn]
        outlined = [one.after for one in self.below[level] if one.has_outline]
        return Redrawn(
            level=level,
            before=frozenset(one.division_id or 0 for one in outlined),
            touched=[shape for one in changed for shape in (one.before.geometry, one.after.geometry)],
            after={one.division_id or 0: one.geometry for one in outlined},
            # Of townships the sensors' districts are written, too; whatever townships lie right in is one.
            districts={one.division_id or 0: one.parent_id for one in outlined} if level == "township" else {},
        )


def children_of(connection: Connection, to_do: "Publishing") -> Children:
    """What would become of them; raises DraftRefused where some do not fit, with their names."""
    difference, ids = to_do.difference, to_do.ids
    touched = {ids[key]: key for key in (*difference.gone, *difference.redrawn)}
    with connection.cursor(row_factory=namedtuple_row) as cursor:
        named = {"ids": sorted(touched), "effective": to_do.effective}
        rows: list[Any] = cursor.execute(_QUERIES["below"], named).fetchall()
    if not rows:
        return Children()
    units = _Units.of(to_do)
    moved = _parents(rows, units)
    below = [_below(row, moved.get(row.division_id, row.parent_id)) for row in rows]
    below = _with_former_outlines(connection, to_do, below)
    tops = _tops(rows, moved)
    fitted = _fitted(
        [one for one, row in zip(below, rows, strict=True) if row.geometry and row.tile_id is None], tops, to_do
    )
    found: dict[str, list[Below]] = defaultdict(list)
    for one in below:
        key = one.after.key
        found[one.level].append(replace(one, after=fitted[key]) if key in fitted else one)
    return Children(below=found)


def _with_former_outlines(connection: Connection, to_do: "Publishing", below: list[Below]) -> list[Below]:
    """Where a publication is taken back, what it fitted has its former vertices again; then it is fitted if need be."""
    if to_do.draft.republishes is None:
        return below
    former = load_draft(connection, to_do.draft.republishes)
    assert former.recorded is not None
    asked = {
        "ids": [one.after.division_id for one in below if one.has_outline],
        "before": former.recorded - timedelta(microseconds=1),
        "published": former.effective,
        "recorded": former.recorded,
        "effective": to_do.effective,
    }
    rows = connection.execute(_QUERIES["former_outlines"], asked).fetchall()
    outlines = {f"d{division}": shapely.from_wkb(wkb) for division, wkb in rows}
    return [
        replace(one, after=replace(one.after, geometry=outlines[one.after.key])) if one.after.key in outlines else one
        for one in below
    ]


@dataclass(frozen=True)
class _Units:
    """The draft's units as they will be, to find what lies in which."""

    ids: list[int]
    shapes: Any  # array of polygons
    tree: shapely.STRtree
    names: Mapping[int, str]

    @classmethod
    def of(cls, to_do: "Publishing") -> "_Units":
        after = {to_do.ids[key]: unit for key, unit in to_do.difference.after.items()}
        shapes = np.array([unit.geometry for unit in after.values()], dtype=object)
        return cls(list(after), shapes, shapely.STRtree(shapes), {one: unit.name for one, unit in after.items()})

    def holding(self, shape: BaseGeometry) -> int | None:
        """The unit with most of a shape in it."""
        near = self.tree.query(shape, predicate="intersects")
        if not len(near):
            return None
        if shape.geom_type == "Point":
            lowest: int = min(self.ids[one] for one in near.tolist())
            return lowest
        sizes = shapely.area(shapely.intersection(self.shapes[near], shape))
        best: int = self.ids[int(near[int(np.argmax(sizes))])]
        return best


def _parents(rows: Iterable[Any], units: _Units) -> dict[int, int]:
    """The new parent of each that hangs right on a unit and does not lie in it any more."""
    by_parent: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        by_parent[row.parent_id].append(row)
    moved: dict[int, int] = {}
    homeless: list[str] = []
    for row in rows:
        if row.depth > 1:
            continue
        shape = _shape(row, by_parent)
        holding = None if shape is None else units.holding(shape)
        if holding is not None and holding != row.parent_id:
            moved[row.division_id] = holding
        elif holding is None and row.parent_id not in units.names:
            homeless.append(f"{row.name} ({row.code})")
    if homeless:
        some = "、".join(homeless[:10])
        raise DraftRefused(
            f"{len(homeless)} divisions below one that is gone have no place of their own, so nobody knows what they"
            f" belong to now: {', '.join(homeless[:10])}. Give them a point or an outline first",
            f"被撤销区划下有 {len(homeless)} 个下级区划没有位置信息，无法确定归属：{some}。请先补充其位置。",
            {"children": homeless},
        )
    return moved


def _shape(row: Any, by_parent: Mapping[int, list[Any]]) -> BaseGeometry | None:
    """Its outline, else those of what lies in it, else its point."""
    if row.geometry:
        return shapely.from_wkb(row.geometry)
    below = [shape for child in by_parent.get(row.division_id, []) if (shape := _shape(child, by_parent)) is not None]
    if below:
        return shapely.union_all(np.array(below, dtype=object))
    return None if row.lon is None else shapely.Point(row.lon, row.lat)


def _tops(rows: Iterable[Any], moved: Mapping[int, int]) -> dict[str, int]:
    """The unit that each with an outline has to fit: that of the one right below a unit, which it hangs on."""
    top: dict[int, int] = {}
    for row in rows:  # parents come before their children
        top[row.division_id] = moved.get(row.division_id, row.parent_id) if row.depth == 1 else top[row.parent_id]
    return {f"d{division}": unit for division, unit in top.items()}


def _below(row: Any, parent_id: int) -> Below:
    before = Unit(
        key=f"d{row.division_id}",
        division_id=row.division_id,
        parent_id=row.parent_id,
        code=row.code,
        name=row.name,
        kind=row.kind,
        households=row.households,
        geometry=shapely.from_wkb(row.geometry) if row.geometry else shapely.Point(),
        derived=row.derived,
    )
    after = before if parent_id == row.parent_id else replace(before, parent_id=parent_id)
    return Below(before=before, after=after, level=row.level, has_outline=row.geometry is not None)


def _fitted(below: list[Below], tops: Mapping[str, int], to_do: "Publishing") -> dict[str, Unit]:
    """New outlines, by key, of those that have to change; raises DraftRefused where one does not fit at all."""
    groups: dict[int, list[Unit]] = defaultdict(list)
    for one in below:
        groups[tops[one.after.key]].append(one.after)
    after = {to_do.ids[key]: unit for key, unit in to_do.difference.after.items()}
    before = {to_do.ids[key]: unit for key, unit in to_do.difference.before.items()}
    fitted: dict[str, Unit] = {}
    for division, children in groups.items():
        others = [one.before.geometry for one in below if tops[one.after.key] != division]
        fitted |= _fitted_to(after[division], before.get(division), children, others)
    return fitted


def _fitted_to(unit: Unit, before: Unit | None, children: list[Unit], others: list[BaseGeometry]) -> dict[str, Unit]:
    here = {child.key: replace(child, parent_id=0) for child in children}
    parent = Parent(id=0, name=unit.name, code=unit.code, geometry=unit.geometry)
    former = replace(parent, geometry=None if before is None else before.geometry)
    coverage = Coverage(units=here, parents={0: former})
    try:
        step = fit(coverage, parent, along=others)
        if step is None:
            return {}
        change = apply(with_parent(coverage, parent), step)
    except StepRefused as refused:
        raise DraftRefused(
            f"what lies below {unit.name} does not fit it any more: {refused.en}",
            f"“{unit.name}”的下级区划与新边界不符：{refused.zh}",
            {"code": refused.code},
        ) from refused
    own = {child.key: child for child in children}
    return {
        key: replace(own[key], geometry=found.geometry)
        for key, found in change.after.items()
        if found is not None and found.geometry is not own[key].geometry
    }
