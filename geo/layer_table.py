"""A layer as its file has it, before anything is decided: rows, columns as text, polygons where there are any.

Every row of the file is here, or named in `faults` with the reason why it has no polygon.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyogrio
import pyogrio.errors
import pyproj
import pyproj.exceptions
from numpy.typing import NDArray

from geo.dxf_layer import read_drawing
from geo.errors import LayerError
from geo.layer_faults import LayerFault
from geo.layer_rows import as_text, polygons_of, quietly
from geo.layer_text import DECODED, Encoding, decoded, utf8_copy
from geo.layer_unpack import LAYERS, lay_beside, unpack

# A Shapefile without its index is read all the same: on a copy, for GDAL writes the index beside it.
pyogrio.set_gdal_config_options({"SHAPE_RESTORE_SHX": "YES", "OGR_GEOMETRY_ACCEPT_UNCLOSED_RING": "YES"})

ARCHIVES = (".zip", ".kmz")
FORMS = (*LAYERS, *ARCHIVES)


@dataclass(frozen=True, kw_only=True)
class Table:
    """One layer of a file."""

    path: Path
    layer: str
    layers: tuple[str, ...]  # all that the file has
    form: str  # the file's ending, without the dot
    columns: Mapping[str, Sequence[str]]
    geometries: NDArray[np.object_]  # (Multi)Polygons in the file's own coordinates; None: in `faults`
    declared: str | None  # the file's own coordinate system
    encoding: Encoding
    faults: tuple[LayerFault, ...] = field(default=())

    @property
    def rows(self) -> int:
        return len(self.geometries)


def read_table(path: Path, *, layer: str | None = None, encoding: str | None = None) -> Table:
    """Read one layer of a file, packed or not; raises LayerError for a file that is no layer at all."""
    if not path.exists():
        raise LayerError(
            f"{path} does not exist: name a Shapefile (.shp), GeoPackage (.gpkg), GeoJSON, KML or DXF file",
            "文件不存在。",
        )
    if path.suffix.lower() not in FORMS:
        raise LayerError(
            f"{path.name} is no layer that is read here: {', '.join(FORMS)}",
            f"{path.name} 不是可读取的图层，请使用 {'、'.join(FORMS)}。",
        )
    with tempfile.TemporaryDirectory(prefix="shijing-layer-") as folder:
        if path.suffix.lower() in ARCHIVES:
            return _of_archive(path, Path(folder), layer, encoding)
        return _of_file(path, Path(folder), layer, encoding, shown=path)


def _of_archive(path: Path, folder: Path, layer: str | None, encoding: str | None) -> Table:
    found = unpack(path, folder / "unpacked")
    named = {one.relative_to(folder / "unpacked").as_posix(): one for one in found}
    if len(named) == 1:
        return _of_file(found[0], folder, layer, encoding, shown=path)
    chosen = layer if layer in named else next(iter(named))
    if layer is not None and layer not in named:
        raise _no_such_layer(path, layer, tuple(named))
    table = _of_file(named[chosen], folder, None, encoding, shown=path)
    return Table(**{**vars(table), "layer": chosen, "layers": tuple(named)})


def _of_file(path: Path, folder: Path, layer: str | None, encoding: str | None, *, shown: Path) -> Table:
    form = path.suffix.lower().lstrip(".")
    if form == "dxf":
        return _of_drawing(path, shown)
    faults: list[LayerFault] = []
    told = Encoding(value="UTF-8", zh="该格式固定为 UTF-8", en="the format is UTF-8", options=("UTF-8",))
    if form == "shp":
        faults += _missing_parts(path)
        path = lay_beside(path, folder / "mended")
    elif form in ("geojson", "json", "kml"):
        path, told = utf8_copy(path, folder, encoding)
    layers, chosen = _layers(path, layer, shown)
    meta, wkb, columns = _read(path, chosen, shown, raw=form == "shp")
    texts = {name: [as_text(value) for value in values] for name, values in columns.items()}
    if form == "shp":
        texts, told, cut = decoded(path, texts, encoding)
        faults += cut
    polygons, wrong = polygons_of(wkb, closed_lines=form == "kml")
    return Table(
        path=shown, layer=chosen, layers=layers, form=form, columns=texts, geometries=polygons,
        declared=_declared(meta), encoding=told, faults=(*faults, *wrong),
    )  # fmt: skip


def _of_drawing(path: Path, shown: Path) -> Table:
    try:
        columns, polygons, faults = read_drawing(path)
    except pyogrio.errors.DataSourceError as error:
        raise _unreadable(shown, error) from error
    told = Encoding(value="DXF", zh="按图纸声明的代码页", en="as the drawing says", options=("DXF",))
    return Table(
        path=shown, layer="entities", layers=("entities",), form="dxf", columns=columns, geometries=polygons,
        declared=None, encoding=told, faults=tuple(faults),
    )  # fmt: skip


def _missing_parts(path: Path) -> list[LayerFault]:
    """Of a Shapefile: the index is made again, names are lost with the table."""
    there = {one.suffix.lower() for one in path.parent.iterdir() if one.stem == path.stem}
    faults = []
    if ".shx" not in there:
        faults.append(LayerFault(kind="shx_missing", mended=True))
    if ".dbf" not in there:
        faults.append(LayerFault(kind="dbf_missing"))
    return faults


def _layers(path: Path, layer: str | None, shown: Path) -> tuple[tuple[str, ...], str]:
    """The layers of a file, and the one to read: the one that is named, else the one with the most features."""
    try:
        with quietly():
            listed = tuple(str(name) for name in pyogrio.list_layers(path)[:, 0])
        if not listed:
            raise LayerError(f"{shown} has no layer: is it the right file?", "文件中没有图层，请检查是否选错。")
        if layer is not None and layer not in listed:
            raise _no_such_layer(shown, layer, listed)
        if layer is not None or len(listed) == 1:
            return listed, layer or listed[0]
        counts = [_features(path, name) for name in listed]
        return listed, listed[int(np.argmax(counts))]
    except pyogrio.errors.DataSourceError as error:
        raise _unreadable(shown, error) from error


def _features(path: Path, layer: str) -> int:
    with quietly():
        info = pyogrio.read_info(path, layer=layer, force_feature_count=True)
    return int(info["features"]) if info["geometry_type"] else 0


def _no_such_layer(path: Path, layer: str, there: tuple[str, ...]) -> LayerError:
    names = ", ".join(there)
    return LayerError(
        f"{path.name} has no layer {layer!r}: it has {names}", f"{path.name} 没有图层“{layer}”，现有：{names}。"
    )


def _unreadable(path: Path, error: Exception) -> LayerError:
    return LayerError(
        f"{path} cannot be read: {error}",
        f"{path.name} 无法读取：文件可能已损坏，或缺少组成文件（Shapefile 需要 .shp 与 .dbf）。",
    )


def _read(
    path: Path, layer: str, shown: Path, *, raw: bool
) -> tuple[dict[str, object], NDArray[np.object_], dict[str, Sequence[object]]]:
    """`raw`: text byte by byte as ISO 8859-1, to be decoded by us."""
    try:
        with quietly():
            meta, _, wkb, values = pyogrio.raw.read(
                path, layer=layer, encoding=DECODED if raw else None, force_2d=True, datetime_as_string=True
            )
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.GeometryError) as error:
        raise _unreadable(shown, error) from error
    except UnicodeDecodeError as error:
        raise LayerError(
            f"{shown} has text that is not UTF-8, as its format asks for: export it again",
            "文件中的文字不是该格式要求的 UTF-8，请重新导出。",
        ) from error
    if wkb is None or len(wkb) == 0:
        raise LayerError(
            f"{shown} has no features: is it the right file?", "文件中没有任何要素，请检查是否选错文件或图层。"
        )
    names = [str(name) for name in meta["fields"]]
    return meta, wkb, dict(zip(names, values, strict=True))


def _declared(meta: Mapping[str, object]) -> str | None:
    told = meta.get("crs")
    if not told:
        return None
    try:
        crs = pyproj.CRS(str(told))
    except pyproj.exceptions.CRSError:
        return None
    authority = crs.to_authority(min_confidence=60)
    return ":".join(authority) if authority else str(crs.to_wkt())
