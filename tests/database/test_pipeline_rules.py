"""The pipeline on a real database with rules of every kind: late readings, restarts, silence, rules that are gone."""

import json
import threading
from collections.abc import Callable, Sequence
from typing import Any, cast

import msgspec
import pytest

from alerts import subjects
from alerts.pipeline import Pipeline
from alerts.rule_drafts import read_files
from alerts.rule_sets import SHIPPED, put_in_force
from alerts.rules import AnyRule
from alerts.split_places import split_places
from config.database import Connection
from config.settings import PipelineSettings
from ingest.gather import Message
from ingest.scenario import SCENARIOS
from ingest.sensor_files import import_sensors
from ingest.session import MqttSession

pytestmark = pytest.mark.storage

WORDS = {"zh": "试", "en": "Test"}
Step = list[Message] | Callable[[], object]


class Script:
    """In place of the session: hands over batches, may do something between them, then stops the pipeline."""

    connected, may_connect = True, False
    waiting, window = 0, 2000

    def __init__(self, steps: Sequence[Step], steady_s: float) -> None:
        self.stop = threading.Event()
        self.steady_s = steady_s
        self._steps = iter(steps)

    def take(self, **_: object) -> list[Message]:
        step = next(self._steps, self.stop.set)
        if isinstance(step, list):
            return list(step)
        step()
        return []

    def acknowledge(self, messages: list[Message]) -> None:
        """There is no broker."""

    def close(self) -> None:
        """Nothing is open."""


def run(
    url: str, *steps: Step, rules: Sequence[AnyRule] | None, steady_s: float = 3600.0, partition: str = "cq"
) -> None:
    script = Script(steps, steady_s)
    session = cast(MqttSession, script)
    settings = PipelineSettings(partition=partition)
    Pipeline(settings, url, session, follow_clock=True, rules=rules).run(script.stop)


@pytest.fixture
def url(database_url: str, connection: Connection) -> str:
    """A database with the flood's stations."""
    assert import_sensors(connection, SCENARIOS / "flood-2020-08" / "sensors.csv").errors == []
    return database_url


def a_rule(kind: str, **more: Any) -> AnyRule:
    common = {"id": kind, "number": 6, "label": WORDS, "first_action": WORDS}
    return msgspec.convert({"kind": kind, **common, **more}, AnyRule)  # type: ignore[arg-type]


def rising(**more: Any) -> AnyRule:
    """Twice in a row at or over the warning level; three hours are not too late."""
    values: dict[str, Any] = {"quantity": "stage", "unit": "m", "direction": "above", "raise_after": 2}
    values |= {"levels": {"yellow": {"from": "warning"}}, "margin": 0.2, "clear_for_s": 0.0, "lateness_s": 10_800.0}
    return a_rule("threshold", **(values | more))


def at(time: str) -> str:
    return f"2020-08-20T{time}:00+08:00"


def clock(time: str) -> Message:
    return Message(topic="cq/clock", payload=json.dumps({"time": at(time)}).encode(), mid=1)


def stage(value: float, time: str, station: str = "cuntan") -> Message:
    told = {"value": value, "time": at(time), "unit": "m", "datum": "wusong"}
    return Message(topic=f"cq/500105/{station}/stage", payload=json.dumps(told).encode(), mid=1)


def history(connection: Connection) -> list[tuple[Any, ...]]:
    """Every transition of level in the order of recording, in Chongqing's hours."""
    return connection.execute(
        "select to_char(t.time at time zone 'Asia/Shanghai', 'HH24:MI'), t.from_level, t.to_level, t.reason, t.retracts"
        " from alert_transitions t where t.kind = 'level' order by t.id"
    ).fetchall()


def states(connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute("select rule_id, state from alerts order by id").fetchall()


def test_a_late_reading_is_put_in_its_place_and_takes_back_what_was_said(url: str, connection: Connection) -> None:
    run(
        url,
        [clock("12:00"), stage(190, "08:00")],
        [stage(190, "10:00")],
        [stage(170, "09:00")],
        [stage(190, "11:00")],
        rules=[rising()],
    )
    assert history(connection) == [
        ("10:00", "none", "yellow", "raised", False),
        ("10:00", "none", "yellow", "corrected", True),
        ("11:00", "none", "yellow", "raised", False),
    ]
    flags = connection.execute("select judged from readings order by time").fetchall()
    assert flags == [(True,)] * 4


def test_a_reading_that_is_too_late_is_stored_and_marked_and_rewrites_nothing(url: str, connection: Connection) -> None:
    run(
        url,
        [clock("12:00"), stage(190, "08:00"), stage(190, "10:00")],
        [stage(170, "09:00")],
        rules=[rising(lateness_s=60.0)],
    )
    assert history(connection) == [("10:00", "none", "yellow", "raised", False)]
    flags = connection.execute("select late, judged from readings order by time").fetchall()
    assert flags[1] == (True, False)


def test_a_late_reading_after_a_restart_goes_back_just_as_far(url: str, connection: Connection) -> None:
    rules = [rising()]
    run(url, [clock("12:00"), stage(190, "08:00"), stage(190, "10:00")], rules=rules)
    run(url, [stage(170, "09:00")], rules=rules)
    assert [row[3:] for row in history(connection)] == [("raised", False), ("corrected", True)]


def test_windows_are_there_again_after_a_restart(url: str, connection: Connection) -> None:
    rise = rising(measure={"of": "change", "over_h": 2.0}, levels={"red": 3.0}, raise_after=1)
    run(url, [clock("12:00"), stage(170, "08:00"), stage(171, "09:00")], rules=[rise])
    run(url, [stage(173.5, "10:00")], rules=[rise])
    assert history(connection) == [("10:00", "none", "red", "raised", False)]
    assert connection.execute("select value from alerts").fetchone() == (3.5,)


def test_an_alert_whose_rule_is_gone_is_resolved(url: str, connection: Connection) -> None:
    run(url, [clock("12:00"), stage(190, "08:00"), stage(190, "10:00")], rules=[rising()])
    run(url, [clock("12:30")], rules=[])
    assert history(connection)[-1] == ("12:00", "yellow", "none", "rule_removed", False)
    assert states(connection) == [("threshold", "resolved")]
    assert connection.execute("select count(*) from rule_states").fetchone() == (0,)


def test_a_changed_rule_keeps_the_alert_that_is_open(url: str, connection: Connection) -> None:
    run(url, [clock("12:00"), stage(190, "08:00"), stage(190, "10:00")], rules=[rising()])
    run(url, [stage(189, "11:00")], rules=[rising(raise_after=5)])
    assert states(connection) == [("threshold", "open")]
    run(url, [stage(100, "11:30")], rules=[rising(raise_after=5)])
    assert states(connection) == [("threshold", "resolved")]


def test_who_is_not_heard_of_is_silent_from_the_instant_that_was_due(url: str, connection: Connection) -> None:
    connection.execute("update sensors set interval_s = 60 where name = 'cuntan'")
    steps = [[clock("10:00"), stage(170, "10:00")], [clock("10:30"), stage(170, "10:30", "wulong")]]
    quiet = a_rule("silence", level="blue")
    run(url, *steps, rules=[quiet], steady_s=1.0)
    assert history(connection) == [], "just connected: what waits at the broker may still come"
    run(url, [stage(170, "10:29", "wulong")], [stage(170, "10:31")], rules=[quiet])
    assert history(connection) == [
        ("10:03", "none", "blue", "silent", False),
        ("10:31", "blue", "none", "cleared", False),
    ]


def test_a_step_marks_the_reading(url: str, connection: Connection) -> None:
    step = a_rule("step", quantity="stage", unit="m", limit=5.0, within_s=7200.0)
    run(url, [clock("12:00"), stage(170, "08:00"), stage(171, "09:00")], [stage(190, "10:00")], rules=[step])
    assert connection.execute("select suspect from readings order by time").fetchall() == [(False,), (False,), (True,)]
    assert history(connection) == []


def test_a_count_is_an_alert_of_the_division(url: str, connection: Connection) -> None:
    connection.execute(
        "with grid as (insert into divisions (level) values ('grid') returning id), named as ("
        "  insert into division_versions (division_id, code, name, source) select id, '500105013001001', '网格', 't'"
        "  from grid) insert into sensor_divisions (sensor_id, level, division_id, valid)"
        " select sensors.id, 'grid', grid.id, '(,)' from sensors, grid where sensors.name in ('cuntan', 'wulong')"
    )
    own = rising(raise_after=1)
    count = a_rule("count", of="threshold", level="yellow", within="grid", levels={"red": 2}, clear_for_s=0.0)
    run(url, [clock("12:00"), stage(300, "08:00"), stage(300, "09:00", "wulong")], rules=[own, count])
    told = connection.execute("select subject, level, value from alerts where rule_id = 'count'").fetchall()
    grid = connection.execute("select id from divisions where level = 'grid'").fetchone()
    assert grid is not None
    assert told == [(subjects.of("division", grid[0]), "red", 2.0)]


def in_one_grid(connection: Connection, *stations: str) -> None:
    connection.execute(
        "with grid as (insert into divisions (level) values ('grid') returning id), named as ("
        "  insert into division_versions (division_id, code, name, source) select id, '500105013001001', '网格', 't'"
        "  from grid) insert into sensor_divisions (sensor_id, level, division_id, valid)"
        " select sensors.id, 'grid', grid.id, '(,)' from sensors, grid where sensors.name = any(%s)",
        (list(stations),),
    )


def lates(connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute(
        "select rule_id, alerts.late, array_agg(told.late order by told.id) from alerts"
        " join alert_transitions told on told.alert_id = alerts.id group by alerts.id order by alerts.id"
    ).fetchall()


def test_a_count_that_late_readings_bring_is_found_late(url: str, connection: Connection) -> None:
    in_one_grid(connection, "cuntan", "wulong")
    count = a_rule("count", of="threshold", level="yellow", within="grid", levels={"red": 2}, clear_for_s=0.0)
    rules = [rising(raise_after=1), count]
    run(
        url,
        [clock("12:00"), stage(300, "08:00"), stage(300, "09:00", "wulong")],
        [stage(100, "11:59"), stage(100, "12:00", "wulong")],
        rules=rules,
    )
    assert lates(connection) == [
        ("threshold", True, [True, False]),
        ("threshold", True, [True, False]),
        ("count", True, [True, False]),
    ]


def test_a_device_that_late_readings_raise_is_found_late(url: str, connection: Connection) -> None:
    connection.execute(
        "insert into sensors (name, device_id, quantity, unit)"
        " select 'cuntan-rain', device_id, 'rainfall', 'mm' from sensors where name = 'cuntan'"
    )
    rise = {"quantity": "stage", "of": "change", "over_h": 1.0, "above": 5}
    high = {"any": [rise, {"quantity": "rainfall", "above": 50}]}
    both = a_rule("condition", units={"stage": "m", "rainfall": "mm"}, levels={"red": high}, raise_after=1)
    run(url, [clock("12:00"), stage(170, "08:00")], [stage(180, "09:00")], [stage(170, "12:00")], rules=[both])
    assert connection.execute("select subject >> 32 from alerts").fetchall() == [(1,)]
    assert lates(connection) == [("condition", True, [True])]


def test_a_silence_that_is_noticed_after_long_is_found_late(url: str, connection: Connection) -> None:
    """Of a sensor and of its gateway; one that is noticed when it is due is not."""
    connection.execute("update sensors set interval_s = 60 where name in ('cuntan', 'wulong')")
    connection.execute("insert into devices (name) values ('gw') on conflict do nothing")
    connection.execute(
        "update devices set gateway = 'gw' where id = (select device_id from sensors where name = 'cuntan')"
    )
    quiet = a_rule("silence", level="blue", subjects=["sensor", "gateway"])
    start = [clock("10:00"), stage(170, "10:00"), stage(170, "10:00", "wulong")]
    run(url, start, [clock("12:00")], [stage(170, "12:00")], rules=[quiet])
    told = (
        "select subject >> 32, to_level, told.late from alert_transitions told join alerts on alerts.id = alert_id"
        " where told.kind = 'level' order by told.id"
    )
    late = [(0, "blue", True), (0, "blue", True), (2, "blue", True)]
    assert connection.execute(told.encode()).fetchall() == [*late, (0, "none", False), (2, "none", False)]
    assert connection.execute("select distinct late from alerts").fetchall() == [(True,)]


def test_a_silence_that_is_noticed_when_it_is_due_is_not_found_late(url: str, connection: Connection) -> None:
    connection.execute("update sensors set interval_s = 60 where name = 'cuntan'")
    quiet = a_rule("silence", level="blue")
    run(url, [clock("10:00"), stage(170, "10:00")], [clock("10:04")], rules=[quiet])
    assert lates(connection) == [("silence", False, [False])]


def test_a_set_put_in_force_takes_over_without_a_restart(url: str, connection: Connection) -> None:
    files = read_files(SHIPPED)
    milder = {**files, "river-stage.toml": files["river-stage.toml"].replace("offset = -0.5", "offset = -20.0")}
    assert milder != files
    run(
        url,
        [clock("12:00"), stage(175, "08:00")],
        lambda: put_in_force(connection, milder, author="测试", note="earlier"),
        [stage(175, "09:00")],
        rules=None,
    )
    assert [row for row in history(connection) if row[2] == "blue"] == [("09:00", "none", "blue", "raised", False)]


def test_an_official_warning_counts_from_the_batch_after_it_came(url: str, connection: Connection) -> None:
    tree = {"all": [{"quantity": "stage", "of": "change", "over_h": 1.0, "above": 0.5}, {"warning": "11A01"}]}
    armed = a_rule("condition", units={"stage": "m"}, levels={"orange": tree}, raise_after=1)

    connection.execute(
        "with place as (insert into divisions (level) values ('township') returning id), lies as ("
        "  insert into division_versions (division_id, code, name, source) select id, '500105013', '街道', 't'"
        "  from place) insert into sensor_divisions (sensor_id, level, division_id, valid)"
        " select sensors.id, 'township', place.id, '(,)' from sensors, place where sensors.name = 'cuntan'"
    )

    def warn() -> None:
        connection.execute(
            "with warned as (insert into warnings (identifier, sender, sent, status, msg_type, event_code, level,"
            "    effective, expires, source, fingerprint)"
            "  values ('1', 's', '2020-08-20', 'actual', 'alert', '11A01', 'blue',"
            "    '2020-08-20T08:00:00+08:00', '2020-08-21', 'hand', 'x') returning id)"
            "insert into warning_divisions select warned.id, divisions.id from warned, divisions"
        )

    first = [clock("12:00"), stage(170, "08:00"), stage(171, "09:00")]
    # A notice is read with the next answer of the database: the batch after that one knows.
    run(url, first, warn, [stage(172, "10:00")], [stage(173, "11:00")], rules=[armed])
    assert history(connection)[0][:4] in [(hour, "none", "orange", "raised") for hour in ("10:00", "11:00")]


# Several partitions on one database: each judges what it hears.


def test_who_does_not_hear_a_sensor_does_not_call_it_silent(url: str, connection: Connection) -> None:
    connection.execute("update sensors set interval_s = 3600 where name in ('cuntan', 'wulong')")
    rules = [a_rule("silence", intervals=3.0, level="blue")]
    run(url, [clock("08:00"), stage(170, "08:00")], rules=rules, partition="north")
    run(url, [clock("08:00"), stage(200, "08:00", "wulong")], rules=rules, partition="south")
    run(url, [clock("12:00"), stage(200, "12:00", "wulong")], rules=rules, partition="south")
    assert history(connection) == []
    run(url, [clock("12:00"), stage(170, "08:00")], lambda: None, rules=rules, partition="north")
    assert history(connection) == [("11:00", "none", "blue", "silent", False)]


def test_a_sensor_that_another_partition_heard_is_taken_over_with_its_latches(url: str, connection: Connection) -> None:
    rules = [rising()]
    run(url, [clock("12:00"), stage(190, "08:00")], rules=rules, partition="north")
    run(url, [clock("12:00"), stage(190, "09:00")], rules=rules, partition="south")
    assert history(connection) == [("09:00", "none", "yellow", "raised", False)]
    run(url, [clock("12:00"), stage(200, "09:00", "wulong")], rules=rules, partition="north")
    assert states(connection) == [("threshold", "open")]  # no longer the north's, and not over
    run(url, [clock("12:00"), stage(170, "10:00")], rules=rules, partition="south")
    assert history(connection)[1:] == [("10:00", "yellow", "none", "cleared", False)]
    heard = "select name, partition from heard_by join sensors on sensors.id = sensor_id order by name"
    assert connection.execute(heard.encode()).fetchall() == [("cuntan", "south"), ("wulong", "north")]


def test_a_place_that_two_partitions_hear_a_part_of_is_told(url: str, connection: Connection) -> None:
    in_one_grid(connection, "cuntan", "wulong")
    count = a_rule("count", of="threshold", level="yellow", within="grid", levels={"red": 2}, clear_for_s=0.0)
    rules = [rising(raise_after=1), count]
    run(url, [clock("12:00"), stage(300, "11:59")], rules=rules, partition="north")
    assert split_places(connection, rules) == []
    run(url, [clock("12:00"), stage(300, "12:00", "wulong")], rules=rules, partition="south")
    (split,) = split_places(connection, rules)
    assert (split.rule, split.places, split.partitions) == ("count", 1, ("north", "south"))
    assert "let one partition hear" in split.reason()
