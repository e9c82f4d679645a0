"""Things of a kind as files that, imported again, change nothing: Excel, CSV, GeoJSON; and empty ones to fill in."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

import orjson
import shapely

from access import audit
from access.scope import Scope
from config.database import Connection
from people.sheets_out import Page, comma_separated, excel
from people.tables import Column, Table
from scene.errors import SceneRefused
from scene.kinds import ADDRESS, Kind, shipped_kinds
from scene.placing import QUERIES
from scene.rows import COLUMNS, MOST_THINGS
from scene.values import shown

Form = Literal["xlsx", "csv", "geojson"]
FORMS: Mapping[Form, tuple[str, str]] = {  # ending → media type, what people call it
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "Excel"),
    "csv": ("text/csv; charset=utf-8", "CSV"),
    "geojson": ("application/geo+json", "GeoJSON"),
}
_TYPES = {"integer": "整数 whole number", "number": "数字 number", "date": "2026-11-26", "url": "http(s)://…"}


def kind_named(kind: str) -> Kind:
    """A kind by its id; raises SceneRefused."""
    kinds = shipped_kinds()
    if kind not in kinds:
        raise SceneRefused(f"there is no kind {kind[:40]!r}: take one of {', '.join(kinds)}", "没有这个类别。")
    return kinds[kind]


def template(kind: Kind) -> bytes:
    """An empty workbook with the heads, and what goes where."""
    helps = [("列", "English", "必填", "说明")]
    needed = {"name", "lon", "lat"} | {key for key, one in kind.attributes.items() if one.required}
    for name, zh in COLUMNS.items():
        hint = {"id": "来源内唯一；不填则以名称为编号 unique in the source; without it the name", "lon": "度 degrees",
                "lat": "度 degrees"}.get(name, "")  # fmt: skip
        helps.append((zh, name, "是 yes" if name in needed else "", hint))
    for key, one in kind.attributes.items():
        hint = "、".join(words[0] for words in one.choices.values()) or _TYPES.get(one.type, "")
        helps.append((one.zh, key, "是 yes" if key in needed else "", " ".join(filter(None, (hint, one.unit)))))
    return excel([Page(table=_table(kind), rows=())], helps)


def export(connection: Connection, kind: Kind, form: Form, *, source: str | None = None) -> bytes:
    """What stands in the scope of the connection. Of what has an extent GeoJSON has all, a table a point in it."""
    named = {"kind": kind.id, "source": source, "most": MOST_THINGS}
    rows = connection.execute(QUERIES["exported"], named).fetchall()
    return _geojson(kind, rows) if form == "geojson" else _sheet(kind, rows, form)


def note_export(connection: Connection, kind: Kind, form: Form, *, actor: UUID | None, scope: Scope) -> None:
    """In the audit: addresses of cameras went along."""
    with connection.transaction():
        told = {"kind": kind.id, "way": form}
        audit.append(connection, act="scene.exported", actor=actor, details=told, division_id=scope.only())


def _table(kind: Kind) -> Table:
    columns = [Column(name=name, zh=zh) for name, zh in COLUMNS.items()]
    columns += [Column(name=name, zh=one.zh) for name, one in kind.attributes.items()]
    return Table(what="scene", zh=kind.zh, columns=tuple(columns))  # type: ignore[arg-type]  # no file of people


def _sheet(kind: Kind, rows: Sequence[Any], form: Form) -> bytes:
    schemas = {"address": ADDRESS, **kind.attributes}
    cells = []
    for _, name, lon, lat, _, attributes, number in rows:
        told = [shown(attributes[key], one, "zh") if key in attributes else "" for key, one in schemas.items()]
        cells.append((number, name, f"{lon:.7f}", f"{lat:.7f}", *told))
    page = Page(table=_table(kind), rows=cells)
    return excel([page]) if form == "xlsx" else comma_separated(page)


def _geojson(kind: Kind, rows: Sequence[Any]) -> bytes:
    features = []
    for _, name, lon, lat, geometry, attributes, number in rows:
        shape = shapely.Point(lon, lat) if geometry is None else shapely.from_wkb(bytes(geometry))
        properties = {"id": number, "name": name, **attributes}
        features.append(
            {"type": "Feature", "geometry": orjson.Fragment(shapely.to_geojson(shape)), "properties": properties}
        )
    return orjson.dumps({"type": "FeatureCollection", "name": kind.id, "features": features})
