"""`shijing warning` as it is called: import, list, show, add, cancel, refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from config.database import Connection
from config.settings import PROJECT
from geo.defaults import import_defaults
from shijing import app
from tests.database.warning_messages import cap, info

FLOOD = PROJECT / "ingest/scenarios/flood-2020-08/warnings.csv"


@pytest.fixture
def divided(connection: Connection) -> Connection:
    import_defaults(connection)
    return connection


@pytest.fixture
def run(database_url: str) -> Any:
    def call(*arguments: str, code: int = 0) -> Any:
        result = CliRunner().invoke(app, ["warning", *arguments, "--database", database_url, "--json"])
        assert result.exit_code == code, result.output
        return json.loads(result.stdout) if result.stdout else result.output

    return call


def test_a_message_in_and_out(divided: Connection, run: Any, tmp_path: Path) -> None:
    path = tmp_path / "one.xml"
    path.write_bytes(cap("one", info(expires="2099-08-19T12:00:00+08:00")))
    assert run("import", str(path))["stored"] == 1
    assert run("import", path.as_uri())["repeat"] == 1
    (row,) = run("list")["warnings"]
    assert (row["identifier"], row["level"], row["effective"]) == ("one", "orange", "2020-08-18T12:00:00+08:00")
    shown = run("show", "one")
    assert [each["code"] for each in shown["covered"]] == ["500114005"]
    assert shown["message"].encode() == path.read_bytes()
    assert run("list", "--level", "red")["warnings"] == []
    assert len(run("list", "--division", "500114")["warnings"]) == 1


def test_the_warnings_of_the_flood(divided: Connection, run: Any) -> None:
    assert run("import", str(FLOOD))["stored"] == 20
    assert run("list")["warnings"] == []
    assert len(run("list", "--all")["warnings"]) == 20
    levels = [row["level"] for row in run("list", "--at", "2020-08-18T12:00:00+08:00")["warnings"]]
    assert levels == ["yellow", "orange", "red"]


def test_a_faulty_message_is_told_kept_and_the_others_are_taken(divided: Connection, run: Any, tmp_path: Path) -> None:
    bad, good = tmp_path / "bad.xml", tmp_path / "good.xml"
    bad.write_bytes(cap("bad", info(), status="Draft"))
    good.write_bytes(cap("good", info()))
    told = run("import", str(bad), str(good), code=1)
    assert (told["stored"], told["refused"]) == (1, 1)
    (held,) = run("refused")["refused"]
    assert held["origin"] == "bad.xml" and "only Actual, Exercise and Test are warnings" in held["detail"]


def test_by_hand_and_ended_by_hand(divided: Connection, run: Any) -> None:
    told = run(
        *("add", "--sender", "黔江区规划和自然资源局", "--level", "orange", "--headline", "地质灾害气象风险橙色预警"),
        *("--event", "11B37", "--area", "500114005,500114006", "--actor", "王某"),
        *("--sent", "2020-08-18T12:00:00+08:00", "--expires", "2099-08-18T12:00:00+08:00"),
    )
    number = str(told["warnings"][0]["ids"][0])
    assert told["warnings"][0]["townships"] == 2
    assert len(run("list")["warnings"]) == 1
    assert run("cancel", number, "--actor", "王某", "--reason", "解除")["stored"] == 1
    assert run("list")["warnings"] == []


@pytest.mark.parametrize("file", ["http://127.0.0.1/one.xml", "missing.xml"])
def test_what_is_no_file_here_is_told(run: Any, file: str) -> None:
    told = run("import", file, code=2)
    assert "SHIJING_WARNING_FEEDS" in told or "there is no file" in told
