"""Receipts of gateways: over HTTP, from whoever has the secret, in the form that the settings tell."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr

from config.channel_settings import SmsSettings
from config.database import Connection
from config.settings import WebSettings
from dispatch.advance import advance
from dispatch.gateway_receipts import GatewayReceipt, read_receipts, take_receipts
from tests.browser.conftest import Running
from tests.database.call_seed import Call, Recorder, call
from tests.database.people_seed import NOW

SECRET = {"authorization": "Bearer r3ceipts"}


@pytest.fixture
def run(connection: Connection, database_url: str, tmp_path: Path) -> Call:
    return call(connection, database_url, tmp_path)


@pytest.fixture
def web(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    monkeypatch.setenv("SHIJING_SMS_RECEIPT_SECRET", "r3ceipts")
    running = Running(database_url, None, WebSettings(port=0))
    try:
        with httpx.Client(base_url=running.url, timeout=20) as opened:
            yield opened
    finally:
        running.stop()


def sent(run: Call) -> str:
    run.deliver(run.board(sms=Recorder()), run.delivery("sms", run.person()))
    return str(run.rows("key")[-1][0])


def test_a_receipt_moves_the_message_and_the_task(run: Call, web: httpx.Client) -> None:
    key = sent(run)
    answer = web.post("/receipts/sms", json=[{"id": key, "status": "DELIVRD"}], headers=SECRET)
    assert (answer.status_code, answer.json()) == (200, {"taken": 1})
    assert run.rows("state, delivered_at is not null") == [("delivered", True)]
    assert run.one("select state from assignments") == "delivered"
    assert web.post("/receipts/sms", json={"id": key, "status": "failed"}, headers=SECRET).json() == {"taken": 0}


def test_a_number_that_is_none_lets_the_ladder_go_on_at_once(run: Call, web: httpx.Client) -> None:
    key = sent(run)
    run.connection.execute("update assignments set rung = 1, next_at = %s", (NOW + timedelta(minutes=1),))
    assert web.post("/receipts/sms", json={"id": key, "status": "UNDELIV"}, headers=SECRET).json() == {"taken": 1}
    assert run.rows() == [("failed", 1, 0, "the gateway: UNDELIV")]
    advance(run.connection, NOW, channels=frozenset({"sms"}))
    assert run.one("select rung from assignments") > 1


@pytest.mark.parametrize(
    ("path", "headers"),
    [("sms", {}), ("sms", {"authorization": "Bearer wrong"}), ("voice", SECRET), ("email", SECRET), ("none", SECRET)],
)
def test_nobody_else_is_believed(run: Call, web: httpx.Client, path: str, headers: dict[str, str]) -> None:
    key = sent(run)
    answer = web.post(f"/receipts/{path}", json={"id": key, "status": "DELIVRD"}, headers=headers)
    assert answer.status_code == 401 and run.rows("state") == [("sent",)]


def test_a_receipt_of_another_channel_or_of_no_message_changes_nothing(run: Call) -> None:
    key = run.delivery("email", run.person()) and run.rows("key")[0][0]
    run.connection.execute("update deliveries set state = 'sent', sent_at = now()")
    told = [GatewayReceipt(key=one, delivered=True, state="DELIVRD") for one in (key, uuid4())]
    assert take_receipts(run.connection, "sms", told, NOW) == 0


def test_a_receipt_of_a_digest_is_of_all_that_it_told(run: Call) -> None:
    person, sms = run.person(), Recorder()
    ids = [run.delivery("sms", person) for _ in range(2)]
    run.deliver(run.board({"sms": "1/minute"}, sms=sms), *ids)
    told = GatewayReceipt(key=sms.messages[0][0].key, delivered=True, state="DELIVRD")
    assert take_receipts(run.connection, "sms", [told], NOW) == 2


@pytest.mark.parametrize(
    "told", [None, 3, "x", [], [[]], {}, {"id": "x", "status": "DELIVRD"}, {"id": str(uuid4()), "status": "on its way"}]
)
def test_what_says_nothing_is_left_out(told: Any) -> None:
    assert read_receipts(told, SmsSettings(receipt_secret=SecretStr("x"))) == []
