"""What accounts of the broker may do, derived from topics.toml and the settings; and how passwords are kept."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from access.broker_accounts import BrokerAccount, Role, mosquitto_hash
from access.broker_files import write_broker_files
from access.broker_grants import Grant, Topics, covers, grant_of, heartbeat_filter, topics_in_use
from access.errors import BrokerAccountError
from config.settings import OutSettings

NOW = datetime(2026, 8, 20, tzinfo=UTC)


def account(name: str, role: Role = Role.GATEWAY, *devices: str, locked: bool = False) -> BrokerAccount:
    return BrokerAccount(
        id=uuid4(),
        name=name,
        role=role.value,
        hash=mosquitto_hash("secret", salt=b"0123456789ab"),
        note="",
        created_at=NOW,
        rotated_at=NOW,
        locked_at=NOW if locked else None,
        lock_reason="",
        devices=list(devices),
    )


@pytest.fixture
def topics(monkeypatch: pytest.MonkeyPatch) -> Topics:
    monkeypatch.setenv("SHIJING_HEARTBEAT_MQTT_TOPIC", "cq/heartbeat/{partition}")
    monkeypatch.setenv("SHIJING_WATCH_HEARTBEAT_TOPIC", "cq/heartbeat/+")
    return topics_in_use()


def test_the_hash_is_mosquittos() -> None:
    """Its form; that Mosquitto takes it is shown by a real one (tests/broker/test_broker_accounts.py)."""
    made = mosquitto_hash("secret", salt=b"0123456789ab", rounds=101)
    assert made.startswith("$7$101$MDEyMzQ1Njc4OWFi$") and len(made.split("$")[4]) == 88
    assert mosquitto_hash("secret") != mosquitto_hash("secret")


@pytest.mark.parametrize(
    ("wide", "narrow", "does"),
    [
        ("#", "cq/+/a", True),
        ("cq/#", "cq", True),
        ("cq/#", "cq/+/#", True),
        ("cq/+/a", "cq/1/a", True),
        ("cq/+/+", "cq/+/a", True),
        ("cq/+", "cq/#", False),
        ("cq/1/a", "cq/+/a", False),
        ("cq/+", "cq/1/a", False),
        ("cq/+/a", "cq/1", False),
    ],
)
def test_which_filters_include_which(wide: str, narrow: str, does: bool) -> None:
    assert covers(wide, narrow) is does


def test_a_gateway_speaks_for_its_devices_and_never_as_we_do(topics: Topics) -> None:
    grant = grant_of(account("gw-1", Role.GATEWAY, "gauge-1"), topics)
    assert grant == Grant(
        write=("cq/+/gauge-1/+", "cq/+/gw-1/+"),
        deny=("cq/+/alert/+", "cq/clock", "cq/heartbeat/+", "cq/warning/#", "cq/watch/+"),
    )


def test_layouts_of_other_platforms_are_granted_where_the_pipeline_listens_to_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SHIJING_PIPELINE_TOPICS", '["cq/#", "$oc/devices/+/sys/properties/report"]')
    assert "$oc/devices/gw-1/sys/properties/report" in grant_of(account("gw-1"), topics_in_use()).write


def test_the_topic_of_an_alert_is_the_one_that_is_granted() -> None:
    settings = OutSettings(topic_root="bn")
    assert settings.alert_topics == "bn/+/alert/+"  # alerts/out.py publishes to {root}/{division}/alert/{id}


@pytest.mark.parametrize(
    ("topic", "found"),
    [("cq/hb/{partition}", "cq/hb/+"), ("cq/hb-{partition}", "cq/hb-north"), ("cq/hb", "cq/hb"), ("", "")],
)
def test_heartbeats_of_every_partition(topic: str, found: str) -> None:
    assert heartbeat_filter(topic, "north") == [found]


def test_an_app_and_a_loudspeaker_hear_what_is_for_them_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    person = str(uuid4())
    assert grant_of(account(person, Role.WORKER_APP), topics_in_use()) == Grant()
    monkeypatch.setenv("SHIJING_CALL_WORKER_TOPIC", "cq/worker/{person}/task")
    monkeypatch.setenv("SHIJING_CALL_LOUDSPEAKER_TOPIC", "shijing/loudspeaker/{division}")
    topics = topics_in_use()
    calls = ("cq/worker/+/task", "shijing/loudspeaker/+")
    assert grant_of(account("calls", Role.DISPATCHER), topics) == Grant(write=calls)
    assert grant_of(account(person, Role.WORKER_APP), topics) == Grant(read=(f"cq/worker/{person}/task",))
    loud = grant_of(account("500103001001", Role.LOUDSPEAKER), topics)
    assert loud == Grant(read=("shijing/loudspeaker/500103001001",))
    assert set(calls) <= set(grant_of(account("gw-1"), topics).deny)


def test_a_line_break_in_a_setting_writes_no_rights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIJING_PIPELINE_TOPICS", '["cq/#\\nuser gw-1\\ntopic readwrite #"]')
    with pytest.raises(BrokerAccountError, match="line break"):
        topics_in_use()


def test_the_files_hold_who_is_open_for_the_brokers_group_to_read(topics: Topics, tmp_path: Path) -> None:
    written = write_broker_files(tmp_path, [account("gw-1"), account("gw-2", locked=True)], topics)
    assert (written.accounts, written.locked) == (1, 1)
    for name in ("passwd", "acl"):
        text = (tmp_path / name).read_text()
        assert "gw-1" in text and "gw-2" not in text
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["acl", "passwd"]
    with pytest.raises(BrokerAccountError, match="cannot be written"):
        write_broker_files(tmp_path / "none", [], topics)
