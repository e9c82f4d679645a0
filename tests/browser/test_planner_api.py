"""Drafts of boundaries over HTTP: drawn in as a page does, refused in words, seen by nobody beyond their scope."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
import pytest
import shapely

from benchmarks.boundaries_district import District, seed_district
from config.database import Connection
from tests.browser.accounts import SignedIn, signed_in
from tests.browser.conftest import Running, Serve
from tests.database.rights_city import add_sensor

API = "/api/boundaries/drafts"


@pytest.fixture
def district(connection: Connection) -> District:
    return seed_district(connection, townships=3, columns=4, rows=3)


@pytest.fixture
def running(database_url: str, district: District, serve: Serve) -> Running:
    return serve(database_url)


@dataclass
class Page:
    """A planner's page, open on a draft."""

    client: httpx.Client
    who: SignedIn
    draft: str = ""
    revision: int = 0

    def get(self, path: str = "") -> httpx.Response:
        return self.client.get(f"{API}/{self.draft}{path}", headers=self.who.headers)

    def post(self, path: str, body: Any) -> httpx.Response:
        return self.client.post(f"{API}/{self.draft}{path}", json=body, headers=self.who.headers)

    def open(self, root: int, level: str = "grid", title: str = "调整网格") -> dict[str, Any]:
        answer = self.client.post(API, json={"root_id": root, "level": level, "title": title}, headers=self.who.headers)
        assert answer.status_code == 201, answer.text
        head: dict[str, Any] = answer.json()
        self.draft, self.revision = head["id"], head["revision"]
        return head

    def send(self, *steps: dict[str, Any]) -> httpx.Response:
        asked = [{"id": str(uuid4()), "step": one} for one in steps]
        return self.post("/steps", {"revision": self.revision, "steps": asked})

    def take(self, *steps: dict[str, Any]) -> dict[str, Any]:
        answer = self.send(*steps)
        assert answer.status_code == 200, answer.text
        came: dict[str, Any] = answer.json()
        self.revision = came["revision"]
        return came

    def go(self, path: str) -> dict[str, Any]:
        answer = self.post(path, {"revision": self.revision})
        assert answer.status_code == 200, answer.text
        came: dict[str, Any] = answer.json()
        self.revision = came["revision"]
        return came

    def units(self, of: str = "units") -> dict[str, dict[str, Any]]:
        return {one["id"]: one for one in self.get(f"/{of}").json()["units"]["features"]}


@pytest.fixture
def client(running: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running.url.rstrip("/"), timeout=60) as opened:
        yield opened


@pytest.fixture
def page(client: httpx.Client, connection: Connection, district: District) -> Page:
    """Of a planner of the first township."""
    return Page(client=client, who=signed_in(connection, "planner-1", [("planner", district.townships[0])]))


def rename(key: str, name: str) -> dict[str, Any]:
    return {"kind": "rename", "unit": key, "name": name}


def middle_of(units: dict[str, dict[str, Any]], one: str, other: str) -> list[float]:
    """A vertex within a shared border."""
    shapes = [shapely.from_geojson(httpx.Response(200, json=units[key]["geometry"]).content) for key in (one, other)]
    both = shapely.line_merge(shapely.intersection(*shapes))
    return list(both.coords[len(both.coords) // 2])


def test_a_draft_is_opened_read_and_drawn_in(page: Page, district: District, connection: Connection) -> None:
    head = page.open(district.townships[0])
    assert head["root"] == {
        "id": district.townships[0], "code": "500199001", "name": "第1镇", "level": "township"
    }  # fmt: skip
    assert (head["state"], head["editable"], head["outdated"], head["lock"]) == ("draft", True, False, None)
    assert head["opened_by"] == "planner-1"
    drawn = page.get("/units").json()
    assert drawn["revision"] == 0
    units = {one["id"]: one for one in drawn["units"]["features"]}
    first, second = (f"d{one}" for one in district.grids[:2])
    about = units[first]["properties"]
    assert (about["key"], about["division_id"], about["parent_id"]) == (first, district.grids[0], district.townships[0])
    assert (about["code"], about["name"], about["households"]) == ("500199001000001", "1镇1网格", 400)
    assert (about["state"], about["sensors"]) == ("same", 0)
    assert 130_000 < about["area_m2"] < 190_000
    row = connection.execute(
        "select geometry from boundary_versions where division_id = %s", (district.grids[0],)
    ).fetchone()
    assert row is not None
    told = shapely.from_geojson(httpx.Response(200, json=units[first]["geometry"]).content)
    assert shapely.get_coordinates(told).tolist() == shapely.get_coordinates(shapely.from_wkb(row[0])).tolist()
    assert [one["properties"]["name"] for one in drawn["parents"]["features"]] == ["第1镇"]
    near = {one["properties"]["name"] for one in drawn["neighbours"]["features"]}
    assert near == {f"2镇{i}网格" for i in (1, 5, 9)}  # the grids next door, and none farther away

    at = middle_of(units, first, second)
    came = page.take({"kind": "move", "moves": [[at, [round(at[0] + 1e-5, 9), at[1]]]]})
    assert {one["id"] for one in came["changed"]["features"]} == {first, second}
    assert {one["properties"]["state"] for one in came["changed"]["features"]} == {"changed"}
    assert (came["revision"], came["undo"], came["redo"], came["gone"]) == (1, 1, 0, [])
    assert page.get().json()["lock"]["mine"]
    came = page.take({"kind": "merge", "units": [first, second], "into": first})
    assert (came["gone"], [one["id"] for one in came["changed"]["features"]]) == ([second], [first])
    assert "area_large" not in {one["kind"] for one in came["findings"]}
    assert page.units()[first]["properties"]["state"] == "changed"
    assert page.units("base") == units

    came = page.go("/undo")
    assert {one["id"] for one in came["changed"]["features"]} == {first, second}
    came = page.go("/undo")
    assert (came["undo"], came["redo"], came["revision"]) == (0, 2, 4)
    assert page.units() == units
    assert page.go("/redo")["undo"] == 1
    told = page.get("/history").json()["steps"]
    assert [(one["kind"], one["in_force"], one["made_by"]) for one in told] == [
        ("merge", False, "planner-1"), ("move", True, "planner-1"),
    ]  # fmt: skip
    assert told[1]["units"] == sorted((first, second))


def test_sensors_are_counted_where_they_stand(page: Page, district: District, connection: Connection) -> None:
    sensor = add_sensor(connection, "gas-x")
    page.open(district.townships[0])
    first, second = (f"d{one}" for one in district.grids[:2])
    point = shapely.point_on_surface(
        shapely.from_geojson(httpx.Response(200, json=page.units()[first]["geometry"]).content)
    )
    connection.execute(
        "insert into sensor_places (sensor_id, lon, lat, reason) values (%s, %s, %s, 'installed')",
        (sensor, point.x, point.y),
    )
    connection.execute(
        "insert into sensor_divisions (sensor_id, level, division_id, valid)"
        " values (%s, 'township', %s, tstzrange(null, null))",
        (sensor, district.townships[0]),
    )
    assert [page.units()[key]["properties"]["sensors"] for key in (first, second)] == [1, 0]
    came = page.take({"kind": "merge", "units": [first, second], "into": second})
    assert came["changed"]["features"][0]["properties"]["sensors"] == 1


def test_a_queue_that_is_sent_again_is_taken_once(page: Page, district: District) -> None:
    page.open(district.townships[0])
    asked = [{"id": str(uuid4()), "step": rename(f"d{district.grids[i]}", f"改{i}")} for i in range(3)]
    assert page.post("/steps", {"revision": 0, "steps": asked[:2]}).json()["revision"] == 2
    again = page.post("/steps", {"revision": 0, "steps": asked}).json()
    assert (again["revision"], again["undo"], again["taken"]) == (3, 3, [one["id"] for one in asked])
    assert [one["properties"]["name"] for one in again["changed"]["features"]] == ["改0", "改1", "改2"]


def test_what_does_not_go_is_told_in_both_languages(page: Page, district: District) -> None:
    page.open(district.townships[0])
    page.take(rename(f"d{district.grids[0]}", "甲"))
    page.revision = 0
    moved = page.send(rename(f"d{district.grids[0]}", "乙"))
    assert (moved.status_code, moved.json()["revision"]) == (409, 1)
    page.revision = 1
    unknown = page.send({"kind": "remove_vertex", "at": [107, 29]})
    told = unknown.json()
    assert (unknown.status_code, told["code"]) == (422, "no_vertex")
    assert told["error"]
    assert told["error_zh"]
    step = {"id": str(uuid4()), "step": {"kind": "move", "moves": [[[200, 0], [1, 1]]]}}
    malformed = page.post("/steps", {"revision": 1, "steps": [step]})
    assert (malformed.status_code, malformed.json()["code"], malformed.json()["step"]) == (
        422, "malformed", step["id"],
    )  # fmt: skip
    assert page.post("/redo", {"revision": 1}).status_code == 409
    assert page.get().json()["revision"] == 1


BAD: list[Any] = [
    {}, {"revision": 0}, {"revision": -1, "steps": []}, {"revision": 0, "steps": []},
    {"revision": 0, "steps": [{"id": "no", "step": {}}]}, {"revision": 0, "steps": "no"}, [], "no",
    {"revision": 2**40, "steps": [{"id": str(uuid4()), "step": {"kind": "rename", "unit": "d1"}}]},
    {"revision": 0, "steps": [{"id": str(uuid4()), "step": {"kind": "melt"}}]},
    {"revision": 0, "steps": [{"id": str(uuid4()), "step": {"kind": "rename", "unit": "x1", "name": "名"}}]},
    {"revision": 0, "steps": [{"id": str(uuid4()), "step": {"kind": "rename", "unit": "d99999999", "name": "名"}}]},
    {"revision": 0, "steps": [{"id": str(uuid4()), "step": {"kind": "replace", "units": [], "gone": []}}]},
    {"revision": 0, "steps": [{"id": str(uuid4()), "step": {"kind": "split", "unit": "d1", "line": [[0, 0]]}}]},
    {"revision": 0, "steps": [{"id": str(uuid4()), "step": {"kind": "replace", "gone": [], "units": [
        {"name": "新", "code": "1", "parent_id": 10**12, "kind": "", "geometry": {"type": "Point", "coordinates": []}}
    ]}}]},
    {"revision": 0, "steps": [{"id": str(uuid4()), "step": None}], "more": 1},
]  # fmt: skip


@pytest.mark.parametrize("body", BAD)
def test_bad_input_is_refused_and_changes_nothing(page: Page, district: District, body: Any) -> None:
    page.open(district.townships[0])
    answer = page.post("/steps", body)
    assert answer.status_code in {409, 422}, answer.text
    assert answer.json()["error"]
    assert page.get().json()["revision"] == 0


def test_a_name_with_a_nul_is_refused(page: Page, district: District) -> None:
    page.open(district.townships[0])
    answer = page.send(rename(f"d{district.grids[0]}", "甲\u0000乙"))
    assert answer.status_code == 422
    assert page.take(rename(f"d{district.grids[0]}", "甲"))["revision"] == 1  # nothing of it was remembered


def test_a_body_that_is_too_long_or_no_json_is_refused(page: Page, district: District) -> None:
    page.open(district.townships[0])
    headers = {**page.who.headers, "Content-Type": "application/json"}
    path = f"{API}/{page.draft}/steps"
    assert page.client.post(path, content=b" " * (16 * 2**20 + 1), headers=headers).status_code == 413
    assert page.client.post(path, content=b"{}", headers=page.who.headers).status_code == 415
    assert page.client.post(path, content=b"\xff{", headers=headers).status_code == 422


def test_a_polygon_of_a_hundred_thousand_vertices_is_drawn(page: Page, district: District) -> None:
    page.open(district.townships[0])
    turn = np.linspace(0, 2 * np.pi, 100_000)
    ring = np.round(np.column_stack([np.cos(turn), np.sin(turn)]) * 0.0005 + (107.002, 29.502), 9).tolist()
    ring[-1] = ring[0]
    unit = {
        "name": "圆形网格", "code": "500199001000099", "parent_id": district.townships[0], "kind": "",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }  # fmt: skip
    came = page.take({"kind": "replace", "units": [unit]})
    assert "n1" in {one["id"] for one in came["changed"]["features"]}
    assert "overlap" in {one["kind"] for one in came["findings"]}


def test_findings_are_told_and_mended(page: Page, district: District, connection: Connection) -> None:
    grid = district.grids[0]
    row = connection.execute("select geometry from boundary_versions where division_id = %s", (grid,)).fetchone()
    assert row is not None
    hole = shapely.Point(107.002, 29.502).buffer(0.0003, quad_segs=1)
    holed = shapely.set_precision(shapely.difference(shapely.from_wkb(row[0]), hole), 1e-9)
    connection.execute(
        "update boundary_versions set geometry = %s where division_id = %s", (shapely.to_wkb(holed), grid)
    )
    page.open(district.townships[0])
    found = page.get("/findings").json()
    gap = next(one for one in found["findings"] if one["kind"] == "gap")
    assert gap["severity"] == "error"
    assert gap["unit"] == "m²"
    assert 1000 < gap["size"] < 3000
    assert gap["zh"]
    assert gap["en"]
    assert shapely.from_geojson(httpx.Response(200, json=gap["geometry"]).content).contains(
        shapely.Point(gap["lon"], gap["lat"])
    )
    step = str(uuid4())
    mended = page.post(f"/findings/{gap['id']}/mend", {"revision": 0, "id": step})
    assert mended.status_code == 200, mended.text
    assert "gap" not in {one["kind"] for one in mended.json()["findings"]}
    again = page.post(f"/findings/{gap['id']}/mend", {"revision": 0, "id": step})  # the answer had not come
    assert (again.status_code, again.json()["taken"], again.json()["revision"]) == (200, [step], 1)
    assert page.post(f"/findings/{gap['id']}/mend", {"revision": 1, "id": str(uuid4())}).status_code == 404


def test_lines_to_snap_to_are_those_of_the_box(page: Page, district: District) -> None:
    page.open(district.townships[0])
    box = "/snap?west=107&south=29.5&east=107.02&north=29.52"
    told = page.get(box).json()
    kinds = {one["properties"]["kind"] for one in told["features"]}
    assert "parent" in kinds
    assert told["attribution"]
    assert page.get("/snap?west=100&south=20&east=110&north=30").status_code == 409
    assert page.get("/snap?west=107&south=29.5&east=nan&north=29.52").status_code == 422
    assert page.get("/snap").status_code == 422
    roads = page.get("/snap?west=106.55&south=29.54&east=106.58&north=29.57").json()
    assert "road" in {one["properties"]["kind"] for one in roads["features"]}


def test_who_draws_is_told_to_the_next_one(page: Page, district: District, connection: Connection) -> None:
    above = Page(client=page.client, who=signed_in(connection, "planner-2", [("planner", district.district)]))
    above.open(district.district)
    page.open(district.townships[0])
    page.take(rename(f"d{district.grids[0]}", "甲"))
    locked = above.send(rename(f"d{district.grids[-1]}", "乙"))
    assert locked.status_code == 423
    lock = locked.json()["lock"]
    assert (lock["held_by"], lock["mine"], lock["draft_id"]) == ("planner-1", False, page.draft)
    assert "planner-1" in locked.json()["error_zh"]
    assert above.post("/lock", {}).status_code == 423
    assert above.get().json()["lock"]["held_by"] == "planner-1"
    assert above.post("/unlock", {}).json()["lock"] is not None  # it is not theirs
    assert page.post("/unlock", {}).json()["lock"] is None
    assert above.post("/lock", {}).json()["lock"]["mine"]
    assert page.send(rename(f"d{district.grids[0]}", "丙")).status_code == 423
    assert page.post("/discard", {}).status_code == 423


def test_a_draft_that_is_given_up_is_read_and_not_drawn_in(page: Page, district: District) -> None:
    page.open(district.townships[0])
    page.take(rename(f"d{district.grids[0]}", "甲"))
    head = page.post("/discard", {}).json()
    assert (head["state"], head["editable"], head["lock"]) == ("withdrawn", False, None)
    refused = page.send(rename(f"d{district.grids[0]}", "乙"))
    assert (refused.status_code, refused.json()["state"]) == (409, "withdrawn")
    assert page.units()[f"d{district.grids[0]}"]["properties"]["name"] == "甲"


def test_a_draft_is_put_on_what_is_in_force(page: Page, district: District, connection: Connection) -> None:
    page.open(district.townships[0])
    page.take(rename(f"d{district.grids[0]}", "甲"), rename(f"d{district.grids[1]}", "乙"))
    connection.execute(
        "update division_versions set recorded = tstzrange(lower(recorded), clock_timestamp()) where division_id = %s",
        (district.grids[1],),
    )
    assert page.get().json()["outdated"]
    told = page.post("/rebase", {"revision": 2}).json()
    assert (told["head"]["revision"], told["head"]["undo"], told["head"]["outdated"]) == (3, 1, False)
    assert [(one["kind"], one["code"]) for one in told["dropped"]] == [("rename", "unknown_unit")]
    assert set(page.units()) == {f"d{one}" for one in district.grids[:12]} - {f"d{district.grids[1]}"}


def test_nobody_sees_or_opens_a_draft_beyond_their_scope(
    page: Page, district: District, connection: Connection
) -> None:
    other = Page(client=page.client, who=signed_in(connection, "planner-2", [("planner", district.townships[1])]))
    above = Page(client=page.client, who=signed_in(connection, "planner-3", [("planner", district.district)]))
    nobody = Page(client=page.client, who=signed_in(connection, "official", [("township_official", None)]))
    page.open(district.townships[0])
    drafts = {name: [one["id"] for one in who.client.get(API, headers=who.who.headers).json()["drafts"]]
              for name, who in (("own", page), ("other", other), ("above", above))}  # fmt: skip
    assert drafts == {"own": [page.draft], "other": [], "above": [page.draft]}
    other.draft = nobody.draft = page.draft
    body = {"revision": 0, "steps": [{"id": str(uuid4()), "step": rename(f"d{district.grids[0]}", "甲")}]}
    asked = [("/units", None), ("/base", None), ("/history", None), ("/findings", None), ("", None), ("/lock", {}),
             ("/unlock", {}), ("/discard", {}), ("/steps", body), ("/undo", {"revision": 0}),
             ("/redo", {"revision": 0}), ("/rebase", {"revision": 0}),
             ("/snap?west=107&south=29.5&east=107.02&north=29.52", None)]  # fmt: skip
    for path, sent in asked:
        for who, status in ((other, 404), (nobody, 403)):
            answer = who.get(path) if sent is None else who.post(path, sent)
            assert answer.status_code == status, path
    assert page.get().json()["revision"] == 0
    for root in (district.townships[0], district.district, district.city, 10_000):
        answer = page.client.post(
            API, json={"root_id": root, "level": "grid", "title": "越界"}, headers=other.who.headers
        )
        assert answer.status_code == 409
        assert answer.json()["error"] == "no division of yours has that id"


def test_the_list_is_filtered(page: Page, district: District) -> None:
    first = page.open(district.townships[0], title="甲")["id"]
    page.post("/discard", {})
    second = page.open(district.townships[0], title="乙")["id"]

    def listed(query: str) -> list[str]:
        answer = page.client.get(f"{API}?{query}", headers=page.who.headers)
        return [one["id"] for one in answer.json()["drafts"]]

    assert listed("") == [second, first]
    assert listed("state=withdrawn") == [first]
    assert listed(f"root={district.townships[0]}") == [second, first]
    assert listed(f"root={district.townships[1]}") == []
    assert page.client.get(f"{API}?state=none", headers=page.who.headers).status_code == 422
