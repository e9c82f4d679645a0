"""Layers of polygons from files as features in lon/lat CGCS2000; geo.layer_table reads them, this says what is what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.crs import to_cgcs2000
from geo.errors import CrsError, LayerError
from geo.layer_faults import LayerFault
from geo.layer_rows import plain
from geo.layer_table import Table, read_table

# Field names that layers in China are seen to use, tried in this order, case aside.
NAME_FIELDS = (
    "name", "名称", "mc", "xzqmc", "xzmc", "乡镇", "镇街", "乡镇名称", "grid_name", "网格名称", "wgmc", "text",
)  # fmt: skip
DISTRICT_FIELDS = ("district", "district_name", "区县", "区县名称", "county", "qxmc", "xjqymc", "dist_name")
CODE_FIELDS = ("code", "代码", "编码", "xzqdm", "xzdm", "dm", "grid_code", "网格编码", "wgbm")
PARENT_FIELDS = ("parent", "parent_code", "parent_name", "township", "township_code", "township_name", "所属镇街")
KIND_FIELDS = ("kind", "类型", "类别", "lx", "xzqlx")
HOUSEHOLD_FIELDS = ("households", "户数", "hs", "hushu", "household")
USUAL: Mapping[str, tuple[str, ...]] = {
    "name": NAME_FIELDS,
    "code": CODE_FIELDS,
    "parent": PARENT_FIELDS,
    "district": DISTRICT_FIELDS,
    "kind": KIND_FIELDS,
    "households": HOUSEHOLD_FIELDS,
}
_DECIMALS = 9  # degrees: 0.1 mm, so that vertices which were one before the conversion are one after it


@dataclass(frozen=True, kw_only=True)
class LayerFields:
    """Which fields of the file to use; None: found by name, or not used where there is none; "": not used."""

    name: str | None = None
    district: str | None = None
    code: str | None = None
    parent: str | None = None  # of grids: the township's code or name
    kind: str | None = None
    households: str | None = None


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One row of the file; its (Multi)Polygon is lon/lat CGCS2000."""

    row: int  # from 1
    name: str
    district: str
    code: str
    parent: str
    geometry: Any
    kind: str = ""
    households: int | None = None

    def title(self) -> str:
        return f"{self.district} {self.name}".strip() or f"row {self.row}"


@dataclass(frozen=True, kw_only=True)
class LayerFile:
    """A file as it was read."""

    path: Path
    crs: str  # what the positions were converted from
    features: list[Feature]
    faults: tuple[LayerFault, ...] = ()  # what was mended while it was read


def read_layer(path: Path, *, crs: str | None, fields: LayerFields, encoding: str | None = None) -> LayerFile:
    """Read a layer and convert it to lon/lat CGCS2000.

    Raises LayerError for a file that is not such a layer, CrsError where its coordinates are not known.
    """
    table = read_table(path, encoding=encoding)
    if len(table.layers) != 1:
        raise LayerError(f"{path} has {len(table.layers)} layers ({', '.join(table.layers)}): export the one to import")
    if lost := [fault.rows[0] for fault in table.faults if fault.left_out]:
        raise LayerError(
            f"{path}: {len(lost)} of {table.rows} rows are no polygon (first: row {lost[0]}):"
            " take them out, or export the polygon layer"
        )
    source = crs or table.declared
    if source is None:
        raise CrsError(f"{path} does not say its coordinate system (no .prj): name it as EPSG:4490, GCJ-02 or BD-09")
    features, faults = features_of(table, crs=source, fields=fields)
    return LayerFile(path=path, crs=source, features=features, faults=faults)


def features_of(
    table: Table, *, crs: str, fields: LayerFields, swapped: bool = False
) -> tuple[list[Feature], tuple[LayerFault, ...]]:
    """The rows of a table that have a polygon, and the table's faults with their places, in lon/lat CGCS2000.

    `swapped`: the file has north before east. Raises CrsError where they do not come to lie in China.
    """
    there = np.flatnonzero([shape is not None for shape in table.geometries])
    if len(there) == 0:
        raise LayerError(f"{table.path.name} has no area at all", f"{table.path.name} 中没有任何面状要素。")
    moved = in_degrees(table.geometries[there], crs, swapped=swapped)
    _check_degrees(moved, table.path, crs)
    columns = {role: _column(table, getattr(fields, role), role) for role in USUAL}
    features = [_feature(int(index), columns, shape) for index, shape in zip(there, moved, strict=True)]
    return features, tuple(_placed(fault, crs, swapped=swapped) for fault in table.faults)


def in_degrees(shapes: NDArray[np.object_], crs: str, *, swapped: bool) -> NDArray[np.object_]:
    """Shapes of a file in lon/lat CGCS2000, rounded so that a shared vertex stays one."""
    flat = shapely.force_2d(shapes)
    if swapped:
        flat = shapely.transform(flat, lambda points: points[:, ::-1])
    moved: NDArray[np.object_] = shapely.transform(to_cgcs2000(flat, crs), lambda at: np.round(at, _DECIMALS))
    return moved


def _feature(index: int, columns: Mapping[str, Sequence[str]], shape: Any) -> Feature:
    households = columns["households"][index]
    return Feature(
        row=index + 1,
        geometry=shape,
        households=int(float(households)) if households.replace(".", "", 1).isdecimal() else None,
        **{role: columns[role][index] for role in ("name", "district", "code", "parent", "kind")},
    )


def _placed(fault: LayerFault, crs: str, *, swapped: bool) -> LayerFault:
    if fault.lon is None or fault.lat is None:
        return fault
    x, y = (fault.lat, fault.lon) if swapped else (fault.lon, fault.lat)
    try:
        lon, lat = shapely.get_coordinates(to_cgcs2000(np.array([shapely.Point(x, y)], dtype=object), crs))[0]
    except CrsError:
        return replace(fault, lon=None, lat=None)
    return replace(fault, lon=float(lon), lat=float(lat)) if np.isfinite((lon, lat)).all() else fault


def _check_degrees(geometries: NDArray[np.object_], path: Path, source: str) -> None:
    """Chongqing lies at 105-111° E, 28-33° N; a wrong CRS seldom lands in China."""
    bounds = shapely.total_bounds(geometries)
    west, south, east, north = bounds
    if not (np.isfinite(bounds).all() and 70 < west <= east < 140 and 3 < south <= north < 55):
        where = f"{west:.3f} … {east:.3f}° E, {south:.3f} … {north:.3f}° N"
        raise CrsError(
            f"{path}: taken as {source}, the layer lies at {where}, outside China: name its true CRS",
            f"按 {source} 换算后图层位于 {where}，不在中国境内，请选择正确的坐标系。",
        )


def usual_field(columns: Sequence[str], role: str) -> str | None:
    """The field that a role has by its usual names."""
    there = {field.lower(): field for field in columns}
    return next((there[usual] for usual in USUAL[role] if usual in there), None)


def _column(table: Table, named: str | None, role: str) -> list[str]:
    if named == "":
        return [""] * table.rows
    there = {field.lower(): field for field in table.columns}
    found = there.get(named.lower()) if named else usual_field(tuple(table.columns), role)
    if found is None and (named or role == "name"):
        raise _no_field(table, named, role)
    return [""] * table.rows if found is None else [plain(value) for value in table.columns[found]]


def _no_field(table: Table, named: str | None, role: str) -> LayerError:
    there = ", ".join(table.columns)
    if named:
        return LayerError(
            f"{table.path} has no field {named!r} for the {role}: it has {there}",
            f"文件没有字段“{named}”，现有：{there}。",
        )
    return LayerError(
        f"{table.path}: which field is the {role}? It has {there}: name one of them as the {role} field",
        f"请指定名称字段，现有：{there}。",
    )
