"""A city for the benchmarks: the real townships, and sensors spread over them."""

import numpy as np
from numpy.typing import NDArray

from config.database import Connection, connect
from config.migrate import migrate
from geo.defaults import import_defaults
from geo.placement import assign_sensors

SENSORS = 10_000
TOPIC = "cq/500103/bench{}/water_depth"

_DEVICES = "insert into devices (name, gateway) select 'bench' || n, 'gateway' from generate_series(0, %(last)s) n"
_SENSORS = """
insert into sensors (name, device_id, quantity, unit)
select name, id, 'water_depth', 'cm' from devices where name like 'bench%%' order by id
"""
_PLACES = """
insert into sensor_places (sensor_id, lon, lat, reason)
select s.id, p.lon, p.lat, 'installed'
from (select id, row_number() over (order by id) as n from sensors) s
join unnest(%(lon)s::float8[], %(lat)s::float8[]) with ordinality as p (lon, lat, n) using (n)
"""


def furnish(database_url: str, sensors: int = SENSORS, spread: float = 0.002) -> None:
    """Schema, divisions, and so many street-water sensors around the townships' points; `spread` in degrees."""
    with connect(database_url, "bench", autocommit=True) as connection:
        migrate(connection)
        import_defaults(connection)
        seats: NDArray[np.float64] = np.array(
            connection.execute(
                "select v.lon, v.lat from division_versions v join divisions d on d.id = v.division_id"
                " where d.level = 'township' and v.lon is not null and lower_inf(v.valid)"
            ).fetchall()
        )
        near = seats[np.arange(sensors) % len(seats)] + np.random.default_rng(1).normal(0, spread, (sensors, 2))
        stand(connection, near)
        connection.execute("analyze")
        assign_sensors(connection)


def stand(connection: Connection, spots: NDArray[np.float64]) -> None:
    """One street-water sensor at each spot, float64[n, 2] of lon and lat in degrees."""
    connection.execute(_DEVICES, {"last": len(spots) - 1})
    connection.execute(_SENSORS)
    connection.execute(_PLACES, {"lon": spots[:, 0].tolist(), "lat": spots[:, 1].tolist()})
