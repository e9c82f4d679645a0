"""Messages that are due: claimed, sent once, repeated under the same key where they were cut off, held to a rate."""

import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from config.channel_settings import DingTalkSettings
from config.database import Connection
from dispatch.addresses import SEALED, drop_subscription, put_subscription, subscriptions_of
from dispatch.channels.robots import DingTalk
from dispatch.deliver import Delivered, defer_lost
from dispatch.errors import Final, Passing, Refused
from tests.database.call_seed import Call, Recorder, call
from tests.database.people_seed import GRID, NOW, OTHER_GRID
from tests.loopback.listener import Asked, Said, listening, said


@pytest.fixture
def run(connection: Connection, database_url: str, tmp_path: Path) -> Call:
    return call(connection, database_url, tmp_path)


def test_a_message_goes_to_the_number_of_the_person_and_says_what_where_and_until_when(run: Call) -> None:
    person = run.person()
    number = run.one("select count(*) from live_events")
    sms = Recorder()
    assert run.deliver(run.board(sms=sms), run.delivery("sms", person)) == Delivered(sent=1)
    ((told,),) = sms.messages
    assert told.to.startswith("1380000") and not told.repeated and not told.drill
    assert told.key == run.rows("key")[0][0]
    assert told.short == (
        "橙色任务：封闭下穿道（区划500103001001001），11月26日 16:10前。https://map.example.cn/worker"
    )
    assert run.rows("state, sent_at, detail") == [("sent", NOW, "")]
    assert run.one("select count(*) from live_events") == number + 1
    event = run.one("select payload from live_events where kind = 'task' order by id desc limit 1")
    assert event == {"run_id": run.run, "assignment_ids": list(told.assignment_ids)}


def test_what_is_asked_for_twice_is_sent_once(run: Call) -> None:
    sms, one = Recorder(), run.delivery("sms", run.person())
    run.deliver(run.board(sms=sms), one)
    assert run.deliver(run.board(sms=sms), one) == Delivered()
    assert len(sms.messages) == 1


def test_what_another_process_is_sending_is_left_to_it(run: Call) -> None:
    one, inner = run.delivery("sms", run.person()), Recorder()
    outer = Recorder()
    told: list[Delivered] = []
    outer.before = lambda: told.append(run.deliver(run.board(sms=inner), one))
    assert run.deliver(run.board(sms=outer), one) == Delivered(sent=1)
    assert told == [Delivered()] and not inner.messages


def test_what_is_cut_off_is_sent_again_under_the_same_key_and_marked(run: Call) -> None:
    one = run.delivery("sms", run.person())
    run.connection.execute("update deliveries set state = 'sending' where id = %s", (one,))
    sms = Recorder()
    assert run.deliver(run.board(sms=sms), one) == Delivered(sent=1)
    assert sms.messages[0][0].repeated and sms.messages[0][0].key == run.rows("key")[0][0]
    assert run.rows() == [("sent", 1, 1, "")]


_CHILD = """
import os, signal, sys
from contextlib import contextmanager
from pathlib import Path
from access.vault import Vault
from config.database import connect
from dispatch.deliver import deliver
from dispatch.switchboard import Switchboard
from tests.database.people_seed import NOW

class Line:
    leaves_network = True
    def send(self, notices):
        print(notices[0].key, notices[0].repeated, flush=True)   # taken
        os.kill(os.getpid(), signal.SIGKILL)

url, folder, number = sys.argv[1:]
board = Switchboard(channels={"sms": Line()}, vault=Vault.of_folder(Path(folder)))
deliver(lambda: connect(url, "child", autocommit=True), board, [int(number)], NOW)
"""


def test_kill_9_between_the_send_and_its_commit(run: Call, tmp_path: Path) -> None:
    one = run.delivery("sms", run.person())
    words = [sys.executable, "-c", _CHILD, run.url, str(tmp_path), str(one)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, cwd=Path.cwd())
    assert done.returncode == -signal.SIGKILL, done.stderr
    key, repeated = done.stdout.split()
    assert (run.rows("state")[0][0], repeated) == ("sending", "False")
    _await_no_lock(run)
    assert defer_lost(run.connection) == 1 and run.jobs()[0][0] == [one]
    assert defer_lost(run.connection) == 0
    sms = Recorder()
    assert run.deliver(run.board(sms=sms), one) == Delivered(sent=1)
    assert (str(sms.messages[0][0].key), sms.messages[0][0].repeated) == (key, True)
    assert run.rows() == [("sent", 1, 1, "")]


def _await_no_lock(run: Call) -> None:
    """The server notices at once that the process is gone, but not before us."""
    held = (
        "select count(*) from pg_locks where locktype = 'advisory'"
        " and database = (select oid from pg_database where datname = current_database())"
    )
    pause, deadline = threading.Event(), time.monotonic() + 30
    while run.one(held):
        assert time.monotonic() < deadline, "the lock of a process that is gone is still held"
        pause.wait(0.01)


def test_what_may_be_taken_later_is_tried_again_ever_later_and_then_given_up(run: Call) -> None:
    one = run.delivery("sms", run.person())
    sms = Recorder([Passing("busy"), Passing("busy"), Passing("busy")])
    board, waits = run.board(sms=sms), []
    for _ in range(3):
        run.deliver(board, one)
        if jobs := run.jobs():
            (one,), wait = jobs[-1]
            waits.append(round(wait))
    assert run.rows() == [("failed", 1, 0, "busy"), ("failed", 2, 0, "busy"), ("failed", 3, 0, "busy")]
    assert waits[:2] == pytest.approx([10, 30], abs=2) and len(run.jobs()) == 2
    keys = {told.key for (told,) in sms.messages}
    assert len(keys) == 3 and run.rows("due_at")[1][0] == NOW + timedelta(seconds=10)


def test_what_was_perhaps_taken_is_sent_again_under_the_same_key(run: Call) -> None:
    one = run.delivery("sms", run.person())
    sms = Recorder([Passing("no answer", unsure=True), Passing("no answer", unsure=True)])
    board = run.board(sms=sms)
    assert run.deliver(board, one) == Delivered(later=1)
    assert run.rows() == [("due", 1, 1, "no answer")]
    run.deliver(board, one)
    assert run.deliver(board, one) == Delivered(sent=1)
    assert len({told.key for (told,) in sms.messages}) == 1
    assert [told.repeated for (told,) in sms.messages] == [False, True, True]
    assert run.rows() == [("sent", 1, 2, "")]


def test_what_is_cut_off_each_time_is_given_up(run: Call) -> None:
    one, sms = run.delivery("sms", run.person()), Recorder()
    run.connection.execute("update deliveries set state = 'sending', repeated = 2 where id = %s", (one,))
    assert run.deliver(run.board(sms=sms), one) == Delivered()
    assert run.rows() == [("failed", 1, 3, "it was cut off each time")] and not sms.messages


def test_what_will_never_be_taken_is_failed_at_once(run: Call) -> None:
    sms = Recorder([Final("the number is none")])
    assert run.deliver(run.board(sms=sms), run.delivery("sms", run.person())) == Delivered(failed=1)
    assert run.rows() == [("failed", 1, 0, "the number is none")] and run.jobs() == []


def test_what_is_no_fault_of_a_channel_is_raised_and_the_message_stays_open(run: Call) -> None:
    person = run.person()
    one, other = run.delivery("sms", person), run.delivery("email", person)
    sms, mail = Recorder(), Recorder()

    def broken() -> None:
        raise ZeroDivisionError

    sms.before = broken
    with pytest.raises(ZeroDivisionError):
        run.deliver(run.board(sms=sms, email=mail), one)
    run.deliver(run.board(sms=sms, email=mail), other)
    assert run.rows("state") == [("sending",), ("sent",)]


def test_who_has_no_address_and_what_is_not_set_up_are_passed_over_and_say_so(run: Call) -> None:
    person = run.person()
    run.connection.execute("delete from people_private where person_id = %s", (person,))
    for channel in ("sms", "push", "voice"):
        run.delivery(channel, person, run.one("select coalesce(min(id), 0) from assignments") or None)
    ids = [number for (number,) in run.rows("id")]
    assert run.deliver(run.board(sms=Recorder(), push=Recorder()), *ids) == Delivered(skipped=3)
    assert [detail for *_, detail in run.rows()] == ["no address", "no address", "the channel is not set up"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("update plan_runs set state = 'terminated'", "the run is over"),
        ("update assignments set ended_at = now()", "the task is over"),
        ("update calls set ended_at = now()", "the call was taken back"),
        ("update assignments set acknowledged_at = %(now)s", "it was answered by then"),
    ],
)
def test_the_ladder_stops_at_the_answer_whatever_was_due(run: Call, change: str, why: str) -> None:
    one, sms = run.delivery("sms", run.person()), Recorder()
    run.connection.execute(change, {"now": NOW + timedelta(seconds=1)})
    assert run.deliver(run.board(sms=sms), one) == Delivered(skipped=1)
    assert run.rows() == [("skipped", 1, 0, why)] and not sms.messages


def test_who_answered_and_is_late_is_called_again(run: Call) -> None:
    one, sms = run.delivery("sms", run.person()), Recorder()
    run.connection.execute("update assignments set acknowledged_at = %s", (NOW - timedelta(minutes=1),))
    assert run.deliver(run.board(sms=sms), one) == Delivered(sent=1)


def test_an_answer_while_a_message_waits_for_its_next_try_ends_it(run: Call) -> None:
    one, sms = run.delivery("sms", run.person()), Recorder([Passing("busy")])
    run.deliver(run.board(sms=sms), one)
    run.connection.execute("update assignments set acknowledged_at = %s", (NOW + timedelta(seconds=5),))
    again = run.rows("id")[1][0]
    assert run.deliver(run.board(sms=sms), again) == Delivered(skipped=1)
    assert run.rows("state, detail")[1] == ("skipped", "it was answered by then")


def test_who_is_called_once_more_has_all_tries_anew(run: Call) -> None:
    assignment, person = run.assignment(), run.person()
    one = run.delivery("sms", person, assignment)
    sms = Recorder([Passing("busy")] * 3)
    for _ in range(3):
        run.deliver(run.board(sms=sms), *[number for number, _ in run.rows("id, state") if number >= one])
    assert run.rows("state") == [("failed",)] * 3
    anew = run.one(
        "insert into deliveries (call_id, channel, rung, attempt, state, due_at)"
        " select call_id, channel, rung, 4, 'due', %s from deliveries where id = %s returning id",
        (NOW + timedelta(minutes=9), one),
    )
    sms.faults = [Passing("busy")]
    assert run.deliver(run.board(sms=sms), anew) == Delivered(failed=1, later=1)


def test_a_robot_says_a_task_once_however_many_people_it_is_for(run: Call) -> None:
    assignment, robot = run.assignment(), Recorder()
    ids = [run.delivery("dingtalk", run.person(name), assignment, "command") for name in ("甲某", "乙某", "丙某")]
    assert run.deliver(run.board(dingtalk=robot), *ids) == Delivered(sent=3)
    ((told,),) = robot.messages
    assert told.to == "" and "（报指挥：现场尚未应答）" in told.body
    assert len({digest for (digest,) in run.rows("digest")}) == 1


def test_past_its_rate_a_robot_tells_all_that_waits_in_one_message(run: Call) -> None:
    robot = Recorder()
    board = run.board({"dingtalk": "3/minute"}, dingtalk=robot)
    ids = [run.delivery("dingtalk", run.person(f"某{number}"), part="command") for number in range(5)]
    assert run.deliver(board, ids[0]) == Delivered(sent=5)  # five wait, three have room: one message for all
    assert [len(notices) for notices in robot.messages] == [5]
    more = [run.delivery("dingtalk", run.person(f"另{number}"), part="command") for number in range(2)]
    assert run.deliver(board, *more) == Delivered(sent=2)  # two have room
    assert [len(notices) for notices in robot.messages] == [5, 1, 1]
    last = [run.delivery("dingtalk", run.person(f"末{number}"), part="command") for number in range(2)]
    assert run.deliver(board, *last) == Delivered(later=2)
    assert run.rows()[-1] == ("due", 1, 0, "its rate is used up")
    ((_, wait),) = run.jobs()
    assert wait == pytest.approx(60, abs=5)
    run.connection.execute("update channel_messages set at = at - interval '1 minute'")  # a minute later
    assert run.deliver(board, last[0]) == Delivered(sent=1)
    assert run.one("select count(*) from channel_messages where at > now() - interval '50 s'") == 1


def test_a_robot_that_shuts_after_twenty_never_does_and_every_task_is_told(run: Call) -> None:
    told: list[str] = []

    def robot(asked: Asked) -> Said:
        told.append(asked.json["text"]["content"])
        return said({"errcode": 0 if len(told) <= 20 else 130101})

    people = [run.person(f"某{number}") for number in range(3)]
    ids = [
        run.delivery("dingtalk", person, assignment, "command")
        for number in range(60)
        if (assignment := run.assignment(what=f"第{number}项"))
        for person in people
    ]
    with listening(robot) as up:
        settings = DingTalkSettings(webhook=SecretStr(up.url), secret=SecretStr("SEC"))
        board = run.board({"dingtalk": settings.rate}, dingtalk=DingTalk(settings, timeout_s=5))
        for first in range(0, len(ids), 50):
            run.deliver(board, *ids[first : first + 50])
    assert {state for (state,) in run.rows("state")} == {"sent"} and len(told) <= 20
    assert "60" in "".join(told)  # how many there are; the first ten are named


def test_the_rate_holds_across_processes_and_restarts(run: Call) -> None:
    """Each `board` is one process's; what was counted is in the database."""
    sent = []
    for number in range(6):
        robot = Recorder()
        one = run.delivery("wecom", run.person(f"某{number}"), part="command")
        run.deliver(run.board({"wecom": "4/minute"}, wecom=robot), one)
        sent.append(len(robot.messages))
    assert sent == [1, 1, 1, 1, 0, 0]


def test_a_digest_that_is_cut_off_is_the_same_digest(run: Call) -> None:
    robot = Recorder([Passing("no answer", unsure=True)])
    board = run.board({"dingtalk": "2/minute"}, dingtalk=robot)
    ids = [run.delivery("dingtalk", run.person(f"某{number}"), part="command") for number in range(4)]
    assert run.deliver(board, ids[0]) == Delivered(later=4)
    assert run.deliver(board, ids[3]) == Delivered(sent=4)
    first, again = robot.messages
    assert first[0].key == again[0].key and [one.key for one in first] == [one.key for one in again]
    assert [one.assignment_ids for one in first] == [one.assignment_ids for one in again]
    assert {repeated for (repeated,) in run.rows("repeated")} == {1}


def test_a_channel_that_wants_to_be_left_alone_is(run: Call) -> None:
    robot = Recorder([Passing("throttled", pause_s=600)])
    board = run.board({"dingtalk": "20/minute"}, dingtalk=robot)
    one = run.delivery("dingtalk", run.person(), part="command")
    run.deliver(board, one)
    other = run.delivery("dingtalk", run.person("另某"), part="command")
    assert run.deliver(board, other) == Delivered(later=1) and len(robot.messages) == 1
    assert [round(wait, -1) for _, wait in run.jobs()] == [600, 600]
    run.connection.execute("update channel_gates set shut_until = now()")
    assert run.deliver(board, other).sent == 1


def test_text_messages_of_one_person_become_one_past_the_rate_and_others_wait(run: Call) -> None:
    one, other, sms = run.person("甲某"), run.person("乙某"), Recorder()
    ids = [run.delivery("sms", one), run.delivery("sms", one), run.delivery("sms", other)]
    assert run.deliver(run.board({"sms": "1/minute"}, sms=sms), *ids) == Delivered(sent=2, later=1)
    ((first, second),) = sms.messages
    assert first.to == second.to and run.rows("state") == [("sent",), ("sent",), ("due",)]


def test_a_loudspeaker_speaks_in_its_division_and_never_of_a_person(run: Call) -> None:
    loud = Recorder()
    ids = [run.delivery("loudspeaker", None, run.assignment(place), "everybody") for place in (GRID, OTHER_GRID)]
    assert run.deliver(run.board(loudspeaker=loud), *ids) == Delivered(sent=2)
    assert {told.to for (told,) in loud.messages} == {GRID, OTHER_GRID}
    run.connection.execute("""update plan_runs set plan = plan || '{"privacy": {"map": "grid"}}'""")
    last = run.delivery("loudspeaker", None, run.assignment(), "everybody")
    assert run.deliver(run.board(loudspeaker=loud), last) == Delivered(skipped=1)
    assert len(loud.messages) == 2


def test_the_page_s_own_messages_are_not_touched(run: Call) -> None:
    one = run.delivery("app", run.person())
    assert run.deliver(run.board(), one) == Delivered() and run.rows("state") == [("due",)]
    assert defer_lost(run.connection) == 0


def test_a_browser_is_one_person_s_is_sealed_and_is_forgotten_with_the_person(run: Call) -> None:
    one, other, vault = run.person("甲某"), run.person("乙某"), run.town.vault
    for number in range(6):
        put_subscription(
            run.connection,
            vault,
            one,
            endpoint=f"https://p.example/{number}",
            p256dh="BPk",
            auth="a",
            at=NOW + timedelta(seconds=number),
        )
    assert [found.endpoint[-1] for found in subscriptions_of(run.connection, vault, [one])[one]] == list("12345")
    put_subscription(run.connection, vault, other, endpoint="https://p.example/5", p256dh="BPk", auth="a", at=NOW)
    found = subscriptions_of(run.connection, vault, [one, other])
    assert (len(found[one]), len(found[other])) == (4, 1)
    assert "p.example" not in repr(found)
    assert b"p.example" not in b"".join(
        bytes(value)
        for row in run.connection.execute("select endpoint, endpoint_blind, keys from push_subscriptions")
        for value in row
    )
    drop_subscription(run.connection, vault, endpoint="https://p.example/1", person_id=other)
    drop_subscription(run.connection, vault, endpoint="https://p.example/2", person_id=one)
    assert len(subscriptions_of(run.connection, vault, [one])[one]) == 3
    run.connection.execute("delete from people_private where person_id = %s", (one,))
    assert subscriptions_of(run.connection, vault, [one]) == {}
    for endpoint in ("http://p.example/1", "ftp://x", "https://" + "x" * 2001):
        with pytest.raises(Refused):
            put_subscription(run.connection, vault, one, endpoint=endpoint, p256dh="B", auth="a", at=NOW)


def test_the_rotation_of_keys_knows_the_subscriptions(connection: Connection) -> None:
    from commands.vault_rotation import COLUMNS

    found = connection.execute(
        "select table_name, column_name from information_schema.columns where data_type = 'bytea'"
        " and table_name = 'push_subscriptions'"
    ).fetchall()
    assert set(found) == {(one.table, name) for one in SEALED for name in (one.column, one.blind) if name}
    assert set(SEALED) <= set(COLUMNS)
