"""How events go from step to step, whatever is tried: laws that hold for every sequence; and the file of kinds."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import ConfigError
from events import flow
from events.errors import Refused
from events.flow import By, Moved, Standing, begins_at
from events.kinds import FILE, LEVELS, STEPS, Kind, Level, load_kinds, shipped_kinds

T0 = datetime(2026, 11, 26, 8, tzinfo=UTC)
PEOPLE = [UUID(int=number) for number in range(1, 5)]
KINDS = list(shipped_kinds().kinds.values())

kinds = st.sampled_from(KINDS)
# The township is always there; a level that is not has nobody to have an event.
places = st.sets(st.sampled_from(["grid", "village", "district"])).map(
    lambda there: {level: number for number, level in enumerate(LEVELS, 1) if level in there | {"township"}}
)
taps = st.lists(
    st.tuples(
        st.sampled_from(["accept", "assign", "handle", "verify", "return", "up", "late"]),
        st.sampled_from(LEVELS),
        st.sampled_from(PEOPLE),
        st.integers(0, 5000),
    ),
    max_size=20,
)


def begun(kind: Kind, there: dict[Level, int], *, urgent: bool) -> Standing:
    level = begins_at(kind, there, urgent=urgent or kind.urgent)
    due = T0 + kind.limit("accept", level, urgent=urgent)
    return Standing(
        id=1, kind=kind, urgent=urgent or kind.urgent, state="reported", level=level, places=there, since=T0, due_at=due
    )


def do(event: Standing, act: str, by: By, at: datetime) -> Moved:
    acts = {
        "accept": lambda: flow.accept(event, by, at),
        "assign": lambda: flow.assign(event, by, at, PEOPLE[0], by.level),
        "handle": lambda: flow.handle(event, by, at, "done"),
        "verify": lambda: flow.verify(event, by, at),
        "return": lambda: flow.send_back(event, by, at, "undone"),
        "up": lambda: flow.hand_up(event, by, at, "beyond"),
        "late": lambda: flow.find_late(event, at),
    }
    return acts[act]()


@given(kind=kinds, there=places, urgent=st.booleans(), tried=taps)
def test_laws_of_every_way(kind: Kind, there: dict[Level, int], urgent: bool, tried: list[tuple]) -> None:
    event, at, written = begun(kind, there, urgent=urgent), T0, []
    for act, level, person, minutes in tried:
        at += timedelta(minutes=minutes)
        try:
            done = do(event, act, By(account=person, level=level), at)
        except Refused as refused:
            assert str(refused) and refused.zh and refused.zh != str(refused)
            continue
        assert event.state != "closed" or not done.steps  # nothing moves what is closed
        event = done.event
        written += done.steps
    check(event, kind, there)
    if written:
        assert (written[-1].state, written[-1].level) == (event.state, event.level)
    assert event.was_late == any(step.late for step in written)
    assert sum(step.act == "closed" for step in written) == (event.state == "closed")


def check(event: Standing, kind: Kind, there: dict[Level, int]) -> None:
    assert event.level in there
    assert (event.state == "closed") == (event.due_at is None) == (event.closed_at is not None)
    if event.state == "closed":
        assert event.closed_level is not None and event.handled_level is not None
        may = [level for level in LEVELS[LEVELS.index(kind.close) :] if level in there]
        assert not may or LEVELS.index(event.closed_level) >= LEVELS.index(may[0])
        assert LEVELS.index(event.closed_level) >= LEVELS.index(event.handled_level)


@given(kind=kinds, there=places)
def test_what_is_urgent_begins_at_the_township(kind: Kind, there: dict[Level, int]) -> None:
    assert begins_at(kind, there, urgent=True) == "township"
    assert begins_at(kind, there, urgent=False) in there


def test_whoever_handled_it_does_not_verify_it() -> None:
    gas = shipped_kinds().kinds["gas"]
    event = begun(gas, {"township": 1}, urgent=True)
    handled = flow.handle(event, By(account=PEOPLE[0], level="township"), T0, "done").event
    with pytest.raises(Refused):
        flow.verify(handled, By(account=PEOPLE[0], level="township"), T0)
    assert flow.verify(handled, By(account=PEOPLE[1], level="township"), T0).event.state == "closed"


def test_what_is_late_is_found_once_and_not_at_the_minute() -> None:
    event = replace(begun(KINDS[-1], {"grid": 1, "township": 2}, urgent=False))
    assert event.due_at is not None
    assert not flow.find_late(event, event.due_at).steps
    late = flow.find_late(event, event.due_at + timedelta(seconds=1))
    assert [step.act for step in late.steps] == ["overdue", "handed_up"]
    alone = replace(event, places={"grid": 1})
    stays = flow.find_late(alone, event.due_at + timedelta(seconds=1)).event
    assert (stays.level, stays.overdue_at is not None) == ("grid", True)
    assert not flow.find_late(stays, event.due_at + timedelta(days=9)).steps


def test_every_kind_of_the_file_has_all_its_limits_and_both_names() -> None:
    for kind in KINDS:
        assert kind.zh and kind.en and len(kind.icon) == 1
        for step in STEPS:
            for level in LEVELS:
                assert kind.limit(step, level, urgent=True) <= kind.limit(step, level, urgent=False)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[kinds.road]", "[kinds.Road]", "Road"),
        ('icon = "路"', 'icon = "路"\ncolour = "red"', "colour"),
        ('zh = "道路破损"', 'zh = " "', "empty name"),
        ('start = "grid"', 'start = "city"', "city"),
        ('start = "village"', 'start = "district"', "district"),
        ("accept = { grid = 15 }", "accept = { grid = 0 }", "0 minutes"),
        ("accept = { grid = 15 }", 'accept = { grid = "soon" }', "limits"),
        ("grid = 1440, village = 2880", "village = 2880", "says nothing of handle at the grid"),
        ('close = "grid"', "close = 3", "close"),
        ("[results]", "[results", "event_kinds"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, old: str, new: str, told: str) -> None:
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "event_kinds.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=told):
        load_kinds(path)


def test_a_file_without_kinds_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "event_kinds.toml"
    head = FILE.read_text(encoding="utf-8").partition("[kinds.crack]")[0]
    path.write_text(f"{head}\n[kinds]\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="no kind"):
        load_kinds(path)
