"""The embedded broker of a data folder: shared, on loopback only, and back at its address after any end."""

import json
import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from config.folder import DataFolder
from config.settings import BrokerSettings, PipelineSettings
from ingest.embedded_broker import embedded_broker
from ingest.errors import BrokerError
from ingest.replay import Publisher
from ingest.session import MqttSession, check_broker

Eventually = Callable[[Callable[[], object]], None]


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path / "data")


def process(folder: DataFolder) -> psutil.Process:
    return psutil.Process(json.loads((folder / "broker.json").read_text())["pid"])


def gone(settings: BrokerSettings) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((settings.host, settings.port)) != 0


def test_it_is_up_for_the_block_and_gone_after_it(folder: DataFolder) -> None:
    with embedded_broker(folder) as settings:
        check_broker(settings)
        broker = process(folder)
        listening = {one.laddr.ip for one in broker.net_connections() if one.status == psutil.CONN_LISTEN}
        assert listening == {"127.0.0.1"}, "nobody else's network"
    assert gone(settings)
    assert not broker.is_running() or broker.status() == psutil.STATUS_ZOMBIE


def test_its_users_share_it_and_the_last_one_stops_it(folder: DataFolder) -> None:
    with embedded_broker(folder) as outer:
        first = process(folder).pid
        with embedded_broker(folder) as inner:
            assert inner.port == outer.port and process(folder).pid == first
        check_broker(outer)
    assert gone(outer)


def test_it_comes_back_at_the_same_port(folder: DataFolder) -> None:
    with embedded_broker(folder) as first:
        pass
    with embedded_broker(folder) as second:
        assert second.port == first.port


def test_one_that_was_killed_is_started_again(folder: DataFolder, eventually: Eventually) -> None:
    with embedded_broker(folder) as settings:
        os.kill(process(folder).pid, signal.SIGKILL)
        eventually(lambda: gone(settings))
        with embedded_broker(folder) as again:
            assert again.port == settings.port
            check_broker(again)
    assert gone(settings)


def test_a_port_that_is_taken_is_named_with_what_to_do(folder: DataFolder) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(BrokerError, match=f"port {port} is taken.*--mqtt-port"), embedded_broker(folder, port=port):
            pass
    with embedded_broker(folder) as settings:
        check_broker(settings)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"{}", b'{"port":"x","pid":"y"}', b"\xff", b'{"port":1,"pid":-5}'])
def test_a_note_of_the_broker_that_was_cut_short(folder: DataFolder, text: bytes) -> None:
    """A full disk, or a kill in the middle of writing it."""
    (folder / "broker.json").write_bytes(text)
    with embedded_broker(folder) as settings:
        check_broker(settings)
    assert gone(settings)


def test_a_process_of_another_program_is_left_alone(folder: DataFolder) -> None:
    """The number in the note belongs to someone else by now."""
    (folder / "broker.json").write_text(json.dumps({"port": 1, "pid": os.getpid()}))
    with embedded_broker(folder) as settings:
        assert process(folder).pid != os.getpid()
        check_broker(settings)


def test_the_broker_of_another_folder_is_not_taken_for_ours(folder: DataFolder, tmp_path: Path) -> None:
    """The number in the note belongs to a broker indeed, but not to this folder's."""
    other = DataFolder(tmp_path / "other")
    with embedded_broker(other) as theirs:
        note = json.loads((other / "broker.json").read_text())
        (folder / "broker.json").write_text(json.dumps(note))
        with embedded_broker(folder) as ours:
            assert ours.port != theirs.port
            assert process(folder).pid != note["pid"]
            check_broker(ours)
        assert gone(ours)
        check_broker(theirs)


def test_messages_go_through_it_and_wait_for_a_session(folder: DataFolder) -> None:
    with embedded_broker(folder) as settings:
        session = MqttSession(settings, PipelineSettings())
        assert session.connect()
        session.close()
        publisher = Publisher(settings, "test")
        publisher.connect()
        for number in range(300):
            publisher.publish("cq/500105/cuntan/stage", str(number).encode())
        publisher.confirm()
        publisher.close()
        session = MqttSession(settings, PipelineSettings())
        assert session.connect()
        found: list[int] = []
        deadline = time.monotonic() + 10
        while len(found) < 300:
            assert time.monotonic() < deadline, f"{len(found)} of 300 came"
            messages = session.take(wait_s=1, gather_s=0.05, most=300)  # nothing, too, where only a SUBACK came
            session.acknowledge(messages)
            found += [int(message.payload) for message in messages]
        session.close()
        assert found == list(range(300))
