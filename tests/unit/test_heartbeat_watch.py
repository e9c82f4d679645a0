"""When silence is noticed, by a clock that the test sets: at the first look after it, not before, and once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.heartbeat_watch import Change, Heard, Watch

SILENT_S, EVERY_S = 60.0, 5.0


def looks(heard: Heard, watch: Watch, until: float) -> list[tuple[float, Change]]:
    """What the looks tell, one every EVERY_S from 0 on."""
    times = [EVERY_S * n for n in range(int(until / EVERY_S) + 1)]
    return [(now, change) for now in times for change in watch.look(heard.reports(now))]


@given(last=st.floats(0, 500))
def test_a_heartbeat_that_stays_away_is_noticed_at_the_first_look_after(last: float) -> None:
    heard, watch = Heard(silent_s=SILENT_S, since=0.0), Watch()
    heard.take("cq", last, None)
    told = looks(heard, watch, last + SILENT_S + 10 * EVERY_S)
    assert [change.partition for _, change in told] == ["cq"], "once"
    ((noticed, change),) = told
    assert SILENT_S < noticed - last <= SILENT_S + EVERY_S
    assert change.words() == f"partition cq: no heartbeat for {noticed - last:.0f} s"


def test_a_heartbeat_that_comes_back_is_told_once() -> None:
    heard, watch = Heard(silent_s=SILENT_S, since=0.0), Watch()
    heard.take("cq", 0.0, None)
    assert watch.look(heard.reports(SILENT_S)) == []
    assert [one.words() for one in watch.look(heard.reports(SILENT_S + 1))] == ["partition cq: no heartbeat for 61 s"]
    assert watch.failed() == ["partition cq: no heartbeat for 61 s"]
    heard.take("cq", 62.0, None)
    assert [one.words() for one in watch.look(heard.reports(62.0))] == ["partition cq is alive again"]
    assert (watch.look(heard.reports(63.0)), watch.failed()) == ([], [])


@pytest.mark.parametrize(("now", "told"), [(60.0, []), (61.0, ["the mqtt: no heartbeat came within 60 s"])])
def test_one_that_never_came_is_waited_for_as_long(now: float, told: list[str]) -> None:
    heard = Heard(silent_s=SILENT_S, since=0.0)
    assert [change.words() for change in Watch().look(heard.reports(now))] == told


def test_an_older_heartbeat_changes_nothing() -> None:
    heard = Heard(silent_s=SILENT_S, since=0.0)
    heard.take("cq", 50.0, None)
    heard.take("cq", 10.0, "a retained one that came after")
    assert heard.reports(110.0)[-1].trouble is None
    assert heard.reports(110.5)[-1].trouble == "no heartbeat for 60 s"
