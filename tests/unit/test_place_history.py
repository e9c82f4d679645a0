"""What a change makes of the history of a place: nothing is lost, nothing overlaps, and slips are refused."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import Refused
from ingest.place_history import REASONS, Change, Stay, check_place, moment_of, rewritten

A, B, C = (106.50, 29.50), (106.60, 29.62), (106.55, 29.56)
T1, T2, T3 = (datetime(year, 3, 1, tzinfo=UTC) for year in (2021, 2022, 2023))
HOUR = timedelta(hours=1)


def stay(place: tuple[float | None, float | None], reason: str, begins: datetime | None, ends: datetime | None) -> Stay:
    return Stay(id=1, lon=place[0], lat=place[1], reason=reason, source="file", begins=begins, ends=ends)


def change(
    reason: str, since: datetime | None = None, place: tuple[float, float] | None = None, **more: bool
) -> Change:
    lon, lat = place or (None, None)
    return Change(reason=reason, since=since, lon=lon, lat=lat, source="command", **more)


INSTALLED = [stay(A, "installed", None, None)]
MOVED = [stay(A, "installed", None, T2), stay(B, "moved", T2, None)]
RETIRED = [stay(A, "installed", None, T2), stay((None, None), "retired", T2, None)]


def applied(history: list[Stay], done: Change) -> list[Stay]:
    plan = rewritten(history, done)
    assert plan is not None
    closed, written = plan
    assert all(each.id is None for each in written)
    at = history.index(closed)
    return [*history[:at], *written, *history[at + 1 :]]


def told(history: list[Stay]) -> list[tuple[object, ...]]:
    return [(each.place, each.reason, each.source, each.begins, each.ends) for each in history]


def test_a_move_ends_the_place_before_it_and_leaves_it_its_own_source() -> None:
    assert told(applied(INSTALLED, change("moved", T1, B))) == [
        (A, "installed", "file", None, T1),
        (B, "moved", "command", T1, None),
    ]


def test_a_new_instrument_stays_where_the_old_one_stood_unless_told() -> None:
    assert applied(INSTALLED, change("replaced", T1))[-1].place == A
    assert applied(INSTALLED, change("replaced", T1, B))[-1].place == B


def test_a_retired_sensor_stands_nowhere_whatever_place_is_told_with_it() -> None:
    assert applied(INSTALLED, change("retired", T1, A))[-1].place == (None, None)


def test_a_correction_keeps_the_time_of_the_stay_that_was_wrong() -> None:
    assert told(applied(MOVED, change("corrected", None, C)))[1:] == [(C, "corrected", "command", T2, None)]
    assert told(applied(MOVED, change("corrected", T1, C)))[:1] == [(C, "corrected", "command", None, T2)]


def test_what_never_was_retired_stands_again() -> None:
    assert told(applied(RETIRED, change("corrected", None, A)))[1:] == [(A, "corrected", "command", T2, None)]


@pytest.mark.parametrize("since", [T1, T2])
def test_a_change_before_the_last_one_is_refused_unless_it_is_stated_as_a_correction(since: datetime) -> None:
    with pytest.raises(Refused, match=r"moved on 2022-03-01T08:00:00\+08:00 already.*--correction") as refused:
        rewritten(MOVED, change("moved", since, C))
    assert refused.value.reason == "since"
    late = applied(MOVED, change("moved", since, C, correction=True))
    assert late[-1].place == (B if since == T1 else C)
    assert next(each for each in late if each.holds(since)).place == C


def test_a_forgotten_move_in_the_middle_holds_until_the_next() -> None:
    assert told(applied(MOVED, change("moved", T1, C, correction=True))) == [
        (A, "installed", "file", None, T1),
        (C, "moved", "command", T1, T2),
        (B, "moved", "file", T2, None),
    ]


@pytest.mark.parametrize(
    ("history", "again"),
    [
        (MOVED, change("moved", T2, B)),
        ([replace(INSTALLED[0], ends=T1), stay(A, "replaced", T1, T2), MOVED[1]], change("replaced", T1)),
        (RETIRED, change("retired", T2, A)),
        (MOVED, change("corrected", None, B)),
        (INSTALLED, change("corrected", T3, A)),
    ],
)
def test_what_the_record_says_already_changes_nothing(history: list[Stay], again: Change) -> None:
    assert rewritten(history, again) is None


@pytest.mark.parametrize(
    ("history", "wrong", "field", "words"),
    [
        (INSTALLED, change("stolen", T1), "reason", "none of moved, replaced, retired, corrected"),
        (INSTALLED, change("moved", None, B), "since", "needs the time"),
        (INSTALLED, change("retired"), "since", "needs the time"),
        (INSTALLED, change("moved", T1), "lon, lat", "needs the place"),
        (INSTALLED, change("corrected"), "lon, lat", "needs the place"),
        (INSTALLED, change("moved", T1, (29.5, 106.5)), "lon, lat", "longitude first"),
        (INSTALLED, change("moved", T1, (float("nan"), 29.5)), "lon, lat", "no place"),
        (INSTALLED, change("moved", T1, A), "lon, lat", "'replaced'"),
        (RETIRED, change("moved", T3, B), "reason", "retired on 2022"),
        (RETIRED, change("retired", T3), "reason", "retired on 2022"),
        (RETIRED, change("replaced", T3), "reason", "lon and lat"),
        ([MOVED[1]], change("corrected", T1, A), "since", "no place is recorded for 2021"),
    ],
)
def test_what_does_not_fit_is_told_with_the_field_to_mend(
    history: list[Stay], wrong: Change, field: str, words: str
) -> None:
    with pytest.raises(Refused, match=words) as refused:
        rewritten(history, wrong)
    assert refused.value.reason == field


def test_a_retired_post_gets_a_new_instrument() -> None:
    assert [each.reason for each in applied(RETIRED, change("replaced", T3, B))] == ["installed", "retired", "replaced"]


moments = st.integers(0, 60).map(lambda days: T1 + timedelta(days=days))
places = st.sampled_from([A, B, C])
changes = st.builds(change, st.sampled_from(REASONS), moments, st.none() | places, correction=st.booleans())


@given(st.lists(changes, max_size=12))
def test_whatever_is_told_the_history_has_neither_gap_nor_overlap(told_one_by_one: list[Change]) -> None:
    history = INSTALLED
    for each in told_one_by_one:
        try:
            if rewritten(history, each) is None:
                continue
        except Refused:
            continue
        before, history = history, applied(history, each)
        assert history[0].begins is None and history[-1].ends is None
        for first, second in itertools.pairwise(history):
            assert first.ends == second.begins and first.ends is not None
            assert first.begins is None or first.begins < first.ends
        if each.reason != "corrected" and each.since is not None:
            earlier = [s.place for s in before if s.holds(each.since - HOUR)]
            assert [s.place for s in history if s.holds(each.since - HOUR)] == earlier
        assert rewritten([replace(s, id=n) for n, s in enumerate(history)], each) is None


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2024-03-01T08:00:00+08:00", "2024-03-01T00:00:00+00:00"),
        ("2024-03-01T08:00", "2024-03-01T00:00:00+00:00"),
        ("2024-03-01", "2024-02-29T16:00:00+00:00"),
        ("2024-03-01T00:00:00Z", "2024-03-01T00:00:00+00:00"),
    ],
)
def test_a_time_without_an_offset_is_beijings(text: str, iso: str) -> None:
    assert moment_of(text).astimezone(UTC).isoformat() == iso


@pytest.mark.parametrize("text", ["", "yesterday", "0001-01-01", "9999-12-31T23:59:59-08:00", "2024-02-30"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(Refused) as refused:
        moment_of(text)
    assert refused.value.reason == "since"


@pytest.mark.parametrize("place", [(None, 29.5), (106.5, None), (181.0, 0.0), (0.0, 91.0), (float("inf"), 0.0)])
def test_what_is_no_place(place: tuple[float | None, float | None]) -> None:
    with pytest.raises(Refused):
        check_place(*place)
