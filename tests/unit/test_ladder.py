"""The ladder: when which rung is due, and files that are none."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import ConfigError
from dispatch.ladder import load_ladder, shipped_ladder

START = datetime(2026, 8, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LADDER = shipped_ladder()


def test_the_shipped_ladder_is_that_of_the_domain() -> None:
    told = [(rung.id, rung.after_min) for rung in LADDER.rungs]
    assert told[:5] == [("app", 0), ("sms", 1), ("voice", 2), ("backup", 4), ("command", 5)]
    assert LADDER.rungs[-1].channels == ("loudspeaker",)


def test_a_rung_that_reaches_somebody_waits_and_one_that_does_not_goes_on_at_once() -> None:
    waiting = LADDER.climb(0, None, START, reached=True, answered=False)
    assert (waiting.rung, waiting.called_at, waiting.next_at, waiting.at_once) == (1, START, START + MINUTE, False)
    at_once = LADDER.climb(0, None, START, reached=False, answered=False)
    assert (at_once.rung, at_once.next_at, at_once.at_once) == (1, START, True)
    last = LADDER.climb(5, START, START + 8 * MINUTE, reached=False, answered=False)
    assert (last.rung, last.next_at, last.exhausted) == (6, None, True)
    beyond = LADDER.climb(6, START, START + 9 * MINUTE, reached=False, answered=False)
    assert (beyond.rung, beyond.next_at, beyond.exhausted) == (6, None, False)


def test_what_was_answered_and_is_late_goes_no_further_than_the_command() -> None:
    command = LADDER.first_of("command")
    now = LADDER.climb(command, START, START + 20 * MINUTE, reached=True, answered=True)
    assert (now.next_at, now.exhausted) == (None, False)


@given(st.lists(st.tuples(st.integers(0, 300), st.booleans()), min_size=1, max_size=30))
def test_however_it_is_looked_at_every_rung_is_taken_once_and_none_before_its_time(
    looks: list[tuple[int, bool]],
) -> None:
    """Looks after any pauses; whatever is due is taken until nothing is."""
    at, rung, called_at, taken = START, 0, None, []
    next_at: datetime | None = START
    for pause, reached in looks:
        at += timedelta(seconds=pause)
        while next_at is not None and next_at <= at:
            begun = called_at or at
            if not (taken and taken[-1][2]):  # the one before reached nobody: nothing to wait for
                due = LADDER.due(rung, begun)
                assert due is None or at >= due
            now = LADDER.climb(rung, called_at, at, reached=reached, answered=False)
            taken.append((rung, at, now.at_once))
            rung, called_at, next_at = now.rung, now.called_at, now.next_at
    assert [number for number, _, _ in taken] == list(range(len(taken)))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "rung"),
        ("[[rung]]\nid = 'a'\nafter_min = 0\nwho = 'backup'\nchannels = ['app']", "calls the post"),
        ("[[rung]]\nid = 'a'\nafter_min = 0\nwho = 'post'\nchannels = []", "no channel"),
        ("[[rung]]\nid = 'a'\nafter_min = -1\nwho = 'post'\nchannels = ['app']", "before the call"),
        ("[[rung]]\nid = 'a'\nafter_min = 0\nwho = 'post'\nchannels = ['pigeon']", "pigeon"),
        (
            "[[rung]]\nid = 'a'\nafter_min = 2\nwho = 'post'\nchannels = ['app']\n"
            "[[rung]]\nid = 'b'\nafter_min = 1\nwho = 'post'\nchannels = ['sms']",
            "order them",
        ),
    ],
)
def test_a_faulty_ladder_is_named(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "ladder.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=f"{file}.*{why}"):
        load_ladder(file)
