"""The personal data of a run that is over: gone after its term, proven, and the figures stay what they were."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from access import audit
from access.vault import Vault
from access.verify import verify
from alerts.ledger_account import Span
from alerts.ledger_calls import calls
from commands.keeping import Keeping
from commands.vault_rotation import rotate
from config.database import Connection
from dispatch.account_reading import read_account
from dispatch.figures import figures
from dispatch.forget import Forgotten, forget_runs, holds
from dispatch.timeline import timeline
from tests.database.rights_city import RightsCity, seed_rights_city
from tests.database.run_ground import PLAN, RunGround, add_run, at, divisions_of

NOW = datetime(2026, 11, 27, tzinfo=UTC)
OVER = NOW - timedelta(days=40)


@pytest.fixture
def city(connection: Connection) -> RightsCity:
    return seed_rights_city(connection)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.of_folder(tmp_path)


@pytest.fixture
def ground(connection: Connection, city: RightsCity, vault: Vault) -> RunGround:
    plan = {**PLAN, "privacy": {"show_on_wall": True, "map": "grid", "delete_after_close_d": 30}}
    return add_run(connection, divisions_of(city.divisions), vault=vault, plan=plan, closed_at=OVER, drill=True)


def forget(connection: Connection, now: datetime = NOW) -> list[Forgotten]:
    return forget_runs(connection, now=now, default_days=180)


def everything(connection: Connection) -> str:
    """Every row of the tables of runs, as text."""
    told = []
    for table in ("plan_runs", "tasks", "assignments", "calls", "deliveries", "answers", "run_acts", "attachments"):
        rows = connection.execute(sql.SQL("select t::text from {} t").format(sql.Identifier(table))).fetchall()
        told += [row[0] for row in rows]
    return "\n".join(told)


def test_what_is_personal_goes_with_proof(connection: Connection, ground: RunGround, vault: Vault) -> None:
    before = everything(connection)
    answering = [one for name, one in ground.accounts.items() if name != "first"]
    hidden = [str(one) for one in (*ground.people.values(), *answering)]
    hidden += ["刘奶奶", "年度防汛演练", "水位回落", "0001234"]
    assert all(one in before for one in hidden)
    [done] = forget(connection)
    after = everything(connection)
    assert [one for one in hidden if one in after] == []
    assert (done.run_id, done.days, done.attachments, done.left) == (ground.run_id, 30, 2, False)
    assert done.counts == {"calls": 4, "deliveries": 2, "answers": 8, "assignments": 3, "acts": 3, "tasks": 0}
    [entry] = audit.entries(connection, act="run.forgotten")
    assert (entry.seq, entry.subject, entry.division_id) == (done.audit_seq, str(ground.run_id), ground.township_id)
    assert entry.details["sha256"] == done.sha256 and len(entry.details["deleted_sha256"]) == 64
    assert (entry.details["attachments"], entry.details["left"], entry.details["days"]) == (2, 0, 30)
    assert verify(connection, vault).intact


def test_the_figures_stay_what_they_were(connection: Connection, ground: RunGround) -> None:
    before = read_account(connection, ground.run_id, at=at(61))
    forget(connection)
    after = read_account(connection, ground.run_id, at=at(61))
    assert before is not None and after is not None
    told, still = figures(before), figures(after)
    assert (told.whole, told.rungs, told.calls_answered) == (still.whole, still.rungs, still.calls_answered)
    assert (told.persons_moved, told.backups) == (still.persons_moved, still.backups)
    assert [line.zh for line in timeline(before)] == [line.zh for line in timeline(after)]
    assert after.people() == set() and after.run.forgotten_at == NOW
    assert ground.commander in after.actors()  # who commanded and signed stays


def test_before_its_term_and_while_it_runs_nothing_goes(connection: Connection, city: RightsCity) -> None:
    divisions = divisions_of(city.divisions)
    for code, state, closed in (("A", "open", OVER), ("B", "terminated", NOW - timedelta(days=179)),
                                ("C", "terminated", NOW - timedelta(days=181))):  # fmt: skip
        add_run(connection, divisions, plan={**PLAN, "id": code}, state=state, closed_at=closed)
    names = dict(connection.execute("select id, plan_id from plan_runs").fetchall())
    assert [names[one.run_id] for one in forget(connection)] == ["C"]
    assert forget(connection) == []


def test_a_run_of_a_replay_counts_from_when_it_was_told_to_be_over(connection: Connection, city: RightsCity) -> None:
    add_run(connection, divisions_of(city.divisions), closed_at=NOW)  # it ended in 2020 by its own clock
    assert forget(connection) == []


def test_what_a_late_review_brings_goes_too(connection: Connection, ground: RunGround) -> None:
    forget(connection)
    detail = {"figures": {"asked": 3}, "items": [{"number": 4, "text": "王家院子销号"}]}
    connection.execute(
        "insert into run_acts (run_id, time, kind, detail) values (%s, now(), 'reviewed', %s)",
        (ground.run_id, Jsonb(detail)),
    )
    [again] = forget(connection)
    assert again.counts["acts"] == 1 and "王家院子" not in everything(connection)
    row = connection.execute("select detail from run_acts where kind = 'reviewed'").fetchone()
    assert row == ({"figures": {"asked": 3}, "items": [{"number": 4, "text": None}]},)
    assert forget(connection) == []


def test_what_stays_is_held_against_its_proof(connection: Connection, ground: RunGround) -> None:
    assert holds(connection, ground.run_id) is None
    forget(connection)
    held = holds(connection, ground.run_id)
    assert held is not None and held.holds
    connection.execute("update assignments set done_at = done_at - interval '5 minutes' where id = %s",
                       (ground.assignments["T2-first"],))  # fmt: skip
    held = holds(connection, ground.run_id)
    assert held is not None and not held.holds


@pytest.mark.parametrize(
    "change",
    [
        "update run_acts set reason = ''",
        "update answers set person_id = null",
        "delete from run_acts",
        "delete from answers",
    ],
)
def test_before_it_is_forgotten_nothing_is_rewritten(connection: Connection, ground: RunGround, change: str) -> None:
    with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
        connection.execute(change.encode())


@pytest.mark.parametrize(
    "change",
    [
        "update run_acts set reason = 'another'",
        "update run_acts set kind = 'noted'",
        "update answers set counted = false",
        "update answers set result = 'another'",
        "update answers set person_id = (select id from people limit 1)",
        "update answers set actor = gen_random_uuid()",
        "delete from answers",
    ],
)
def test_afterwards_nothing_is_put_in_its_place(connection: Connection, ground: RunGround, change: str) -> None:
    forget(connection)
    with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
        connection.execute(change.encode())


def test_the_pipeline_forgets_beside_its_work(connection: Connection, ground: RunGround) -> None:
    Keeping(vault=None).keep(connection, NOW)
    row = connection.execute("select forgotten_at from plan_runs where id = %s", (ground.run_id,)).fetchone()
    assert row == (NOW,)


def test_an_answer_that_comes_weeks_later_does_not_stay(connection: Connection, ground: RunGround) -> None:
    forget(connection)
    connection.execute(
        "insert into answers (key, assignment_id, person_id, actor, kind, tapped_at, received_at, counted)"
        " values (gen_random_uuid(), %s, %s, %s, 'done', now(), now(), false)",
        (ground.assignments["T1"], ground.people["officer"], ground.accounts["officer"]),
    )
    [again] = forget(connection)
    assert again.counts["answers"] == 1 and str(ground.people["officer"]) not in everything(connection)


def test_the_ledger_finds_what_it_found_before(connection: Connection, ground: RunGround) -> None:
    span = Span(since=at(-60), until=at(600))
    before = calls(connection, span)
    assert [one.faults for one in before] == [()] * len(before)
    forget(connection)
    assert calls(connection, span) == before


def test_what_people_add_is_sealed_anew_with_the_other_fields(
    connection: Connection, ground: RunGround, vault: Vault, database_url: str
) -> None:
    rotate(database_url, vault, new_key=True)
    fresh = Vault(vault.path)
    rows = connection.execute("select id, kind, content from attachments").fetchall()
    assert {Vault.key_of(content) for _, _, content in rows} == {fresh.key_ids[-1]}
    told = {kind: fresh.open(content, context=("attachments", "content", one)) for one, kind, content in rows}
    assert told == {"note": "现场有老人摔倒，已扶起", "photo": "/9j/"}
