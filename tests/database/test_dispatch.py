"""The ladder, answers and lateness on a real database, by a told clock: nobody waits for anything."""

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from config.database import Connection
from dispatch.advance import Advanced, advance
from dispatch.answers import Answer, Kind, give
from dispatch.clock import now_of
from dispatch.errors import Refused
from dispatch.overdue import mark_overdue, start_unasked
from dispatch.receipts import Receipt, receive
from dispatch.sweep import sweep
from tests.database.people_seed import ACTOR, GRID, OTHER_GRID, TOWNSHIP, VILLAGE
from tests.database.run_seed import MINUTE, START, Ground, a_ground, open_page

SMS = frozenset({"sms", "voice"})


@pytest.fixture
def ground(connection: Connection, tmp_path: Path) -> Ground:
    return a_ground(connection, tmp_path)


def rows(connection: Connection, query: str, *values: Any) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode(), values).fetchall()


def climb(connection: Connection, ground: Ground, minutes: float, channels: frozenset[str] = SMS) -> Advanced:
    return advance(connection, ground.at(connection, minutes), channels=channels)


def assignment(connection: Connection, task: str = "T2", place: str | None = None) -> int:
    found = rows(
        connection,
        "select assignments.id from assignments join tasks on tasks.id = task_id"
        " join division_versions version on version.division_id = assignments.division_id"
        " where task_key = %s and coalesce(version.code = %s, true) order by round desc limit 1",
        task,
        place,
    )
    return int(found[0][0])


def state(connection: Connection, one: int) -> str:
    return str(rows(connection, "select state from assignments where id = %s", one)[0][0])


def calls(connection: Connection, one: int) -> list[tuple[Any, ...]]:
    return rows(
        connection,
        "select calls.person_id, part, channel, deliveries.state from calls left join deliveries on call_id = calls.id"
        " where assignment_id = %s order by deliveries.id, calls.id",
        one,
    )


def tap(
    connection: Connection,
    one: int,
    kind: Kind,
    person: UUID | None,
    *,
    key: UUID | None = None,
    result: str | None = None,
) -> Any:
    at = now_of(connection)
    answer = Answer(key=key or uuid4(), assignment_id=one, kind=kind, tapped_at=at, result=result)
    return give(connection, answer, actor=ACTOR, person_id=person, at=at)


def test_tasks_go_to_the_places_where_their_posts_are_held(connection: Connection, ground: Ground) -> None:
    ground.flood(connection)
    found = rows(
        connection,
        "select task_key, version.code, extract(epoch from assignments.due_at - %s)::int / 60"
        " from assignments join tasks on tasks.id = task_id"
        " join division_versions version on version.division_id = assignments.division_id order by task_key",
        START,
    )
    places = {task: (code, minutes) for task, code, minutes in found}
    assert places["T1"] == (TOWNSHIP, 5)
    assert places["T2"] == (GRID, 10)
    assert places["T5"] == (VILLAGE, 60)
    assert places["T3"] == (GRID, 20)
    assert len(found) == 7
    jobs = rows(connection, "select task_name, args from procrastinate_jobs where status = 'todo'")
    assert ("advance", {}) in jobs


def test_an_open_page_is_called_first_then_each_rung_in_its_turn(connection: Connection, ground: Ground) -> None:
    ground.flood(connection)
    worker, commander, officer = (ground.people[name] for name in ("网格员", "指挥长", "值班长"))
    open_page(connection, worker)

    climb(connection, ground, 0)
    one = assignment(connection)
    assert calls(connection, one) == [(worker, "post", "app", "due")]
    assert climb(connection, ground, 0.9).assignments == 0
    climb(connection, ground, 1)
    assert calls(connection, one)[-1] == (worker, "post", "sms", "due")
    climb(connection, ground, 2)
    assert calls(connection, one)[-1] == (worker, "post", "voice", "due")
    climb(connection, ground, 4)  # the task names no backup: nobody to call, the command is next at once
    assert {(person, part) for person, part, _, _ in calls(connection, one)} == {
        (worker, "post"),
        (commander, "command"),
        (officer, "command"),
    }
    assert climb(connection, ground, 60).unanswered > 0
    acts = rows(connection, "select count(*) from run_acts where kind = 'unanswered'")
    assert acts[0][0] == rows(connection, "select count(*) from assignments where called_at is not null")[0][0]


def test_a_closed_page_goes_straight_to_the_next_rung(connection: Connection, ground: Ground) -> None:
    ground.flood(connection)
    climb(connection, ground, 0)
    worker = ground.people["网格员"]
    assert calls(connection, assignment(connection)) == [
        (worker, "post", "app", "skipped"),
        (worker, "post", "sms", "due"),
    ]


def test_a_rung_whose_messages_all_failed_does_not_wait(connection: Connection, ground: Ground) -> None:
    ground.flood(connection)
    climb(connection, ground, 0)
    connection.execute("update deliveries set state = 'failed' where channel = 'sms'")
    climb(connection, ground, 0.1)
    assert [channel for _, _, channel, _ in calls(connection, assignment(connection))] == ["app", "sms", "voice"]


def test_the_ladder_stops_at_the_answer_and_the_task_goes_on_by_taps(connection: Connection, ground: Ground) -> None:
    ground.flood(connection)
    worker = ground.people["网格员"]
    climb(connection, ground, 0)
    one = assignment(connection)
    ground.at(connection, 0.5)
    assert tap(connection, one, "acknowledged", worker).state == "acknowledged"
    climb(connection, ground, 3)
    assert len(calls(connection, one)) == 2
    assert tap(connection, one, "on_site", worker).state == "on_site"
    assert not tap(connection, one, "acknowledged", worker).counted  # no step goes back
    ground.at(connection, 6)
    assert tap(connection, one, "done", worker).state == "done"
    assert rows(connection, "select state from tasks where task_key = 'T2'") == [("done",)]
    told = rows(connection, "select acknowledged_at, on_site_at, done_at from assignments where id = %s", one)
    assert told == [(START + MINUTE / 2, START + 3 * MINUTE, START + 6 * MINUTE)]
    assert rows(connection, "select count(*) from answers") == [(4,)]
    assert not tap(connection, one, "done", worker).counted


def test_the_same_tap_sent_twice_is_one_answer(connection: Connection, ground: Ground) -> None:
    ground.flood(connection)
    climb(connection, ground, 0)
    one, key, worker = assignment(connection), uuid4(), ground.people["网格员"]
    first = tap(connection, one, "acknowledged", worker, key=key)
    ground.at(connection, 1)
    assert tap(connection, one, "acknowledged", worker, key=key) == first
    assert rows(connection, "select key, received_at from answers") == [(key, START)]
    with pytest.raises(Refused, match="another answer"):
        tap(connection, one, "done", worker, key=key)


def test_an_answer_of_somebody_else_or_with_no_such_result_is_refused(connection: Connection, ground: Ground) -> None:
    ground.flood(connection)
    climb(connection, ground, 0)
    one = assignment(connection)
    with pytest.raises(Refused, match="not yours"):
        tap(connection, one, "acknowledged", ground.people["网格长"])
    with pytest.raises(Refused, match="no result"):
        tap(connection, one, "done", ground.people["网格员"], result="平安")
    with pytest.raises(Refused, match="no task"):
        tap(connection, 999, "done", ground.people["网格员"])
    assert rows(connection, "select count(*) from answers") == [(0,)]


def test_who_cannot_hands_on_to_the_next_rung_for_others(connection: Connection, ground: Ground) -> None:
    ground.flood(connection)
    worker = ground.people["网格员"]
    climb(connection, ground, 0)
    one = assignment(connection)
    tap(connection, one, "acknowledged", worker)
    assert tap(connection, one, "cannot", worker).state == "called"
    climb(connection, ground, 0.1)
    assert {part for _, part, _, _ in calls(connection, one)} == {"post", "command"}
    with pytest.raises(Refused, match="not yours"):
        tap(connection, one, "acknowledged", worker)
    assert tap(connection, one, "acknowledged", None).state == "acknowledged"  # at the desk


def test_what_is_late_is_marked_once_and_told_to_the_command(connection: Connection, ground: Ground) -> None:
    ground.flood(connection)
    worker = ground.people["网格员"]
    climb(connection, ground, 0)
    one = assignment(connection)
    tap(connection, one, "acknowledged", worker)
    at = ground.at(connection, 10.1)
    assert mark_overdue(connection, at) > 0
    assert mark_overdue(connection, at) == 0
    climb(connection, ground, 10.1)
    assert {part for _, part, _, _ in calls(connection, one)} == {"post", "command"}
    assert state(connection, one) == "acknowledged"
    climb(connection, ground, 90)
    assert not [part for _, part, _, _ in calls(connection, one) if part == "everybody"]
    assert rows(
        connection, "select count(*) from run_acts where kind = 'overdue' and detail ->> 'assignment_id' = %s", str(one)
    ) == [(1,)]


def test_a_task_that_repeats_keeps_its_person_and_calls_anew_when_they_fall_silent(
    connection: Connection, ground: Ground
) -> None:
    ground.flood(connection)
    connection.execute("update tasks set repeat_min = 5 where task_key = 'T2'")
    worker = ground.people["网格员"]
    climb(connection, ground, 0)
    first = assignment(connection)
    tap(connection, first, "done", worker)
    second = assignment(connection)
    assert second != first
    assert state(connection, second) == "acknowledged"
    assert rows(connection, "select person_id, due_at from assignments where id = %s", second) == [
        (worker, START + 15 * MINUTE)
    ]
    assert rows(connection, "select state from tasks where task_key = 'T2'") == [("acknowledged",)]
    sweep_at = ground.at(connection, 15.1)
    mark_overdue(connection, sweep_at)
    climb(connection, ground, 15.1)
    assert [channel for _, _, channel, _ in calls(connection, second) if channel] == ["app", "sms"]
    assert state(connection, second) == "called"


def test_tasks_that_come_after_begin_when_the_former_are_done(connection: Connection, ground: Ground) -> None:
    ground.flood(connection)
    run = ground.flood(connection, minutes=0)
    connection.execute("delete from assignments where task_id = (select id from tasks where task_key = 'T5')")
    connection.execute("update tasks set after = '{T2}', started_at = null where task_key = 'T5'")
    climb(connection, ground, 0)
    tap(connection, assignment(connection), "done", ground.people["网格员"])
    assert rows(connection, "select started_at from tasks where task_key = 'T5' and run_id = %s", run) == [(START,)]
    climb(connection, ground, 0)
    assert calls(connection, assignment(connection, "T5"))[0][:2] == (ground.people["网格长"], "post")


def test_a_grid_that_joins_later_has_as_long_as_the_others(connection: Connection, ground: Ground) -> None:
    run = ground.flood(connection)
    connection.execute("update alerts set grid_id = %s", (ground.town.divisions[OTHER_GRID],))
    ground.flood(connection, "yellow", "orange", minutes=7)
    due = rows(
        connection,
        "select extract(epoch from due_at - %s)::int / 60 from assignments where id = %s",
        START,
        assignment(connection, "T2", OTHER_GRID),
    )
    assert due == [(17,)]
    assert rows(connection, "select count(*) from run_grids where run_id = %s", run) == [(2,)]


def test_a_run_that_nobody_confirms_starts_by_itself_and_says_so(connection: Connection, ground: Ground) -> None:
    run = ground.flood(connection)
    connection.execute("delete from assignments")
    connection.execute("update tasks set started_at = null")
    connection.execute("update plan_runs set state = 'proposed', confirm_by = %s", (START + 3 * MINUTE,))
    assert start_unasked(connection, ground.at(connection, 2.9)) == []
    assert climb(connection, ground, 2.9).assignments == 0
    assert start_unasked(connection, ground.at(connection, 3)) == [run]
    assert rows(connection, "select kind, actor from run_acts") == [("confirmed_unasked", None)]
    assert climb(connection, ground, 3).calls > 0


def test_receipts_move_forward_only(connection: Connection, ground: Ground) -> None:
    ground.flood(connection)
    worker = ground.people["网格员"]
    open_page(connection, worker)
    climb(connection, ground, 0)
    one = assignment(connection)
    told = Receipt(assignment_id=one, person_id=worker, kind="delivered")
    at = ground.at(connection, 0.1)
    assert receive(connection, [told, told], at) == 1
    assert receive(connection, [Receipt(assignment_id=one, person_id=worker, kind="read")], at) == 1
    assert receive(connection, [told], at) == 0
    assert state(connection, one) == "read"  # which is not acknowledged: the ladder goes on
    climb(connection, ground, 1)
    assert calls(connection, one)[-1] == (worker, "post", "sms", "due")
    stranger = Receipt(assignment_id=one, person_id=ground.people["网格长"], kind="read")
    assert receive(connection, [stranger], at) == 0


def test_a_sweep_does_all_that_is_due_and_twice_the_same(connection: Connection, ground: Ground) -> None:
    ground.flood(connection)
    ground.at(connection, 0)
    sweep(connection, channels=SMS)
    before = rows(connection, "select * from deliveries order by id")
    sweep(connection, channels=SMS)
    assert rows(connection, "select * from deliveries order by id") == before
    assert before


def test_what_is_told_follows_the_run_and_its_assignments(connection: Connection, ground: Ground) -> None:
    run = ground.flood(connection)
    climb(connection, ground, 0)
    told = rows(connection, "select payload from live_events where kind = 'task' order by id desc limit 1")[0][0]
    assert told["run_id"] == run
    assert assignment(connection) in told["assignment_ids"]


def test_whoever_was_called_before_is_called_again_after_a_stand_down(connection: Connection, ground: Ground) -> None:
    ground.flood(connection)
    worker = ground.people["网格员"]
    climb(connection, ground, 0)
    one = assignment(connection)
    connection.execute("update calls set ended_at = called_at")
    at = ground.at(connection, 5)
    connection.execute("update assignments set rung = 0, next_at = %s, called_at = null", (at,))
    climb(connection, ground, 5)
    found = "select person_id, ended_at, called_at from calls where assignment_id = %s"
    assert rows(connection, found, one) == [(worker, None, at)]
    sent = (
        "select attempt from deliveries join calls on calls.id = call_id where assignment_id = %s and channel = 'sms'"
    )
    assert rows(connection, sent + " order by attempt", one) == [(1,), (2,)]


def test_a_named_person_is_called_in_place_of_the_post(connection: Connection, ground: Ground) -> None:
    ground.flood(connection)
    leader = ground.people["网格长"]
    one = assignment(connection)
    connection.execute(
        "insert into calls (assignment_id, person_id, part, called_at) values (%s, %s, 'reassigned', %s)",
        (one, leader, START),
    )
    climb(connection, ground, 0)
    assert {(person, part) for person, part, _, _ in calls(connection, one)} == {(leader, "reassigned")}
    assert calls(connection, one)[-1][2:] == ("sms", "due")
