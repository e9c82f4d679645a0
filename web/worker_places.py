"""The places of a grid worker: their boundaries as a phone draws them, and what stands there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
import shapely
from psycopg.rows import class_row

from config.database import Connection
from people.posts import shipped_posts
from web.errors import PlaceUnknownError
from web.worker_cards import QUERIES

_SIMPLER_DEG = 0.00005  # five metres: finer than a phone's map shows
_DIGITS = 5  # a metre
SENSORS_AT_MOST = 300


@dataclass(frozen=True, kw_only=True)
class _Place:
    id: int
    level: str
    name: str
    above: str | None
    lon: float | None
    lat: float | None
    geometry: bytes | None
    derived: bool | None


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A sensor in one's grid, with its newest value; lon/lat in degrees, CGCS2000."""

    id: int
    name: str
    quantity: str
    unit: str
    lon: float | None
    lat: float | None
    time: datetime | None
    value: float | None


def own_grid(connection: Connection, person: UUID, at: datetime) -> dict[str, Any]:
    """`posts`, `places` and `sensors` of one who holds posts."""
    held = connection.execute(QUERIES["own_divisions"], {"person": person, "at": at}).fetchall()
    ids = sorted({division for _, division in held})
    places = _places(connection, ids, at)
    lowest = [one.id for one in places if one.level in ("grid", "village")] or ids
    with connection.cursor(row_factory=class_row(Standing)) as cursor:
        named = {"ids": lowest, "at": at, "most": SENSORS_AT_MOST}
        sensors = cursor.execute(QUERIES["sensors_of_divisions"], named).fetchall()
    return {
        "posts": [_post(post, division) for post, division in sorted(held)],
        "places": [_told(one) for one in places],
        "sensors": list({one.id: one for one in sensors}.values()),
    }


def place_of(connection: Connection, person: UUID, division: int, at: datetime) -> dict[str, Any]:
    """One place; raises PlaceUnknownError where somebody has nothing to do there."""
    row = connection.execute(QUERIES["seen_division"], {"person": person, "division": division, "at": at}).fetchone()
    found = _places(connection, [division], at) if row is not None and row[0] else []
    if not found:
        raise PlaceUnknownError
    return _told(found[0])


def _places(connection: Connection, ids: Sequence[int], at: datetime) -> list[_Place]:
    with connection.cursor(row_factory=class_row(_Place)) as cursor:
        return cursor.execute(QUERIES["places"], {"ids": list(ids), "at": at}).fetchall()


def _post(post: str, division: int) -> dict[str, Any]:
    known = shipped_posts().get(post)
    return {"zh": known.zh if known else post, "en": known.en if known else post, "division_id": division}


def _told(one: _Place) -> dict[str, Any]:
    return {
        "id": one.id,
        "level": one.level,
        "name": one.name,
        "above": one.above,
        "lon": one.lon,
        "lat": one.lat,
        "derived": one.derived,
        "geometry": None if one.geometry is None else _drawn(bytes(one.geometry)),
    }


@lru_cache(maxsize=2000)
def _drawn(geometry: bytes) -> Any:
    """GeoJSON of a boundary (WKB), as fine as a phone shows it."""
    shape = shapely.simplify(shapely.from_wkb(geometry), _SIMPLER_DEG)
    return _rounded(orjson.loads(shapely.to_geojson(shape)))


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, _DIGITS)
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    return {key: _rounded(one) for key, one in value.items()} if isinstance(value, dict) else value
