"""What the OGC API has collections of: the divisions of a level, and the drafts that a planner may see.

Each gives features: ids, properties in columns, polygons, and what the properties are.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg.types.range import TimestamptzRange

from geo.filter_columns import Columns
from geo.snapshot import Snapshot
from web.errors import CollectionUnknownError
from web.levels_kept import Stamp, read_stamp
from web.ogc_dates import Asked
from web.viewing import View

DRAW = "boundaries.draft"


@dataclass(frozen=True, kw_only=True)
class Property:
    """One property of features, as JSON Schema has it."""

    type: str
    zh: str
    en: str
    format: str = ""
    null: bool = False  # may be nothing

    def schema(self) -> dict[str, Any]:
        told: dict[str, Any] = {"type": [self.type, "null"] if self.null else self.type}
        told["title"] = f"{self.zh} {self.en}"
        return {**told, "format": self.format} if self.format else told


@dataclass(frozen=True, kw_only=True)
class Collection:
    """One collection, without its features."""

    id: str
    zh: str
    en: str
    zh_about: str
    en_about: str
    properties: Mapping[str, Property]
    editable: bool = False


@dataclass(frozen=True, kw_only=True)
class Features:
    """Features of a collection that who asks may see."""

    ids: Callable[[int], str]  # of a row
    columns: Columns
    shown: Mapping[str, Callable[[int], Any]]  # a property of a row, as JSON has it
    tag: str
    revision: int | None = None  # of a draft


_DIVISION: Mapping[str, Property] = {
    "code": Property(type="string", zh="代码", en="Division code"),
    "name": Property(type="string", zh="名称", en="Name"),
    "kind": Property(type="string", zh="类型", en="Kind"),
    "parent_id": Property(type="integer", zh="上级编号", en="Number of what it belongs to", null=True),
    "parent": Property(type="string", zh="上级", en="Name of what it belongs to"),
    "population": Property(type="integer", zh="人口", en="Population", null=True),
    "households": Property(type="integer", zh="户数", en="Households", null=True),
    "area_m2": Property(type="number", zh="面积（平方米）", en="Area, m², in its Gauss-Krüger zone"),
    "derived": Property(type="boolean", zh="推算边界，非法定", en="Derived: not an official line"),
    "source": Property(type="string", zh="来源", en="Source"),
    "note": Property(type="string", zh="说明", en="Note"),
    "since": Property(type="string", format="date-time", zh="自", en="Valid since; nothing: always", null=True),
    "until": Property(type="string", format="date-time", zh="至", en="Valid until; nothing: no end known", null=True),
}

_LEVELS: Mapping[str, tuple[str, str, str]] = {  # collection: level and names
    "districts": ("district", "区县", "Districts"),
    "townships": ("township", "镇街", "Townships"),
    "villages": ("village", "村社", "Villages and communities"),
    "grids": ("grid", "网格", "Grids"),
    "microgrids": ("microgrid", "微网格", "Micro-grids"),
}
_ALWAYS = ("districts", "townships", "grids")  # others where there are polygons


def level_collections(view: View) -> list[Collection]:
    """Those of divisions that have polygons."""
    with view.connection() as connection:
        stamp = read_stamp(connection, None, None)
    return [
        _of_level(name)
        for name, (level, _, _) in _LEVELS.items()
        if name in _ALWAYS or view.parts.levels.read(view.connection, level, stamp).snapshot.divisions
    ]


def level_collection(name: str) -> Collection:
    """One of divisions; raises CollectionUnknownError."""
    if name not in _LEVELS:
        raise CollectionUnknownError(f"there is no collection {name[:60]!r}: see /ogc/collections")
    return _of_level(name)


def _of_level(name: str) -> Collection:
    _, zh, en = _LEVELS[name]
    return Collection(
        id=name,
        zh=zh,
        en=en,
        zh_about=f"{zh}边界：任意日期（datetime），以及当时系统所知（recorded）。derived 为真者非法定界线。",
        en_about=f"{en} at any date (datetime), as the database knew them (recorded). Where derived is true the line is"
        " no official one.",
        properties=_DIVISION,
    )


def level_features(view: View, name: str, asked: Asked) -> Features:
    """Divisions of a level at an instant, or all that they were in a span of time."""
    level = _LEVELS[name][0]
    with view.connection() as connection:
        stamp = read_stamp(connection, None, asked.recorded)
    levels, since, until = view.parts.levels, asked.since, asked.until
    is_span = asked.ever or since != until
    if is_span:
        kept = levels.read_span(view.connection, level, stamp, TimestamptzRange(since, until, "[]"))
    else:
        kept = levels.read(view.connection, level, replace(stamp, at=since or stamp.at))
    rows = _visible(view, stamp, kept.snapshot)
    snapshot = kept.snapshot
    columns = snapshot.columns if rows is None else snapshot.columns.taken(rows)
    return Features(
        ids=_ids(columns, snapshot, is_span=is_span, rows=rows),
        columns=columns,
        shown={name: _shown(columns, name) for name in _DIVISION},
        tag=kept.tag,
    )


def _visible(view: View, stamp: Stamp, snapshot: Snapshot) -> NDArray[np.int64] | None:
    """The rows that the scope shows; None: all."""
    visible = view.parts.levels.visible(view.connection, view.scope, stamp)
    return None if visible is None else np.flatnonzero(np.isin(snapshot.ids, visible))


def _ids(
    columns: Columns, snapshot: Snapshot, *, is_span: bool, rows: NDArray[np.int64] | None
) -> Callable[[int], str]:
    """Numbers of divisions; where one may be there several times, with the instant since when that version holds."""
    numbers = columns.properties["id"]
    if not is_span:
        return lambda row: str(numbers[row])

    def told(row: int) -> str:
        since = snapshot.divisions[row if rows is None else int(rows[row])].since
        return f"{numbers[row]}@{'..' if since is None else instant(since)}"

    return told


def _shown(columns: Columns, name: str) -> Callable[[int], Any]:
    if name in columns.times:
        seconds = columns.times[name][0]
        return lambda row: _instant_of(seconds[row])
    values = columns.properties[name]
    if name == "area_m2":
        return lambda row: round(values[row], 2)
    return lambda row: values[row]


def _instant_of(seconds: float) -> str | None:
    return instant(datetime.fromtimestamp(seconds, UTC)) if np.isfinite(seconds) else None


def instant(at: datetime) -> str:
    """As RFC 3339 has it, in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
