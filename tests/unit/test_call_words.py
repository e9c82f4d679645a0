"""What calls say: enough to act on, nothing of a person that the plan protects, a drill that nobody mistakes."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.switchboard import NAMES
from dispatch.words import Matter, joined, trial_words, within_bytes, words_of
from tests.loopback.notices import MATTER, URL, notice

ELDER = replace(MATTER, plan="独居老人异常处置预案", task="上门敲门", place="磁器口一号网格", private=True, map="grid")
GROUPS = ("dingtalk", "wecom", "webhook", "loudspeaker")


def said(matter: Matter, channel: str) -> list[str]:
    return list(vars(words_of(matter, channel, URL)).values())


@pytest.mark.parametrize("channel", NAMES)
def test_every_text_of_a_drill_says_so_and_none_of_another(channel: str) -> None:
    for text in said(replace(MATTER, drill=True), channel):
        assert "演练" in text
    for text in said(MATTER, channel):
        assert "演练" not in text


@pytest.mark.parametrize("channel", NAMES)
def test_a_plan_that_concerns_a_person_is_not_named(channel: str) -> None:
    for text in said(ELDER, channel):
        assert "老人" not in text
    if channel in GROUPS:
        assert all("敲门" not in text for text in said(ELDER, channel))
    else:
        assert "上门敲门" in words_of(ELDER, channel, URL).short  # who is called has to know what to do


@pytest.mark.parametrize("channel", NAMES)
def test_its_place_is_told_no_finer_than_the_plan_allows(channel: str) -> None:
    assert any("磁器口" in text for text in said(ELDER, channel))
    assert all("磁器口" not in text for text in said(replace(ELDER, map="none"), channel))


@given(
    plan=st.text(max_size=80),
    task=st.text(max_size=200),
    place=st.text(max_size=60),
    level=st.sampled_from(["blue", "yellow", "orange", "red"]),
    part=st.sampled_from(["post", "backup", "command", "reassigned", "everybody"]),
    drill=st.booleans(),
    private=st.booleans(),
    shown=st.sampled_from(["point", "grid", "none"]),
    channel=st.sampled_from(NAMES),
)
def test_no_message_uses_the_word_that_the_law_keeps_and_none_is_too_long(
    shown: Any, channel: str, **told: Any
) -> None:
    matter = Matter(due_at=datetime(2026, 8, 19, 16, 5, tzinfo=UTC), map=shown, **told)
    for text in said(matter, channel):
        assert "预警" not in text.replace(matter.plan, "").replace(matter.task, "").replace(matter.place, "")
    assert len(words_of(matter, channel, URL).short) <= 134


def test_times_are_those_of_the_place() -> None:
    late = replace(MATTER, due_at=datetime(2026, 8, 19, 16, 5, tzinfo=UTC))
    words = words_of(late, "voice", URL)
    assert "08月20日 00:05" in words.body and "0点05分" in words.spoken


def test_without_an_address_of_ours_no_link_is_told() -> None:
    assert "http" not in "".join(vars(words_of(MATTER, "sms", "")).values())


def test_a_digest_tells_each_task_and_marks_the_drill_among_them() -> None:
    real, drill = notice("dingtalk"), notice("dingtalk", matter=replace(MATTER, drill=True, task="巡查"))
    both = joined([real, drill])
    assert both.title == "2项任务待应答" and not both.drill and both.key == real.key
    lines = both.body.split("\n")
    assert lines[0].startswith("1. 封闭下穿道") and lines[1].startswith("2. 【演练】巡查；地点：")
    drills = joined([drill, drill])
    assert drills.title == "【演练】2项任务待应答" and "这是演练，不是真实险情。" in drills.body and drills.drill
    many = joined([notice("dingtalk", assignment_ids=(number,)) for number in range(30)])
    assert "……共 30 项" in many.body and many.assignment_ids == tuple(range(30))


def test_a_trial_says_that_it_is_one() -> None:
    assert all("测试" in text for text in vars(trial_words()).values())


@given(st.text(max_size=200), st.integers(3, 300))
def test_a_text_is_cut_between_letters(text: str, most: int) -> None:
    cut = within_bytes(text, most)
    assert len(cut.encode()) <= most
    assert cut == text or (cut.endswith("…") and text.startswith(cut[:-1]))
