"""Vector tiles of lines and points, and of the ground that is shipped, read by GDAL."""

from pathlib import Path

import geopandas
import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.ground_tiles import ZOOMS, shipped_ground
from geo.tile_encoding import EXTENT, FeatureTable, encode_lines, encode_points

YUZHONG = {11: (1630, 847), 13: (6521, 3391), 14: (13042, 6782), 16: (52168, 27131)}


def decoded(body: bytes, folder: Path, layer: str) -> geopandas.GeoDataFrame:
    """A layer in tile units, y downwards."""
    file = folder / "tile.mvt"
    file.write_bytes(body)
    frame = pyogrio.read_dataframe(file, layer=layer, CLIP="NO")
    frame.geometry = shapely.transform(frame.geometry.array, lambda at: at * (1, -1) + (0, EXTENT))
    return frame


def test_lines_and_points_come_back_as_they_were(tmp_path: Path) -> None:
    lines = np.array(
        [
            shapely.LineString([(0, 0), (10, 0), (10, 0), (10, 20)]),
            shapely.MultiLineString([[(-5, 7), (300, 4000)], [(1, 1), (2, 2), (3, 1)]]),
            shapely.LineString([(5.1, 5.1), (5.2, 5.2)]),  # nothing of it is left in whole units
        ]
    )
    table = FeatureTable([7, 8, 300], [{"name": "路", "n": 1}, {"name": "桥", "n": 2}, {"name": "", "n": 3}])
    body = encode_lines("road", table, np.arange(3), lines)
    body += encode_points("stop", table, np.array([2, 0]), np.array([shapely.Point(4095, 0), shapely.Point(-8, 9)]))
    roads = decoded(body, tmp_path, "road")
    assert roads["mvt_id"].tolist() == [7, 8] and roads["name"].tolist() == ["路", "桥"]
    assert shapely.equals(roads.geometry.array[0], shapely.LineString([(0, 0), (10, 0), (10, 20)]))
    assert shapely.equals(roads.geometry.array[1], lines[1])
    stops = decoded(body, tmp_path, "stop")
    assert stops["mvt_id"].tolist() == [300, 7]
    assert [(point.x, point.y) for point in stops.geometry] == [(4095, 0), (-8, 9)]


def test_where_nothing_is_there_is_no_layer() -> None:
    table = FeatureTable([], [])
    nothing = np.array([None], dtype=object)[:0]
    assert encode_lines("x", table, np.arange(0), nothing) == b"" == encode_points("x", table, np.arange(0), nothing)


@given(
    st.lists(
        st.lists(st.tuples(st.integers(-64, 4160), st.integers(-64, 4160)), min_size=2, max_size=6),
        min_size=1,
        max_size=8,
    )
)
def test_lines_of_any_course(courses: list[list[tuple[int, int]]]) -> None:
    table = FeatureTable(range(1, len(courses) + 1), [{"i": i} for i in range(len(courses))])
    lines = np.array([shapely.LineString(course) for course in courses])
    body = encode_lines("x", table, np.arange(len(courses)), lines)
    kept = [i for i, course in enumerate(courses) if len(set(course)) > 1]
    if not kept:
        assert body == b""
        return
    found = pyogrio.raw.read(body, CLIP="NO")
    back = shapely.transform(shapely.from_wkb(found[2]), lambda at: at * (1, -1) + (0, EXTENT))
    assert dict(zip(found[0]["fields"], found[3], strict=True))["i"].tolist() == kept
    assert shapely.equals(back, lines[kept]).all()


@pytest.mark.parametrize("z", sorted(YUZHONG))
def test_yuzhong_has_its_roads_and_stations(z: int, tmp_path: Path) -> None:
    body = shipped_ground().tile(z, *YUZHONG[z])
    roads = decoded(body, tmp_path, "road")
    classes = set(roads["class"])
    assert "primary" in classes or z == 16
    assert ("residential" in classes) == (z >= 14)
    assert ("footway" in classes) == (z == 16)
    bounds = roads.total_bounds
    assert bounds.min() >= -64.5 and bounds.max() <= EXTENT + 64.5
    if z == 14:
        stations = set(decoded(body, tmp_path, "station")["name"])
        assert {"较场口", "临江门"} <= stations
        assert len(decoded(body, tmp_path, "rail")) > 5
    if z == 11:
        assert decoded(body, tmp_path, "water").geometry.is_valid.all()


def test_elsewhere_a_tile_is_empty() -> None:
    ground = shipped_ground()
    assert ground.tile(ZOOMS[1], 0, 0) == b""
    west, south, east, north = ground.bounds
    assert 105 < west < 106.5 < east < 108 and 29 < south < 29.5 < north < 30
