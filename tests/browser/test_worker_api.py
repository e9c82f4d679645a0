"""What a worker's phone asks and sends: one's own and nobody else's, each answer once, receipts in one go."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from access.vault import Vault
from config.database import Connection
from tests.browser.accounts import signed_in
from tests.browser.conftest import Running, Serve
from tests.browser.worker_ground import Flooded, flooded, link
from tests.database.people_seed import GRID, OTHER_GRID, VILLAGE
from web.metrics import REQUESTS

JPEG = b"\xff\xd8\xff\xe0 a picture"


@pytest.fixture
def flood(connection: Connection, tmp_path: Path) -> Flooded:
    made = flooded(connection, tmp_path)
    made.flood()
    return made


@pytest.fixture
def served(flood: Flooded, database_url: str, serve: Serve) -> Running:
    return serve(database_url, vault=flood.ground.town.vault)


@pytest.fixture
def worker(flood: Flooded, served: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, headers=flood.workers["网格员"].headers, timeout=30) as opened:
        yield opened


@pytest.fixture
def leader(flood: Flooded, served: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, headers=flood.workers["网格长"].headers, timeout=30) as opened:
        yield opened


def task(client: httpx.Client) -> dict[str, object]:
    told = client.get("/api/worker/tasks").raise_for_status().json()["tasks"]
    assert len(told) == 1
    return dict(told[0])


def tap(client: httpx.Client, assignment: object, kind: str = "acknowledged", **more: object) -> dict[str, object]:
    body = {"key": str(uuid4()), "assignment_id": assignment, "kind": kind, "tapped_at": "2020-08-13T06:27:00Z", **more}
    answer = client.post("/api/worker/answers", json={"answers": [body]}).raise_for_status()
    return {**answer.json()["results"][0], "body": body}


@contextmanager
def listening(client: httpx.Client) -> Iterator[Iterator[tuple[str, dict[str, object]]]]:
    """The events of the stream as they come."""
    with client.stream("GET", "/api/worker/stream") as answer:
        assert answer.status_code == 200

        def events() -> Iterator[tuple[str, dict[str, object]]]:
            kind = ""
            for line in answer.iter_lines():
                if line.startswith("event: "):
                    kind = line[7:]
                if line.startswith("data: ") and kind != "beat":
                    yield kind, json.loads(line[6:])

        yield events()


def test_a_worker_has_the_card_of_the_task_and_the_leader_another(
    flood: Flooded, worker: httpx.Client, leader: httpx.Client
) -> None:
    flood.call()
    mine, theirs = task(worker), task(leader)
    assert (mine["what"], mine["level"], mine["post"]) == ("封闭下穿道与亲水步道", "red", "网格员")
    assert mine["state"] == "called"
    assert mine["division_id"] == flood.ground.town.divisions[GRID]
    assert theirs["id"] != mine["id"]
    assert {one["part"] for one in mine["others"]} == {"command"}  # type: ignore[attr-defined]
    assert "person_id" not in json.dumps([mine, theirs])


def test_nobody_answers_for_somebody_else(flood: Flooded, worker: httpx.Client, leader: httpx.Client) -> None:
    flood.call()
    told = tap(leader, task(worker)["id"])
    assert told["taken"] is False
    assert "不是" in str(told["error_zh"])
    assert flood.one("select count(*) from answers") == (0,)


def test_an_account_that_answers_for_nobody_is_told_so(flood: Flooded, served: Running) -> None:
    stranger = signed_in(flood.connection, "stranger", [("grid_worker", None)])
    for path in ("tasks", "grid", "stream", f"places/{flood.ground.town.divisions[GRID]}"):
        answer = httpx.get(f"{served.url}api/worker/{path}", headers=stranger.headers)
        assert answer.status_code == 409
        assert answer.json()["error_zh"] == "本账号尚未关联人员，请联系管理员。"


def test_an_answer_sent_twice_is_one_answer(flood: Flooded, worker: httpx.Client) -> None:
    flood.call()
    first = tap(worker, task(worker)["id"])
    again = worker.post("/api/worker/answers", json={"answers": [first["body"]]}).raise_for_status().json()
    assert again["results"][0]["counted"] is True
    assert flood.one("select count(*) from answers") == (1,)
    assert task(worker)["state"] == "acknowledged"
    assert task(worker)["mine"] is True


def test_what_waited_on_the_phone_is_taken_in_its_order_and_a_wrong_one_holds_up_nothing(
    flood: Flooded, worker: httpx.Client
) -> None:
    flood.call()
    number = task(worker)["id"]
    taps = [
        {"key": str(uuid4()), "assignment_id": one, "kind": kind, "tapped_at": "2020-08-13T06:27:00Z"}
        for one, kind in ((number, "acknowledged"), (999_999, "done"), (number, "on_site"), (number, "done"))
    ]
    results = worker.post("/api/worker/answers", json={"answers": taps}).raise_for_status().json()["results"]
    assert [one["taken"] for one in results] == [True, False, True, True]
    assert worker.get("/api/worker/tasks").json()["tasks"] == []
    assert flood.one("select state, person_id from assignments where id = %s", number) == (
        "done", flood.ground.people["网格员"],
    )  # fmt: skip


def test_who_cannot_is_called_no_more(flood: Flooded, worker: httpx.Client) -> None:
    flood.call()
    tap(worker, task(worker)["id"], "cannot")
    assert worker.get("/api/worker/tasks").json()["tasks"] == []


def test_the_stream_tells_at_once_and_receipts_move_the_delivery(flood: Flooded, worker: httpx.Client) -> None:
    person = flood.ground.people["网格员"]
    with listening(worker) as events:
        kind, first = next(events)
        assert (kind, first["tasks"], first["person"]) == ("tasks", [], str(person))
        assert flood.one("select person_id from phones") == (person,)
        flood.call()
        kind, told = next(events)
        assert kind == "cards"
        (card,) = told["cards"]  # type: ignore[misc]
        ticket = {"X-Shijing-Phone": first["ticket"]}
        with httpx.Client(base_url=worker.base_url, headers=ticket) as phone:  # type: ignore[arg-type]
            for receipt in ("delivered", "read"):
                body = {"receipts": [{"assignment_id": card["id"], "kind": receipt}]}
                assert phone.post("/api/worker/receipts", json=body).status_code == 200
                row = flood.one(
                    "select deliveries.state, assignments.state, sent_at is not null from deliveries"
                    " join calls on calls.id = call_id join assignments on assignments.id = assignment_id"
                    " where channel = 'app' and calls.person_id = %s",
                    person,
                )
                assert row == (receipt, receipt, True)


def test_a_phone_that_comes_back_is_told_what_it_missed(flood: Flooded, worker: httpx.Client) -> None:
    flood.call()
    with listening(worker) as events:
        _, first = next(events)
        assert [one["what"] for one in first["tasks"]] == ["封闭下穿道与亲水步道"]  # type: ignore[attr-defined]
    for _ in range(200):
        if flood.one("select count(*) from phones") == (0,):
            return
        httpx.get(f"{worker.base_url}health")  # time passes
    raise AssertionError("the row of a phone that has gone stays")


def test_receipts_need_the_ticket_of_an_open_stream(worker: httpx.Client, served: Running) -> None:
    body = {"receipts": []}
    assert worker.post("/api/worker/receipts", json=body).status_code == 403
    assert httpx.post(f"{served.url}api/worker/receipts", json=body).status_code == 401
    with listening(worker) as events:
        _, first = next(events)
        right = {"X-Shijing-Phone": str(first["ticket"])}
        assert httpx.post(f"{served.url}api/worker/receipts", json=body, headers=right).status_code == 200
        wrong = {"X-Shijing-Phone": "x" + str(first["ticket"])[1:]}
        assert httpx.post(f"{served.url}api/worker/receipts", json=body, headers=wrong).status_code == 401


def test_what_is_wrong_with_receipts_is_said_by_the_route(worker: httpx.Client, served: Running) -> None:
    url, none = f"{served.url}api/worker/receipts", b'{"receipts": []}'
    with listening(worker) as events:
        _, first = next(events)
        as_json = {"X-Shijing-Phone": str(first["ticket"]), "Content-Type": "application/json"}
        for body in (
            b"",
            b"{",
            b'{"receipts": [{"assignment_id": 0, "kind": "read"}]}',
            b'{"receipts": [], "more": 1}',
        ):
            refused = httpx.post(url, content=body, headers=as_json)
            assert (refused.status_code, "error" in refused.json()) == (422, True), body
        as_form = as_json | {"Content-Type": "application/x-www-form-urlencoded"}
        assert httpx.post(url, content=none, headers=as_form).status_code == 415
        assert httpx.post(url, content=b" " * 70_000, headers=as_json).status_code == 413
        # Of an unknown length, and with words beside the type: both are the route's, and taken.
        assert httpx.post(url, content=iter([none[:5], none[5:]]), headers=as_json).json() == {"taken": 0}
        named = as_json | {"Content-Type": "application/json; charset=utf-8"}
        assert httpx.post(url, content=none, headers=named).json() == {"taken": 0}
        taken = httpx.post(url, content=none, headers=as_json)
        assert taken.json() == {"taken": 0} and taken.headers["x-content-type-options"] == "nosniff"
        assert httpx.get(url, headers=as_json).status_code == 405


def test_receipts_are_counted_by_their_route(worker: httpx.Client) -> None:
    label = {"route": "/api/worker/receipts", "method": "POST", "status": "200"}
    before = REQUESTS.get_sample_value("shijing_http_requests_total", label) or 0
    with listening(worker) as events:
        _, first = next(events)
        told = worker.post(
            "/api/worker/receipts", json={"receipts": []}, headers={"X-Shijing-Phone": str(first["ticket"])}
        )
        assert told.status_code == 200
    assert REQUESTS.get_sample_value("shijing_http_requests_total", label) == before + 1


def test_a_stream_ends_with_the_session_and_when_the_account_answers_for_another(
    flood: Flooded, worker: httpx.Client
) -> None:
    from access.accounts import link_person

    account = flood.workers["网格员"].account_id
    for act in ("link", "session"):
        with listening(worker) as events:
            next(events)
            if act == "link":
                link_person(flood.connection, account, None)
            else:
                flood.connection.execute("delete from sessions where account_id = %s", (account,))
            assert next(events, None) is None
        link(flood.connection, account, flood.ground.people["网格员"])


def test_a_photo_is_sealed_and_belongs_to_ones_own_answer(
    flood: Flooded, worker: httpx.Client, leader: httpx.Client
) -> None:
    flood.call()
    key = tap(worker, task(worker)["id"])["key"]
    body = {
        "id": str(uuid4()),
        "answer_key": key,
        "kind": "photo",
        "media_type": "image/jpeg",
        "content_base64": base64.b64encode(JPEG).decode(),
    }
    assert leader.post("/api/worker/attachments", json=body).status_code == 404
    for _ in range(2):  # sent twice, it is one
        assert worker.post("/api/worker/attachments", json=body).status_code == 200
    number, content = flood.one("select id, content from attachments")
    assert JPEG not in bytes(content)  # type: ignore[arg-type]
    vault: Vault = flood.ground.town.vault
    opened = vault.open(bytes(content), context=("attachments", "content", number))  # type: ignore[arg-type]
    assert base64.b64decode(opened) == JPEG
    assert flood.one("select count(*) from audit where act = 'attachment.added'") == (1,)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"content_base64": base64.b64encode(b"<script>").decode()}, 409),
        ({"content_base64": "%%%"}, 409),
        ({"media_type": "text/html"}, 422),
        ({"kind": "voice"}, 409),
        ({"answer_key": str(uuid4())}, 404),
    ],
)
def test_what_is_no_photo_is_not_kept(
    flood: Flooded, worker: httpx.Client, change: dict[str, str], status: int
) -> None:
    flood.call()
    key = tap(worker, task(worker)["id"])["key"]
    body = {
        "id": str(uuid4()),
        "answer_key": key,
        "kind": "photo",
        "media_type": "image/jpeg",
        "content_base64": base64.b64encode(JPEG).decode(),
        **change,
    }
    assert worker.post("/api/worker/attachments", json=body).status_code == status
    assert flood.one("select count(*) from attachments") == (0,)


def test_my_grid_is_where_i_hold_a_post(flood: Flooded, worker: httpx.Client) -> None:
    told = worker.get("/api/worker/grid").raise_for_status().json()
    assert [one["id"] for one in told["places"]] == [flood.ground.town.divisions[GRID]]
    assert told["places"][0]["geometry"]["type"] == "Polygon"
    assert told["places"][0]["derived"] is True
    assert [one["name"] for one in told["sensors"]] == ["gauge"]
    assert [one["zh"] for one in told["posts"]] == ["专职网格员"]
    assert worker.get(f"/api/worker/places/{flood.ground.town.divisions[GRID]}").status_code == 200
    for elsewhere in (OTHER_GRID, VILLAGE):
        assert worker.get(f"/api/worker/places/{flood.ground.town.divisions[elsewhere]}").status_code == 404


def test_a_plan_that_keeps_the_place_private_keeps_it_from_the_card(flood: Flooded, worker: httpx.Client) -> None:
    flood.call()
    flood.connection.execute(
        "update alerts set lon = 106.6, lat = 29.62, grid_id = %s", (flood.ground.town.divisions[GRID],)
    )
    assert task(worker)["lat"] == 29.62
    for shown in ("grid", "none"):
        flood.connection.execute(
            "update plan_runs set plan = jsonb_set(plan, '{privacy}', %s)",
            (json.dumps({"show_on_wall": False, "map": shown, "delete_after_close_d": 30}),),
        )
        card = task(worker)
        assert (card["map"], card["lon"], card["lat"]) == (shown, None, None)


def test_no_time_online_is_stored(flood: Flooded, worker: httpx.Client) -> None:
    with listening(worker) as events:
        next(events)
        columns = flood.connection.execute(
            "select column_name from information_schema.columns where table_name = 'phones' order by 1"
        ).fetchall()
    assert columns == [("connected_at",), ("id",), ("person_id",), ("seen_at",)]
    logged = flood.connection.execute("select count(*) from access_log where route like '%worker/stream%'").fetchone()
    assert logged == (0,)
