"""A city of 100,000 sensors in a database, with a day of readings behind it, and the packs that it sends."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from benchmarks.load import publish_packet
from benchmarks.rules_mix import DAY_US, GATEWAY, KINDS, SENSORS, STAGE_LEVELS, Mix
from config.database import Connection
from geo.adjacency import refresh_touches
from geo.placement import assign_sensors
from ingest.store import Readings, ReadingsStore
from ingest.upkeep import Retention, run_upkeep

HISTORY_US = DAY_US + 3_600_000_000  # a little more than the longest window that one crossing can fill
_QUIET_US = 3_600_000_000  # between the stored readings of sensors that no rule looks back on
_ROWS = 200_000  # stored at a time
_DEVICES = """
insert into devices (name, gateway)
select 'gate' || n, null from generate_series(0, %(sensors)s / %(gateway)s - 1) n
union all
select 'city' || n, 'gate' || n / %(gateway)s from generate_series(0, %(sensors)s - 1) n
"""
_SENSORS = """
insert into sensors (name, device_id, quantity, unit, interval_s, levels)
select devices.name, devices.id, city.quantity, city.unit, city.interval_s,
       case city.quantity when 'stage' then %(levels)s::jsonb else '{}' end
from unnest(%(name)s::text[], %(quantity)s::text[], %(unit)s::text[], %(interval_s)s::int[])
    with ordinality as city (name, quantity, unit, interval_s, n)
join devices using (name)
order by n
"""
_PLACES = """
insert into sensor_places (sensor_id, lon, lat, reason)
select sensors.id, place.lon, place.lat, 'installed'
from unnest(%(name)s::text[], %(lon)s::float8[], %(lat)s::float8[]) as place (name, lon, lat) join sensors using (name)
"""
_SEATS = """
select v.lon, v.lat from division_versions v join divisions d on d.id = v.division_id
where d.level = 'township' and v.lon is not null and lower_inf(v.valid) order by v.division_id
"""
Rows = NDArray[np.int64]


def furnish(connection: Connection, mix: Mix) -> None:
    """Devices, gateways, sensors and places; each gateway's sensors lie near one township's seat."""
    connection.execute(_DEVICES, {"sensors": SENSORS, "gateway": GATEWAY})
    names = mix.names
    sensors = {
        "name": names,
        "quantity": mix.quantities,
        "unit": mix.units,
        "interval_s": (mix.interval_us // 1_000_000).tolist(),
    }
    connection.execute(_SENSORS, sensors | {"levels": json.dumps(STAGE_LEVELS)})
    seats: NDArray[np.float64] = np.array(connection.execute(_SEATS).fetchall())
    luck = np.random.default_rng(2)
    near = seats[np.arange(SENSORS) // GATEWAY % len(seats)] + luck.normal(0, 0.002, (SENSORS, 2))
    connection.execute(_PLACES, {"name": names, "lon": near[:, 0].tolist(), "lat": near[:, 1].tolist()})
    connection.execute("analyze")
    assign_sensors(connection)
    refresh_touches(connection)
    connection.execute("analyze")


def sensor_ids(connection: Connection) -> NDArray[np.int32]:
    """[n] by number in the mix."""
    rows = connection.execute("select id from sensors order by substr(name, 5)::int").fetchall()
    return np.array(rows, np.int32)[:, 0]


def remember_a_day(connection: Connection, mix: Mix, until_us: int) -> tuple[int, int]:
    """Store a day of readings up to then, with rollups; how many, and how many of them rules look back on."""
    ids, store, luck = sensor_ids(connection), ReadingsStore(), np.random.default_rng(3)
    total = windowed = 0
    for number, kind in enumerate(KINDS):
        step = int(kind.interval_s * 1e6) if kind.looks_back else _QUIET_US
        for sensors in _shares(np.flatnonzero(mix.kind == number), HISTORY_US // step):
            rows = _history(sensors, until_us, step, luck)
            with connection.transaction():
                store.store(connection, _as_readings(ids, rows, mix, luck))
            total += len(rows[0])
            windowed += len(rows[0]) if kind.looks_back else 0
    now = datetime.fromtimestamp(until_us / 1e6, UTC)
    run_upkeep(connection, now=now, wall=now, ahead_days=3, keep=Retention())
    connection.execute("analyze")
    connection.execute("checkpoint")
    return total, windowed


def _shares(sensors: Rows, each: int) -> list[Rows]:
    """Parts whose history is about as long as one transaction should be."""
    return np.array_split(sensors, -(-len(sensors) * each // _ROWS))


def _history(sensors: Rows, until_us: int, step: int, luck: np.random.Generator) -> tuple[Rows, Rows]:
    """Sensor and time of every reading; each sensor reports at a moment of its own."""
    steps = np.arange(HISTORY_US // step, 0, -1)
    phase = luck.integers(0, step, len(sensors)) // 1000 * 1000
    time = until_us - steps[:, None] * step + phase[None, :]
    return np.broadcast_to(sensors, time.shape).ravel(), time.ravel()


def _as_readings(ids: NDArray[np.int32], rows: tuple[Rows, Rows], mix: Mix, luck: np.random.Generator) -> Readings:
    sensor, time = rows
    return Readings(
        sensor=ids[sensor],
        time_us=time,
        value=mix.values(sensor, time, luck.random(len(sensor))),
        late=np.zeros(len(sensor), bool),
        judged=np.ones(len(sensor), bool),
    )


class Packs:
    """SenML packs as gateways send them: one reading of each of its sensors."""

    def __init__(self, mix: Mix) -> None:
        self._mix = mix
        named = zip(mix.names, mix.quantities, mix.units, strict=True)
        self._heads = [f'"n":"{name}/{quantity}","u":"{unit}","v":' for name, quantity, unit in named]
        self._luck = np.random.default_rng(4)

    def turns(self, count: int, begin_us: int, step_us: int) -> Iterator[bytes]:
        """All gateways `count` times; the restless sensors cross one after another and stay so."""
        restless = self._mix.restless()
        every = np.arange(SENSORS)
        for turn in range(count):
            time = begin_us + turn * step_us
            values = self._mix.values(every, np.full(SENSORS, time), self._luck.random(SENSORS))
            crossed = restless[: (turn + 1) * len(restless) // count]
            values[crossed] = self._mix.crossing[crossed]
            told = values.tolist()
            for gateway in range(SENSORS // GATEWAY):
                yield self._packet(gateway, told[gateway * GATEWAY : (gateway + 1) * GATEWAY], time)

    def one(self, gateway: int, time_us: int, alarm: int | None = None) -> bytes:
        """A gateway's pack at one moment, perhaps with one of its sensors over its thresholds."""
        sensors = np.arange(gateway * GATEWAY, (gateway + 1) * GATEWAY)
        values = self._mix.values(sensors, np.full(GATEWAY, time_us), self._luck.random(GATEWAY))
        if alarm is not None:
            values[alarm - sensors[0]] = self._mix.crossing[alarm]
        return self._packet(gateway, values.tolist(), time_us)

    def _packet(self, gateway: int, values: list[float], time_us: int) -> bytes:
        heads = self._heads[gateway * GATEWAY : (gateway + 1) * GATEWAY]
        records = ",".join(f"{{{head}{value}}}" for head, value in zip(heads, values, strict=True))
        pack = f'[{{"bt":{time_us / 1e6:.6f},{records[1:]}]'
        return publish_packet(f"cq/500103/gate{gateway}/senml", pack.encode(), 1 + gateway % 60_000)
