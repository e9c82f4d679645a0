"""What people do with alerts, in the real database: acts, shelves, maintenance, reports; a row for each."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import shapely
from psycopg import errors

from alerts import subjects
from alerts.act_errors import ActRefused, AlertUnknown
from alerts.actors import actor_of
from alerts.acts import acknowledge, close, comment, resolve, take_in_hand
from alerts.instants import aware
from alerts.kernel import Transition
from alerts.levels import Level, rank
from alerts.plan_files import load_plan_file, load_plans
from alerts.plans import Plan
from alerts.record import Recorded, record
from alerts.reports import Report, report
from alerts.rules import load_rules
from alerts.suppress import end, maintain, release, shelve, suppressions
from alerts.tending import Tending
from config.database import Connection
from config.settings import CONFIG

RULES = load_rules(CONFIG / "rules")
PLANS = load_plans(CONFIG / "plans")
MINUTE = 60_000_000
START = 1_597_300_000_000_000  # 2020-08-13T06:26:40Z


def rows(connection: Connection, query: str, *values: object) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode(), values).fetchall()


@pytest.fixture
def township(connection: Connection) -> int:
    connection.execute("insert into partitions (name, clock) values ('cq', %s)", (aware(START),))
    district, town = (
        rows(connection, "insert into divisions (level) values (%s) returning id", level)[0][0]
        for level in ("district", "township")
    )
    for division, parent, code, name in (
        (district, None, "500105", "江北区"),
        (town, district, "500105013", "寸滩街道"),
    ):
        connection.execute(
            "insert into division_versions (division_id, parent_id, code, name, lon, lat, source)"
            " values (%s, %s, %s, %s, 106.6, 29.6, 'test')",
            (division, parent, code, name),
        )
    return int(town)


def a_sensor(connection: Connection, name: str, township: int, gateway: str | None = None) -> int:
    device = rows(connection, "insert into devices (name, gateway) values (%s, %s) returning id", name, gateway)[0][0]
    sensor = rows(
        connection,
        "insert into sensors (name, device_id, quantity, unit, datum) values (%s, %s, 'stage', 'm', 'wusong')"
        " returning id",
        name,
        device,
    )[0][0]
    connection.execute(
        "insert into sensor_divisions (sensor_id, level, division_id, valid) values (%s, 'township', %s, '(,)')",
        (sensor, township),
    )
    return int(sensor)


@pytest.fixture
def cuntan(connection: Connection, township: int) -> int:
    return a_sensor(connection, "cuntan", township)


@pytest.fixture
def lin(connection: Connection) -> UUID:
    return actor_of(connection, "林")


def a_move(
    subject: int, was: Level, is_: Level, minute: float = 0, rule: str = "river-stage", **how: Any
) -> Transition:
    reason = "cleared" if is_ == "none" else "raised" if was == "none" else "escalated"
    return Transition(
        rule_id=rule,
        subject=subject,
        time=START + round(minute * MINUTE),
        from_level=was,
        to_level=is_,
        value=180.0 + rank(is_),
        **{"reason": reason, **how},
    )


def write(connection: Connection, *told: Transition, plans: Sequence[Plan] = PLANS) -> Recorded:
    with connection.transaction():
        return record(connection, told, rules=RULES, plans=plans)


def raised(connection: Connection, subject: int, level: Level = "yellow", **how: Any) -> int:
    write(connection, a_move(subject, "none", level, **how))
    return int(rows(connection, "select max(id) from alerts")[0][0])


def told(connection: Connection, alert: int) -> list[tuple[Any, ...]]:
    return rows(
        connection, "select reason, from_state, to_state from alert_transitions where alert_id = %s order by id", alert
    )


def clock(connection: Connection, minute: float) -> datetime:
    at = aware(START + round(minute * MINUTE))
    connection.execute("update partitions set clock = %s", (at,))
    return at


def test_from_open_to_closed_with_who_and_when(connection: Connection, cuntan: int, lin: UUID) -> None:
    alert = raised(connection, cuntan)
    for minute, act in ((1, acknowledge), (2, take_in_hand), (3, resolve)):
        clock(connection, minute)
        act(connection, alert, actor=lin, note=f"at {minute}")
    clock(connection, 4)
    close(connection, alert, cause="real", actor=lin)
    at = [aware(START + minute * MINUTE) for minute in range(5)]
    found = rows(
        connection,
        "select state, cause, opened_at, acknowledged_at, in_hand_at, resolved_at, closed_at from alerts",
    )
    assert found == [("closed", "real", at[0], at[1], at[2], at[3], at[4])]
    assert told(connection, alert) == [
        ("raised", "none", "open"),
        ("acknowledged", "open", "acknowledged"),
        ("taken_in_hand", "acknowledged", "in_hand"),
        ("resolved", "in_hand", "resolved"),
        ("closed", "resolved", "closed"),
    ]
    who = rows(connection, "select kind, actor, note, from_level, to_level from alert_transitions order by id")
    assert who[0] == ("level", None, "", "none", "yellow")
    assert who[1] == ("state", lin, "at 1", "yellow", "yellow")
    events = rows(connection, "select payload ->> 'state' from live_events where kind = 'alert' order by id")
    assert [one[0] for one in events] == ["open", "acknowledged", "in_hand", "resolved", "closed"]


def test_an_act_that_does_not_go_is_refused_and_leaves_nothing(connection: Connection, cuntan: int, lin: UUID) -> None:
    alert = raised(connection, cuntan)
    take_in_hand(connection, alert, actor=lin)
    before = told(connection, alert)
    with pytest.raises(ActRefused, match="in hand: it cannot become acknowledged"):
        acknowledge(connection, alert, actor=lin)
    with pytest.raises(ActRefused, match="in hand already"):
        take_in_hand(connection, alert, actor=lin)
    with pytest.raises(ActRefused, match="give one of real, false, drill, test"):
        close(connection, alert, cause="whatever", actor=lin)
    with pytest.raises(ActRefused, match="write some"):
        comment(connection, alert, note=" ", actor=lin)
    with pytest.raises(AlertUnknown, match="no alert 999"):
        resolve(connection, 999, actor=lin)
    assert told(connection, alert) == before


def test_comments_may_come_twice_in_a_moment_and_after_the_end(connection: Connection, cuntan: int, lin: UUID) -> None:
    alert = raised(connection, cuntan)
    comment(connection, alert, note="水已退", actor=lin)
    close(connection, alert, cause="false", actor=lin)
    comment(connection, alert, note="a", actor=lin)
    comment(connection, alert, note="b", actor=lin)
    notes = rows(connection, "select note, to_state from alert_transitions where reason = 'commented' order by id")
    assert notes == [("水已退", "open"), ("a", "closed"), ("b", "closed")]


def test_transitions_cannot_be_rewritten(connection: Connection, cuntan: int) -> None:
    raised(connection, cuntan)
    for statement in (
        "update alert_transitions set note = 'x'",
        "delete from alert_transitions",
        "truncate alert_transitions cascade",
        "update run_transitions set reason = 'x'",
        "delete from run_transitions",
        "truncate run_transitions cascade",
    ):
        with pytest.raises(errors.RestrictViolation, match="append-only"):
            connection.execute(statement.encode())


def test_a_name_has_one_actor(connection: Connection) -> None:
    assert actor_of(connection, "林") == actor_of(connection, " 林 ")
    assert actor_of(connection, "林") != actor_of(connection, "林", "system")
    assert rows(connection, "select count(*) from actors") == [(2,)]


# Reopened, corrected, inhibited, gone.


def test_a_rise_soon_after_reopens_and_asks_for_a_new_acknowledgement(
    connection: Connection, cuntan: int, lin: UUID
) -> None:
    alert = raised(connection, cuntan)
    acknowledge(connection, alert, actor=lin)
    write(connection, a_move(cuntan, "yellow", "none", 5))
    done = write(connection, a_move(cuntan, "none", "blue", 20))
    assert (done.reopened, done.opened) == (1, 0)
    found = rows(connection, "select id, state, level, peak, opened_at, acknowledged_at, resolved_at from alerts")
    assert found == [(alert, "open", "blue", "yellow", aware(START), None, None)]
    assert told(connection, alert)[-1] == ("reopened", "resolved", "open")


def test_a_raise_that_is_taken_back_ends_the_alert_but_not_its_run(connection: Connection, cuntan: int) -> None:
    alert = raised(connection, cuntan, "orange")
    write(connection, a_move(cuntan, "none", "orange", retracts=True))
    found = rows(connection, "select state, cause, revision, level, resolved_at from alerts")
    assert found == [("resolved", None, 1, "orange", aware(START))]
    assert rows(connection, "select state, level from plan_runs") == [("open", "orange")]
    said = rows(connection, "select from_level, to_level, reason from run_transitions order by id")
    assert said == [("none", "orange", "started"), ("orange", "orange", "corrected")]
    event = rows(connection, "select payload from live_events where kind = 'run' order by id desc limit 1")[0][0]
    assert (event["reason"], event["township"]) == ("corrected", "寸滩街道")
    rows_ = rows(connection, "select retracts, revision from alert_transitions where alert_id = %s order by id", alert)
    assert rows_ == [(False, 0), (True, 1)]


def test_a_raise_is_moved_and_the_next_batch_goes_on(connection: Connection, cuntan: int, lin: UUID) -> None:
    alert = raised(connection, cuntan, "blue")
    acknowledge(connection, alert, actor=lin)
    write(
        connection,
        a_move(cuntan, "none", "blue", retracts=True),
        a_move(cuntan, "none", "red", -2, reason="corrected"),
        a_move(cuntan, "red", "blue", 0, reason="corrected"),
        a_move(cuntan, "blue", "yellow", 1),
    )
    found = rows(connection, "select id, state, level, peak, opened_at, revision from alerts")
    assert found == [(alert, "acknowledged", "yellow", "red", aware(START - 2 * MINUTE), 1)]


def test_a_clearing_taken_back_gives_back_what_was(connection: Connection, cuntan: int, lin: UUID) -> None:
    alert = raised(connection, cuntan)
    take_in_hand(connection, alert, actor=lin)
    write(connection, a_move(cuntan, "yellow", "none", 5))
    write(connection, a_move(cuntan, "yellow", "none", 5, retracts=True))
    assert rows(connection, "select state, resolved_at from alerts") == [("in_hand", None)]


def test_red_hides_the_lower_ones_of_its_family(connection: Connection, cuntan: int) -> None:
    lower = raised(connection, cuntan, "yellow", rule="river-stage")
    connection.execute("update alerts set family = 'stage'")
    connection.execute(
        "insert into alerts (rule_id, subject, sensor_id, family, level, peak, state, opened_at, changed_at)"
        " values ('rise', %s, %s, 'stage', 'orange', 'orange', 'open', now(), now())",
        (cuntan, cuntan),
    )
    hidden = "select rule_id, inhibited_by is not null from alerts order by id"
    write(connection, a_move(cuntan, "yellow", "red", 1))
    assert rows(connection, hidden) == [("river-stage", False), ("rise", True)]
    write(connection, a_move(cuntan, "red", "yellow", 2, reason="lowered"))
    assert rows(connection, hidden) == [("river-stage", False), ("rise", False)]
    reasons = rows(connection, "select reason, note from alert_transitions where kind = 'state' order by id")
    assert reasons == [("inhibited", str(lower)), ("uninhibited", "")]
    events = rows(
        connection,
        "select payload->>'reason', payload->>'rule', payload->>'state', (payload->>'inhibited_by')::bigint"
        " from live_events where payload->>'reason' like '%%inhibited' order by id",
    )
    assert events == [("inhibited", "rise", "open", lower), ("uninhibited", "rise", "open", None)]


def test_what_a_gateway_hides_stays_hidden_whatever_else_its_sensor_has(connection: Connection, cuntan: int) -> None:
    silence = (
        "insert into alerts (rule_id, subject, sensor_id, kind, family, level, peak, state, inhibited_by, opened_at,"
        " changed_at) values ('silence', %s, %s, 'silence', 'device', 'blue', 'blue', 'open', %s, now(), now())"
        " returning id"
    )
    gateway = rows(connection, silence, 2 << 32 | 1, None, None)[0][0]
    rows(connection, silence, cuntan, cuntan, gateway)
    write(connection, a_move(cuntan, "none", "yellow"))
    write(connection, a_move(cuntan, "yellow", "red", 1))
    assert rows(connection, "select rule_id, inhibited_by from alerts where inhibited_by is not null") == [
        ("silence", gateway)
    ]
    assert rows(connection, "select reason from alert_transitions where kind = 'state'") == []


def test_an_alert_whose_rule_or_sensor_is_gone_is_resolved(connection: Connection, cuntan: int, township: int) -> None:
    """Also where the rule is none of those in force any more."""
    other = a_sensor(connection, "other", township)
    write(connection, a_move(cuntan, "none", "red"), a_move(other, "none", "red"))
    gone = [
        a_move(cuntan, "red", "none", 1, reason="rule_removed"),
        a_move(other, "red", "none", 1, reason="retired"),
    ]
    with connection.transaction():
        done = record(connection, gone, rules=[rule for rule in RULES if rule.id != "river-stage"], plans=PLANS)
    assert done.resolved == 2
    found = rows(connection, "select reason, to_state from alert_transitions where to_level = 'none' order by id")
    assert found == [("rule_removed", "resolved"), ("retired", "resolved")]


def test_pending_since_and_found_late_are_kept(connection: Connection, cuntan: int) -> None:
    one = a_move(cuntan, "none", "yellow", pending_since=START - MINUTE)
    with connection.transaction():
        record(connection, [one], rules=RULES, plans=PLANS, late={(cuntan, START)})
    assert rows(connection, "select pending_since, late from alerts") == [(aware(START - MINUTE), True)]


def test_an_alert_of_a_gateway_a_device_and_a_division(connection: Connection, township: int) -> None:
    """Placed by their sensors, or by themselves; and told by name."""
    a_sensor(connection, "behind", township, gateway="gw")
    gateway = rows(connection, "insert into devices (name) values ('gw') returning id")[0][0]
    device = rows(connection, "select id from devices where name = 'behind'")[0][0]
    about = [subjects.of("gateway", gateway), subjects.of("device", device), subjects.of("division", township)]
    write(connection, *(a_move(subject, "none", "blue") for subject in about))
    found = rows(connection, "select subject, sensor_id, township_id from alerts order by subject")
    assert found == [(subject, None, township) for subject in sorted(about)]
    names = rows(connection, "select payload ->> 'sensor' from live_events where kind = 'alert' order by id")
    assert [one[0] for one in names] == ["gw", "behind", "寸滩街道"]


# Shelves and maintenance.


def until(minute: float) -> datetime:
    return aware(START + round(minute * MINUTE))


def test_a_shelved_rule_starts_no_run_until_it_is_released(connection: Connection, cuntan: int, lin: UUID) -> None:
    shelf = shelve(connection, rule_id="river-stage", until=until(60), reason="标尺检修", actor=lin)
    assert write(connection, a_move(cuntan, "none", "orange", 1)).suppressed == 1
    assert rows(connection, "select suppressed_by from alerts") == [(shelf,)]
    assert rows(connection, "select count(*) from plan_runs") == [(0,)]
    event = rows(connection, "select payload from live_events where kind = 'alert'")[0][0]
    assert event["suppressed"] is True
    assert release(connection, until(30), rules=RULES, plans=PLANS) == []
    freed = release(connection, until(60), rules=RULES, plans=PLANS)
    assert len(freed) == 1
    assert rows(connection, "select suppressed_by from alerts") == [(None,)]
    assert rows(connection, "select plan_id, level, started_at from plan_runs") == [("FLD-02", "orange", until(60))]
    assert told(connection, freed[0])[-1] == ("released", "open", "open")
    assert release(connection, until(61), rules=RULES, plans=PLANS) == []


def test_time_alone_lets_go_of_what_was_held_and_closes_what_is_over(
    connection: Connection, cuntan: int, lin: UUID
) -> None:
    tending = Tending(partition="cq", follow_clock=True)
    shelve(connection, rule_id="river-stage", until=until(60), reason="标尺检修", actor=lin)
    write(connection, a_move(cuntan, "none", "orange", 1))
    write(connection, a_move(cuntan, "none", "red", 2, rule="river-rise"))
    write(connection, a_move(cuntan, "red", "none", 3, rule="river-rise"))

    def tended_at(minute: float) -> list[tuple[Any, ...]]:
        connection.execute("update partitions set clock = %s", (until(minute),))
        tending.tend(connection)
        return rows(connection, "select (select count(*) from plan_runs), (select state from incidents)")

    assert tended_at(59) == [(0, "open")]
    assert tended_at(60) == [(1, "open")]
    write(connection, a_move(cuntan, "orange", "none", 61))
    assert tended_at(62) == [(1, "open")]
    assert tended_at(62 + 24 * 60) == [(1, "closed")]


def test_a_step_that_fails_keeps_no_other_from_its_turn(
    connection: Connection, cuntan: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("alerts.tending.release", fails)
    write(connection, a_move(cuntan, "none", "blue", 1), a_move(cuntan, "blue", "none", 2))
    with pytest.raises(ZeroDivisionError):
        Tending(partition="cq", follow_clock=False).tend(connection)
    assert rows(connection, "select state from incidents") == [("closed",)]


def test_a_follower_that_was_told_no_clock_tends_nothing(connection: Connection, cuntan: int) -> None:
    write(connection, a_move(cuntan, "none", "blue", 1), a_move(cuntan, "blue", "none", 2))
    connection.execute("update partitions set clock = null")
    Tending(partition="cq", follow_clock=True).tend(connection)
    assert rows(connection, "select state from incidents") == [("open",)]
    Tending(partition="cq", follow_clock=False).tend(connection)
    assert rows(connection, "select state from incidents") == [("closed",)]


def test_a_shelf_taken_down_is_released_at_once(connection: Connection, cuntan: int, lin: UUID) -> None:
    alert = raised(connection, cuntan, "blue")
    shelf = shelve(connection, alert_id=alert, until=until(60), reason="施工", actor=lin)
    assert told(connection, alert)[-1] == ("suppressed", "open", "open")
    assert [(one["id"], one["holds"], one["in_force"]) for one in suppressions(connection)] == [(shelf, 1, True)]
    end(connection, shelf, actor=lin)
    assert release(connection, until(0), rules=RULES, plans=PLANS) == [alert]
    with pytest.raises(AlertUnknown, match="no suppression"):
        end(connection, shelf, actor=lin)
    assert suppressions(connection) == []


def test_a_new_shelf_lets_nothing_else_go(connection: Connection, cuntan: int, township: int, lin: UUID) -> None:
    """Who lets go also starts the plans."""
    shelve(connection, subject=cuntan, until=until(10), reason="x", actor=lin)
    write(connection, a_move(cuntan, "none", "red", 1))
    clock(connection, 20)
    shelve(connection, subject=a_sensor(connection, "other", township), until=until(60), reason="x", actor=lin)
    assert rows(connection, "select suppressed_by is not null from alerts") == [(True,)]
    release(connection, until(20), rules=RULES, plans=PLANS)
    assert rows(connection, "select level from plan_runs") == [("red",)]


def test_each_rise_of_a_batch_goes_by_the_suppression_of_its_own_time(
    connection: Connection, cuntan: int, lin: UUID
) -> None:
    """Held at first, the shelf over at the second rise: that one starts the plan, at its own time."""
    shelve(connection, subject=cuntan, until=until(10), reason="x", actor=lin)
    done = write(connection, a_move(cuntan, "none", "blue", 1), a_move(cuntan, "blue", "red", 15))
    assert (done.suppressed, done.runs_started) == (0, 1)
    assert rows(connection, "select suppressed_by from alerts") == [(None,)]
    assert rows(connection, "select level, started_at from plan_runs") == [("red", until(15))]
    said = "select to_level, note <> '' from alert_transitions where kind = 'level' order by id"
    assert rows(connection, said) == [("blue", True), ("red", False)]
    told = "select payload -> 'suppressed' from live_events where kind = 'alert' order by id"
    assert rows(connection, told) == [(True,), (None,)]


def test_a_window_that_begins_within_a_batch_holds_the_rises_after_it(
    connection: Connection, cuntan: int, lin: UUID
) -> None:
    window = maintain(connection, subject=cuntan, begins=until(10), ends=until(20), reason="x", actor=lin)
    write(
        connection,
        a_move(cuntan, "none", "blue", 1),
        a_move(cuntan, "blue", "orange", 5),
        a_move(cuntan, "orange", "red", 15),
    )
    assert rows(connection, "select suppressed_by from alerts") == [(window,)]
    assert rows(connection, "select level from plan_runs") == [("orange",)]
    release(connection, until(20), rules=RULES, plans=PLANS)
    assert rows(connection, "select level from plan_runs") == [("red",)]


def test_what_cleared_under_a_shelf_starts_nothing(connection: Connection, cuntan: int, lin: UUID) -> None:
    shelve(connection, subject=cuntan, until=until(60), reason="x", actor=lin)
    write(connection, a_move(cuntan, "none", "red", 1), a_move(cuntan, "red", "none", 50))
    assert release(connection, until(60), rules=RULES, plans=PLANS) == []
    assert rows(connection, "select count(*) from plan_runs") == [(0,)]


def test_maintenance_of_a_gateway_covers_what_is_behind_it(connection: Connection, township: int, lin: UUID) -> None:
    behind, beside = a_sensor(connection, "behind", township, gateway="gw"), a_sensor(connection, "beside", township)
    gateway = rows(connection, "insert into devices (name) values ('gw') returning id")[0][0]
    window = maintain(
        connection,
        subject=subjects.of("gateway", gateway),
        begins=until(10),
        ends=until(20),
        reason="换电池",
        actor=lin,
    )
    write(connection, a_move(behind, "none", "blue", 9), a_move(beside, "none", "blue", 9))
    held = "select suppressed_by from alerts order by subject"
    assert rows(connection, held) == [(None,), (None,)]
    release(connection, until(10), rules=RULES, plans=PLANS)
    assert rows(connection, held) == [(window,), (None,)]
    write(connection, a_move(behind, "blue", "orange", 15))
    assert rows(connection, "select count(*) from plan_runs") == [(0,)]
    release(connection, until(20), rules=RULES, plans=PLANS)
    assert rows(connection, "select level from plan_runs") == [("orange",)]


def test_maintenance_of_a_district_covers_its_townships(connection: Connection, cuntan: int, lin: UUID) -> None:
    district = rows(connection, "select id from divisions where level = 'district'")[0][0]
    maintain(connection, division_id=district, begins=None, ends=until(20), reason="x", actor=lin)
    assert write(connection, a_move(cuntan, "none", "red", 1)).suppressed == 1


def test_a_suppression_needs_an_end_a_reason_and_one_thing(connection: Connection, cuntan: int, lin: UUID) -> None:
    with pytest.raises(ActRefused, match="not after"):
        shelve(connection, subject=cuntan, until=until(0), reason="x", actor=lin)
    with pytest.raises(ActRefused, match="say why"):
        shelve(connection, subject=cuntan, until=until(9), reason=" ", actor=lin)
    with pytest.raises(ActRefused, match="one alert, or"):
        shelve(connection, alert_id=1, rule_id="x", until=until(9), reason="x", actor=lin)
    with pytest.raises(ActRefused, match="one subject or one division"):
        maintain(connection, begins=None, ends=until(9), reason="x", actor=lin)
    assert suppressions(connection, all_=True) == []


# Reports.

PLAN = """\
- id: SEEN
  name: seen
  trigger: {any: [{report: 河水上岸}, {rule: 8, level: red}]}
  command: {commander: x}
  levels: {I: x}
  tasks: [{id: T1, post: x, do: x, limit_min: 30}]
  terminate: {all: [x], by: commander}
  review: {due_h: 1, items: [x]}
"""


@pytest.fixture
def seen(tmp_path: Path) -> list[Plan]:
    path = tmp_path / "seen.yaml"
    path.write_text(PLAN, encoding="utf-8")
    return load_plan_file(path)


def test_a_report_is_an_alert_and_starts_what_asks_for_it(
    connection: Connection, township: int, lin: UUID, seen: list[Plan]
) -> None:
    what = Report(title="河水上岸", level="orange", family="flood", division="500105013", note="滨江路")
    alert = report(connection, what, actor=lin, rules=RULES, plans=seen)
    found = rows(
        connection, "select rule_id, subject, sensor_id, kind, family, title, township_id, lon, state from alerts"
    )
    assert found == [
        ("report", subjects.of("report", alert), None, "manual", "flood", "河水上岸", township, 106.6, "open")
    ]
    said = rows(connection, "select kind, from_level, to_level, from_state, to_state, reason, note, actor"
                            " from alert_transitions")  # fmt: skip
    assert said == [("level", "none", "orange", "none", "open", "reported", "滨江路", lin)]
    assert rows(connection, "select plan_id, level from plan_runs") == [("SEEN", "orange")]
    other = report(connection, Report(title="别的", level="red", division="500105013"), actor=lin, rules=[], plans=seen)
    assert rows(connection, "select count(*) from run_alerts") == [(1,)]
    close(connection, other, cause="test", actor=lin)
    assert rows(connection, "select incident_id is not null from alerts") == [(True,), (True,)]


def test_a_report_is_placed_by_the_boundary_around_it(connection: Connection, township: int, lin: UUID) -> None:
    square = "POLYGON((106 29, 107 29, 107 30, 106 30, 106 29))"
    connection.execute(
        "insert into boundary_versions (division_id, geometry, area_m2, derived, source) values (%s, %s, 1, true, 't')",
        (township, shapely.to_wkb(shapely.from_wkt(square))),
    )
    report(connection, Report(title="x", level="blue", lon=106.5, lat=29.5), actor=lin, rules=RULES, plans=PLANS)
    assert rows(connection, "select township_id, lon, lat from alerts") == [(township, 106.5, 29.5)]
    with pytest.raises(ActRefused, match="in no township"):
        report(connection, Report(title="x", level="blue", lon=99, lat=29.5), actor=lin, rules=RULES, plans=PLANS)


def test_a_place_is_looked_for_in_its_district_first(connection: Connection, township: int, lin: UUID) -> None:
    """Where the districts' lines do not agree with the townships', in all townships."""
    district = rows(connection, "select parent_id from division_versions where division_id = %s", township)[0][0]
    grid = rows(connection, "insert into divisions (level) values ('grid') returning id")[0][0]
    query = (
        "insert into division_versions (division_id, parent_id, code, name, source)"
        " values (%s, %s, '500105013001', 'g', 't')"
    )
    connection.execute(query.encode(), (grid, township))
    for division, east in ((district, 106.5), (township, 107), (grid, 106.4)):
        connection.execute(
            "insert into boundary_versions (division_id, geometry, area_m2, derived, source)"
            " values (%s, %s, 1, true, 't')",
            (division, shapely.to_wkb(shapely.box(106, 29, east, 30))),
        )
    for lon in (106.2, 106.45, 106.8):
        report(connection, Report(title="x", level="blue", lon=lon, lat=29.5), actor=lin, rules=RULES, plans=PLANS)
    found = rows(connection, "select lon, township_id, grid_id from alerts order by id")
    assert found == [(106.2, township, grid), (106.45, township, None), (106.8, township, None)]


def test_a_report_without_a_sound_place_is_refused(connection: Connection, township: int, lin: UUID) -> None:
    for given, reason in (
        ({"title": " ", "level": "red", "division": "500105013"}, "a title"),
        ({"title": "x", "level": "pink", "division": "500105013"}, "no level"),
        ({"title": "x", "level": "red"}, "has a place"),
        ({"title": "x", "level": "red", "lon": 106.5}, "a longitude and a latitude"),
        ({"title": "x", "level": "red", "lon": 29.5, "lat": 106.5}, "no longitude"),
    ):
        with pytest.raises(ActRefused, match=reason):
            Report(**given)  # type: ignore[arg-type]
    for code, kind in (("500199", AlertUnknown), ("500105", ActRefused)):
        with pytest.raises(kind):
            report(connection, Report(title="x", level="red", division=code), actor=lin, rules=RULES, plans=PLANS)
    assert rows(connection, "select count(*) from alerts") == [(0,)]


def test_a_released_alert_joins_what_the_others_started(connection: Connection, township: int, lin: UUID) -> None:
    first, second = a_sensor(connection, "first", township), a_sensor(connection, "second", township)
    shelve(connection, subject=second, until=until(30), reason="x", actor=lin)
    write(connection, a_move(first, "none", "yellow", 1), a_move(second, "none", "red", 2))
    assert rows(connection, "select level from plan_runs") == [("yellow",)]
    clock(connection, 30)
    release(connection, until(30) + timedelta(seconds=1), rules=RULES, plans=PLANS)
    assert rows(connection, "select level from plan_runs") == [("red",)]
    assert rows(connection, "select count(*) from run_alerts") == [(2,)]
