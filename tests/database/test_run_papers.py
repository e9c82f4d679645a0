"""A run's account from the database, what is drawn from it, and who may see what of it."""

from datetime import timedelta
from pathlib import Path

import pytest

from access.places import place_names
from access.scope import Scope, ScopeSeal, as_reader, narrow
from access.vault import Vault
from config.database import Connection, connect
from dispatch.account_reading import read_account
from dispatch.figures import figures
from dispatch.paper import Telling
from dispatch.paper_writing import write_paper
from dispatch.review import review_detail, review_items, reviews_due
from dispatch.score import score
from dispatch.timeline import timeline
from tests.database.out_seed import OTHER_TOWNSHIP, TOWNSHIP
from tests.database.rights_city import RightsCity, seed_rights_city
from tests.database.run_ground import PLAN, RunGround, add_run, at, divisions_of


@pytest.fixture
def city(connection: Connection) -> RightsCity:
    return seed_rights_city(connection)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.of_folder(tmp_path)


@pytest.fixture
def ground(connection: Connection, city: RightsCity) -> RunGround:
    return add_run(connection, divisions_of(city.divisions), alert=city.alerts["report-a"])


def test_a_whole_run_is_read_at_once(connection: Connection, ground: RunGround) -> None:
    account = read_account(connection, ground.run_id, at=at(61))
    assert account is not None
    assert [len(one) for one in (account.tasks, account.assignments, account.calls, account.deliveries)] == [2, 3, 4, 6]
    assert len(account.answers) == 8 and len(account.conditions) == 2 and len(account.moves) == 2
    assert account.people() == set(ground.people.values())
    assert read_account(connection, 10**9, at=at(61)) is None


def test_its_figures(connection: Connection, ground: RunGround) -> None:
    account = read_account(connection, ground.run_id, at=at(61))
    assert account is not None
    told = figures(account)
    assert (told.whole.asked, told.whole.answered, told.whole.done, told.whole.late) == (3, 3, 3, 1)
    assert (told.calls, told.calls_answered, told.backups) == (4, 3, 1)
    assert [one.id for one in told.late] == [ground.assignments["T2-first"]]
    assert (told.persons_moved, told.persons_threatened) == (12, 14)
    assert told.whole.acknowledge.median_s == 40 and told.whole.acknowledge.p90_s == 300
    by_rung = {(one.rung, one.channel): one for one in told.rungs}
    assert by_rung[0, "app"].skipped == 1 and by_rung[0, "app"].brought_answer == 2
    assert by_rung[3, "app"].brought_answer == 1 and by_rung[2, "voice"].failed == 1


def test_its_timeline_is_in_order_and_whole(connection: Connection, ground: RunGround) -> None:
    account = read_account(connection, ground.run_id, at=at(61))
    assert account is not None
    lines = timeline(account)
    assert [line.at for line in lines] == sorted(line.at for line in lines)
    kinds = [line.kind for line in lines]
    assert {kind: kinds.count(kind) for kind in ("alert", "level", "act", "task", "call", "message", "answer")} == {
        "alert": 1, "level": 2, "act": 9, "task": 2, "call": 4, "message": 6, "answer": 8,
    }  # fmt: skip
    assert any(line.zh == "条件已满足：终止条件“道路查验”" for line in lines)


def test_the_review_is_filled_in_as_far_as_it_is_known(connection: Connection, ground: RunGround) -> None:
    account = read_account(connection, ground.run_id, at=at(61))
    assert account is not None
    told = {one.item: one.filled and one.filled[0] for one in review_items(account)}
    assert told == {
        "叫应率": "100 %（应答 3 / 叫应 3）",
        "超时任务": "1 项（T2）",
        "人数误差": "-2 人（上报 12 人，预案 14 人）",
        "封控时点": "08-20 08:25 至 08-20 08:31",
        "易涝点销号": None,
    }
    detail = review_detail(account, {4: " 两处销号 ", 0: ""})
    assert detail["items"] == [{"number": 4, "text": "两处销号"}]
    assert detail["figures"]["answered"] == 3


def test_reviews_are_due_by_date_and_in_the_scope_only(
    connection: Connection, city: RightsCity, ground: RunGround, database_url: str, seal: ScopeSeal
) -> None:
    add_run(connection, divisions_of(city.divisions), state="reviewed", plan={**PLAN, "id": "FLD-03"})
    [due] = reviews_due(connection)
    assert (due.id, due.review_due_at) == (ground.run_id, at(61) + timedelta(hours=72))
    with connect(database_url, "reader", autocommit=True) as reader:
        as_reader(reader)
        for code, found in ((TOWNSHIP, [ground.run_id]), (OTHER_TOWNSHIP, [])):
            narrow(reader, Scope(divisions=frozenset({city.divisions[code]})), seal)
            assert [one.id for one in reviews_due(reader)] == found
            account = read_account(reader, ground.run_id, at=at(61))
            assert (account is not None) == bool(found)
            if account is not None:
                assert len(account.deliveries) == 6 and len(account.answers) == 8 and len(account.alerts) == 1


def test_a_drill_has_a_score_with_reasons(connection: Connection, city: RightsCity) -> None:
    ground = add_run(connection, divisions_of(city.divisions), drill=True)
    account = read_account(connection, ground.run_id, at=at(61))
    assert account is not None
    found = score(account)
    assert {one.name: (one.good, one.cases) for one in found.parts} == {
        "answered_in_time": (2, 3),
        "arrived_in_time": (2, 2),
        "done_in_time": (2, 3),
        "without_backup": (2, 3),
        "order_kept": (1, 1),
    }
    assert found.points == 77
    assert sum(found.points_of(one) for one in found.parts) == pytest.approx(76.67, abs=0.01)


def test_a_paper_tells_names_to_those_who_may_know_them(connection: Connection, ground: RunGround) -> None:
    account = read_account(connection, ground.run_id, at=at(61))
    assert account is not None
    places = place_names(connection, account.places(), now=at(61))
    names = {person: name for name, person in ground.people.items()}
    shy = write_paper(account, Telling(language="zh", places=places), at=at(62))
    full = write_paper(account, Telling(language="zh", places=places, people=names, words=True), at=at(62))
    assert "leader" in full.text() and "leader" not in shy.text()
    assert "刘奶奶" in full.text() and "刘奶奶" not in shy.text()
    assert "寸滩街道" in shy.text() and "河水上岸" in shy.text()


def test_a_plan_with_privacy_names_no_home(connection: Connection, city: RightsCity) -> None:
    plan = {**PLAN, "privacy": {"show_on_wall": False, "map": "none", "delete_after_close_d": 30}}
    ground = add_run(connection, divisions_of(city.divisions), plan=plan, alert=city.alerts["report-a"])
    account = read_account(connection, ground.run_id, at=at(61))
    assert account is not None
    places = place_names(connection, account.places(), now=at(61))
    telling = Telling(
        language="zh", places=places, words=True, privacy=plan["privacy"], township_id=ground.township_id
    )  # fmt: skip
    text = write_paper(account, telling, at=at(62)).text()
    assert "河水上岸" not in text and "第一网格" not in text and "寸滩街道" in text


def test_what_nobody_answered_is_told(connection: Connection, ground: RunGround) -> None:
    connection.execute(
        "insert into tasks (run_id, task_key, post, what) values (%s, 'T9', '物业', '断电')", (ground.run_id,)
    )
    connection.execute(
        "insert into assignments (task_id, run_id, division_id, state, due_at, called_at)"
        " select id, run_id, %s, 'called', %s, %s from tasks where task_key = 'T9'",
        (ground.township_id, at(20), at(5)),
    )
    person = next(iter(ground.people.values()))
    connection.execute(
        "insert into calls (assignment_id, person_id, part, called_at) select max(id), %s, 'post', %s from assignments",
        (person, at(5)),
    )
    account = read_account(connection, ground.run_id, at=at(61))
    assert account is not None
    told = figures(account)
    assert (told.whole.asked, told.whole.answered, told.whole.late) == (4, 3, 2)
    assert [one.person_id for one in told.unanswered] == [person]
