"""Everything that happened in a run, in order: alerts, levels, acts, calls, messages, answers. Pure.

A line says what in both languages; who did it or was meant is an id, which whoever shows the line may or may not
have a name for.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, Literal
from uuid import UUID

from config.logs import BEIJING
from dispatch.account import ActOf, AlertOf, AnswerOf, CallOf, DeliveryOf, RunAccount, TaskOf
from dispatch.condition_words import condition_in_words
from dispatch.run_words import (
    ACTS,
    ANSWERS,
    CHANNELS,
    DELIVERY_STATES,
    LEVELS,
    MOVES,
    PARTS,
    PURPOSES,
    Language,
    Pair,
    both,
)

Kind = Literal["alert", "level", "act", "task", "call", "message", "answer"]
# What causes before what follows, at the same instant.
_ORDER: tuple[Kind, ...] = ("alert", "level", "answer", "act", "task", "call", "message")
# Acts that tell of the level's change, too.
_MOVING = frozenset({"raised", "lowered", "terminated"})
_LATE_TAP = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One thing that happened."""

    at: datetime
    kind: Kind
    zh: str
    en: str
    person_id: UUID | None = None  # who was meant, or answered
    actor: UUID | None = None  # the account that did it; None: the system, or nobody's doing
    division_id: int | None = None
    words: str = ""  # what a person wrote of it: not for everybody
    note: str = ""  # by which id a note belongs to it, which is sealed
    rule_id: str = ""  # of an alert
    thing: str = ""  # what the alert is about, as it is labelled: may tell whose it is

    def text(self, language: Language) -> str:
        """What happened."""
        return self.zh if language == "zh" else self.en


def timeline(account: RunAccount) -> list[Line]:
    """All of it by time; at the same instant what caused comes before what followed."""
    lines = chain(
        (_alert(one) for one in account.alerts),
        _levels(account),
        _acts(account),
        _started(account),
        (_call(account, one) for one in account.calls),
        (_message(account, one) for one in account.deliveries),
        (_answer(account, one) for one in account.answers),
        _conditions(account),
        _ended(account),
    )
    return sorted(lines, key=lambda line: (line.at, _ORDER.index(line.kind)))


def clock(at: datetime) -> str:
    """08:15:40, in Beijing."""
    return at.astimezone(BEIJING).strftime("%H:%M:%S")


def _alert(alert: AlertOf) -> Line:
    zh, en = both(LEVELS, alert.level)
    return Line(
        at=alert.joined_at,
        kind="alert",
        zh=f"告警 {alert.id} 关联本次运行，{zh}",
        en=f"alert {alert.id} joined the run, {en}",
        division_id=alert.division_id,
        rule_id=alert.rule_id,
        thing=alert.title or alert.label,
    )


def _levels(account: RunAccount) -> Iterator[Line]:
    told = {act.time for act in account.acts if act.kind in _MOVING}
    for one in account.moves:
        if one.time not in told:
            why, why_en = both(MOVES, one.reason)
            zh, en = _moved(one.from_level, one.to_level)
            yield Line(at=one.time, kind="level", zh=f"{why}：{zh}", en=f"{why_en}: {en}", actor=one.actor)


def _moved(before: str, after: str) -> Pair:
    (was, was_en), (to, to_en) = both(LEVELS, before), both(LEVELS, after)
    return (to, to_en) if before == "none" else (f"{was} → {to}", f"{was_en} → {to_en}")


def _acts(account: RunAccount) -> Iterator[Line]:
    return (_act(account, act) for act in account.acts)


def _act(account: RunAccount, act: ActOf) -> Line:
    zh, en = both(ACTS, act.kind)
    more_zh, more_en = _about(account, act)
    assignment = account.assignment_of.get(_number(act, "assignment", "assignment_id"))
    return Line(
        at=act.time,
        kind="act",
        zh=f"{zh}：{more_zh}" if more_zh else zh,
        en=f"{en}: {more_en}" if more_en else en,
        actor=act.actor,
        person_id=_person(act),
        division_id=assignment.division_id if assignment else None,
        words=act.reason,
        note=str(act.detail.get("attachment") or ""),
    )


def _about(account: RunAccount, act: ActOf) -> Pair:
    """What an act was about: a condition, a level, a task, a place in the command."""
    if act.kind in ("condition_met", "condition_unmet"):
        return _condition(account, str(act.detail.get("purpose", "terminate")), _number(act, "number"))
    if {"from", "to"} <= act.detail.keys():
        return _moved(str(act.detail["from"]), str(act.detail["to"]))
    task = account.task_of.get(act.task_id or 0)
    if task is not None:
        return _task(task)
    place = str(act.detail.get("place") or "")
    post = str((account.run.plan.get("command") or {}).get(place, place))
    return post, post


def _number(act: ActOf, *keys: str) -> int:
    return next((told for key in keys if isinstance(told := act.detail.get(key), int)), -1)


def _person(act: ActOf) -> UUID | None:
    try:
        return UUID(str(act.detail.get("person") or act.detail.get("person_id")))
    except ValueError:
        return None


def _task(task: TaskOf) -> Pair:
    return f"{task.task_key} {task.what}", f"{task.task_key} {task.what}"


def _condition(account: RunAccount, purpose: str, number: int) -> Pair:
    zh, en = both(PURPOSES, purpose)
    listed = conditions_of(account.run.plan, purpose)
    if not 0 <= number < len(listed):
        return zh, en
    said, said_en = condition_in_words(listed[number])
    return f"{zh}“{said}”", f"{said_en} ({en})"


def conditions_of(plan: Mapping[str, Any], purpose: str) -> Sequence[Any]:
    """The plan's list for that purpose, as acts number it."""
    if purpose == "upgrade":
        return list(plan.get("upgrade") or ())
    ends = plan.get("terminate") or {}
    return list(ends.get("all") or ends.get("any") or ())


def _started(account: RunAccount) -> Iterator[Line]:
    told = {act.task_id for act in account.acts if act.kind == "task_started"}
    for task in account.tasks:
        if task.started_at is not None and task.id not in told:
            zh, en = _task(task)
            by = task.post
            yield Line(
                at=task.started_at, kind="task", zh=f"任务开始：{zh}（{by}）", en=f"task begun: {en} ({by})",
                actor=task.added_by,
            )  # fmt: skip


def _call(account: RunAccount, call: CallOf) -> Line:
    zh, en = both(PARTS, call.part)
    task = account.task_for(call.assignment_id)
    return Line(
        at=call.called_at,
        kind="call",
        zh=f"叫应{zh}：{task.task_key} {_post(task, call)}",
        en=f"called {en}: {task.task_key} {_post(task, call)}",
        person_id=call.person_id,
        division_id=account.assignment_of[call.assignment_id].division_id,
    )


def _post(task: TaskOf, call: CallOf) -> str:
    return (task.backup or task.post) if call.part == "backup" else task.post


def _message(account: RunAccount, one: DeliveryOf) -> Line:
    (channel, channel_en), (state, state_en) = both(CHANNELS, one.channel), both(DELIVERY_STATES, one.state)
    call = account.call_of[one.call_id]
    key = account.task_for(call.assignment_id).task_key
    again, again_en = (f"，重发 {one.repeated} 次", f", repeated {one.repeated} times") if one.repeated else ("", "")
    times_zh, times_en = _receipts(one)
    return Line(
        at=one.sent_at or one.due_at,
        kind="message",
        zh=f"{channel}：{key} {state}{times_zh}{again}",
        en=f"{channel_en}: {key} {state_en}{times_en}{again_en}",
        person_id=call.person_id,
        division_id=account.assignment_of[call.assignment_id].division_id,
    )


def _receipts(one: DeliveryOf) -> Pair:
    """When it arrived and was read: one line for a message, not three."""
    told = [(one.delivered_at, "送达", "delivered"), (one.read_at, "阅读", "read")]
    known = [(clock(at), zh, en) for at, zh, en in told if at is not None]
    if not known:
        return "", ""
    return (
        f"（{'，'.join(f'{at} {zh}' for at, zh, _ in known)}）",
        f" ({', '.join(f'{en} {at}' for at, _, en in known)})",
    )


def _answer(account: RunAccount, one: AnswerOf) -> Line:
    zh, en = both(ANSWERS, one.kind)
    task = account.task_for(one.assignment_id)
    late = abs(one.received_at - one.tapped_at) > _LATE_TAP
    chosen = one.result if one.result in task.results else ""
    zh_parts = [
        f"应答“{zh}”：{task.task_key}", f"，结果：{chosen}" if chosen else "",
        f"（点按于 {clock(one.tapped_at)}，联网后收到）" if late else "", "" if one.counted else "（晚于办结，未计入）",
    ]  # fmt: skip
    en_parts = [
        f"answer: {en} ({task.task_key})", f", result: {chosen}" if chosen else "",
        f" (tapped at {clock(one.tapped_at)}, received later)" if late else "",
        "" if one.counted else " (came too late to count)",
    ]  # fmt: skip
    return Line(
        at=one.received_at,
        kind="answer",
        zh="".join(zh_parts),
        en="".join(en_parts),
        person_id=one.person_id,
        actor=None if one.person_id else one.actor,
        division_id=account.assignment_of[one.assignment_id].division_id,
        words="" if chosen else one.result or "",
        note=str(one.key),
    )


def _conditions(account: RunAccount) -> Iterable[Line]:
    """Those that no act tells of."""
    told = {
        (act.detail.get("purpose"), act.detail.get("number")) for act in account.acts if act.kind == "condition_met"
    }
    for one in account.conditions:
        if (one.purpose, one.number) not in told:
            zh, en = _condition(account, one.purpose, one.number)
            yield Line(
                at=one.met_at, kind="act", zh=f"条件已满足：{zh}", en=f"condition met: {en}", actor=one.met_by
            )  # fmt: skip


def _ended(account: RunAccount) -> Iterable[Line]:
    said = any(act.kind in ("terminated", "declined") for act in account.acts)
    if account.run.ended_at is not None and not said:
        yield Line(at=account.run.ended_at, kind="act", zh="运行结束", en="run ended")
