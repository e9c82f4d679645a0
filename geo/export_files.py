"""Exported rows as a file: Shapefile, GeoPackage, GeoJSON, KML or DXF, each with its fields and its warnings."""

import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyogrio
import pyogrio.errors
import shapely
from numpy.typing import NDArray

from geo.crs import from_cgcs2000, is_shifted
from geo.datums import system
from geo.errors import CrsError, LayerError
from geo.export import FIELDS, Asked, Row
from geo.export_drawing import drawing
from geo.layer_rows import quietly

Shapes = NDArray[np.object_]
_DEGREES, _METRES = 9, 4  # decimals: 0.1 mm
_KML = ("EPSG:4326", "EPSG:4490", "GCJ-02", "BD-09")


def write_export(rows: Sequence[Row], asked: Asked, form: str, path: Path) -> None:
    """Write rows to a file; `form` is a key of FORMS. Raises CrsError, and LayerError for what a format cannot hold."""
    if form not in FORMS:
        raise LayerError(f"format {form!r}: one of {', '.join(FORMS)}", f"格式“{form}”不支持。")
    shapes = np.array([row.shape for row in rows], dtype=object)
    FORMS[form][2](rows, asked, _projected(shapes, asked.crs), path)


def _projected(shapes: Shapes, crs: str) -> Shapes:
    decimals = _DEGREES if is_shifted(crs) or system(crs).is_geographic else _METRES
    moved = from_cgcs2000(shapes, crs) if crs not in ("EPSG:4490", "EPSG:4326") else shapes
    if not np.isfinite(shapely.total_bounds(moved)).all():
        raise CrsError(f"these boundaries cannot be told in {crs}: they lie outside it", f"{crs} 不覆盖所选范围。")
    rounded: Shapes = shapely.transform(moved, lambda points: np.round(points, decimals))
    return rounded


def _notes(asked: Asked, rows: Sequence[Row]) -> list[str]:
    """What has to be said beside the data, zh then en."""
    notes = list(asked.warning)
    if any(row.derived for row in rows):
        notes += [
            "含推算边界（derived=1），不是法定界线。",
            "Some of the lines are derived (derived=1): no official lines.",
        ]
    if asked.approval:
        notes.append(f"审图号：{asked.approval}")
    attributions = {row.fields(asked)["attrib"] for row in rows} - {""}
    return [note for note in (*notes, *attributions) if note]


def _geojson(rows: Sequence[Row], asked: Asked, shapes: Shapes, path: Path) -> None:
    """RFC 7946; another system than WGS 84 is named as GeoJSON of 2008 did, and GDAL and QGIS still read."""
    head: dict[str, Any] = {"type": "FeatureCollection", "name": f"shijing_{asked.level}", "notes": _notes(asked, rows)}
    if not is_shifted(asked.crs) and asked.crs != "EPSG:4326":
        head["crs"] = {"type": "name", "properties": {"name": _urn(asked.crs)}}
    oriented = shapely.orient_polygons(shapes)
    with path.open("wb") as out:
        out.write(orjson.dumps(head)[:-1] + b',"features":[')
        for index, (row, shape) in enumerate(zip(rows, oriented, strict=True)):
            feature = {"type": "Feature", "id": row.division_id, "properties": row.fields(asked)}
            text = orjson.dumps(feature)[:-1] + b',"geometry":' + shapely.to_geojson(shape).encode() + b"}"
            out.write((b",\n" if index else b"\n") + text)
        out.write(b"\n]}\n")


def _urn(crs: str) -> str:
    authority, _, code = crs.partition(":")
    return f"urn:ogc:def:crs:{authority}::{code}" if code.isdecimal() else crs


def _wkt(crs: str) -> str | None:
    """What the file says of its system: nothing of one that is shifted, for no program would know it."""
    if is_shifted(crs):
        return None
    named = system(crs)
    source = (named.source_crs if named.is_bound else None) or named
    return source.to_string() if source.to_authority() else source.to_wkt("WKT1_GDAL")


def _write(
    rows: Sequence[Row], asked: Asked, shapes: Shapes, path: Path, driver: str, layer: str, **options: Any
) -> None:
    told = [row.fields(asked) for row in rows]
    columns = [np.array([one[name] for one in told], dtype=np.int32 if name == "derived" else object)
               for name in FIELDS]  # fmt: skip
    multi = any(shapely.get_type_id(shape) == 6 for shape in shapes)
    if multi:
        shapes = np.array([shapely.multipolygons(shapely.get_parts(shape)) for shape in shapes], dtype=object)
    try:
        with quietly():
            pyogrio.raw.write(
            str(path), shapely.to_wkb(shapes), columns, list(FIELDS), layer=layer, driver=driver,
            geometry_type="MultiPolygon" if multi else "Polygon", crs=_wkt(asked.crs), **options,
        )  # fmt: skip
    except (pyogrio.errors.DataSourceError, pyogrio.errors.FieldError, UnicodeEncodeError) as error:
        raise LayerError(f"the file cannot be written: {error}", "文件无法写出。") from error


def _geopackage(rows: Sequence[Row], asked: Asked, shapes: Shapes, path: Path) -> None:
    notes = " ".join(_notes(asked, rows))
    _write(
        rows, asked, shapes, path, "GPKG", f"shijing_{asked.level}",
        layer_options={"FID": "fid", "DESCRIPTION": notes},
    )  # fmt: skip


def _kml(rows: Sequence[Row], asked: Asked, shapes: Shapes, path: Path) -> None:
    if asked.crs not in _KML:
        raise CrsError(
            f"KML has degrees only, not {asked.crs}: {', '.join(_KML)}", f"KML 只支持经纬度：{'、'.join(_KML)}。"
        )
    plain = asked if is_shifted(asked.crs) else Asked(**{**vars(asked), "crs": "EPSG:4326"})
    _write(
        rows, plain, shapes, path, "LIBKML", f"shijing_{asked.level}",
        dataset_options={"NAME": f"shijing {asked.level}", "DESCRIPTION": " ".join(_notes(asked, rows))},
    )  # fmt: skip


def _dxf(rows: Sequence[Row], asked: Asked, shapes: Shapes, path: Path) -> None:
    path.write_bytes(drawing(rows, shapes, _notes(asked, rows)))


def _shapefile(rows: Sequence[Row], asked: Asked, shapes: Shapes, path: Path) -> None:
    """Zipped, with a .cpg that says its encoding and a text that says what has to be said."""
    _check_text(rows, asked)
    stem = f"shijing_{asked.level}"
    with tempfile.TemporaryDirectory(prefix="shijing-export-") as folder:
        base = Path(folder) / f"{stem}.shp"
        _write(rows, asked, shapes, base, "ESRI Shapefile", stem, encoding=asked.encoding)
        base.with_suffix(".cpg").write_text(asked.encoding)
        notes = "\r\n".join(_notes(asked, rows))
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
            for part in sorted(Path(folder).iterdir()):
                out.write(part, part.name)
            if notes:
                out.writestr(f"{stem}.txt", "\ufeff" + notes + "\r\n")


def _check_text(rows: Sequence[Row], asked: Asked) -> None:
    for row in rows:
        for name, value in row.fields(asked).items():
            try:
                str(value).encode(asked.encoding)
            except UnicodeEncodeError as error:
                raise LayerError(
                    f"{row.name}: the {name} has a sign that {asked.encoding} does not ({error.object[error.start]}):"
                    " take UTF-8",
                    f"{row.name} 的 {name} 含有 {asked.encoding} 没有的字“{error.object[error.start]}”，请改用 UTF-8。",
                ) from error


Writer = Callable[[Sequence[Row], Asked, Shapes, Path], None]
# By name: the ending, the media type, and how it is written.
FORMS: Mapping[str, tuple[str, str, Writer]] = {
    "shp": (".zip", "application/zip", _shapefile),
    "gpkg": (".gpkg", "application/geopackage+sqlite3", _geopackage),
    "geojson": (".geojson", "application/geo+json", _geojson),
    "kml": (".kml", "application/vnd.google-earth.kml+xml", _kml),
    "dxf": (".dxf", "image/vnd.dxf", _dxf),
}
