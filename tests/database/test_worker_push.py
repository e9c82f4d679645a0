"""A phone takes web push: the key, its subscription, and its end; nobody's but its own person's."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from access.audit import entries
from config.database import Connection
from config.settings import WebSettings
from dispatch.addresses import subscriptions_of
from dispatch.push_key import public_half, push_key_file, read_push_key
from tests.browser.accounts import signed_in
from tests.browser.conftest import Running
from tests.database.people_seed import TOWNSHIP, Town, town

PHONE = {"endpoint": "https://push.example/1", "p256dh": "BPk", "auth": "YQ"}


@pytest.fixture
def place(connection: Connection, tmp_path: Path) -> Town:
    return town(connection, tmp_path)


@pytest.fixture
def url(place: Town, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("SHIJING_PUSH_HOSTS", '["push.example"]')
    monkeypatch.setenv("SHIJING_PUSH_SUBJECT", "mailto:duty@example.cn")
    running = Running(database_url, None, WebSettings(port=0), account=False, vault=place.vault)
    yield running.url
    running.stop()


def worker(connection: Connection, place: Town, url: str, name: str, person: UUID | None) -> httpx.Client:
    """Somebody with the page of a worker, for a person or for nobody."""
    account = signed_in(connection, name, [("grid_worker", place.divisions[TOWNSHIP])])
    connection.execute("update accounts set person_id = %s where id = %s", (person, account.account_id))
    return httpx.Client(base_url=url, timeout=20, headers=account.headers)


def kept(connection: Connection, place: Town, person: UUID) -> list[str]:
    return [one.endpoint for one in subscriptions_of(connection, place.vault, [person]).get(person, ())]


def test_a_phone_subscribes_with_our_key_and_ends_it(connection: Connection, place: Town, url: str) -> None:
    person = place.person(connection, "王小明")
    with worker(connection, place, url, "wang", person) as phone:
        key = read_push_key(push_key_file(place.vault.path))
        assert phone.get("/api/worker/push").json() == {"key": public_half(key)}
        assert phone.post("/api/worker/push", json=PHONE).json() == {"on": True}
        assert kept(connection, place, person) == [PHONE["endpoint"]]
        assert phone.post("/api/worker/push/end", json={"endpoint": PHONE["endpoint"]}).json() == {"on": False}
        assert kept(connection, place, person) == []
    assert [one.act for one in entries(connection, act="push")] == ["push.ended", "push.subscribed"]


def test_a_browser_that_another_signs_in_at_is_theirs_and_nobody_ends_anothers(
    connection: Connection, place: Town, url: str
) -> None:
    one, other = place.person(connection, "甲某"), place.person(connection, "乙某")
    with worker(connection, place, url, "one", one) as phone:
        phone.post("/api/worker/push", json=PHONE)
    with worker(connection, place, url, "other", other) as phone:
        phone.post("/api/worker/push/end", json={"endpoint": PHONE["endpoint"]})
        assert kept(connection, place, one) == [PHONE["endpoint"]]
        phone.post("/api/worker/push", json=PHONE)
    assert (kept(connection, place, one), kept(connection, place, other)) == ([], [PHONE["endpoint"]])


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({"endpoint": "https://169.254.169.254/latest"}, 409),
        ({"endpoint": "http://push.example/1"}, 409),
        ({"p256dh": ""}, 422),
        ({"more": "x"}, 422),
    ],
)
def test_what_is_no_subscription_is_refused(
    connection: Connection, place: Town, url: str, told: dict[str, Any], status: int
) -> None:
    person = place.person(connection, "王小明")
    with worker(connection, place, url, "wang", person) as phone:
        answer = phone.post("/api/worker/push", json={**PHONE, **told})
    assert answer.status_code == status and answer.json()["error"] and kept(connection, place, person) == []


def test_an_account_of_nobody_has_no_phone(connection: Connection, place: Town, url: str) -> None:
    with worker(connection, place, url, "desk", None) as phone:
        answer = phone.post("/api/worker/push", json=PHONE)
    assert (answer.status_code, answer.json()["error_zh"]) == (409, "本账号尚未关联人员，请联系管理员。")


def test_where_web_push_is_off_that_is_told(
    connection: Connection, place: Town, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHIJING_PUSH_HOSTS")
    with worker(connection, place, url, "wang", place.person(connection, "王小明")) as phone:
        assert phone.get("/api/worker/push").status_code == 404
        assert phone.post("/api/worker/push", json=PHONE).status_code == 404
