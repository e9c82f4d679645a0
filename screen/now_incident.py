"""One incident on the stage: what of it is open, the ground it covers and touches, who is in need there."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from psycopg.rows import class_row, dict_row

from config.database import Connection
from screen.now import QUERIES

ALERTS_AT_MOST = 200
CELLS_AT_MOST = 400  # of the footprint, and as many that touch it
RUNS_AT_MOST = 6
_TOLERANCE = 0.0002  # degrees, about 20 m


@dataclass(frozen=True, kw_only=True)
class IncidentHead:
    """One incident; lon/lat the mean of its located alerts, degrees CGCS2000."""

    id: int
    family: str
    level: str
    peak: str
    state: str
    exercise: bool
    opened_at: datetime
    lon: float | None
    lat: float | None


@dataclass(frozen=True, kw_only=True)
class IncidentAlert:
    """An open alert of an incident."""

    id: int
    rule_id: str
    kind: str
    sensor_id: int | None
    level: str
    state: str
    value: float | None
    opened_at: datetime
    exercise: bool
    lon: float | None
    lat: float | None
    label: str
    unit: str
    township: str | None


def read_head(connection: Connection, number: int) -> IncidentHead | None:
    """Under the number that it has now; None where there is none in the scope."""
    with connection.cursor(row_factory=class_row(IncidentHead)) as cursor:
        return cursor.execute(QUERIES["incident"], {"id": number}).fetchone()


def read_alerts(connection: Connection, number: int, at: datetime) -> list[IncidentAlert]:
    """The gravest first."""
    with connection.cursor(row_factory=class_row(IncidentAlert)) as cursor:
        return cursor.execute(QUERIES["incident_alerts"], {"id": number, "at": at, "most": ALERTS_AT_MOST}).fetchall()


def run_ids(connection: Connection, number: int) -> list[int]:
    """Of the plans that run because of it, as far as a wall may show them."""
    rows = connection.execute(QUERIES["incident_runs"], {"id": number, "most": RUNS_AT_MOST}).fetchall()
    return [row[0] for row in rows]


def plans_of(connection: Connection, runs: list[int]) -> dict[int, dict[str, Any]]:
    """The plan of each run, as it was when it began."""
    rows = connection.execute(QUERIES["run_plans"], {"runs": runs}).fetchall()
    return {number: plan or {} for number, plan in rows}


def in_need(connection: Connection, number: int, at: datetime) -> dict[str, int]:
    """How many residents who need care live in the footprint, by kind; numbers alone."""
    rows = connection.execute(QUERIES["people_in_need"], {"id": number, "at": at}).fetchall()
    return dict(rows)


def footprint(connection: Connection, number: int, at: datetime) -> dict[str, Any]:
    """A FeatureCollection in lon/lat degrees, CGCS2000; properties name, parent, code, grid, touching, derived."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(QUERIES["footprint"], {"id": number, "at": at, "most": CELLS_AT_MOST}).fetchall()
    return {"type": "FeatureCollection", "features": [_feature(row) for row in rows]}


def _feature(row: dict[str, Any]) -> dict[str, Any]:
    names = ("name", "parent", "code", "grid", "touching", "derived")
    geometry = None if row["geometry"] is None else _geometry(row["geometry"])
    return {
        "type": "Feature",
        "id": row["id"],
        "geometry": geometry,
        "properties": {name: row[name] for name in names},
    }


def _geometry(wkb: bytes) -> dict[str, Any]:
    simple = shapely.simplify(shapely.from_wkb(wkb), _TOLERANCE)
    rounded = shapely.transform(simple, lambda points: np.round(points, 5))
    return dict(shapely.geometry.mapping(rounded))
