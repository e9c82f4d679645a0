"""Figures, timeline, score and review of runs, on values made by hand and on any that could be."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import ConfigError
from dispatch.account import (
    ActOf,
    AlertOf,
    AnswerOf,
    AssignmentOf,
    CallOf,
    DeliveryOf,
    LevelMove,
    RunAccount,
    RunFacts,
    TaskOf,
)
from dispatch.figures import figures, persons_in, spread
from dispatch.review import load_items, review_items, shipped_items
from dispatch.run_words import length, percent
from dispatch.score import load_score_rules, score
from dispatch.timeline import timeline

START = datetime(2026, 7, 1, 8, tzinfo=UTC)
PERSON, OTHER = UUID(int=1), UUID(int=2)


def at(minutes: float | None) -> datetime | None:
    return None if minutes is None else START + timedelta(minutes=minutes)


def now(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def run(plan: dict[str, Any] | None = None, **more: Any) -> RunFacts:
    facts: dict[str, Any] = {
        "id": 7, "plan_id": "GAS-04", "name": "燃气", "township_id": 1, "level": "orange", "state": "open",
        "exercise": False, "drill": False, "started_at": START, "ended_at": None, "started_by": None, "reason": "",
        "confirm_by": None, "confirmed_at": None, "review_due_at": None, "reviewed_at": None, "forgotten_at": None,
        "plan": plan or {},
    }  # fmt: skip
    return RunFacts(**{**facts, **more})


def task(number: int = 1, what: str = "断道", **more: Any) -> TaskOf:
    facts: dict[str, Any] = {
        "id": number, "task_key": f"T{number}", "post": "网格员", "backup": "网格长", "what": what, "after": (),
        "evidence": None, "results": (), "state": "sent", "limit_min": 10, "repeat_min": None, "due_at": None,
        "added_by": None, "started_at": START, "ended_at": None,
    }  # fmt: skip
    return TaskOf(**{**facts, **more})


def assigned(number: int = 1, of: int = 1, **more: Any) -> AssignmentOf:
    """`called`, `acknowledged`, `on_site`, `done`, `ended`, `overdue`, `due`: minutes after the start."""
    times = {key: more.pop(key, None) for key in ("acknowledged", "on_site", "done", "ended", "overdue")}
    called, due = more.pop("called", 0), more.pop("due", 10)
    facts: dict[str, Any] = {
        "id": number, "task_id": of, "division_id": 10 + number, "round": 1, "state": "called", "person_id": None,
        "result": None, "rung": 0, "due_at": at(due), "called_at": at(called),
        **{f"{key}_at": at(value) for key, value in times.items()},
    }  # fmt: skip
    return AssignmentOf(**{**facts, **more})


def call(number: int = 1, of: int = 1, person: UUID | None = PERSON, part: Any = "post", minutes: float = 0) -> CallOf:
    return CallOf(id=number, assignment_id=of, person_id=person, part=part, called_at=now(minutes), ended_at=None)


def sent(number: int, of: int, channel: str, rung: int, minutes: float, **more: Any) -> DeliveryOf:
    delivered, read = more.pop("delivered", None), more.pop("read", None)
    facts: dict[str, Any] = {
        "id": number, "call_id": of, "channel": channel, "rung": rung, "attempt": 1, "state": "sent", "repeated": 0,
        "due_at": at(minutes), "sent_at": at(minutes), "delivered_at": at(delivered), "read_at": at(read), "detail": "",
    }  # fmt: skip
    return DeliveryOf(**{**facts, **more})


def answered(of: int, kind: str, minutes: float, *, tapped: float | None = None, **more: Any) -> AnswerOf:
    facts: dict[str, Any] = {
        "key": UUID(int=int(minutes * 60) + of), "assignment_id": of, "person_id": PERSON, "actor": OTHER, "kind": kind,
        "tapped_at": now(minutes if tapped is None else tapped), "received_at": now(minutes), "result": None,
        "counted": True,
    }  # fmt: skip
    return AnswerOf(**{**facts, **more})


def account(**parts: Any) -> RunAccount:
    return RunAccount(run=parts.pop("run", run()), at=parts.pop("at", now(60)), **parts)


def test_a_spread_is_the_median_and_the_nearest_rank() -> None:
    assert vars(spread([])) == {"count": 0, "median_s": None, "p90_s": None, "longest_s": None}
    told = spread([5, 1, 4, 2, 3, 6, 7, 8, 9, 100])
    assert (told.median_s, told.p90_s, told.longest_s) == (5.5, 9, 100)


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_nine_in_ten_took_no_longer(seconds: list[float]) -> None:
    told = spread(seconds)
    assert told.p90_s is not None and told.longest_s is not None and told.median_s is not None
    assert min(seconds) <= told.median_s <= told.p90_s <= told.longest_s == max(seconds)
    assert sum(one <= told.p90_s for one in seconds) >= 0.9 * len(seconds)


def test_read_is_no_answer() -> None:
    told = figures(account(
        tasks=(task(),), assignments=(assigned(state="read"),), calls=(call(),),
        deliveries=(sent(1, 1, "app", 0, 0, delivered=0.1, read=0.2, state="read"),),
    ))  # fmt: skip
    assert (told.whole.asked, told.whole.answered, told.whole.answer_rate) == (1, 0, 0)
    assert told.whole.deliver.median_s == pytest.approx(6)
    assert [one.id for one in told.unanswered] == [1] and told.calls_answered == 0


def test_what_was_taken_back_before_an_answer_owes_none() -> None:
    there = (
        assigned(1, state="stood_down", ended=5),
        assigned(2, state="skipped", ended=5, acknowledged=2),
        assigned(3, called=None, state="waiting"),
    )
    told = figures(account(tasks=(task(),), assignments=there, calls=(call(1, 1), call(2, 2))))
    assert (told.whole.assigned, told.whole.asked, told.whole.answered) == (3, 1, 1)
    assert told.unanswered == ()
    assert [one.id for one in told.late] == [3]  # nobody called, and it was due


def test_late_is_what_was_not_done_in_its_time() -> None:
    cases = {
        "in time": assigned(1, done=10, ended=10, state="done"),
        "after it": assigned(2, done=10.5, ended=10.5, state="done"),
        "open, and due": assigned(3),
        "open, not due": assigned(4, due=90),
        "skipped when it was late": assigned(5, state="skipped", overdue=10, ended=12),
        "skipped in time": assigned(6, state="skipped", ended=12),
    }
    late = [name for name, one in cases.items() if one.is_late(now(60))]
    assert late == ["after it", "open, and due", "skipped when it was late"]


def test_a_phone_whose_clock_is_behind_answers_at_once() -> None:
    told = figures(account(tasks=(task(),), assignments=(assigned(acknowledged=-3),), calls=(call(),)))
    assert told.whole.acknowledge.median_s == 0


def test_the_last_message_under_way_brought_the_answer() -> None:
    told = figures(account(
        tasks=(task(),), assignments=(assigned(acknowledged=4.5),),
        calls=(call(1), call(2, person=OTHER, part="backup", minutes=4)),
        deliveries=(
            sent(1, 1, "app", 0, 0, sent_at=None, state="skipped"), sent(2, 1, "sms", 1, 1, state="delivered"),
            sent(3, 2, "app", 3, 4, state="read"), sent(4, 2, "voice", 4, 5),
        ),
    ))  # fmt: skip
    assert {(one.rung, one.channel): one.brought_answer for one in told.rungs} == {
        (0, "app"): 0, (1, "sms"): 0, (3, "app"): 1, (4, "voice"): 0,
    }  # fmt: skip
    assert told.backups == 1


@pytest.mark.parametrize(
    ("what", "result", "persons"),
    [
        ("断道", "已转移12人", 12),
        ("断道", "老人3人、儿童 2 名", 5),
        ("逐户转移", "38", 38),
        ("断道", "38", None),
        ("断道", "已封闭", None),
        ("清点人数", "", None),
        ("撤离", "12 persons", 12),
    ],
)
def test_how_many_people_a_result_tells_of(what: str, result: str, persons: int | None) -> None:
    assert persons_in(task(what=what), result) == persons


assignments_of_any_kind = st.builds(
    lambda number, of, times, state: assigned(
        number,
        of,
        state=state,
        called=times[0],
        acknowledged=times[1],
        on_site=times[2],
        done=times[3],
        ended=times[3],
        overdue=times[4],
    ),
    st.integers(1, 10**6),
    st.integers(1, 3),
    st.tuples(*[st.none() | st.floats(0, 50)] * 5),
    st.sampled_from(
        ["waiting", "called", "delivered", "read", "acknowledged", "on_site", "done", "skipped", "stood_down"]
    ),
)


@given(st.lists(assignments_of_any_kind, unique_by=lambda one: one.id))
def test_the_whole_is_the_sum_of_its_tasks(some: list[AssignmentOf]) -> None:
    told = figures(account(tasks=(task(1), task(2), task(3)), assignments=tuple(some)))
    for name in ("assigned", "asked", "answered", "unanswered", "done", "late"):
        assert getattr(told.whole, name) == sum(getattr(one, name) for _, one in told.tasks)
    for step in ("deliver", "acknowledge", "arrive", "close"):
        assert getattr(told.whole, step).count == sum(getattr(one, step).count for _, one in told.tasks)
    assert 0 <= told.whole.answered <= told.whole.asked <= told.whole.assigned == len(some)
    assert len(told.late) == told.whole.late


@given(st.lists(assignments_of_any_kind, unique_by=lambda one: one.id))
def test_a_score_is_out_of_a_hundred_and_the_sum_of_its_parts(some: list[AssignmentOf]) -> None:
    found = score(account(tasks=(task(1), task(2, after=("T1",)), task(3)), assignments=tuple(some)))
    if found.points is None:
        assert not any(one.cases for one in found.parts)
    else:
        assert 0 <= found.points <= 100
        assert found.points == pytest.approx(sum(found.points_of(one) for one in found.parts), abs=0.51)
    assert all(0 <= one.good <= one.cases for one in found.parts)


def test_a_part_without_occasion_leaves_its_weight_to_the_rest() -> None:
    found = score(account(tasks=(task(),), assignments=(assigned(acknowledged=1, done=5, ended=5, state="done"),)))
    assert found.points == 100
    assert {one.name for one in found.parts if not one.cases} == {"arrived_in_time", "order_kept"}
    assert "不计分" in next(one for one in found.parts if not one.cases).reason("zh")


def test_the_order_is_not_kept_by_who_goes_first() -> None:
    first = task(1, state="done", ended_at=at(8))
    for on_site, kept in ((9, 1), (7, 0)):
        there = (assigned(1, 1, done=8, ended=8), assigned(2, 2, on_site=on_site))
        found = score(account(tasks=(first, task(2, after=("T1",))), assignments=there))
        assert next(one.good for one in found.parts if one.name == "order_kept") == kept


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("answered_within_min = 4", "weights"),
        ("answered_within_min = 0\n[weights]\nanswered_in_time=1\narrived_in_time=1\ndone_in_time=1\n"
         "without_backup=1\norder_kept=1", "answered_within_min"),
        ("answered_within_min = 4\n[weights]\nanswered_in_time=0\narrived_in_time=0\ndone_in_time=0\n"
         "without_backup=0\norder_kept=0", "all weights are 0"),
        ("answered_within_min = 4\n[weights]\nspeed=1", "speed"),
    ],
)  # fmt: skip
def test_weights_that_do_not_hold_together_are_named(tmp_path: Path, text: str, fault: str) -> None:
    file = tmp_path / "drill_score.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=fault):
        load_score_rules(file)


def test_a_timeline_tells_a_late_tap_and_a_late_answer() -> None:
    lines = timeline(account(
        tasks=(task(results=("已关阀",)),), assignments=(assigned(),), calls=(call(),),
        answers=(answered(1, "done", 30, tapped=12, result="已关阀", counted=False),),
    ))  # fmt: skip
    [line] = [one for one in lines if one.kind == "answer"]
    assert line.zh == "应答“完成”：T1，结果：已关阀（点按于 16:12:00，联网后收到）（晚于办结，未计入）"
    assert line.en == "answer: done (T1), result: 已关阀 (tapped at 16:12:00, received later) (came too late to count)"
    assert line.person_id == PERSON and line.actor is None


def test_what_is_no_choice_of_the_task_is_words_of_a_person() -> None:
    lines = timeline(
        account(tasks=(task(),), assignments=(assigned(),), answers=(answered(1, "cannot", 3, result="在外地"),))
    )
    [line] = [one for one in lines if one.kind == "answer"]
    assert "在外地" not in line.zh and line.words == "在外地"


def test_an_act_that_moves_the_level_is_one_line() -> None:
    move = LevelMove(id=1, time=now(5), from_level="orange", to_level="red", reason="raised", actor=OTHER)
    act = ActOf(id=1, time=now(5), kind="raised", task_id=None, actor=OTHER, reason="水还在涨",
                detail={"from": "orange", "to": "red"})  # fmt: skip
    [line] = timeline(account(moves=(move,), acts=(act,)))
    assert (line.zh, line.words) == ("提升响应等级：橙色（Ⅱ级） → 红色（Ⅰ级）", "水还在涨")


def test_at_one_instant_the_cause_comes_first() -> None:
    alert = AlertOf(id=3, rule_id="gas", label="", title="", level="red", cause=None, opened_at=START,
                    resolved_at=None, joined_at=START, division_id=1)  # fmt: skip
    move = LevelMove(id=1, time=START, from_level="none", to_level="red", reason="started", actor=None)
    lines = timeline(account(
        alerts=(alert,), moves=(move,), tasks=(task(),), assignments=(assigned(),), calls=(call(),),
        deliveries=(sent(1, 1, "app", 0, 0),),
    ))  # fmt: skip
    assert [one.kind for one in lines] == ["alert", "level", "task", "call", "message"]


def test_review_items_that_nothing_is_known_of_are_left_for_a_person() -> None:
    plan = {"review": {"items": ["关阀用时", "人数误差", "阈值修订", "误报漏报"]}, "threatened": {"persons": 5}}
    valve = task(what="受理并远程关阀", state="done")
    there = (assigned(done=2, ended=2, state="done"),)
    alert = AlertOf(id=3, rule_id="gas", label="", title="", level="red", cause="false", opened_at=START,
                    resolved_at=None, joined_at=START, division_id=1)  # fmt: skip
    items = review_items(account(run=run(plan), tasks=(valve,), assignments=there, alerts=(alert,)))
    assert [one.filled and one.filled[0] for one in items] == ["2 分 00 秒", None, None, "误报 1 / 已关闭告警 1"]
    assert items[3].left[0] == "漏报由人填写"
    nothing = review_items(account(run=run(plan), tasks=(valve,), assignments=(assigned(),)))
    assert [one.filled for one in nothing] == [None] * 4


def test_items_that_cannot_be_are_named(tmp_path: Path) -> None:
    assert "叫应率" in shipped_items()
    file = tmp_path / "review_items.toml"
    file.write_text('["天气"]\nfigure = "weather"', encoding="utf-8")
    with pytest.raises(ConfigError, match="weather"):
        load_items(file)


def test_lengths_and_shares_in_words() -> None:
    assert [length(one, "zh") for one in (None, 0, 59.6, 200, 3900)] == [
        "—", "0 秒", "1 分 00 秒", "3 分 20 秒", "1 小时 05 分",
    ]  # fmt: skip
    assert length(3900, "en") == "1 h 05 min"
    assert [percent(one) for one in (None, 0, 2 / 3, 1)] == ["—", "0 %", "66.7 %", "100 %"]
