"""A level of divisions as it was drawn at an instant, or in a span of time: what tiles and the OGC API are made of.

`Instants` tells when what a level shows changes, so that two instants with nothing between them are answered from
one reading of the database.
"""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from psycopg.rows import dict_row
from psycopg.types.range import TimestamptzRange

from config.database import Connection
from config.queries import Queries
from geo.filter_columns import Columns

QUERIES = Queries(Path(__file__).parent / "snapshot_queries.sql")

# Properties of features, as they are asked for; beside them: since, until, valid.
ASKED = (
    "id", "code", "name", "kind", "parent_id", "parent", "population", "households", "area_m2", "derived", "source",
    "note",
)  # fmt: skip
LEVELS = ("city", "district", "township", "village", "grid", "microgrid")


@dataclass(frozen=True, kw_only=True)
class DrawnDivision:
    """A division with a boundary, for as long as both hold."""

    id: int
    parent_id: int | None
    parent: str  # its name
    code: str
    name: str
    kind: str
    population: int | None
    households: int | None
    note: str
    derived: bool  # not an official line: say so wherever it is shown
    area_m2: float
    source: str
    since: datetime | None  # None: always
    until: datetime | None  # None: until further notice


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Divisions of one level, by id (and by time, in a span), with their (Multi)Polygons, lon/lat CGCS2000."""

    level: str
    divisions: tuple[DrawnDivision, ...]
    geometries: NDArray[np.object_]

    @cached_property
    def ids(self) -> NDArray[np.int64]:
        return np.array([division.id for division in self.divisions], np.int64)

    @cached_property
    def columns(self) -> Columns:
        """What features are filtered by."""
        since = np.array([-np.inf if one.since is None else one.since.timestamp() for one in self.divisions])
        until = np.array([np.inf if one.until is None else one.until.timestamp() for one in self.divisions])
        return Columns(
            count=len(self.divisions),
            properties={name: _column(self.divisions, name) for name in ASKED},
            times={"since": (since, since), "until": (until, until), "valid": (since, until)},
            geometries={"geometry": self.geometries},
        )


@dataclass(frozen=True, kw_only=True)
class Instants:
    """When what a level shows changes, in the world and in the database's knowledge of it."""

    world: tuple[datetime, ...]
    known: tuple[datetime, ...]

    def span(self, at: datetime, recorded: datetime | None) -> tuple[int, int]:
        """The same for two pairs of instants between which nothing changes; -1: as known now."""
        return bisect_right(self.world, at), -1 if recorded is None else bisect_right(self.known, recorded)


def _column(divisions: tuple[DrawnDivision, ...], name: str) -> NDArray[np.object_]:
    column: NDArray[np.object_] = np.empty(len(divisions), dtype=object)
    column[:] = [getattr(division, name) for division in divisions]
    return column


def read_instants(connection: Connection, level: str) -> Instants:
    """Those of a level; the names of what it lies in are among them."""
    row = connection.execute(QUERIES["instants_of_level"], {"levels": _and_above(level)}).fetchone()
    assert row is not None
    return Instants(world=tuple(row[0]), known=tuple(row[1]))


def read_snapshot(connection: Connection, level: str, at: datetime, *, recorded: datetime | None = None) -> Snapshot:
    """A level at an instant."""
    return read_span(connection, level, TimestamptzRange(at, at, "[]"), recorded=recorded)


def read_span(
    connection: Connection, level: str, asked: TimestamptzRange, *, recorded: datetime | None = None
) -> Snapshot:
    """All that a level was within a span of time: a division is there as often as it changed."""
    given = {"level": level, "levels": _and_above(level), "asked": asked, "recorded": recorded}
    names: dict[int, str] = dict(connection.execute(QUERIES["names_in"], given).fetchall())
    with connection.cursor(row_factory=dict_row, binary=True) as cursor:
        rows = cursor.execute(QUERIES["drawn_in"], given).fetchall()
    geometries = shapely.from_wkb(np.array([row.pop("geometry") for row in rows], dtype=object))
    divisions = tuple(_drawn(row, names) for row in rows)
    return Snapshot(level=level, divisions=divisions, geometries=geometries)


def _drawn(row: dict[str, Any], names: dict[int, str]) -> DrawnDivision:
    valid = row.pop("valid")
    return DrawnDivision(parent=names.get(row["parent_id"], ""), since=valid.lower, until=valid.upper, **row)


def read_visible(connection: Connection) -> NDArray[np.int64]:
    """The divisions in a reader's scope, and those that they lie in, ascending."""
    row = connection.execute(QUERIES["visible_divisions"]).fetchone()
    assert row is not None
    return np.sort(np.array(row[0], np.int64))


def _and_above(level: str) -> list[str]:
    return list(LEVELS[: LEVELS.index(level) + 1])
