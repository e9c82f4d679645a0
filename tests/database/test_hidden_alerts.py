"""What red hides is hidden no longer than the red alert lasts."""

from typing import Any

import pytest

from alerts.kernel import Reason, Transition
from alerts.levels import Level
from alerts.record import record
from alerts.rules import load_rules
from config.database import Connection
from config.settings import CONFIG

RULES = load_rules(CONFIG / "rules")
START = 1_597_300_000_000_000
MINUTE = 60_000_000


@pytest.fixture
def sensor(connection: Connection) -> int:
    row = connection.execute(
        "with device as (insert into devices (name) values ('gauge') returning id)"
        " insert into sensors (name, device_id, quantity, unit) select 'gauge', id, 'stage', 'm' from device"
        " returning id"
    ).fetchone()
    assert row is not None
    return int(row[0])


def say(
    connection: Connection,
    sensor: int,
    rule: str,
    minute: int,
    levels: tuple[Level, Level],
    reason: Reason = "raised",
    *,
    retracts: bool = False,
) -> None:
    moved = Transition(
        rule_id=rule,
        subject=sensor,
        time=START + minute * MINUTE,
        from_level=levels[0],
        to_level=levels[1],
        value=1.0,
        reason=reason,
        retracts=retracts,
    )
    record(connection, [moved], rules=RULES, plans=[])


def hidden(connection: Connection) -> dict[str, Any]:
    rows = connection.execute("select rule_id, state, inhibited_by is not null from alerts order by id")
    return {rule: (state, is_hidden) for rule, state, is_hidden in rows}


def test_an_alert_that_ended_while_hidden_is_not_hidden_when_it_opens_again(
    connection: Connection, sensor: int
) -> None:
    say(connection, sensor, "river-rise", 0, ("none", "blue"))
    say(connection, sensor, "river-stage", 1, ("none", "red"))
    assert hidden(connection) == {"river-rise": ("open", True), "river-stage": ("open", False)}
    say(connection, sensor, "river-rise", 2, ("blue", "none"), "cleared")
    say(connection, sensor, "river-stage", 3, ("red", "none"), "cleared")
    say(connection, sensor, "river-rise", 4, ("none", "blue"))
    assert hidden(connection) == {"river-rise": ("open", False), "river-stage": ("resolved", False)}
    reasons = connection.execute(
        "select reason from alert_transitions t join alerts on alerts.id = alert_id where rule_id = 'river-rise'"
        " order by t.id"
    ).fetchall()
    assert [reason for (reason,) in reasons] == ["raised", "inhibited", "cleared", "reopened", "uninhibited"]


def test_an_alert_whose_end_is_taken_back_is_not_hidden_by_what_is_over(connection: Connection, sensor: int) -> None:
    say(connection, sensor, "river-rise", 0, ("none", "blue"))
    say(connection, sensor, "river-stage", 1, ("none", "red"))
    say(connection, sensor, "river-rise", 2, ("blue", "none"), "cleared")
    say(connection, sensor, "river-stage", 3, ("red", "none"), "cleared")
    say(connection, sensor, "river-rise", 2, ("blue", "none"), "corrected", retracts=True)
    assert hidden(connection)["river-rise"] == ("open", False)
