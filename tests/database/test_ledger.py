"""The ledger on what a real pipeline left behind: it balances, and where something is taken away it says what."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import sql

from alerts import acts, suppress
from alerts.actors import actor_of
from alerts.ledger import Ledger, accept, check
from alerts.ledger_account import Account, Span
from alerts.plan_files import load_plans
from alerts.reports import Report, report
from alerts.rules import load_rules
from config.database import Connection
from config.settings import CONFIG
from ingest.gather import Message
from ingest.scenario import SCENARIOS, load_scenario, recorded
from ingest.sensor_files import import_sensors
from ingest.upkeep import Retention, run_upkeep
from tests.database.test_ingest_pipeline import CLOCK, message, run, stage

pytestmark = pytest.mark.storage

RULES, PLANS = load_rules(CONFIG / "rules"), load_plans(CONFIG / "plans")
DAY = Span(since=datetime(2020, 8, 18, 16, tzinfo=UTC), until=datetime(2020, 8, 19, 16, tzinfo=UTC))
BAD = message("cq/500105/stranger/stage", {"value": 1, "time": 1_597_800_000})
STAGES = {
    "05": 180.0,
    "06": 181.0,
    "07": 181.2,
    "08": 184.0,
    "09": 184.2,
    "10": 182.0,
}  # warning 180.5, guarantee 183.5


def at(hour: str) -> str:
    return f"2020-08-19T{hour}:00:00+08:00"


def a_located_station(connection: Connection) -> None:
    """寸滩, in a township of its own: what is raised there starts the flood plan."""
    connection.execute(
        "with township as (insert into divisions (level) values ('township') returning id), named as ("
        " insert into division_versions (division_id, code, name, source)"
        " select id, '500105013', '寸滩街道', 'test' from township)"
        " insert into sensor_divisions (sensor_id, level, division_id, valid)"
        " select sensors.id, 'township', township.id, '(,)' from sensors, township where sensors.name = 'cuntan'"
    )


@pytest.fixture
def kept(database_url: str, connection: Connection) -> Connection:
    """What a pipeline made of a flood: six readings, a repeat, two refusals, an alert and its plan's run."""
    assert import_sensors(connection, SCENARIOS / "flood-2020-08" / "sensors.csv").errors == []
    a_located_station(connection)
    flood = [[clock(datetime.fromisoformat(at(hour))), stage(value, at(hour))] for hour, value in STAGES.items()]
    run(database_url, *flood, [CLOCK, BAD, stage(180.0, at("05"))], [stage(99.0, at("05"))])
    return connection


def ledger(connection: Connection, span: Span = DAY, *, deep: bool = False) -> Ledger:
    return check(connection, span, RULES, PLANS, deep=deep)


def unbalanced(connection: Connection, span: Span = DAY, *, deep: bool = False) -> dict[str, Account]:
    return {one.name: one for one in ledger(connection, span, deep=deep).accounts if not one.balanced}


def tamper(connection: Connection, statement: str) -> int:
    """As somebody who may do anything: no trigger and no reference stands in the way."""
    with connection.transaction():
        connection.execute("set local session_replication_role = replica")
        return connection.execute(statement.encode()).rowcount


def one(connection: Connection, query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize("span", [DAY, Span(), DAY.hours(), Span(since=DAY.since)])
def test_what_a_pipeline_left_behind_balances(kept: Connection, span: Span) -> None:
    found = ledger(kept, span, deep=True)
    assert unbalanced(kept, span, deep=True) == {}
    assert found.balanced
    accounts = {account.name: account for account in found.accounts}
    assert (accounts["readings"].expected, accounts["readings"].found) == (6, 6)
    assert accounts["judged"].found == 6
    assert accounts["quarantine"].expected == 2
    assert (accounts["alerts"].expected, accounts["runs"].expected) == (1, 1)
    assert accounts["live_events"].expected == one(kept, "select count(*) from alert_transitions") >= 3
    assert accounts["judged_again"].expected == one(kept, "select count(*) from alert_transitions")


def test_what_was_received_is_counted_as_it_came(kept: Connection) -> None:
    (intake,) = [account for account in ledger(kept, Span()).accounts if account.name == "intake"]
    assert (intake.expected, intake.found) == (9, 9), "six stored, a repeat, two refused"


def test_a_reading_that_is_gone_is_named_by_its_hour(kept: Connection) -> None:
    assert tamper(kept, "delete from readings where value = 181.2") == 1
    found = unbalanced(kept)
    assert list(found) == ["readings"]
    assert found["readings"].expected - found["readings"].found == 1
    assert found["readings"].faults == (f"hour {at('07')}: 1 stored by the books, 0 in the table",)


def test_a_short_span_counts_the_same_by_another_way(kept: Connection) -> None:
    hours = Span(since=datetime.fromisoformat(at("07")), until=datetime.fromisoformat(at("09")))
    assert unbalanced(kept, hours) == {}
    tamper(kept, "delete from readings where value = 181.2")
    assert list(unbalanced(kept, hours)) == ["readings"]
    assert unbalanced(kept, Span(since=hours.until, until=DAY.until)) == {}, "nothing is gone of the later hours"


def test_a_reading_that_is_gone_is_named_by_its_sensor_once_the_rollups_know_the_hour(kept: Connection) -> None:
    now = datetime.now(UTC)
    run_upkeep(kept, now=now, wall=now, ahead_days=1, keep=Retention())
    tamper(kept, "delete from readings where value = 181.2")
    (fault,) = unbalanced(kept)["readings"].faults
    assert fault.endswith(f"0 in the table: cuntan at {at('07')} (1 before, now 0)")


def test_a_reading_that_nobody_received_is_found_too(kept: Connection) -> None:
    more = "select sensor_id, time + interval '1 minute', value, false, true from readings where value = 181.2"
    tamper(kept, f"insert into readings (sensor_id, time, value, late, judged) {more}")
    found = unbalanced(kept)
    assert list(found) == ["readings"]
    assert found["readings"].expected - found["readings"].found == -1


def test_a_reading_that_no_rule_saw(kept: Connection) -> None:
    tamper(kept, "update readings set judged = false where value = 181.2")
    found = unbalanced(kept)
    assert list(found) == ["judged"]
    assert found["judged"].faults == (f"cuntan at {at('07')}: not judged, and not late",)


def test_a_count_of_what_came_that_is_wrong(kept: Connection) -> None:
    tamper(kept, "update intake set readings = readings + 1")
    found = unbalanced(kept, Span())
    assert list(found) == ["intake"]
    assert "received" in found["intake"].faults[0]


def test_books_that_do_not_agree_with_each_other(kept: Connection) -> None:
    tamper(kept, "update intake set stored = stored - 1, readings = readings - 1 where stored > 0")
    assert list(unbalanced(kept, Span())) == ["readings"]


def test_an_alert_that_is_gone(kept: Connection) -> None:
    alert = one(kept, "select id from alerts")
    assert tamper(kept, "delete from alerts") == 1
    found = unbalanced(kept)
    assert next(iter(found)) == "alerts"
    assert set(found) <= {"alerts", "incidents"}, "what it was part of misses it, too"
    assert f"its alert {alert} is missing" in found["alerts"].faults[0]
    sensor = one(kept, "select id from sensors where name = 'cuntan'")
    assert any(f"rule river-stage holds sensor {sensor} at" in fault for fault in found["alerts"].faults)


@pytest.mark.parametrize("which", ["min(id)", "max(id)", "(array_agg(id order by id))[2]"])
def test_a_transition_that_is_gone(kept: Connection, which: str) -> None:
    alert = one(kept, "select id from alerts")
    with pytest.raises(Exception, match="append-only"):
        kept.execute("delete from alert_transitions")
    gone = f"delete from alert_transitions where id = (select {which} from alert_transitions)"
    assert tamper(kept, gone) == 1
    found = unbalanced(kept)
    assert list(found) == ["alerts"]
    assert found["alerts"].faults[0].startswith(f"alert {alert}")


def test_all_transitions_gone(kept: Connection) -> None:
    alert = one(kept, "select id from alerts")
    tamper(kept, "delete from alert_transitions")
    assert unbalanced(kept)["alerts"].faults == (f"alert {alert} has no transition",)


def test_a_run_that_is_gone(kept: Connection) -> None:
    alert = one(kept, "select id from alerts")
    assert tamper(kept, "delete from plan_runs") == 1
    found = unbalanced(kept, Span())
    assert list(found) == ["runs"]
    assert found["runs"].faults == (f"alert {alert} calls for plan FLD-02 and is part of no run of it",)


def test_a_task_that_is_gone(kept: Connection) -> None:
    run_id = one(kept, "select id from plan_runs")
    tamper(kept, "delete from tasks where task_key = (select min(task_key) from tasks)")
    found = unbalanced(kept)
    assert list(found) == ["runs"]
    assert found["runs"].faults[0].startswith(f"run {run_id} of plan FLD-02 lacks the tasks T")


def test_a_suppressed_alert_needs_no_run_and_is_named(kept: Connection) -> None:
    shelf = one(
        kept,
        "insert into suppressions (kind, rule_id, valid, reason) values"
        " ('shelve', 'river-stage', '[2020-01-01, 2021-01-01)', 'test') returning id",
    )
    tamper(kept, f"update alerts set suppressed_by = {shelf}")
    tamper(kept, "delete from plan_runs")
    assert unbalanced(kept) == {}
    (runs,) = [account for account in ledger(kept).accounts if account.name == "runs"]
    assert "is suppressed" in runs.notes[0]


def test_what_people_do_is_in_the_books_too(kept: Connection) -> None:
    someone = actor_of(kept, "值班员")
    alert = one(kept, "select id from alerts")
    seen = Report(title="管涌", level="orange", division="500105013")
    report(kept, seen, actor=someone, rules=RULES, plans=PLANS)
    acts.acknowledge(kept, alert, actor=someone)
    acts.comment(kept, alert, note="on the way", actor=someone)
    until = datetime(2020, 8, 25, tzinfo=UTC)
    shelf = suppress.shelve(kept, until=until, reason="test", actor=someone, alert_id=alert)
    assert unbalanced(kept, Span()) == {}
    suppress.end(kept, shelf, actor=someone)
    assert suppress.release(kept, until, rules=RULES, plans=PLANS) == [alert]
    acts.resolve(kept, alert, actor=someone)
    acts.close(kept, alert, cause="drill", actor=someone)
    assert unbalanced(kept, Span(), deep=True) == {}
    commented = "(select id from alert_transitions where reason = 'acknowledged')"
    tamper(kept, f"delete from alert_transitions where id = {commented}")
    assert list(unbalanced(kept, Span())) == ["alerts"]


@pytest.mark.parametrize("seed", range(4))
def test_readings_out_of_order_and_their_corrections_balance(
    database_url: str, connection: Connection, seed: int
) -> None:
    """What was told, corrections folded in, is what the readings call for in order."""
    import_sensors(connection, SCENARIOS / "flood-2020-08" / "sensors.csv")
    a_located_station(connection)
    chance = random.Random(seed)
    begin = datetime.fromisoformat("2020-08-20T00:00:00+08:00")
    sent, base = [], 179.0
    for number in range(500):
        if chance.random() < 0.04:
            base = chance.choice([178.0, 178.0, 180.2, 181.0, 183.6, 187.0])
        time = begin + timedelta(minutes=number)
        value = stage(round(base + chance.choice([-0.3, 0.0, 0.3]), 2), time.isoformat())
        sent.append((time + timedelta(seconds=chance.choice([0, 0, 30, 110])), value))
    sent.sort(key=lambda one: one[0])
    arrived = [[clock(at), one] for at, one in sent]
    batches = []
    while arrived:
        count = chance.randint(1, 9)
        batches.append([one for pair in arrived[:count] for one in pair])
        arrived = arrived[count:]
    run(database_url, *batches)
    found = ledger(connection, Span(), deep=True)
    assert unbalanced(connection, Span(), deep=True) == {}
    (again,) = [account for account in found.accounts if account.name == "judged_again"]
    assert again.expected > 5
    corrected = one(connection, "select count(*) from alert_transitions where retracts")
    assert seed or corrected > 0, "of the first seed it is known that something was taken back"


def test_the_flood_of_2020_balances_rule_by_rule(database_url: str, connection: Connection) -> None:
    """The recorded event, by the rules that are shipped, silence and windows among them."""
    flood = load_scenario("flood-2020-08")
    assert import_sensors(connection, SCENARIOS / "flood-2020-08" / "sensors.csv").errors == []
    a_located_station(connection)
    run(database_url, *([clock(row.time), Message(topic=row.topic, payload=row.payload)] for row in recorded(flood)))
    assert unbalanced(connection, Span(), deep=True) == {}
    crest = Span(since=datetime(2020, 8, 18, tzinfo=UTC), until=datetime(2020, 8, 20, tzinfo=UTC))
    assert unbalanced(connection, crest, deep=True) == {}
    (again,) = [account for account in ledger(connection, crest, deep=True).accounts if account.name == "judged_again"]
    assert again.expected > 3


def clock(at: datetime) -> Message:
    return message("cq/clock", {"time": at.isoformat()})


def test_an_entry_of_the_quarantine_that_is_gone(kept: Connection) -> None:
    assert tamper(kept, "delete from quarantine") == 2
    found = unbalanced(kept)
    assert list(found) == ["quarantine"]
    assert found["quarantine"].faults[0] == "2 fewer kept than were refused"
    assert "no entry says so" in found["quarantine"].faults[1]


def test_a_live_event_that_was_not_told(kept: Connection) -> None:
    last = one(kept, "select max(id) from alert_transitions")
    tamper(kept, "delete from live_events where id = (select max(id) from live_events where kind = 'alert')")
    found = unbalanced(kept)
    assert list(found) == ["live_events"]
    assert found["live_events"].faults[0].startswith(f"transition {last} of alert")


def test_a_change_of_level_that_the_readings_do_not_call_for(kept: Connection) -> None:
    tamper(kept, "update readings set value = 180 where value in (184, 184.2)")
    assert unbalanced(kept) == {}, "the books are in order"
    found = unbalanced(kept, deep=True)
    assert list(found) == ["judged_again"]
    assert any("do not call for it" in fault for fault in found["judged_again"].faults)


def test_what_was_raised_before_the_span_is_gone_back_to(kept: Connection) -> None:
    later = Span(since=datetime.fromisoformat(at("08")), until=DAY.until)
    (again,) = [account for account in ledger(kept, later, deep=True).accounts if account.name == "judged_again"]
    assert again.balanced, again.faults
    assert again.expected == one(kept, f"select count(*) from alert_transitions where time >= '{at('08')}'") > 0


def test_what_upkeep_drops_is_not_missed(kept: Connection) -> None:
    later = datetime.now(UTC) + timedelta(days=500)
    keep = Retention(readings=30, live_events=7, intake=400, released=180, held=400)
    done = run_upkeep(kept, now=datetime(2020, 10, 20, tzinfo=UTC), wall=later, ahead_days=1, keep=keep)
    assert (done.dropped_days > 0, done.dropped_held, done.summed_minutes > 0) == (True, 2, True)
    assert unbalanced(kept, Span()) == {}
    tamper(kept, "update ledger_dropped set entries = entries - 1 where what = 'quarantine'")
    assert list(unbalanced(kept, Span())) == ["quarantine"]


def test_what_is_accepted_is_not_told_again_unless_it_changes(kept: Connection) -> None:
    tamper(kept, "delete from readings where value = 181.2")
    assert accept(kept, ledger(kept).accounts, "a disk lost it, see the report of 19 August") == 1
    found = ledger(kept)
    assert found.balanced
    assert [account.accepted for account in found.accounts if account.name == "readings"] == [1]
    tamper(kept, "delete from readings where value = 184.2")
    assert list(unbalanced(kept)) == ["readings"]


def test_the_append_only_trigger_is_there(kept: Connection) -> None:
    for table in ("alert_transitions", "run_transitions"):
        with pytest.raises(Exception, match="append-only"):
            kept.execute(sql.SQL("delete from {}").format(sql.Identifier(table)))
