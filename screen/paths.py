"""The way from the district down to a division, with the bounds of each: where the screen is, and how to go back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import shapely

from config.database import Connection
from screen.tallies import QUERIES, shown_level

Bounds = tuple[float, float, float, float]  # west, south, east, north; degrees, CGCS2000


@dataclass(frozen=True, kw_only=True)
class Step:
    """A division on the way."""

    id: int
    level: str
    name: str
    code: str
    bounds: Bounds | None  # None: it has no boundary


@dataclass(frozen=True, kw_only=True)
class Way:
    """From the city to where the screen is."""

    city: Step | None  # its bounds are those of the scope; None: no city is known
    path: list[Step]  # from the district down; empty: the city
    below: str | None  # the level that is drawn within; None: nothing is


def read_way(connection: Connection, division: int | None, at: datetime) -> Way | None:
    """The way to a division, or to the city; None for a division that the scope does not show."""
    if division is not None and shown_level(connection, division, at) is None:
        return None
    city = _city(connection, at)
    if division is None or (city is not None and division == city.id):
        return Way(city=city, path=[], below=None if city is None else _below(connection, city.id, at))
    rows = connection.execute(QUERIES["path_to"], {"id": division, "at": at}).fetchall()
    path = [_step(row[:4], [row[4]] if row[4] else []) for row in rows if row[1] != "city"]
    return Way(city=city, path=path, below=_below(connection, division, at))


def _city(connection: Connection, at: datetime) -> Step | None:
    row = connection.execute(QUERIES["city"], {"at": at}).fetchone()
    if row is None:
        return None
    outlines = [one for (one,) in connection.execute(QUERIES["scope_outlines"], {"at": at})]
    return _step(row[:4], outlines or ([row[4]] if row[4] else []))


def _step(row: Sequence[Any], outlines: Sequence[bytes]) -> Step:
    number, level, name, code = row
    return Step(id=number, level=level, name=name, code=code, bounds=_bounds(outlines))


def _bounds(outlines: Sequence[bytes]) -> Bounds | None:
    if not outlines:
        return None
    west, south, east, north = shapely.total_bounds(shapely.from_wkb(list(outlines))).tolist()
    return west, south, east, north


def _below(connection: Connection, division: int, at: datetime) -> str | None:
    row = connection.execute(QUERIES["levels_below"], {"id": division, "at": at}).fetchone()
    return None if row is None else str(row[0])
