"""A database is wholly an exercise or not: enforced by the database, told by everything that is made of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from commands.drills import agree_before_replay, agree_before_serving
from commands.servers import Place
from config.database import Connection
from config.errors import ExerciseError
from config.exercise import agree, is_exercise, mark, mark_of
from ingest.scenario import SCENARIOS
from ingest.sensor_files import import_sensors
from tests.database.feed import running_pipeline
from tests.database.out_seed import seed_city

pytestmark = pytest.mark.storage

BEGIN = datetime(2020, 8, 19, tzinfo=UTC)
HOUR = timedelta(hours=1)
OPEN = (
    "insert into alerts (rule_id, subject, sensor_id, level, peak, state, value, opened_at, changed_at, exercise)"
    " values ('river-stage', %(sensor)s, %(sensor)s, 'red', 'red', 'open', 1, now(), now(), %(exercise)s)"
    " returning exercise"
)


@pytest.fixture
def sensor(connection: Connection) -> int:
    seed_city(connection)
    return int(first(connection, "select id from sensors"))


def first(connection: Connection, statement: str) -> Any:
    row = connection.execute(statement.encode()).fetchone()
    assert row is not None
    return row[0]


def open_alert(connection: Connection, sensor: int, *, exercise: bool) -> bool:
    row = connection.execute(OPEN, {"sensor": sensor, "exercise": exercise}).fetchone()
    assert row is not None
    return bool(row[0])


def test_the_first_use_decides(connection: Connection) -> None:
    assert mark_of(connection) is None
    assert not is_exercise(connection)
    mark(connection, exercise=True)
    mark(connection, exercise=True)
    assert is_exercise(connection)
    with pytest.raises(ExerciseError, match="run it with --exercise"):
        mark(connection, exercise=False)
    with pytest.raises(ExerciseError, match="run it with --exercise"):
        agree(connection, exercise=False)


def test_a_real_database_that_received_nothing_may_become_an_exercise(connection: Connection, sensor: int) -> None:
    mark(connection, exercise=False)
    mark(connection, exercise=True)
    assert is_exercise(connection)


def test_what_is_real_does_not_become_an_exercise(connection: Connection, sensor: int) -> None:
    mark(connection, exercise=False)
    open_alert(connection, sensor, exercise=False)
    refuses(connection)


def test_nor_does_what_received_a_reading(connection: Connection, database_url: str) -> None:
    assert import_sensors(connection, SCENARIOS / "flood-2020-08" / "sensors.csv").errors == []
    mark(connection, exercise=False)
    with running_pipeline(database_url) as feed:
        feed.stage(170.0, BEGIN)
    assert first(connection, "select count(*) from alerts") == 0
    refuses(connection)


def refuses(connection: Connection) -> None:
    """To become an exercise, asked politely or not."""
    with pytest.raises(ExerciseError, match="real operation"):
        mark(connection, exercise=True)
    with pytest.raises(psycopg.errors.RestrictViolation):
        connection.execute("update instance set exercise = true")


def test_a_database_with_real_alerts_that_nobody_marked_refuses_too(connection: Connection, sensor: int) -> None:
    open_alert(connection, sensor, exercise=False)
    with pytest.raises(ExerciseError, match="real operation"):
        mark(connection, exercise=True)
    mark(connection, exercise=False)
    assert mark_of(connection) is False


def test_nobody_takes_the_mark_away(connection: Connection) -> None:
    mark(connection, exercise=True)
    for statement in ("update instance set exercise = false", "delete from instance", "truncate instance"):
        with pytest.raises(psycopg.errors.RestrictViolation):
            connection.execute(statement.encode())


def test_a_row_of_an_exercise_cannot_lack_the_mark(connection: Connection, sensor: int) -> None:
    mark(connection, exercise=True)
    assert open_alert(connection, sensor, exercise=False)
    connection.execute("update alerts set exercise = false")
    assert first(connection, "select bool_and(exercise) from alerts")
    connection.execute("select log_live_event('alert', '{\"alert_id\": 1}')")
    assert first(connection, "select payload ->> 'exercise' from live_events") == "true"


def test_a_real_database_takes_nothing_of_an_exercise(connection: Connection, sensor: int) -> None:
    mark(connection, exercise=False)
    with pytest.raises(psycopg.errors.RestrictViolation, match="no exercise"):
        open_alert(connection, sensor, exercise=True)


def test_all_that_follows_from_readings_is_marked(connection: Connection, database_url: str) -> None:
    """The pipeline as it is, on the flood's gauge: alerts, runs, incidents, live events."""
    assert import_sensors(connection, SCENARIOS / "flood-2020-08" / "sensors.csv").errors == []
    mark(connection, exercise=True)
    with running_pipeline(database_url) as feed:
        for number, value in enumerate((181.0, 184.0, 179.0, 178.9, 178.8)):
            feed.stage(value, BEGIN + number * HOUR)
    for table in ("alerts", "incidents"):
        assert first(connection, f"select count(*) > 0 and bool_and(exercise) from {table}"), table
    assert first(connection, "select count(*) > 0 and bool_and((payload ->> 'exercise')::boolean) from live_events")
    assert first(connection, "select bool_and(state = 'resolved') from alerts where rule_id = 'river-stage'")


def test_a_server_of_the_other_kind_does_not_start(connection: Connection, database_url: str) -> None:
    agree_before_serving(database_url, exercise=False)
    assert mark_of(connection) is None  # pages alone decide nothing
    agree_before_serving(database_url, exercise=True)
    with pytest.raises(ExerciseError, match="run it with --exercise"):
        agree_before_serving(database_url, exercise=False)


def test_an_exercise_is_not_replayed_to_a_broker_that_may_be_real(
    connection: Connection, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHIJING_MQTT_PORT", "1883")
    place = Place(database=database_url)
    with pytest.raises(ExerciseError, match="SHIJING_MQTT_EXERCISES"):
        agree_before_replay(place, exercise=True)
    monkeypatch.setenv("SHIJING_MQTT_EXERCISES", "true")
    agree_before_replay(place, exercise=True)
    with pytest.raises(ExerciseError, match="run it with --exercise"):
        agree_before_replay(place, exercise=False)
