"""A run's report, put together from its account."""

from dataclasses import replace
from datetime import datetime

from dispatch.account import RunAccount
from dispatch.paper import Paper, Telling, day_and_hour
from dispatch.paper_sections import sections, tallies
from dispatch.run_words import LEVELS, RUN_STATES, length, word


def write_paper(account: RunAccount, telling: Telling, *, at: datetime) -> Paper:
    """The report, as drawn at `at` by whoever's clock."""
    account = _shown(account, telling)
    run, zh = account.run, telling.zh
    mark = telling.say("演练，并非实情", "EXERCISE, NOT REAL") if account.is_drill else ""
    kind = telling.say("演练报告", "drill report") if account.is_drill else telling.say("运行报告", "run report")
    return Paper(
        language=telling.language,
        title=f"{run.name or run.plan_id}{'' if zh else ': '}{kind}",
        subtitle=f"{telling.places.get(run.township_id, '')} · {day_and_hour(run.started_at)}",
        mark=mark,
        drawn_at=at,
        facts=tuple(_facts(account, telling)),
        tallies=tuple(tallies(account, telling)),
        sections=tuple(sections(account, telling)),
        foot=telling.say(
            f"运行 {run.id} · 由系统记录自动生成，无人工填写 · {day_and_hour(at)}",
            f"run {run.id} · drawn from the system's records, nothing typed · {day_and_hour(at)}",
        ),
    )


def _shown(account: RunAccount, telling: Telling) -> RunAccount:
    """Without the words of tasks that were added by hand, where words of people are not shown."""
    tasks = tuple(
        one if one.added_by is None else replace(one, what=telling.written(one.what)) for one in account.tasks
    )
    return replace(account, tasks=tasks)


def _facts(account: RunAccount, telling: Telling) -> list[tuple[str, str]]:
    run, say = account.run, telling.say
    lasted = length((account.until - run.started_at).total_seconds(), telling.language)
    facts = [
        (say("预案", "Plan"), f"{run.plan_id} {run.name}".strip()),
        (say("镇街", "Township"), telling.places.get(run.township_id, "")),
        (say("状态", "State"), word(RUN_STATES, run.state, telling.language)),
        (say("响应等级", "Level"), word(LEVELS, run.level, telling.language)),
        (say("启动", "Started"), f"{day_and_hour(run.started_at)}{_by(account, telling)}"),
        (say("终止", "Ended"), day_and_hour(run.ended_at)),
        (say("历时", "Lasted") if run.ended_at else say("至今", "So far"), lasted),
        (say("复盘期限", "Review due"), day_and_hour(run.review_due_at)),
    ]
    if account.run.forgotten_at is not None:
        on = day_and_hour(run.forgotten_at)
        facts.append((say("个人信息", "Personal data"), say(f"已于 {on} 按期清除", f"deleted after its term, {on}")))
    return facts


def _by(account: RunAccount, telling: Telling) -> str:
    """Who or what started it."""
    run = account.run
    if run.started_by is None:
        return telling.say("（告警触发）", " (by an alert)")
    who, why = telling.account(run.started_by), telling.written(run.reason)
    told = "，".join(part for part in (telling.say("人工启动", "by hand"), who, why) if part)
    return telling.say(f"（{told}）", f" ({told.replace('，', ', ')})")
