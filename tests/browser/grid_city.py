"""Grids, and many sensors, for what the map shows of a township and of a whole city."""

import json
from datetime import timedelta

import numpy as np
import shapely

from config.database import Connection
from tests.browser import seed
from tests.database.out_seed import add_division


def cut_grids(connection: Connection, township: int, across: int = 4) -> list[int]:
    """A township's grids: pieces of its outline, `across` each way; their ids."""
    row = connection.execute(
        "select b.geometry, v.code from boundary_versions b join division_versions v on v.division_id = b.division_id"
        " where b.division_id = %s and upper_inf(b.recorded) and upper_inf(v.recorded)",
        (township,),
    ).fetchone()
    assert row is not None
    outline, code = shapely.from_wkb(row[0]), row[1]
    west, south, east, north = outline.bounds
    steps = np.linspace(0, 1, across + 1)
    pieces = [
        shapely.intersection(outline, shapely.box(x0, y0, x1, y1))
        for y0, y1 in zip(south + (north - south) * steps[:-1], south + (north - south) * steps[1:], strict=True)
        for x0, x1 in zip(west + (east - west) * steps[:-1], west + (east - west) * steps[1:], strict=True)
    ]
    return [
        _grid(connection, township, f"{code}900{number:03d}", f"第{number}网格", piece)
        for number, piece in enumerate((one for one in pieces if not one.is_empty), 1)
    ]


def _grid(connection: Connection, township: int, code: str, name: str, piece: shapely.Geometry) -> int:
    number = add_division(connection, "grid", code, name, township)
    connection.execute(
        "insert into boundary_versions (division_id, geometry, area_m2, derived, source, recorded)"
        " values (%s, %s, 1e5, true, 'test', tstzrange('2020-01-01', null))",
        (number, shapely.to_wkb(piece)),
    )
    return number


def add_sensors(connection: Connection, count: int, *, read: bool = True) -> list[int]:
    """Sensors at the reference points of the townships, in turn; with one reading each."""
    rows = connection.execute(
        "with spots as (select division_id, parent_id, lon, lat, row_number() over (order by code) - 1 as spot"
        " from division_versions v join divisions d on d.id = v.division_id"
        " where d.level = 'township' and lon is not null and lower_inf(valid)),"
        " many as (select n, 'many-' || n as name from generate_series(0, %(count)s - 1) n),"
        " devices as (insert into devices (name) select name from many returning id, name),"
        " made as (insert into sensors (name, device_id, quantity, unit, label, river, levels, source)"
        "   select d.name, d.id, 'rain', 'mm', '雨量 ' || m.n, '', '{}', 'test'"
        "   from devices d join many m using (name) returning id, name),"
        " located as (select made.id, s.* from made join many m using (name)"
        "   join spots s on s.spot = m.n %% (select count(*) from spots)),"
        " placed as (insert into sensor_places (sensor_id, lon, lat, reason)"
        "   select id, lon + (id %% 7) * 0.001, lat + (id %% 5) * 0.001, 'installed' from located)"
        " insert into sensor_divisions (sensor_id, level, division_id, valid)"
        " select id, level, division, tstzrange(null, null) from located,"
        " unnest(array['district', 'township'], array[parent_id, division_id]) as lies (level, division)"
        " returning sensor_id",
        {"count": count},
    ).fetchall()
    sensors = sorted({row[0] for row in rows})
    if read:
        connection.execute("select ensure_readings_partition(%s::date)", (seed.PEAK.date(),))
        connection.execute(
            "insert into readings (sensor_id, time, value, late, judged)"
            " select unnest(%s::integer[]), %s, 1, false, true",
            (sensors, seed.PEAK - timedelta(minutes=5)),
        )
    return sensors


def raise_alerts(connection: Connection, sensors: list[int], levels: tuple[str, ...]) -> None:
    """An open alert of each, of the levels in turn, at once."""
    connection.execute(
        "insert into alerts (rule_id, family, subject, sensor_id, township_id, level, peak, state, value, opened_at,"
        " changed_at)"
        " select 'rain-hour', 'rain', s.id, s.id, d.division_id, s.level, s.level, 'open', 70, %(at)s, %(at)s"
        " from unnest(%(ids)s::integer[], %(levels)s::text[]) s (id, level)"
        " join sensor_divisions d on d.sensor_id = s.id and d.level = 'township'",
        {"ids": sensors, "levels": [levels[i % len(levels)] for i in range(len(sensors))], "at": seed.PEAK},
    )
    connection.execute("select log_live_event('alert', %s)", (json.dumps({"alert_id": 0}),))
