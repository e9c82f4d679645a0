"""A small country under two clocks: squares in a row, and rows that are written as history is, never over."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import shapely
from psycopg import sql
from psycopg.types.range import Range, TimestamptzRange

from config.database import Connection

ALWAYS = TimestamptzRange(None, None)
_BEFORE_ALL = datetime(2000, 1, 1, tzinfo=UTC)
LAT = 29.5


def at(year: int, month: int = 1, day: int = 1, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def span(begin: datetime | None, end: datetime | None = None) -> Range[datetime]:
    return TimestamptzRange(begin, end)


def cells(*numbers: int) -> bytes:
    """WKB of squares of a hundredth of a degree, numbered from west to east."""
    boxes = [shapely.box(106 + n / 100, LAT, 106 + (n + 1) / 100, LAT + 0.01) for n in numbers]
    return bytes(shapely.to_wkb(shapely.union_all(boxes)))


def middle(cell: float) -> tuple[float, float]:
    """A position in the middle of a square."""
    return 106 + (cell + 0.5) / 100, LAT + 0.005


def division(
    connection: Connection,
    level: str,
    code: str,
    parent: int | None,
    *squares: int,
    name: str = "",
    valid: Range[datetime] = ALWAYS,
    recorded: datetime = _BEFORE_ALL,
) -> int:
    """A new division, with a boundary where squares are given."""
    row = connection.execute("insert into divisions (level) values (%s) returning id", (level,)).fetchone()
    assert row is not None
    number = int(row[0])
    about = {"parent_id": parent, "code": code, "name": name or f"{level}{code}", "source": "test"}
    rewrite(connection, "division_versions", number, valid, recorded, about)
    if squares:
        draw(connection, number, valid, recorded, *squares)
    return number


def draw(connection: Connection, number: int, valid: Range[datetime], recorded: datetime, *squares: int) -> None:
    """The boundary of a division for a time; without squares it has none then."""
    drawn = {"geometry": cells(*squares), "area_m2": 1e6 * len(squares), "derived": False, "source": "test"}
    rewrite(connection, "boundary_versions", number, valid, recorded, drawn if squares else None)


def sensor(connection: Connection, name: str) -> int:
    """A sensor that stands nowhere yet."""
    row = connection.execute(
        "with device as (insert into devices (name) values (%s) returning id)"
        " insert into sensors (name, device_id, quantity, unit) select %s, id, 'q', 'm' from device returning id",
        (name, name),
    ).fetchone()
    assert row is not None
    return int(row[0])


def place(
    connection: Connection, number: int, valid: Range[datetime], recorded: datetime, where: tuple[float, float] | None
) -> None:
    """Where a sensor stands for a time; None: nobody knows."""
    lon, lat = where or (None, None)
    about = {"lon": lon, "lat": lat, "reason": "moved"}
    rewrite(connection, "sensor_places", number, valid, recorded, about, key="sensor_id")


def alert(connection: Connection, opened: datetime, *, sensor_id: int | None = None, within: int | None = None,
          where: tuple[float, float] | None = None, grade: str = "red") -> int:  # fmt: skip
    """Of a sensor, of a division, or reported with a position in a township."""
    subject = sensor_id if sensor_id is not None else (4 << 32) + 1 if where else (3 << 32) + (within or 0)
    lon, lat = where or (None, None)
    return _number(
        connection,
        "insert into alerts (rule_id, subject, sensor_id, township_id, lon, lat, level, peak, state, value, opened_at,"
        " changed_at, recorded_at) values (gen_random_uuid()::text, %s, %s, %s, %s, %s, %s, %s, 'open', 1, %s, %s, %s)"
        " returning id",
        subject, sensor_id, within, lon, lat, grade, grade, opened, opened, opened,
    )  # fmt: skip


def run(connection: Connection, township: int, started: datetime) -> int:
    return _number(
        connection,
        "insert into plan_runs (plan_id, township_id, level, state, started_at, recorded_at)"
        " values (gen_random_uuid()::text, %s, 'red', 'open', %s, %s) returning id",
        township, started, started,
    )  # fmt: skip


def event(connection: Connection, township: int, reported: datetime, where: tuple[float, float] | None = None) -> int:
    lon, lat = where or (None, None)
    return _number(
        connection,
        "insert into events (key, kind, urgent, way, happened_at, reported_at, lon, lat, township_id, actor, state,"
        " level, division_id, since, due_at) values (gen_random_uuid(), 'other', false, 'desk', %s, %s, %s, %s, %s,"
        " gen_random_uuid(), 'reported', 'township', %s, %s, %s) returning id",
        reported, reported, lon, lat, township, township, reported, reported,
    )  # fmt: skip


def _number(connection: Connection, query: str, *values: Any) -> int:
    row = connection.execute(query, values).fetchone()
    assert row is not None
    return int(row[0])


def rewrite(
    connection: Connection,
    table: str,
    number: int,
    valid: Range[datetime],
    recorded: datetime,
    values: Mapping[str, Any] | None,
    *,
    key: str = "division_id",
) -> None:
    """From `recorded` on it is believed that `values` (None: nothing) held in `valid`; all that was said stays."""
    names: list[str] = list(values) if values is not None else []
    said = _columns(connection, table, key)
    named = {"table": sql.Identifier(table), "key": sql.Identifier(key), "said": sql.SQL(", ").join(said)}
    asked = {"number": number, "valid": valid, "recorded": recorded}
    connection.execute(
        sql.SQL(
            "with closed as (update {table} set recorded = tstzrange(lower(recorded), %(recorded)s)"
            " where {key} = %(number)s and upper_inf(recorded) and valid && %(valid)s returning *)"
            " insert into {table} ({key}, valid, recorded, {said})"
            " select {key}, unnest(tstzmultirange(valid) - tstzmultirange(%(valid)s::tstzrange)),"
            " tstzrange(%(recorded)s, null), {said} from closed"
        ).format(**named),
        asked,
    )
    if values is not None:
        connection.execute(
            sql.SQL(
                "insert into {table} ({key}, valid, recorded, {names})"
                " values (%(number)s, %(valid)s, tstzrange(%(recorded)s, null), {values})"
            ).format(
                **named,
                names=sql.SQL(", ").join(map(sql.Identifier, names)),
                values=sql.SQL(", ").join(map(sql.Placeholder, names)),
            ),
            {**asked, **values},
        )


def _columns(connection: Connection, table: str, key: str) -> list[sql.Identifier]:
    rows = connection.execute(
        "select column_name from information_schema.columns where table_name = %s and table_schema = 'public'"
        " and column_name not in ('id', 'valid', 'recorded', %s)",
        (table, key),
    ).fetchall()
    return [sql.Identifier(row[0]) for row in rows]


class Country:
    """A city, two districts, three townships of two squares each, a village and two grids in the first."""

    def __init__(self, connection: Connection) -> None:
        self.city = division(connection, "city", "500000", None, name="City")
        self.east = division(connection, "district", "500101", self.city, name="East")
        self.west = division(connection, "district", "500102", self.city, name="West")
        self.a = division(connection, "township", "500101001", self.east, 0, 1, name="A")
        self.b = division(connection, "township", "500101002", self.east, 2, 3, name="B")
        self.c = division(connection, "township", "500102001", self.west, 4, 5, name="C")
        self.village = division(connection, "village", "500101001001", self.a, name="V")
        self.grids = [division(connection, "grid", f"50010100100100{n}", self.village, n, name=f"G{n}") for n in (0, 1)]
