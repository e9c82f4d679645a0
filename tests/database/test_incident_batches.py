"""Incidents do not depend on how readings were gathered into batches."""

from collections.abc import Sequence

import pytest

from alerts.kernel import Transition
from alerts.levels import Level
from alerts.record import record
from alerts.rules import load_rules
from config.database import Connection
from config.settings import CONFIG

pytestmark = pytest.mark.storage

RULES = load_rules(CONFIG / "rules")
START = 1_597_300_000_000_000
MINUTE = 60_000_000


def gas(sensor: int, minute: int, from_level: Level, to_level: Level) -> Transition:
    return Transition(
        rule_id="combustible-gas",
        subject=sensor,
        time=START + minute * MINUTE,
        from_level=from_level,
        to_level=to_level,
        value=30.0,
        reason="raised" if from_level == "none" else "cleared",
    )


@pytest.mark.parametrize("sizes", [(1, 1, 1), (1, 2), (2, 1), (3,)])
def test_an_end_and_a_raise_soon_after_it_are_of_one_incident_in_whatever_batches(
    connection: Connection, sizes: Sequence[int]
) -> None:
    sensor = connection.execute(
        "with device as (insert into devices (name) values ('gas') returning id)"
        " insert into sensors (name, device_id, quantity, unit) select 'gas', id, 'combustible_gas', 'percent'"
        " from device returning id"
    ).fetchone()
    assert sensor is not None
    told = [gas(*sensor, 0, "none", "orange"), gas(*sensor, 170, "orange", "none"), gas(*sensor, 230, "none", "orange")]
    for size in sizes:
        record(connection, told[:size], rules=RULES, plans=[])
        told = told[size:]
    assert connection.execute("select alerts from incidents").fetchall() == [(2,)]
