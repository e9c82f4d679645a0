"""OGC API – Features, Parts 1 to 3, as the standards' abstract tests ask it."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import numpy as np
import pyproj
import pytest
import shapely

from config.database import Connection
from tests.browser.conftest import Running, Serve
from tests.browser.ogc_ground import (
    AFTER,
    BEFORE,
    CRS84,
    EPSG,
    JIANGBEI,
    LIANGJIANG,
    YUZHONG,
    Ground,
    ogc_ground,
    program,
)

LEVELS = ["districts", "townships", "grids"]


@pytest.fixture
def running(city_url: str, serve: Serve) -> Running:
    return serve(city_url)


@pytest.fixture
def ground(running: Running, city: Connection) -> Ground:
    return ogc_ground(running, city)


def links(told: dict[str, Any], relation: str) -> list[str]:
    return [one["href"] for one in told["links"] if one["rel"] == relation]


def test_everything_is_found_from_the_landing_page(ground: Ground) -> None:
    """Part 1, A.2.2 – A.2.5: each link of every document answers, as what it says that it is."""
    seen: set[str] = set()
    waiting = [(ground.url, "application/json")]
    while waiting:
        address, kind = waiting.pop()
        if address in seen or "/items/" in address:
            continue
        seen.add(address)
        answer = httpx.get(address, headers=ground.everywhere.headers, timeout=60)
        assert answer.status_code == 200, f"{address}: {answer.text[:200]}"
        assert answer.headers["content-type"].partition(";")[0] == kind.partition(";")[0], address
        if "json" in kind:
            told = answer.json()
            found = [*told.get("links", []), *(one for c in told.get("collections", []) for one in c["links"])]
            waiting += [(one["href"], one["type"]) for one in found if one["rel"] not in ("next", "prev")]
    assert {f"{ground.url}/conformance", f"{ground.url}/collections", f"{ground.url}/api"} <= seen
    assert len(seen) > 30


def test_the_definition_describes_what_there_is(ground: Ground) -> None:
    """Each path of the definition answers, with each parameter that it names."""
    told = ground.get("/api").json()
    assert told["openapi"].startswith("3.0.")
    for path, about in told["paths"].items():
        if "{" in path:
            continue
        address = "" if path == "/" else path
        ground.get(address)
        names = {one["$ref"].rpartition("/")[2] if "$ref" in one else one["name"] for one in about["get"]["parameters"]}
        ground.get(address, status=400, nonsense="1")
        if path.endswith("/items"):
            assert {"bbox", "datetime", "limit", "filter", "filter-lang", "crs", "name"} <= names


def test_what_is_declared_is_that_and_no_more(ground: Ground) -> None:
    told = ground.get("/conformance").json()["conformsTo"]
    assert len(told) == len(set(told))
    for name in ("features-1/1.0/conf/core", "features-2/1.0/conf/crs", "features-4/1.0/conf/create-replace-delete"):
        assert f"http://www.opengis.net/spec/ogcapi-{name}" in told
    assert not [one for one in told if "accent" in one or "arithmetic" in one or "array" in one or "/functions" in one]


def test_collections_name_their_systems_and_their_extent(ground: Ground) -> None:
    told = ground.get("/collections").json()
    assert [one["id"] for one in told["collections"]] == LEVELS
    for one in told["collections"]:
        assert one["crs"][0] == CRS84 and one["storageCrs"] in one["crs"] and one["itemType"] == "feature"
        west, south, east, north = one["extent"]["spatial"]["bbox"][0]
        assert 105 < west < east < 111 and 28 < south < north < 33
        assert ground.get(f"/collections/{one['id']}").json() == one


def test_pages_lead_to_every_feature_once(ground: Ground) -> None:
    """Part 1, A.2.7.1: numberMatched, numberReturned, next and prev."""
    address: str | None = f"{ground.url}/collections/townships/items?limit=300"
    seen: list[str] = []
    while address:
        told = httpx.get(address, headers=ground.everywhere.headers, timeout=60).json()
        assert told["numberReturned"] == len(told["features"]) <= 300 and told["timeStamp"].endswith("Z")
        assert links(told, "prev") or not seen
        seen += [one["id"] for one in told["features"]]
        address = next(iter(links(told, "next")), None)
    assert len(seen) == len(set(seen)) == told["numberMatched"] > 1000


def test_limit_is_kept(ground: Ground) -> None:
    assert len(ground.items("townships", limit="1")) == 1
    assert 1000 < len(ground.items("townships", limit="100000")) <= 5000


_WRONG: list[dict[str, str]] = [
    {"limit": "0"}, {"limit": "-1"}, {"limit": "x"}, {"offset": "-1"}, {"bbox": "1,2,3"}, {"bbox": "1,2,3,x"},
    {"bbox": "1,5,2,4"}, {"bbox": "nan,1,2,3"}, {"datetime": "yesterday"}, {"datetime": "2025-11-06T00:00:00"},
    {"datetime": "2026-01-01T00:00:00Z/2025-01-01T00:00:00Z"}, {"recorded": "2026-01-01"}, {"crs": "EPSG:4326"},
    {"bbox_crs": f"{EPSG}2154", "bbox": "1,2,3,4"}, {"filter": "name ="}, {"filter": "true", "filter_lang": "cql"},
    {"filter": "true", "filter_crs": f"{EPSG}4326"}, {"f": "xml"}, {"unknown": "1"}, {"population": "many"},
    {"derived": "perhaps"}, {"filter": "x" * 9_000}, {"filter": "nothing = 1"},
]  # fmt: skip


def test_what_cannot_be_asked_is_400(ground: Ground) -> None:
    """Part 1, requirements 8 and 9: unknown parameters, and values that cannot be."""
    for asked in _WRONG:
        assert ground.get("/collections/townships/items", status=400, **asked).json()["error"], asked


def test_what_there_is_not_is_404(ground: Ground) -> None:
    for path in ("/collections/streets", "/collections/townships/items/0", "/collections/grids/items/x",
                 "/collections/draft-1", "/collections/streets/items", "/nothing"):  # fmt: skip
        ground.get(path, status=404)


def test_datetime_is_the_time_in_the_world(ground: Ground) -> None:
    """The reform of 2025-11-06: Liangjiang for Jiangbei, to the second; in a span both, each version once."""
    codes = [{one["properties"]["code"] for one in ground.items("districts", datetime=at)} for at in (BEFORE, AFTER)]
    assert JIANGBEI in codes[0] - codes[1] and LIANGJIANG in codes[1] - codes[0]
    spanned = ground.items("districts", datetime=f"{BEFORE}/..", limit=5000)
    assert {JIANGBEI, LIANGJIANG} <= {one["properties"]["code"] for one in spanned}
    ids = [one["id"] for one in spanned]
    assert len(ids) == len(set(ids)) and any(one.endswith(f"@{AFTER}") for one in ids)
    assert len(ground.items("districts", datetime="../..", limit=5000)) >= len(spanned)
    day = ground.items("districts", datetime="2025-11-06", limit=5000)
    assert JIANGBEI not in {one["properties"]["code"] for one in day}


def test_a_version_is_fetched_by_the_id_that_a_span_gave_it(ground: Ground) -> None:
    for one in ground.items("districts", datetime="../..", limit=5000):
        told = ground.get(f"/collections/districts/items/{one['id']}").json()
        assert told["properties"] == one["properties"] and told["geometry"] == one["geometry"]


def test_recorded_is_what_the_database_knew(ground: Ground) -> None:
    assert ground.items("districts", recorded="2019-01-01T00:00:00Z") == []
    now = ground.names("districts")
    ground.connection.execute(
        "update division_versions set recorded = tstzrange(lower(recorded), clock_timestamp()) where code = %s",
        (YUZHONG,),
    )
    assert ground.names("districts") == now - {"渝中区"}
    (row,) = ground.connection.execute(
        "select upper(recorded) - interval '1 ms' from division_versions where code = %s", (YUZHONG,)
    ).fetchall()
    assert ground.names("districts", recorded=row[0].isoformat()) == now


def test_bbox_finds_what_intersects_it(ground: Ground) -> None:
    box = shapely.box(106.5, 29.5, 106.6, 29.6)
    everything = ground.items("townships", limit=5000)
    expected = {one["id"] for one in everything if shapely.intersects(box, shapely.geometry.shape(one["geometry"]))}
    assert 10 < len(expected) < 200
    systems = {
        CRS84: "106.5,29.5,106.6,29.6",
        f"{EPSG}4326": "29.5,106.5,29.6,106.6",
        f"{EPSG}4490": "29.5,106.5,29.6,106.6",
    }
    for system, asked in systems.items():
        found = {one["id"] for one in ground.items("townships", bbox=asked, bbox_crs=system, limit=5000)}
        assert found == expected, system
    assert {one["id"] for one in ground.items("townships", bbox="106.5,29.5,0,106.6,29.6,9", limit=5000)} == expected


def test_a_bbox_in_metres_has_the_axes_of_its_system(ground: Ground) -> None:
    near = {one["id"] for one in ground.items("townships", bbox="106.519,29.549,106.581,29.571")}
    within = {one["id"] for one in ground.items("townships", bbox="106.521,29.551,106.579,29.569")}
    for code in ("4544", "4545", "4546", "3857"):
        forward = pyproj.Transformer.from_crs("EPSG:4490", f"EPSG:{code}")  # with the axes as EPSG has them
        (a, b), (c, d) = forward.transform(29.55, 106.52), forward.transform(29.57, 106.58)
        found = {one["id"] for one in ground.items("townships", bbox=f"{a},{b},{c},{d}", bbox_crs=f"{EPSG}{code}")}
        assert within <= found <= near and within, code


def test_features_come_in_the_system_that_is_asked_for(ground: Ground) -> None:
    """Part 2: Content-Crs, and axes in the order of the system: PROJ with its own order finds the way back."""
    (plain,) = ground.items("districts", name="渝中区")
    there = shapely.get_coordinates(shapely.geometry.shape(plain["geometry"]))
    for code in ("4490", "4326", "4544", "4545", "4546", "3857"):
        answer = ground.get("/collections/districts/items", crs=f"{EPSG}{code}", name="渝中区")
        assert answer.headers["content-crs"] == f"<{EPSG}{code}>"
        (shown,) = answer.json()["features"]
        back = pyproj.Transformer.from_crs(f"EPSG:{code}", "EPSG:4490")
        moved = np.column_stack(back.transform(*shapely.get_coordinates(shapely.geometry.shape(shown["geometry"])).T))
        assert np.abs(moved[:, ::-1] - there).max() < 3e-9, code
    assert ground.get("/collections/districts/items").headers["content-crs"] == f"<{CRS84}>"


def test_polygons_are_of_one_type_and_turn_as_geojson_asks(ground: Ground) -> None:
    for one in ground.items("townships", limit=200):
        assert one["geometry"]["type"] == "MultiPolygon"
        for rings in one["geometry"]["coordinates"]:
            assert shapely.is_ccw(shapely.linearrings(rings[0]))


def test_features_are_found_by_their_values_and_by_filters(ground: Ground) -> None:
    grids = ground.items("grids", limit=5000)
    assert len(grids) == 24
    assert ground.names("grids", name="1镇5网格") == {"1镇5网格"}
    assert ground.names("grids", name="1镇5网格", households="400") == {"1镇5网格"}
    assert ground.names("grids", derived="true") == set()
    assert ground.names("grids", filter="name LIKE '1镇%' AND households BETWEEN 300 AND 500") == {
        f"1镇{i}网格" for i in range(1, 13)
    }
    one = shapely.geometry.shape(grids[0]["geometry"])
    point = shapely.point_on_surface(one)
    inside = f"S_INTERSECTS(geometry, POINT({point.x} {point.y}))"
    assert ground.names("grids", filter=inside) == {grids[0]["properties"]["name"]}
    as_json = '{"op": "in", "args": [{"property": "name"}, ["1镇1网格", "2镇1网格"]]}'
    assert ground.names("grids", filter=as_json, filter_lang="cql2-json") == {"1镇1网格", "2镇1网格"}
    since = "T_AFTER(since, TIMESTAMP('2025-01-01T00:00:00Z'))"
    assert LIANGJIANG in {one["properties"]["code"] for one in ground.items("districts", filter=since)}


def test_queryables_are_what_can_be_asked_and_the_schema_what_is_told(ground: Ground) -> None:
    told = ground.get("/collections/districts/queryables")
    assert told.headers["content-type"] == "application/schema+json" and told.json()["additionalProperties"] is False
    (feature,) = ground.items("districts", name="渝中区")
    asked, shown = told.json()["properties"], ground.get("/collections/districts/schema").json()["properties"]
    assert set(shown) == {*feature["properties"], "geometry"} == set(asked)
    for name, value in feature["properties"].items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if value not in (None, ""):
            assert "渝中区" in ground.names("districts", **{name: text}), name


def test_a_scope_shows_its_own_and_what_that_lies_in(ground: Ground) -> None:
    planner = ground.planner
    told = {name: ground.names(name, who=planner) for name in LEVELS}
    assert told == {"districts": {"试验区"}, "townships": {"第1镇"}, "grids": {f"1镇{i}网格" for i in range(1, 13)}}
    ground.get(f"/collections/grids/items/{ground.district.grids[0]}", who=planner)
    ground.get(f"/collections/grids/items/{ground.district.grids[-1]}", who=planner, status=404)
    extent = ground.get("/collections/grids", who=planner).json()["extent"]["spatial"]["bbox"][0]
    everything = ground.get("/collections/grids").json()["extent"]["spatial"]["bbox"][0]
    assert extent[2] < everything[2]


def test_who_may_not_see_the_map_is_not_let_in(ground: Ground) -> None:
    assert httpx.get(f"{ground.url}/collections").status_code == 401
    other = program(ground.connection, "other", None, role="administrator", rights=frozenset({"status.read"}))
    ground.get("/collections", who=other, status=403)


def test_people_get_pages(ground: Ground) -> None:
    headers = {**ground.running.headers, "Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    for path in ("", "/collections", "/collections/grids", "/collections/grids/items?limit=5", "/conformance", "/api",
                 "/collections/grids/schema", f"/collections/grids/items/{ground.district.grids[0]}"):  # fmt: skip
        for language in ("zh", "en"):
            answer = httpx.get(ground.url + path, params={"lang": language, **_query(path)}, headers=headers)
            assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/html"), answer.text
            assert "</html>" in answer.text and ("1镇1网格" in answer.text) == ("/items" in path), path


def _query(path: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
