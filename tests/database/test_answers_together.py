"""Answers that are taken together: each as if it came by itself, in one transaction; and the desk that gathers them."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from config.database import Connection
from dispatch.advance import advance
from dispatch.answers import Answer, Given, Kind, Said, give_all
from dispatch.clock import now_of
from dispatch.errors import Refused
from tests.database.people_seed import ACTOR
from tests.database.run_seed import Ground, a_ground
from web.desk import Desk


@pytest.fixture
def ground(connection: Connection, tmp_path: Path) -> Ground:
    return a_ground(connection, tmp_path)


def assignment(connection: Connection, task: str) -> int:
    query = "select assignments.id from assignments join tasks on tasks.id = task_id where task_key = %s order by 1"
    row = connection.execute(query, [task]).fetchone()
    assert row is not None
    return int(row[0])


def said(one: int, kind: Kind, person: UUID | None, connection: Connection, key: UUID | None = None) -> Said:
    answer = Answer(key=key or uuid4(), assignment_id=one, kind=kind, tapped_at=now_of(connection))
    return Said(answer=answer, actor=ACTOR, person_id=person)


def test_each_is_as_if_it_came_alone(connection: Connection, ground: Ground) -> None:
    ground.flood(connection)
    advance(connection, ground.at(connection, 0), channels=frozenset({"sms"}))
    worker = ground.people["网格员"]
    one, other = assignment(connection, "T2"), assignment(connection, "T1")
    key = uuid4()
    outcomes = give_all(
        connection,
        [
            said(one, "acknowledged", worker, connection, key),
            said(other, "acknowledged", worker, connection),  # not theirs
            said(one, "on_site", worker, connection),
            said(one, "acknowledged", worker, connection, key),  # sent again
            said(999_999, "done", worker, connection),
            said(one, "done", worker, connection, key),  # another answer under the same key
            said(other, "acknowledged", None, connection),  # at the desk
            said(one, "acknowledged", worker, connection),  # later than the step after it
        ],
        now_of(connection),
    )
    told = [one if isinstance(one, Given) else str(one).partition(":")[0] for one in outcomes]
    assert told[0] == Given(counted=True, state="acknowledged")
    assert told[2] == Given(counted=True, state="on_site")
    assert told[3] == Given(counted=True, state="on_site")
    assert told[4] == "there is no task 999999"
    assert told[5] == f"the key {key} is that of another answer"
    assert told[6] == Given(counted=True, state="acknowledged")
    assert told[7] == Given(counted=False, state="on_site")
    assert told[1] == "this task is not yours (any more)"
    query = "select assignment_id, kind, counted from answers order by assignment_id, kind, counted"
    assert connection.execute(query).fetchall() == sorted(
        [
            (one, "acknowledged", False),
            (one, "acknowledged", True),
            (one, "on_site", True),
            (other, "acknowledged", True),
        ]
    )


def test_one_event_tells_of_all_that_moved(connection: Connection, ground: Ground) -> None:
    ground.flood(connection)
    advance(connection, ground.at(connection, 0), channels=frozenset({"sms"}))
    before = connection.execute("select count(*) from live_events where kind = 'task'").fetchone()
    pair = [said(assignment(connection, task), "acknowledged", None, connection) for task in ("T1", "T2")]
    give_all(connection, pair, now_of(connection))
    query = "select payload -> 'assignment_ids' from live_events where kind = 'task' order by id"
    found = connection.execute(query).fetchall()
    assert before is not None and len(found) == before[0] + 1
    assert found[-1][0] == sorted(each.answer.assignment_id for each in pair)


def _echo(connection: Connection, asked: Sequence[str]) -> Sequence[str]:
    """Writes all of them in one transaction; PostgreSQL keeps no text with a NUL in it."""
    with connection.transaction():
        return [connection.execute("select %s::text || '!'", [one]).fetchone()[0] for one in asked]  # type: ignore[index]


def test_what_one_brings_is_not_the_others_fault(database_url: str) -> None:
    desk = Desk("echo", database_url, _echo, gather_s=0.05, at_once=10)
    desk.start()

    async def ask() -> list[object]:
        return await asyncio.gather(*(desk.take(one) for one in ("a", "b\0", "c")), return_exceptions=True)

    try:
        first, second, third = asyncio.run(ask())
    finally:
        desk.stop()
    assert (first, third) == ("a!", "c!")
    assert isinstance(second, psycopg.DataError)


def test_refusals_say_the_same_in_both_languages(connection: Connection, ground: Ground) -> None:
    ground.flood(connection)
    (outcome,) = give_all(connection, [said(999_999, "done", None, connection)], now_of(connection))
    assert isinstance(outcome, Refused) and outcome.zh
