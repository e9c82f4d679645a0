"""Where each sensor belongs: written to `sensor_divisions`, and looked up from memory by the pipeline."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray
from psycopg import Cursor
from psycopg.rows import TupleRow, class_row

from config.database import Connection
from geo.divisions import QUERIES, lock_divisions
from geo.hits import keep_hits

Ids = NDArray[np.int32]
Times = NDArray[np.int64]

UNLOCATED = -1
_SEVERAL = -2  # in `_Lookup.only`: the answer depends on the time


@dataclass(frozen=True, kw_only=True)
class Unlocated:
    """A sensor (or one of its places) that lies in no township."""

    sensor: str
    label: str
    lon: float | None  # degrees; None: its place is not known
    lat: float | None

    def reason(self) -> str:
        return "no place is known" if self.lon is None else f"({self.lon}, {self.lat}) is outside every township"


@dataclass(frozen=True, kw_only=True)
class AssignReport:
    """What an assignment of all sensors found and changed."""

    sensors: int
    located: int
    closed: int  # rows that no longer hold
    opened: int  # rows written
    unlocated: tuple[Unlocated, ...]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def lines(self) -> list[str]:
        """For people."""
        head = f"{self.located} of {self.sensors} sensors are located; {self.opened} rows opened, {self.closed} closed"
        return [head, *(f"  {each.label or each.sensor} ({each.sensor}): {each.reason()}" for each in self.unlocated)]


def assign_sensors(connection: Connection) -> AssignReport:
    """Write again which divisions every sensor belongs to and when, in one transaction; touch only what changed.

    What is new is also written down for questions about other times and maps (geo.hits).

    Townships, villages and grids by their boundaries, districts by the parent of the township.
    """
    with connection.transaction(), connection.cursor() as cursor:
        recorded = lock_divisions(cursor)
        _write_wanted(cursor)
        closed = cursor.execute(QUERIES["close_unwanted"], {"recorded": recorded}).rowcount
        opened = cursor.execute(QUERIES["open_wanted"], {"recorded": recorded}).rowcount
        cursor.execute(QUERIES["drop_assignment"])
        keep_hits(connection)
        counts = cursor.execute(QUERIES["count_located_sensors"]).fetchone()
        assert counts is not None
        return AssignReport(
            sensors=counts[0], located=counts[1], closed=closed, opened=opened, unlocated=unlocated(connection)
        )


def announce_places(connection: Connection, sensors: int) -> None:
    """Tell the screens to read again where sensors stand; last in a transaction (others queue on it)."""
    payload = orjson.dumps({"sensors": sensors}).decode()
    connection.execute(QUERIES["announce_divisions"], {"payload": payload})


def unlocated(connection: Connection) -> tuple[Unlocated, ...]:
    """Sensors without a place, and places outside every township; retired ones aside."""
    with connection.cursor(row_factory=class_row(Unlocated)) as cursor:
        return tuple(cursor.execute(QUERIES["unlocated_sensors"]).fetchall())


def _write_wanted(cursor: Cursor[TupleRow]) -> None:
    """The temporary table `wanted`: sensor_divisions as they should be."""
    places = cursor.execute(QUERIES["known_places"]).fetchall()
    polygons = cursor.execute(QUERIES["locating_boundaries"]).fetchall()
    cursor.execute(QUERIES["create_hits"])
    with cursor.copy(QUERIES["copy_hits"]) as copy:
        for hit in _hits(places, polygons):
            copy.write_row(hit)
    cursor.execute(QUERIES["create_located"])
    cursor.execute(QUERIES["index_located"])
    cursor.execute("analyze located")
    cursor.execute(QUERIES["create_wanted"])
    cursor.execute("analyze wanted")


def _hits(places: list[TupleRow], polygons: list[TupleRow]) -> list[tuple[int, int]]:
    """(place id, boundary id) wherever a place touches a boundary version, of whatever time.

    A tree and not a `Locator`: versions of several times lie on top of each other, and there are
    seldom more places than polygons, so building a raster would cost more than it saves.
    """
    if not places or not polygons:
        return []
    points = shapely.points([row[1] for row in places], [row[2] for row in places])
    tree = shapely.STRtree(shapely.from_wkb([row[1] for row in polygons]))
    point, polygon = tree.query(points, predicate="intersects")
    return [(places[p][0], polygons[b][0]) for p, b in zip(point, polygon, strict=True)]


class _Lookup:
    """The divisions of one level by sensor and time."""

    def __init__(self, rows: list[TupleRow]) -> None:
        table = np.array(rows, dtype=np.int64).reshape(-1, 4)
        sensor, division, starts, ends = table.T
        self._division, self._starts, self._ends = division.astype(np.int32), starts.copy(), ends.copy()
        sensors = int(sensor.max(initial=0)) + 1
        self._first = np.searchsorted(sensor, np.arange(sensors + 2))
        # The last slot answers for every sensor id that is not known.
        self._only = np.full(sensors + 1, UNLOCATED, dtype=np.int32)
        limits = np.iinfo(np.int64)
        self._only[sensor] = np.where((starts == limits.min) & (ends == limits.max), division, _SEVERAL)

    def find(self, sensor: Ids, time_us: Times) -> Ids:
        found = self._only.take(sensor, mode="clip")
        several = np.flatnonzero(found == _SEVERAL)
        if len(several):
            found[several] = self._by_time(sensor[several], time_us[several])
        return found

    def _by_time(self, sensor: Ids, time_us: Times) -> Ids:
        answer = np.full(len(sensor), UNLOCATED, dtype=np.int32)
        first, last = self._first[sensor], self._first[sensor + 1]
        turn = 0
        asked = np.arange(len(sensor))
        while len(asked := asked[first[asked] + turn < last[asked]]):
            version = first[asked] + turn
            held = (self._starts[version] <= time_us[asked]) & (time_us[asked] < self._ends[version])
            answer[asked[held]] = self._division[version[held]]
            asked = asked[~held]
            turn += 1
        return answer


class Placement:
    """In memory: the township and the grid of a sensor at a time, for whole batches.

    As the database knew it when it was loaded; load it again after a notification of `shijing_registry`, where
    `is_current` says so, and at the moment when a date of effect is reached (`is_over`).
    """

    def __init__(self, township: _Lookup, grid: _Lookup, *, version: int = 0, until: datetime | None = None) -> None:
        self._township = township
        self._grid = grid
        self._version = version
        self._until = until

    @classmethod
    def load(cls, connection: Connection) -> "Placement":
        """Load it before all else that depends on where sensors belong: what changes meanwhile is then noticed."""
        row = connection.execute(QUERIES["placement_version"]).fetchone()
        assert row is not None
        lookups = [
            _Lookup(connection.execute(QUERIES["placements"], {"level": level}).fetchall())
            for level in ("township", "grid")
        ]
        return cls(*lookups, version=row[0], until=row[1])

    def is_current(self, connection: Connection) -> bool:
        """Whether sensors belong where they did when it was loaded; that stays so until the transaction ends.

        Waits for whoever is changing it, as they wait for this transaction.
        """
        asked = {"version": self._version}
        return connection.execute(QUERIES["hold_placement"], asked).fetchone() is not None

    def is_over(self, now: datetime) -> bool:
        """Whether a date of effect has come since it was loaded: today's map is another one."""
        return self._until is not None and self._until <= now

    def township_of(self, sensor: Ids, time_us: Times) -> Ids:
        """Division ids int32[n], -1 unlocated; sensor ids int32[n], event times int64[n] in µs since 1970 UTC."""
        return self._township.find(sensor, time_us)

    def grid_of(self, sensor: Ids, time_us: Times) -> Ids:
        """As `township_of`, for grids."""
        return self._grid.find(sensor, time_us)
