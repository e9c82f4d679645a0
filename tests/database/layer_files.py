"""Layers as they come from elsewhere, with the faults that they have: written to a folder."""

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import shapely

from geo.crs import from_cgcs2000
from geo.default_data import DATA

TILED = "大溪沟街道"  # of Yuzhong


def yuzhong() -> geopandas.GeoDataFrame:
    """The 11 townships of Yuzhong as an official layer might come: name and district in Chinese fields."""
    layer = geopandas.read_file(DATA / "townships_derived.geojson")
    layer = layer[layer["district_code"] == "500103"][["name", "district_name", "code", "geometry"]]
    return layer.rename(columns={"name": "名称", "district_name": "区县"}).reset_index(drop=True)


def in_system(layer: geopandas.GeoDataFrame, crs: str, *, swapped: bool = False, told: bool = True) -> Any:
    """The layer in another system; `told`: the file says so (GCJ-02 and BD-09 pass for CGCS2000)."""
    shapes = from_cgcs2000(layer.geometry.to_numpy(), crs)
    if swapped:
        shapes = shapely.transform(shapes, lambda points: points[:, ::-1])
    says = None if not told else crs if crs.startswith("EPSG") else "EPSG:4490"
    return geopandas.GeoDataFrame(layer.drop(columns="geometry"), geometry=shapes, crs=says)


def squares(across: int = 4, tiled: str = TILED) -> tuple[list[Any], Any]:
    """A township cut by a grid of squares, and its outline."""
    layer = yuzhong()
    outline = layer.loc[layer["名称"] == tiled, "geometry"].iloc[0]
    west, south, east, north = outline.bounds
    steps = np.arange(across)
    x, y = np.meshgrid(west + steps * (east - west) / across, south + steps * (north - south) / across)
    cells = shapely.box(x, y, x + (east - west) / across, y + (north - south) / across).ravel()
    pieces = [piece for piece in shapely.intersection(cells, outline) if piece.geom_type.endswith("Polygon")]
    return [piece for piece in pieces if not piece.is_empty], outline


def grids(shapes: Sequence[Any], **columns: Sequence[str]) -> geopandas.GeoDataFrame:
    """Grids with names; `columns` beside them."""
    names = [f"第{i}网格" for i in range(1, len(shapes) + 1)]
    return geopandas.GeoDataFrame({"网格名称": names, **columns}, geometry=list(shapes), crs="EPSG:4490")


def shapefile(layer: geopandas.GeoDataFrame, folder: Path, name: str = "layer", *, without: Sequence[str] = ()) -> Path:
    """In GBK, without a .cpg unless asked for."""
    path = folder / f"{name}.shp"
    layer.to_file(path, encoding="GB18030")
    for suffix in {".cpg", *without}:
        path.with_suffix(suffix).unlink(missing_ok=True)
    return path


def zipped(path: Path) -> Path:
    """A Shapefile with its parts in an archive, its name in GBK as Windows writes it."""
    archive = path.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for part in sorted(path.parent.glob(f"{path.stem}.*")):
            if part != archive:
                out.write(part, f"资料/{part.name}")
    return archive


def geojson(features: Sequence[tuple[dict[str, Any], Any]], path: Path) -> Path:
    """Written as it is, however wrong."""
    collection = {
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "properties": about, "geometry": shape} for about, shape in features],
    }
    path.write_text(json.dumps(collection, ensure_ascii=False), encoding="utf-8")
    return path


def ring(shape: Any) -> list[list[float]]:
    """The outer ring of a polygon as GeoJSON has it."""
    return [list(point) for point in shape.exterior.coords]


def round_polygon(lon: float, lat: float, radius: float, vertices: int) -> Any:
    """A polygon with many vertices, as a digitised river bank has them."""
    angle = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    wave = radius * (1 + 0.02 * np.sin(40 * angle))
    return shapely.polygons(np.column_stack([lon + wave * np.cos(angle), lat + wave * np.sin(angle)]))


DXF_HEAD = "  0\nSECTION\n  2\nENTITIES\n"
DXF_TAIL = "  0\nENDSEC\n  0\nEOF\n"


def dxf_polyline(points: Sequence[Sequence[float]], layer: str, *, closed: bool) -> str:
    """A polyline of a drawing, release 12."""
    text = f"  0\nPOLYLINE\n  8\n{layer}\n 66\n1\n 70\n{1 if closed else 0}\n"
    for x, y in points:
        text += f"  0\nVERTEX\n  8\n{layer}\n 10\n{x:.4f}\n 20\n{y:.4f}\n 30\n0.0\n"
    return text + f"  0\nSEQEND\n  8\n{layer}\n"


def dxf_text(x: float, y: float, text: str, layer: str = "注记") -> str:
    """A text of a drawing."""
    return f"  0\nTEXT\n  8\n{layer}\n 10\n{x:.4f}\n 20\n{y:.4f}\n 30\n0.0\n 40\n20.0\n  1\n{text}\n"


def drawing(entities: Sequence[str], path: Path) -> Path:
    """A drawing in GBK with its code page."""
    head = "  0\nSECTION\n  2\nHEADER\n  9\n$ACADVER\n  1\nAC1015\n  9\n$DWGCODEPAGE\n  3\nANSI_936\n  0\nENDSEC\n"
    path.write_bytes((head + DXF_HEAD + "".join(entities) + DXF_TAIL).encode("gb18030"))
    return path
