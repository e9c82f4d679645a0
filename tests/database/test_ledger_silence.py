"""`shijing ledger --deep` on devices that fell silent and came back: what was told is proven by the readings."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from alerts.ledger import check
from alerts.ledger_account import Account, Span
from alerts.rules import AnyRule
from config.database import Connection
from ingest.scenario import SCENARIOS
from ingest.sensor_files import import_sensors
from tests.database.test_ledger import tamper
from tests.database.test_pipeline_rules import Step, a_rule, clock, run, stage

pytestmark = pytest.mark.storage

QUIET = a_rule("silence", level="blue", subjects=["sensor", "gateway"])  # three intervals of a minute
COUNT = a_rule("count", of="silence", level="blue", within="township", levels={"yellow": 2}, clear_for_s=120.0)
RULES = [QUIET, COUNT]
SILENT = {"cuntan": range(5, 20), "wulong": range(8, 25)}  # minutes after ten in which nothing comes


@pytest.fixture
def url(database_url: str, connection: Connection) -> str:
    """Three stations of a township that report every minute, two of them behind a gateway."""
    assert import_sensors(connection, SCENARIOS / "flood-2020-08" / "sensors.csv").errors == []
    stations = ["cuntan", "wulong", "beibei3"]
    connection.execute("update sensors set interval_s = 60 where name = any(%s)", (stations,))
    connection.execute("insert into devices (name) values ('gw')")
    connection.execute(
        "update devices set gateway = 'gw' from sensors"
        " where sensors.device_id = devices.id and sensors.name in ('cuntan', 'wulong')"
    )
    connection.execute(
        "with place as (insert into divisions (level) values ('township') returning id), named as ("
        "  insert into division_versions (division_id, code, name, source) select id, '500105013', '街道', 't'"
        "  from place) insert into sensor_divisions (sensor_id, level, division_id, valid)"
        " select sensors.id, 'township', place.id, '(,)' from sensors, place where sensors.name = any(%s)",
        (stations,),
    )
    return database_url


def minute(number: int) -> str:
    return f"10:{number:02}"


def half_an_hour() -> list[Step]:
    """A batch a minute, with the clock told after what was read."""
    steps: list[Step] = [[clock("10:00")]]
    for number in range(30):
        spoke = [name for name in ("cuntan", "wulong", "beibei3") if number not in SILENT.get(name, ())]
        steps.append([*(stage(150, minute(number), name) for name in spoke), clock(minute(number))])
    return steps


def again(connection: Connection, span: Span, rules: Sequence[AnyRule] = RULES) -> Account:
    found = {one.name: one for one in check(connection, span, rules, [], deep=True).accounts}
    loose = ("judged_again", "live_events")  # who tampers with a transition leaves its event as it was
    assert [name for name, one in found.items() if not one.balanced and name not in loose] == []
    return found["judged_again"]


def ten(number: int) -> datetime:
    return datetime.fromisoformat("2020-08-20T10:00:00+08:00") + timedelta(minutes=number)


def told(connection: Connection) -> list[tuple[str, str, int]]:
    rows = connection.execute(
        "select to_char(told.time at time zone 'Asia/Shanghai', 'MI'), to_level, (alerts.subject >> 32)::integer"
        " from alert_transitions told join alerts on alerts.id = alert_id where told.kind = 'level' order by told.id"
    )
    return [(time, level, kind) for time, level, kind in rows]


def test_silences_that_ended_balance_with_their_gateway_and_their_count(url: str, connection: Connection) -> None:
    run(url, *half_an_hour(), rules=RULES)
    assert sorted(told(connection)) == [
        ("07", "blue", 0),  # one of two: it was heard at 10:04
        ("10", "blue", 0),
        ("10", "blue", 2),
        ("10", "yellow", 3),
        ("20", "none", 0),
        ("20", "none", 2),
        ("22", "none", 3),  # two minutes after
        ("25", "none", 0),
    ]
    account = again(connection, Span())
    assert account.balanced, account.faults
    assert (account.expected, account.found) == (8, 8)


@pytest.mark.parametrize("span", [(0, 9), (9, 15), (10, 22), (15, 23), (22, 30), (21, 22)])
def test_a_span_may_begin_and_end_within_a_silence(url: str, connection: Connection, span: tuple[int, int]) -> None:
    run(url, *half_an_hour(), rules=RULES)
    account = again(connection, Span(since=ten(span[0]), until=ten(span[1])))
    assert account.balanced, account.faults
    inside = [one for one in told(connection) if span[0] <= int(one[0]) < span[1]]
    assert account.expected == len(inside)


def test_what_a_device_kept_and_sends_when_it_is_back_is_no_fault(url: str, connection: Connection) -> None:
    """It was silent to us, and its readings of that time are stored by now."""
    kept = [stage(150, minute(number)) for number in SILENT["cuntan"]]
    run(url, *half_an_hour()[:21], [*kept, clock("10:20")], rules=RULES)
    account = again(connection, Span())
    assert account.balanced, account.faults
    assert any("came after it was told" in note for note in account.notes)


def test_a_silence_that_no_reading_calls_for_is_told(url: str, connection: Connection) -> None:
    run(url, *half_an_hour(), rules=RULES)
    last = "(select id from sensors where name = 'cuntan') and time = '2020-08-20T10:04+08:00'"
    assert tamper(connection, f"update readings set time = time - interval '9 s' where sensor_id = {last}") == 1
    faults = again(connection, Span()).faults
    assert [fault for fault in faults if "none → blue" in fault and "10:07:00" in fault] == list(faults)
    assert len(faults) == 1


def test_somebody_heard_again_without_a_reading_is_told(url: str, connection: Connection) -> None:
    run(url, *half_an_hour(), rules=RULES)
    tamper(connection, "update alert_transitions set time = time - interval '5 min' where to_char(time, 'MI') = '25'")
    (fault,) = again(connection, Span()).faults
    assert "blue → none" in fault and "do not call for it" in fault


def test_a_count_that_its_members_do_not_call_for_is_told(url: str, connection: Connection) -> None:
    run(url, *half_an_hour(), rules=RULES)
    assert tamper(connection, "update alert_transitions set time = time + interval '7 s' where to_level = 'yellow'")
    faults = again(connection, Span()).faults
    assert len(faults) == 2
    assert all("rule count" in fault for fault in faults)


def test_the_account_says_what_it_does_not_look_for(url: str, connection: Connection) -> None:
    run(url, *half_an_hour()[:5], rules=RULES)
    assert "how far everything was heard is not stored" in again(connection, Span()).notes[-1]
