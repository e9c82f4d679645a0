"""Vector tiles, read by GDAL: another hand's decoder than the encoder that is tested."""

from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.tile_encoding import EXTENT, FeatureTable, encode_tile
from geo.tiles import BUFFER, TileFeature, TileSource

TOWNSHIPS = Path(__file__).parents[2] / "geo" / "data" / "townships_derived.geojson"
ZOOMS = (6, 8, 9, 11, 13)


def decoded(body: bytes, folder: Path) -> geopandas.GeoDataFrame:
    """A tile's one layer in tile units, y downwards, with what lies in the buffer."""
    file = folder / "tile.mvt"
    file.write_bytes(body)
    frame = pyogrio.read_dataframe(file, CLIP="NO")
    frame.geometry = shapely.transform(frame.geometry.array, lambda at: at * (1, -1) + (0, EXTENT))
    return frame


@pytest.fixture(scope="module")
def townships() -> TileSource:
    layer = geopandas.read_file(TOWNSHIPS)
    layer = layer[layer.geometry.notna() & ~layer.geometry.is_empty]
    return TileSource(
        "township",
        [
            TileFeature(id=i, geometry=geometry, properties={"id": i, "name": name, "derived": i % 2 == 0})
            for i, (name, geometry) in enumerate(zip(layer["name"], layer.geometry, strict=True), start=1)
        ],
    )


def places(source: TileSource, z: int, most: int = 12) -> list[tuple[int, int]]:
    """Some of the tiles that a level has at a zoom."""
    assert source.bounds is not None
    west, south, east, north = source.bounds
    lon, lat = np.linspace(west, east, 7)[1:-1], np.linspace(south, north, 7)[1:-1]
    x = ((lon + 180) / 360 * 2**z).astype(int)
    y = ((1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2 * 2**z).astype(int)
    return sorted({(a, b) for a in x.tolist() for b in y.tolist()})[:most]


@pytest.mark.parametrize("z", ZOOMS)
def test_another_decoder_finds_what_was_put_in(townships: TileSource, z: int, tmp_path: Path) -> None:
    seen = 0
    for x, y in places(townships, z):
        body = townships.tile(z, x, y)
        if not body:
            continue
        frame = decoded(body, tmp_path)
        seen += len(frame)
        assert list(frame["mvt_id"]) == list(frame["id"]) == sorted(frame["id"])
        assert all((frame["id"] % 2 == 0) == frame["derived"].astype(bool))
        assert frame.geometry.geom_type.isin(["Polygon", "MultiPolygon"]).all()
        bounds = frame.total_bounds
        assert bounds.min() >= -BUFFER and bounds.max() <= EXTENT + BUFFER
    assert seen


@pytest.mark.parametrize("z", ZOOMS)
def test_borders_that_are_shared_stay_shared(townships: TileSource, z: int, tmp_path: Path) -> None:
    """In each tile the polygons are a coverage again: every shared border has the same vertices on both sides."""
    for x, y in places(townships, z):
        body = townships.tile(z, x, y)
        if body:
            polygons = np.asarray(decoded(body, tmp_path).geometry.array)
            assert shapely.is_valid(polygons).mean() >= 0.98  # a narrow one may touch itself in whole units
            assert shapely.coverage_is_valid(polygons)


@pytest.mark.parametrize("z", [9, 11])
def test_neighbouring_tiles_meet(townships: TileSource, z: int, tmp_path: Path) -> None:
    """What both of two neighbours draw of a division is the same where they overlap."""
    checked = 0
    for x, y in places(townships, z):
        bodies = townships.tile(z, x, y), townships.tile(z, x + 1, y)
        if not all(bodies):
            continue
        left, right = (decoded(body, tmp_path).set_index("id").geometry for body in bodies)
        right = right.translate(EXTENT, 0)
        strip = shapely.box(EXTENT - BUFFER + 2, 0, EXTENT + BUFFER - 2, EXTENT)
        for one in left.index.intersection(right.index):
            mine, theirs = (shapely.make_valid(side[one]).intersection(strip) for side in (left, right))
            assert mine.symmetric_difference(theirs).area <= 3 * EXTENT  # units²: a cut may be rounded the other way
            checked += not mine.is_empty
    assert checked


def test_only_what_is_shown_is_in_a_tile(townships: TileSource, tmp_path: Path) -> None:
    x, y = places(townships, 8)[5]
    everything = decoded(townships.tile(8, x, y), tmp_path)
    shown = np.array(sorted(everything["id"])[:3])
    assert sorted(decoded(townships.tile(8, x, y, shown), tmp_path)["id"]) == shown.tolist()
    assert townships.tile(8, x, y, np.array([], np.int64)) == b""


def test_a_level_without_polygons_has_empty_tiles() -> None:
    empty = TileSource("village", [])
    assert empty.bounds is None and empty.tile(9, 407, 210) == b""


def test_a_tile_far_away_is_empty(townships: TileSource) -> None:
    assert townships.tile(9, 0, 0) == b""


def _square(left: float, top: float, size: float) -> Any:
    return shapely.box(left, top, left + size, top + size)


def test_holes_parts_and_values_of_each_type(tmp_path: Path) -> None:
    """Holes turn the other way round than what they are in: else a decoder takes them for polygons."""
    ring = shapely.Polygon(_square(100, 100, 1000).exterior, [_square(300, 300, 200).exterior])
    parts = shapely.multipolygons([_square(2000, 2000, 50), _square(2100, 2100, 60)])
    properties = [{"name": "甲", "n": -5, "yes": True}, {"name": "甲", "n": 2**40, "yes": False}]
    body = encode_tile("x", FeatureTable([7, 300], properties), np.array([0, 1]), np.array([ring, parts]))
    frame = decoded(body, tmp_path)
    assert frame.geometry.area.tolist() == [1000**2 - 200**2, 50**2 + 60**2]
    assert frame["mvt_id"].tolist() == [7, 300]
    assert [frame[key].tolist() for key in ("name", "n", "yes")] == [["甲", "甲"], [-5, 2**40], [True, False]]


def test_what_has_no_area_left_is_left_out(tmp_path: Path) -> None:
    table = FeatureTable([1, 2, 3], [{"n": 1}, {"n": 2}, {"n": 3}])
    thin, small, good = shapely.box(0, 0, 0.3, 900), _square(5.1, 5.1, 0.2), _square(10, 10, 5)
    frame = decoded(encode_tile("x", table, np.arange(3), np.array([thin, small, good])), tmp_path)
    assert frame["n"].tolist() == [3]
    assert encode_tile("x", table, np.array([0]), np.array([thin])) == b""


@given(
    st.lists(
        st.tuples(st.integers(-64, 4000), st.integers(-64, 4000), st.integers(1, 5000), st.integers(0, 2**50)),
        min_size=1,
        max_size=20,
    )
)
def test_squares_of_any_place_size_and_id(squares: list[tuple[int, int, int, int]]) -> None:
    polygons = np.array([_square(x, y, size) for x, y, size, _ in squares])
    table = FeatureTable([one[3] for one in squares], [{"i": i, "s": str(i)} for i in range(len(squares))])
    body = encode_tile("x", table, np.arange(len(squares)), polygons)
    raw = pyogrio.raw.read(body, CLIP="NO")
    fields = dict(zip(raw[0]["fields"], raw[3], strict=True))
    assert fields["mvt_id"].tolist() == [one[3] for one in squares]
    found = shapely.area(shapely.from_wkb(raw[2]))
    assert found.tolist() == [float(size * size) for _, _, size, _ in squares]
