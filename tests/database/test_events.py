"""Events in the database: reported once, located, taken from step to step, late, told, erased."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from access import audit
from access.accounts import add_account
from access.key_file import add_key
from access.retention import run_retention
from access.rotation import reencrypt
from access.vault import Vault
from config.database import Connection, connect
from dispatch.sweep import sweep
from events import private
from events.errors import EventUnknown, Misplaced, Refused
from events.figures import Period, closure
from events.flow import By
from events.listing import Wanted, events, own, positions, steps, tallies, waits_for
from events.private import open_photo, open_text, photo_of
from events.sweep import mark_overdue
from people.holdings import hold_post
from tests.database.events_seed import (
    IN_GRID,
    IN_OTHER_GRID,
    IN_TOWNSHIP,
    IN_VILLAGE,
    NOWHERE,
    EventTown,
    after,
    event_town,
    say,
    set_clock,
    tap,
    told,
)
from tests.database.people_seed import GRID, LONG_AGO, OTHER_VILLAGE, TOWNSHIP

T0 = datetime(2026, 11, 26, 8, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


@pytest.fixture
def made(connection: Connection, tmp_path: Path) -> EventTown:
    set_clock(connection, T0)
    return event_town(connection, tmp_path)


def desk(connection: Connection, name: str, level: str) -> By:
    return By(account=add_account(connection, name), level=level)  # type: ignore[arg-type]


def acts(connection: Connection, number: int) -> list[str]:
    return [one.act for one in steps(connection, number)]


def test_a_report_lies_where_it_is_and_begins_at_its_grid(connection: Connection, made: EventTown) -> None:
    found = told(connection, say(connection, made).event_id)
    assert (found.grid_id, found.village_id, found.township_id, found.district_id) == tuple(
        made.at(level) for level in ("grid", "village", "township", "district")
    )
    assert (found.level, found.division_id, found.state) == ("grid", found.grid_id, "reported")
    assert (found.reporter, found.due_at) == (made.worker, after(T0, 60))
    assert acts(connection, found.id) == ["reported"]


@pytest.mark.parametrize(
    ("where", "level"), [(IN_VILLAGE, "village"), (IN_TOWNSHIP, "township"), (OTHER_VILLAGE, "village"), (GRID, "grid")]
)
def test_outside_of_all_grids_the_next_level_has_it(
    connection: Connection, made: EventTown, where: tuple[float, float] | str, level: str
) -> None:
    found = told(connection, say(connection, made, where=where).event_id)
    assert (found.level, found.grid_id is None) == (level, level != "grid")


def test_outside_of_all_townships_nothing_is_reported(connection: Connection, made: EventTown) -> None:
    for where in (NOWHERE, (float("nan"), 29.0), (1e300, 1.0), "999999"):
        with pytest.raises(Misplaced):
            say(connection, made, where=where)
    assert events(connection, Wanted(), most=9) == []


def test_the_same_key_is_the_same_event_and_anothers_is_not_told(connection: Connection, made: EventTown) -> None:
    key = uuid4()
    first, again = say(connection, made, key=key), say(connection, made, kind="fire", key=key)
    assert (first.event_id, first.is_new, again.is_new) == (again.event_id, True, False)
    assert len(events(connection, Wanted(), most=9)) == 1
    with pytest.raises(Refused, match="another report"):
        say(connection, made, key=key, by=desk(connection, "other", "township"))


def test_what_is_urgent_goes_straight_up_to_the_township_and_is_told(connection: Connection, made: EventTown) -> None:
    number = say(connection, made, urgent=True).event_id
    found = told(connection, number)
    assert (found.level, found.due_at) == ("township", after(T0, 1))
    [payload] = connection.execute("select payload from live_events where kind = 'event'").fetchall()
    assert payload[0] == {
        "event_id": number, "kind": "road", "urgent": True, "act": "reported", "state": "reported",
        "level": "township", "late": False, "time": T0.isoformat(),
    }  # fmt: skip


def test_a_crack_raises_the_alert_that_plans_know(connection: Connection, made: EventTown) -> None:
    done = say(connection, made, kind="crack")
    row = connection.execute(
        "select kind, title, level, family, grid_id from alerts where id = %s", (done.alert_id,)
    ).fetchone()
    assert row == ("manual", "群测群防员发现裂缝或掉块", "yellow", "geohazard", made.at("grid"))
    assert told(connection, done.event_id).alert_id == done.alert_id


def test_a_worker_closes_their_own_in_three_taps_and_it_is_the_grids(connection: Connection, made: EventTown) -> None:
    number = say(connection, made).event_id
    me = By(account=made.account, person_id=made.worker)
    set_clock(connection, after(T0, 10))
    assert tap(connection, number, "accept", me).state == "assigned"
    set_clock(connection, after(T0, 30))
    done = tap(connection, number, "handle", me, choice="done")
    assert (done.state, done.closed_level) == ("closed", "grid")
    assert acts(connection, number) == ["reported", "accepted", "assigned", "handled", "closed"]
    assert [one.act for one in reversed(audit.entries(connection, subject=f"event/{number}"))] == [
        "event.reported", "event.accepted", "event.handled",
    ]  # fmt: skip
    period = Period(since=T0 - timedelta(days=1), until=T0 + timedelta(days=1))
    [of_township, of_all] = closure(connection, period)
    assert (of_township.closed_grid, of_township.within_grid(), of_all.rate()) == (1, 1.0, 1.0)


def test_a_tap_that_comes_twice_is_taken_once(connection: Connection, made: EventTown) -> None:
    number, other = say(connection, made).event_id, say(connection, made).event_id
    me, key = By(account=made.account, person_id=made.worker), uuid4()
    assert tap(connection, number, "accept", me, key=key).counted
    assert not tap(connection, number, "accept", me, key=key).counted
    with pytest.raises(Refused, match="another tap"):
        tap(connection, other, "accept", me, key=key)
    with pytest.raises(Refused, match="accepted it already"):
        tap(connection, number, "accept", me)


def test_a_desk_that_accepts_takes_it_over_and_gives_it_to_whoever_is_on_duty(
    connection: Connection, made: EventTown
) -> None:
    number, officer = say(connection, made).event_id, desk(connection, "officer", "township")
    assert tap(connection, number, "accept", officer).level == "township"
    done = tap(connection, number, "assign", officer, to=made.worker, to_division=made.at("grid"))
    assert (done.level, told(connection, number).assigned_to) == ("grid", made.worker)
    with pytest.raises(Refused, match="not on duty"):
        tap(connection, number, "assign", officer, to=uuid4())
    done = tap(connection, number, "handle", officer, choice="done")  # told by telephone: it is the grid's all the same
    assert done.closed_level == "grid"


def test_what_only_the_township_may_close_is_looked_at_there_by_somebody_else(
    connection: Connection, made: EventTown
) -> None:
    number = say(connection, made, kind="gas").event_id
    officer, other = desk(connection, "officer", "township"), desk(connection, "other", "township")
    tap(connection, number, "assign", officer, to=made.worker)
    done = tap(connection, number, "handle", By(account=made.account, person_id=made.worker), choice="nothing")
    assert (done.state, done.level) == ("handled", "township")
    assert tap(connection, number, "return", other, choice="undone").level == "grid"
    assert tap(connection, number, "handle", officer, choice="done").state == "handled"
    with pytest.raises(Refused, match="somebody else"):
        tap(connection, number, "verify", officer)
    assert tap(connection, number, "verify", other).closed_level == "township"
    with pytest.raises(Refused, match="closed"):
        tap(connection, number, "up", other, choice="beyond")


def test_it_goes_up_level_by_level_and_not_beyond_the_district(connection: Connection, made: EventTown) -> None:
    number, me = say(connection, made).event_id, By(account=made.account, person_id=made.worker)
    levels = [tap(connection, number, "up", me, choice="beyond").level for _ in range(3)]
    assert levels == ["village", "township", "district"]
    with pytest.raises(Refused, match="highest"):
        tap(connection, number, "up", me, choice="beyond")


@pytest.mark.parametrize("act", ["accept", "assign", "handle", "verify", "return", "up", "", "drop table"])
def test_acts_without_what_they_need_are_refused(connection: Connection, made: EventTown, act: str) -> None:
    number, me = say(connection, made).event_id, By(account=made.account, person_id=made.worker)
    if act == "accept":
        tap(connection, number, act, me)
    with pytest.raises(Refused):
        tap(connection, number, act, me, choice="'; --")
    with pytest.raises(EventUnknown):
        tap(connection, 10**12, "accept", me)


def test_what_is_late_is_marked_once_told_and_handed_up_by_rule(connection: Connection, made: EventTown) -> None:
    number = say(connection, made).event_id
    assert mark_overdue(connection, after(T0, 60)) == 0
    assert mark_overdue(connection, after(T0, 61)) == 1
    assert mark_overdue(connection, after(T0, 61)) == 0
    found = told(connection, number)
    assert (found.level, found.state, found.was_late, found.overdue_at) == ("village", "reported", True, None)
    assert acts(connection, number) == ["reported", "overdue", "handed_up"]
    payloads = connection.execute("select payload from live_events where kind = 'event' order by id").fetchall()
    assert [one[0]["act"] for one in payloads] == ["reported", "handed_up"]
    # Accepted, it is not handed up, but stays and is marked.
    set_clock(connection, after(T0, 62))
    tap(connection, number, "accept", By(account=made.account, level="village"))
    assert mark_overdue(connection, after(T0, 62 + 121)) == 1
    assert told(connection, number).overdue_at == after(T0, 62 + 121)
    assert [one.id for one in events(connection, Wanted(overdue=True), most=9)] == [number]


def test_words_and_picture_are_sealed_opened_and_erased_after_their_term(
    connection: Connection, made: EventTown
) -> None:
    number = say(connection, made, text="302 室  王老太\0摔倒", photo=photo_of(PNG)).event_id
    sealed = connection.execute("select text, photo from event_private").fetchone()
    assert sealed is not None and "王".encode() not in sealed[0] and b"PNG" not in sealed[1]
    assert open_text(connection, made.vault, number) == "302 室 王老太摔倒"
    reader = add_account(connection, "reader")
    assert open_photo(connection, made.vault, number, actor=reader).raw == PNG
    assert [one.act for one in audit.entries(connection, actor=reader)] == ["event.photo_opened"]
    tap(connection, number, "handle", By(account=made.account, person_id=made.worker), choice="done")
    for days, rows in ((90, 0), (400, 1)):
        [erased] = run_retention(connection, private.KINDS, {"events": 180}, now=T0 + timedelta(days=days))
        assert (erased.rows, erased.left, erased.audit_seq is not None) == (rows, 0, rows > 0)
    found = told(connection, number)
    assert (found.has_text, found.has_photo, found.erased_at) == (False, False, T0 + timedelta(days=400))
    assert open_text(connection, made.vault, number) == ""
    with pytest.raises(EventUnknown):
        open_photo(connection, made.vault, number, actor=reader)


def test_steps_are_never_rewritten(connection: Connection, made: EventTown) -> None:
    say(connection, made)
    for statement in (b"update event_steps set late = true", b"delete from event_steps", b"truncate event_steps"):
        with pytest.raises(psycopg.Error):
            connection.execute(statement)


def test_a_worker_has_their_own_and_what_waits_where_they_are_on_duty(connection: Connection, made: EventTown) -> None:
    mine = say(connection, made, where=IN_OTHER_GRID).event_id
    waiting = say(connection, made, where=IN_GRID, by=desk(connection, "citizen", "township")).event_id
    elsewhere = say(connection, made, where=IN_OTHER_GRID, by=desk(connection, "third", "township")).event_id

    def listed(account: UUID, person: UUID | None) -> list[int]:
        mine = waits_for(connection, person, at=T0)
        return [one.event.id for one in own(connection, account, person, mine, at=T0, most=50)]

    def may(number: int) -> bool:
        mine = waits_for(connection, made.worker, at=T0)
        found = own(connection, made.account, made.worker, mine, at=T0, most=1, number=number)
        return bool(found) and found[0].may_act

    assert listed(made.account, made.worker) == [waiting, mine]
    assert (may(mine), may(waiting), may(elsewhere)) == (True, True, False)
    stranger = made.secretary
    hold_post(connection, stranger, "grid_worker", made.divisions[GRID], since=LONG_AGO)
    tap(connection, waiting, "accept", By(account=uuid4(), person_id=stranger))
    assert not may(waiting)


def test_lists_are_filtered_and_paged(connection: Connection, made: EventTown) -> None:
    numbers = [say(connection, made, kind=kind).event_id for kind in ("road", "tree", "fire", "road")]
    found = [one.id for one in events(connection, Wanted(), most=9)]
    assert found == [numbers[2], numbers[3], numbers[1], numbers[0]]
    after_first = events(connection, Wanted(after=(True, numbers[2])), most=2)
    assert [one.id for one in after_first] == found[1:3]
    assert [one.id for one in events(connection, Wanted(after=(False, numbers[1])), most=9)] == [numbers[0]]
    assert len(events(connection, Wanted(kind="road"), most=9)) == 2
    assert len(events(connection, Wanted(level="township"), most=9)) == 1
    assert len(events(connection, Wanted(within=made.divisions[TOWNSHIP], urgent=True), most=9)) == 1
    assert events(connection, Wanted(within=made.divisions["500104"]), most=9) == []
    count = tallies(connection, today=T0)
    assert (count.open, count.urgent, count.reported, count.overdue, count.closed_today) == (4, 1, 4, 0, 0)
    assert len(positions(connection, most=3)) == 3


def test_sent_twice_at_once_it_is_one_event(database_url: str, connection: Connection, made: EventTown) -> None:
    key, together = uuid4(), threading.Barrier(4)

    def send(_: int) -> int:
        with connect(database_url, "phone", autocommit=True) as own:
            together.wait()
            return say(own, made, key=key).event_id

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(send, range(4)))) == 1
    assert len(events(connection, Wanted(), most=9)) == 1
    assert len(audit.entries(connection, act="event.reported")) == 1


def test_tapped_by_two_at_once_one_is_refused(database_url: str, connection: Connection, made: EventTown) -> None:
    number, together = say(connection, made).event_id, threading.Barrier(2)
    hands = [desk(connection, name, "township") for name in ("one", "two")]

    def accept(by: By) -> bool:
        with connect(database_url, "desk", autocommit=True) as own:
            together.wait()
            try:
                return tap(own, number, "accept", by).counted
            except Refused:
                return False

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(accept, hands)) == [False, True]
    assert acts(connection, number) == ["reported", "accepted"]


def test_words_and_pictures_come_to_the_newest_key(connection: Connection, made: EventTown) -> None:
    numbers = [say(connection, made, text=f"说明 {n}", photo=photo_of(PNG)).event_id for n in range(3)]
    add_key(made.vault.path, now=datetime.now(UTC))
    renewed = Vault(made.vault.path)
    assert reencrypt(connection, renewed, private.SEALED) == 6
    assert reencrypt(connection, renewed, private.SEALED) == 0
    assert open_text(connection, renewed, numbers[1]) == "说明 1"
    assert open_photo(connection, renewed, numbers[1], actor=made.account).raw == PNG


def test_the_sweep_of_the_dispatcher_marks_them(connection: Connection, made: EventTown) -> None:
    number = say(connection, made).event_id
    set_clock(connection, after(T0, 61))
    sweep(connection, channels=frozenset())
    assert told(connection, number).was_late
