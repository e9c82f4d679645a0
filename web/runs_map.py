"""The ground of a run: its township and its grids, as GeoJSON."""

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from config.database import Connection
from config.queries import Queries

_QUERIES = Queries(Path(__file__).with_name("run_queries.sql"))
_TOLERANCE = 0.0002  # degrees, about 20 m: less than a screen shows of a township


def ground_of(connection: Connection, run_id: int, at: datetime) -> dict[str, Any]:
    """A FeatureCollection in lon/lat degrees, CGCS2000; properties id, name, grid, derived (no official line)."""
    rows = connection.execute(_QUERIES["ground"], {"run": run_id, "at": at}).fetchall()
    features = [
        {
            "type": "Feature",
            "id": number,
            "geometry": _geometry(geometry),
            "properties": {"name": name or "", "grid": is_grid, "derived": bool(derived)},
        }
        for number, is_grid, name, geometry, derived in rows
        if geometry is not None
    ]
    return {"type": "FeatureCollection", "features": features}


def _geometry(wkb: bytes) -> dict[str, Any]:
    simple = shapely.simplify(shapely.from_wkb(wkb), _TOLERANCE)
    rounded = shapely.transform(simple, lambda points: np.round(points, 5))
    return dict(shapely.geometry.mapping(rounded))
