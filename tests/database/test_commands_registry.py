"""Commands that write divisions and sensors: all of it and where each sensor belongs, or nothing."""

import json
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

import commands.registry
from commands.divisions import run_import
from commands.registry import default_divisions, register
from config.database import Connection
from config.errors import ConfigError
from ingest.scenario import SCENARIOS
from shijing import app

SENSORS = SCENARIOS / "flood-2020-08" / "sensors.csv"


def count(connection: Connection, table: str) -> int:
    row = connection.execute(
        psycopg.sql.SQL("select count(*) from {}").format(psycopg.sql.Identifier(table))
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_sensors_that_cannot_be_located_are_not_registered_either(
    connection: Connection, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(connection: Connection) -> None:
        connection.execute("select 1 / 0")

    monkeypatch.setattr(commands.registry, "assign_sensors", cut_off)
    with pytest.raises(psycopg.errors.DivisionByZero):
        register(database_url, SENSORS)
    assert count(connection, "sensors") == count(connection, "devices") == count(connection, "sensor_places") == 0


def test_a_faulty_file_is_told_and_leaves_nothing(connection: Connection, database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "sensors.csv"
    file.write_text("name,device,quantity\na,a,rain\nb,b,nothing\n")
    with pytest.raises(ConfigError, match="line 3, quantity"):
        register(database_url, file)
    assert count(connection, "sensors") == 0


def test_sensors_that_were_there_before_the_default_divisions_are_located_by_them(
    connection: Connection, database_url: str
) -> None:
    register(database_url, SENSORS)
    assert count(connection, "sensor_divisions") == 0
    told = run_import(database_url, default_divisions).as_dict()
    assert told["written"]
    assert count(connection, "sensor_divisions") > 0


def test_a_release_is_told_as_json(connection: Connection, database_url: str) -> None:
    connection.execute(
        "insert into quarantine (fingerprint, partition, reason, detail, topic, payload, first_seen, last_seen)"
        " values ('x', 'cq', 'unit', '', 'cq/1/a/rain', '', now(), now())"
    )
    words = ["quarantine", "release", "--reason", "unit", "--json", "--database", database_url]
    for requested in (1, 0):
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout) == {"requested": requested}
