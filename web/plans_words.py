"""A plan in words, in both languages: its trigger, its conditions, where a finding is, how it stands."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from alerts.plan_bodies import PLACES
from alerts.plan_findings import Finding
from alerts.plan_form import WORDS as KEYS_ZH
from alerts.plan_inherit import Body
from alerts.plan_sheets import THREATS
from alerts.plan_surroundings import Surroundings
from config.logs import BEIJING
from web.pages import Language

LEVELS: Mapping[str, tuple[str, str]] = {
    "blue": ("蓝色", "blue"),
    "yellow": ("黄色", "yellow"),
    "orange": ("橙色", "orange"),
    "red": ("红色", "red"),
}
RESPONSES: Mapping[str, str] = {"I": "red", "II": "orange", "III": "yellow", "IV": "blue"}
STANDS: Mapping[str, tuple[str, str]] = {
    "in_force": ("现行", "in force"),
    "draft": ("草稿", "draft"),
    "to_come": ("待生效", "to come"),
    "over": ("已失效", "over"),
    "withdrawn": ("已撤回", "withdrawn"),
    "published": ("已发布", "published"),
}
WHOSE: Mapping[str, tuple[str, str]] = {
    "city": ("全市", "the city"),
    "district": ("区县", "districts"),
    "township": ("镇街", "townships"),
}
MAPS: Mapping[str, tuple[str, str]] = {
    "point": ("显示点位", "as a point"),
    "grid": ("只显示到网格", "as its grid only"),
    "none": ("不显示", "not at all"),
}
DONE: Mapping[str, tuple[str, str]] = {
    "published": ("预案已发布。", "The plan is published."),
    "withdrawn": ("预案已撤回。", "The plan is withdrawn."),
    "dropped": ("草稿已删除。", "The draft is given up."),
    "imported": (
        "文件已导入为草稿，请逐个核对后发布。",
        "The file is imported as drafts: look at each, then publish it.",
    ),
}
_KEYS_EN: Mapping[str, str] = {
    "limit_min": "limit", "limit_min_red": "limit at red", "repeat_min": "repeat", "from_level": "from level",
    "due_h": "review due", "show_on_wall": "on the wall", "delete_after_close_d": "erased after", "do": "what",
    "terminate": "end", "notify": "parties", "to": "leads to", "by": "signed by",
}  # fmt: skip


def said(table: Mapping[str, tuple[str, str]], key: str, language: Language) -> str:
    """In the language of the page; what the table has not stays as it is."""
    return table.get(key, (key, key))[0 if language == "zh" else 1]


def level(name: str | None, language: Language) -> str:
    """A level with its colour; of a response level both."""
    if name is None:
        return ""
    if name in RESPONSES:
        colour = said(LEVELS, RESPONSES[name], language)
        return f"{name} 级（{colour}）" if language == "zh" else f"{name} ({colour})"
    return said(LEVELS, name, language)


def trigger_lines(part: Any, around: Surroundings, language: Language) -> dict[str, Any]:
    """A condition, or a group with what is in it: {told, parts}."""
    zh = language == "zh"
    if not isinstance(part, Mapping):
        return {"told": str(part), "parts": []}
    for key, words in (("any", ("以下任一", "any of these")), ("all", ("以下全部", "all of these"))):
        if key in part:
            below = [trigger_lines(one, around, language) for one in part[key] or ()]
            return {"told": words[0] if zh else words[1], "parts": below}
    return {"told": _single(part, around, language), "parts": []}


def _single(part: Body, around: Surroundings, language: Language) -> str:
    zh, colour = language == "zh", said(LEVELS, str(part.get("level", "")), language)
    if "rule" in part:
        rule = (around.rules or {}).get(part["rule"])
        name = (rule.zh if zh else rule.en) if rule else (f"第 {part['rule']} 号规则" if zh else f"rule {part['rule']}")
        return f"{name} 达到{colour}及以上" if zh else f"{name} at {colour} or graver"
    if "official" in part:
        of = f"{part['official']}"
        if "level" not in part:
            return f"官方预警 {of}" if zh else f"official warning {of}"
        return f"官方预警 {of} {colour}及以上" if zh else f"official warning {of}, {colour} or graver"
    told = part.get("report", "")
    return f"有人报告：{told}" if zh else f"somebody reports: {told}"


def condition(told: Any, around: Surroundings, language: Language) -> str:
    """A condition for raising or ending: in words, or measured."""
    if not isinstance(told, Mapping):
        return str(told)
    if "rule" in told:
        return _single(told, around, language)
    form = next((words for key, words in _MEASURED.items() if key in told), None)
    if form is None:
        return "、".join(f"{key} {one}" for key, one in told.items())
    zh = language == "zh"
    values = {**told, "below": said(LEVELS, str(told.get("below")), language), "unit": told.get("unit", "")}
    return form[0 if zh else 1].format(**values) + _held(told, zh=zh)


_MEASURED: Mapping[str, tuple[str, str]] = {
    "below": ("告警低于{below}", "alerts below {below}"),
    "unanswered_min": ("{unanswered_min} 分钟无人应答", "nobody answered for {unanswered_min} min"),
    "stage_below_warning_m": (
        "水位低于警戒水位 {stage_below_warning_m} 米",
        "stage {stage_below_warning_m} m under warning",
    ),
    "depth_below_cm": ("积水低于 {depth_below_cm} 厘米", "water under {depth_below_cm} cm"),
    "rate_over": ("涨率超过 {rate_over} {unit}", "rising faster than {rate_over} {unit}"),
}


def _held(told: Body, *, zh: bool) -> str:
    """For how long, and whether it falls."""
    more = ("，并在回落" if zh else ", falling") if told.get("falling") else ""
    if "for_h" in told:
        return more + (f"，持续 {told['for_h']} 小时" if zh else f" for {told['for_h']} h")
    if "for_min" in told:
        return more + (f"，持续 {told['for_min']} 分钟" if zh else f" for {told['for_min']} min")
    return more


def place(name: str, language: Language) -> str:
    """A place in the command."""
    return said(PLACES, name, language)


def threat(name: str, language: Language) -> str:
    """What is threatened."""
    return THREATS.get(name, name) if language == "zh" else name.replace("_", " ")


def where(path: str, language: Language) -> str:
    """Where a finding or a difference is: 任务 T3 · 限时."""
    words = list(_steps(path, language))
    return " ".join(words[:2]) + "".join(f" · {word}" for word in words[2:])


def _steps(path: str, language: Language) -> Iterator[str]:
    for number, step in enumerate(path.split(".")):
        if language == "zh":
            known = {"template": "模板", "heirs": "继承者", **KEYS_ZH}
            told = known.get(step, PLACES[step][0] if step in PLACES else step)
        else:
            told = _KEYS_EN.get(step, PLACES[step][1] if step in PLACES else step.replace("_", " "))
        yield told[:1].upper() + told[1:] if number == 0 else told


def finding(one: Finding, language: Language) -> dict[str, str]:
    """A finding for a page."""
    zh = language == "zh"
    return {
        "where": where(one.where, language),
        "at": one.where,
        "severity": one.severity,
        "told": one.zh if zh else one.en[:1].upper() + one.en[1:],
        "mend": one.mend_zh if zh else one.mend_en[:1].upper() + one.mend_en[1:],
    }


def grouped(findings: Sequence[Finding], language: Language) -> list[dict[str, str]]:
    """Findings for a page that people read: posts with nobody on duty are one."""
    lacking = [one for one in findings if one.code == "nobody_on_duty"]
    told = [finding(one, language) for one in findings if one.code != "nobody_on_duty" or len(lacking) < 3]
    if len(lacking) < 3:
        return told
    zh = language == "zh"
    words = dict.fromkeys(one.zh if zh else one.en for one in lacking)
    names = ("；" if zh else "; ").join(_without_preface(one) for one in words)
    one = finding(lacking[0], language)
    return [
        *told,
        {
            **one,
            "where": "在岗" if zh else "On duty",
            "told": f"现在无人在岗：{names}" if zh else f"Nobody now: {names}",
        },
    ]


def _without_preface(told: str) -> str:
    return told.replace("现在无人在岗：", "，").replace("现在无人在岗", "").replace("nobody is on duty now for ", "")


def value(told: Any, around: Surroundings, language: Language) -> str:
    """What a difference was or is."""
    if told is None:
        return ""
    if isinstance(told, bool):
        return ("是" if told else "否") if language == "zh" else ("yes" if told else "no")
    if isinstance(told, list):
        return ("；" if language == "zh" else "; ").join(value(one, around, language) for one in told)
    return _mapping(told, around, language) if isinstance(told, Mapping) else str(told)


def _mapping(told: Body, around: Surroundings, language: Language) -> str:
    if "any" in told or "all" in told or "official" in told or "report" in told:
        return _tree(trigger_lines(told, around, language))
    if "item" in told:
        return f"{told['item']} × {told.get('count', '')}"
    if "rule" in told or any(key in told for key in _MEASURED):
        return condition(told, around, language)
    zh = language == "zh"
    names = KEYS_ZH if zh else _KEYS_EN
    return ("，" if zh else ", ").join(
        f"{names.get(key, key.replace('_', ' '))} {value(one, around, language)}" for key, one in told.items()
    )


def _tree(told: Mapping[str, Any]) -> str:
    if not told["parts"]:
        return str(told["told"])
    return f"{told['told']}（{'；'.join(_tree(one) for one in told['parts'])}）"


def day(moment: datetime | None) -> str:
    """A day in Beijing; with the hour, where it is not its beginning."""
    if moment is None:
        return ""
    local = moment.astimezone(BEIJING)
    return local.strftime("%Y-%m-%d" if (local.hour, local.minute) == (0, 0) else "%Y-%m-%d %H:%M")
