"""The ledger that runs by itself: its checks, its alert, and what health, figures and status say of it."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from typer.testing import CliRunner, Result

from alerts.ledger import accept, check
from alerts.ledger_account import Span
from alerts.ledger_keeper import SUBJECT, keep_checking, standing
from alerts.ledger_runs import know_plans
from alerts.plan_files import load_plans
from alerts.rules import load_rules
from commands.figures import lines, status
from config.database import Connection, connect
from config.settings import CONFIG
from shijing import app
from tests.database.test_ledger import kept, one, tamper  # noqa: F401 - a fixture

pytestmark = pytest.mark.storage

RULES, PLANS = load_rules(CONFIG / "rules"), load_plans(CONFIG / "plans")
NOON = datetime(2020, 8, 19, 4, tzinfo=UTC)
TEN = timedelta(minutes=10)


def look(connection: Connection, now: datetime) -> list[bool]:
    return [found.balanced for found in keep_checking(connection, now=now, every_s=600, rules=RULES, plans=PLANS)]


def alert(connection: Connection) -> list[tuple[str, str, str]]:
    query = "select level, state, kind from alerts where rule_id = 'ledger' and subject = %s order by id"
    return connection.execute(query, (SUBJECT,)).fetchall()


def test_it_checks_each_span_once_and_a_day_once(kept: Connection) -> None:  # noqa: F811
    assert look(kept, NOON) == [True, True]
    assert look(kept, NOON + TEN / 2) == []
    assert look(kept, NOON + TEN) == [True]
    assert look(kept, NOON + timedelta(days=1)) == [True, True]
    spans = kept.execute("select since, until from ledger_checks where kind = 'span' order by since").fetchall()
    assert all(until == since for (_, until), (since, _) in pairwise(spans)), "one begins where the other ended"
    assert alert(kept) == []
    assert standing(kept).balanced is True


def test_a_clock_that_was_set_back_begins_anew_and_does_not_repeat(kept: Connection) -> None:  # noqa: F811
    assert look(kept, NOON) == [True, True]
    earlier = NOON - timedelta(days=700)
    assert look(kept, earlier) == [True, True]
    assert look(kept, earlier + TEN / 2) == []
    assert look(kept, NOON + TEN / 2) == [], "back again: what was checked is known"


def test_an_imbalance_is_an_alert_until_it_balances_again(kept: Connection) -> None:  # noqa: F811
    tamper(kept, "create table gone as select * from readings where value = 182")
    tamper(kept, "delete from readings where value = 182")  # 10 h in Beijing
    assert look(kept, NOON - timedelta(hours=1, minutes=55)) == [False, True]
    assert alert(kept) == [("red", "open", "ledger")]
    assert one(kept, "select title from alerts where rule_id = 'ledger'").endswith(": readings")
    assert look(kept, NOON + TEN) == [False, False], "the span that goes on from there, and the first one again"
    found = standing(kept)
    assert (found.balanced, found.accounts()) == (False, {"readings": 1})
    told = status(kept)
    assert told["ledger"]["balanced"] is False
    assert any("ledger: does not balance: readings" in line for line in lines(told))
    tamper(kept, "insert into readings select * from gone")
    assert look(kept, NOON + 2 * TEN) == [True, True, True]
    assert alert(kept) == [("red", "resolved", "ledger")]
    assert standing(kept).balanced is True
    history = kept.execute(
        "select from_level, to_level, reason from alert_transitions"
        " join alerts on alerts.id = alert_id where rule_id = 'ledger' order by alert_transitions.id"
    ).fetchall()
    assert history == [("none", "red", "raised"), ("red", "none", "cleared")]
    assert check(kept, Span(), RULES, PLANS).balanced, "its own alert is in order, too"


def test_what_loses_neither_reading_nor_alert_is_orange_and_may_be_accepted(kept: Connection) -> None:  # noqa: F811
    tamper(kept, "delete from quarantine")
    look(kept, NOON)
    assert alert(kept) == [("orange", "open", "ledger")]
    ledger = check(kept, Span(since=NOON - TEN, until=NOON), RULES, PLANS)
    assert accept(kept, ledger.accounts, "the disk of 3 May") == len(ledger.accounts[3].faults)
    look(kept, NOON + TEN)
    assert alert(kept) == [("orange", "resolved", "ledger")]


def test_one_process_checks_at_a_time(kept: Connection, database_url: str) -> None:  # noqa: F811
    with connect(database_url, "test", autocommit=True) as other:
        other.execute("select pg_advisory_lock(hashtext('shijing_ledger'))")
        assert look(kept, NOON) == []
    deadline = datetime.now(UTC) + timedelta(seconds=10)
    found: list[bool] = []
    while not found and datetime.now(UTC) < deadline:
        found = look(kept, NOON)
    assert found == [True, True]


def test_a_plan_is_not_asked_for_what_was_before_it(kept: Connection) -> None:  # noqa: F811
    assert PLANS
    know_plans(kept, PLANS)
    tamper(kept, "delete from plan_runs")
    assert not check(kept, Span(), RULES, PLANS).balanced, "of a database that knew no plans it was always there"
    kept.execute("update plans_known set since = now()")
    assert check(kept, Span(), RULES, PLANS).balanced
    kept.execute("update plans_known set fingerprint = 'of another form'")
    know_plans(kept, PLANS)
    assert one(kept, "select count(*) from plans_known") == 2 * len(PLANS)
    assert check(kept, Span(), RULES, PLANS).balanced, "the plan was changed after all of that"


@pytest.mark.parametrize("days", [89, 91])
def test_old_checks_are_forgotten_when_they_are_settled(kept: Connection, days: int) -> None:  # noqa: F811
    look(kept, NOON)
    kept.execute("update ledger_checks set checked_at = now() - make_interval(days => %s)", (days,))
    look(kept, NOON + TEN)
    assert one(kept, "select count(*) from ledger_checks") == (3 if days == 89 else 1)


def test_the_command_answers_with_its_exit_status_and_names_what_is_missing(
    kept: Connection,  # noqa: F811
    database_url: str,
) -> None:
    def ask(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["ledger", "--database", database_url, *arguments])

    whole = ask("--json")
    told = json.loads(whole.stdout)
    assert (whole.exit_code, told["balanced"], told["from"], told["to"]) == (0, True, None, None)
    assert [account["name"] for account in told["accounts"]] == [
        "intake", "readings", "judged", "quarantine", "alerts", "runs", "tasks",
        "calls",
        "messages",
        "answers",
        "incidents", "live_events",
    ]  # fmt: skip
    tamper(kept, "delete from readings where value = 184.2")
    day = ("--from", "2020-08-19T00:00:00+08:00", "--to", "2020-08-20T00:00:00+08:00")
    broken = ask("--json", "--deep", *day)
    told = json.loads(broken.stdout)
    assert (broken.exit_code, told["balanced"], told["from"]) == (2, False, "2020-08-19T00:00:00+08:00")
    wrong = {account["name"]: account for account in told["accounts"] if not account["balanced"]}
    assert wrong["readings"]["difference"] == 1
    assert "hour 2020-08-19T09:00:00+08:00" in wrong["readings"]["missing"][0]
    before = ask("--to", "2020-08-19T09:00:00+08:00")
    assert before.exit_code == 0, "what is missing is later"
    assert "balances" in before.stdout
    assert ask("--accept", "").exit_code == 2
    assert ask("--accept", "the disk of 3 May", "--deep", *day).exit_code == 0
    assert "1 written off" in ask(*day).stdout
