"""Conditions of a plan in words, in both languages."""

from collections.abc import Callable, Mapping
from typing import Any

_COLOURS: Mapping[str, tuple[str, str]] = {
    "blue": ("蓝", "blue"),
    "yellow": ("黄", "yellow"),
    "orange": ("橙", "orange"),
    "red": ("红", "red"),
}
Words = tuple[str, str]


def condition_in_words(condition: Any) -> Words:
    """In Chinese and in English; one in free text is in its own words in both."""
    if isinstance(condition, str):
        return condition, condition
    told = next((words(condition) for key, words in _WORDS.items() if key in condition), None)
    return told or (str(condition), str(condition))


def _below(one: dict[str, Any]) -> Words:
    zh, en = _colour(one["below"])
    hours, minutes = one.get("for_h"), one.get("for_min")
    lasting = (f"{hours} 小时", f"{hours} h") if hours else (f"{minutes} 分钟", f"{minutes} min")
    return f"告警低于{zh}级持续 {lasting[0]}", f"alerts below {en} for {lasting[1]}"


def _stage(one: dict[str, Any]) -> Words:
    by = f"{float(one['stage_below_warning_m']):g}"
    falling = ("且正在回落", " and falling") if one.get("falling") else ("", "")
    return f"水位低于警戒 {by} 米{falling[0]}", f"stage {by} m below warning{falling[1]}"


def _depth(one: dict[str, Any]) -> Words:
    depth, minutes = one["depth_below_cm"], one.get("for_min", 0)
    return f"积水低于 {depth} 厘米持续 {minutes} 分钟", f"water below {depth} cm for {minutes} min"


def _rate(one: dict[str, Any]) -> Words:
    rate, unit = one["rate_over"], one.get("unit", "m/h")
    return f"涨率超过 {rate} {unit.replace('m/h', '米/小时')}", f"rising faster than {rate} {unit}"


def _unanswered(one: dict[str, Any]) -> Words:
    minutes = one["unanswered_min"]
    return f"有人超过 {minutes} 分钟未应答", f"somebody has not answered for {minutes} min"


def _rule(one: dict[str, Any]) -> Words:
    zh, en = _colour(one.get("level", ""))
    return f"规则 {one['rule']} 达到{zh}级", f"rule {one['rule']} at {en}"


def _official(one: dict[str, Any]) -> Words:
    zh, en = _colour(one.get("level", ""))
    at = (f" {zh}级", f" at {en}") if zh else ("", "")
    return f"官方预警 {one['official']}{at[0]}", f"official warning {one['official']}{at[1]}"


def _report(one: dict[str, Any]) -> Words:
    return f"上报：{one['report']}", f"reported: {one['report']}"


def _group(one: dict[str, Any]) -> Words:
    told = [condition_in_words(part) for part in one.get("all") or one.get("any") or ()]
    zh, en = ("且", " and ") if "all" in one else ("或", " or ")
    return zh.join(words[0] for words in told), en.join(words[1] for words in told)


def _colour(level: Any) -> Words:
    return _COLOURS.get(str(level), (str(level), str(level)))


_WORDS: Mapping[str, Callable[[dict[str, Any]], Words]] = {
    "below": _below,
    "stage_below_warning_m": _stage,
    "depth_below_cm": _depth,
    "rate_over": _rate,
    "unanswered_min": _unanswered,
    "rule": _rule,
    "official": _official,
    "report": _report,
    "any": _group,
    "all": _group,
}
