"""`shijing channel`, and which channels a place has."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from access.vault import Vault
from commands.servers import Place
from commands.switchboard import board_of
from config.database import Connection, connect
from config.errors import ConfigError
from dispatch.addresses import put_subscription, subscriptions_of
from dispatch.deliver import Delivered
from dispatch.push_key import public_half, push_key_file, read_push_key
from dispatch.switchboard import NAMES, Means, open_switchboard
from tests.database.call_seed import call
from tests.database.people_seed import NOW
from tests.loopback.listener import Said, listening
from tests.loopback.push_service import PushService

SECRETS = {"SHIJING_WEBHOOK_SECRET": "s3cret"}


def shijing(url: str, *words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, **SECRETS, **variables}
    command = [sys.executable, "-m", "shijing", "channel", *words, "--database", url]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_the_list_tells_what_is_set_up_and_what_is_shut(connection: Connection, database_url: str) -> None:
    off = shijing(database_url, "list")
    assert off.returncode == 0 and re.findall(r"^(\w+) +off$", off.stdout, re.MULTILINE) == list(NAMES), off.stderr
    connection.execute("insert into channel_gates values ('webhook', now() + interval '1 hour', 'it answered 429')")
    told = shijing(database_url, "list", "--json", SHIJING_WEBHOOK_URL="http://127.0.0.1:1/x")
    (hook,) = [one for one in json.loads(told.stdout)["channels"] if one["channel"] == "webhook"]
    assert hook["set_up"] and hook["leaves_network"] and hook["why"] == "it answered 429"


def test_a_trial_is_sent_and_says_so(database_url: str) -> None:
    with listening(lambda _: Said(status=204)) as receiver:
        done = shijing(database_url, "test", "webhook", SHIJING_WEBHOOK_URL=receiver.url)
        assert (done.returncode, done.stdout) == (0, "webhook: taken\n"), done.stderr
        assert receiver.asked[0].json["title"] == "【测试】实景值守"
        receiver.answer = lambda _: Said(status=403)
        done = shijing(database_url, "test", "webhook", SHIJING_WEBHOOK_URL=receiver.url)
        assert (done.returncode, done.stdout) == (2, "webhook: the webhook answered 403\n")
    done = shijing(database_url, "test", "sms")
    assert done.returncode != 0 and "sms is not set up" in done.stderr


def test_a_key_of_web_push_is_made_where_it_is_told(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "shijing", "channel", "push-key", str(tmp_path / "keys" / "push")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and "keep a copy" in done.stdout
    assert read_push_key(tmp_path / "keys" / "push")
    again = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert again.returncode == 1 and "stays as it is" in again.stderr


def means(url: str, vault: Vault | None) -> Means:
    return Means(
        connect=lambda: connect(url, "test", autocommit=True),
        broker=None,
        vault=vault,
        url="https://map.example.cn/",
    )


def test_nothing_of_an_exercise_leaves_unless_it_is_wanted(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHIJING_WECOM_WEBHOOK", "http://127.0.0.1:1/x")
    made = means(database_url, None)
    assert open_switchboard(made, exercise=False).names == {"wecom"}
    assert open_switchboard(made, exercise=True).names == frozenset()
    monkeypatch.setenv("SHIJING_CHANNEL_EXERCISES", "true")
    assert open_switchboard(made, exercise=True).names == {"wecom"}


def test_a_channel_that_needs_addresses_needs_the_key(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHIJING_SMS_URL", "http://127.0.0.1:1/x")
    with pytest.raises(ConfigError, match="the channel sms is set up, but no key file is named"):
        open_switchboard(means(database_url, None), exercise=False)
    monkeypatch.setenv("SHIJING_PUSH_HOSTS", '["p.example"]')
    monkeypatch.setenv("SHIJING_PUSH_SUBJECT", "mailto:duty@example.cn")
    with pytest.raises(ConfigError, match="the channel push is set up, but no key file is named"):
        board_of(Place(database=database_url), None, lambda: connect(database_url, "test", autocommit=True))


def test_from_a_delivery_to_the_browser_and_a_browser_that_is_gone_is_forgotten(
    connection: Connection, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = call(connection, database_url, tmp_path)
    monkeypatch.setenv("SHIJING_PUSH_HOSTS", '["127.0.0.1"]')
    monkeypatch.setenv("SHIJING_PUSH_SUBJECT", "mailto:duty@example.cn")
    board = open_switchboard(means(database_url, run.town.vault), exercise=False)
    service = PushService(public_half(read_push_key(push_key_file(run.town.vault.path))))
    person = run.person()
    with listening(service.answer) as listener:
        service.url = listener.url
        gone, there = service.subscribe(), service.subscribe()
        service.gone.add(gone.id)
        for browser in (gone, there):
            told = browser.subscription(listener.url)
            put_subscription(
                connection, run.town.vault, person, endpoint=told.endpoint, p256dh=told.p256dh, auth=told.auth, at=NOW
            )
        del service.browsers[gone.path]
        assert run.deliver(board, run.delivery("push", person)) == Delivered(sent=1)
    assert there.messages[0]["url"] == "https://map.example.cn/worker"
    (left,) = subscriptions_of(connection, run.town.vault, [person])[person]
    assert left.endpoint.endswith(there.path)
