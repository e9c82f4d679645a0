"""Whether a body has the form of a plan: every fault at its place, not only the first, in both languages."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import fields

from alerts.plan_findings import Finding, Words, error
from alerts.plan_inherit import BY_ID, Body
from alerts.plans import Plan

_FIELDS = {field.name: field for field in fields(Plan)}
_PATH = re.compile(r" - at (?:`key` in )?`\$(.*)`$")
_GROUP = re.compile(r"\.(any|all)\.#(\d+)")
_ITEM = re.compile(r"\[(\d+)\]")
_KNOWN: tuple[tuple[re.Pattern[str], str], ...] = (  # what msgspec and alerts/plans.py say, in Chinese
    (re.compile(r"Object missing required field `(.+?)`"), "缺少“{0}”"),
    (re.compile(r"Object contains unknown field `(.+?)`"), "“{0}”不是预案的内容"),
    (re.compile(r"Expected `(\w+)(?: \| null)?`, got `(\w+)`"), "此处应为 {0}，填写的是 {1}"),
    (re.compile(r"Expected `(\w+)` >= (\d+)"), "不能小于 {1}"),
    (re.compile(r"Expected `\w+` of length >= (\d+)"), "至少填写 {0} 项"),
    (re.compile(r"Invalid enum value (.+)"), "没有 {0} 这一选项"),
    (re.compile(r"a task has a `limit_min` or a `repeat_min`"), "任务须有限时，或每隔多少分钟重复"),
    (re.compile(r"a trigger's `any` or `all` is empty"), "条件组是空的"),
    (re.compile(r"a trigger by rule lacks its `level`"), "按规则启动须选择级别"),
    (re.compile(r"a trigger says one of"), "每个条件只能是规则、官方预警、报告、条件组之一"),
    (re.compile(r"a `level` goes with"), "级别只用于规则或官方预警"),
    (re.compile(r"a termination has either"), "终止条件须为“全部满足”或“任一满足”，并至少一条"),
    (re.compile(r"an item of `(\w+)` has no `id`"), "“{0}”中有一项没有编号"),
)
WORDS: Mapping[str, str] = {  # of keys, for what is said of them
    "name": "名称", "trigger": "触发条件", "command": "指挥", "levels": "响应级别", "tasks": "任务",
    "terminate": "终止", "review": "复盘", "threatened": "受威胁", "routes": "路线", "shelters": "安置点",
    "resources": "物资",
    "notify": "通知单位", "upgrade": "升级条件", "privacy": "隐私", "id": "编号", "post": "岗位",
    "do": "任务内容", "backup": "替补岗位",
    "limit_min": "限时（分钟）", "limit_min_red": "红色时限时", "repeat_min": "重复间隔",
    "evidence": "结果材料", "result": "结果选项", "after": "前置任务", "from_level": "起始级别", "avoid": "避开",
    "way": "走向",
    "to": "通往", "capacity": "容量", "item": "物品", "count": "数量", "by": "签字人", "due_h": "复盘时限",
    "items": "复盘内容", "show_on_wall": "大屏显示", "map": "地图显示", "delete_after_close_d": "删除期限",
    "level": "级别", "rule": "规则", "official": "官方预警", "report": "报告", "str": "文字",
    "int": "整数", "array": "列表",
    "object": "一组内容", "null": "空", "bool": "是或否", "float": "小数",
}  # fmt: skip
_MEND: Mapping[str, Words] = {
    "limit_min": ("填写分钟数，至少 1", "write whole minutes, at least 1"),
    "level": ("选择蓝、黄、橙、红", "choose blue, yellow, orange or red"),
    "tasks": ("至少写一项任务", "write at least one task"),
    "capacity": ("填写人数，至少 1", "write a number of persons, at least 1"),
    "by": ("选择签字人", "choose who signs"),
}
_FILL: Words = ("请补填或改正此处", "fill it in or mend it here")
_TAKE_OUT: Words = ("请删去，或核对名称", "take it out, or check how it is called")


def read(body: Body) -> tuple[Plan | None, list[Finding]]:
    """The plan; None with every fault where it has not the form of one."""
    told = {"id": "?", **body}
    try:
        return msgspec.convert(told, Plan), []
    except msgspec.ValidationError as whole:
        found = list(_faults(told))
        return None, found or [fault("", str(whole))]


def _faults(body: Body) -> Iterator[Finding]:
    for name, field in _FIELDS.items():
        if name not in body:
            if field.required:
                yield fault(name, f"Object missing required field `{name}`")
        elif name in BY_ID and isinstance(body[name], Sequence) and not isinstance(body[name], str):
            yield from _faults_of_items(name, body[name], field.type)
        else:
            yield from _fault_of(name, body[name], field.type)
    for name in body.keys() - _FIELDS.keys():
        yield fault(str(name), f"Object contains unknown field `{name}`")


def _faults_of_items(name: str, items: Sequence[Any], kind: Any) -> Iterator[Finding]:
    if not items and _FIELDS[name].required:
        yield from _fault_of(name, items, kind)
    for number, item in enumerate(items):
        yield from _fault_of(name, [item], kind, at=item_place(name, number, item))


def item_place(name: str, number: int, item: Any) -> str:
    """Of an item: by its id, else by its number from 1."""
    key = item.get("id") if isinstance(item, Mapping) else getattr(item, "id", None)
    return f"{name}.{key if isinstance(key, str) and key else f'#{number + 1}'}"


def _fault_of(name: str, value: Any, kind: Any, at: str = "") -> Iterator[Finding]:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as refused:
        path = _PATH.search(str(refused))
        rest = path.group(1) if path else ""
        if at:
            rest = _ITEM.sub("", rest, count=1)
        yield fault((at or name) + _ITEM.sub(lambda found: f".#{int(found.group(1)) + 1}", rest), str(refused))


def fault(where: str, said: str) -> Finding:
    """One fault of form, in words."""
    reason = _PATH.sub("", said)
    if where.startswith("trigger."):
        where = _GROUP.sub(r".\2", where)  # as the linter tells it: trigger.3.1
    named = re.search(r"field `(.+?)`", reason)
    if named and where.rsplit(".", 1)[-1] != named.group(1):
        where = f"{where}.{named.group(1)}".strip(".")
    last = where.rsplit(".", 1)[-1]
    mend = _TAKE_OUT if "unknown field" in reason else _MEND.get(last, _FILL)
    return error(where or "id", "form", (_in_chinese(reason, last), reason), mend)


def _in_chinese(reason: str, last: str) -> str:
    for pattern, zh in _KNOWN:
        if found := pattern.search(reason):
            told = zh.format(*(WORDS.get(one, one) for one in found.groups()))
            word = WORDS.get(last, "")
            return told if word in ("", *found.groups()) or word in told else f"{word}：{told}"
    return f"{WORDS.get(last, '此处')}填写有误"
