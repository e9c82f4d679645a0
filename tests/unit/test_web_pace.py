"""When a turn is due."""

from web.pace import Pace


def test_the_first_turn_is_due_at_once_and_the_next_after_most() -> None:
    pace = Pace(least_s=0.5, most_s=2)
    assert pace.take(100.0)
    assert not pace.take(101.9)
    assert pace.take(102.0)


def test_what_is_asked_for_comes_soon_but_not_too_often() -> None:
    pace = Pace(least_s=0.5, most_s=2)
    pace.take(100.0)
    pace.ask()
    assert abs(pace.wait(100.1) - 0.4) < 1e-9
    assert not pace.take(100.4)
    assert pace.take(100.5)
    assert not pace.take(101.0), "asked for once, taken once"


def test_a_heavy_turn_slows_the_next() -> None:
    pace = Pace(least_s=0.5, most_s=2)
    pace.take(100.0)
    pace.slow_to(5)
    pace.ask()
    assert not pace.take(104.9)
    assert pace.take(105.0)
    pace.slow_to(0.01)
    pace.ask()
    assert pace.take(105.5)
