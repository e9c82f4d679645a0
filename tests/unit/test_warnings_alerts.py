"""From official warnings in force to changes of level: pure, and the same however often it is asked."""

from hypothesis import given
from hypothesis import strategies as st

from alerts.levels import GRADES, Level, highest
from alerts.warnings_alerts import Change, Said, Span, changes

_SPANS = st.lists(
    st.builds(
        lambda level, begins, length: Span(level=level, begins=begins, ends=begins + length),
        st.sampled_from(GRADES),
        st.integers(0, 20),
        st.integers(1, 10),
    ),
    max_size=5,
)


def level_at(spans: list[Span], time: int) -> Level:
    return highest(*(span.level for span in spans if span.begins <= time < span.ends))


def test_it_rises_falls_and_ends_with_the_gravest_in_force() -> None:
    spans = [Span(level="yellow", begins=0, ends=10), Span(level="red", begins=3, ends=5)]
    assert changes(spans, None, 20) == [
        Change(time=0, before="none", after="yellow"),
        Change(time=3, before="yellow", after="red"),
        Change(time=5, before="red", after="yellow"),
        Change(time=10, before="yellow", after="none"),
    ]
    assert changes(spans, Said(time=3, level="red"), 4) == []


def test_what_was_missed_before_the_last_word_is_told_at_its_time() -> None:
    spans = [Span(level="red", begins=0, ends=10)]
    assert changes(spans, Said(time=4, level="yellow"), 6) == [Change(time=4, before="yellow", after="red")]


@given(_SPANS, st.integers(0, 35))
def test_the_changes_lead_to_what_is_in_force(spans: list[Span], now: int) -> None:
    found = changes(spans, None, now)
    assert (found[-1].after if found else "none") == level_at(spans, now)
    assert all(one.before != one.after and one.after == level_at(spans, one.time) for one in found)
    assert [one.time for one in found] == sorted({one.time for one in found})


@given(_SPANS, st.lists(st.integers(0, 35), max_size=6))
def test_asked_at_any_times_it_says_the_same(spans: list[Span], asked: list[int]) -> None:
    said: Said | None = None
    told: list[Change] = []
    for now in [*sorted(asked), 40]:
        for change in changes(spans, said, now):
            said = Said(time=change.time, level=change.after)
            told.append(change)
    assert told == changes(spans, None, 40)
