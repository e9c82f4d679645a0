"""Measured conditions of runs under way on a real database: noted, followed by a rise, taken back when they end."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from alerts.actors import actor_of
from alerts.acts import resolve
from config.database import Connection
from dispatch.act_ending import terminate, tick
from dispatch.advance import advance
from dispatch.errors import Refused
from dispatch.judging import judge_conditions
from dispatch.sweep import sweep
from tests.database.people_seed import ACTOR
from tests.database.run_seed import START, Ground, a_ground

pytestmark = pytest.mark.storage


@pytest.fixture
def ground(connection: Connection, tmp_path: Path) -> Ground:
    return a_ground(connection, tmp_path)


def said(connection: Connection, run: int, **plan: Any) -> None:
    connection.execute("update plan_runs set plan = plan || %s where id = %s", (Jsonb(plan), run))


def read(connection: Connection, sensor: int, minutes: float, value: float) -> None:
    time = START + timedelta(minutes=minutes)
    connection.execute("select ensure_readings_partition(%s::date)", (time.date(),))
    connection.execute(
        "insert into readings (sensor_id, time, value, late, judged) values (%s, %s, %s, false, true)",
        (sensor, time, value),
    )


def met(connection: Connection, run: int) -> set[tuple[str, int]]:
    rows = connection.execute("select purpose, number from run_conditions where run_id = %s", (run,)).fetchall()
    return {(purpose, number) for purpose, number in rows}


def level(connection: Connection, run: int) -> str:
    row = connection.execute("select level from plan_runs where id = %s", (run,)).fetchone()
    assert row is not None
    return str(row[0])


def test_a_river_that_rises_fast_raises_the_run_once(connection: Connection, ground: Ground) -> None:
    run = ground.flood(connection)
    said(connection, run, upgrade=[{"rate_over": 1.0, "unit": "m/h"}], terminate={"all": ["x"], "by": "commander"})
    read(connection, ground.sensor, 0, 181.0)
    read(connection, ground.sensor, 70, 183.0)
    at = ground.at(connection, 70)
    assert judge_conditions(connection, [run], at) == 1
    assert (level(connection, run), met(connection, run)) == ("orange", {("upgrade", 0)})
    assert judge_conditions(connection, [run], at) == 0
    kinds = [row[0] for row in connection.execute("select kind from run_acts where run_id = %s order by id", (run,))]
    assert kinds == ["condition_met", "raised"]
    read(connection, ground.sensor, 140, 183.1)
    assert judge_conditions(connection, [run], ground.at(connection, 140)) == 1
    assert (level(connection, run), met(connection, run)) == ("orange", set())


def test_a_condition_of_a_level_that_the_alert_has_reached_raises_no_further(
    connection: Connection, ground: Ground
) -> None:
    run = ground.flood(connection)
    ground.flood(connection, "yellow", "orange", minutes=1)
    assert level(connection, run) == "orange"
    judge_conditions(connection, [run], ground.at(connection, 1))
    assert ("upgrade", 0) in met(connection, run)  # {rule: 6, level: orange} of the plan
    assert level(connection, run) == "orange"


def test_the_sweep_raises_where_nobody_answers(connection: Connection, ground: Ground) -> None:
    run = ground.flood(connection)
    said(connection, run, upgrade=[{"unanswered_min": 15}])
    advance(connection, ground.at(connection, 0), channels=frozenset({"sms"}))
    ground.at(connection, 14)
    sweep(connection, channels=frozenset({"sms"}))
    assert level(connection, run) == "yellow"
    ground.at(connection, 15)
    sweep(connection, channels=frozenset({"sms"}))
    assert level(connection, run) == "orange"


def test_what_is_measured_is_not_ticked_and_ends_the_run_when_it_holds(connection: Connection, ground: Ground) -> None:
    run = ground.flood(connection)
    said(connection, run, terminate={"all": [{"below": "yellow", "for_h": 1}], "by": "commander"}, upgrade=[])
    ground.at(connection, 5)
    with pytest.raises(Refused) as refused:
        tick(connection, run, "terminate", 0, met=True, actor=ACTOR)
    assert "自动判断" in refused.value.zh
    alert = connection.execute("select max(id) from alerts").fetchone()
    assert alert is not None
    resolve(connection, alert[0], actor=actor_of(connection, "lena"))
    ground.at(connection, 64)
    with pytest.raises(Refused):
        terminate(connection, run, actor=ACTOR)
    ground.at(connection, 66)
    with pytest.raises(Refused) as refused:  # the signature alone is missing
        terminate(connection, run, actor=ACTOR)
    assert "尚缺 1 项" in refused.value.zh


def test_what_cannot_be_told_is_ticked_by_a_person(connection: Connection, ground: Ground) -> None:
    run = ground.flood(connection)
    said(connection, run, terminate={"all": [{"depth_below_cm": 3, "for_min": 30}], "by": "commander"}, upgrade=[])
    tick(connection, run, "terminate", 0, met=True, actor=ACTOR)
    assert judge_conditions(connection, [run], ground.at(connection, 1)) == 0
    assert met(connection, run) == {("terminate", 0)}
