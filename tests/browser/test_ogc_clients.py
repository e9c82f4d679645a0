"""GDAL reads the OGC API: the machine's own ogrinfo and ogr2ogr, and the one in pyogrio's wheel, which is another."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import geopandas
import pyogrio
import pytest
import shapely

from config.database import Connection
from tests.browser.conftest import Running, Serve
from tests.browser.ogc_ground import BEFORE, BEIBEI, JIANGBEI, LIANGJIANG, Ground, Program, ogc_ground

FIND = Path(__file__).parents[1] / "tools" / "find_program"


@pytest.fixture(scope="session")
def gdal() -> Path:
    """The folder of ogrinfo and ogr2ogr."""
    found = subprocess.run([FIND, "gdal"], capture_output=True, text=True, check=False)
    if found.returncode:
        pytest.fail(found.stderr, pytrace=False)
    return Path(found.stdout.strip()).parent


@pytest.fixture
def running(city_url: str, serve: Serve) -> Running:
    return serve(city_url)


@pytest.fixture
def ground(running: Running, city: Connection) -> Ground:
    return ogc_ground(running, city)


def ran(gdal: Path, who: Program, name: str, *words: str) -> str:
    """What a program of GDAL says."""
    environment = {**os.environ, "GDAL_HTTP_HEADERS": f"Authorization: {who.headers['Authorization']}"}
    done = subprocess.run(
        [gdal / name, *words], capture_output=True, text=True, timeout=120, env=environment, check=False
    )
    assert done.returncode == 0 and "ERROR" not in done.stderr, done.stderr + done.stdout
    return done.stdout


def exported(gdal: Path, ground: Ground, folder: Path, *words: str, source: str = "") -> list[dict[str, Any]]:
    """Features that ogr2ogr wrote."""
    file = folder / "out.geojson"
    file.unlink(missing_ok=True)
    ran(gdal, ground.everywhere, "ogr2ogr", "-f", "GeoJSON", str(file), source or f"OAPIF:{ground.url}", *words)
    told: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["features"]
    return told


def names(features: list[dict[str, Any]]) -> set[str]:
    return {one["properties"]["name"] for one in features}


def test_ogrinfo_finds_the_layers_and_their_fields(gdal: Path, ground: Ground) -> None:
    told = ran(gdal, ground.everywhere, "ogrinfo", "-ro", f"OAPIF:{ground.url}")
    assert all(f": {layer} " in told for layer in ("districts", "townships", "grids"))
    told = ran(gdal, ground.everywhere, "ogrinfo", "-ro", "-so", f"OAPIF:{ground.url}", "townships")
    assert "Geometry: Multi Polygon" in told and "Feature Count: 1018" in told
    for field in ("code: String", "area_m2: Real", "derived: Integer(Boolean)"):
        assert field in told
    # This GDAL takes types from the first ten features: where those have no households it takes them for text.
    assert "households: Integer" in ran(
        gdal, ground.everywhere, "ogrinfo", "-ro", "-so", f"OAPIF:{ground.url}", "grids"
    )


def test_ogr2ogr_pages_through_every_feature(gdal: Path, ground: Ground, tmp_path: Path) -> None:
    found = exported(gdal, ground, tmp_path, "townships", "-oo", "PAGE_SIZE=150")
    assert len(found) == len({one["properties"]["id"] for one in found}) == 1018
    by_page = {one["id"]: one for one in ground.items("townships", limit=5000)}
    one = found[700]
    there = by_page[one["properties"]["id"]]
    assert shapely.equals_exact(
        shapely.geometry.shape(one["geometry"]), shapely.geometry.shape(there["geometry"]), tolerance=1e-7
    )


def test_ogr2ogr_filters_by_place_value_and_time(gdal: Path, ground: Ground, tmp_path: Path) -> None:
    box = ("-spat", "106.5", "29.5", "106.6", "29.6")
    assert names(exported(gdal, ground, tmp_path, "townships", *box)) == ground.names(
        "townships", bbox="106.5,29.5,106.6,29.6"
    )
    assert names(exported(gdal, ground, tmp_path, "grids", "-where", "name = '1镇3网格'")) == {"1镇3网格"}
    some = exported(gdal, ground, tmp_path, "grids", "-where", "name LIKE '2镇%' AND households >= 400", "-limit", "5")
    assert len(some) == 5 and all(name.startswith("2镇") for name in names(some))


def test_ogr2ogr_reads_the_map_of_another_day(gdal: Path, ground: Ground, tmp_path: Path) -> None:
    """A date with the address goes to every page. A condition on a time is asked as `datetime`, and that is all."""
    then = exported(gdal, ground, tmp_path, "districts", source=f"OAPIF:{ground.url}?datetime={BEFORE}")
    codes = {one["properties"]["code"] for one in then}
    assert JIANGBEI in codes and LIANGJIANG not in codes
    since = exported(gdal, ground, tmp_path, "districts", "-where", "since >= '2025/11/01 00:00:00'")
    span = ground.items("districts", datetime="2025-11-01T00:00:00Z/..", limit=5000)
    assert {one["properties"]["id"] for one in since} == {one["id"] for one in span}
    assert {JIANGBEI, LIANGJIANG, BEIBEI} <= {one["properties"]["code"] for one in since}


def test_ogr2ogr_writes_what_other_programs_open(gdal: Path, ground: Ground, tmp_path: Path) -> None:
    file = tmp_path / "grids.gpkg"
    ran(gdal, ground.everywhere, "ogr2ogr", "-t_srs", "EPSG:4545", str(file), f"OAPIF:{ground.url}", "grids")
    frame = geopandas.read_file(file)
    assert len(frame) == 24 and frame.crs.to_epsg() == 4545
    assert abs(frame.geometry.area / frame["area_m2"] - 1).max() < 1e-4


def test_gdal_does_not_write_through_this_driver(gdal: Path, ground: Ground) -> None:
    """So edits are made by another client, tests/browser/test_ogc_editing.py: if this fails one day, by GDAL."""
    told = subprocess.run([gdal / "ogrinfo", "--format", "OAPIF"], capture_output=True, text=True, check=True).stdout
    assert "Supports: Open()" in told and "Create()" not in told
    assert pyogrio.list_drivers()["OAPIF"] == "r"


# In a process of its own: this GDAL keeps the interpreter's lock while it waits for our server, which needs it, too.
_ASK = """
import json, sys
import pyogrio

pyogrio.set_gdal_config_options({"GDAL_HTTP_AUTH": "BEARER", "GDAL_HTTP_BEARER": sys.argv[2]})
told = {name: tuple(one) if isinstance(one, list) else one for name, one in json.loads(sys.argv[3]).items()}
print(json.dumps(sorted(pyogrio.read_dataframe(sys.argv[1], **told)["name"])))
"""


def test_another_gdal_reads_and_filters(ground: Ground) -> None:
    """The one of pyogrio's wheel: it is newer, and knows tokens by itself."""

    def read(**told: Any) -> set[str]:
        words = [f"OAPIF:{ground.url}", ground.everywhere.secret, json.dumps(told)]
        done = subprocess.run(
            [sys.executable, "-c", _ASK, *words], capture_output=True, text=True, timeout=120, check=True
        )
        return set(json.loads(done.stdout))

    assert read(layer="grids") == ground.names("grids")
    assert read(layer="grids", where="name = '1镇5网格'") == {"1镇5网格"}
    (one,) = ground.items("grids", name="1镇5网格")
    bounds = shapely.geometry.shape(one["geometry"]).bounds
    assert read(layer="grids", bbox=bounds) == ground.names("grids", bbox=",".join(map(str, bounds)))
    assert len(read(layer="grids", max_features=5)) == 5
