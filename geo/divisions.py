"""Divisions as they were at an instant: typed rows, boundaries, and the layer that the map draws.

`at` is the instant in the world that is asked about; `recorded` is when the database is
asked: None for what it knows now.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray
from psycopg import Cursor
from psycopg.rows import TupleRow, class_row
from psycopg.types.range import TimestamptzRange
from shapely.geometry.base import BaseGeometry

from config.database import Connection
from config.queries import Queries

QUERIES = Queries(Path(__file__).parent / "queries.sql")

# Degrees, the root of the area that a simplified border may give or take: 1,016 townships in about 600 kB.
_TOLERANCE = {"city": 0.002, "district": 0.002, "township": 0.0035}


@dataclass(frozen=True, kw_only=True)
class Division:
    """One division as it was at the instant asked about."""

    id: int
    level: str
    parent_id: int | None
    code: str
    name: str
    kind: str
    population: int | None
    households: int | None
    lon: float | None  # the published reference point, degrees; None: not located
    lat: float | None
    note: str
    source: str
    valid: TimestamptzRange


@dataclass(frozen=True, kw_only=True)
class Boundary:
    """The outline of one division; lon/lat CGCS2000."""

    division_id: int
    geometry: BaseGeometry
    area_m2: float
    derived: bool  # not an official line: say so wherever it is shown
    source: str
    valid: TimestamptzRange


def lock_divisions(cursor: Cursor[TupleRow]) -> datetime:
    """Wait to be the only writer of divisions in this transaction; the instant it records."""
    cursor.execute(QUERIES["lock_divisions"])
    row = cursor.execute("select clock_timestamp()").fetchone()
    assert row is not None
    instant: datetime = row[0]
    return instant


def _divisions(
    connection: Connection, query: str, at: datetime, recorded: datetime | None, **named: str | int
) -> list[Division]:
    with connection.cursor(row_factory=class_row(Division)) as cursor:
        return cursor.execute(QUERIES[query], {"at": at, "recorded": recorded, **named}).fetchall()


def all_of(connection: Connection, level: str, at: datetime, *, recorded: datetime | None = None) -> list[Division]:
    """Every division of a level, by code."""
    return _divisions(connection, "divisions_of_level", at, recorded, level=level)


def children(
    connection: Connection, division_id: int, at: datetime, *, recorded: datetime | None = None
) -> list[Division]:
    """The divisions right under one, by code."""
    return _divisions(connection, "children_of_division", at, recorded, id=division_id)


def by_id(
    connection: Connection, division_id: int, at: datetime, *, recorded: datetime | None = None
) -> Division | None:
    """One division; None where it did not exist then."""
    return next(iter(_divisions(connection, "division_by_id", at, recorded, id=division_id)), None)


def by_code(connection: Connection, code: str, at: datetime, *, recorded: datetime | None = None) -> Division | None:
    """The division with a code at that instant (the lowest id, should two lists have used it twice)."""
    return next(iter(_divisions(connection, "divisions_by_code", at, recorded, code=code)), None)


def path(connection: Connection, division_id: int, at: datetime, *, recorded: datetime | None = None) -> list[Division]:
    """A division, then what it lies in, up to the city; empty where it did not exist then."""
    return _divisions(connection, "path_of_division", at, recorded, id=division_id)


def not_located(
    connection: Connection, at: datetime, *, level: str = "township", recorded: datetime | None = None
) -> list[Division]:
    """Divisions of a level with neither a point nor a boundary."""
    return _divisions(connection, "not_located", at, recorded, level=level)


def boundaries(connection: Connection, level: str, at: datetime, *, recorded: datetime | None = None) -> list[Boundary]:
    """The boundaries of a level, by division id."""
    rows = connection.execute(
        QUERIES["boundaries_of_level"], {"level": level, "at": at, "recorded": recorded}
    ).fetchall()
    geometries = shapely.from_wkb([row[1] for row in rows])
    return [
        Boundary(division_id=row[0], geometry=geometry, area_m2=row[2], derived=row[3], source=row[4], valid=row[5])
        for row, geometry in zip(rows, geometries, strict=True)
    ]


def layer_geojson(connection: Connection, level: str, at: datetime) -> bytes:
    """A GeoJSON FeatureCollection of a level for the map: WGS 84, 5 decimals, borders simplified.

    Shared borders stay shared. Each feature has `id` (the division's) and the properties id, code,
    name, kind, district (name, of townships and below), derived, population, lon, lat.
    """
    drawn = boundaries(connection, level, at)
    about = {division.id: division for division in all_of(connection, level, at)}
    drawn = [boundary for boundary in drawn if boundary.division_id in about]
    districts = _district_names(connection, level, at)
    simple = simplified([boundary.geometry for boundary in drawn], _TOLERANCE.get(level, 0.0))
    features = [
        _feature(about[boundary.division_id], boundary, geometry, districts.get(boundary.division_id))
        for boundary, geometry in zip(drawn, simple, strict=True)
    ]
    return orjson.dumps({"type": "FeatureCollection", "features": features})


def simplified(geometries: list[BaseGeometry], tolerance: float) -> list[BaseGeometry]:
    """A coverage with fewer vertices (tolerance in degrees) at 5 decimals, shared borders still shared."""
    coverage: NDArray[np.object_] = np.array(geometries, dtype=object)
    if tolerance and len(coverage):
        coverage = shapely.coverage_simplify(coverage, tolerance)
    rounded: list[BaseGeometry] = list(shapely.transform(coverage, lambda points: np.round(points, 5)))
    return rounded


def _district_names(connection: Connection, level: str, at: datetime) -> dict[int, str]:
    """The district of each division of a level."""
    if level in ("city", "district"):
        return {}
    rows = connection.execute(QUERIES["district_of_each"], {"level": level, "at": at}).fetchall()
    return dict(rows)


def _feature(division: Division, boundary: Boundary, geometry: BaseGeometry, district: str | None) -> dict[str, object]:
    return {
        "type": "Feature",
        "id": division.id,
        "geometry": geometry.__geo_interface__,
        "properties": {
            "id": division.id,
            "code": division.code,
            "name": division.name,
            "kind": division.kind,
            "district": district,
            "derived": boundary.derived,
            "population": division.population,
            "lon": division.lon,
            "lat": division.lat,
        },
    }
