"""Writing transitions: alerts, runs, tasks and live events, against the real database."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from psycopg import errors

from alerts.instants import aware
from alerts.kernel import Transition
from alerts.levels import rank
from alerts.plan_files import load_plan_file, load_plans
from alerts.plans import Plan
from alerts.record import Recorded, record
from alerts.report import runs, transitions
from alerts.rules import load_rules
from config.database import Connection, connect
from config.settings import CONFIG

RULES = load_rules(CONFIG / "rules")
PLANS = load_plans(CONFIG / "plans")
MINUTE = 60_000_000
START = 1_597_300_000_000_000  # 2020-08-13T06:26:40Z


def a_township(connection: Connection, name: str, code: str) -> int:
    division = connection.execute("insert into divisions (level) values ('township') returning id").fetchone()
    assert division
    connection.execute(
        "insert into division_versions (division_id, code, name, source) values (%s, %s, %s, 'test')",
        (division[0], code, name),
    )
    return int(division[0])


def a_sensor(connection: Connection, name: str, township: int | None, grid: int | None = None) -> int:
    device = connection.execute("insert into devices (name) values (%s) returning id", (name,)).fetchone()
    assert device
    sensor = connection.execute(
        "insert into sensors (name, device_id, quantity, unit, datum, levels)"
        " values (%s, %s, 'stage', 'm', 'wusong', '{\"warning\": 180.5}') returning id",
        (name, device[0]),
    ).fetchone()
    assert sensor
    for level, division in (("township", township), ("grid", grid)):
        if division is not None:
            connection.execute(
                "insert into sensor_divisions (sensor_id, level, division_id, valid) values (%s, %s, %s, '(,)')",
                (sensor[0], level, division),
            )
    return int(sensor[0])


@pytest.fixture
def township(connection: Connection) -> int:
    return a_township(connection, "寸滩街道", "500105013")


@pytest.fixture
def cuntan(connection: Connection, township: int) -> int:
    return a_sensor(connection, "cuntan", township)


def moves(sensor: int, *levels: str, start: int = START, rule: str = "river-stage") -> list[Transition]:
    """Transitions a minute apart through the levels."""
    reasons = {(False, False): "lowered", (True, False): "cleared", (False, True): "raised"}
    return [
        Transition(
            rule_id=rule,
            sensor_id=sensor,
            time=start + number * MINUTE,
            from_level=was,  # type: ignore[arg-type]
            to_level=is_,  # type: ignore[arg-type]
            value=180.0 + rank(is_),
            reason="escalated"
            if rank(is_) > rank(was) > 0
            else reasons[is_ == "none", was == "none"],  # type: ignore[arg-type]
        )
        for number, (was, is_) in enumerate(zip(levels, levels[1:], strict=False))
    ]


def write(connection: Connection, told: Sequence[Transition], plans: Sequence[Plan] = PLANS, **late: int) -> Recorded:
    with connection.transaction():
        return record(connection, told, rules=RULES, plans=plans, **late)


def rows(connection: Connection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query).fetchall()  # type: ignore[call-overload, no-any-return]


def test_an_alert_opens_rises_falls_and_resolves(connection: Connection, cuntan: int, township: int) -> None:
    assert write(connection, moves(cuntan, "none", "blue")).opened == 1
    write(connection, moves(cuntan, "blue", "orange", "yellow", start=START + MINUTE))
    found = rows(connection, "select rule_id, township_id, level, peak, state, value, resolved_at from alerts")
    assert found == [("river-stage", township, "yellow", "orange", "open", 182.0, None)]
    done = write(connection, moves(cuntan, "yellow", "none", start=START + 3 * MINUTE))
    assert (done.changed, done.resolved) == (1, 1)
    found = rows(connection, "select level, peak, state, opened_at, changed_at, resolved_at from alerts")
    end = aware(START + 3 * MINUTE)
    assert found == [("yellow", "orange", "resolved", aware(START), end, end)]
    told = rows(connection, "select from_level, to_level, reason, late, actor from alert_transitions order by id")
    assert told == [
        ("none", "blue", "raised", False, None),
        ("blue", "orange", "escalated", False, None),
        ("orange", "yellow", "lowered", False, None),
        ("yellow", "none", "cleared", False, None),
    ]
