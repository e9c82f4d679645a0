"""Who may draw: one editor for a root and all above and below it, for as long as they work."""

import threading
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from access.accounts import add_account
from boundaries.desk import Desk
from boundaries.drafts import Draft, discard, load_draft
from boundaries.errors import BoundaryError, DraftLocked, DraftRefused
from boundaries.locks import hold, lock_over, release
from config.database import Connection, connect
from config.draft_settings import DraftSettings
from tests.database.boundary_ground import Ground, rename, seed_ground, step


@pytest.fixture
def ground(connection: Connection) -> Ground:
    return seed_ground(connection)


@pytest.fixture
def other(connection: Connection) -> UUID:
    return add_account(connection, "other")


def renames(ground: Ground, draft: Draft, by: UUID, township: int = 0) -> None:
    ground.send(draft.id, [step(rename(ground.key(township, 0), f"{by}"))], by=by)


def test_the_first_step_takes_the_lock_and_each_keeps_it_on(ground: Ground, connection: Connection) -> None:
    draft = ground.open()
    assert lock_over(connection, draft, now=ground.now) is None
    renames(ground, draft, ground.planner)
    first = lock_over(connection, draft, now=ground.now)
    assert first is not None
    assert (first.draft_id, first.held_by) == (draft.id, ground.planner)
    assert first.until == ground.now + timedelta(minutes=10)
    ground.now += timedelta(minutes=9)
    ground.undo(draft.id)
    kept = lock_over(connection, draft, now=ground.now)
    assert kept is not None
    assert (kept.taken_at, kept.until) == (first.taken_at, ground.now + timedelta(minutes=10))


def test_somebody_else_is_told_who_and_until_when(ground: Ground, other: UUID) -> None:
    draft = ground.open()
    renames(ground, draft, ground.planner)
    with pytest.raises(DraftLocked) as locked:
        renames(ground, draft, other)
    told = locked.value.told["lock"]
    assert (told["held_by"], told["mine"], told["draft_id"]) == ("planner", False, draft.id)
    assert told["until"] == ground.now + timedelta(minutes=10)
    assert "planner" in locked.value.zh
    assert load_draft(ground.connection, draft.id).revision == 1


def test_a_lock_that_is_over_is_taken_by_the_next(ground: Ground, other: UUID, connection: Connection) -> None:
    draft = ground.open()
    renames(ground, draft, ground.planner)
    ground.now += timedelta(minutes=10, seconds=1)
    renames(ground, draft, other)
    with pytest.raises(DraftLocked):
        renames(ground, draft, ground.planner)
    release(connection, draft.id, actor=ground.planner)  # which is not theirs any more
    with pytest.raises(DraftLocked):
        renames(ground, draft, ground.planner)
    release(connection, draft.id, actor=other)
    renames(ground, draft, ground.planner)


def test_how_long_it_is_kept_is_a_setting(ground: Ground, other: UUID) -> None:
    draft = ground.open()
    ground.desk = Desk(drafts=DraftSettings(lock_min=1))
    renames(ground, draft, ground.planner)
    ground.now += timedelta(minutes=1, seconds=1)
    renames(ground, draft, other)


Root = Callable[[Ground], int]
CITY: Root = lambda ground: ground.district.city  # noqa: E731
DISTRICT: Root = lambda ground: ground.district.district  # noqa: E731
FIRST: Root = lambda ground: ground.district.townships[0]  # noqa: E731
SECOND: Root = lambda ground: ground.district.townships[1]  # noqa: E731


@pytest.mark.parametrize(
    ("mine", "theirs", "meets"),
    [(FIRST, FIRST, True), (DISTRICT, FIRST, True), (FIRST, DISTRICT, True), (CITY, FIRST, True),
     (FIRST, CITY, True), (FIRST, SECOND, False)],
)  # fmt: skip
def test_a_lock_holds_for_all_above_and_below(
    ground: Ground, other: UUID, connection: Connection, mine: Root, theirs: Root, meets: bool
) -> None:
    levels = {ground.district.city: "district", ground.district.district: "township"}
    here, there = (ground.open(root(ground), levels.get(root(ground), "grid")) for root in (mine, theirs))
    with connection.transaction():
        hold(connection, here, actor=ground.planner, now=ground.now, minutes=10)
    with connection.transaction():
        if meets:
            with pytest.raises(DraftLocked) as locked:
                hold(connection, there, actor=other, now=ground.now, minutes=10)
            assert locked.value.told["lock"]["draft_id"] == here.id
        else:
            assert hold(connection, there, actor=other, now=ground.now, minutes=10).draft_id == there.id
    seen = lock_over(connection, there, now=ground.now)
    assert seen is not None
    assert seen.draft_id == (here if meets else there).id


def test_whoever_goes_to_another_draft_of_the_place_takes_the_lock_along(
    ground: Ground, connection: Connection
) -> None:
    one, two = ground.open(), ground.open(ground.district.district)
    renames(ground, one, ground.planner)
    renames(ground, two, ground.planner)
    locks = connection.execute("select draft_id from boundary_locks").fetchall()
    assert locks == [(two.id,)]


def test_a_refused_step_takes_no_lock(ground: Ground, other: UUID, connection: Connection) -> None:
    draft = ground.open()
    with pytest.raises(BoundaryError):
        ground.take(draft.id, {"kind": "remove_vertex", "at": [0, 0]})
    assert lock_over(connection, draft, now=ground.now) is None
    renames(ground, draft, other)


def test_a_step_that_was_taken_is_answered_without_the_lock(
    ground: Ground, other: UUID, connection: Connection
) -> None:
    """A page that was offline sends it again; somebody else draws by now."""
    draft, one = ground.open(), step(rename(ground.key(0, 0), "甲"))
    ground.send(draft.id, [one])
    ground.now += timedelta(hours=1)
    renames(ground, draft, other)
    assert ground.send(draft.id, [one], revision=0).taken == (one.id,)
    lock = lock_over(connection, draft, now=ground.now)
    assert lock is not None
    assert lock.held_by == other


def test_of_many_who_begin_at_once_one_draws(ground: Ground, database_url: str, connection: Connection) -> None:
    """On a district and on both of its townships: these overlap with the district, and not with each other."""
    people = [add_account(connection, f"person{i}") for i in range(6)]
    drafts = [ground.open(), ground.open(ground.district.townships[1]), ground.open(ground.district.district)] * 2
    gate, came = threading.Barrier(6), list[tuple[Draft, UUID]]()

    def draw(draft: Draft, person: UUID) -> None:
        with connect(database_url, f"draws-{person}", autocommit=True) as own:
            gate.wait(20)
            try:
                with own.transaction():
                    hold(own, load_draft(own, draft.id, to_change=True), actor=person, now=ground.now, minutes=10)
            except DraftLocked:
                return
            came.append((draft, person))

    for _ in range(8):
        connection.execute("delete from boundary_locks")
        came.clear()
        threads = [threading.Thread(target=draw, args=pair) for pair in zip(drafts, people, strict=True)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        roots = sorted(draft.root_id for draft, _ in came)
        assert roots in ([ground.district.district], sorted(ground.district.townships))
        held = connection.execute("select root_id, held_by from boundary_locks order by root_id").fetchall()
        assert held == sorted((draft.root_id, person) for draft, person in came)


def test_a_lock_that_is_kept_on_at_the_last_moment_is_not_overtaken(
    ground: Ground, other: UUID, database_url: str, connection: Connection
) -> None:
    """Somebody who finds it over waits for who keeps it on, and then finds it held."""
    draft, above = ground.open(), ground.open(ground.district.district)
    with connection.transaction():
        hold(connection, draft, actor=ground.planner, now=ground.now, minutes=10)
    found: list[str] = []

    def overtake() -> None:
        with connect(database_url, "late", autocommit=True) as late:
            try:
                with late.transaction():
                    later = ground.now + timedelta(minutes=10, seconds=1)
                    hold(late, above, actor=other, now=later, minutes=10)
                found.append("taken")
            except DraftLocked:
                found.append("locked")

    thread = threading.Thread(target=overtake)
    with connection.transaction():
        hold(connection, draft, actor=ground.planner, now=ground.now + timedelta(minutes=9), minutes=10)
        thread.start()
        waits = (
            "select count(*) from pg_stat_activity where application_name = 'shijing-late' and wait_event_type = 'Lock'"
        )
        with connect(database_url, "watch", autocommit=True) as watch:
            while watch.execute(waits.encode()).fetchone() != (1,):
                assert thread.is_alive()
    thread.join(30)
    assert found == ["locked"]


def test_a_closed_draft_is_not_locked(ground: Ground, connection: Connection) -> None:
    draft = discard(connection, ground.open().id, actor=ground.planner)
    with connection.transaction(), pytest.raises(DraftRefused):
        hold(connection, draft, actor=ground.planner, now=ground.now, minutes=10)
