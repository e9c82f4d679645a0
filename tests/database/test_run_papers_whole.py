"""From a flood that starts a plan to the day on which its people are forgotten, by the parts that do it in earnest."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from psycopg import sql

from access.accounts import add_account, grant
from access.rights import load_roles
from access.verify import verify
from alerts.ledger import check
from alerts.ledger_account import Span
from config.database import Connection
from dispatch.account_reading import read_account
from dispatch.act_ending import terminate
from dispatch.act_people import answer_for, reassign
from dispatch.act_tasks import add_task
from dispatch.acts import note, notes, set_level
from dispatch.advance import advance
from dispatch.answers import Answer, give
from dispatch.figures import figures
from dispatch.forget import forget_runs, holds
from dispatch.paper import Telling
from dispatch.paper_writing import write_paper
from dispatch.reviewing import review
from dispatch.timeline import timeline
from tests.database.people_seed import TOWNSHIP
from tests.database.run_seed import PLANS, RULES, START, Ground, a_ground

SMS = frozenset({"sms"})
HIDDEN = ("张家已转移", "王大爷", "水位回落至警戒以下", "李家销号")


@pytest.fixture
def ground(connection: Connection, tmp_path: Path) -> Ground:
    return a_ground(connection, tmp_path)


@pytest.fixture
def commander(connection: Connection, ground: Ground) -> UUID:
    made = add_account(connection, "commander")
    grant(connection, made, "commander", ground.town.divisions[TOWNSHIP], roles=load_roles(), now=START)
    return made


def assignment(connection: Connection, run: int, key: str) -> int:
    row = connection.execute(
        "select assignments.id from assignments join tasks on tasks.id = task_id"
        " where assignments.run_id = %s and task_key = %s",
        (run, key),
    ).fetchone()
    assert row is not None
    return int(row[0])


def led(connection: Connection, ground: Ground, commander: UUID) -> int:
    """A run in which everything happens."""
    run = ground.flood(connection)
    advance(connection, ground.at(connection, 0), channels=SMS)
    first, second = assignment(connection, run, "T1"), assignment(connection, run, "T2")
    account = add_account(connection, "officer")
    for kind, minutes in (("acknowledged", 1), ("done", 3)):
        at = ground.at(connection, minutes)
        answer = Answer(key=uuid4(), assignment_id=first, kind=kind, tapped_at=at)  # type: ignore[arg-type]
        give(connection, answer, actor=account, person_id=ground.people["值班长"], at=at)
    reassign(connection, run, second, person_id=ground.people["网格长"], reason="王大爷家离他近", actor=commander)
    advance(connection, ground.at(connection, 6), channels=SMS)
    set_level(connection, run, "orange", reason="水位还在上涨", actor=commander)
    add_task(connection, run, post="网格员", what="看望王大爷", limit_min=10, reason="独居", actor=commander)
    note(connection, ground.town.vault, run, text="张家已转移", key=uuid4(), actor=commander)
    ground.at(connection, 12)
    answer_for(connection, run, second, key=uuid4(), kind="done", result=None, actor=commander)
    ground.at(connection, 70)
    terminate(connection, run, actor=commander, reason="水位回落至警戒以下", override=True)
    review(connection, run, texts={2: "李家销号"}, actor=commander)
    return run


def rows(connection: Connection) -> str:
    told = []
    for table in ("plan_runs", "tasks", "assignments", "calls", "deliveries", "answers", "run_acts", "attachments"):
        told += [
            row[0] for row in connection.execute(sql.SQL("select t::text from {} t").format(sql.Identifier(table)))
        ]
    return "\n".join(told)


def test_from_the_flood_to_the_day_it_is_forgotten(connection: Connection, ground: Ground, commander: UUID) -> None:
    run, vault = led(connection, ground, commander), ground.town.vault
    account = read_account(connection, run, at=ground.at(connection, 90))
    assert account is not None and account.run.state == "reviewed"
    told = figures(account)
    assert told.whole.answered == 2 and told.calls_answered >= 1
    telling = Telling(
        language="zh", people={ground.people["网格长"]: "网格长本人"}, accounts={commander: "指挥长本人"}, words=True,
        notes=notes(connection, vault, run),
    )  # fmt: skip
    text = write_paper(account, telling, at=START).text()
    for one in ("改派", "网格长本人", "指挥长本人", "提升响应等级：黄色（Ⅲ级） → 橙色（Ⅱ级）", *HIDDEN):
        assert one in text, one
    shy = write_paper(account, Telling(language="en"), at=START).text()
    assert not any(one in shy for one in HIDDEN)

    now = datetime.now(UTC)
    assert forget_runs(connection, now=now, default_days=180) == []
    [gone] = forget_runs(connection, now=now + timedelta(days=181), default_days=180)
    assert (gone.run_id, gone.left, gone.attachments) == (run, False, 1)
    left = rows(connection)
    assert not any(one in left for one in HIDDEN)
    assert not any(str(person) in left for person in ground.people.values())
    after = read_account(connection, run, at=ground.at(connection, 90))
    assert after is not None
    assert (figures(after).whole, figures(after).calls_answered) == (told.whole, told.calls_answered)
    assert len(timeline(after)) == len(timeline(account))
    held = holds(connection, run)
    assert held is not None and held.holds
    assert verify(connection, vault).intact
    ledger = check(connection, Span(), RULES, PLANS)
    assert [one.faults for one in ledger.accounts if one.name in ("tasks", "calls", "messages", "answers")] == [()] * 4
