"""Layers read row by row: no row is lost, each that has no polygon is named with the reason."""

import zipfile
from pathlib import Path

import geopandas
import pytest
import shapely

from geo.errors import LayerError
from geo.layer_table import Table, read_table
from geo.layer_unpack import UNPACKED_AT_MOST, unpack
from tests.database.layer_files import (
    drawing,
    dxf_polyline,
    dxf_text,
    geojson,
    grids,
    in_system,
    ring,
    round_polygon,
    shapefile,
    squares,
    yuzhong,
    zipped,
)


def kinds(table: Table) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for fault in table.faults:
        found.setdefault(fault.kind, []).extend(fault.rows)
    return found


def adds_up(table: Table) -> bool:
    """Each row has a polygon or is left out by a fault."""
    lost = {row for fault in table.faults if fault.left_out for row in fault.rows}
    there = {i + 1 for i, shape in enumerate(table.geometries) if shape is not None}
    return lost.isdisjoint(there) and len(lost) + len(there) == table.rows


def test_gbk_names_without_a_cpg(tmp_path: Path) -> None:
    table = read_table(shapefile(yuzhong(), tmp_path))
    assert list(table.columns) == ["名称", "区县", "code"]
    assert table.columns["名称"][:2] == list(yuzhong()["名称"][:2])
    assert table.encoding.value == "GB18030"
    assert "常用汉字" in table.encoding.zh


def test_utf8_names_that_a_cpg_calls_gbk(tmp_path: Path) -> None:
    yuzhong().to_file(tmp_path / "wrong.shp", encoding="UTF-8")
    (tmp_path / "wrong.cpg").write_text("GBK")
    table = read_table(tmp_path / "wrong.shp", encoding=None)
    assert table.encoding.value == "UTF-8" or table.columns["名称"][0] == yuzhong()["名称"][0]
    assert read_table(tmp_path / "wrong.shp", encoding="UTF-8").columns["名称"][0] == yuzhong()["名称"][0]


def test_a_shapefile_in_an_archive_with_gbk_paths(tmp_path: Path) -> None:
    table = read_table(zipped(shapefile(in_system(yuzhong(), "EPSG:4524"), tmp_path)))
    assert (table.rows, table.declared, table.form) == (11, "EPSG:4524", "shp")
    assert adds_up(table)


def test_a_missing_index_is_made_again_and_the_file_left_alone(tmp_path: Path) -> None:
    path = shapefile(yuzhong(), tmp_path, without=[".shx"])
    table = read_table(path)
    assert kinds(table) == {"shx_missing": []}
    assert table.rows == 11
    assert not path.with_suffix(".shx").exists()


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    table = read_table(shapefile(yuzhong(), tmp_path, without=[".dbf"]))
    assert "dbf_missing" in kinds(table)
    assert table.rows == 11


def test_every_odd_row_is_named(tmp_path: Path) -> None:
    square = shapely.box(106.5, 29.5, 106.51, 29.51)
    rows = [
        ({"name": "好"}, {"type": "Polygon", "coordinates": [ring(square)]}),
        ({"name": "未闭合"}, {"type": "Polygon", "coordinates": [ring(square)[:-1]]}),
        ({"name": "无图形"}, None),
        ({"name": "线"}, {"type": "LineString", "coordinates": ring(square)[:3]}),
        ({"name": "点"}, {"type": "Point", "coordinates": [106.5, 29.5]}),
        ({"name": "空"}, {"type": "Polygon", "coordinates": []}),
        ({"name": "压扁"}, {"type": "Polygon", "coordinates": [[[106, 29], [106.1, 29], [106, 29]]]}),
        (
            {"name": "混"},
            {
                "type": "GeometryCollection",
                "geometries": [
                    {"type": "Polygon", "coordinates": [ring(square)]},
                    {"type": "Point", "coordinates": [106.5, 29.5]},
                ],
            },
        ),
    ]
    table = read_table(geojson(rows, tmp_path / "odd.geojson"))
    assert table.rows == 8
    assert adds_up(table)
    assert kinds(table) == {
        "unclosed": [2], "no_geometry": [3], "not_polygon": [4, 5], "empty": [6], "collapsed": [7], "mixed": [8]
    }  # fmt: skip


def test_a_geojson_in_gbk(tmp_path: Path) -> None:
    shape = {"type": "Polygon", "coordinates": [ring(shapely.box(106, 29, 107, 30))]}
    path = geojson([({"name": "解放碑街道"}, shape)], tmp_path / "gbk.geojson")
    path.write_bytes(path.read_text(encoding="utf-8").encode("gbk"))
    table = read_table(path)
    assert (table.columns["name"], table.encoding.value) == (["解放碑街道"], "GB18030")


def test_a_drawing_gives_closed_lines_with_the_texts_inside(tmp_path: Path) -> None:
    cells, _ = squares(2)
    layer = in_system(grids(cells), "EPSG:4545")
    shapes = list(layer.geometry)
    entities = [dxf_polyline(ring(shape), "网格", closed=True) for shape in shapes]
    entities += [dxf_text(*shapely.get_coordinates(shape.representative_point())[0], f"第{i}网格")
                 for i, shape in enumerate(shapes, 1)]  # fmt: skip
    entities.append(dxf_polyline(ring(shapes[0])[:-1], "道路", closed=False))
    table = read_table(drawing(entities, tmp_path / "网格.dxf"))
    assert table.rows == len(shapes) + 1
    assert adds_up(table)
    assert kinds(table) == {"open_line": [len(shapes) + 1]}
    assert table.columns["text"][: len(shapes)] == [f"第{i}网格" for i in range(1, len(shapes) + 1)]
    assert table.columns["layer"][-1] == "道路"


def test_kml_and_kmz(tmp_path: Path) -> None:
    yuzhong().rename(columns={"名称": "Name"}).to_file(tmp_path / "layer.kml", driver="LIBKML")
    table = read_table(tmp_path / "layer.kml")
    assert (table.rows, table.form) == (11, "kml")
    with zipfile.ZipFile(tmp_path / "layer.kmz", "w") as out:
        out.write(tmp_path / "layer.kml", "doc.kml")
    assert read_table(tmp_path / "layer.kmz").rows == 11


def test_a_layer_is_chosen_where_there_are_several(tmp_path: Path) -> None:
    path = tmp_path / "two.gpkg"
    yuzhong()[:2].to_file(path, layer="few")
    yuzhong().to_file(path, layer="many")
    table = read_table(path)
    assert (table.layer, set(table.layers), table.rows) == ("many", {"few", "many"}, 11)
    assert read_table(path, layer="few").rows == 2
    with pytest.raises(LayerError, match="no layer 'x'"):
        read_table(path, layer="x")


def test_a_hundred_thousand_vertices(tmp_path: Path) -> None:
    large = round_polygon(106.5, 29.5, 0.1, 100_000)
    geopandas.GeoDataFrame({"name": ["大"]}, geometry=[large], crs="EPSG:4490").to_file(tmp_path / "large.gpkg")
    table = read_table(tmp_path / "large.gpkg")
    assert shapely.get_num_coordinates(table.geometries[0]) == 100_001


def test_what_is_no_layer_is_told(tmp_path: Path) -> None:
    def refuses(words: str, path: Path) -> None:
        with pytest.raises(LayerError, match=words) as told:
            read_table(path)
        assert any("\u4e00" <= sign <= "\u9fff" for sign in told.value.zh)

    refuses("does not exist", tmp_path / "none.shp")
    (tmp_path / "layer.doc").write_text("x")
    refuses("no layer that is read here", tmp_path / "layer.doc")
    (tmp_path / "text.geojson").write_text("no layer")
    refuses("cannot be read", tmp_path / "text.geojson")
    (tmp_path / "text.dxf").write_text("no layer")
    refuses("cannot be read|no area|no features", tmp_path / "text.dxf")
    geojson([], tmp_path / "empty.geojson")
    refuses("no features|no layer", tmp_path / "empty.geojson")
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 and no more")
    refuses("no archive", tmp_path / "broken.zip")
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as out:
        out.writestr("readme.txt", "nothing")
    refuses("holds no layer", tmp_path / "empty.zip")


def test_an_archive_may_not_write_elsewhere_or_fill_the_disk(tmp_path: Path) -> None:
    sneaky = tmp_path / "sneaky.zip"
    with zipfile.ZipFile(sneaky, "w") as out:
        out.writestr("../../../escaped.geojson", "{}")
        out.writestr("/rooted.geojson", "{}")
        out.writestr("C:\\drive.geojson", "{}")
        out.writestr("__MACOSX/._x.geojson", "{}")
        out.writestr("run.sh", "rm -rf /")
    into = tmp_path / "a" / "b" / "c"
    into.mkdir(parents=True)
    found = unpack(sneaky, into)
    assert len(found) == 3
    assert all(into in path.resolve().parents for path in found)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "sneaky.zip"]
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("bomb.geojson", b"0" * (UNPACKED_AT_MOST // 8))
    with pytest.raises(LayerError, match="unpacks to more"):
        unpack(bomb, into / "bomb")
