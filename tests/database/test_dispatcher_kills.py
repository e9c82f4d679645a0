"""The dispatcher as a process, killed in the middle of its work: no step of a ladder is lost, each is recorded once."""

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from alerts.ledger import check
from alerts.ledger_account import Span
from config.database import Connection
from dispatch.advance import advance
from people.holdings import hold_post
from tests.database.feed import until
from tests.database.people_seed import ACTOR, LONG_AGO, VILLAGE
from tests.database.run_seed import PLANS, RULES, START, Ground, a_ground

GRIDS, KILLS = 60, 6
PROJECT = Path(__file__).resolve().parents[2]
# Each call takes so long that a rung of all grids is seconds of one transaction: a kill falls into it.
SLOW = """
create function slowly() returns trigger language plpgsql as $$ begin perform pg_sleep(0.01); return new; end $$;
create trigger slowly before insert on deliveries for each row execute function slowly();
"""


@pytest.fixture
def ground(connection: Connection, tmp_path: Path) -> Ground:
    return a_ground(connection, tmp_path)


@contextmanager
def dispatcher(url: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "shijing", "dispatcher", "--database", url]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def rows(connection: Connection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode()).fetchall()


def many_grids(connection: Connection, ground: Ground) -> None:
    """A run with a task in many grids, each with its own worker."""
    ground.flood(connection)
    for number in range(GRIDS):
        row = connection.execute("insert into divisions (level) values ('grid') returning id").fetchone()
        assert row is not None
        connection.execute(
            "insert into division_versions (division_id, parent_id, code, name, kind, source)"
            " values (%s, %s, %s, %s, '', 'test')",
            (row[0], ground.town.divisions[VILLAGE], f"5001030010019{number:02}", f"网格{number}"),
        )
        person = ground.town.person(connection, f"网格员{number}")
        hold_post(connection, person, "grid_worker", row[0], since=LONG_AGO, actor=ACTOR)
        connection.execute(
            "insert into run_grids (run_id, grid_id, joined_at) select max(id), %s, %s from plan_runs",
            (row[0], START),
        )
    connection.execute(
        "insert into assignments (task_id, run_id, division_id, state, due_at, next_at)"
        " select tasks.id, tasks.run_id, grid_id, 'waiting', tasks.due_at, %s from tasks"
        " join run_grids on run_grids.run_id = tasks.run_id where task_key = 'T2' on conflict do nothing",
        (START,),
    )


def settled(connection: Connection) -> bool:
    """Nothing is due that was not done."""
    return not rows(
        connection,
        "select from assignments, (select max(clock) as told from partitions) clock"
        " where next_at <= told and ended_at is null",
    )


def test_many_are_called_some_at_a_time_and_each_once(
    connection: Connection, ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dispatch.advance._AT_ONCE", 7)
    many_grids(connection, ground)
    [(due,)] = rows(connection, "select count(*) from assignments where next_at <= (select max(clock) from partitions)")
    at = ground.at(connection, 0)
    done = advance(connection, at, channels=frozenset({"sms"}))
    assert done.assignments == due > 2 * 7
    assert settled(connection)
    assert rows(connection, "select count(distinct xmin::text) from calls") == [(-(-due // 7),)]  # transactions
    assert rows(connection, "select from calls group by assignment_id, person_id having count(*) > 1") == []
    assert advance(connection, at, channels=frozenset({"sms"})).assignments == 0


def test_kill_9_loses_no_step_of_the_ladder_and_repeats_none(
    connection: Connection, database_url: str, ground: Ground
) -> None:
    many_grids(connection, ground)
    connection.execute(SLOW)
    moments = random.Random(7)
    for minutes in range(KILLS):
        ground.at(connection, minutes)
        with dispatcher(database_url):
            time.sleep(moments.uniform(0.1, 2.5))  # the moment of the kill, not a wait for anything
    with dispatcher(database_url):
        ground.at(connection, 20)
        until(lambda: settled(connection))
    taken = rows(connection, "select distinct rung, next_at from assignments")
    assert taken == [(6, None)]
    people = "select count(*) from (select distinct assignment_id, person_id from calls) each"
    assert rows(connection, "select count(*) from calls") == rows(connection, people)
    twice = "select call_id, channel, attempt from deliveries group by 1, 2, 3 having count(*) > 1"
    assert rows(connection, twice) == []
    unanswered = "select count(*), count(distinct detail ->> 'assignment_id') from run_acts where kind = 'unanswered'"
    told = rows(connection, unanswered)
    places = rows(connection, "select count(*) from assignments")[0][0]
    assert told == [(places, places)]
    uncalled = "select from assignments where not exists (select from calls where assignment_id = assignments.id)"
    assert rows(connection, uncalled) == []
    accounts = {one.name: one.faults for one in check(connection, Span(), RULES, PLANS).accounts}
    assert {name: accounts[name] for name in ("tasks", "calls", "messages", "answers")} == dict.fromkeys(
        ("tasks", "calls", "messages", "answers"), ()
    )


def test_jobs_wake_the_dispatcher_of_a_database_without_a_told_clock(
    connection: Connection, database_url: str, ground: Ground
) -> None:
    connection.execute("update partitions set clock = null")
    ground.flood(connection)
    with dispatcher(database_url):
        until(lambda: rows(connection, "select count(*) from calls")[0][0] > 0)
        until(lambda: rows(connection, "select count(*) from procrastinate_jobs where status = 'doing'") == [(0,)])
    assert rows(connection, "select count(*) from procrastinate_jobs where status = 'failed'") == [(0,)]
