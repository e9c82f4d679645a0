"""Conditions of a run judged from what is known: each form, its edges, and what cannot be told."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dispatch.condition_words import condition_in_words
from dispatch.conditions import Facts, Step, Watched, is_measured, judge, target

AT = datetime(2026, 11, 27, 2, tzinfo=UTC)
MIN, HOUR = timedelta(minutes=1), timedelta(hours=1)


def facts(**known: Any) -> Facts:
    return Facts(**{"at": AT, "started_at": AT - 48 * HOUR, **known})


def gauge(*readings: tuple[float, float], quantity: str = "stage", warning: float | None = 180.5) -> Watched:
    """Readings as (minutes ago, value), oldest first."""
    times = [AT - timedelta(minutes=ago) for ago, _ in readings]
    return Watched(
        quantity=quantity, warning=warning, interval=10 * MIN, times=times, values=[value for _, value in readings]
    )


def fell(ago: timedelta, before: str = "orange", after: str = "blue") -> Step:
    return Step(time=AT - ago, before=before, after=after)  # type: ignore[arg-type]


BELOW = {"below": "yellow", "for_h": 24}


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({}, None),  # no alert has joined: nothing tells
        ({"joined": 1, "standing": "yellow"}, False),
        ({"joined": 1, "standing": "blue", "steps": [fell(23 * HOUR)]}, False),
        ({"joined": 1, "standing": "blue", "steps": [fell(24 * HOUR)]}, True),
        ({"joined": 2, "standing": "none", "steps": [fell(40 * HOUR), fell(2 * HOUR, after="none")]}, False),
        ({"joined": 1, "standing": "blue", "steps": [fell(HOUR, "blue", "none")]}, True),
    ],
)
def test_alerts_below_a_level_for_so_long(known: dict[str, Any], said: bool | None) -> None:
    assert judge(BELOW, facts(**known)) is said


STAGE = {"stage_below_warning_m": 0.2, "falling": True}


@pytest.mark.parametrize(
    ("watched", "said"),
    [
        ([], None),
        ([gauge((20, 180.4), (10, 180.3))], True),
        ([gauge((20, 180.2), (10, 180.3))], False),  # rising
        ([gauge((20, 180.5), (10, 180.31))], False),  # not low enough
        ([gauge((10, 180.3))], None),  # one reading tells no direction
        ([gauge((200, 180.4), (190, 180.3))], None),  # stale: nobody knows how it stands now
        ([gauge((20, 180.4), (10, 180.3)), gauge((20, 181.0), (10, 180.9))], False),
        ([gauge((20, 180.4), (10, 180.3)), gauge((300, 180.4))], None),
        ([gauge((20, 180.4), (10, 180.3), warning=None)], None),
    ],
)
def test_a_stage_under_its_warning_level(watched: list[Watched], said: bool | None) -> None:
    assert judge(STAGE, facts(watched=watched)) is said


DEPTH = {"depth_below_cm": 3, "for_min": 30}


@pytest.mark.parametrize(
    ("readings", "said"),
    [
        ([(40, 2.0), (20, 1.0), (5, 0.0)], True),
        ([(40, 5.0), (20, 1.0), (5, 0.0)], False),  # 30 minutes ago it was still deeper
        ([(40, 2.0), (20, 3.0), (5, 0.0)], False),
        ([(20, 1.0), (5, 0.0)], None),  # how it was 30 minutes ago nothing tells
        ([(200, 1.0)], None),
    ],
)
def test_a_depth_lower_for_so_long(readings: list[tuple[float, float]], said: bool | None) -> None:
    assert judge(DEPTH, facts(watched=[gauge(*readings, quantity="underpass_depth")])) is said


@pytest.mark.parametrize(
    ("readings", "said"),
    [
        ([(70, 180.0), (0, 181.2)], True),  # 1.03 m/h
        ([(70, 180.0), (0, 181.1)], False),
        ([(30, 180.0), (0, 185.0)], None),  # an hour is not covered
        ([(70, 180.0), (60, 180.0), (0, 181.1)], True),
    ],
)
def test_a_stage_that_rises_fast(readings: list[tuple[float, float]], said: bool | None) -> None:
    assert judge({"rate_over": 1.0, "unit": "m/h"}, facts(watched=[gauge(*readings)])) is said
    assert judge({"rate_over": 1.0, "unit": "cm/h"}, facts(watched=[gauge(*readings)])) is None


def test_what_a_trigger_names() -> None:
    known = facts(levels={10: "orange", "report:发生滑移": "red"})
    assert judge({"rule": 10, "level": "orange"}, known) is True
    assert judge({"rule": 10, "level": "red"}, known) is False
    assert judge({"report": "发生滑移"}, known) is True
    assert judge({"official": "11B03", "level": "red"}, known) is False
    assert judge({"all": [{"rule": 10, "level": "yellow"}, {"report": "发生滑移"}]}, known) is True
    assert judge({"rule": 10}, known) is None  # no level: a form that nobody knows


def test_somebody_who_does_not_answer() -> None:
    assert judge({"unanswered_min": 15}, facts()) is False
    assert judge({"unanswered_min": 15}, facts(unanswered_since=AT - 14 * MIN)) is False
    assert judge({"unanswered_min": 15}, facts(unanswered_since=AT - 15 * MIN)) is True


def test_words_are_ticked_by_people() -> None:
    for condition in ("道路查验", {"moon": "full"}, 7, None):
        assert judge(condition, facts()) is None
        assert not is_measured(condition)


@pytest.mark.parametrize(
    ("condition", "level", "wanted"),
    [
        ({"rate_over": 1.0}, "yellow", "orange"),
        ({"rate_over": 1.0}, "red", "red"),
        ({"rule": 6, "level": "red"}, "yellow", "red"),
        ({"rule": 6, "level": "orange"}, "orange", "orange"),  # the alert itself has raised it that far
        ("发生滑移", "blue", "yellow"),
    ],
)
def test_how_far_a_run_rises(condition: object, level: str, wanted: str) -> None:
    assert target(condition, level) == wanted


def test_every_form_has_words_in_both_languages() -> None:
    forms: list[dict[str, Any]] = [
        BELOW, STAGE, DEPTH, {"rate_over": 1.0, "unit": "m/h"}, {"unanswered_min": 15}, {"rule": 10, "level": "red"},
        {"official": "11B03", "level": "orange"}, {"report": "裂缝"}, {"any": [{"rule": 1, "level": "red"}, BELOW]},
    ]  # fmt: skip
    for form in forms:
        zh, en = condition_in_words(form)
        assert "{" not in zh + en and zh != en
    assert condition_in_words("道路查验") == ("道路查验", "道路查验")
