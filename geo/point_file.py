"""Files of a planner's own for a generation: points where households live, lines that borders are to follow."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pyogrio.errors
import shapely
from numpy.typing import NDArray

from geo.crs import GEOGRAPHIC, to_cgcs2000
from geo.errors import CrsError, LayerError
from geo.lines import MAIN, PATH, ROAD, Lines

HOUSEHOLD_FIELDS = ("households", "户数", "hushu", "hs", "weight", "count")
LON_FIELDS = ("lon", "lng", "longitude", "经度", "x")
LAT_FIELDS = ("lat", "latitude", "纬度", "y")
RANK_FIELDS = ("rank", "等级")
NAME_FIELDS = ("name", "名称", "mc")
_CHINA = (70.0, 3.0, 140.0, 55.0)  # degrees: a wrong coordinate system seldom lands here
_MOST_HOUSEHOLDS = 1e7  # of one point


@dataclass(frozen=True, kw_only=True, eq=False)
class Points:
    """Where households live; lon/lat CGCS2000."""

    at: NDArray[np.float64]  # float64[n, 2]
    weights: NDArray[np.float64]
    relative: bool  # the file says no households: its points share those of their township


def read_points(path: Path, *, crs: str | None = None) -> Points:
    """Points of a CSV file (lon, lat, households) or of any layer; of buildings their middle.

    Raises LayerError or CrsError, with the row, for a file that cannot be used.
    """
    at, columns = _csv(path) if path.suffix.lower() == ".csv" else _layer_points(path, crs)
    if path.suffix.lower() == ".csv" and crs:
        at = shapely.get_coordinates(to_cgcs2000(shapely.points(at), crs))
    _check_degrees(at, path)
    field = _field(columns, HOUSEHOLD_FIELDS)
    if field is None:
        return Points(at=at, weights=np.ones(len(at)), relative=True)
    return Points(at=at, weights=_numbers(columns[field], path, field, most=_MOST_HOUSEHOLDS), relative=False)


def read_lines(path: Path, *, crs: str | None = None) -> Lines:
    """Lines of a layer (of areas their outlines); a field `rank` tells how much of a border each is, 0 to 3."""
    frame, geometries = _layer(path, crs)
    dimensions = shapely.get_dimensions(geometries)
    if (dimensions < 1).any():
        row = int(np.flatnonzero(dimensions < 1)[0]) + 1
        raise LayerError(f"{path}: row {row} is no line: take points out of the file")
    columns = {str(name): frame[name].tolist() for name in frame.columns if name != frame.geometry.name}
    _check_degrees(shapely.get_coordinates(geometries), path)
    names, ranks = _field(columns, NAME_FIELDS), _field(columns, RANK_FIELDS)
    rank = _numbers(columns[ranks], path, ranks, most=MAIN) if ranks else np.full(len(geometries), ROAD)
    rows = []
    for number, geometry in enumerate(geometries):
        outline = shapely.boundary(geometry) if dimensions[number] == 2 else geometry
        named = columns[names][number] if names else ""
        name = named if isinstance(named, str) else ""
        rows += [("own", name, max(PATH, int(rank[number])), part) for part in shapely.get_parts(outline)]
    return Lines.of(rows)


def _csv(path: Path) -> tuple[NDArray[np.float64], dict[str, list[Any]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise LayerError(f"{path} cannot be read as CSV in UTF-8: {error}") from error
    if not rows:
        raise LayerError(f"{path} has no rows: is it the right file?")
    columns = {name: [row[name] for row in rows] for name in rows[0] if name}
    fields = [_field(columns, names) for names in (LON_FIELDS, LAT_FIELDS)]
    if None in fields:
        raise LayerError(f"{path} has no columns lon and lat: it has {', '.join(columns)}")
    lon, lat = (_numbers(columns[str(field)], path, str(field), least=-1e9, most=1e9) for field in fields)
    return np.stack([lon, lat], axis=1), columns


def _layer_points(path: Path, crs: str | None) -> tuple[NDArray[np.float64], dict[str, list[Any]]]:
    frame, geometries = _layer(path, crs)
    columns = {str(name): frame[name].tolist() for name in frame.columns if name != frame.geometry.name}
    return shapely.get_coordinates(shapely.centroid(geometries)), columns


def _layer(path: Path, crs: str | None) -> tuple[Any, NDArray[np.object_]]:
    if not path.exists():
        raise LayerError(f"{path} does not exist")
    try:
        frame = geopandas.read_file(path)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise LayerError(f"{path} cannot be read: {error}") from error
    if not isinstance(frame, geopandas.GeoDataFrame) or len(frame) == 0:
        raise LayerError(f"{path} has no features: is it the right file?")
    geometries = np.asarray(frame.geometry.array, dtype=object)
    missing = np.flatnonzero(shapely.is_missing(geometries) | shapely.is_empty(geometries))
    if len(missing):
        raise LayerError(f"{path}: row {int(missing[0]) + 1} has no shape: take such rows out")
    return frame, to_cgcs2000(shapely.force_2d(geometries), crs or _own_crs(frame, path))


def _own_crs(frame: Any, path: Path) -> str:
    if frame.crs is None:
        raise CrsError(f"{path} does not say its coordinate system: name it with --crs as EPSG:4490, GCJ-02 or BD-09")
    authority = frame.crs.to_authority()
    return ":".join(authority) if authority else str(frame.crs.to_wkt() or GEOGRAPHIC)


def _field(columns: dict[str, list[Any]], names: tuple[str, ...]) -> str | None:
    lower = {name.strip().lower(): name for name in columns}
    return next((lower[name] for name in names if name in lower), None)


def _numbers(values: list[Any], path: Path, field: str, *, least: float = 0.0, most: float) -> NDArray[np.float64]:
    numbers = np.empty(len(values))
    for row, value in enumerate(values, start=1):
        try:
            numbers[row - 1] = float(value)
        except (TypeError, ValueError):
            numbers[row - 1] = np.nan
        if not least <= numbers[row - 1] <= most:
            raise LayerError(f"{path}: row {row}: {field} is {value!r}, and not a number from {least:g} to {most:g}")
    return numbers


def _check_degrees(at: NDArray[np.float64], path: Path) -> None:
    west, south, east, north = _CHINA
    inside = (at[:, 0] > west) & (at[:, 0] < east) & (at[:, 1] > south) & (at[:, 1] < north)
    if not inside.all():
        row = int(np.flatnonzero(~inside)[0])
        x, y = at[row].tolist()
        raise CrsError(
            f"{path}: {x:.6g}, {y:.6g} (the first of {int((~inside).sum())}) is no longitude and latitude in China:"
            " is the file in metres, or are the two swapped? Name its true coordinate system with --crs"
        )
