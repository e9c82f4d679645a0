"""A level taken out and brought in again is the same, in every format and system; what it says of itself is in it."""

import json
import os
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import shapely
from typer.testing import CliRunner

from access.accounts import division_named
from config.database import Connection, connect
from geo.conflation import Wishes, conflate
from geo.datums import transformation
from geo.defaults import import_defaults
from geo.errors import CrsError, LayerError
from geo.export import Asked, Row, file_name, rows_of
from geo.export_files import FORMS, write_export
from geo.importer import import_layer
from geo.layer_file import LayerFields, features_of
from geo.layer_table import read_table
from shijing import app
from tests.database.clones import cloned
from tests.database.layer_files import grids, squares

pytestmark = pytest.mark.storage
NOW = datetime(2026, 10, 1, tzinfo=UTC)
BEFORE = datetime(2024, 6, 1, tzinfo=UTC)
SYSTEMS = ("EPSG:4490", "EPSG:4326", "EPSG:4545", "EPSG:4524", "EPSG:4496", "EPSG:2412", "EPSG:2360", "GCJ-02", "BD-09")
RUNNER = CliRunner()


@pytest.fixture(scope="module")
def city(server_url: str, template: str) -> Iterator[tuple[str, Connection]]:
    """The default divisions, and grids with a rare sign and a hole; nobody writes in it."""
    with (
        cloned(server_url, template, f"shijing_export_{os.getpid()}") as url,
        connect(url, "t", autocommit=True) as made,
    ):
        import_defaults(made)
        cells, _ = squares(3)
        hole = shapely.point_on_surface(cells[4]).buffer(0.0005, quad_segs=2)
        cells = [*cells[:4], cells[4].difference(hole), *cells[5:], hole]
        folder = Path(os.environ.get("TMPDIR", "/tmp")) / f"export-grids-{os.getpid()}.gpkg"
        grids(cells).to_file(folder)
        import_layer(made, folder, level="grid", write=True)
        folder.unlink()
        yield url, made


@pytest.fixture
def loaded(city: tuple[str, Connection]) -> Connection:
    return city[1]


def yuzhong(connection: Connection) -> frozenset[int]:
    return frozenset({division_named(connection, "渝中区", now=NOW)})


def written(rows: list[Row], asked: Asked, form: str, folder: Path) -> Path:
    path = folder / file_name(asked, FORMS[form][0], rows)
    write_export(rows, asked, form, path)
    return path


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("level", ["grid", "township"])
def test_what_goes_out_comes_in_again(loaded: Connection, tmp_path: Path, form: str, level: str) -> None:
    for crs in SYSTEMS:
        if form == "kml" and crs not in ("EPSG:4490", "EPSG:4326", "GCJ-02", "BD-09"):
            continue
        asked = Asked(level=level, at=NOW, under=yuzhong(loaded), crs=crs)
        rows = rows_of(loaded, asked)
        table = read_table(written(rows, asked, form, tmp_path))
        if not crs.startswith(("GCJ", "BD")) and form not in ("dxf", "kml"):
            assert table.declared == crs
        features, faults = features_of(table, crs=crs, fields=LayerFields())
        assert faults == ()
        found = conflate(loaded, features, Wishes(level=level), rows=table.rows, at=NOW)
        assert found.balance
        moved = [(item.name, item.moved) for item in found.items if item.state == "moved"]
        assert moved == [], crs
        assert (found.count("same"), found.count("moved"), found.count("new"), found.gone) == (len(rows), 0, 0, ())
        shapes = {item.division_id: item.shape for item in found.items}
        for row in rows:
            assert shapely.hausdorff_distance(shapes[row.division_id], row.shape) < 1e-8
            assert shapely.symmetric_difference(shapes[row.division_id], row.shape).area < 1e-8 * row.shape.length
        if form != "dxf":
            assert {f.name: (f.code, f.kind) for f in features} == {row.name: (row.code, row.kind) for row in rows}


def test_the_fields_say_what_has_to_be_said(loaded: Connection, tmp_path: Path) -> None:
    asked = Asked(level="township", at=NOW, under=yuzhong(loaded), approval="渝S(2026)001号")
    rows = rows_of(loaded, asked)
    columns = read_table(written(rows, asked, "gpkg", tmp_path)).columns
    assert set(columns["derived"]) == {"1"}
    assert set(columns["approval"]) == {"渝S(2026)001号"}
    assert set(columns["district"]) == {"渝中区"} and set(columns["parent"]) == {"500103"}
    assert "GeoNames" in columns["attrib"][0] and "Voronoi" in columns["source"][0]
    told = json.loads(written(rows, asked, "geojson", tmp_path).read_text(encoding="utf-8"))
    assert any("推算" in note for note in told["notes"]) and any("审图号" in note for note in told["notes"])
    assert told["features"][0]["properties"]["valid_from"] == ""
    with zipfile.ZipFile(written(rows, asked, "shp", tmp_path)) as packed:
        assert {Path(name).suffix for name in packed.namelist()} == {".shp", ".shx", ".dbf", ".prj", ".cpg", ".txt"}
        assert "不是法定界线" in packed.read("shijing_township.txt").decode("utf-8-sig")


def test_shifted_and_old_systems_carry_a_warning(loaded: Connection, tmp_path: Path) -> None:
    for crs in ("GCJ-02", "BD-09"):
        asked = Asked(level="township", at=NOW, under=yuzhong(loaded), crs=crs)
        rows = rows_of(loaded, asked)
        path = written(rows, asked, "geojson", tmp_path)
        assert crs in path.name and "derived" in path.name
        told = json.loads(path.read_text(encoding="utf-8"))
        assert "偏移" in told["notes"][0] and "crs" not in told
        assert set(read_table(written(rows, asked, "kml", tmp_path)).columns["crs"]) == {crs}
    assert transformation("EPSG:2412").accuracy_m == 15
    assert transformation("EPSG:2360").accuracy_m is None
    assert "参数" in Asked(level="grid", at=NOW, crs="EPSG:2360").warning[0]
    assert Asked(level="grid", at=NOW, crs="EPSG:4545").warning == ("", "")


def test_any_date_and_any_part(loaded: Connection) -> None:
    def names(level: str, at: datetime, under: frozenset[int] | None = None) -> set[str]:
        return {row.name for row in rows_of(loaded, Asked(level=level, at=at, under=under))}

    assert "两江新区" in names("district", NOW) and "江北区" not in names("district", NOW)
    assert "江北区" in names("district", BEFORE) and "两江新区" not in names("district", BEFORE)
    jiangbei = frozenset({division_named(loaded, "500105", now=BEFORE)})
    assert len(names("township", BEFORE, jiangbei)) == 12
    assert len(names("township", NOW, yuzhong(loaded))) == 11
    [row] = [row for row in rows_of(loaded, Asked(level="district", at=NOW)) if row.name == "北碚区"]
    assert row.derived and row.fields(Asked(level="district", at=NOW))["valid_from"].startswith("2025-11-0")
    with pytest.raises(LayerError, match="no grid has a boundary"):
        rows_of(loaded, Asked(level="grid", at=NOW, under=jiangbei))
    with pytest.raises(LayerError, match="no township has"):
        rows_of(loaded, Asked(level="township", at=NOW, recorded=BEFORE))


def test_gbk_and_what_it_cannot_hold(loaded: Connection, tmp_path: Path) -> None:
    asked = Asked(level="township", at=NOW, under=yuzhong(loaded), encoding="GBK")
    rows = rows_of(loaded, asked)
    table = read_table(written(rows, asked, "shp", tmp_path))
    assert (table.encoding.value, table.columns["name"][0]) == ("GB18030", rows[0].name)
    rare = [Row(**{**vars(rows[0]), "name": "𠮷街道"})]
    with pytest.raises(LayerError, match="take UTF-8"):
        written(rare, asked, "shp", tmp_path)
    drawing = read_table(written(rare, asked, "dxf", tmp_path))
    assert len(drawing.geometries) == 1


def test_what_cannot_be_is_refused(loaded: Connection, tmp_path: Path) -> None:
    for wrong, error in (
        ({"level": "village"}, LayerError), ({"encoding": "Big5"}, LayerError), ({"crs": "EPSG:999999"}, CrsError)
    ):  # fmt: skip
        with pytest.raises(error):
            Asked(**{"level": "township", "at": NOW, **wrong})
    asked = Asked(level="township", at=NOW, under=yuzhong(loaded), crs="EPSG:4545")
    rows = rows_of(loaded, asked)
    with pytest.raises(CrsError, match="KML has degrees only"):
        written(rows, asked, "kml", tmp_path)
    with pytest.raises(LayerError, match="format 'doc'"):
        write_export(rows, asked, "doc", tmp_path / "x.doc")


def test_the_command_writes_and_says_what_it_wrote(city: tuple[str, Connection], tmp_path: Path) -> None:
    def run(*words: str) -> str:
        told = RUNNER.invoke(app, ["export", "divisions", *words, "--database", city[0]], catch_exceptions=False)
        assert told.exit_code == 0, told.output
        return told.output

    told = run(str(tmp_path / "yuzhong.gpkg"), "--division", "500103")
    assert "11 divisions (EPSG:4490), 11 of them derived" in told
    assert read_table(tmp_path / "yuzhong.gpkg").rows == 11
    figures = json.loads(run(str(tmp_path / "then.shp"), "--level", "district", "--at", "2024-06-01T00:00:00+08:00",
                             "--crs", "GCJ-02", "--encoding", "GBK", "--json"))  # fmt: skip
    assert (figures["divisions"], figures["derived"]) == (38, 0)
    assert figures["path"].endswith("then.zip") and "shifted" in figures["warning"]
    assert read_table(tmp_path / "then.zip").rows == 38
