"""The sheets of a workbook of plans: which columns there are, and how a cell tells what it tells.

A list in a cell has an item a line. In a plan that inherits, what is inherited is an empty cell; GONE takes it away.
"""

from collections.abc import Mapping
from dataclasses import dataclass

GONE = "（去掉）"
HELP = "说明"
YES = "是"


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a sheet."""

    name: str
    zh: str
    hint: str = ""
    width: int = 14


@dataclass(frozen=True, kw_only=True)
class SheetForm:
    """One sheet."""

    name: str
    zh: str
    columns: tuple[Column, ...]

    def column(self, head: str) -> str | None:
        """Our name of a column, by its head in Chinese or ours."""
        plain = head.strip()
        return next((one.name for one in self.columns if plain in (one.zh, one.name)), None)


_PLAN = Column(
    name="plan", zh="预案编号", hint="只有一个预案时可不填 may be left empty where there is one plan only", width=16
)
_DIVISION = Column(
    name="division", zh="区划代码", hint="9 位镇街代码；留空为全市 code of the township; empty: the city"
)
_LEVEL = "蓝、黄、橙、红 blue, yellow, orange, red"

PLAN = SheetForm(
    name="plan",
    zh="预案",
    columns=(
        Column(name="plan", zh="预案编号", hint="如 FLD-02；必填 needed", width=16),
        _DIVISION,
        Column(name="template", zh="继承自", hint="模板的预案编号 code of the template"),
        Column(name="is_template", zh="仅作模板", hint="是 yes：本身不启动 it starts nothing itself", width=10),
        Column(name="name", zh="名称", hint="必填，继承的除外 needed unless inherited", width=30),
        Column(name="relation", zh="启动条件关系", hint="任一 any、全部 all；见“触发”表"),
        Column(name="confirm_within_min", zh="确认时限（分钟）", hint="留空为立即启动 empty: it starts at once"),
        Column(name="suppress", zh="不启动的情形", hint="每行一条 one a line", width=24),
        Column(name="by", zh="终止签字人", hint="指挥表中的位置，如 指挥长", width=12),
        Column(name="end_relation", zh="终止条件关系", hint="任一 any、全部 all；见“终止”表"),
        Column(name="due_h", zh="复盘时限（小时）"),
        Column(name="items", zh="复盘内容", hint="每行一条 one a line", width=24),
        Column(name="show_on_wall", zh="大屏显示", hint="是、否 yes, no", width=10),
        Column(name="map", zh="地图显示", hint="point 点位、grid 网格、none 不显示", width=10),
        Column(name="delete_after_close_d", zh="结束后几天删除个人信息"),
        Column(name="revise_by", zh="修订期限", hint="2029-11-26；留空为三年 empty: three years"),
        Column(name="note", zh="说明", width=24),
    ),
)
TRIGGER = SheetForm(
    name="trigger",
    zh="触发",
    columns=(
        _PLAN,
        _DIVISION,
        Column(name="number", zh="序号", hint="1、2、3；组内的写 3.1、3.2", width=8),
        Column(name="kind", zh="类型", hint="规则、官方预警、报告、任一、全部", width=12),
        Column(name="what", zh="内容", hint="规则编号、预警类型代码或报告原话", width=24),
        Column(name="level", zh="级别", hint=_LEVEL, width=10),
    ),
)
TASKS = SheetForm(
    name="tasks",
    zh="任务",
    columns=(
        _PLAN,
        _DIVISION,
        Column(name="id", zh="编号", hint="T1、T2……", width=8),
        Column(name="drop", zh="不要此项", hint="是 yes：去掉继承来的 takes an inherited one out", width=10),
        Column(name="post", zh="岗位", hint="岗位名称，或外部单位 a post, or a party outside"),
        Column(name="backup", zh="替补岗位"),
        Column(name="do", zh="做什么", width=34),
        Column(name="limit_min", zh="限时（分钟）", hint="从启动算起；限时、重复至少填一项", width=12),
        Column(name="limit_min_red", zh="红色时限时", width=12),
        Column(name="repeat_min", zh="每几分钟重复", width=12),
        Column(name="from_level", zh="起始级别", hint="IV、III、II、I；留空为一启动就做", width=10),
        Column(name="after", zh="前置任务", hint="任务编号，每行一个", width=10),
        Column(name="evidence", zh="结果材料", width=18),
        Column(name="result", zh="结果选项", hint="每行一个 one a line", width=18),
    ),
)
COMMAND = SheetForm(
    name="command",
    zh="指挥",
    columns=(
        _PLAN,
        _DIVISION,
        Column(name="place", zh="位置", hint="指挥长、A岗、B岗、现场负责人……"),
        Column(name="post", zh="职务或岗位", width=24),
    ),
)
LEVELS = SheetForm(
    name="levels",
    zh="响应级别",
    columns=(
        _PLAN,
        _DIVISION,
        Column(name="level", zh="级别", hint="IV、III、II、I，或 blue、yellow、orange、red", width=10),
        Column(name="what", zh="怎么做", width=40),
    ),
)
THREATENED = SheetForm(
    name="threatened",
    zh="受威胁",
    columns=(
        _PLAN,
        _DIVISION,
        Column(name="what", zh="项目", hint="households 户数、persons 人数、need_carry 需背扶"),
        Column(name="count", zh="数量"),
    ),
)
SHELTERS = SheetForm(
    name="shelters",
    zh="安置点",
    columns=(
        _PLAN,
        _DIVISION,
        Column(name="id", zh="编号", hint="S1、S2……", width=8),
        Column(name="drop", zh="不要此项", width=10),
        Column(name="name", zh="名称", width=24),
        Column(name="capacity", zh="容纳人数"),
    ),
)
ROUTES = SheetForm(
    name="routes",
    zh="路线",
    columns=(
        _PLAN,
        _DIVISION,
        Column(name="id", zh="编号", hint="R1、R2……", width=8),
        Column(name="drop", zh="不要此项", width=10),
        Column(name="avoid", zh="避开", width=30),
        Column(name="to", zh="通往安置点", hint="安置点编号 id of a shelter"),
        Column(name="way", zh="走向", hint="各点的 经度,纬度，以空格分隔 lon,lat lon,lat", width=40),
    ),
)
RESOURCES = SheetForm(
    name="resources",
    zh="物资",
    columns=(_PLAN, _DIVISION, Column(name="item", zh="物品", width=24), Column(name="count", zh="数量")),
)
NOTIFY = SheetForm(name="notify", zh="通知单位", columns=(_PLAN, _DIVISION, Column(name="party", zh="单位", width=24)))
_CONDITION = (
    _PLAN,
    _DIVISION,
    Column(name="kind", zh="方式", hint="人工 a person ticks it、监测 the system measures it", width=10),
    Column(name="condition", zh="条件", hint="文字；监测的如 {below: yellow, for_h: 24}", width=44),
)
UPGRADE = SheetForm(name="upgrade", zh="升级", columns=_CONDITION)
TERMINATE = SheetForm(name="terminate", zh="终止", columns=_CONDITION)

SHEETS = (
    PLAN, TRIGGER, LEVELS, TASKS, COMMAND, THREATENED, SHELTERS, ROUTES, RESOURCES, NOTIFY, UPGRADE, TERMINATE,
)  # fmt: skip
COUNTS = frozenset({"confirm_within_min", "due_h", "delete_after_close_d", "limit_min", "limit_min_red", "repeat_min",
                    "capacity", "count"})  # fmt: skip
LISTS = frozenset({"suppress", "items", "after", "result"})
TRUTHS = frozenset({"show_on_wall"})

KINDS: Mapping[str, str] = {"rule": "规则", "official": "官方预警", "report": "报告", "any": "任一", "all": "全部"}
LEVEL_WORDS: Mapping[str, str] = {"blue": "蓝", "yellow": "黄", "orange": "橙", "red": "红"}
THREATS: Mapping[str, str] = {"households": "户数", "persons": "人数", "need_carry": "需背扶"}
MEASURED, SAID = "监测", "人工"
