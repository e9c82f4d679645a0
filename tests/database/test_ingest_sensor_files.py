"""Sensor files into the registry: as people's tools write them, checked by line and column, all or nothing."""

from pathlib import Path
from typing import Any

import pytest

from config.database import Connection
from config.errors import ConfigError
from ingest.scenario import SCENARIOS
from ingest.sensor_files import SensorReport, import_sensors
from ingest.sensor_rows import read_sensors

pytestmark = pytest.mark.storage

HEADER = "name,device,quantity,unit,datum,label,river,lon,lat,interval_s,warning,guarantee,highest,source"
CUNTAN = "cuntan,cuntan,stage,m,wusong,寸滩,长江,106.60,29.62,3600,180.5,183.5,191.41,bulletin"
DEPTH = "street-1,street-1,water_depth,,,,,,,,,,,"


def write(folder: Path, *lines: str, header: str = HEADER, encoding: str = "utf-8", end: str = "\n") -> Path:
    path = folder / "sensors.csv"
    path.write_bytes(end.join([header, *lines, ""]).encode(encoding))
    return path


def sensors(connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute(
        "select s.name, d.name, quantity, unit, datum, label, interval_s, levels"
        " from sensors s join devices d on d.id = s.device_id order by s.name"
    ).fetchall()


def errors(connection: Connection, path: Path) -> list[str]:
    before = sensors(connection)
    found = import_sensors(connection, path)
    assert sensors(connection) == before, "with any faulty row nothing is written"
    assert found == SensorReport(errors=found.errors)
    return found.errors


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(connection: Connection, tmp_path: Path, encoding: str, end: str) -> None:
    report = import_sensors(connection, write(tmp_path, CUNTAN, DEPTH, encoding=encoding, end=end))
    assert (report.added, report.changed, report.errors) == (2, 0, [])
    levels = {"warning": 180.5, "guarantee": 183.5, "highest": 191.41}
    assert sensors(connection) == [
        ("cuntan", "cuntan", "stage", "m", "wusong", "寸滩", 3600, levels),
        ("street-1", "street-1", "water_depth", "cm", None, "", None, {}),
    ]


def test_the_files_of_the_flood(connection: Connection) -> None:
    path = SCENARIOS / "flood-2020-08" / "sensors.csv"
    first, second = import_sensors(connection, path), import_sensors(connection, path)
    assert first.errors == [] and first.added == 16 and first.changed == 0
    assert second == SensorReport(changed=first.added)


def test_an_encoding_that_is_neither(tmp_path: Path) -> None:
    path = write(tmp_path, CUNTAN)
    path.write_bytes(path.read_bytes() + b"\xff\xff\xff\n")
    with pytest.raises(ConfigError, match=r"sensors\.csv.*UTF-8"):
        read_sensors(path)


@pytest.mark.parametrize("header", ["", "device,quantity", "name,quantity", "name,device", "a,b,c"])
def test_a_missing_column_is_named(tmp_path: Path, header: str) -> None:
    with pytest.raises(ConfigError, match=r"column '(name|device|quantity)' is missing"):
        read_sensors(write(tmp_path, "x,y,z", header=header))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere"):
        read_sensors(tmp_path / "nowhere.csv")


def test_a_file_without_rows(connection: Connection, tmp_path: Path) -> None:
    report = import_sensors(connection, write(tmp_path))
    assert (report.added, report.errors) == (0, [])


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("x,x,nothing,,,,,,,,,,,", "quantity"),
        (",x,rain,,,,,,,,,,,", "name"),
        ("x,,rain,,,,,,,,,,,", "device"),
        ("x,a/b,rain,,,,,,,,,,,", "device"),
        ("x,a+,rain,,,,,,,,,,,", "device"),
        ("x,a b,rain,,,,,,,,,,,", "device"),
        ("x,a\u3000b,rain,,,,,,,,,,,", "device"),
        ('x,"a\nb",rain,,,,,,,,,,,', "device"),
        ("x,x,rain,kg,,,,,,,,,,", "unit"),
        ("x,x,rain,9**9**9,,,,,,,,,,", "unit"),
        ("x,x,stage,m,,,,,,,,,,", "datum"),
        ("x,x,rain,,,,,181,29,,,,,", "lon, lat"),
        ("x,x,rain,,,,,106,91,,,,,", "lon, lat"),
        ("x,x,rain,,,,,106,,,,,,", "lon, lat"),
        ("x,x,rain,,,,,east,29,,,,,", "lon"),
        ("x,x,rain,,,,,106,29,hourly,,,,", "interval_s"),
        ("x,x,rain,,,,,106,29,0,,,,", "interval_s"),
        ("x,x,rain,,,,,106,29,0.5,,,,", "interval_s"),
        ("x,x,rain,,,,,106,29,-60,,,,", "interval_s"),
        ("x,x,rain,,,,,106,29,1e12,,,,", "interval_s"),
        ("x,x,rain,,,,,106,29,60,high,,,", "warning"),
        ("x,x,rain,,,,,106,29,60,,nan,,", "guarantee"),
        ("x,x,rain,,,,,106,29,60,,,1e999,", "highest"),
        ("x,x,rain,,,a\0b,,,,,,,,", "label"),
        ("cuntan,y,rain,,,,,,,,,,,", "name"),
        ("y,cuntan,stage,,wusong,,,,,,,,,", "device"),
        ("x,x,rain,,,one, two,,,,,,,,too many", "columns"),
    ],
)
def test_a_faulty_row_is_named_by_line_and_column(tmp_path: Path, row: str, column: str) -> None:
    rows, (error,) = read_sensors(write(tmp_path, CUNTAN, row, DEPTH))
    line = 4 if "\n" in row else 3
    assert error.startswith(f"sensors.csv line {line}, {column}: ")
    assert [row.name for row in rows] == ["cuntan", "street-1"]


def test_every_faulty_row_is_told_and_lines_are_those_of_the_file(connection: Connection, tmp_path: Path) -> None:
    rows = ["x,x,nothing,,,,,,,,,,,", "", 'y,y,rain,,,"two\nlines",,,,,,,,', "z,,rain,,,,,,,,,,,"]
    found = errors(connection, write(tmp_path, *rows))
    assert [error.split(",")[0] for error in found] == ["sensors.csv line 2", "sensors.csv line 6"]


def test_levels_of_another_datum(connection: Connection, tmp_path: Path) -> None:
    header = HEADER + ",levels_datum"
    (error,) = errors(connection, write(tmp_path, CUNTAN + ",huanghai", header=header))
    assert "levels_datum" in error and "huanghai" in error and "wusong" in error
    assert import_sensors(connection, write(tmp_path, CUNTAN + ",wusong", header=header)).added == 1


def test_a_cell_of_enormous_size(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"sensors\.csv"):
        read_sensors(write(tmp_path, f"x,x,rain,,,{'a' * 200_000},,,,,,,,"))


def test_a_quantity_that_the_device_measures_under_another_name_already(connection: Connection, tmp_path: Path) -> None:
    import_sensors(connection, write(tmp_path, CUNTAN))
    (error,) = errors(connection, write(tmp_path, DEPTH, "renamed,cuntan,stage,m,wusong,,,,,,,,,"))
    assert "renamed" in error and "cuntan" in error and "stage" in error


def test_a_unit_as_devices_write_it(connection: Connection, tmp_path: Path) -> None:
    rows = ["hall,hall,air_temperature,Cel,,,,,,,,,,", "air,air,humidity,%RH,,,,,,,,,,"]
    assert import_sensors(connection, write(tmp_path, *rows)).errors == []


def places(connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute(
        "select lon, lat, reason, upper_inf(recorded) from sensor_places order by lower(recorded)"
    ).fetchall()


def test_a_corrected_place_keeps_its_history(connection: Connection, tmp_path: Path) -> None:
    import_sensors(connection, write(tmp_path, CUNTAN))
    assert import_sensors(connection, write(tmp_path, CUNTAN)).corrected == 0
    report = import_sensors(connection, write(tmp_path, CUNTAN.replace("106.60", "106.57")))
    assert report == SensorReport(changed=1, corrected=1)
    assert places(connection) == [(106.60, 29.62, "installed", False), (106.57, 29.62, "corrected", True)]


def test_a_place_that_becomes_known(connection: Connection, tmp_path: Path) -> None:
    import_sensors(connection, write(tmp_path, DEPTH))
    assert places(connection) == [(None, None, "installed", True)]
    known = write(tmp_path, "street-1,street-1,water_depth,,,,,106.5,29.5,,,,,")
    assert import_sensors(connection, known).corrected == 1
    assert places(connection)[1:] == [(106.5, 29.5, "corrected", True)]


def test_a_file_that_says_nothing_of_places_takes_none_away(connection: Connection, tmp_path: Path) -> None:
    import_sensors(connection, write(tmp_path, CUNTAN))
    bare = write(tmp_path, "cuntan,cuntan,stage,wusong", header="name,device,quantity,datum")
    assert import_sensors(connection, bare) == SensorReport(changed=1)
    assert places(connection) == [(106.60, 29.62, "installed", True)]


def test_a_misspelt_column_is_named_before_a_threshold_is_lost(connection: Connection, tmp_path: Path) -> None:
    path = write(tmp_path, CUNTAN, header=HEADER.replace("guarantee", "guarentee"))
    with pytest.raises(ConfigError, match="column 'guarentee' is not known"):
        import_sensors(connection, path)


def test_a_file_without_levels_takes_none_away(connection: Connection, tmp_path: Path) -> None:
    import_sensors(connection, write(tmp_path, CUNTAN))
    import_sensors(connection, write(tmp_path, "cuntan,cuntan,stage,wusong", header="name,device,quantity,datum"))
    assert sensors(connection)[0][-1] == {"warning": 180.5, "guarantee": 183.5, "highest": 191.41}


def test_exchanged_levels_are_refused(connection: Connection, tmp_path: Path) -> None:
    found = errors(connection, write(tmp_path, CUNTAN.replace("180.5,183.5", "183.5,180.5")))
    assert len(found) == 1
    assert "line 2, guarantee: 180.5 is under the warning level 183.5" in found[0]


def store_reading(connection: Connection, name: str) -> None:
    connection.execute("select ensure_readings_partition('2020-08-20')")
    connection.execute(
        "insert into readings select id, '2020-08-20T00:15:00Z', 191.62, false, true from sensors where name = %s",
        (name,),
    )


@pytest.mark.parametrize(
    ("changed", "column"),
    [
        (CUNTAN.replace(",m,", ",cm,"), "unit"),
        (CUNTAN.replace("wusong", "huanghai"), "datum"),
        (CUNTAN.replace("stage,m,wusong", "rain,mm,"), "quantity"),
    ],
)
def test_stored_readings_keep_their_meaning(connection: Connection, tmp_path: Path, changed: str, column: str) -> None:
    import_sensors(connection, write(tmp_path, CUNTAN))
    store_reading(connection, "cuntan")
    (error,) = errors(connection, write(tmp_path, DEPTH, changed))
    assert error.startswith(f"sensors.csv line 3, {column}: 'cuntan' has readings stored as ")
    assert "a name and a device of its own" in error


def test_what_the_file_has_no_column_for_cannot_change_the_meaning(connection: Connection, tmp_path: Path) -> None:
    import_sensors(connection, write(tmp_path, CUNTAN.replace(",m,", ",cm,")))
    store_reading(connection, "cuntan")
    assert (
        import_sensors(connection, write(tmp_path, "cuntan,cuntan,stage", header="name,device,quantity")).changed == 1
    )
    assert sensors(connection)[0][3:5] == ("cm", "wusong")


def test_without_readings_unit_and_datum_can_be_mended(connection: Connection, tmp_path: Path) -> None:
    import_sensors(connection, write(tmp_path, CUNTAN))
    assert import_sensors(connection, write(tmp_path, CUNTAN.replace("wusong", "huanghai"))).changed == 1
    assert sensors(connection)[0][4] == "huanghai"


def test_levels_that_stay_are_not_given_another_datum(connection: Connection, tmp_path: Path) -> None:
    import_sensors(connection, write(tmp_path, CUNTAN))
    (error,) = errors(connection, write(tmp_path, "cuntan,cuntan,stage,huanghai", header="name,device,quantity,datum"))
    assert "line 2, datum: its levels are stored as 'wusong': give warning, guarantee, highest anew" in error


def everything(connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute(
        "select s.name, d.name, gateway, quantity, unit, datum, interval_s, label, river, levels, source"
        " from sensors s join devices d on d.id = s.device_id"
    ).fetchall()


def test_a_column_that_the_file_does_not_have_keeps_what_is_stored(connection: Connection, tmp_path: Path) -> None:
    import_sensors(connection, write(tmp_path, CUNTAN + ",gateway-1", header=HEADER + ",gateway"))
    before = everything(connection)
    assert (
        import_sensors(connection, write(tmp_path, "cuntan,cuntan,stage", header="name,device,quantity")).changed == 1
    )
    assert everything(connection) == before


def test_a_column_that_is_empty_empties_what_is_stored(connection: Connection, tmp_path: Path) -> None:
    import_sensors(connection, write(tmp_path, CUNTAN))
    header = "name,device,quantity,label,warning"
    import_sensors(connection, write(tmp_path, "cuntan,cuntan,stage,,", header=header))
    (row,) = sensors(connection)
    assert row[5:] == ("", 3600, {"guarantee": 183.5, "highest": 191.41})


HISTORY = HEADER + ",place_source,since,reason"
ELSEWHERE = CUNTAN.replace("106.60,29.62", "106.57,29.60")


def history(connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute(
        "select lon, lat, reason, source, lower(valid)::text, upper(valid)::text from sensor_places"
        " where upper_inf(recorded) order by lower(valid) nulls first"
    ).fetchall()


def test_a_row_that_says_why_the_place_is_another_one(connection: Connection, tmp_path: Path) -> None:
    import_sensors(connection, write(tmp_path, CUNTAN))
    path = write(tmp_path, DEPTH + ",,,", ELSEWHERE + ",survey,2024-03-01T08:00,moved", header=HISTORY)
    assert import_sensors(connection, path) == SensorReport(added=1, changed=1, moved=1)
    instant = "2024-03-01 00:00:00+00"  # without an offset it was Beijing's
    moved = [
        (106.60, 29.62, "installed", "sensors.csv line 2", None, instant),
        (106.57, 29.60, "moved", "survey, sensors.csv line 3", instant, None),
    ]
    assert [row for row in history(connection) if row[0]] == moved
    assert import_sensors(connection, path) == SensorReport(changed=2), "the same file again changes no place"
    assert [row for row in history(connection) if row[0]] == moved


@pytest.mark.parametrize(
    ("row", "reason", "place"),
    [
        (CUNTAN + ",,2024-03-01T08:00+08:00,replaced", "replaced", (106.60, 29.62)),
        (ELSEWHERE + ",,2024-03-01T08:00+08:00,replaced", "replaced", (106.57, 29.60)),
        (CUNTAN + ",,2024-03-01T08:00+08:00,retired", "retired", (None, None)),
        (ELSEWHERE + ",,,corrected", "corrected", (106.57, 29.60)),
        (ELSEWHERE + ",,2020-03-01T08:00+08:00,corrected", "corrected", (106.57, 29.60)),
    ],
)
def test_every_reason_of_a_row(
    connection: Connection, tmp_path: Path, row: str, reason: str, place: tuple[float | None, float | None]
) -> None:
    import_sensors(connection, write(tmp_path, CUNTAN))
    report = import_sensors(connection, write(tmp_path, row, header=HISTORY))
    assert report == SensorReport(changed=1, **{reason: 1})
    last = history(connection)[-1]
    assert last[:3] == (*place, reason)
    assert (last[4] is None) == (reason == "corrected")


def test_a_file_that_goes_on_listing_a_retired_sensor_does_not_put_it_up_again(
    connection: Connection, tmp_path: Path
) -> None:
    import_sensors(connection, write(tmp_path, CUNTAN))
    import_sensors(connection, write(tmp_path, CUNTAN + ",,2024-03-01,retired", header=HISTORY))
    before = history(connection)
    for row in (CUNTAN, ELSEWHERE):
        assert import_sensors(connection, write(tmp_path, row)) == SensorReport(changed=1)
    assert history(connection) == before


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (ELSEWHERE + ",,2024-03-01,", "reason: since '2024-03-01', but not what"),
        (ELSEWHERE + ",,2024-03-01,stolen", "reason: 'stolen' is none of moved, replaced, retired, corrected"),
        (ELSEWHERE + ",,,moved", "since: 'moved' needs the time since when"),
        (ELSEWHERE + ",,last year,moved", "since: 'last year' is no time"),
        (CUNTAN.replace("106.60,29.62", ",") + ",,2024-03-01,moved", "lon, lat: 'moved' needs the place"),
        (CUNTAN + ",,2024-03-01,moved", "lon, lat: it stood there before"),
        (ELSEWHERE + ",,2022-03-01,moved", "since: the record has the sensor replaced on 2023-01-01"),
        (DEPTH + ",,2024-03-01,retired", "reason: 'street-1' has no place yet"),
    ],
)
def test_a_faulty_history_is_told_by_line_and_column(
    connection: Connection, tmp_path: Path, row: str, told: str
) -> None:
    import_sensors(connection, write(tmp_path, CUNTAN))
    import_sensors(connection, write(tmp_path, CUNTAN + ",,2023-01-01,replaced", header=HISTORY))
    before = history(connection)
    (error,) = errors(connection, write(tmp_path, row, header=HISTORY))
    assert error.startswith(f"sensors.csv line 2, {told}")
    assert history(connection) == before


def test_a_gateway_is_a_device_also_where_it_measures_nothing(connection: Connection, tmp_path: Path) -> None:
    header = HEADER + ",gateway"
    rows = (CUNTAN + ",box", DEPTH + ",street-1")
    for _ in range(2):
        assert import_sensors(connection, write(tmp_path, *rows, header=header)).errors == []
    devices = connection.execute("select name, gateway from devices order by name").fetchall()
    assert devices == [("box", None), ("cuntan", "box"), ("street-1", "street-1")]
