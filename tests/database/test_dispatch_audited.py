"""A dispatcher that stands still is missed, and the ledger names every call and answer that does not add up."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from alerts.ledger import check
from alerts.ledger_account import Span
from config.database import Connection
from dispatch.advance import advance
from dispatch.answers import Answer, give
from dispatch.auditor import TITLE, Auditor
from tests.database.people_seed import ACTOR
from tests.database.run_seed import PLANS, RULES, Ground, a_ground


@pytest.fixture
def ground(connection: Connection, tmp_path: Path) -> Ground:
    return a_ground(connection, tmp_path)


def titles(connection: Connection) -> list[Any]:
    return connection.execute("select title, level, state from alerts where kind = 'manual'").fetchall()


def test_a_step_that_stays_overdue_raises_one_alert(connection: Connection, ground: Ground) -> None:
    ground.flood(connection)
    now = [0.0]
    auditor = Auditor(clock=lambda: now[0])
    ground.at(connection, 1)
    assert auditor.look(connection) == []
    now[0] = 59.0
    assert auditor.look(connection) == []
    now[0] = 61.0
    assert len(auditor.look(connection)) == 1
    now[0] = 200.0
    assert auditor.look(connection) == []
    assert titles(connection) == [(TITLE, "red", "open")]


def test_a_dispatcher_at_work_raises_none_however_the_clock_leaps(connection: Connection, ground: Ground) -> None:
    ground.flood(connection)
    now = [0.0]
    auditor = Auditor(clock=lambda: now[0])
    for minutes in range(0, 600, 20):
        at = ground.at(connection, minutes)
        auditor.look(connection)
        advance(connection, at, channels=frozenset())
        now[0] += 30
    assert titles(connection) == []


def accounts(connection: Connection) -> dict[str, Any]:
    return {one.name: one for one in check(connection, Span(), RULES, PLANS).accounts}


def test_calls_and_answers_add_up_and_each_fault_is_named(connection: Connection, ground: Ground) -> None:
    ground.flood(connection)
    at = ground.at(connection, 0)
    advance(connection, at, channels=frozenset({"sms"}))
    row = connection.execute(
        "select assignments.id from assignments join tasks on tasks.id = task_id where task_key = 'T2'"
    ).fetchone()
    assert row is not None
    answer = Answer(key=uuid4(), assignment_id=row[0], kind="done", tapped_at=at)
    give(connection, answer, actor=ACTOR, person_id=ground.people["网格员"], at=at)
    found = accounts(connection)
    for name, expected in {"tasks": 7, "calls": 7, "answers": 1}.items():
        assert (found[name].expected, found[name].found, found[name].faults) == (expected, expected, ())
    assert found["messages"].balanced
    assert found["messages"].expected > 0
    connection.execute("update assignments set state = 'on_site', done_at = null where id = %s", (row[0],))
    connection.execute(
        "update deliveries set state = 'sent', sent_at = null where id = (select min(id) from deliveries)"
    )
    connection.execute("delete from calls where assignment_id = 1 and id not in (select call_id from deliveries)")
    found = accounts(connection)
    assert found["answers"].faults == (f"answer {answer.key} (done) moved nothing of assignment {row[0]}",)
    assert len(found["messages"].faults) == 1
    connection.execute("delete from deliveries")
    connection.execute("delete from calls")
    connection.execute("update assignments set next_at = null")
    found = accounts(connection)
    assert "called nobody" in found["calls"].faults[0]
