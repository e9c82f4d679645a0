"""The default divisions as the database holds them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import orjson
import psycopg
import pytest
import shapely
from psycopg import conninfo, sql

from config.database import Connection, connect
from geo import divisions
from geo.default_data import LIANGJIANG_BEGINS, LIST_2026_READ
from geo.defaults import DivisionsReport, import_defaults

BEFORE = LIANGJIANG_BEGINS - timedelta(microseconds=1)
FLOOD = datetime(2020, 8, 20, tzinfo=UTC)


@pytest.fixture(scope="module")
def connection(server_url: str, template: str) -> Iterator[Connection]:
    """One database for all tests here: they only read, or roll back."""
    name = f"{template}_defaults"
    own, source = sql.Identifier(name), sql.Identifier(template)
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(sql.SQL("create database {} template {}").format(own, source))
        with connect(conninfo.make_conninfo(server_url, dbname=name), "test", autocommit=True) as opened:
            yield opened
        server.execute(sql.SQL("drop database {} with (force)").format(own))


@pytest.fixture(scope="module")
def report(connection: Connection) -> DivisionsReport:
    return import_defaults(connection)


def test_counts(report: DivisionsReport) -> None:
    assert report.written
    assert report.divisions == {"city": 1, "district": 38, "township": 1031, "village": 11270}
    assert report.boundaries == {"city": 1, "district": 38, "township": 1016, "village": 0}
    assert report.derived == {"city": 0, "district": 0, "township": 1016, "village": 0}
    assert report.lineage == {"abolished": 2, "established": 1, "rename": 15, "transfer": 47}
    assert len(report.not_located) == 15
    assert "渝北区 仙桃街道" in report.not_located


def test_a_second_import_changes_nothing(connection: Connection, report: DivisionsReport) -> None:
    before = connection.execute("select count(*), max(id) from division_versions").fetchall()
    again = import_defaults(connection)
    assert not again.written
    assert again.divisions == report.divisions
    assert connection.execute("select count(*), max(id) from division_versions").fetchall() == before


def test_new_divisions_get_the_next_id(connection: Connection, report: DivisionsReport) -> None:
    highest = connection.execute("select max(id) from divisions").fetchone()
    with connection.transaction(force_rollback=True):
        added = connection.execute("insert into divisions (level) values ('grid') returning id").fetchone()
    assert highest and added and added[0] == highest[0] + 1


def test_the_reform_of_2025(connection: Connection, report: DivisionsReport) -> None:
    before = {d.name: d for d in divisions.all_of(connection, "district", BEFORE)}
    after = {d.name: d for d in divisions.all_of(connection, "district", LIANGJIANG_BEGINS)}
    assert (len(before), len(after)) == (38, 37)
    assert before.keys() - after.keys() == {"江北区", "渝北区"}
    assert after.keys() - before.keys() == {"两江新区"}
    assert len(divisions.children(connection, after["两江新区"].id, LIANGJIANG_BEGINS)) == 42
    assert len(divisions.children(connection, before["江北区"].id, BEFORE)) == 12
    assert divisions.children(connection, before["江北区"].id, LIANGJIANG_BEGINS) == []
    assert len(divisions.children(connection, after["北碚区"].id, LIANGJIANG_BEGINS)) == 17 - 5 + 5
    assert (before["北碚区"].population, after["北碚区"].population) == (834887, None)
    assert len(divisions.all_of(connection, "township", LIANGJIANG_BEGINS)) == 1031


def test_a_township_changes_its_path_and_keeps_its_id(connection: Connection, report: DivisionsReport) -> None:
    before = divisions.by_code(connection, "500105005", FLOOD)
    after = divisions.by_code(connection, "500157004", LIANGJIANG_BEGINS)
    assert before and after and before.id == after.id
    assert [d.name for d in divisions.path(connection, before.id, FLOOD)] == ["寸滩街道", "江北区", "重庆市"]
    village = divisions.children(connection, before.id, LIANGJIANG_BEGINS)[0]
    names = [d.name for d in divisions.path(connection, village.id, LIANGJIANG_BEGINS)]
    assert names[1:] == ["寸滩街道", "两江新区", "重庆市"]
    assert divisions.by_code(connection, "500105005", LIANGJIANG_BEGINS) is None


def test_boundaries_after_the_reform_tile_the_same_land(connection: Connection, report: DivisionsReport) -> None:
    before = divisions.boundaries(connection, "district", BEFORE)
    after = divisions.boundaries(connection, "district", LIANGJIANG_BEGINS)
    assert [sum(b.derived for b in layer) for layer in (before, after)] == [0, 2]
    assert shapely.coverage_is_valid([b.geometry for b in after])
    area = [sum(b.area_m2 for b in layer) for layer in (before, after)]
    assert area[0] == pytest.approx(area[1], rel=1e-5)
    assert area[0] == pytest.approx(82_381.6e6, rel=1e-3)


def test_a_change_of_unknown_date_is_noted(connection: Connection, report: DivisionsReport) -> None:
    township = divisions.by_code(connection, "500102206", FLOOD)
    assert township and (township.name, township.kind) == ("大木乡", "乡")
    later = divisions.by_id(connection, township.id, LIST_2026_READ)
    assert later and (later.name, later.kind) == ("大木镇", "镇")
    assert "date of the change unknown" in later.note
    gone = divisions.by_code(connection, "500231121", LIST_2026_READ)
    assert gone and "not in the 2026 list" in gone.note


def test_not_located_townships_are_not_invented(connection: Connection, report: DivisionsReport) -> None:
    missing = divisions.not_located(connection, LIANGJIANG_BEGINS)
    assert len(missing) == 15
    assert all(d.lon is None and "not located" in d.note for d in missing)


def test_what_the_database_knew_before(connection: Connection, report: DivisionsReport) -> None:
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    assert divisions.all_of(connection, "district", FLOOD, recorded=long_ago) == []
    assert len(divisions.all_of(connection, "district", FLOOD, recorded=datetime.now(UTC))) == 38


def test_layer_for_the_map(connection: Connection, report: DivisionsReport) -> None:
    body = divisions.layer_geojson(connection, "township", LIANGJIANG_BEGINS)
    layer = orjson.loads(body)
    assert len(layer["features"]) == 1016
    assert len(body) < 620_000
    assert shapely.coverage_is_valid([shapely.geometry.shape(f["geometry"]) for f in layer["features"]])
    cuntan = next(f for f in layer["features"] if f["properties"]["name"] == "寸滩街道")
    assert cuntan["properties"]["district"] == "两江新区"
    assert cuntan["properties"]["derived"] is True
    assert cuntan["id"] == cuntan["properties"]["id"]
    assert len(orjson.loads(divisions.layer_geojson(connection, "district", FLOOD))["features"]) == 38
