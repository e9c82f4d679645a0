"""What a draft begins with: the divisions of a level under a root, as they were known at an instant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import shapely

from boundaries.drafts import QUERIES, Draft
from config.database import Connection
from geo.topology import Coverage, Parent, Unit

_DEPTHS = {"city": 0, "district": 1, "township": 2, "village": 3, "grid": 4, "microgrid": 5}


@dataclass(frozen=True, kw_only=True)
class NotDrawn:
    """A division of the level that has no polygon: it is no unit of the coverage."""

    id: int
    code: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Base:
    """A level under a root at an instant."""

    coverage: Coverage
    root: Any  # its polygon, lon/lat CGCS2000; None: not known
    root_level: str
    not_drawn: tuple[NotDrawn, ...]


@dataclass(frozen=True, kw_only=True)
class _At:
    """Under which root down to which level, at which instant in the world, as known when (None: now)."""

    root_id: int
    level: str
    at: datetime
    recorded: datetime | None

    def asked(self, **more: Any) -> dict[str, Any]:
        return {"root": self.root_id, "at": self.at, "recorded": self.recorded, **more}


class _Row(NamedTuple):
    division_id: int
    parent_id: int | None
    code: str
    name: str
    kind: str
    households: int | None
    level: str


def base_of(connection: Connection, draft: Draft) -> Base:
    """What the draft was opened on: the same whatever others publish meanwhile."""
    return read_base(connection, draft.root_id, draft.level, at=draft.base_at, recorded=draft.base_recorded)


def read_base(
    connection: Connection, root_id: int, level: str, *, at: datetime, recorded: datetime | None = None
) -> Base:
    """The units of a level under a root, each with what it has to tile with its like; `recorded` None: known now."""
    asked = _At(root_id=root_id, level=level, at=at, recorded=recorded)
    rows = _below(connection, asked)
    polygons = _polygons(connection, asked, rows)
    above = [row for row in rows if row.level != level]
    units = [row for row in rows if row.level == level]
    drawn = [_unit(row, *polygons[row.division_id]) for row in units if row.division_id in polygons]
    shapes = {number: polygon for number, (polygon, _) in polygons.items()}
    return Base(
        coverage=Coverage(
            units={unit.key: unit for unit in drawn}, parents=_parents(above, units, shapes), level=level
        ),
        root=shapes.get(root_id),
        root_level=rows[0].level if rows else "",
        not_drawn=tuple(
            NotDrawn(id=row.division_id, code=row.code, name=row.name) for row in units if row.division_id not in shapes
        ),
    )


def is_outdated(connection: Connection, draft: Draft, *, now: datetime) -> bool:
    """Whether what is in force is not any more what the draft began with."""
    then = _At(root_id=draft.root_id, level=draft.level, at=draft.base_at, recorded=draft.base_recorded)
    today = _At(root_id=draft.root_id, level=draft.level, at=now, recorded=None)
    return _mark(connection, then) != _mark(connection, today)


def _mark(connection: Connection, asked: _At) -> tuple[list[_Row], list[Any]]:
    """What differs where anything of the base does."""
    rows = _below(connection, asked)
    ids = [row.division_id for row in rows]
    return rows, connection.execute(QUERIES["base_marks"], asked.asked(ids=ids)).fetchall()


def _below(connection: Connection, asked: _At) -> list[_Row]:
    """The root, then what lies right under it, and so on down to the level."""
    deepest = _DEPTHS[asked.level]
    rows = [_Row(*row) for row in connection.execute(QUERIES["base_root"], asked.asked()).fetchall()]
    parents = [row.division_id for row in rows]
    while parents:
        found = connection.execute(QUERIES["base_children"], asked.asked(parents=parents)).fetchall()
        below = [row for row in map(_Row._make, found) if _DEPTHS[row.level] <= deepest]
        rows += below
        parents = [row.division_id for row in below if _DEPTHS[row.level] < deepest]
    return rows


def _polygons(connection: Connection, asked: _At, rows: Sequence[_Row]) -> dict[int, tuple[Any, bool]]:
    """The polygons of those that have one, and whether it is no official line."""
    found = connection.execute(QUERIES["base_polygons"], asked.asked(ids=[row.division_id for row in rows])).fetchall()
    polygons = shapely.from_wkb([wkb for _, wkb, _ in found])
    return {number: (polygon, derived) for (number, _, derived), polygon in zip(found, polygons, strict=True)}


def _unit(row: _Row, polygon: Any, derived: bool) -> Unit:
    assert row.parent_id is not None
    return Unit(
        key=f"d{row.division_id}",
        division_id=row.division_id,
        parent_id=row.parent_id,
        code=row.code,
        name=row.name,
        kind=row.kind,
        households=row.households,
        geometry=polygon,
        derived=derived,
    )


def _parents(above: Sequence[_Row], units: Sequence[_Row], shapes: Mapping[int, Any]) -> dict[int, Parent]:
    """By each id that a unit's parent may have: itself, or where it has no polygon (a village) the nearest that has."""
    nearest: dict[int | None, int | None] = {}
    for row in above:  # from the root downwards
        nearest[row.division_id] = row.division_id if row.division_id in shapes else nearest.get(row.parent_id)
    not_whole = {nearest.get(row.parent_id) for row in units if row.division_id not in shapes}
    own = {
        row.division_id: Parent(
            id=row.division_id, name=row.name, code=row.code, geometry=shapes.get(row.division_id),
            whole=row.division_id not in not_whole,
        )
        for row in above
    }  # fmt: skip
    return {row.division_id: own[nearest[row.division_id] or row.division_id] for row in above}
