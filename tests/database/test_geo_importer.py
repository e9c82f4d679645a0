"""Layers from files: what is reported before anything is written, and what is written."""

from datetime import UTC, datetime
from pathlib import Path

import geopandas
import numpy as np
import orjson
import pytest
import shapely

from config.database import Connection
from geo import crs, divisions
from geo.default_data import DATA, LIANGJIANG_BEGINS
from geo.defaults import import_defaults
from geo.errors import CrsError, LayerError
from geo.importer import import_layer
from geo.placement import Placement

NOW = datetime(2026, 10, 1, tzinfo=UTC)
FLOOD = datetime(2020, 8, 20, tzinfo=UTC)


@pytest.fixture
def loaded(connection: Connection) -> Connection:
    import_defaults(connection)
    return connection


def _yuzhong() -> geopandas.GeoDataFrame:
    """The 11 townships of Yuzhong as an official layer might come: name and district in Chinese fields."""
    layer = geopandas.read_file(DATA / "townships_derived.geojson")
    layer = layer[layer["district_code"] == "500103"][["name", "district_name", "code", "geometry"]]
    return layer.rename(columns={"name": "名称", "district_name": "区县"}).reset_index(drop=True)


def _snapshot(connection: Connection) -> list[tuple[object, ...]]:
    return connection.execute(
        "select (select count(*) from boundary_versions), (select count(*) from division_versions),"
        " (select count(*) from boundary_versions where upper_inf(recorded)), (select count(*) from live_events)"
    ).fetchall()


def _gcj02_copy(folder: Path) -> Path:
    layer = _yuzhong()
    layer["geometry"] = shapely.transform(layer.geometry.to_numpy(), crs.gcj02_from_wgs84, interleaved=False)
    path = folder / "amap.geojson"
    layer.to_file(path)
    return path


def _faulty_shapefile(folder: Path) -> Path:
    """In metres, GBK, no .cpg: one gap in the first township, one overlap of the second into another, one misnamed."""
    layer = _yuzhong().to_crs("EPSG:4545")
    shapes = layer.geometry.to_list()
    shapes[0] = shapes[0].difference(shapely.point_on_surface(shapes[0]).buffer(20, cap_style="square"))
    borders = [shapes[1].intersection(other) for other in shapes[2:5] + shapes[6:]]
    edge = max(borders, key=lambda border: border.length).interpolate(0.5, normalized=True)
    shapes[1] = shapes[1].union(edge.buffer(30))
    layer["geometry"] = shapes
    layer.loc[5, "名称"] = str(layer.loc[5, "名称"]).replace("街道", "街")
    path = folder / "official.shp"
    layer.to_file(path, encoding="GB18030")
    path.with_suffix(".cpg").unlink(missing_ok=True)
    return path


def test_a_trial_writes_nothing(loaded: Connection, tmp_path: Path) -> None:
    before = _snapshot(loaded)
    report = import_layer(loaded, _gcj02_copy(tmp_path), level="township", crs="GCJ-02")
    assert _snapshot(loaded) == before
    assert not report.written and report.matched == 11
    assert report.features_without_division == () and report.divisions_without_feature == ()
    assert report.invalid == report.gaps == report.overlaps == ()
    assert report.lines()[-1] == "Nothing was written (a trial)."


def test_gcj02_comes_back_to_where_it_was(loaded: Connection, tmp_path: Path) -> None:
    before = {b.division_id: b for b in divisions.boundaries(loaded, "township", NOW)}
    report = import_layer(loaded, _gcj02_copy(tmp_path), level="township", crs="GCJ-02", write=True)
    assert report.written
    after = divisions.boundaries(loaded, "township", NOW)
    drawn = [b for b in after if not b.derived]
    assert (len(after), len(drawn)) == (1016, 11)
    for boundary in drawn:
        old = before[boundary.division_id]
        assert shapely.hausdorff_distance(boundary.geometry, old.geometry) < 2e-9
        assert boundary.area_m2 == pytest.approx(old.area_m2, rel=1e-6)
        assert boundary.source == "amap.geojson (GCJ-02)"
    event = loaded.execute("select kind, payload from live_events").fetchall()
    assert event == [("divisions", {"level": "township", "source": "amap.geojson", "boundaries": 11})]


def test_taken_for_wgs84_it_would_lie_hundreds_of_metres_off(loaded: Connection, tmp_path: Path) -> None:
    report = import_layer(loaded, _gcj02_copy(tmp_path), level="township")
    assert report.crs == "EPSG:4326"
    assert report.gaps == report.overlaps == ()  # the layer alone cannot tell


def test_a_layer_with_faults_is_reported_and_refused(loaded: Connection, tmp_path: Path) -> None:
    before = _snapshot(loaded)
    report = import_layer(loaded, _faulty_shapefile(tmp_path), level="township", write=True)
    assert _snapshot(loaded) == before
    assert report.crs == "EPSG:4545"
    assert report.matched == 10
    (stranger,) = report.features_without_division
    (missing,) = report.divisions_without_feature
    assert missing.startswith("渝中区 ") and f"is it {missing.split()[1]}?" in stranger
    (gap,) = report.gaps
    assert gap.area_m2 == pytest.approx(1600, rel=0.01)
    official = [fault for fault in report.overlaps if not any("(kept)" in name for name in fault.names)]
    assert len(official) == 1 and 1000 < official[0].area_m2 < 3000
    assert "1 features are no division we know" in report.refused
    assert orjson.loads(orjson.dumps(report.as_dict()))["gaps"][0]["kind"] == "gap"


def test_what_is_sound_can_be_written(loaded: Connection, tmp_path: Path) -> None:
    report = import_layer(loaded, _faulty_shapefile(tmp_path), level="township", write=True, partial=True)
    assert report.written
    drawn = [b for b in divisions.boundaries(loaded, "township", NOW) if not b.derived]
    assert len(drawn) == 10


def test_valid_from_keeps_the_old_boundary_for_the_time_before(loaded: Connection, tmp_path: Path) -> None:
    known_at = datetime.now(UTC)
    begins = datetime(2026, 7, 1, tzinfo=UTC)
    import_layer(loaded, _gcj02_copy(tmp_path), level="township", crs="GCJ-02", valid_from=begins, write=True)
    drawn = [sum(not b.derived for b in divisions.boundaries(loaded, "township", at)) for at in (FLOOD, begins)]
    assert drawn == [0, 11]
    then = divisions.boundaries(loaded, "township", begins, recorded=known_at)
    assert (len(then), sum(not b.derived for b in then)) == (1016, 0)


def test_sensors_move_with_the_boundaries(loaded: Connection, tmp_path: Path) -> None:
    """Two townships swap their names in the new layer: the sensor goes from one to the other."""
    layer = _yuzhong()
    point = shapely.point_on_surface(layer.geometry[0])
    loaded.execute("insert into devices (name) values ('d')")
    loaded.execute("insert into sensors (name, device_id, quantity, unit) values ('s', 1, 'stage', 'm')")
    loaded.execute(
        "insert into sensor_places (sensor_id, lon, lat, reason) values (1, %s, %s, 'installed')", (point.x, point.y)
    )
    layer.loc[[0, 1], "名称"] = layer.loc[[1, 0], "名称"].to_numpy()
    layer.to_file(tmp_path / "swapped.gpkg")
    begins = datetime(2026, 7, 1, tzinfo=UTC)
    report = import_layer(loaded, tmp_path / "swapped.gpkg", level="township", valid_from=begins, write=True)
    assert report.assigned is not None and report.assigned.located == 1
    times = np.array([int(t.timestamp() * 1e6) for t in (FLOOD, begins)], dtype=np.int64)
    found = Placement.load(loaded).township_of(np.array([1, 1], dtype=np.int32), times)
    names = [divisions.by_id(loaded, int(i), NOW) for i in found]
    assert [d.name for d in names if d] == [layer["名称"][1], layer["名称"][0]]


def test_a_layer_drawn_before_the_reform_has_the_districts_of_then(loaded: Connection, tmp_path: Path) -> None:
    layer = geopandas.read_file(DATA / "townships_derived.geojson")[["name", "district_name", "code", "geometry"]]
    layer[layer["district_name"] == "江北区"].to_file(tmp_path / "jiangbei.gpkg")
    report = import_layer(loaded, tmp_path / "jiangbei.gpkg", level="township", write=True)
    assert (report.matched, report.written) == (12, True)
    assert report.features_without_division == report.divisions_without_feature == ()
    assert len(report.code_differs) == 12
    for at in (FLOOD, NOW):
        assert sum(not b.derived for b in divisions.boundaries(loaded, "township", at)) == 12


def test_districts_without_a_district_field(loaded: Connection, tmp_path: Path) -> None:
    layer = geopandas.read_file(DATA / "districts.geojson")[["name", "geometry"]]
    layer.to_crs("EPSG:4490").to_file(tmp_path / "districts.gpkg")
    report = import_layer(
        loaded, tmp_path / "districts.gpkg", level="district", valid_from=FLOOD, write=True, partial=True
    )
    assert report.matched == 38
    assert sum("derived" in b.source for b in divisions.boundaries(loaded, "district", LIANGJIANG_BEGINS)) == 1


def _grid_layer(folder: Path, tiled: str, columns: dict[str, list[str]]) -> tuple[Path, int]:
    """Squares that tile a township: what the default data does not have."""
    layer = _yuzhong()
    outline = layer.loc[layer["名称"] == tiled, "geometry"].iloc[0]
    west, south, east, north = outline.bounds
    x, y = np.meshgrid(np.linspace(west, east, 4)[:-1], np.linspace(south, north, 4)[:-1])
    cells = shapely.box(x, y, x + (east - west) / 3, y + (north - south) / 3).ravel()
    pieces = [p for p in shapely.intersection(cells, outline) if not p.is_empty and p.geom_type.endswith("Polygon")]
    fields = {name: values * len(pieces) for name, values in columns.items()}
    grids = geopandas.GeoDataFrame(
        {"网格名称": [f"第{i}网格" for i in range(1, len(pieces) + 1)], **fields}, geometry=pieces, crs="EPSG:4490"
    )
    grids.to_file(folder / "grids.gpkg")
    return folder / "grids.gpkg", len(pieces)


@pytest.mark.parametrize("columns", [{}, {"parent": ["500103012"]}, {"township": ["大溪沟街道"]}])
def test_grids_become_divisions_under_their_township(
    loaded: Connection, tmp_path: Path, columns: dict[str, list[str]]
) -> None:
    township = next(d for d in divisions.all_of(loaded, "township", FLOOD) if d.name == "大溪沟街道")
    if "parent" in columns:
        columns = {"parent": [township.code]}
    path, count = _grid_layer(tmp_path, "大溪沟街道", columns)
    report = import_layer(loaded, path, level="grid", write=True)
    assert (report.created, report.matched, report.written) == (count, 0, True)
    assert report.gaps == report.overlaps == ()
    grids = divisions.children(loaded, township.id, FLOOD)
    grids = [d for d in grids if d.level == "grid"]
    assert len(grids) == count and grids[0].code == f"{township.code}000001"
    layer = orjson.loads(divisions.layer_geojson(loaded, "grid", FLOOD))
    assert {f["properties"]["district"] for f in layer["features"]} == {"渝中区"}
    again = import_layer(loaded, path, level="grid", write=True)
    assert (again.created, again.matched) == (0, count)


def test_grids_of_one_name_in_a_township_are_refused_and_nothing_is_written(loaded: Connection, tmp_path: Path) -> None:
    path, _ = _grid_layer(tmp_path, "大溪沟街道", {})
    layer = geopandas.read_file(path)
    layer["网格名称"] = "网格"
    layer.to_file(path)
    before = _snapshot(loaded)
    with pytest.raises(LayerError, match="same code or name"):
        import_layer(loaded, path, level="grid", write=True)
    assert _snapshot(loaded) == before


def test_a_sensor_belongs_to_its_grid(loaded: Connection, tmp_path: Path) -> None:
    path, _ = _grid_layer(tmp_path, "大溪沟街道", {})
    grid = geopandas.read_file(path)
    point = shapely.point_on_surface(grid.geometry[2])
    loaded.execute("insert into devices (name) values ('d')")
    loaded.execute("insert into sensors (name, device_id, quantity, unit) values ('s', 1, 'stage', 'm')")
    loaded.execute(
        "insert into sensor_places (sensor_id, lon, lat, reason) values (1, %s, %s, 'installed')", (point.x, point.y)
    )
    import_layer(loaded, path, level="grid", write=True)
    found = Placement.load(loaded).grid_of(np.array([1], dtype=np.int32), np.array([0], dtype=np.int64))
    division = divisions.by_id(loaded, int(found[0]), NOW)
    assert division is not None and division.name == grid["网格名称"][2]


def test_errors_say_what_where_and_how_to_mend(loaded: Connection, tmp_path: Path) -> None:
    def refuses(error: type[Exception], words: str, path: Path, level: str = "township", **options: str) -> None:
        with pytest.raises(error, match=words):
            import_layer(loaded, path, level=level, **options)  # type: ignore[arg-type]

    refuses(LayerError, "does not exist", tmp_path / "none.shp")
    (tmp_path / "text.geojson").write_text("no layer")
    refuses(LayerError, "cannot be read", tmp_path / "text.geojson")
    sound = _gcj02_copy(tmp_path)
    refuses(LayerError, "no field 'xyz'", sound, name_field="xyz")
    refuses(LayerError, "level 'village' cannot be imported", sound, level="village")
    refuses(CrsError, "unknown", sound, crs="EPSG:99999999")
    refuses(CrsError, "outside China", sound, crs="EPSG:4545")
    _yuzhong().drop(columns=["名称"]).to_file(tmp_path / "nameless.gpkg")
    refuses(LayerError, "which field is the name", tmp_path / "nameless.gpkg")
    points = _yuzhong()
    points["geometry"] = points.representative_point()
    points.to_file(tmp_path / "points.gpkg")
    refuses(LayerError, "no polygon", tmp_path / "points.gpkg")
    bare = _faulty_shapefile(tmp_path)
    bare.with_suffix(".prj").unlink()
    refuses(CrsError, "does not say its coordinate system", bare)
    with pytest.raises(ValueError, match="time zone"):
        import_layer(loaded, sound, level="township", valid_from=datetime(2026, 1, 1))
