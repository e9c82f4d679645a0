"""Files of a planner's own: points and lines, and what is said of files that are no such thing."""

from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import shapely

from geo.crs import gcj02_from_wgs84
from geo.errors import CrsError, GeoError, LayerError
from geo.lines import ROAD
from geo.point_file import read_lines, read_points

LON, LAT = 106.57, 29.555


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def layer(path: Path, shapes: list[Any], crs: str = "EPSG:4490", **fields: list[Any]) -> Path:
    geopandas.GeoDataFrame(fields, geometry=shapes, crs=crs).to_file(path)
    return path


def test_a_table_of_households(tmp_path: Path) -> None:
    points = read_points(written(tmp_path / "a.csv", f"lon,lat,households\n{LON},{LAT},12\n{LON},29.56,3\n"))
    assert points.at.tolist() == [[LON, LAT], [LON, 29.56]]
    assert points.weights.tolist() == [12, 3] and not points.relative


def test_chinese_columns_a_byte_order_mark_and_more_columns(tmp_path: Path) -> None:
    file = written(tmp_path / "a.csv", f"\ufeff小区,经度,纬度,户数\n一号,{LON},{LAT},12\n")
    assert read_points(file).weights.tolist() == [12]


def test_without_households_points_weigh_alike(tmp_path: Path) -> None:
    points = read_points(written(tmp_path / "a.csv", f"lon,lat\n{LON},{LAT}\n"))
    assert points.relative and points.weights.tolist() == [1]


def test_buildings_count_where_their_middle_is(tmp_path: Path) -> None:
    box = shapely.box(LON, LAT, LON + 0.001, LAT + 0.001)
    points = read_points(layer(tmp_path / "a.gpkg", [box], households=[30]))
    assert points.at == pytest.approx(np.array([[LON + 0.0005, LAT + 0.0005]]))


def test_gcj02_and_metres_come_to_where_they_are(tmp_path: Path) -> None:
    east, north = gcj02_from_wgs84(np.array([LON]), np.array([LAT]))
    file = written(tmp_path / "a.csv", f"lon,lat\n{east[0]!s},{north[0]!s}\n")
    assert read_points(file, crs="GCJ-02").at[0] == pytest.approx([LON, LAT], abs=1e-8)
    place = geopandas.GeoSeries([shapely.Point(LON, LAT)], crs="EPSG:4490").to_crs("EPSG:4545")
    metres = layer(tmp_path / "a.shp", list(place), crs="EPSG:4545", households=[1])
    assert read_points(metres).at[0] == pytest.approx([LON, LAT], abs=1e-8)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no rows"),
        ("lon,lat,households\n", "no rows"),
        ("a,b\n1,2\n", "no columns lon and lat: it has a, b"),
        (f"lon,lat,households\n{LON},{LAT},viele\n", "row 1: households is 'viele'"),
        (f"lon,lat,households\n{LON},{LAT},3\n{LON},{LAT},-3\n", "row 2: households is '-3'"),
        (f"lon,lat,households\n{LON},{LAT},nan\n", "row 1: households is 'nan'"),
        (f"lon,lat,households\n{LON},{LAT}\n", "row 1: households is None"),
        (f"lon,lat\n{LON},inf\n", "row 1: lat is 'inf'"),
    ],
)
def test_rubbish_is_refused_with_the_row(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(LayerError, match=said):
        read_points(written(tmp_path / "a.csv", text))


@pytest.mark.parametrize("row", ["500000,3270000", f"{LAT},{LON}", "0,0"])
def test_what_lies_outside_china_is_a_wrong_coordinate_system(tmp_path: Path, row: str) -> None:
    with pytest.raises(CrsError, match="--crs"):
        read_points(written(tmp_path / "a.csv", f"lon,lat\n{LON},{LAT}\n{row}\n"))


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "gbk.csv").write_bytes("经度,纬度\n1,2\n".encode("gbk"))
    (tmp_path / "noise.geojson").write_bytes(bytes(range(256)))
    (tmp_path / "empty.gpkg").write_bytes(b"")
    nothing = layer(tmp_path / "none.geojson", [])
    for path in (tmp_path / "gbk.csv", tmp_path / "noise.geojson", tmp_path / "empty.gpkg", nothing, tmp_path / "not"):
        with pytest.raises(GeoError, match=path.name):
            read_points(path)


def test_a_layer_that_does_not_say_its_coordinate_system(tmp_path: Path) -> None:
    layer(tmp_path / "a.shp", [shapely.Point(LON, LAT)], households=[1])
    (tmp_path / "a.prj").unlink()
    with pytest.raises(CrsError, match="does not say"):
        read_points(tmp_path / "a.shp")
    assert read_points(tmp_path / "a.shp", crs="EPSG:4490").at.tolist() == [[LON, LAT]]


def test_lines_have_names_and_ranks_and_areas_give_their_outlines(tmp_path: Path) -> None:
    road = shapely.LineString([(LON, LAT), (LON + 0.01, LAT)])
    lines = read_lines(layer(tmp_path / "a.gpkg", [road, road.buffer(0.001)], name=["大路", None], rank=[3, 1]))
    assert lines.names == ("大路", "") and lines.ranks.tolist() == [3, 1]
    assert {line.geom_type for line in lines.courses} == {"LineString"}
    assert read_lines(layer(tmp_path / "b.gpkg", [road])).ranks.tolist() == [ROAD]


def test_points_are_no_lines(tmp_path: Path) -> None:
    with pytest.raises(LayerError, match="row 1 is no line"):
        read_lines(layer(tmp_path / "a.gpkg", [shapely.Point(LON, LAT)]))
    with pytest.raises(LayerError, match="rank is 9"):
        read_lines(layer(tmp_path / "b.gpkg", [shapely.LineString([(LON, LAT), (LON + 0.01, LAT)])], rank=[9]))
