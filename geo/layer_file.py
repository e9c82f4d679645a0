"""Layers of polygons from files: Shapefile, GeoPackage or GeoJSON, in any coordinate system."""

import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pyogrio
import pyogrio.errors
import shapely
from numpy.typing import NDArray

from geo.crs import to_cgcs2000
from geo.errors import CrsError, LayerError

# Field names that layers in China are seen to use, tried in this order, case aside.
NAME_FIELDS = ("name", "名称", "mc", "xzqmc", "xzmc", "乡镇", "镇街", "乡镇名称", "grid_name", "网格名称", "wgmc")
DISTRICT_FIELDS = ("district", "district_name", "区县", "区县名称", "county", "qxmc", "xjqymc", "dist_name")
CODE_FIELDS = ("code", "代码", "xzqdm", "xzdm", "dm", "grid_code", "网格编码", "wgbm")
PARENT_FIELDS = ("parent", "parent_code", "parent_name", "township", "township_code", "township_name", "所属镇街")
_DECIMALS = 9  # degrees: 0.1 mm, so that vertices which were one before the conversion are one after it


@dataclass(frozen=True, kw_only=True)
class LayerFields:
    """Which fields of the file to use; None: found by name, or not used where there is none."""

    name: str | None = None
    district: str | None = None
    code: str | None = None
    parent: str | None = None  # of grids: the township's code or name


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One row of the file; its (Multi)Polygon is lon/lat CGCS2000."""

    row: int  # from 1
    name: str
    district: str
    code: str
    parent: str
    geometry: Any

    def title(self) -> str:
        return f"{self.district} {self.name}".strip() or f"row {self.row}"


@dataclass(frozen=True, kw_only=True)
class LayerFile:
    """A file as it was read."""

    path: Path
    crs: str  # what the positions were converted from
    features: list[Feature]


def read_layer(path: Path, *, crs: str | None, fields: LayerFields, encoding: str | None = None) -> LayerFile:
    """Read a layer and convert it to lon/lat CGCS2000.

    Raises LayerError for a file that is not such a layer, CrsError where its coordinates are not known.
    """
    frame = _read(path, encoding)
    source = crs or _own_crs(frame, path)
    geometries = np.asarray(frame.geometry.array, dtype=object)
    _check_geometries(geometries, path)
    moved = shapely.transform(to_cgcs2000(shapely.force_2d(geometries), source), lambda at: np.round(at, _DECIMALS))
    _check_degrees(moved, path, source)
    columns = [
        _column(frame, fields.name, NAME_FIELDS, path, "name", needed=True),
        _column(frame, fields.district, DISTRICT_FIELDS, path, "district", needed=False),
        _column(frame, fields.code, CODE_FIELDS, path, "code", needed=False),
        _column(frame, fields.parent, PARENT_FIELDS, path, "parent", needed=False),
    ]
    features = [
        Feature(row=i, name=name, district=district, code=code, parent=parent, geometry=geometry)
        for i, (name, district, code, parent, geometry) in enumerate(zip(*columns, moved, strict=True), start=1)
    ]
    return LayerFile(path=path, crs=source, features=features)


def _read(path: Path, encoding: str | None) -> geopandas.GeoDataFrame:
    if not path.exists():
        raise LayerError(f"{path} does not exist: name a Shapefile (.shp), GeoPackage (.gpkg) or GeoJSON file")
    try:
        layers = pyogrio.list_layers(path)
        if len(layers) != 1:
            raise LayerError(f"{path} has {len(layers)} layers ({', '.join(layers[:, 0])}): export the one to import")
        frame = _decoded(path, encoding)
    except pyogrio.errors.DataSourceError as error:
        raise LayerError(f"{path} cannot be read: {error}. A Shapefile needs its .shx and .dbf beside it") from error
    if not isinstance(frame, geopandas.GeoDataFrame) or len(frame) == 0:
        raise LayerError(f"{path} has no features: is it the right file?")
    return frame


def _decoded(path: Path, encoding: str | None) -> Any:
    """A Shapefile without .cpg does not tell its encoding: UTF-8 where that fits, else GB 18030."""
    if encoding or path.suffix.lower() != ".shp" or path.with_suffix(".cpg").exists():
        return geopandas.read_file(path, encoding=encoding)
    try:
        return geopandas.read_file(path, encoding="UTF-8")
    except UnicodeDecodeError:
        return geopandas.read_file(path, encoding="GB18030")


def _own_crs(frame: geopandas.GeoDataFrame, path: Path) -> str:
    if frame.crs is None:
        raise CrsError(f"{path} does not say its coordinate system (no .prj): name it as EPSG:4490, GCJ-02 or BD-09")
    authority = frame.crs.to_authority()
    return ":".join(authority) if authority else str(frame.crs.to_wkt())


def _check_geometries(geometries: NDArray[np.object_], path: Path) -> None:
    polygonal = np.isin(shapely.get_type_id(geometries), (3, 6)) & ~shapely.is_empty(geometries)
    if not polygonal.all():
        rows = np.flatnonzero(~polygonal) + 1
        raise LayerError(
            f"{path}: {len(rows)} of {len(geometries)} rows are no polygon (first: row {rows[0]}):"
            " take them out, or export the polygon layer"
        )


def _check_degrees(geometries: NDArray[np.object_], path: Path, source: str) -> None:
    """Chongqing lies at 105-111° E, 28-33° N; a wrong CRS seldom lands in China."""
    bounds = shapely.total_bounds(geometries)
    west, south, east, north = bounds
    if not (np.isfinite(bounds).all() and 70 < west <= east < 140 and 3 < south <= north < 55):
        where = f"{west:.3f} … {east:.3f}° E, {south:.3f} … {north:.3f}° N"
        raise CrsError(f"{path}: taken as {source}, the layer lies at {where}, outside China: name its true CRS")


def _column(
    frame: geopandas.GeoDataFrame, named: str | None, usual: tuple[str, ...], path: Path, what: str, *, needed: bool
) -> list[str]:
    fields = {str(field).lower(): field for field in frame.columns if field != frame.geometry.name}
    wanted = (named,) if named else usual
    found = next((fields[field.lower()] for field in wanted if field.lower() in fields), None)
    if found is None:
        if named or needed:
            raise LayerError(
                f"{path} has no field {named!r} for the {what}: it has {', '.join(map(str, fields.values()))}"
                if named
                else f"{path}: which field is the {what}? It has {', '.join(map(str, fields.values()))}:"
                f" name one of them as the {what} field"
            )
        return [""] * len(frame)
    return [_text(value) for value in frame[found]]


def _text(value: object) -> str:
    """A field as text: full-width forms and spaces as plain ones, 500105005.0 as 500105005."""
    if value is None or value != value:  # noqa: PLR0124  NaN
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return unicodedata.normalize("NFKC", str(value)).strip()
