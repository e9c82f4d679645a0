"""OGC API – Features, Part 4: OWSLib's client and plain HTTP edit a draft; what is in force stays as it is."""

import json
from typing import Any
from uuid import UUID

import httpx
import pytest
import shapely
from owslib.ogcapi.features import Features

from config.database import Connection
from tests.browser.accounts import signed_in
from tests.browser.conftest import Running, Serve
from tests.browser.ogc_ground import EPSG, Ground, Program, ogc_ground, program


@pytest.fixture
def running(city_url: str, serve: Serve) -> Running:
    return serve(city_url)


@pytest.fixture
def ground(running: Running, city: Connection) -> Ground:
    return ogc_ground(running, city)


def send(
    ground: Ground, method: str, path: str, body: Any = None, *, who: Program | None = None, status: int = 200,
    kind: str = "application/geo+json", **headers: str,
) -> httpx.Response:  # fmt: skip
    """A change of the API; headers as `If_Match`."""
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = httpx.request(
        method,
        f"{ground.url}/collections/{path}",
        content=None if body is None else json.dumps(body),
        headers={**(who or ground.planner).headers, **told, **({} if body is None else {"Content-Type": kind})},
        timeout=60,
    )
    assert answer.status_code == status, answer.text
    return answer


def feature(geometry: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": shapely.geometry.mapping(geometry)}


def shape_of(told: dict[str, Any]) -> Any:
    return shapely.geometry.shape(told["geometry"])


def kinds(answer: httpx.Response) -> set[str]:
    """Of the errors that a draft has after a change."""
    return {one["kind"] for one in answer.json()["findings"] if one["severity"] == "error"}


def unit(ground: Ground, draft: UUID, key: str) -> dict[str, Any]:
    told: dict[str, Any] = ground.get(f"/collections/draft-{draft}/items/{key}", who=ground.planner).json()
    return told


def test_owslib_edits_a_draft(ground: Ground) -> None:
    """Another hand's client: it reads the draft, puts a feature with another name, makes one, and deletes it."""
    draft = ground.draft()
    client = Features(f"{ground.url}/", headers=ground.planner.headers)
    name = f"draft-{draft}"
    assert name in client.feature_collections()
    told = client.collection_items(name, limit=100)
    assert told["numberMatched"] == 12
    one = told["features"][0]
    one["properties"]["name"] = "改名网格"
    client.headers["Content-Type"] = "application/geo+json"
    assert client.collection_item_update(name, one["id"], json.dumps(one))
    assert client.collection_item(name, one["id"])["properties"] == {**one["properties"], "state": "changed"}

    part = shapely.geometry.mapping(shapely.point_on_surface(shape_of(one)).buffer(0.0002))
    body = {"type": "Feature", "properties": {"name": "新网格", "code": ""}, "geometry": part}
    assert client.collection_item_create(name, json.dumps(body))
    made = client.response_headers["Location"].rpartition("/")[2]
    assert client.collection_item(name, made)["properties"]["parent_id"] == ground.district.townships[0]
    assert client.collection_item_delete(name, made)
    with pytest.raises(RuntimeError):
        client.collection_item(name, made)
    assert "改名网格" not in ground.names("grids")  # nothing in force has changed


def test_an_edit_answers_with_what_it_left_open(ground: Ground) -> None:
    """A unit that goes leaves a gap; the unit that takes its land closes it."""
    at = f"draft-{ground.draft()}/items"
    first, second = (unit(ground, UUID(at[6:42]), f"d{number}") for number in ground.district.grids[:2])
    gone = send(ground, "DELETE", f"{at}/{first['id']}")
    assert "gap" in kinds(gone) and gone.headers["shijing-findings"].startswith("errors=")
    assert gone.headers["etag"] == f'"{gone.json()["revision"]}"'
    both = shapely.union(shape_of(first), shape_of(second))
    second["geometry"] = shapely.geometry.mapping(both)
    mended = send(ground, "PUT", f"{at}/{second['id']}", second)
    assert kinds(mended) == set() and mended.json()["revision"] == gone.json()["revision"] + 1


def test_a_patch_changes_what_it_names(ground: Ground) -> None:
    draft, key = ground.draft(), f"d{ground.district.grids[0]}"
    before = unit(ground, draft, key)
    answer = send(
        ground, "PATCH", f"draft-{draft}/items/{key}", {"properties": {"households": 350}},
        kind="application/merge-patch+json",
    )  # fmt: skip
    assert kinds(answer) == set()
    after = unit(ground, draft, key)
    assert after["properties"] == {**before["properties"], "households": 350, "state": "changed"}
    assert after["geometry"] == before["geometry"]
    send(ground, "PATCH", f"draft-{draft}/items/{key}", {"properties": {"households": None}})
    assert unit(ground, draft, key)["properties"]["households"] is None


def test_optimistic_locking_by_revision(ground: Ground) -> None:
    draft, key = ground.draft(), f"d{ground.district.grids[0]}"
    at = f"draft-{draft}/items/{key}"
    tag = ground.get(f"/collections/{at}", who=ground.planner).headers["etag"]
    patch = {"properties": {"name": "甲"}}
    moved = send(ground, "PATCH", at, patch, If_Match=tag)
    assert moved.headers["etag"] != tag
    send(ground, "PATCH", at, patch, status=412, If_Match=tag)
    send(ground, "DELETE", at, status=412, If_Match=tag)
    send(ground, "PATCH", at, {"properties": {"name": "乙"}}, If_Match=moved.headers["etag"])
    send(ground, "PATCH", at, {"properties": {"name": "丙"}}, If_Match="*")


def test_what_comes_back_in_another_system_leaves_no_seam(ground: Ground) -> None:
    """QGIS edits in metres: read in a Gauss-Krüger zone and put back as it is, nothing is open."""
    draft, key = ground.draft(), f"d{ground.district.grids[4]}"
    for code in ("4545", "4490", "3857"):
        system = f"{EPSG}{code}"
        told = ground.get(f"/collections/draft-{draft}/items/{key}", who=ground.planner, crs=system).json()
        told["properties"]["name"] = f"网格{code}"
        answer = send(ground, "PUT", f"draft-{draft}/items/{key}", told, Content_Crs=f"<{system}>")
        assert kinds(answer) == set(), code


_BAD: list[tuple[Any, str, int]] = [
    ("{", "application/geo+json", 400), ([], "application/geo+json", 400), ({"type": "Point"}, "application/json", 400),
    ({"type": "Feature", "properties": {}, "geometry": None}, "application/geo+json", 422),
    (feature(shapely.Point(107, 29.5), name="x"), "application/geo+json", 422),
    (feature(shapely.box(107, 29.5, 107.001, 29.501)), "application/geo+json", 422),  # without a name
    (feature(shapely.box(107, 29.5, 107.001, 29.501), name="x", households="many"), "application/geo+json", 422),
    (feature(shapely.box(10, 29.5, 10.001, 29.501), name="x"), "application/geo+json", 422),  # lies in nothing
    ({}, "text/plain", 415),
]  # fmt: skip


def test_what_is_no_unit_is_refused_and_changes_nothing(ground: Ground) -> None:
    draft = ground.draft()
    at = f"draft-{draft}/items"
    for body, kind, status in _BAD:
        answer = httpx.post(
            f"{ground.url}/collections/{at}", content=body if isinstance(body, str) else json.dumps(body),
            headers={**ground.planner.headers, "Content-Type": kind}, timeout=60,
        )  # fmt: skip
        assert answer.status_code == status and answer.json()["error"], (body, answer.text)
    send(
        ground, "POST", at, feature(shapely.box(107, 29.5, 107.001, 29.501), name="x"), status=400, Content_Crs="EPSG:1"
    )
    send(ground, "PUT", f"{at}/d0", feature(shapely.box(107, 29.5, 107.001, 29.501), name="x"), status=404)
    send(ground, "DELETE", f"{at}/n7", status=404)
    answer = ground.get(f"/collections/{at}", who=ground.planner)
    assert answer.headers["etag"] == '"0"' and answer.json()["numberMatched"] == 12


def test_nobody_edits_beyond_their_scope_or_beside_another(ground: Ground) -> None:
    other = program(ground.connection, "other", ground.district.townships[1])
    viewer = program(ground.connection, "viewer", None, role="screen", rights=frozenset({"map.read"}))
    draft, key = ground.draft(), f"d{ground.district.grids[0]}"
    at = f"draft-{draft}/items/{key}"
    patch = {"properties": {"name": "甲"}}
    for who, reads, writes in ((other, 404, 404), (viewer, 404, 403)):
        ground.get(f"/collections/{at}", who=who, status=reads)
        assert f"draft-{draft}" not in ground.get("/collections", who=who).text
        send(ground, "PATCH", at, patch, who=who, status=writes)
    send(ground, "PATCH", at, patch)
    told = send(ground, "PATCH", at, {"properties": {"name": "乙"}}, who=ground.everywhere, status=423)
    assert told.json()["lock"]["mine"] is False
    send(ground, "PUT", f"grids/items/{ground.district.grids[0]}", patch, status=404)  # in force: only by a draft


def test_a_draft_that_is_not_open_is_not_edited(ground: Ground) -> None:
    draft, key = ground.draft(), f"d{ground.district.grids[0]}"
    ground.connection.execute("update boundary_drafts set state = 'withdrawn' where id = %s", (draft,))
    send(ground, "PATCH", f"draft-{draft}/items/{key}", {"properties": {"name": "甲"}}, status=409)
    assert "POST" not in send(ground, "OPTIONS", f"draft-{draft}/items", status=204).headers["allow"]


def test_clients_are_told_what_they_may_do(ground: Ground) -> None:
    """QGIS looks at Allow before it offers to edit."""
    draft = ground.draft()
    assert send(ground, "OPTIONS", f"draft-{draft}/items", status=204).headers["allow"] == "GET, OPTIONS, POST"
    item = send(ground, "OPTIONS", f"draft-{draft}/items/d{ground.district.grids[0]}", status=204).headers
    assert item["allow"] == "GET, OPTIONS, PUT, PATCH, DELETE" and "merge-patch" in item["accept-patch"]
    assert send(ground, "OPTIONS", "grids/items", status=204).headers["allow"] == "GET, OPTIONS"
    told = ground.get("/api", who=ground.planner).json()["paths"][f"/collections/draft-{draft}/items/{{featureId}}"]
    assert {"get", "put", "patch", "delete"} <= set(told)


def test_a_page_of_another_site_cannot_edit(ground: Ground) -> None:
    """A session needs what our pages send with a change; a token, which no browser adds by itself, does not."""
    session = signed_in(ground.connection, "browser", [("planner", ground.district.townships[0])])
    at = f"{ground.url}/collections/draft-{ground.draft()}/items/d{ground.district.grids[0]}"
    body, kind = json.dumps({"properties": {"name": "甲"}}), {"Content-Type": "application/json"}
    cookie = {"Cookie": session.headers["Cookie"]}
    assert httpx.patch(at, content=body, headers={**cookie, **kind}).status_code == 403
    assert httpx.patch(at, content=body, headers={**session.headers, **kind}).status_code == 200
