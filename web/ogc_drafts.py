"""Drafts as collections of the OGC API: their units as they are drawn now, for whoever may draw there."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import numpy as np

from boundaries.desk import Held
from boundaries.drafts import OPEN, Draft, drafts_of
from boundaries.unit_rows import is_same
from geo.crs import areas_m2
from geo.filter_columns import Columns
from geo.topology import Unit
from web.errors import CollectionUnknownError
from web.ogc_collections import DRAW, Collection, Features, Property
from web.planner_view import seen
from web.viewing import View

_ID = re.compile(r"draft-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_UNDER_WAY = frozenset({"draft", "returned", "submitted", "approved"})

UNIT: Mapping[str, Property] = {
    "code": Property(type="string", zh="代码", en="Division code"),
    "name": Property(type="string", zh="名称", en="Name"),
    "kind": Property(type="string", zh="类型", en="Kind"),
    "parent_id": Property(type="integer", zh="上级编号", en="Number of what it belongs to"),
    "households": Property(type="integer", zh="户数", en="Households", null=True),
    "derived": Property(type="boolean", zh="推算边界，非法定", en="Derived: not an official line"),
    "division_id": Property(type="integer", zh="区划编号", en="Number of the division; nothing: a new one", null=True),
    "area_m2": Property(type="number", zh="面积（平方米）", en="Area, m², in its Gauss-Krüger zone"),
    "state": Property(type="string", zh="改动", en="same, changed or new"),
}


@dataclass(frozen=True, kw_only=True)
class DraftCollection(Collection):
    """One draft."""

    draft: Draft


def drawing(view: View) -> View:
    """The same viewer where they may draw; raises CollectionUnknownError where that is nowhere."""
    scope = view.viewer.scope(DRAW, view.parts.roles)
    if not scope:
        raise CollectionUnknownError("there is no such collection: see /ogc/collections")
    return replace(view, right=DRAW, scope=scope)


def draft_collections(view: View) -> list[DraftCollection]:
    """Those that are not published yet, the newest first."""
    if not view.may(DRAW):
        return []
    with drawing(view).connection() as connection:
        return [_told(one) for one in drafts_of(connection) if one.state in _UNDER_WAY]


def is_draft(name: str) -> bool:
    """Whether a collection is one, by its id."""
    return name.startswith("draft-")


def draft_collection(view: View, name: str) -> DraftCollection:
    """One; raises CollectionUnknownError, DraftUnknown."""
    named = _ID.fullmatch(name)
    if named is None:
        raise CollectionUnknownError(f"there is no collection {name[:60]!r}: see /ogc/collections")
    return _told(seen(drawing(view), UUID(named[1])))


def _told(draft: Draft) -> DraftCollection:
    return DraftCollection(
        id=f"draft-{draft.id}",
        zh=f"草案：{draft.title}",
        en=f"Draft: {draft.title}",
        zh_about="草案当前的图形，发布前不影响现行边界。",
        en_about=f"A draft of {draft.level} boundaries as it is drawn now ({draft.state}); nothing in force changes"
        " before it is published.",
        properties=UNIT,
        editable=draft.state in OPEN,
        draft=draft,
    )


def draft_features(view: View, draft: Draft) -> Features:
    """Its units."""
    with view.acting() as connection:
        held = view.parts.desk.held(connection, draft)
    return features_of_held(held)


def features_of_held(held: Held) -> Features:
    """The units of a draft at a revision."""
    units = list(held.coverage.units.values())
    geometries = np.empty(len(units), dtype=object)
    geometries[:] = [unit.geometry for unit in units]
    areas = areas_m2(geometries).round(2).tolist() if units else []
    base = held.base.coverage.units
    columns = {name: _column([getattr(unit, name) for unit in units]) for name in UNIT if name not in _WORKED_OUT}
    columns["area_m2"] = _column(areas)
    columns["state"] = _column([_state(unit, base) for unit in units])
    columns["id"] = _column([unit.key for unit in units])
    return Features(
        ids=lambda row: units[row].key,
        columns=Columns(count=len(units), properties=columns, times={}, geometries={"geometry": geometries}),
        shown={name: columns[name].__getitem__ for name in UNIT},
        tag=str(held.revision),
        revision=held.revision,
    )


_WORKED_OUT = ("area_m2", "state")


def _column(values: list[Any]) -> Any:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def _state(unit: Unit, base: Mapping[str, Unit]) -> str:
    before = base.get(unit.key)
    if before is None:
        return "new"
    return "same" if is_same(before, unit) else "changed"
