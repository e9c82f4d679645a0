"""The life of alerts in the database: whatever is said, taken back and done, its rows folded are the alert."""

import contextlib
import itertools
from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings

from alerts.act_errors import ActRefused
from alerts.actors import actor_of
from alerts.acts import acknowledge, close, resolve, take_in_hand
from alerts.instants import aware
from alerts.kernel import Transition
from alerts.levels import Level
from alerts.lifecycle import Row, fold
from alerts.plan_files import load_plans
from alerts.record import record
from alerts.rules import load_rules
from alerts.standing import EDGES
from config.database import Connection
from config.settings import CONFIG
from tests.unit.test_lifecycle import Change, changes, corrected, some_operations, transition

pytestmark = pytest.mark.storage

RULES = load_rules(CONFIG / "rules")
PLANS = load_plans(CONFIG / "plans")
ACTS = {"acknowledged": acknowledge, "in_hand": take_in_hand, "resolved": resolve}
SCALE = 60_000_000  # the examples count in minutes
START = 1_597_300_000_000_000
_numbers = itertools.count(1)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(some_operations)
def test_whatever_is_said_taken_back_and_done(connection: Connection, operations: list[tuple[str, Any]]) -> None:
    """One open alert of a rule and subject; states along the edges, without a gap; every change has its row."""
    sensor, actor = _a_sensor(connection), actor_of(connection, "林")
    samples: dict[int, Level] = {}
    for kind, what in operations:
        before, newest = changes(sorted(samples.items())), max(samples, default=0)
        if kind == "goes on":
            for later, level in what:
                newest += later
                samples[newest] = level
            _record(connection, sensor, [transition(one) for one in changes(sorted(samples.items()))[len(before) :]])
        elif kind == "corrects" and newest:
            samples |= {max(1, newest - back): level for back, level in what}
            _record(connection, sensor, corrected(before, changes(sorted(samples.items()))))
        elif kind == "act":
            _act(connection, sensor, str(what), actor)
        _check(connection, sensor, changes(sorted(samples.items())))


def _a_sensor(connection: Connection) -> int:
    """A new one for every example, so that nothing has to be emptied."""
    name = f"s{next(_numbers)}"
    row = connection.execute(
        "with device as (insert into devices (name) values (%s) returning id)"
        " insert into sensors (name, device_id, quantity, unit) select %s, id, 'stage', 'm' from device returning id",
        (name, name),
    ).fetchone()
    assert row is not None
    return int(row[0])


def _record(connection: Connection, sensor: int, told: Sequence[Transition]) -> None:
    moved = [
        Transition(
            rule_id=one.rule_id,
            subject=sensor,
            time=START + one.time * SCALE,
            from_level=one.from_level,
            to_level=one.to_level,
            value=one.value,
            reason=one.reason,
            retracts=one.retracts,
        )
        for one in told
    ]
    with connection.transaction():
        record(connection, moved, rules=RULES, plans=PLANS)


def _act(connection: Connection, sensor: int, state: str, actor: UUID) -> None:
    newest = connection.execute("select max(id) from alerts where subject = %s", (sensor,)).fetchone()
    if newest is None or newest[0] is None:
        return
    with contextlib.suppress(ActRefused):
        if state == "closed":
            close(connection, newest[0], cause="real", actor=actor)
        else:
            ACTS[state](connection, newest[0], actor=actor)


def _check(connection: Connection, sensor: int, history: Sequence[Change]) -> None:
    alerts = connection.execute("select id, level, state from alerts where subject = %s", (sensor,)).fetchall()
    said: Counter[Change] = Counter()
    for alert_id, level, state in alerts:
        found = connection.execute(
            "select kind, time, from_level, to_level, from_state, to_state, reason, retracts, revision"
            " from alert_transitions where alert_id = %s order by id",
            (alert_id,),
        ).fetchall()
        before = "none"
        for row in found:
            assert row[4] == before
            assert row[5] == before or row[5] in EDGES[before]
            before = row[5]
        rows = [_row(row) for row in found]
        assert fold(rows) == (level, state)
        for one in (row for row in rows if row.kind == "level"):
            said[one.time, one.from_level, one.to_level] += -1 if one.retracts else 1
    assert +said == Counter(history)
    assert sum(state in ("open", "acknowledged", "in_hand") for _, _, state in alerts) <= 1


def _row(row: tuple[Any, ...]) -> Row:
    kind, time, from_level, to_level, _, to_state, reason, retracts, revision = row
    return Row(
        kind=kind,
        time=round((time - aware(START)).total_seconds()) // 60,
        from_level=from_level,
        to_level=to_level,
        to_state=to_state,
        reason=reason,
        retracts=retracts,
        revision=revision,
    )
