"""What stands in a grid: placed, narrowed by scope, imported whole or not at all, and placed again with the map."""

import io
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
import shapely
from openpyxl import load_workbook

from access import audit
from access.scope import EVERYWHERE, Scope, ScopeSeal, as_reader, narrow
from config.database import Connection, connect
from geo.crs import gcj02_from_wgs84
from geo.defaults import import_defaults
from scene.defaults import import_default_things
from scene.exporting import export, template
from scene.importing import Asked, SceneReport, import_file
from scene.kinds import shipped_kinds
from scene.placing import place_again
from tests.database.out_seed import GRID, OTHER_TOWNSHIP, TOWNSHIP, add_division, division, one, seed_city

NOW = datetime(2026, 11, 27, tzinfo=UTC)
VILLAGE = "500105009009"
HEADS = "编号,名称,经度,纬度,容量\n"


@pytest.fixture
def city(connection: Connection) -> Connection:
    """Two townships side by side; the left one has a grid in its left half."""
    seed_city(connection)
    connection.execute("delete from boundary_versions")
    for code, west, east in ((TOWNSHIP, 106.5, 106.6), (OTHER_TOWNSHIP, 106.6, 106.7), (GRID, 106.5, 106.55)):
        draw(connection, division(connection, code), west, east)
    return connection


def draw(connection: Connection, number: int, west: float, east: float) -> None:
    connection.execute(
        "insert into boundary_versions (division_id, geometry, area_m2, derived, source)"
        " values (%s, %s, 1e6, true, 't')",
        (number, shapely.to_wkb(shapely.box(west, 29.5, east, 29.6))),
    )


def bring(connection: Connection, text: str, **asked: object) -> SceneReport:
    told = {"kind": "shelter", "source": "台账", "actor": None, "now": NOW, **asked}
    return import_file(connection, "shelters.csv", text.encode(), Asked(**told))  # type: ignore[arg-type]


def things(connection: Connection) -> list[tuple[object, ...]]:
    return connection.execute(
        "select external_id, name, grid_id, township_id, attributes -> 'capacity' from things"
        " where removed_at is null order by external_id"
    ).fetchall()


def test_things_are_placed_and_a_file_that_comes_again_changes_nothing(city: Connection) -> None:
    grid, left, right = (division(city, code) for code in (GRID, TOWNSHIP, OTHER_TOWNSHIP))
    text = HEADS + "1,甲,106.52,29.55,100\n2,乙,106.57,29.55,200\n3,丙,106.65,29.55,300\n"
    assert [one.state for one in bring(city, text, apply=False).changes] == ["new"] * 3
    assert things(city) == []
    assert bring(city, text).written
    expected = [("1", "甲", grid, left, 100), ("2", "乙", None, left, 200), ("3", "丙", None, right, 300)]
    assert things(city) == expected
    district = one(city, "select district_id from things where external_id = '1'")
    assert district == division(city, TOWNSHIP[:6])

    again = bring(city, text)
    assert {each.state for each in again.changes} == {"unchanged"}
    assert bring(city, HEADS + "2,乙,106.57,29.55,250\n").changes[0].state == "changed"
    assert things(city)[1][4] == 250
    entries = audit.entries(city, act="scene.imported")
    assert [entry.details for entry in entries] == [
        {"kind": "shelter", "added": added, "changed": changed} for added, changed in ((0, 1), (0, 0), (3, 0))
    ]


def test_one_fault_and_nothing_is_written_each_told_with_row_and_head(city: Connection) -> None:
    wrong = (
        "1,甲,106.52,29.55,100\n"
        "1,乙,106.52,29.55,100\n"
        "3,,106.52,29.55,-5\n"
        "4,丁,29.55,106.52,100\n"
        "5,戊,106.52,29.9,许多\n"
        "6,己,106.52,29.9,10\n"
    )
    report = bring(city, HEADS + wrong)
    told = {(fault.row, fault.column, fault.what) for fault in report.faults}
    assert told == {
        *((3, "A 编号", "doubled"), (4, "B 名称", "empty"), (4, "E 容量", "too_small")),
        *((5, "", "no_position"), (6, "E 容量", "no_integer"), (7, "", "no_township")),
    }
    assert (things(city), report.written, audit.entries(city, act="scene.imported")) == ([], False, [])
    assert all(fault.zh and fault.en for fault in report.faults)
    [head] = bring(city, "名称,经度,纬度,容积,容量\n").faults
    assert head.what == "unknown_head"
    assert "容量" in head.zh


def test_nobody_brings_what_lies_elsewhere_nor_takes_a_number_from_there(city: Connection) -> None:
    mine = Scope(divisions=frozenset({division(city, TOWNSHIP)}))
    bring(city, HEADS + "9,外,106.65,29.55,1\n")
    report = bring(city, HEADS + "1,甲,106.65,29.55,100\n9,外,106.52,29.55,5\n", scope=mine)
    assert [(fault.row, fault.what) for fault in report.faults] == [(2, "beyond"), (3, "not_yours")]
    assert len(things(city)) == 1
    assert bring(city, HEADS + "1,甲,106.52,29.55,100\n", scope=mine).written


def test_each_scope_sees_what_stands_in_it(city: Connection, database_url: str, seal: ScopeSeal) -> None:
    bring(city, HEADS + "1,甲,106.52,29.55,100\n2,乙,106.57,29.55,200\n3,丙,106.65,29.55,300\n")
    with connect(database_url, "test-reader", autocommit=True) as reader:
        as_reader(reader)
        seen = {}
        for name, code in (("grid", GRID), ("left", TOWNSHIP), ("right", OTHER_TOWNSHIP), ("district", TOWNSHIP[:6])):
            narrow(reader, Scope(divisions=frozenset({division(city, code)})), seal)
            seen[name] = {row[0] for row in reader.execute("select external_id from things")}
        narrow(reader, EVERYWHERE, seal)
        seen["all"] = {row[0] for row in reader.execute("select external_id from things")}
    assert seen == {"grid": {"1"}, "left": {"1", "2"}, "right": {"3"}, "district": {"1", "2"}, "all": {"1", "2", "3"}}


def test_things_follow_the_map_whenever_it_changes_by_hand_or_by_time(city: Connection) -> None:
    bring(city, HEADS + "1,甲,106.52,29.55,100\n2,乙,106.57,29.55,200\n")
    assert place_again(city, datetime.now(UTC)) == 0
    new = add_division(city, "grid", "500105009001009", "新网格", division(city, TOWNSHIP))
    draw(city, new, 106.55, 106.6)
    assert place_again(city, datetime.now(UTC)) == 1
    assert things(city)[1][2] == new
    assert place_again(city, datetime.now(UTC)) == 0

    row = city.execute(
        "update boundary_versions set valid = tstzrange(null, clock_timestamp() + interval '300 milliseconds')"
        " where division_id = %s returning upper(valid)",
        (new,),
    ).fetchone()
    assert row is not None
    place_again(city, row[0].replace(microsecond=0))  # it holds until then
    assert things(city)[1][2] == new
    city.execute("select pg_sleep_for(greatest(%s - clock_timestamp(), interval '0'))", (row[0],))
    assert place_again(city, datetime.now(UTC)) == 1
    assert things(city)[1][2] is None


def test_areas_come_as_geojson_and_files_go_out_and_in_again_unchanged(city: Connection, tmp_path: Path) -> None:
    area = shapely.box(106.51, 29.54, 106.52, 29.55)
    feature = {"type": "Feature", "id": 7, "geometry": orjson.loads(shapely.to_geojson(area)),
               "properties": {"name": "=SUM(1)", "类别": "水库", "storage": 12.5, "colour": "blue"}}  # fmt: skip
    raw = orjson.dumps({"type": "FeatureCollection", "features": [feature]})
    asked = Asked(kind="reservoir", source="水利", actor=None, now=NOW)
    assert import_file(city, "water.geojson", raw, asked).written
    kind = shipped_kinds()["reservoir"]
    out = export(city, kind, "geojson")
    assert shapely.equals(shapely.from_geojson(orjson.dumps(orjson.loads(out)["features"][0]["geometry"])), area)
    assert [each.state for each in import_file(city, "w.geojson", out, asked).changes] == ["unchanged"]

    text = export(city, kind, "csv").decode("utf-8-sig")
    assert "'=SUM(1)" in text  # no spreadsheet computes it
    book = load_workbook(io.BytesIO(export(city, kind, "xlsx")))
    assert book.worksheets[0]["B2"].value == "=SUM(1)"
    assert book.worksheets[0]["B2"].data_type == "s"
    bring(city, HEADS + "1,甲,106.52,29.55,100\n")
    for form in ("csv", "xlsx"):
        out = export(city, shipped_kinds()["shelter"], form)
        again = import_file(city, f"s.{form}", out, Asked(kind="shelter", source="台账", actor=None, now=NOW))
        assert [each.state for each in again.changes] == ["unchanged"]
    for one_kind in shipped_kinds().values():
        assert template(one_kind)[:2] == b"PK"


def test_a_file_in_the_shifted_system_of_web_maps_lands_where_it_stands(city: Connection) -> None:
    import numpy as np

    lon, lat = gcj02_from_wgs84(np.array([106.5499]), np.array([29.55]))
    assert lon[0] > 106.55  # as it is, it would lie outside of the grid
    bring(city, HEADS + f"1,甲,{lon[0]:.9f},{lat[0]:.9f},100\n", datum="gcj02")
    [row] = city.execute("select lon, lat, grid_id from things").fetchall()
    assert row[2] == division(city, GRID)
    assert abs(row[0] - 106.5499) < 1e-6


def test_the_facilities_that_come_along_all_lie_in_the_city(connection: Connection) -> None:
    import_defaults(connection)
    reports = list(import_default_things(connection, now=NOW))
    assert [report.faults for report in reports] == [[], [], []]
    assert [report.count("new") for report in reports] == [67, 48, 220]
    assert [report.count("unchanged") for report in import_default_things(connection, now=NOW)] == [67, 48, 220]
