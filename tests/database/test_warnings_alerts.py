"""Rule 13: while an official warning is in force over a township, an alert has its colour."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from alerts import subjects
from alerts.plan_files import load_plans
from alerts.rule_overrides import Override
from alerts.rules import load_rules
from alerts.warnings_alerts import Judging, expire
from alerts.warnings_store import Origin, Outcome, receive
from config.database import Connection
from config.settings import CONFIG
from geo.defaults import import_defaults
from tests.database.warning_messages import AREA, cap, ends, info

MQTT = Origin(source="mqtt", place="cq/warning/500114")
NOON = datetime(2020, 8, 18, 4, tzinfo=UTC)  # 12:00 in Beijing, when the warnings of these tests begin
JUDGING = Judging(rules=load_rules(CONFIG / "rules"), plans=load_plans(CONFIG / "plans"))
(RULE,) = [rule.id for rule in JUDGING.by_event()["11B37"]]


@pytest.fixture
def divided(connection: Connection) -> Connection:
    import_defaults(connection)
    return connection


def take(connection: Connection, raw: bytes, hours: float = 0.01, judging: Judging = JUDGING) -> Outcome:
    outcome = receive(connection, raw, MQTT, judging, now=NOON + timedelta(hours=hours))
    assert outcome.state == "stored", outcome.detail
    return outcome


def alerts(connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute(
        "select kind, level, peak, state, exercise from alerts where rule_id = %s order by id", (RULE,)
    ).fetchall()


def told(connection: Connection) -> list[tuple[Any, ...]]:
    """Hours after noon, levels, late."""
    rows = connection.execute("select time, from_level, to_level, reason, late from alert_transitions order by id")
    return [((time - NOON) / timedelta(hours=1), before, after, late) for time, before, after, reason, late in rows]


def at(hour: float) -> str:
    return (NOON + timedelta(hours=hour)).isoformat()


def test_a_warning_raises_its_colour_over_its_township(divided: Connection) -> None:
    outcome = take(divided, cap("one", info()))
    assert outcome.changes == 1
    assert alerts(divided) == [("warning", "orange", "orange", "open", False)]
    row = divided.execute(
        "select a.subject, a.township_id, v.division_id from alerts a, division_versions v where v.code = '500114005'"
    ).fetchone()
    assert row is not None and row[0] == subjects.of("division", row[2]) and row[1] == row[2]
    assert divided.execute("select reason, late from alert_transitions").fetchall() == [("warning", False)]


def test_an_update_changes_the_level_and_a_cancel_resolves(divided: Connection) -> None:
    take(divided, cap("one", info()))
    update = info(severity="Extreme", effective=at(1))
    take(divided, cap("two", update, sent=at(1), msgType="Update", references=ends("one")), 1.01)
    assert alerts(divided) == [("warning", "red", "red", "open", False)]
    milder = info(severity="Minor", effective=at(2))
    take(divided, cap("three", milder, sent=at(2), msgType="Update", references=ends("two")), 2.01)
    take(divided, cap("four", sent=at(3), msgType="Cancel", references=ends("three")), 3.01)
    assert alerts(divided) == [("warning", "blue", "red", "resolved", False)]
    assert told(divided) == [
        (0, "none", "orange", False),
        (1, "orange", "red", False),
        (2, "red", "blue", False),
        (3, "blue", "none", False),
    ]


def test_it_is_over_when_its_time_is(divided: Connection) -> None:
    take(divided, cap("one", info()))
    assert expire(divided, NOON + timedelta(hours=23.99), JUDGING) == 0
    assert expire(divided, NOON + timedelta(hours=24), JUDGING) == 1
    assert expire(divided, NOON + timedelta(hours=24), JUDGING) == 0
    assert [row[3] for row in alerts(divided)] == ["resolved"]
    assert told(divided)[-1] == (24, "orange", "none", False)


def test_days_later_it_still_ends_when_it_ended(divided: Connection) -> None:
    take(divided, cap("one", info()))
    assert expire(divided, NOON + timedelta(days=9), JUDGING) == 1
    assert told(divided)[-1] == (24, "orange", "none", True)


def test_one_that_begins_later_is_raised_then(divided: Connection) -> None:
    outcome = take(divided, cap("one", info(effective=at(2))))
    assert outcome.changes == 0 and alerts(divided) == []
    assert expire(divided, NOON + timedelta(hours=2), JUDGING) == 1
    assert told(divided) == [(2, "none", "orange", False)]


def test_what_came_after_an_outage_is_told_in_its_time_and_marked_late(divided: Connection) -> None:
    take(divided, cap("one", info(expires=at(3))), 5)
    assert told(divided) == [(0, "none", "orange", True), (3, "orange", "none", True)]
    assert [row[3] for row in alerts(divided)] == ["resolved"]


def test_what_is_long_over_raises_nothing(divided: Connection) -> None:
    take(divided, cap("one", info()), 24 * 30)
    assert alerts(divided) == []


def test_an_exercise_or_a_test_raises_nothing_real(divided: Connection) -> None:
    take(divided, cap("one", info(), status="Exercise"))
    take(divided, cap("two", info(), status="Test"))
    assert expire(divided, NOON + timedelta(hours=1), JUDGING) == 0
    assert alerts(divided) == []


def test_in_an_exercise_everything_raised_is_marked(divided: Connection) -> None:
    take(divided, cap("one", info(), status="Exercise"), judging=replace(JUDGING, exercise=True))
    assert alerts(divided) == [("warning", "orange", "orange", "open", True)]


def test_an_exercise_does_not_lower_what_is_real(divided: Connection) -> None:
    take(divided, cap("one", info(severity="Extreme")))
    lower = info(severity="Minor")
    take(divided, cap("two", lower, status="Exercise", msgType="Update", references=ends("one")))
    assert alerts(divided) == [("warning", "red", "red", "open", False)]


def test_another_event_type_raises_nothing_by_this_rule(divided: Connection) -> None:
    take(divided, cap("one", info(event="11B03")))
    assert alerts(divided) == []


def test_two_warnings_over_one_township_have_one_alert_with_the_gravest(divided: Connection) -> None:
    take(divided, cap("one", info(severity="Moderate")))
    take(divided, cap("two", info(severity="Extreme", effective=at(1), expires=at(2))), 1)
    assert expire(divided, NOON + timedelta(hours=3), JUDGING) == 1
    assert told(divided) == [
        (0, "none", "yellow", False),
        (1, "yellow", "red", False),
        (2, "red", "yellow", True),
    ]
    assert alerts(divided) == [("warning", "yellow", "red", "open", False)]


def test_what_a_person_ended_is_not_raised_again_by_the_same_warning(divided: Connection) -> None:
    take(divided, cap("one", info()))
    divided.execute("update alerts set state = 'closed', closed_at = %s, cause = 'real'", (NOON,))
    assert expire(divided, NOON + timedelta(hours=1), JUDGING) == 0
    expire(divided, NOON + timedelta(hours=25), JUDGING)
    assert [row[3] for row in alerts(divided)] == ["closed"]
    assert expire(divided, NOON + timedelta(hours=26), JUDGING) == 0


def test_a_whole_district_has_an_alert_in_each_township(divided: Connection) -> None:
    outcome = take(divided, cap("one", info(area=AREA.format("500114"))))
    assert outcome.changes == outcome.townships == len(alerts(divided)) == 30


def test_a_rule_that_comes_into_force_raises_for_what_is_in_force_already(divided: Connection) -> None:
    take(divided, cap("one", info()), judging=replace(JUDGING, rules=[]))
    later = NOON + timedelta(hours=1)
    assert expire(divided, later, replace(JUDGING, rules=[])) == 0
    assert expire(divided, later, JUDGING) == 0
    assert expire(divided, later, JUDGING, rules_changed=True) == 1
    assert alerts(divided) == [("warning", "orange", "orange", "open", False)]


def test_a_rule_out_of_force_in_a_division_raises_nothing_there(divided: Connection) -> None:
    off = Override(divisions=("500114",), enabled=False)
    but = Override(divisions=("500114005",), enabled=True)
    rules = [msgspec.structs.replace(rule, override=(but, off)) for rule in JUDGING.by_event()["11B37"]]
    outcome = take(divided, cap("one", info(area=AREA.format("500114"))), judging=replace(JUDGING, rules=rules))
    assert (outcome.townships, outcome.changes) == (30, 1)
    assert alerts(divided) == [("warning", "orange", "orange", "open", False)]


def test_a_message_that_cannot_be_recorded_leaves_nothing_behind(divided: Connection) -> None:
    divided.execute("create function no() returns trigger language plpgsql as $$ begin raise data_exception; end $$")
    divided.execute("create trigger no before insert on alert_transitions for each row execute function no()")
    outcome = receive(divided, cap("one", info()), MQTT, JUDGING, now=NOON)
    assert outcome.state == "refused" and "the database refused it" in outcome.detail
    assert divided.execute("select count(*) from warnings").fetchone() == (0,)
    assert divided.execute("select count(*) from refused_warnings").fetchone() == (1,)
