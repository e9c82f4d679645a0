"""Sensors belong to the divisions that hold their place at the reading's time."""

from datetime import UTC, datetime

import numpy as np
import pytest
import shapely

from config.database import Connection
from geo import divisions
from geo.default_data import LIANGJIANG_BEGINS
from geo.defaults import import_defaults
from geo.placement import Placement, assign_sensors

CUNTAN = (106.60, 29.62)
YUZHONG = (106.55, 29.555)
SICHUAN = (105.44, 28.87)
FLOOD = datetime(2020, 8, 20, tzinfo=UTC)


def _us(*times: datetime) -> np.ndarray:
    return np.array([int(t.timestamp() * 1e6) for t in times], dtype=np.int64)


def _sensor(connection: Connection, name: str, *places: tuple[float | None, float | None, str, str]) -> int:
    """A sensor with places (lon, lat, reason, valid range)."""
    device = connection.execute("insert into devices (name) values (%s) returning id", (name,)).fetchone()
    assert device is not None
    sensor = connection.execute(
        "insert into sensors (name, device_id, quantity, unit) values (%s, %s, 'stage', 'm') returning id",
        (name, device[0]),
    ).fetchone()
    assert sensor is not None
    for lon, lat, reason, valid in places:
        connection.execute(
            "insert into sensor_places (sensor_id, lon, lat, reason, valid) values (%s, %s, %s, %s, %s::tstzrange)",
            (sensor[0], lon, lat, reason, valid),
        )
    return int(sensor[0])


def _rows(connection: Connection, sensor: int, level: str) -> list[tuple[str, str]]:
    return connection.execute(
        "select v.name, s.valid::text from sensor_divisions s"
        " join division_versions v on v.division_id = s.division_id and lower(v.valid) is not distinct from"
        " (select min(lower(o.valid)) from division_versions o where o.division_id = v.division_id"
        "  and not exists (select from division_versions i where i.division_id = v.division_id and lower_inf(i.valid)))"
        " where s.sensor_id = %s and s.level = %s and upper_inf(s.recorded) order by s.valid",
        (sensor, level),
    ).fetchall()


@pytest.fixture
def located(connection: Connection) -> Connection:
    import_defaults(connection)
    return connection


def test_the_district_changes_with_the_reform_and_the_township_does_not(located: Connection) -> None:
    cuntan = _sensor(located, "cuntan", (*CUNTAN, "installed", "(,)"))
    report = assign_sensors(located)
    assert (report.sensors, report.located, report.opened, report.closed) == (1, 1, 3, 0)
    township = _rows(located, cuntan, "township")
    assert len(township) == 1 and township[0][1] == "(,)"
    assert _rows(located, cuntan, "district") == [
        ("江北区", '(,"2025-11-05 16:00:00+00")'),
        ("两江新区", '["2025-11-05 16:00:00+00",)'),
    ]


def test_a_second_assignment_touches_nothing(located: Connection) -> None:
    _sensor(located, "cuntan", (*CUNTAN, "installed", "(,)"))
    assign_sensors(located)
    again = assign_sensors(located)
    assert (again.opened, again.closed) == (0, 0)


def test_twice_in_one_transaction(located: Connection) -> None:
    with located.transaction():
        cuntan = _sensor(located, "cuntan", (*CUNTAN, "installed", "(,)"))
        assign_sensors(located)
        located.execute("update sensor_places set lon = %s, lat = %s where sensor_id = %s", (*YUZHONG, cuntan))
        report = assign_sensors(located)
    assert report.closed == 3
    assert [name for name, _ in _rows(located, cuntan, "district")] == ["渝中区"]


def test_a_moved_sensor_belongs_to_each_place_in_turn(located: Connection) -> None:
    sensor = _sensor(
        located,
        "moved",
        (*YUZHONG, "installed", "(,2021-01-01 00:00+00)"),
        (*CUNTAN, "moved", "[2021-01-01 00:00+00,)"),
    )
    assign_sensors(located)
    assert [name for name, _ in _rows(located, sensor, "district")] == ["渝中区", "江北区", "两江新区"]
    placement = Placement.load(located)
    sensors = np.full(3, sensor, dtype=np.int32)
    times = _us(FLOOD, datetime(2021, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC))
    found = placement.township_of(sensors, times)
    assert found[0] != found[1] and found[1] == found[2]
    held = divisions.boundaries(located, "township", FLOOD)
    owners = {b.division_id for b in held if shapely.intersects_xy(b.geometry, *CUNTAN)}
    assert int(found[2]) in owners


def test_a_corrected_place_closes_what_was_recorded(located: Connection) -> None:
    sensor = _sensor(located, "wrong", (*YUZHONG, "installed", "(,)"))
    assign_sensors(located)
    located.execute("update sensor_places set recorded = tstzrange(lower(recorded), now())")
    located.execute(
        "insert into sensor_places (sensor_id, lon, lat, reason) values (%s, %s, %s, 'corrected')", (sensor, *CUNTAN)
    )
    report = assign_sensors(located)
    assert (report.closed, report.opened) == (2, 3)
    history = located.execute("select count(*) from sensor_divisions where not upper_inf(recorded)").fetchone()
    assert history == (2,)


def test_unlocated_sensors_are_named(located: Connection) -> None:
    _sensor(located, "no-row")
    _sensor(located, "no-place", (None, None, "installed", "(,)"))
    _sensor(located, "luzhou", (*SICHUAN, "installed", "(,)"))
    _sensor(located, "gone", (None, None, "retired", "(,)"))
    _sensor(located, "cuntan", (*CUNTAN, "installed", "(,)"))
    report = assign_sensors(located)
    assert [each.sensor for each in report.unlocated] == ["luzhou", "no-place", "no-row"]
    assert "outside every township" in report.lines()[1]
    assert (report.sensors, report.located) == (5, 1)


def test_lookup_follows_the_time_and_knows_what_it_does_not_know(located: Connection) -> None:
    sensor = _sensor(located, "short", (*YUZHONG, "installed", "[2020-01-01 00:00+00,2021-01-01 00:00+00)"))
    assign_sensors(located)
    placement = Placement.load(located)
    times = _us(datetime(2019, 12, 31, tzinfo=UTC), FLOOD, datetime(2021, 1, 1, tzinfo=UTC))
    found = placement.township_of(np.full(3, sensor, dtype=np.int32), times)
    assert (found >= 0).tolist() == [False, True, False]
    strangers = np.array([0, -5, sensor + 1, 2**31 - 1], dtype=np.int32)
    assert placement.township_of(strangers, np.zeros(4, dtype=np.int64)).tolist() == [-1] * 4
    assert placement.grid_of(np.array([sensor], dtype=np.int32), _us(FLOOD)).tolist() == [-1]


def test_a_place_on_a_shared_border_belongs_to_one_township(located: Connection) -> None:
    first, second = divisions.boundaries(located, "township", LIANGJIANG_BEGINS)[:2]
    meeting = shapely.get_coordinates(shapely.intersection(first.geometry, second.geometry))
    assert len(meeting)
    sensor = _sensor(located, "border", (*meeting[0].tolist(), "installed", "(,)"))
    assign_sensors(located)
    rows = located.execute(
        "select division_id from sensor_divisions where sensor_id = %s and level = 'township'", (sensor,)
    ).fetchall()
    assert rows == [(min(first.division_id, second.division_id),)]
