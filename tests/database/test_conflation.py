"""A layer held against the divisions: guessed, sorted, mended, counted; and the draft that comes of it."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas
import pytest
import shapely

from access.accounts import add_account
from boundaries.desk import Desk
from boundaries.layer_draft import Making, make_draft
from boundaries.layer_uploads import LASTS, MOST_OF_ONE, drop_upload, put_upload, upload_of, uploads_of
from config.database import Connection, connect
from geo.conflation import Conflation, Wishes, conflate
from geo.defaults import import_defaults
from geo.importer import import_layer
from geo.layer_file import LayerFields, features_of
from geo.layer_fit import parse_key
from geo.layer_guess import Guesses, guess
from geo.layer_known import read_known
from geo.layer_table import read_table
from geo.layer_words import FAULTS, told
from tests.database.clones import cloned
from tests.database.layer_files import (
    DATA,
    TILED,
    drawing,
    dxf_polyline,
    dxf_text,
    geojson,
    grids,
    in_system,
    ring,
    shapefile,
    squares,
    yuzhong,
    zipped,
)

pytestmark = [pytest.mark.storage, pytest.mark.filterwarnings("ignore:'crs' was not provided")]
NOW = datetime(2026, 10, 1, tzinfo=UTC)
METRE = 1e-5


@pytest.fixture(scope="module")
def city_of_layers(server_url: str, template: str) -> Iterator[str]:
    """A database with the default divisions: what each test gets a copy of."""
    name = f"shijing_layers_{os.getpid()}"
    with cloned(server_url, template, name) as url:
        with connect(url, "template", autocommit=True) as opened:
            import_defaults(opened)
        yield name


@pytest.fixture
def loaded(server_url: str, city_of_layers: str) -> Iterator[Connection]:
    name = f"{city_of_layers}_copy"
    with cloned(server_url, city_of_layers, name) as url, connect(url, "test", autocommit=True) as opened:
        yield opened


def guessed(connection: Connection, path: Path) -> Guesses:
    return guess(read_table(path), read_known(connection, NOW))


def held(connection: Connection, path: Path, **wishes: Any) -> Conflation:
    """As the wizard does it when nobody chooses anything."""
    table = read_table(path)
    found = guess(table, read_known(connection, NOW))
    way = parse_key(found.crs.value)
    fields = LayerFields(**{role: one.value for role, one in found.fields.items()})
    features, faults = features_of(table, crs=way.crs, fields=fields, swapped=way.swapped)
    wanted = Wishes(**{"level": found.level.value, **wishes})
    result = conflate(connection, features, wanted, rows=table.rows, faults=faults, at=NOW)
    assert result.balance, (result.rows, result.taken, result.left)
    for fault in result.faults:
        assert told(fault, "zh") and told(fault, "en") and fault.kind in FAULTS
        if fault.kind not in ("shx_missing", "dbf_missing", "no_geometry", "empty", "text_cut", "unreadable"):
            assert fault.lon is not None and fault.lat is not None
    return result


def kinds(result: Conflation) -> dict[tuple[str, bool], int]:
    found: dict[tuple[str, bool], int] = {}
    for fault in result.faults:
        found[fault.kind, fault.mended] = found.get((fault.kind, fault.mended), 0) + 1
    return found


def counts(result: Conflation) -> tuple[int, int, int, int, int]:
    states = tuple(result.count(state) for state in ("same", "moved", "renamed", "new"))  # type: ignore[arg-type]
    return (*states, len(result.gone))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("crs", "swapped"),
    [
        ("EPSG:4490", False), ("EPSG:4490", True), ("GCJ-02", False), ("BD-09", False), ("BD-09", True),
        ("EPSG:4545", False), ("EPSG:4545", True), ("EPSG:4544", False), ("EPSG:4524", False), ("EPSG:4523", True),
        ("EPSG:4496", False), ("EPSG:4507", False), ("EPSG:2412", False), ("EPSG:2433", False), ("EPSG:21418", False),
        ("EPSG:3857", False), ("EPSG:32648", False),
    ],
)  # fmt: skip
def test_the_system_is_found_by_fit_when_the_file_is_silent(
    loaded: Connection, tmp_path: Path, crs: str, swapped: bool
) -> None:
    in_system(yuzhong(), crs, swapped=swapped, told=False).to_file(tmp_path / "silent.gpkg")
    result = held(loaded, tmp_path / "silent.gpkg")
    found = guessed(loaded, tmp_path / "silent.gpkg").crs
    assert parse_key(found.value).swapped is swapped
    # 6-degree zone 18 without its number is the same as 3-degree zone 35 without: the positions are what counts.
    assert counts(result) == (11, 0, 0, 0, 0)
    assert found.options[0].value == found.value and len(found.options) >= 1
    assert "%" in found.zh and "%" in found.en


def test_a_wrong_claim_of_the_file_is_found_out(loaded: Connection, tmp_path: Path) -> None:
    """It says CGCS2000, and was drawn on a web map."""
    in_system(yuzhong(), "GCJ-02").to_file(tmp_path / "amap.gpkg")
    found = guessed(loaded, tmp_path / "amap.gpkg").crs
    assert (found.value, found.sure) == ("GCJ-02", True)
    assert "不相符" in found.zh and "does not fit" in found.en
    assert "EPSG:4490" in [option.value for option in found.options]


def test_where_nothing_can_be_told_the_guess_says_so(loaded: Connection, tmp_path: Path) -> None:
    """New shapes under names that nobody knows, somewhere in the city: a shift of 500 m cannot be seen."""
    small = [shapely.box(106.9 + i * 0.001, 29.9, 106.9009 + i * 0.001, 29.9009) for i in range(5)]
    grids(small).to_file(tmp_path / "few.gpkg")
    found = guessed(loaded, tmp_path / "few.gpkg")
    assert not found.crs.sure
    assert "核实" in found.crs.zh
    assert (found.level.value, found.level.sure) == ("grid", False)


def test_fields_are_found_by_what_is_in_them(loaded: Connection, tmp_path: Path) -> None:
    layer = yuzhong().rename(columns={"名称": "F1", "区县": "F2", "code": "F3"})
    layer["F4"] = "2020-01-01"
    shapefile(layer, tmp_path)
    found = guessed(loaded, tmp_path / "layer.shp")
    assert {role: one.value for role, one in found.fields.items()} == {
        "name": "F1", "district": "F2", "code": "F3", "parent": "", "kind": "", "households": ""
    }  # fmt: skip
    assert found.level.value == "township"
    assert found.encoding.value == "GB18030"


def test_a_layer_with_every_fault_is_mended_where_it_is_safe_and_named_else(loaded: Connection, tmp_path: Path) -> None:
    """GBK, zipped, in metres with the zone before the easting, without an index; 12 rows in all."""
    layer = yuzhong()
    shapes = layer.geometry.to_list()
    border = max((shapes[1].intersection(other) for other in shapes[2:]), key=lambda line: line.length)
    middle = border.interpolate(0.5, normalized=True)
    shapes[1] = shapes[1].union(middle.buffer(30 * METRE))  # 30 m into its neighbour
    inner = shapely.point_on_surface(shapes[0])
    shapes[0] = shapes[0].difference(inner.buffer(20 * METRE, cap_style="square"))  # a hole of 40 m by 40 m
    shapes[3] = shapely.transform(shapes[3], lambda points: points + 0.3 * METRE)  # 0.3 m beside its place
    bow = [(106.5, 29.5), (106.52, 29.52), (106.52, 29.5), (106.5, 29.52), (106.5, 29.5)]
    layer["geometry"] = shapes
    layer.loc[5, "名称"] = str(layer.loc[5, "名称"]).replace("街道", "社区管理中心")
    extra = geopandas.GeoDataFrame(
        {"名称": ["乱线街道"], "区县": ["渝中区"], "code": ["500103999"]},
        geometry=[shapely.polygons(bow)],
        crs=layer.crs,
    )
    whole = geopandas.GeoDataFrame(pandas.concat([layer, extra], ignore_index=True))
    path = zipped(shapefile(in_system(whole, "EPSG:4524"), tmp_path, without=[".shx"]))
    result = held(loaded, path)
    assert (result.rows, result.level, result.root.name) == (12, "township", "渝中区")
    assert (result.count("renamed"), result.count("new"), len(result.gone)) == (1, 0, 0)
    assert result.left == frozenset({12})
    found = kinds(result)
    assert found["shx_missing", True] == 1
    assert found["self_crossing", False] == 1
    assert found["orientation", True] == 1
    assert found["overlap", False] >= 1 and found["gap", False] == 1
    assert found["overlap", True] + found["gap", True] >= 1
    [gap] = [fault for fault in result.faults if fault.kind == "gap" and not fault.mended]
    assert gap.size == pytest.approx(40 * 0.968 * 40 * 1.109, rel=0.02) and gap.unit == "m²"
    [crossing] = [fault for fault in result.faults if fault.kind == "self_crossing"]
    assert crossing.rows == (12,) and crossing.left_out


def test_names_that_changed_are_found_by_place(loaded: Connection, tmp_path: Path) -> None:
    layer = yuzhong()
    layer.loc[2, "名称"] = "新名街道"
    layer.to_file(tmp_path / "renamed.gpkg")
    result = held(loaded, tmp_path / "renamed.gpkg")
    [item] = [item for item in result.items if item.state == "renamed"]
    assert (item.name, item.former_name) == ("新名街道", yuzhong()["名称"][2])
    assert counts(result) == (10, 0, 1, 0, 0)


def test_what_moved_is_told_in_metres_and_an_even_shift_is_noticed(loaded: Connection, tmp_path: Path) -> None:
    layer = yuzhong()
    layer["geometry"] = shapely.transform(layer.geometry.to_numpy(), lambda points: points + np.array([60 * METRE, 0]))
    layer[:10].to_file(tmp_path / "shifted.gpkg")
    result = held(loaded, tmp_path / "shifted.gpkg")
    assert result.count("moved") == 10
    assert [gone.title for gone in result.gone] == [f"渝中区 {yuzhong()['名称'][10]}"]
    assert result.drift is not None
    assert result.drift == (pytest.approx(58, abs=3), pytest.approx(0, abs=3))
    moved = [item.moved for item in result.items if item.moved is not None]
    assert all(50 < one.farthest_m < 70 and one.changed_m2 > 1000 for one in moved)
    layer.loc[0, "geometry"] = yuzhong().geometry[0].buffer(-200 * METRE)
    layer[:1].to_file(tmp_path / "one.gpkg")
    assert held(loaded, tmp_path / "one.gpkg").drift is None


def test_duplicates_are_named(loaded: Connection, tmp_path: Path) -> None:
    cells, _ = squares(3)
    layer = grids([*cells, cells[0]], code=[f"500103011000{i:03d}" for i in range(1, len(cells) + 2)])
    layer.loc[1, "网格名称"] = layer.loc[0, "网格名称"]
    layer.loc[len(cells), "网格名称"] = layer.loc[0, "网格名称"]  # the same grid once more
    layer.loc[3, "code"] = "5001"
    layer.to_file(tmp_path / "twice.gpkg")
    result = held(loaded, tmp_path / "twice.gpkg")
    found = kinds(result)
    assert found["duplicate_name", False] == 1
    assert found["duplicate_shape", False] == 1
    assert found["bad_code", False] == 1
    assert result.rows == len(cells) + 1 == result.taken + 2


def test_a_drawing_with_open_lines(loaded: Connection, tmp_path: Path) -> None:
    cells, _ = squares(3)
    layer = in_system(grids(cells), "EPSG:4524")
    shapes = [part for shape in layer.geometry for part in shapely.get_parts(shape)]
    entities = [dxf_polyline(ring(shape), "网格线", closed=True) for shape in shapes]
    entities.append(dxf_polyline(ring(shapes[0])[:-1], "网格线", closed=False))
    entities += [
        dxf_text(*shapely.get_coordinates(shape.representative_point())[0], f"网格{i}")
        for i, shape in enumerate(shapes, 1)
    ]
    result = held(loaded, drawing(entities, tmp_path / "网格.dxf"))
    assert kinds(result)["open_line", False] == 1
    assert result.count("new") == len(shapes)
    assert (result.root.name, result.rows) == (TILED, len(shapes) + 1)
    assert {item.name for item in result.items} == {f"网格{i}" for i in range(1, len(shapes) + 1)}


def test_rows_of_other_places_are_counted_as_elsewhere(loaded: Connection, tmp_path: Path) -> None:
    layer = geopandas.read_file(DATA / "townships_derived.geojson")[["name", "district_name", "code", "geometry"]]
    two = layer[layer["district_name"].isin(["渝中区", "大渡口区"]) & layer.geometry.notna()]
    two.to_file(tmp_path / "two.gpkg")
    whole = held(loaded, tmp_path / "two.gpkg")
    assert (whole.root.level, whole.rows) == ("city", len(two))
    assert {root.name for root in whole.roots} == {"重庆市", "渝中区", "大渡口区"}
    yuzhong_id = next(root.id for root in whole.roots if root.name == "渝中区")
    part = held(loaded, tmp_path / "two.gpkg", root_id=yuzhong_id)
    assert part.taken == 11 and kinds(part)["elsewhere", False] == len(two) - 11


def test_unusable_rows_are_named_and_the_rest_is_taken(loaded: Connection, tmp_path: Path) -> None:
    cells, _ = squares(2)
    rows: list[tuple[dict[str, Any], Any]] = [
        ({"name": f"第{i}网格"}, {"type": "Polygon", "coordinates": [ring(cell)]}) for i, cell in enumerate(cells, 1)
    ]
    rows += [
        ({"name": "无图形"}, None),
        ({"name": ""}, {"type": "Polygon", "coordinates": [ring(shapely.box(106.53, 29.55, 106.531, 29.551))]}),
        ({"name": "海上"}, {"type": "Polygon", "coordinates": [ring(shapely.box(112, 29, 112.1, 29.1))]}),
    ]
    rows[0][1]["coordinates"] = [ring(cells[0])[:-1]]
    result = held(loaded, geojson(rows, tmp_path / "some.geojson"), level="grid")
    assert kinds(result) | {("unclosed", True): 1, ("no_geometry", False): 1, ("no_name", False): 1} == kinds(result)
    assert kinds(result)["no_parent", False] == 1
    assert result.taken == len(cells)


def test_a_draft_is_made_in_one_step_and_nothing_is_in_force(loaded: Connection, tmp_path: Path) -> None:
    cells, _ = squares(3)
    grids(cells).to_file(tmp_path / "grids.gpkg")
    actor = add_account(loaded, "planner")
    result = held(loaded, tmp_path / "grids.gpkg")
    desk = Desk()
    draft = make_draft(loaded, result, Making(title="大溪沟网格"), actor=actor, now=NOW, desk=desk)
    assert (draft.level, draft.root_id, draft.cursor, draft.state) == ("grid", result.root.id, 1, "draft")
    drawn = desk.checked(loaded, draft)
    assert len(drawn.coverage.units) == len(cells)
    assert {unit.name for unit in drawn.coverage.units.values()} == {f"第{i}网格" for i in range(1, len(cells) + 1)}
    wrong = {one.kind for one in (drawn.findings or {}).values() if one.severity == "error"}
    assert not wrong & {"gap", "overlap", "outside_parent", "invalid", "sliver"}
    row = loaded.execute("select count(*) from divisions where level = 'grid'").fetchone()
    assert row == (0,)


def test_a_draft_of_official_lines_loses_the_derived_mark(loaded: Connection, tmp_path: Path) -> None:
    in_system(yuzhong(), "EPSG:4545").to_file(tmp_path / "official.gpkg")
    actor = add_account(loaded, "planner")
    desk = Desk()
    draft = make_draft(
        loaded, held(loaded, tmp_path / "official.gpkg"), Making(title="渝中区镇街"), actor=actor, now=NOW, desk=desk
    )
    units = desk.held(loaded, draft).coverage.units.values()
    assert (len(units), {unit.derived for unit in units}) == (11, {False})


def test_the_same_layer_is_imported_and_drafted(loaded: Connection, tmp_path: Path) -> None:
    """`shijing import divisions --write` and the wizard agree on what a row is."""
    cells, _ = squares(3)
    grids(cells).to_file(tmp_path / "grids.gpkg")
    import_layer(loaded, tmp_path / "grids.gpkg", level="grid", write=True)
    again = held(loaded, tmp_path / "grids.gpkg")
    assert counts(again) == (len(cells), 0, 0, 0, 0)
    grids(cells[:-1]).to_file(tmp_path / "fewer.gpkg")
    fewer = held(loaded, tmp_path / "fewer.gpkg", remove_gone=True)
    assert len(fewer.gone) == 1 and fewer.gone[0].drawn


def test_uploads_are_kept_a_day_for_whoever_sent_them(loaded: Connection) -> None:
    one, other = add_account(loaded, "one"), add_account(loaded, "other")
    made = put_upload(loaded, one, "a.gpkg", b"x", now=NOW)
    found = upload_of(loaded, one, made, now=NOW)
    assert found is not None and (found.name, found.content) == ("a.gpkg", b"x")
    assert b"x" not in repr(found).encode() or "content" not in repr(found)
    assert upload_of(loaded, other, made, now=NOW) is None
    assert upload_of(loaded, one, made, now=NOW + LASTS * 1.01) is None
    later = NOW + LASTS * 1.01
    put_upload(loaded, other, "b.gpkg", b"y", now=later)  # somebody else's: what is old goes
    assert loaded.execute("select count(*) from layer_uploads").fetchone() == (1,)
    for number in range(MOST_OF_ONE + 2):
        put_upload(loaded, one, f"{number}.gpkg", b"z", now=later)
    listed = uploads_of(loaded, one, now=later)
    assert len(listed) == MOST_OF_ONE
    drop_upload(loaded, one, listed[0].id)
    assert len(uploads_of(loaded, one, now=later)) == MOST_OF_ONE - 1
