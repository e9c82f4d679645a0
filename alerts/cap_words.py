"""What a CAP message says of an alert, in Chinese and English.

Ours are monitoring alerts (监测告警), never official warnings: only meteorological stations publish those.
"""

from collections.abc import Callable
from dataclasses import dataclass

from alerts.cap import Info
from alerts.cap_chain import Link
from alerts.instants import CHONGQING
from alerts.out_alerts import ToldAlert, ToldTransition

SEVERITY = {"blue": "Minor", "yellow": "Moderate", "orange": "Severe", "red": "Extreme"}
# [D] How soon, and what for, by the level.
_URGENCY = {"blue": "Future", "yellow": "Expected", "orange": "Immediate", "red": "Immediate"}
_RESPONSE = {"blue": "Monitor", "yellow": "Prepare", "orange": "Execute", "red": "Execute"}
# [D] The CAP category of a family of alerts; what is not named here is Safety.
_CATEGORY = {
    **dict.fromkeys(["flood", "rain", "waterlogging", "stage", "water_depth", "underpass_depth", "heat"], "Met"),
    **dict.fromkeys(["geohazard", "tilt", "crack"], "Geo"),
    **dict.fromkeys(["fire", "smoke"], "Fire"),
    **dict.fromkeys(["gas", "combustible_gas", "carbon_monoxide", "oxygen"], "CBRNE"),
    **dict.fromkeys(["device", "electric", "cable_temperature", "residual_current", "manhole", "lift"], "Infra"),
    **dict.fromkeys(["care", "sos"], "Rescue"),
    "air": "Env",
}
_COLOURS_ZH = {"blue": "蓝色", "yellow": "黄色", "orange": "橙色", "red": "红色"}
_STATES = {
    "open": ("待处置", "open"),
    "acknowledged": ("已应答", "acknowledged"),
    "in_hand": ("处置中", "in hand"),
    "resolved": ("已解除", "resolved"),
    "closed": ("已关闭", "closed"),
}
_REASONS = {
    "raised": ("触发", "raised"),
    "escalated": ("升级", "escalated"),
    "lowered": ("降级", "lowered"),
    "cleared": ("恢复", "cleared"),
    "corrected": ("按迟到数据更正", "corrected by late readings"),
    "reopened": ("再次触发", "reopened"),
    "silent": ("数据中断", "no data"),
    "rule_changed": ("规则变更", "the rule was changed"),
    "rule_removed": ("规则撤销", "the rule was removed"),
    "retired": ("设备停用", "the sensor was retired"),
}
_CAUSES = {
    "real": ("属实", "real"),
    "false": ("误报", "a false alarm"),
    "drill": ("演练", "a drill"),
    "test": ("测试", "a test"),
}


@dataclass(frozen=True, kw_only=True)
class RuleWords:
    """What people call a rule, and what it asks for first."""

    label_zh: str
    label_en: str
    action_zh: str = ""
    action_en: str = ""


WordsOf = Callable[[str], RuleWords]  # of a rule by its id


def infos(alert: ToldAlert, link: Link, rule: RuleWords, sender_name: str) -> tuple[Info, Info]:
    """The two info blocks of a message, Chinese first; `alert` as it is after the link's transition."""
    return _info(alert, link, rule, sender_name, "zh"), _info(alert, link, rule, sender_name, "en")


def note(alert: ToldAlert, transition: ToldTransition) -> str:
    """Why the message is sent, and what a reader must know of it."""
    zh, en = _reason(transition)
    if transition.late:
        zh, en = f"{zh}，事后发现", f"{en}, found late"
    if transition.retracts:
        zh, en = f"{zh}，撤回先前内容", f"{en}, takes back what was said before"
    if alert.exercise:
        zh, en = f"演练，并非实情；{zh}", f"an exercise, not real; {en}"
    return f"{zh} / {en}"


def _info(alert: ToldAlert, link: Link, rule: RuleWords, sender_name: str, language: str) -> Info:
    zh = language == "zh"
    event = alert.title or (rule.label_zh if zh else rule.label_en)
    over = link.type == "Cancel"
    return Info(
        language="zh-CN" if zh else "en",
        category=_CATEGORY.get(alert.family, "Safety"),
        event=f"{event}监测告警" if zh else f"{event}: monitoring alert",
        response="AllClear" if over else _RESPONSE[link.level],
        urgency="Past" if over else _URGENCY[link.level],
        severity=SEVERITY[link.level],
        certainty="Likely" if alert.kind in ("warning", "manual") else "Observed",
        rule_id=alert.rule_id,
        effective=link.transition.recorded_at,
        onset=alert.opened_at,
        sender_name=sender_name,
        headline=(_headline_zh if zh else _headline_en)(alert, link, event),
        description=(_description_zh if zh else _description_en)(alert, link, event),
        instruction="" if over else (rule.action_zh if zh else rule.action_en),
        parameters=_parameters(alert, link),
        area_desc=_place(alert) or ("位置未知" if zh else "place unknown"),
    )


def _headline_zh(alert: ToldAlert, link: Link, event: str) -> str:
    drill = "【演练】" if alert.exercise else ""
    doing = "解除" if link.type == "Cancel" else _reason(link.transition)[0]
    return f"{drill}{_place(alert)}{_name(alert)}{event}{_COLOURS_ZH[link.level]}监测告警（{doing}）"


def _headline_en(alert: ToldAlert, link: Link, event: str) -> str:
    drill = "[EXERCISE] " if alert.exercise else ""
    doing = "ended" if link.type == "Cancel" else _reason(link.transition)[1]
    place = " ".join(filter(None, [_place(alert), _name(alert)]))
    return f"{drill}{event}: {link.level} monitoring alert{f', {place}' if place else ''} ({doing})"


def _description_zh(alert: ToldAlert, link: Link, event: str) -> str:
    told = [f"{_time(link.transition)}（北京时间），{event}：{_reason(link.transition)[0]}"]
    told += [f"数值 {_value(alert)}"] if alert.value is not None else []
    told += [f"状态：{_STATES[alert.state][0]}"]
    told += [f"原因认定：{_CAUSES[alert.cause][0]}"] if alert.cause and link.type == "Cancel" else []
    return "；".join(told) + "。本条由本地监测规则或人员上报产生，并非气象等部门的官方发布。"


def _description_en(alert: ToldAlert, link: Link, event: str) -> str:
    told = [f"{_time(link.transition)} (UTC+8), {event}: {_reason(link.transition)[1]}"]
    told += [f"value {_value(alert)}"] if alert.value is not None else []
    told += [f"state: {_STATES[alert.state][1]}"]
    told += [f"found to be {_CAUSES[alert.cause][1]}"] if alert.cause and link.type == "Cancel" else []
    return "; ".join(told) + ". Made by a local monitoring rule or a report, not an official warning."


def _parameters(alert: ToldAlert, link: Link) -> tuple[tuple[str, str], ...]:
    told = {
        "alert": alert.id,
        "transition": link.transition.id,
        "level": link.level,
        "state": alert.state,
        "kind": alert.kind,
        "reason": link.transition.reason,
        "time": link.transition.time.astimezone(CHONGQING).isoformat(),
        "subject": alert.subject_name,
        "value": None if alert.value is None else f"{alert.value:.10g}",
        "unit": alert.unit,
        "datum": alert.datum,
        "grid": alert.grid_code,
        "late": "true" if alert.late or link.transition.late else None,
        "suppressed": "true" if alert.suppressed_by is not None else None,
        "inhibited_by": alert.inhibited_by,
        "cause": alert.cause,
    }
    return tuple((f"shijing:{name}", str(value)) for name, value in told.items() if value not in (None, ""))


def _reason(transition: ToldTransition) -> tuple[str, str]:
    """Why it was made; a move of people is named by the state that it led to."""
    if transition.kind == "state" and transition.reason not in _REASONS:
        return _STATES[transition.to_state]
    return _REASONS.get(transition.reason, (transition.reason, transition.reason))


def _place(alert: ToldAlert) -> str:
    return "".join(filter(None, [alert.district, alert.township, alert.grid]))


def _name(alert: ToldAlert) -> str:
    return alert.label or alert.subject_name or ""


def _time(transition: ToldTransition) -> str:
    return transition.time.astimezone(CHONGQING).strftime("%Y-%m-%d %H:%M:%S")


def _value(alert: ToldAlert) -> str:
    return f"{alert.value:.10g} {alert.unit or ''}".rstrip()
