"""The parts of a run's report, each a heading and a table."""

from collections.abc import Iterator
from uuid import UUID

from dispatch.account import AssignmentOf, RunAccount
from dispatch.condition_words import condition_in_words
from dispatch.figures import Figures, Spread, StepFigures, figures
from dispatch.paper import Section, Table, Telling, day_and_hour, moment
from dispatch.review import review_items, written_by
from dispatch.run_words import ACTS, CHANNELS, LEVELS, PARTS, PURPOSES, TASK_STATES, length, percent, word
from dispatch.score import score
from dispatch.timeline import Line, conditions_of, timeline

_SIGNED = frozenset({"confirmed", "confirmed_unasked", "declined", "signed", "terminated"})


def tallies(account: RunAccount, telling: Telling) -> Iterator[tuple[str, str, str]]:
    """The figures at the head: what, how much, made of what."""
    told, say, language = figures(account), telling.say, telling.language
    whole = told.whole
    yield say("叫应率", "Answer rate"), percent(whole.answer_rate), f"{whole.answered} / {whole.asked}"
    for zh, en, step in (("应答用时", "To answer", whole.acknowledge), ("到场用时", "To be on site", whole.arrive),
                         ("完成用时", "To be done", whole.close)):  # fmt: skip
        ninth = f"P90 {length(step.p90_s, language)}" if step.count else ""
        yield say(zh, en), length(step.median_s, language), ninth
    yield say("超时", "Late"), str(whole.late), say(f"共 {whole.assigned} 项", f"of {whole.assigned}")
    yield say("无人应答", "Unanswered"), str(whole.unanswered), say(f"呼叫 {told.calls} 人次", f"{told.calls} calls")
    yield say("动用替补", "Backups called"), str(told.backups), ""
    if told.persons_moved is not None:
        planned = told.persons_threatened
        note = "" if planned is None else say(f"预案涉险 {planned} 人", f"{planned} in the plan")
        yield say("转移人数", "Persons moved"), str(told.persons_moved), note


def sections(account: RunAccount, telling: Telling) -> Iterator[Section]:
    """All that the run has."""
    told = figures(account)
    if account.is_drill:
        yield _score(account, telling)
    yield _alerts(account, telling)
    yield _tasks(account, telling)
    yield _steps(told, telling)
    yield _ladder(told, telling)
    yield _late(account, told, telling)
    yield _conditions(account, telling)
    if (account.run.plan.get("review") or {}).get("items"):
        yield _review(account, telling)
    yield _timeline(account, telling)


def _score(account: RunAccount, telling: Telling) -> Section:
    say, found = telling.say, score(account)
    rows = tuple(
        (say(one.zh, one.en), f"{one.weight:g}", "—" if one.share is None else f"{found.points_of(one):.1f}",
         one.reason(telling.language))
        for one in found.parts
    )  # fmt: skip
    points = "—" if found.points is None else str(found.points)
    return Section(
        id="score",
        heading=say(f"演练评分：{points} 分（满分 100）", f"Score of the drill: {points} of 100"),
        notes=(
            say(
                "权重见 config/drill_score.toml（默认值，可调整）；未涉及的项不计分，其权重由其余各项分担。",
                "Weights: config/drill_score.toml (defaults, to be set); a part without occasion is left out, the rest"
                " share its weight.",
            ),
        ),
        table=Table(
            head=(say("项目", "Part"), say("权重", "Weight"), say("得分", "Points"), say("依据", "Why")),
            rows=rows,
            numbers=frozenset({1, 2}),
            wide=3,
        ),
    )


def _alerts(account: RunAccount, telling: Telling) -> Section:
    say, start = telling.say, account.run.started_at
    rows = tuple(
        (str(one.id), telling.rule(one.rule_id), telling.thing(one.title or one.label),
         word(LEVELS, one.level, telling.language), telling.place(one.division_id), moment(one.opened_at, start),
         moment(one.resolved_at, start))
        for one in account.alerts
    )  # fmt: skip
    head = (say("编号", "No."), say("规则", "Rule"), say("对象", "Subject"), say("最高等级", "Highest level"),
            say("地点", "Place"), say("发生", "Raised"), say("解除", "Resolved"))  # fmt: skip
    return Section(
        id="alerts",
        heading=say("触发与关联告警", "Alerts"),
        table=Table(head=head, rows=rows, times=frozenset({5, 6}), wide=1),
        empty=say("无，人工启动。", "None: it was started by hand."),
    )


def _tasks(account: RunAccount, telling: Telling) -> Section:
    say = telling.say
    rows = [row for task in account.tasks for row in _task_rows(account, task.id, telling)]
    head = (say("任务", "Task"), say("地点", "Place"), say("岗位与责任人", "Post and person"), say("叫应", "Called"),
            say("收到", "Acknow­ledged"), say("到场", "On site"), say("完成", "Done"), say("期限", "Due"),
            say("结果", "Outcome"))  # fmt: skip
    return Section(
        id="tasks",
        heading=say("任务执行", "Tasks"),
        table=Table(head=head, rows=tuple(rows), times=frozenset(range(3, 8)), wide=0),
        empty=say("没有任务。", "There is no task."),
    )


def _task_rows(account: RunAccount, task_id: int, telling: Telling) -> Iterator[tuple[str, ...]]:
    task, start = account.task_of[task_id], account.run.started_at
    what = f"{task.task_key} {task.what}"
    assigned = account.assigned(task)
    if not assigned:
        state = word(TASK_STATES, task.state, telling.language)
        yield (what, "", task.post, "—", "—", "—", "—", moment(task.due_at, start), state)
    for one in assigned:
        yield (
            what if one is assigned[0] else task.task_key,
            telling.place(one.division_id),
            " ".join(part for part in (task.post, telling.person(one.person_id)) if part),
            moment(one.called_at, start),
            moment(one.acknowledged_at, start),
            moment(one.on_site_at, start),
            moment(one.done_at, start),
            moment(one.due_at, start),
            _outcome(account, one, telling),
        )


def _outcome(account: RunAccount, one: AssignmentOf, telling: Telling) -> str:
    task, late = account.task_of[one.task_id], one.is_late(account.until)
    told = [word(TASK_STATES, one.state, telling.language)]
    if late:
        told.append(telling.say("超时", "late"))
    if one.result:
        told.append(one.result if one.result in task.results else telling.written(one.result))
    return telling.say("，", ", ").join(told)


def _steps(told: Figures, telling: Telling) -> Section:
    say = telling.say
    rows = [_step_row(task.task_key, one, telling) for task, one in told.tasks]
    rows.append(_step_row(say("合计", "All"), told.whole, telling))
    head = (say("任务", "Task"), say("应答/叫应", "Answered"), say("叫应率", "Rate"), say("送达", "Delivered"),
            say("应答", "Acknow­ledged"), say("到场", "On site"), say("完成", "Done"), say("超时", "Late"))  # fmt: skip
    return Section(
        id="steps",
        heading=say("各步用时（自叫应起，中位数 / P90）", "Times by step (from the call: median / P90)"),
        notes=(say("“已读”不算应答。", "Read is not acknowledged."),),
        table=Table(head=head, rows=tuple(rows), numbers=frozenset({1, 2, 7}), wide=0),
    )


def _step_row(name: str, one: StepFigures, telling: Telling) -> tuple[str, ...]:
    steps = (one.deliver, one.acknowledge, one.arrive, one.close)
    spans = tuple(_spread(step, telling) for step in steps)
    return (name, f"{one.answered} / {one.asked}", percent(one.answer_rate), *spans, str(one.late))


def _spread(step: Spread, telling: Telling) -> str:
    if not step.count:
        return "—"
    return f"{length(step.median_s, telling.language)} / {length(step.p90_s, telling.language)}"


def _ladder(told: Figures, telling: Telling) -> Section:
    say = telling.say
    rows = tuple(
        (str(one.rung + 1), word(CHANNELS, one.channel, telling.language), str(one.persons), str(one.messages),
         str(one.delivered), str(one.failed), str(one.skipped), str(one.brought_answer))
        for one in told.rungs
    )  # fmt: skip
    head = (say("级", "Rung"), say("渠道", "Channel"), say("人次", "Calls"), say("消息", "Messages"),
            say("送达", "Delivered"), say("失败", "Failed"), say("未发", "Passed over"),
            say("促成应答", "Brought the answer"))  # fmt: skip
    return Section(
        id="ladder",
        heading=say("叫应阶梯", "The ladder of calls"),
        table=Table(head=head, rows=rows, numbers=frozenset({0, *range(2, 8)}), wide=1),
        empty=say("没有发出消息。", "No message was sent."),
    )


def _late(account: RunAccount, told: Figures, telling: Telling) -> Section:
    say, start = telling.say, account.run.started_at
    rows = [
        (say("超时", "Late"), account.task_of[one.task_id].task_key, telling.place(one.division_id),
         telling.person(one.person_id), moment(one.due_at, start), _overrun(account, one, telling))
        for one in told.late
    ] + [
        (say("无人应答", "Unanswered"), account.task_for(call.assignment_id).task_key,
         telling.place(account.assignment_of[call.assignment_id].division_id), telling.person(call.person_id),
         moment(call.called_at, start), word(PARTS, call.part, telling.language))
        for call in told.unanswered
    ]  # fmt: skip
    head = (say("情形", "What"), say("任务", "Task"), say("地点", "Place"), say("人员", "Person"),
            say("期限/叫应", "Due / called"), say("说明", "How"))  # fmt: skip
    return Section(
        id="late",
        heading=say("超时与无人应答", "Late and unanswered"),
        table=Table(head=head, rows=tuple(rows), times=frozenset({4}), wide=5),
        empty=say("无。", "None."),
    )


def _overrun(account: RunAccount, one: AssignmentOf, telling: Telling) -> str:
    ended = one.done_at or one.ended_at
    by = length(((ended or account.until) - one.due_at).total_seconds(), telling.language)
    if ended is None:
        return telling.say(f"至今未完成，超出 {by}", f"not done, {by} over")
    return telling.say(f"超出 {by}", f"{by} over")


def _conditions(account: RunAccount, telling: Telling) -> Section:
    say, start = telling.say, account.run.started_at
    rows = [*_conditions_of(account, telling)]
    for act in account.acts:
        if act.kind in _SIGNED:
            what = word(ACTS, act.kind, telling.language)
            rows.append((say("签字与确认", "Signature"), what, moment(act.time, start), telling.account(act.actor)))
    return Section(
        id="conditions",
        heading=say("条件、确认与签字", "Conditions and signatures"),
        table=Table(
            head=(say("类别", "Kind"), say("内容", "What"), say("时间", "When"), say("由", "By")),
            rows=tuple(rows),
            times=frozenset({2}),
            wide=1,
        ),
        empty=say("预案未列条件。", "The plan lists none."),
    )


def _conditions_of(account: RunAccount, telling: Telling) -> Iterator[tuple[str, ...]]:
    met = {(str(one.purpose), one.number): one for one in account.conditions}
    for purpose in ("upgrade", "terminate"):
        kind = word(PURPOSES, purpose, telling.language)
        for number, condition in enumerate(conditions_of(account.run.plan, purpose)):
            said, found = condition_in_words(condition)[0 if telling.zh else 1], met.get((purpose, number))
            if found is None:
                yield kind, said, "—", ""
            else:
                yield kind, said, moment(found.met_at, account.run.started_at), _met_by(found.met_by, telling)


def _met_by(actor: UUID | None, telling: Telling) -> str:
    if actor is None:
        return telling.say("系统测定", "measured")
    return telling.account(actor) or telling.say("人工确认", "by hand")


def _review(account: RunAccount, telling: Telling) -> Section:
    say, place = telling.say, 0 if telling.zh else 1
    rows = tuple(
        (one.item, one.filled[place] if one.filled else say("（待人工填写）", "(for a person to say)"),
         "；".join(part for part in (telling.written(one.written), "" if one.written else one.left[place]) if part))
        for one in review_items(account)
    )  # fmt: skip
    done = written_by(account)
    if done is not None:
        note = say(f"复盘于 {day_and_hour(done[0])}", f"Reviewed {day_and_hour(done[0])}")
    else:
        due = day_and_hour(account.run.review_due_at)
        note = say(f"复盘期限 {due}", f"Due by {due}")
    head = (say("项目", "Item"), say("系统统计", "By the system"), say("人工补充", "By a person"))
    return Section(id="review", heading=say("复盘", "Review"), notes=(note,), table=Table(head=head, rows=rows, wide=2))


def _timeline(account: RunAccount, telling: Telling) -> Section:
    say, start = telling.say, account.run.started_at
    rows = tuple(
        (moment(line.at, start), _told(line, telling), telling.place(line.division_id), _who(line, telling))
        for line in timeline(account)
    )
    head = (say("时间", "Time"), say("事项", "What"), say("地点", "Place"), say("人员", "Who"))
    table = Table(head=head, rows=rows, times=frozenset({0}), wide=1)
    return Section(id="timeline", heading=say("时间线", "Timeline"), table=table)


def _told(line: Line, telling: Telling) -> str:
    text, colon = line.text(telling.language), telling.say("：", ": ")
    about = (
        " ".join(one for one in (telling.rule(line.rule_id), telling.thing(line.thing)) if one) if line.rule_id else ""
    )
    told = telling.say("，", ", ").join(part for part in (text, about) if part)
    written = telling.written(line.words or telling.notes.get(line.note, "")) if line.words or line.note else ""
    if not written:
        return told
    return f"{told}{telling.say('。说明：', '. Note: ')}{written}" if colon in told else f"{told}{colon}{written}"


def _who(line: Line, telling: Telling) -> str:
    return " ".join(one for one in (telling.person(line.person_id), telling.account(line.actor)) if one)
