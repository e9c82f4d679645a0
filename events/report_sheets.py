"""A daily or weekly report as sheets with Chinese heads: the summary first, then what it was summed up from."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from alerts.reports import RULE as REPORTED
from config.logs import BEIJING
from events.figures import Closure, StepTime, times_by_division
from events.kinds import shipped_kinds
from events.report_data import MOST_ROWS, Records, Row
from events.workbook import Column, SheetOut, Value, workbook
from people.posts import shipped_posts

GRADES = {"red": "红", "orange": "橙", "yellow": "黄", "blue": "蓝"}
ALERT_STATES = {
    "open": "待签收", "acknowledged": "已签收", "in_hand": "处置中", "resolved": "已解除", "closed": "已关闭",
}  # fmt: skip
CAUSES = {"real": "属实", "false": "误报", "drill": "演练", "test": "测试"}
RUN_STATES = {
    "proposed": "待确认", "open": "运行中", "declined": "未启动", "terminated": "已终止", "reviewed": "已复盘",
}  # fmt: skip
TASK_STATES = {
    "waiting": "未叫应", "called": "已叫", "delivered": "已送达", "read": "已读", "acknowledged": "已收到",
    "on_site": "已到场", "done": "已完成", "skipped": "已跳过", "stood_down": "已撤销",
}  # fmt: skip
EVENT_STATES = {
    "reported": "待受理", "accepted": "待指派", "assigned": "处置中", "handled": "待核查", "closed": "已办结",
}  # fmt: skip
LEVELS = {"grid": "网格", "village": "村社", "township": "镇街", "district": "区县"}
STEPS = {"accepted": "受理", "assigned": "指派", "handled": "处置", "verified": "核查", "whole": "全程"}
WHY = {"shift": "班次", "holder": "任职", "stand_in": "顶岗"}
_ALL = "合计"


class Report:
    """The sheets of one report."""

    def __init__(self, made: Records, names: Mapping[UUID, str], *, weekly: bool, of: str, told_at: datetime) -> None:
        """`of`: whose report it is; `names`: of people, where they may be told."""
        self._made, self._names = made, names
        self._kind = "周报" if weekly else "日报"
        self._of = of
        last = made.period.until - timedelta(microseconds=1)
        span = _day(made.period.since) if not weekly else f"{_day(made.period.since)} 至 {_day(last)}"
        self._note = f"{span}　{of}　生成时间 {_minute(told_at)}"

    def excel(self) -> bytes:
        """The whole file."""
        return workbook(self.sheets(), foot=f"实景 {self._kind}　{self._of}　由系统记录自动生成")

    def sheets(self) -> list[SheetOut]:
        """All of them, in order."""
        return [
            self._summary(),
            self._sheet("办结统计", "事件办结统计（小事不出网格、大事不出社区）", _CLOSURE, self._closure()),
            self._sheet("事件", "事件清单", _EVENTS, map(self._event, self._made.events), self._made.events),
            self._sheet("告警", "监测告警清单", _ALERTS, map(self._alert, self._made.alerts), self._made.alerts),
            self._sheet("预案运行", "预案运行清单", _RUNS, map(self._run, self._made.runs), self._made.runs),
            self._sheet(
                "任务应答", "任务叫应清单", _ANSWERED, map(self._answered, self._made.answered), self._made.answered
            ),
            self._sheet("值守", "值守情况", _DUTY, self._duty(), self._made.duty),
        ]

    def _sheet(
        self,
        name: str,
        title: str,
        columns: Sequence[Column],
        rows: Any,
        counted: Sequence[Any] = (),
    ) -> SheetOut:
        cut = f"　仅列前 {MOST_ROWS} 条" if len(counted) >= MOST_ROWS else ""
        return SheetOut(name=name, title=title, note=self._note + cut, columns=columns, rows=rows)

    def _summary(self) -> SheetOut:
        return SheetOut(
            name="概况",
            title=f"基层治理{self._kind}",
            note=self._note,
            columns=_SUMMARY,
            rows=self._summed(),
            upright=True,
        )

    def _summed(self) -> Iterator[Sequence[Value]]:
        made, total = self._made, _total(self._made.closure)
        colours = Counter(GRADES.get(row["peak"]) for row in made.alerts)
        yield "告警", "监测告警", len(made.alerts), "条"
        for colour in GRADES.values():
            yield "告警", f"其中{colour}色", colours[colour], "条"
        yield "告警", "已解除或关闭", sum(row["state"] in ("resolved", "closed") for row in made.alerts), "条"
        yield "预案", "运行的预案", len(made.runs), "次"
        yield "预案", "其中演练", sum(bool(row["drill"]) for row in made.runs), "次"
        yield "任务", "叫应的任务", len(made.answered), "项"
        yield "任务", "已应答", sum(row["acknowledged_at"] is not None for row in made.answered), "项"
        yield "任务", "已完成", sum(row["state"] == "done" for row in made.answered), "项"
        yield "任务", "超时", sum(row["overdue"] for row in made.answered), "项"
        yield "事件", "上报事件", total.reported, "件"
        yield "事件", "其中紧急", total.urgent, "件"
        yield "事件", "已办结", total.closed, "件"
        for level, zh in LEVELS.items():
            yield "事件", f"在{zh}办结", getattr(total, f"closed_{level}"), "件"
        yield "事件", "办结率", _share(total.rate()), ""
        yield "事件", "不出网格", _share(total.within_grid()), "占已办结"
        yield "事件", "不出社区", _share(total.within_village()), "占已办结"
        yield "事件", "有环节超时", total.was_late, "件"
        yield "事件", "目前超时", total.overdue, "件"
        for step in _times(made.times).get((None, True), {}).values():
            yield "用时", f"{STEPS[step.act]}（中位）", _minutes(step.median_s), "分钟"
            yield "用时", f"{STEPS[step.act]}（九成以内）", _minutes(step.p90_s), "分钟"

    def _closure(self) -> Iterator[Sequence[Value]]:
        times = _times(self._made.times)
        for one in self._made.closure:
            step = times.get((one.division_id, one.of_all), {})
            yield (
                _ALL if one.of_all else self._place(one.division_id) or "—",
                one.reported, one.urgent, one.closed, one.rate(),
                one.closed_grid, one.closed_village, one.closed_township, one.closed_district,
                one.within_grid(), one.within_village(), one.was_late, one.overdue,
                *_two(step.get("accepted")), *_two(step.get("handled")), *_two(step.get("whole")),
            )  # fmt: skip

    def _event(self, row: Row) -> Sequence[Value]:
        kinds = shipped_kinds()
        kind, result = kinds.kinds.get(row["kind"]), kinds.results.get(row["result"] or "")
        return (
            row["id"], kind.zh if kind else row["kind"], "紧急" if row["urgent"] else "",
            self._place(row["township_id"]), self._place(row["village_id"]),
            self._place(row["grid_id"]) or "不在网格内",
            _minute(row["reported_at"]), _minute(row["accepted_at"]), _minute(row["handled_at"]),
            _minute(row["closed_at"]), EVENT_STATES.get(row["state"], row["state"]),
            LEVELS.get(row["closed_level"] or row["level"], ""), result.zh if result else row["result"] or "",
            "是" if row["was_late"] else "",
        )  # fmt: skip

    def _alert(self, row: Row) -> Sequence[Value]:
        return (
            _minute(row["opened_at"]), GRADES.get(row["peak"], ""), GRADES.get(row["level"], ""), row["what"],
            self._rule(row["rule_id"]), self._place(row["township_id"]), self._place(row["grid_id"]),
            ALERT_STATES.get(row["state"], row["state"]), _minute(row["acknowledged_at"]),
            _minute(row["resolved_at"]), CAUSES.get(row["cause"] or "", row["cause"] or ""),
        )  # fmt: skip

    def _run(self, row: Row) -> Sequence[Value]:
        return (
            row["plan_id"], row["name"], self._place(row["township_id"]), GRADES.get(row["level"], ""),
            RUN_STATES.get(row["state"], row["state"]), "演练" if row["drill"] else "", _minute(row["started_at"]),
            _minute(row["terminated_at"]), row["tasks"], row["done"], row["overdue"],
        )  # fmt: skip

    def _answered(self, row: Row) -> Sequence[Value]:
        return (
            row["plan_id"], row["what"], row["post"], self._place(row["division_id"]), self._name(row["person_id"]),
            TASK_STATES.get(row["state"], row["state"]), _minute(row["called_at"]), _minute(row["acknowledged_at"]),
            _minute(row["on_site_at"]), _minute(row["done_at"]), _minute(row["due_at"]),
            "是" if row["overdue"] else "", row["result"] or "",
        )  # fmt: skip

    def _duty(self) -> Iterator[Sequence[Value]]:
        posts = shipped_posts()
        for turn in self._made.duty:
            post = posts.get(turn.who.post)
            yield (
                _minute(turn.at), self._place(turn.township_id), post.zh if post else turn.who.post,
                self._name(turn.who.person_id), WHY[turn.who.why],
                self._name(turn.who.instead_of) if turn.who.instead_of else "",
            )  # fmt: skip

    def _rule(self, rule_id: str) -> str:
        return "人工上报" if rule_id == REPORTED else self._made.rules.get(rule_id, rule_id)

    def _place(self, division_id: int | None) -> str:
        return "" if division_id is None else self._made.places.get(division_id, "")

    def _name(self, person_id: UUID | None) -> str:
        return "" if person_id is None else self._names.get(person_id, "—")


def _total(rows: Sequence[Closure]) -> Closure:
    return next(one for one in rows if one.of_all)  # there always is one, of nothing, too


def _times(rows: Sequence[StepTime]) -> Mapping[tuple[int | None, bool], Mapping[str, StepTime]]:
    return times_by_division(rows)


def _two(step: StepTime | None) -> tuple[Value, Value]:
    return (None, None) if step is None else (_minutes(step.median_s), _minutes(step.p90_s))


def _minutes(seconds: float) -> float:
    return round(seconds / 60, 1)


def _share(share: float | None) -> str:
    return "—" if share is None else f"{share * 100:.1f}%"


def _minute(at: datetime | None) -> str:
    return "" if at is None else f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M}"


def _day(at: datetime) -> str:
    return f"{at.astimezone(BEIJING):%Y-%m-%d}"


def _columns(*told: tuple[str, int]) -> tuple[Column, ...]:
    """Heads and widths; % behind a head: shares, >: to the right, whatever stands there."""
    return tuple(
        Column(zh=zh.rstrip("%>"), width=width, percent=zh.endswith("%"), right=zh.endswith(">")) for zh, width in told
    )


_SUMMARY = _columns(("类别", 12), ("项目", 26), ("数值>", 14), ("单位", 14))
_CLOSURE = _columns(
    ("镇街", 18), ("上报", 8), ("紧急", 8), ("办结", 8), ("办结率%", 9), ("网格办结", 8), ("村社办结", 8),
    ("镇街办结", 8), ("区县办结", 8), ("不出网格%", 9), ("不出社区%", 9), ("有超时", 8), ("目前超时", 8),
    ("受理中位（分）", 10), ("受理九成（分）", 10), ("处置中位（分）", 10), ("处置九成（分）", 10),
    ("全程中位（分）", 10), ("全程九成（分）", 10),
)  # fmt: skip
_EVENTS = _columns(
    ("编号", 8), ("类别", 14), ("紧急", 6), ("镇街", 14), ("村社", 14), ("网格", 16), ("上报时间", 17),
    ("受理时间", 17), ("处置时间", 17), ("办结时间", 17), ("状态", 8), ("层级", 8), ("结果", 14), ("超时", 6),
)  # fmt: skip
_ALERTS = _columns(
    ("发生时间", 17), ("最高级别", 8), ("现级别", 8), ("内容", 24), ("规则", 18), ("镇街", 14), ("网格", 16),
    ("状态", 9), ("签收时间", 17), ("解除时间", 17), ("定性", 8),
)  # fmt: skip
_RUNS = _columns(
    ("预案编号", 12), ("预案", 24), ("镇街", 14), ("级别", 6), ("状态", 9), ("演练", 6), ("启动时间", 17),
    ("终止时间", 17), ("任务数", 8), ("已完成", 8), ("超时", 8),
)  # fmt: skip
_ANSWERED = _columns(
    ("预案编号", 10), ("任务", 28), ("岗位", 12), ("地点", 16), ("应答人", 10), ("状态", 9), ("叫应时间", 17),
    ("收到", 17), ("到场", 17), ("完成", 17), ("时限", 17), ("超时", 6), ("结果", 14),
)  # fmt: skip
_DUTY = _columns(("时间", 17), ("镇街", 18), ("岗位", 14), ("在岗人", 14), ("依据", 10), ("代", 14))
