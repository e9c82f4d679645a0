"""The kernel's state in the database: what is stored is what is read at the next start."""

from typing import Any

import numpy as np
import pytest

from alerts.columns import NEVER, Batch
from alerts.kernel import evaluate
from alerts.rules import load_rules
from alerts.ruleset import compile_rules
from alerts.state import initial_state
from alerts.state_rows import StateRow, changed
from alerts.stored_state import load_heads, load_state, load_states, load_subjects, persist_states
from config.database import Connection
from config.settings import CONFIG

pytestmark = pytest.mark.storage

HOUR = 3_600_000_000
START = 1_597_300_000_000_000


def a_sensor(connection: Connection, name: str, levels: str = "{}", **changes: Any) -> int:
    device = connection.execute("insert into devices (name) values (%s) returning id", (name,)).fetchone()
    assert device
    values = {"quantity": "stage", "unit": "m", "datum": "wusong"} | changes
    sensor = connection.execute(
        "insert into sensors (name, device_id, quantity, unit, datum, levels)"
        " values (%(name)s, %(device)s, %(quantity)s, %(unit)s, %(datum)s, %(levels)s) returning id",
        {"name": name, "device": device[0], "levels": levels, **values},
    ).fetchone()
    assert sensor
    return int(sensor[0])


def test_rows_are_stored_changed_and_forgotten(connection: Connection) -> None:
    one, two = a_sensor(connection, "one"), a_sensor(connection, "two")
    rows = [
        StateRow(rule_id="a", subject=one, state={"blue": {"latched": True, "since": START + 1}}),
        StateRow(rule_id="a", subject=two, state={"red": {"count": 3}}),
    ]
    persist_states(connection, rows)
    assert sorted(load_states(connection), key=lambda row: row.subject) == rows
    persist_states(
        connection,
        [
            StateRow(rule_id="a", subject=one, state=None),
            StateRow(rule_id="a", subject=two, state={"red": {"latched": True}}),
            StateRow(rule_id="never-stored", subject=two, state=None),
        ],
    )
    assert load_states(connection) == [StateRow(rule_id="a", subject=two, state={"red": {"latched": True}})]
    persist_states(connection, [])


def test_subjects_are_the_sensors(connection: Connection) -> None:
    stage = a_sensor(connection, "stage", '{"warning": 180.5, "guarantee": 183}')
    gas = a_sensor(connection, "gas", quantity="combustible_gas", unit="percent", datum=None)
    found = load_subjects(connection)
    assert [(one.sensor_id, one.name, one.quantity, one.unit, one.datum, one.levels_datum) for one in found] == [
        (stage, "stage", "stage", "m", "wusong", "wusong"),
        (gas, "gas", "combustible_gas", "percent", None, None),
    ]
    assert [dict(one.levels) for one in found] == [{"warning": 180.5, "guarantee": 183.0}, {}]


def store(connection: Connection, batch: Batch) -> None:
    for sensor, time, value in zip(batch.sensor.tolist(), batch.time.tolist(), batch.value.tolist(), strict=True):
        moment = "timestamptz 'epoch' + %(us)s * interval '1 microsecond'"
        connection.execute(
            f"select ensure_readings_partition((({moment}) at time zone 'UTC')::date)",  # type: ignore[arg-type]
            {"us": time},
        )
        connection.execute(
            f"insert into readings values (%(sensor)s, {moment}, %(value)s, false, true)",  # type: ignore[arg-type]
            {"sensor": sensor, "us": time, "value": value},
        )


def test_heads_are_the_latest_readings_to_the_microsecond(connection: Connection) -> None:
    one, two, _ = (a_sensor(connection, name) for name in ("one", "two", "silent"))
    days = [START + number * 24 * HOUR + 1 for number in (0, 5, 3)]
    store(connection, Batch(sensor=np.array([one] * 3, np.int32), time=np.array(days), value=np.ones(3)))
    store(connection, Batch(sensor=np.array([two], np.int32), time=np.array([START]), value=np.ones(1)))
    assert load_heads(connection) == {one: (days[1], 1.0), two: (START, 1.0)}


def test_a_restart_between_batches_goes_on_where_it_was(connection: Connection) -> None:
    sensor = a_sensor(connection, "cuntan", '{"warning": 180.5, "guarantee": 183.5, "highest": 191.41}')
    ruleset = compile_rules(load_rules(CONFIG / "rules"), load_subjects(connection))
    state, told = initial_state(ruleset), []
    values = [179.9, 180.0, 184.0, 183.4, 183.2, 183.1, 180.4, 180.2, 179.0, 179.7, 179.6, 192.0, 100.0, 100.0, 100.0]
    for number, value in enumerate(values):
        batch = Batch(
            sensor=np.array([sensor], np.int32),
            time=np.array([START + number * HOUR // 2]),
            value=np.array([value]),
        )
        after, more = evaluate(ruleset, state, batch, 0)
        with connection.transaction():
            store(connection, batch)
            persist_states(connection, changed(ruleset, state, after))
        state = load_state(connection, ruleset)
        assert state == after
        told += [(number, one.to_level, one.reason) for one in more if one.rule_id == "river-stage"]
    assert told == [
        (1, "blue", "raised"),
        (2, "orange", "escalated"),
        (5, "yellow", "lowered"),
        (8, "blue", "lowered"),
        (9, "none", "cleared"),
        (11, "red", "raised"),
        (13, "none", "cleared"),
    ]
    assert state.watermark[sensor] != NEVER
    assert load_states(connection) == []
