"""Writing transitions: alerts, runs, tasks and live events, against the real database."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
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

pytestmark = pytest.mark.storage

RULES = load_rules(CONFIG / "rules")
PLANS = load_plans(CONFIG / "plans")
MINUTE = 60_000_000
LATER = 40 * MINUTE  # than which an alert is no more the same one again
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
            subject=sensor,
            time=start + number * MINUTE,
            from_level=was,  # type: ignore[arg-type]
            to_level=is_,  # type: ignore[arg-type]
            value=180.0 + rank(is_),
            reason="escalated" if rank(is_) > rank(was) > 0 else reasons[is_ == "none", was == "none"],  # type: ignore[arg-type]
        )
        for number, (was, is_) in enumerate(pairwise(levels))
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


def test_a_second_alert_of_the_same_subject_in_one_batch(connection: Connection, cuntan: int) -> None:
    told = [*moves(cuntan, "none", "yellow", "none"), *moves(cuntan, "none", "blue", start=START + LATER)]
    done = write(connection, told)
    assert (done.opened, done.resolved) == (2, 1)
    assert rows(connection, "select state, level from alerts order by id") == [("resolved", "yellow"), ("open", "blue")]
    assert rows(connection, "select count(*) from alert_transitions") == [(3,)]


def test_the_database_allows_one_open_alert_for_each_subject(connection: Connection, cuntan: int) -> None:
    write(connection, moves(cuntan, "none", "blue"))
    with pytest.raises(errors.UniqueViolation, match="one_open_alert"):
        connection.execute(
            "insert into alerts (rule_id, subject, sensor_id, level, peak, state, value, opened_at, changed_at)"
            " values ('river-stage', %s, %s, 'blue', 'blue', 'acknowledged', 1, now(), now())",
            (cuntan, cuntan),
        )


def test_a_raise_joins_an_open_alert_and_an_acknowledged_one_stays_so(connection: Connection, cuntan: int) -> None:
    write(connection, moves(cuntan, "none", "blue"))
    connection.execute("update alerts set state = 'acknowledged'")
    done = write(connection, moves(cuntan, "none", "red", start=START + MINUTE))
    assert (done.opened, done.changed) == (0, 1)
    assert rows(connection, "select state, level, peak from alerts") == [("acknowledged", "red", "red")]


def test_an_alert_that_a_person_closed(connection: Connection, cuntan: int) -> None:
    """Its clearing is written to it and changes nothing; a rise opens another."""
    write(connection, moves(cuntan, "none", "blue"))
    connection.execute("update alerts set state = 'closed', resolved_at = now()")
    done = write(connection, moves(cuntan, "blue", "none", start=START + MINUTE))
    assert (done.orphans, done.changed, done.resolved) == (0, 1, 0)
    last = rows(connection, "select reason, from_state, to_state from alert_transitions order by id desc limit 1")
    assert last == [("cleared", "closed", "closed")]
    assert write(connection, moves(cuntan, "blue", "red", start=START + 2 * MINUTE)).opened == 1
    assert rows(connection, "select state, level from alerts order by id") == [("closed", "blue"), ("open", "red")]


def test_found_late_is_marked(connection: Connection, cuntan: int) -> None:
    write(connection, moves(cuntan, "none", "blue", "yellow"), late={(cuntan, START)})
    assert rows(connection, "select late from alert_transitions order by id") == [(True,), (False,)]


def test_the_place_is_that_of_the_readings_time(connection: Connection, township: int) -> None:
    """A sensor that moved belongs to where it was; only what is recorded now counts."""
    other, grid = a_township(connection, "朝天门街道", "500103002"), a_township(connection, "网格", "500103009")
    sensor = a_sensor(connection, "moved", None, grid)
    connection.execute("delete from sensor_divisions where level = 'township'")
    border = aware(START + MINUTE)
    connection.execute(
        "insert into sensor_divisions (sensor_id, level, division_id, valid, recorded) values"
        " (%(s)s, 'township', %(a)s, tstzrange(null, %(t)s), tstzrange(now(), null)),"
        " (%(s)s, 'township', %(b)s, tstzrange(%(t)s, null), tstzrange(now(), null)),"
        " (%(s)s, 'township', %(b)s, '(,)', tstzrange(now() - interval '1 day', now() - interval '1 hour'))",
        {"s": sensor, "a": township, "b": other, "t": border},
    )
    write(connection, moves(sensor, "none", "blue", "none"))
    write(connection, moves(sensor, "none", "blue", start=START + LATER))
    found = rows(connection, "select township_id, grid_id from alerts order by id")
    assert found == [(township, grid), (other, grid)]


# Plan runs.


def test_an_alert_starts_a_run_with_its_tasks(connection: Connection, cuntan: int, township: int) -> None:
    assert write(connection, moves(cuntan, "none", "blue")).runs_started == 0
    assert write(connection, moves(cuntan, "blue", "yellow", start=START + MINUTE)).runs_started == 1
    start = aware(START + MINUTE)
    found = rows(connection, "select plan_id, township_id, level, state, started_at, ended_at from plan_runs")
    assert found == [("FLD-02", township, "yellow", "open", start, None)]
    assert rows(connection, "select joined_at from run_alerts") == [(start,)]
    assert rows(connection, "select time, from_level, to_level, run_transitions.reason from run_transitions") == [
        (start, "none", "yellow", "started")
    ]
    tasks = rows(
        connection,
        "select task_key, post, what, after, extract(epoch from tasks.due_at - plan_runs.started_at)::int / 60,"
        " repeat_min, tasks.state from tasks join plan_runs on plan_runs.id = run_id order by task_key",
    )
    assert tasks[0] == ("T1", "值班长", "叫应沿江网格与物业", [], 5, None, "waiting")
    assert [(task[0], task[4], task[5]) for task in tasks[1:]] == [
        ("T2", 10, None),
        ("T3", 20, None),
        ("T4", 30, None),
        ("T5", 60, None),
        ("T6", 90, None),
        ("T7", 5, 5),
    ]


def test_later_alerts_join_and_raise_the_run_which_never_falls(
    connection: Connection, cuntan: int, township: int
) -> None:
    second = a_sensor(connection, "second", township)
    write(connection, [*moves(cuntan, "none", "yellow"), *moves(second, "none", "orange", start=START + MINUTE)])
    done = write(connection, moves(second, "orange", "red", "none", start=START + 2 * MINUTE))
    assert (done.runs_started, done.runs_raised) == (0, 1)
    write(connection, moves(cuntan, "yellow", "none", "yellow", start=START + 4 * MINUTE))
    assert rows(connection, "select level, state from plan_runs") == [("red", "open")]
    assert rows(connection, "select from_level, to_level, reason from run_transitions order by id") == [
        ("none", "yellow", "started"),
        ("yellow", "orange", "escalated"),
        ("orange", "red", "escalated"),
    ]
    assert rows(connection, "select count(*) from run_alerts") == [(2,)]
    assert rows(connection, "select count(*) from tasks") == [(7,)]


def test_batches_do_not_matter(connection: Connection, cuntan: int, township: int) -> None:
    """The same transitions, one by one or in a batch, give the same runs."""
    other = a_township(connection, "另一街道", "500103003")
    sensors = [a_sensor(connection, f"again{number}", other) for number in range(2)]
    second = a_sensor(connection, "second", township)

    def story(first: int, then: int) -> list[Transition]:
        return [
            *moves(first, "none", "blue", "orange", start=START + 5 * MINUTE),
            *moves(then, "none", "yellow", "red", "yellow"),  # earlier in time, later in arrival
            *moves(first, "orange", "none", "yellow", start=START + 9 * MINUTE),
        ]

    write(connection, story(cuntan, second))
    for one in story(*sensors):
        write(connection, [one])
    told = (
        "select time, from_level, to_level, run_transitions.reason from run_transitions"
        " join plan_runs on plan_runs.id = run_id where township_id = {} order by run_transitions.id"
    )
    joined = (
        "select joined_at, opened_at from run_alerts join alerts on alerts.id = alert_id"
        " where township_id = {} order by joined_at, alert_id"
    )
    for query in (told, joined):
        assert rows(connection, query.format(township)) == rows(connection, query.format(other))


def test_an_unlocated_subject_has_its_alert_and_no_run(connection: Connection) -> None:
    luzhou = a_sensor(connection, "luzhou", None)
    done = write(connection, moves(luzhou, "none", "red"))
    assert (done.opened, done.unlocated, done.runs_started) == (1, 1, 0)
    assert rows(connection, "select township_id, level from alerts") == [(None, "red")]
    assert rows(connection, "select count(*) from plan_runs") == [(0,)]


ALL = """\
- id: BOTH
  name: both
  trigger: {all: [{rule: 6, level: yellow}, {rule: 8, level: orange}]}
  command: {commander: x}
  levels: {I: x}
  tasks:
    - {id: T1, post: x, do: x, limit_min: 30, limit_min_red: 10}
    - {id: T2, post: y, do: y, limit_min: 5, after: [T1]}
  terminate: {all: [x], by: commander}
  review: {due_h: 1, items: [x]}
"""


def test_all_waits_for_every_rule_and_red_shortens_tasks(
    connection: Connection, cuntan: int, township: int, tmp_path: Path
) -> None:
    path = tmp_path / "all.yaml"
    path.write_text(ALL, encoding="utf-8")
    plans = load_plan_file(path)
    street = a_sensor(connection, "street", township)
    assert write(connection, moves(cuntan, "none", "orange"), plans).runs_started == 0
    deep = moves(street, "none", "yellow", "orange", rule="water-depth", start=START + 2 * MINUTE)
    assert write(connection, deep, plans).runs_started == 1
    assert rows(connection, "select level, started_at from plan_runs") == [("orange", aware(START + 3 * MINUTE))]
    assert rows(connection, "select count(*) from run_alerts") == [(2,)]
    write(connection, moves(cuntan, "orange", "red", start=START + 9 * MINUTE), plans)
    assert rows(connection, "select task_key, after, due_at from tasks order by task_key") == [
        ("T1", [], aware(START + 19 * MINUTE)),
        ("T2", ["T1"], aware(START + 8 * MINUTE)),
    ]


def test_two_pipelines_start_one_run(connection: Connection, database_url: str, cuntan: int, township: int) -> None:
    """The second waits for the first to commit, then joins its run."""
    second = a_sensor(connection, "second", township)
    with connect(database_url, "other") as other, ThreadPoolExecutor(1) as pool:
        record(other, moves(cuntan, "none", "yellow"), rules=RULES, plans=PLANS)
        waiting = pool.submit(write, connection, moves(second, "none", "orange"))
        wait_until_blocked(other)
        other.commit()
        assert waiting.result(timeout=30).runs_raised == 1
    assert rows(connection, "select level from plan_runs") == [("orange",)]


def wait_until_blocked(connection: Connection) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if connection.execute("select 1 from pg_locks where not granted limit 1").fetchone():
            return
    raise AssertionError("nobody waits")


def test_nothing_is_left_of_a_batch_that_is_rolled_back(connection: Connection, cuntan: int) -> None:
    with pytest.raises(ZeroDivisionError), connection.transaction():
        record(connection, moves(cuntan, "none", "red"), rules=RULES, plans=PLANS)
        raise ZeroDivisionError
    for table in ("alerts", "alert_transitions", "plan_runs", "tasks", "live_events"):
        assert rows(connection, f"select count(*) from {table}") == [(0,)]
    assert write(connection, moves(cuntan, "none", "red")).runs_started == 1


# What the screens are told, and the report.


def test_live_events_come_in_order(connection: Connection, cuntan: int, township: int) -> None:
    connection.execute("listen shijing_live")
    write(connection, moves(cuntan, "none", "blue", "yellow"))
    events = rows(connection, "select id, kind, payload from live_events order by id")
    assert [event[1] for event in events] == ["alert", "alert", "run", "incident"]
    (alert,) = rows(connection, "select id from alerts")[0]
    (run,) = rows(connection, "select id from plan_runs")[0]
    assert events[1][2] == {
        "alert_id": alert,
        "subject": cuntan,
        "sensor": "cuntan",
        "rule": "river-stage",
        "from": "blue",
        "to": "yellow",
        "state": "open",
        "reason": "escalated",
        "time": aware(START + MINUTE).isoformat(),
    }
    assert events[2][2] == {
        "run_id": run,
        "plan": "FLD-02",
        "level": "yellow",
        "township": "寸滩街道",
        "township_id": township,
        "reason": "started",
        "time": aware(START + MINUTE).isoformat(),
    }
    told = [notice.payload for notice in connection.notifies(timeout=10, stop_after=4)]
    assert told == [str(event[0]) for event in events]


def test_the_report(connection: Connection, cuntan: int, township: int) -> None:
    other = a_sensor(connection, "other", township)
    write(connection, moves(cuntan, "none", "yellow", "red", start=START + MINUTE))
    write(connection, moves(other, "none", "blue"))
    assert transitions(connection) == [
        {"time": "2020-08-13T14:26:40+08:00", "sensor": "other", "rule": "river-stage", "from": "none", "to": "blue"},
        {
            "time": "2020-08-13T14:27:40+08:00",
            "sensor": "cuntan",
            "rule": "river-stage",
            "from": "none",
            "to": "yellow",
        },
        {"time": "2020-08-13T14:28:40+08:00", "sensor": "cuntan", "rule": "river-stage", "from": "yellow", "to": "red"},
    ]
    assert runs(connection) == [
        {"plan": "FLD-02", "time": "2020-08-13T14:27:40+08:00", "level": "red", "township": "寸滩街道"}
    ]


def test_a_storm_of_5000_in_one_batch(connection: Connection) -> None:
    """Every alert is there once, with its run and what the screens are told. Its time: `shijing bench storm`."""
    connection.execute(STORM_SENSORS)
    sensors = [row[0] for row in rows(connection, "select id from sensors order by id")]
    write(connection, [one for sensor in sensors[:20] for one in moves(sensor, "none", "blue", "none")])
    storm = [one for sensor in sensors for one in moves(sensor, "none", "yellow", start=START + LATER)]
    done = write(connection, storm)
    assert (done.opened, done.runs_started) == (5000, 100)
    assert rows(connection, "select count(*) from live_events where kind = 'alert'") == [(5040,)]
    standing = "select count(distinct subject), count(*) from alerts where state = 'open'"
    assert rows(connection, standing) == [(5000, 5000)]
    assert rows(connection, "select count(distinct alert_id), count(*) from run_alerts") == [(5000, 5000)]


STORM_SENSORS = """
with towns as (insert into divisions (level) select 'township' from generate_series(1, 100) returning id),
     machines as (insert into devices (name) select 'd' || n from generate_series(1, 5000) n returning id, name),
     stages as (insert into sensors (name, device_id, quantity, unit) select name, id, 'stage', 'm' from machines
                returning id)
insert into sensor_divisions (sensor_id, level, division_id, valid)
select stages.id, 'township', (select min(id) from towns) + stages.id % 100, '(,)' from stages
"""
